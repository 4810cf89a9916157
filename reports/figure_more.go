package reports

import (
	"fmt"
	"strings"

	"shiphabit/metrics"
)

// moreFigures are the figures beside the five: how long incidents last and how much of the time there is none, and what a change
// waits for on its way.
func moreFigures(card metrics.Scorecard) []Figure {
	return []Figure{restore(card.Restore), reliability(card.Reliability), partsOfLeadTime(card.Stages), waits(card.Waiting), handoffs(card.Waiting.Handoffs)}
}

// more is the table of the figures beside the five, each a link to its rows.
func more(card metrics.Scorecard, explain func(figure string) string) Table {
	t := Table{Caption: "Incidents, waits and hands", Lines: true, Head: []Head{{Text: "Figure"}, {Text: "Value"}, {Text: "How it spreads"}, {Text: "Made of"}}}
	for _, f := range moreFigures(card) {
		value := f.Value
		if value == "" {
			value = f.Why
		}
		t.Rows = append(t.Rows, []Cell{{Text: f.Title, Href: explain(f.Name)}, {Text: value}, {Text: f.Interval}, {Text: f.N}})
	}
	return t
}

func restore(s metrics.Survival) Figure {
	f := recovery(s)
	f.Name, f.Title, f.Question = metrics.FigureRestore, "Time to restore", "How long do incidents last?"
	f.N = plural(s.N, "incident", "incidents")
	if s.Censored > 0 {
		f.N += fmt.Sprintf(", %s still open", Count(s.Censored))
	}
	if s.N == 0 {
		f.Why = "No incident is known"
	}
	return f
}

func reliability(r metrics.Reliability) Figure {
	f := Figure{Name: metrics.FigureReliability, Title: "Reliability", Question: "How much of the time is nothing broken?"}
	switch {
	case r.Value != nil:
		f.Value = fmt.Sprintf("%.2f%%", 100**r.Value)
		f.Interval = "an incident was open for " + Span(r.Down)
		f.N = Span(r.Observed) + " of service time"
	case r.Observed > 0:
		f.Why, f.N = "No incident is on record, so that nobody seems to look", Span(r.Observed)+" of service time"
	default:
		f.Why = "No service was observed"
	}
	return f
}

func partsOfLeadTime(list []metrics.Stage) Figure {
	f := Figure{Name: metrics.FigureStages, Title: "Parts of lead time", Question: "Where does a change spend its time?", Why: "Neither pull requests nor starts of deployments are known"}
	var medians, counts []string
	for _, s := range list {
		counts = append(counts, Count(s.N)+" × "+s.Name)
		if s.Median != nil {
			medians = append(medians, s.Name+" "+Span(*s.Median))
		}
	}
	if f.N = strings.Join(counts, ", "); f.N != "" {
		f.Why = "Not enough data"
	}
	if len(medians) > 0 {
		f.Value, f.Why, f.Interval = strings.Join(medians, " · "), "", "each its own median; they do not add up"
	}
	return f
}

func waits(w metrics.Waiting) Figure {
	f := Figure{Name: metrics.FigureWaiting, Title: "Wait for approval", Question: "How long do decisions take?", Why: "No decision on a deployment is known"}
	var medians, counts []string
	for _, place := range []struct {
		name string
		wait metrics.Duration
	}{{"outside", w.Outside}, {"inside", w.Inside}, {"unplaced", w.Unplaced}} {
		if place.wait.N > 0 {
			counts = append(counts, Count(place.wait.N)+" "+place.name)
		}
		if place.wait.Median != nil {
			medians = append(medians, place.name+" the team "+Span(*place.wait.Median))
		}
	}
	if len(counts) > 0 {
		f.N, f.Why = "deployments that waited: "+strings.Join(counts, ", "), "Not enough data"
	}
	if len(medians) > 0 {
		f.Value, f.Why = strings.ReplaceAll(strings.Join(medians, " · "), "unplaced the team", "unplaced"), ""
	}
	if w.Decisions.Refused > 0 {
		f.Interval = plural(w.Decisions.Refused, "decision", "decisions") + " refused"
	}
	return f
}

func handoffs(h metrics.HandoffCount) Figure {
	f := Figure{Name: metrics.FigureHandoffs, Title: "Handoffs", Question: "Through how many hands does a change pass?", N: plural(h.N, "change", "changes"), Why: why(h.State, h.N)}
	if h.N == 0 {
		f.N, f.Why = "", "No review, approval or deployer is known"
	}
	if h.People != nil {
		f.Value, f.Why = digits(*h.People)+" a change", ""
		f.Interval = "between how many teams is not known: none is declared"
		if h.Between != nil {
			f.Interval = Percent(*h.Between) + " of changes went from one team to another"
		}
	}
	return f
}
