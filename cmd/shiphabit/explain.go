package main

import (
	"strings"

	"github.com/spf13/cobra"

	"shiphabit/metrics"
)

// figures are the names that explain and the API share.
var figures = []string{
	"deployment_frequency", "change_lead_time", "change_fail_rate", "failed_deployment_recovery_time", "deployment_rework_rate", "time_to_restore",
}

func (p *program) explainCommand() *cobra.Command {
	var of slice
	var format string
	command := &cobra.Command{
		Use:       "explain FIGURE",
		Short:     "List the rows behind a figure, and those left out with the reason",
		Long:      "Lists every row that a figure counts and every row it leaves out, each with the reason.\n\nFigures: " + strings.Join(figures, ", ") + ".",
		Example:   "  shiphabit explain change_fail_rate --service payments-api --from 2026-01-01",
		Args:      cobra.MatchAll(cobra.ExactArgs(1), cobra.OnlyValidArgs),
		ValidArgs: figures,
		RunE: func(command *cobra.Command, args []string) error {
			facts, query, err := of.load(command.Context(), p)
			if err != nil {
				return err
			}
			explanation, err := metrics.Explain(facts, args[0], query)
			if err != nil {
				return usage("%w", err)
			}
			if format == formatJSON {
				return writeJSON(p.out, explanation)
			}
			return p.printExplanation(explanation)
		},
	}
	of.flags(command)
	addFormat(command, &format, formatTable, formatJSON)
	return command
}
