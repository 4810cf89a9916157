package main

import (
	"strconv"

	"github.com/spf13/cobra"

	"shiphabit/api"
	"shiphabit/metrics"
)

func (p *program) metricsCommand() *cobra.Command {
	var of slice
	var by, format, edition string
	command := &cobra.Command{
		Use:   "metrics",
		Short: "Print the figures of a slice and window",
		Long: `Prints deployment frequency, change lead time, change fail rate, failed deployment recovery time and deployment
rework rate, each with its sample size and interval. "Not enough data" is an answer: nothing unknown is printed as 0.`,
		Example: `  shiphabit metrics --events events.jsonl --from 2026-01-01 --to 2026-04-01
  shiphabit metrics --service payments-api --by week --format csv`,
		Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			from, query, err := of.open(command.Context(), p)
			if err != nil {
				return err
			}
			defer func() { _ = from.close() }()
			buckets, err := api.BucketsOf(query, by)
			if err != nil {
				return usage("--by: %w", err)
			}
			tallies, err := from.tallies(query, metrics.WindowsOf(buckets))
			if err == nil {
				err = unknownEnvironment(query, tallies)
			}
			if err != nil {
				return err
			}
			return p.printCards(api.Entries(metrics.Points(buckets, tallies, query)), format, edition)
		},
	}
	of.flags(command)
	of.definitionFlag(command)
	command.AddCommand(p.compareCommand())
	command.Flags().StringVar(&by, "by", "", "one row per day, week or month")
	command.Flags().StringVar(&edition, "edition", "dora-2024", "whose levels stand beside the figures; empty for none")
	addFormat(command, &format, formatTable, formatJSON, formatCSV)
	return command
}

func (p *program) printCards(cards []api.Entry, format, edition string) error {
	switch {
	case format == formatJSON:
		return writeJSON(p.out, struct {
			Version int         `json:"version"`
			Cards   []api.Entry `json:"scorecards"`
		}{1, cards})
	case format == formatCSV:
		return api.WriteSeries(p.out, cards)
	case len(cards) == 1 && cards[0].Label == "":
		return writeCard(p.out, cards[0].Card, edition)
	default:
		rows := [][]string{{"BUCKET", "ROLLOUTS", "LEAD TIME", "FAIL RATE", "RECOVERY", "REWORK"}}
		for _, c := range cards {
			label := c.Label
			if c.Partial {
				label += " (partial)"
			}
			rows = append(rows, []string{
				label, strconv.Itoa(c.Card.Frequency.Rollouts), durationText(c.Card.LeadTime), shareText(c.Card.FailRate),
				survivalText(c.Card.Recovery), shareText(c.Card.Rework),
			})
		}
		return writeTable(p.out, rows)
	}
}
