package main

import (
	"fmt"
	"io"

	"shiphabit/metrics"
)

// reliabilityRow is the share of service time without an open incident.
func reliabilityRow(r metrics.Reliability) []string {
	switch {
	case r.Value != nil:
		return []string{"reliability", fmt.Sprintf("%.2f %%", 100**r.Value), fmt.Sprintf("an incident was open for %s of %s of service time", span(r.Down), span(r.Observed))}
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
		row := []string{figureWords(s.Figure), "", "", "", fmt.Sprintf("%d of %d services have a value", s.Services, s.Of)}
		for i, v := range []*float64{s.Low, s.Middle, s.High} {
			if row[1+i] = "–"; v != nil {
				row[1+i] = spreadText(*v, s.Unit)
			}
		}
		rows = append(rows, row)
	}
	fmt.Fprintln(w)
	return writeTable(w, rows)
}

func spreadText(v float64, unit string) string {
	switch unit {
	case "s":
		return span(v)
	case "share":
		return fmt.Sprintf("%.1f %%", 100*v)
	default:
		return fmt.Sprintf("%.1f a week", v)
	}
}
