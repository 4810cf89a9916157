package main

import (
	"net/url"
	"strconv"
	"time"

	"github.com/spf13/cobra"

	"shiphabit/metrics/gate"
)

func (p *program) gateCommand() *cobra.Command {
	command := &cobra.Command{
		Use:   "gate",
		Short: "Ask whether a service may be promoted now, and why",
		Long: `The release gate judges a service by its own deployment record under agreed criteria.
It never stands in the way of a rollback or a fix.`,
		Example: "  shiphabit gate check --service payments-api --environment production --digest sha256:4f5c…",
	}
	command.AddCommand(p.gateCheckCommand(), p.gateReportCommand(), p.gateBacktestCommand(), p.gateOverrideCommand(), p.gateLogCommand(), p.gateReplayCommand())
	command.AddCommand(p.gateVerifyCommand(), p.gateKeyCommand())
	return command
}

func (p *program) gateLogCommand() *cobra.Command {
	var flags serverFlags
	var service, format string
	var limit int
	command := &cobra.Command{
		Use:     "log",
		Short:   "List the latest decisions",
		Long:    "Lists the latest decisions of a server, newest first. Where the server wants a token it takes one of the scope read.",
		Example: "  shiphabit gate log --service payments-api --limit 20",
		Args:    cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			ask, err := p.client(flags, 30*time.Second)
			if err != nil {
				return err
			}
			query := url.Values{"limit": {strconv.Itoa(limit)}}
			if service != "" {
				query.Set("service", service)
			}
			var page struct {
				Decisions []gate.Logged `json:"decisions"`
			}
			if err := ask.call(command.Context(), "GET", "/api/v1/gate/decisions?"+query.Encode(), nil, nil, &page); err != nil {
				return err
			}
			if format == formatJSON {
				return writeJSON(p.out, page.Decisions)
			}
			if len(page.Decisions) == 0 {
				p.say("No decisions yet: 'shiphabit gate check' makes one.")
				return nil
			}
			rows := [][]string{{"AT", "DECISION", "SERVICE", "ENVIRONMENT", "VERDICT", "SUMMARY"}}
			for _, d := range page.Decisions {
				rows = append(rows, []string{d.At.Format(time.RFC3339), d.ID, d.Request.Service, d.Request.Environment, string(d.Verdict), d.Summary})
			}
			return writeTable(p.out, rows)
		},
	}
	flags.add(command)
	command.Flags().StringVar(&service, "service", "", "only this service")
	command.Flags().IntVar(&limit, "limit", 20, "how many, newest first")
	addFormat(command, &format, formatTable, formatJSON)
	return command
}
