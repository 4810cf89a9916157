package main

import (
	"fmt"
	"io"
	"time"

	"shiphabit/metrics"
)

// reliabilityRow is the share of service time without an open incident.
func reliabilityRow(r metrics.Reliability) []string {
	switch {
	case r.Value != nil:
		return []string{"reliability", fmt.Sprintf("%.2f %%", 100**r.Value), fmt.Sprintf("an incident was open for %s of %s of service time", metrics.InWords(r.Down), metrics.InWords(r.Observed))}
	case r.Observed > 0:
		return []string{"reliability", string(r.State), "no incident is on record, so that nobody seems to look"}
	default:
		return []string{"reliability", string(r.State), "no service was observed in the window"}
	}
}

// waitingRows are the waits for decisions and the handoffs, where anything is known of them.
func waitingRows(w metrics.Waiting) [][]string {
	var rows [][]string
	for _, place := range []struct {
		name string
		wait metrics.Duration
	}{{"wait for approval, outside", w.Outside}, {"wait for approval, inside", w.Inside}, {"wait for approval, unplaced", w.Unplaced}} {
		if place.wait.N > 0 {
			rows = append(rows, []string{place.name, durationText(place.wait), fmt.Sprintf("median; n = %s that waited", rolloutsOf(place.wait.N))})
		}
	}
	if h := w.Handoffs; h.N > 0 {
		row := []string{"handoffs", string(h.State), "n = " + counted(h.N, "change")}
		if h.People != nil {
			row[1] = fmt.Sprintf("%g a change", *h.People)
			row[2] = "median; n = " + counted(h.N, "change") + "; between teams not known"
		}
		if h.Between != nil {
			row[2] = fmt.Sprintf("median; %.0f %% of changes went from one team to another; n = %s", 100**h.Between, counted(h.N, "change"))
		}
		rows = append(rows, row)
	}
	return rows
}

// stageRows are the parts of lead time that are known, each by its median.
func stageRows(stages []metrics.Stage) [][]string {
	var rows [][]string
	for _, s := range stages {
		of := "pull request"
		if s.Name == "deploy" {
			of = "rollout"
		}
		rows = append(rows, []string{"  " + s.Name, durationText(s.Duration), "median; n = " + counted(s.N, of)})
	}
	return rows
}

// writeSpread prints how far the services lie apart in each figure; it names none of them.
func writeSpread(w io.Writer, spreads []metrics.Spread) error {
	if len(spreads) == 0 {
		return nil
	}
	rows := [][]string{{"over the services, each by itself", "LOWEST", "MIDDLE", "HIGHEST", ""}}
	for _, s := range spreads {
		words := spreadWords(s)
		row := []string{figureWords(s.Figure), "", "", "", fmt.Sprintf("%d of %d services have a value", s.Services, s.Of)}
		for i, v := range []*float64{s.Low, s.Middle, s.High} {
			if row[1+i] = "–"; v != nil {
				row[1+i] = words(*v)
			}
		}
		rows = append(rows, row)
	}
	fmt.Fprintln(w)
	return writeTable(w, rows)
}

// spreadWords is how the values of a line are worded.
func spreadWords(s metrics.Spread) func(float64) string {
	switch s.Unit {
	case "s":
		return metrics.InOneUnit(s.Low, s.Middle, s.High)
	case "share":
		return func(v float64) string { return fmt.Sprintf("%.1f %%", 100*v) }
	default:
		return func(v float64) string { return fmt.Sprintf("%.1f a week", v) }
	}
}

// figureText is a figure of a scorecard in one line.
func figureText(figure string, card metrics.Scorecard) string {
	line := func(value, note string) string { return value + ", " + note }
	switch figure {
	case metrics.FigureFrequency:
		return line(frequencyText(card.Frequency), frequencyNote(card.Frequency))
	case metrics.FigureLeadTime:
		return line(durationText(card.LeadTime), durationNote(card.LeadTime))
	case metrics.FigureFailRate:
		return line(shareText(card.FailRate), shareNote(card.FailRate, "rollouts failed"))
	case metrics.FigureRecovery:
		return line(survivalText(card.Recovery), survivalNote(card.Recovery, "failed deployment"))
	case metrics.FigureRework:
		return line(shareText(card.Rework), shareNote(card.Rework, "rollouts were rework"))
	case metrics.FigureRestore:
		return line(survivalText(card.Restore), survivalNote(card.Restore, "incident"))
	case metrics.FigureReliability:
		row := reliabilityRow(card.Reliability)
		return line(row[1], row[2])
	}
	return ""
}

// outside says, where a window holds nothing, when there is something: the window is more likely wrong than the records.
func outside(facts []metrics.Facts) string {
	var first, last time.Time
	n := 0
	for _, f := range facts {
		for _, r := range f.Rollouts {
			n++
			if first.IsZero() || r.FinishedAt.Before(first) {
				first = r.FinishedAt
			}
			if r.FinishedAt.After(last) {
				last = r.FinishedAt
			}
		}
	}
	if n == 0 {
		return "no deployment that counts is known"
	}
	return fmt.Sprintf("nothing finished in this window: the %s known, of all environments, finished from %s to %s", rolloutsOf(n), first.Format(time.DateOnly), last.Format(time.DateOnly))
}
