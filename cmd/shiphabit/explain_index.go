package main

import (
	"bufio"
	"encoding/csv"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"shiphabit/internal/config"
	"shiphabit/metrics"
	"shiphabit/reports"
)

// explainIndex opens the index of each service of a slice, reading one at a time.
func (p *program) explainIndex(command *cobra.Command, of *slice, format string) error {
	for _, flag := range []string{"from", "to", "env", "definition", "repository", "branch", "label", "zone"} {
		if command.Flags().Changed(flag) {
			return usage("--%s is not for the index: it is made of the twelve weeks before --as-of, of production, on the calendar of the team; leave it out", flag)
		}
	}
	settings, err := p.configuration(of.database.config)
	if err != nil {
		return err
	}
	from, query, err := of.open(command.Context(), p)
	if err != nil {
		return err
	}
	out := bufio.NewWriter(p.out)
	each := func(yield func(metrics.IndexExplanation) error) error {
		for _, name := range from.services {
			x, err := explainedIndex(from, settings, name, query.AsOf)
			if err == nil {
				err = yield(x)
			}
			if err != nil {
				return err
			}
		}
		return nil
	}
	switch format {
	case formatJSON:
		err = writeIndices(out, each)
	case formatLines:
		lines := json.NewEncoder(out)
		err = each(func(x metrics.IndexExplanation) error { return lines.Encode(x) })
	case formatCSV:
		err = writeIndexRows(csv.NewWriter(out), each)
	default:
		err = each(func(x metrics.IndexExplanation) error { return printIndex(out, x) })
		if len(from.services) == 0 {
			p.say("No service is known yet.")
		}
	}
	return errors.Join(err, out.Flush(), from.close())
}

func explainedIndex(from source, settings config.Config, name string, asOf time.Time) (metrics.IndexExplanation, error) {
	facts, err := from.facts(name)
	service := from.declared[name]
	x := metrics.ExplainIndex(facts, asOf, settings.Calendar(name, service.Team))
	x.Service, x.Team, x.Index.NotComparable = name, service.Team, service.Cadence
	return x, err
}

// writeIndices writes one JSON object without holding more than one service.
func writeIndices(out *bufio.Writer, each func(func(metrics.IndexExplanation) error) error) error {
	fmt.Fprintf(out, "{\n  \"figure\": %q,\n  \"definition\": %q,\n  \"services\": [", metrics.FigureIndex, metrics.IndexDefinition)
	list := jsonList{to: out}
	err := each(func(x metrics.IndexExplanation) error {
		list.add(x)
		return list.err
	})
	if err == nil {
		_, err = out.WriteString("\n  ]\n}\n")
	}
	return err
}

// writeIndexRows writes the deployments of each index as CSV. Of one that is left out the last cell is the reason. A text that a
// spreadsheet would take for a formula begins with an apostrophe.
func writeIndexRows(w *csv.Writer, each func(func(metrics.IndexExplanation) error) error) error {
	if err := w.Write([]string{"counted", "service", "record", "finished_at", "changes", "counts_on", "weekday", "from_hour", "off_hours", "why"}); err != nil {
		return err
	}
	err := each(func(x metrics.IndexExplanation) error {
		for _, d := range x.Deployments {
			err := w.Write([]string{"true", reports.Harmless(x.Service), reports.Harmless(d.Record), d.FinishedAt.Format(time.RFC3339Nano), strconv.Itoa(d.Changes), d.CountsOn, d.Weekday,
				strconv.Itoa(d.FromHour), strconv.FormatBool(d.OffHours), "planned"})
			if err != nil {
				return err
			}
		}
		for _, l := range x.LeftOut {
			if err := w.Write([]string{"false", reports.Harmless(x.Service), reports.Harmless(l.Record), l.At.UTC().Format(time.RFC3339Nano), "", "", "", "", "", reports.Harmless(l.Reason)}); err != nil {
				return err
			}
		}
		w.Flush()
		return w.Error()
	})
	w.Flush()
	return errors.Join(err, w.Error())
}

// printIndex prints one index: its parts, the longest pauses, the deployments, and what was left out.
func printIndex(out *bufio.Writer, x metrics.IndexExplanation) error {
	fmt.Fprintf(out, "%s: %s · %s to %s · %s working days of %s · %s · %s\n", printable(x.Service), indexText(x.Index), x.Days[0].Day, x.Days[len(x.Days)-1].Day,
		strconv.Itoa(x.Calendar.WorkingDays), printable(x.Calendar.Zone), plannedOf(x.Index.N), x.Definition)
	if x.Index.Capped {
		fmt.Fprintf(out, "held at 40: %s\n", x.Index.CapReason)
	}
	rows := [][]string{{"PART", "WEIGHT", "INPUT", "POINTS", "FORMULA", "SAYS"}}
	for i, part := range x.Index.Parts {
		input, points := x.Made[i].Symbol+" unknown", "open"
		if x.Made[i].Points != nil {
			input, points = fmt.Sprintf("%s = %.3g", x.Made[i].Symbol, part.Input), fmt.Sprintf("%.2f", *x.Made[i].Points)
		}
		rows = append(rows, []string{part.Name, strconv.Itoa(part.Weight), input, points, x.Made[i].Formula, part.Says})
	}
	if err := writeTable(out, rows); err != nil {
		return err
	}
	fmt.Fprintln(out)
	if err := printIndexRows(out, x); err != nil {
		return err
	}
	_, err := fmt.Fprintf(out, "%s counted, %s left out\n\n", rowsOf(len(x.Deployments)), rowsOf(len(x.LeftOut)))
	return err
}

func printIndexRows(out *bufio.Writer, x metrics.IndexExplanation) error {
	rest := map[string]string{}
	for _, p := range x.Pauses {
		rest[p.After] = strconv.Itoa(p.Days)
		if p.Open {
			rest[p.After] += ", open"
		}
	}
	busy := map[string]bool{}
	for _, c := range x.Cells {
		busy[slotText(c.Weekday, c.FromHour)] = c.Busiest
	}
	rows := [][]string{{"FINISHED", "RECORD", "CHANGES", "SLOT", "HOURS", "PAUSE AFTER IT"}}
	for _, d := range x.Deployments {
		slot, hours := slotText(d.Weekday, d.FromHour), "within"
		if d.OffHours {
			hours = "outside"
		}
		if busy[slot] {
			slot += ", busiest"
		}
		rows = append(rows, []string{d.FinishedAt.Format(time.RFC3339), d.Record, strconv.Itoa(d.Changes), slot, hours, rest[d.Record]})
	}
	if len(x.LeftOut) > 0 {
		rows = append(rows, []string{}, []string{"AT", "RECORD", "LEFT OUT BECAUSE"})
		for _, l := range x.LeftOut {
			rows = append(rows, []string{moment(l.At), l.Record, l.Reason})
		}
	}
	return writeTable(out, rows)
}

func slotText(weekday string, from int) string {
	return fmt.Sprintf("%s %02d-%02d", strings.ToLower(weekday[:3]), from, from+2)
}

func plannedOf(n int) string {
	if n == 1 {
		return "1 planned deployment"
	}
	return strconv.Itoa(n) + " planned deployments"
}
