package main

import (
	"fmt"
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
			if !command.Flags().Changed("edition") {
				edition = editionOf(query.Definition, edition)
			}
			cards := api.Entries(metrics.Points(buckets, tallies, query))
			var spread []metrics.Spread
			if format != formatCSV { // which has no place for it
				if spread, err = from.spread(query, by); err != nil {
					return err
				}
			}
			if err := p.printCards(cards, spread, format, edition); err != nil {
				return err
			}
			if tallies[0].Rollouts > 0 || by != "" || format != formatTable || len(from.services) > api.MostSpread {
				return nil
			}
			facts, err := from.everything()
			if err == nil {
				fmt.Fprintf(p.out, "\n%s\n", outside(facts))
			}
			return err
		},
	}
	of.flags(command)
	of.definitionFlag(command)
	command.AddCommand(p.compareCommand())
	command.Flags().StringVar(&by, "by", "", "one row per day, week or month")
	command.Flags().StringVar(&edition, "edition", "dora-2024", "whose levels stand beside the figures, by default those of the definition's own tool where it has some; empty for none")
	addFormat(command, &format, formatTable, formatJSON, formatCSV)
	return command
}

// editionOf is the edition that goes with a definition: that of its own name where there is one.
func editionOf(d metrics.Definition, otherwise string) string {
	for _, e := range metrics.Editions() {
		if e.Name == d.Name {
			return e.Name
		}
	}
	return otherwise
}

// spread says how far the services of a narrow slice lie apart, where a whole window is asked for.
func (s source) spread(q metrics.Query, by string) ([]metrics.Spread, error) {
	if s.all || by != "" || len(s.services) < 2 || len(s.services) > api.MostSpread {
		return nil, nil
	}
	facts, err := s.everything()
	if err != nil {
		return nil, err
	}
	cards := make([]metrics.Scorecard, len(facts))
	for i := range facts {
		cards[i] = metrics.MeasureAll(facts[i:i+1], q)
	}
	return metrics.Spreads(cards), nil
}

func (p *program) printCards(cards []api.Entry, spread []metrics.Spread, format, edition string) error {
	switch {
	case format == formatJSON:
		return writeJSON(p.out, struct {
			Version int              `json:"version"`
			Cards   []api.Entry      `json:"scorecards"`
			Spread  []metrics.Spread `json:"spread,omitempty"`
		}{1, cards, spread})
	case format == formatCSV:
		return api.WriteSeries(p.out, cards)
	case len(cards) == 1 && cards[0].Label == "":
		if err := writeCard(p.out, cards[0].Card, edition); err != nil {
			return err
		}
		return writeSpread(p.out, spread)
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
