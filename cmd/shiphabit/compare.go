package main

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"shiphabit/metrics"
)

func (p *program) compareCommand() *cobra.Command {
	var of slice
	var names []string
	var format string
	command := &cobra.Command{
		Use:   "compare",
		Short: "Set the figures under several definitions side by side, and say which rule makes which difference",
		Long: `Measures one slice and window under each definition. Then it goes from the first definition to each of the others, one rule at a
time in a fixed order, and prints what each rule changes: the steps add up to the whole difference.

Definitions: ` + strings.Join(presetNames(), ", ") + ".",
		Example: `  shiphabit metrics compare --definition dora --definition gitlab --events events.jsonl --from 2026-01-01`,
		Args:    cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error {
			if len(names) < 2 {
				return usage("--definition: name at least two, each with a flag of its own; known are %s", strings.Join(presetNames(), ", "))
			}
			settings, err := p.configuration(of.database.config)
			if err != nil {
				return err
			}
			var definitions []metrics.Definition
			for _, name := range names {
				definition, err := definitionOf(name, settings)
				if err != nil {
					return err
				}
				definitions = append(definitions, definition)
			}
			from, query, err := of.open(command.Context(), p)
			if err != nil {
				return err
			}
			facts, err := from.everything()
			if err = errors.Join(err, from.close()); err != nil {
				return err
			}
			comparison := metrics.CompareDefinitions(facts, query, definitions)
			if format == formatJSON {
				return writeJSON(p.out, comparison)
			}
			return p.printComparison(comparison)
		},
	}
	of.flags(command)
	command.Flags().StringSliceVar(&names, "definition", nil, "a convention to compare; give it twice or more")
	addFormat(command, &format, formatTable, formatJSON)
	return command
}

// printComparison prints the figures side by side, then the way from the first definition to each of the others.
func (p *program) printComparison(c metrics.Comparison) error {
	fmt.Fprintf(p.out, "%s · %s to %s (%s)\n\n", printable(c.Slice), c.Window.From.Format(time.DateOnly), c.Window.To.Format("2006-01-02 15:04"), c.Zone)
	rows := [][]string{append([]string{"FIGURE"}, upper(c.Definitions)...)}
	for _, f := range c.Figures {
		row := []string{figureWords(f.Figure)}
		for _, v := range f.Values {
			cell := v.Says
			if f.Unit != "share" || v.State != metrics.OK {
				cell += fmt.Sprintf(" (n = %d)", v.N)
			}
			row = append(row, cell)
		}
		rows = append(rows, row)
	}
	if err := writeTable(p.out, rows); err != nil {
		return err
	}
	for i := range c.Figures[0].Walks {
		if err := p.printWalks(c.Figures, i); err != nil {
			return err
		}
	}
	return nil
}

// printWalks prints what each rule changes on the way to one definition, figure by figure.
func (p *program) printWalks(figures []metrics.ComparedFigure, walk int) error {
	rows := [][]string{{"FIGURE", "BY THE RULE", "FROM → TO", "CHANGE", "N", "WHICH NOW SAYS"}}
	for _, f := range figures {
		name := figureWords(f.Figure)
		for _, s := range f.Walks[walk].Steps {
			rows = append(rows, []string{name, ruleWords(s.Rule), s.Says, s.ChangesBy, countWords(s.BeforeN, s.AfterN), s.To})
			name = ""
		}
	}
	w := figures[0].Walks[walk]
	fmt.Fprintf(p.out, "\nfrom %s to %s\n\n", w.From, w.To)
	if len(rows) == 1 {
		_, err := fmt.Fprintln(p.out, "no rule changes anything here")
		return err
	}
	return writeTable(p.out, rows)
}

func upper(words []string) []string {
	out := make([]string, len(words))
	for i, w := range words {
		out[i] = strings.ToUpper(w)
	}
	return out
}

func countWords(before, after int) string {
	if before == after {
		return strconv.Itoa(after)
	}
	return fmt.Sprintf("%d → %d", before, after)
}

// figureWords is a figure's name as it is printed.
func figureWords(figure string) string { return strings.ReplaceAll(figure, "_", " ") }

// ruleWords is a rule's name without the figure that it belongs to, which stands beside it.
func ruleWords(rule string) string {
	if _, name, found := strings.Cut(rule, "."); found && !strings.HasPrefix(rule, "incidents.") {
		return name
	}
	return strings.ReplaceAll(strings.ReplaceAll(rule, ".", " "), "_", " ")
}
