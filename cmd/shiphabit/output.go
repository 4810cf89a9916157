package main

import (
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"shiphabit/metrics"
)

// The formats of results. JSON is stable.
const (
	formatTable = "table"
	formatText  = "text"
	formatJSON  = "json"
	formatCSV   = "csv"
)

// formatFlag is a flag that takes one of a list of words.
type formatFlag struct {
	value   *string
	allowed []string
}

func (f formatFlag) String() string { return *f.value }

func (f formatFlag) Type() string { return strings.Join(f.allowed, "|") }

func (f formatFlag) Set(value string) error {
	if !slices.Contains(f.allowed, value) {
		return fmt.Errorf("use one of %s", strings.Join(f.allowed, ", "))
	}
	*f.value = value
	return nil
}

// addFormat adds --format; the first of the allowed formats is the default. --json is the word most people try.
func addFormat(command *cobra.Command, format *string, allowed ...string) {
	*format = allowed[0]
	command.Flags().Var(formatFlag{format, allowed}, "format", "how to print the result")
	if slices.Contains(allowed, formatJSON) {
		command.Flags().BoolFunc("json", "the same as --format json", func(string) error { *format = formatJSON; return nil })
	}
}

func writeJSON(w io.Writer, value any) error {
	encoder := json.NewEncoder(w)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	return encoder.Encode(value)
}

// writeTable aligns the columns. Outside text is made printable, so that a name cannot move the cursor.
func writeTable(w io.Writer, rows [][]string) error {
	table := tabwriter.NewWriter(w, 0, 4, 2, ' ', 0)
	for _, row := range rows {
		cells := make([]string, len(row))
		for i, cell := range row {
			cells[i] = printable(cell)
		}
		if _, err := fmt.Fprintln(table, strings.TrimRight(strings.Join(cells, "\t"), "\t")); err != nil {
			return err
		}
	}
	return table.Flush()
}

// printable replaces characters that do not show, tabs and line ends included, and those that turn the text around them.
func printable(s string) string {
	return strings.Map(func(r rune) rune {
		if metrics.Hidden(r) != "" {
			return ' '
		}
		return r
	}, s)
}
