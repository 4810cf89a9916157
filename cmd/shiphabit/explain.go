package main

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"shiphabit/api"
	"shiphabit/metrics"
)

// formatLines is one JSON object a line, for more rows than anybody wants to hold at once.
const formatLines = "jsonl"

func (p *program) explainCommand() *cobra.Command {
	var of slice
	var format string
	command := &cobra.Command{
		Use:   "explain FIGURE",
		Short: "List the rows behind a figure, and those left out with the reason",
		Long: `Lists every row that a figure counts and every row it leaves out, each with the reason, service by service. Nothing is held back
and one service is read at a time, so that it works for slices of any size.

Figures: ` + strings.Join(metrics.AllFigures(), ", ") + `.

The index (event to habit) is explained for each service by itself: its six parts with input and points, the days, pauses, batches, slots
and deployments of its twelve weeks, and what was left out. It takes --service, --team, --tier and --as-of.`,
		Example: `  shiphabit explain change_fail_rate --service payments-api --from 2026-01-01
  shiphabit explain change_lead_time --format csv > lead-times.csv
  shiphabit explain index --team payments`,
		Args:      cobra.ExactArgs(1),
		ValidArgs: append(metrics.AllFigures(), metrics.FigureIndex),
		RunE: func(command *cobra.Command, args []string) error {
			if args[0] == metrics.FigureIndex {
				return p.explainIndex(command, &of, format)
			}
			from, query, err := of.open(command.Context(), p)
			if err != nil {
				return err
			}
			return errors.Join(p.explain(from, args[0], query, format), from.close())
		},
	}
	of.flags(command)
	of.definitionFlag(command)
	addFormat(command, &format, formatTable, formatJSON, formatLines, formatCSV)
	return command
}

func (p *program) explain(from source, figure string, query metrics.Query, format string) error {
	head, err := metrics.ExplanationOf(figure, query)
	if err != nil {
		return usage("%w", err)
	}
	tallies, err := from.tallies(query, []metrics.Window{query.Window})
	if err == nil {
		err = unknownEnvironment(query, tallies)
	}
	if err != nil {
		return err
	}
	head.Scorecard = metrics.Measure(tallies[0], query)
	if format == formatTable {
		return p.explainTable(from, head, query)
	}
	out := bufio.NewWriter(p.out)
	each := func(yield func(metrics.Explanation) error) error {
		return metrics.ExplainEach(from.services, from.facts, figure, query, yield)
	}
	switch format {
	case formatLines:
		err = api.WriteExplanationLines(out, head, each)
	case formatCSV:
		rows := csv.NewWriter(out)
		err = api.WriteExplanationRows(rows, each)
	default:
		err = writeExplanation(out, head, each)
	}
	return errors.Join(err, out.Flush())
}

// writeExplanation writes one JSON object without holding its rows: they are made twice, for those counted and those left out.
func writeExplanation(w io.Writer, head metrics.Explanation, each func(func(metrics.Explanation) error) error) error {
	text, err := json.MarshalIndent(head, "", "  ")
	if err != nil {
		return err
	}
	begun, _, _ := strings.Cut(string(text), `  "rows": [`)
	if _, err := io.WriteString(w, begun+`  "rows": [`); err != nil {
		return err
	}
	list := jsonList{to: w}
	err = each(func(e metrics.Explanation) error {
		for _, row := range e.Rows {
			list.add(row)
		}
		return list.err
	})
	if _, endErr := io.WriteString(w, "\n  ],\n  \"left_out\": ["); err == nil {
		err = endErr
	}
	if err != nil {
		return err
	}
	list = jsonList{to: w}
	err = each(func(e metrics.Explanation) error {
		for _, row := range e.LeftOut {
			list.add(row)
		}
		return list.err
	})
	if err == nil {
		_, err = io.WriteString(w, "\n  ]\n}\n")
	}
	return err
}

// jsonList writes the members of a list, and keeps the first error.
type jsonList struct {
	to    io.Writer
	begun bool
	err   error
}

func (l *jsonList) add(value any) {
	text, err := json.Marshal(value)
	if err == nil && l.err == nil {
		between := "\n    "
		if l.begun {
			between = ",\n    "
		}
		_, err = io.WriteString(l.to, between+string(text))
	}
	l.begun, l.err = true, errors.Join(l.err, err)
}

// explainTable prints the formula, the rows that count and the rows left out, a table for each service.
func (p *program) explainTable(from source, head metrics.Explanation, query metrics.Query) error {
	fmt.Fprintf(p.out, "%s of %s, %s to %s · definition %s\n%s\n\n", head.Figure, printable(head.Slice),
		head.Window.From.Format(time.DateOnly), head.Window.To.Format(time.DateOnly), head.Definition, head.Formula)
	counted, left := 0, 0
	err := metrics.ExplainEach(from.services, from.facts, head.Figure, query, func(e metrics.Explanation) error {
		counted, left = counted+len(e.Rows), left+len(e.LeftOut)
		if len(e.Rows)+len(e.LeftOut) == 0 {
			return nil
		}
		return p.printRows(e)
	})
	if err == nil {
		fmt.Fprintf(p.out, "%s counted, %s left out", rowsOf(counted), rowsOf(left))
		if says := figureText(head.Figure, head.Scorecard); says != "" {
			fmt.Fprintf(p.out, ": %s", says)
		}
		fmt.Fprintln(p.out)
	}
	return err
}

func (p *program) printRows(e metrics.Explanation) error {
	rows := [][]string{{"AT", "SERVICE", "RECORD", "VALUE", "WHY"}}
	for _, row := range e.Rows {
		rows = append(rows, []string{row.At.Format(time.RFC3339), row.Service, row.Record, row.Says, row.Why})
	}
	if len(e.LeftOut) > 0 {
		if len(e.Rows) == 0 {
			rows = nil
		} else {
			rows = append(rows, []string{})
		}
		rows = append(rows, []string{"AT", "", "RECORD", "", "LEFT OUT BECAUSE"})
		for _, out := range e.LeftOut {
			rows = append(rows, []string{moment(out.At), "", out.Record, "", out.Reason})
		}
	}
	err := writeTable(p.out, rows)
	fmt.Fprintln(p.out)
	return err
}

// moment prints an instant that may not be known.
func moment(at time.Time) string {
	if at.IsZero() {
		return "unknown"
	}
	return at.Format(time.RFC3339)
}

func rowsOf(n int) string {
	if n == 1 {
		return "1 row"
	}
	return strconv.Itoa(n) + " rows"
}
