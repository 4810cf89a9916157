package reports

import (
	"fmt"

	"shiphabit/metrics"
)

// Figure is one of the five numbers as a page shows it: never without its n, and open to the rows behind it.
type Figure struct {
	Name, Title, Question string
	Value                 string // "" when there is none
	Why                   string // in place of a value
	Interval              string
	N                     string
	Level, LevelNote      string
	Moved                 string // against the window before
	Clear                 bool   // the move is beyond noise
	Spark                 *Spark
}

// figures lays out the five numbers of a scorecard. Moves compare it with the window before; there are none without one.
func figures(card metrics.Scorecard, moves []metrics.Move, levels []metrics.Level, course Course) []Figure {
	list := []Figure{frequency(card.Frequency), leadTime(card.LeadTime), failRate(card), recovery(card.Recovery), rework(card.Rework)}
	for i := range list {
		f := &list[i]
		if f.Value == "" {
			continue // nothing to place, to compare or to draw
		}
		f.Level, f.LevelNote = level(f.Name, levels)
		if m := moveOf(moves, f.Name); m.Claimed() || m.Interval != nil {
			f.Moved, f.Clear = Change{Of: compared[f.Name].of, Says: moveSays(m, card), Claimed: m.Claimed()}.named(), m.Claimed()
		}
		f.Spark = sparkOf(f.Name, course.of(f.Name))
	}
	return list
}

// moveOf is the move of a figure, the zero one when it is not compared.
func moveOf(moves []metrics.Move, figure string) metrics.Move {
	for _, m := range moves {
		if m.Figure == figure {
			return m
		}
	}
	return metrics.Move{}
}

// level words the level of a figure, always with the edition it is of.
func level(figure string, levels []metrics.Level) (word, note string) {
	for _, l := range levels {
		if l.Figure != figure {
			continue
		}
		if l.State != metrics.OK {
			return "", "" // the figure itself says that there is too little
		}
		if word = l.Words(); word != "" {
			word += " (" + l.Edition + ")"
		}
		return word, l.Note
	}
	return "", ""
}

func frequency(q metrics.Frequency) Figure {
	f := Figure{Name: "deployment_frequency", Title: "Deployment frequency", Question: "How often do we deploy?", N: plural(q.Rollouts, "deployment", "deployments")}
	f.Why = why(q.State, q.Rollouts)
	if q.PerWeek != nil {
		f.Value, f.Why = fine(*q.PerWeek)+" a week", ""
	}
	if q.DaysPerWeek != nil && *q.DaysPerWeek == 0 {
		f.Interval = "most weeks have none"
	} else if q.DaysPerWeek != nil {
		f.Interval = fmt.Sprintf("on %s of the days of a typical week", digits(*q.DaysPerWeek))
		if q.Interval != nil {
			f.Interval = "on " + ofDays(digits(*q.DaysPerWeek)) + " of a typical week; " + between(q.Interval, digits)
		}
	}
	return f
}

func ofDays(n string) string {
	if n == "1" {
		return "1 day"
	}
	return n + " days"
}

func leadTime(d metrics.Duration) Figure {
	f := Figure{Name: "change_lead_time", Title: "Change lead time", Question: "How long does a change take?"}
	f.N = plural(d.N, "change", "changes") + " in " + plural(d.Rollouts, "deployment", "deployments")
	f.Why = why(d.State, d.N)
	if d.Median != nil {
		word := leadTimeWords(d)
		f.Value, f.Why = word(*d.Median), ""
		f.Interval = "typical deployment " + wordOr(d.TypicalRollout, word, "unknown")
		if d.Interval != nil {
			f.Interval += ", " + between(d.Interval, word)
		}
	}
	return f
}

// spanOr words a span that stands alone.
func spanOr(v *float64, otherwise string) string { return wordOr(v, Span, otherwise) }

func failRate(card metrics.Scorecard) Figure {
	q := card.FailRate
	f := shareFigure(q, "failed")
	f.Name, f.Title, f.Question = "change_fail_rate", "Change fail rate", "How often does it fail?"
	if q.Settling > 0 {
		f.N += fmt.Sprintf(", %s still settling", Count(q.Settling))
	}
	return f
}

func rework(q metrics.Share) Figure {
	f := shareFigure(q, "rework")
	f.Name, f.Title, f.Question = "deployment_rework_rate", "Rework rate", "How much is repair?"
	return f
}

func shareFigure(q metrics.Share, of string) Figure {
	f := Figure{N: fmt.Sprintf("%s %s of %s", Count(q.Count), of, Count(q.Of)), Why: why(q.State, q.Of)}
	if q.Value != nil {
		f.Value, f.Why, f.Interval = Percent(*q.Value), "", between(q.Interval, Percent)
	}
	return f
}

func recovery(s metrics.Survival) Figure {
	f := Figure{Name: "failed_deployment_recovery_time", Title: "Recovery time", Question: "How fast does it recover?"}
	f.N = plural(s.N, "failure", "failures")
	if s.Censored > 0 {
		f.N += fmt.Sprintf(", %s still open", Count(s.Censored))
	}
	f.Why = why(s.State, s.N)
	if s.State == metrics.OK {
		word := recoveryWords(s)
		f.Value, f.Why, f.Interval = wordOr(s.Median, word, "Not reached"), "", bounds(s.Interval, word)
	}
	if s.N == 0 {
		f.Why = "No failed deployment is known"
	}
	return f
}

// why says in words that there is no value.
func why(s metrics.State, n int) string {
	switch {
	case s == metrics.OK:
		return ""
	case n == 0:
		return "No data"
	default:
		return "Not enough data"
	}
}
