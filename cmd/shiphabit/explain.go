package main

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"shiphabit/metrics"
)

func (p *program) explainCommand() *cobra.Command {
	var of slice
	var format string
	command := &cobra.Command{
		Use:       "explain FIGURE",
		Short:     "List the rows behind a figure, and those left out with the reason",
		Long:      "Lists every row that a figure counts and every row it leaves out, each with the reason.\n\nFigures: " + strings.Join(metrics.Figures(), ", ") + ".",
		Example:   "  shiphabit explain change_fail_rate --service payments-api --from 2026-01-01",
		Args:      cobra.ExactArgs(1),
		ValidArgs: metrics.Figures(),
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
	of.definitionFlag(command)
	addFormat(command, &format, formatTable, formatJSON)
	return command
}

// printExplanation prints the formula, the rows that count and the rows left out.
func (p *program) printExplanation(e metrics.Explanation) error {
	fmt.Fprintf(p.out, "%s of %s, %s to %s · definition %s\n%s\n\n", e.Figure, printable(e.Slice),
		e.Window.From.Format(time.DateOnly), e.Window.To.Format(time.DateOnly), e.Definition, e.Formula)
	rows := [][]string{{"AT", "SERVICE", "RECORD", "VALUE", "WHY"}}
	for _, row := range e.Rows {
		rows = append(rows, []string{row.At.Format(time.RFC3339), row.Service, row.Record, row.Says, row.Why})
	}
	if err := writeTable(p.out, rows); err != nil {
		return err
	}
	fmt.Fprintf(p.out, "\n%s counted, %s left out\n", rowsOf(len(e.Rows)), rowsOf(len(e.LeftOut)))
	if len(e.LeftOut) == 0 {
		return nil
	}
	rows = [][]string{{"RECORD", "AT", "LEFT OUT BECAUSE"}}
	for _, out := range e.LeftOut {
		rows = append(rows, []string{out.Record, day(out.At), out.Reason})
	}
	return writeTable(p.out, rows)
}

func rowsOf(n int) string {
	if n == 1 {
		return "1 row"
	}
	return strconv.Itoa(n) + " rows"
}
