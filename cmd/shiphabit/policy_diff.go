package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"shiphabit/internal/config"
	"shiphabit/internal/store"
	"shiphabit/metrics/gate"
)

const formatMarkdown = "markdown"

func (p *program) policyDiffCommand() *cobra.Command {
	var flags backtestFlags
	command := &cobra.Command{
		Use:   "diff OLD NEW",
		Short: "Backtest two configurations and list every promotion whose verdict changes",
		Long: `Judges the promotions recorded by the policies of two configuration files and lists those that come out another way, to be posted
where the change of the policy is discussed. The Markdown always fits a comment of a code host: what the criteria promise, and the promotions that are
stopped now and were not or the other way round, come first, and what finds no room is counted. --format text and --format json tell all. Exit code 0, whatever changes.`,
		Example: "  shiphabit policy diff shiphabit.yaml proposed.yaml --db /var/lib/shiphabit/shiphabit.db",
		Args:    cobra.ExactArgs(2),
		RunE: func(command *cobra.Command, files []string) error {
			var sides [2]config.Config
			for i, file := range files {
				var err error
				if sides[i], err = p.secretless(file); err != nil {
					return err
				}
			}
			return onDatabase(p.openUnderRead(sides[0]), &flags.database, func(ctx context.Context, db *store.DB, _ []string) error {
				var results [2]gate.Backtest
				for i := range sides {
					var err error
					if results[i], err = p.backtest(ctx, db, flags, sides[i]); err != nil {
						return err
					}
				}
				return p.printDiff(policyDiff{Old: results[0], New: results[1], Changes: gate.Differences(results[0], results[1])}, flags.format)
			})(command, nil)
		},
	}
	flags.add(command, formatMarkdown, formatText, formatJSON)
	return command
}

func (p *program) printDiff(d policyDiff, format string) error {
	switch format {
	case formatJSON:
		return writeJSON(p.out, d)
	case formatText:
		return d.writeText(p.out)
	}
	_, err := fmt.Fprint(p.out, d.markdown())
	return err
}
