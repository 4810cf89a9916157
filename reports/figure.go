package reports

import (
	"fmt"
	"strings"

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

// figures lays out the five numbers of a scorecard. Before is the scorecard of the window before, nil when there is none.
func figures(card metrics.Scorecard, before *metrics.Scorecard, levels []metrics.Level, trend []metrics.Point) []Figure {
	list := []Figure{frequency(card.Frequency), leadTime(card.LeadTime), failRate(card), recovery(card.Recovery), rework(card.Rework)}
	moves := movements(card, before)
	for i := range list {
		f := &list[i]
		f.Level, f.LevelNote = level(f.Name, levels)
		if m, ok := moves[f.Name]; ok {
			f.Moved, f.Clear = m.Says, m.Clear
		}
		f.Spark = sparkOf(f.Name, trend)
	}
	return list
}

// level words the level of a figure, always with the edition it is of.
func level(figure string, levels []metrics.Level) (word, note string) {
	for _, l := range levels {
		if l.Figure != figure {
			continue
		}
		note = l.Note
		if l.Level == "" {
			return "", note
		}
		word = l.Level + ", " + l.Edition
		if len(l.Shared) > 0 {
			word = l.Level + " or " + strings.Join(l.Shared, " or ") + ", " + l.Edition
		}
		return word, note
	}
	return "", ""
}

func frequency(q metrics.Frequency) Figure {
	f := Figure{Name: "deployment_frequency", Title: "Deployment frequency", Question: "How often do we deploy?", N: plural(q.Rollouts, "deployment", "deployments")}
	f.Why = why(q.State, q.Rollouts)
	if q.PerWeek != nil {
		f.Value, f.Why = rate(*q.PerWeek)+" a week", ""
	}
	if q.DaysPerWeek != nil {
		f.Interval = fmt.Sprintf("on %s of the days of a typical week", digits(*q.DaysPerWeek))
		if q.Interval != nil {
			f.Interval = fmt.Sprintf("on %s days of a typical week; %s", digits(*q.DaysPerWeek), between(q.Interval, digits))
		}
	}
	return f
}

// rate keeps what is rare readable: less than one a week has two decimals.
func rate(v float64) string {
	if v < 1 {
		return fmt.Sprintf("%.2g", v)
	}
	return digits(v)
}

func leadTime(d metrics.Duration) Figure {
	f := Figure{Name: "change_lead_time", Title: "Change lead time", Question: "How long does a change take?"}
	f.N = plural(d.N, "change", "changes") + " in " + plural(d.Rollouts, "deployment", "deployments")
	f.Why = why(d.State, d.N)
	if d.Median != nil {
		f.Value, f.Why = Span(*d.Median), ""
		f.Interval = "typical deployment " + spanOr(d.TypicalRollout, "unknown")
		if d.Interval != nil {
			f.Interval += ", " + between(d.Interval, Span)
		}
	}
	return f
}

func spanOr(v *float64, otherwise string) string {
	if v == nil {
		return otherwise
	}
	return Span(*v)
}

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
		f.Value, f.Why, f.Interval = spanOr(s.Median, "Not reached"), "", bounds(s.Interval)
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

// Movement is what happened to a figure since the window before.
type Movement struct {
	Figure, Says string
	Clear        bool
}

// movements compares two windows. A move is called clear only when the two 95% intervals do not meet, which is stricter than
// asking whether the interval of their difference leaves out zero: this page may overlook a move, but it makes none up.
func movements(now metrics.Scorecard, before *metrics.Scorecard) map[string]Movement {
	out := map[string]Movement{}
	if before == nil {
		return out
	}
	add := func(name string, a, b *metrics.Interval, v *float64, more, less string, word func(float64) string) {
		if a == nil || b == nil || v == nil {
			return
		}
		m := Movement{Figure: name, Says: "no clear change"}
		switch {
		case a.Low > b.High:
			m.Says, m.Clear = more+" than before ("+word(*v)+")", true
		case a.High < b.Low:
			m.Says, m.Clear = less+" than before ("+word(*v)+")", true
		}
		out[name] = m
	}
	add("deployment_frequency", now.Frequency.Interval, before.Frequency.Interval, before.Frequency.DaysPerWeek, "on more days", "on fewer days",
		func(v float64) string { return digits(v) + " a week" })
	add("change_lead_time", now.LeadTime.Interval, before.LeadTime.Interval, before.LeadTime.Median, "longer", "shorter", Span)
	add("change_fail_rate", now.FailRate.Interval, before.FailRate.Interval, before.FailRate.Value, "higher", "lower", Percent)
	add("deployment_rework_rate", now.Rework.Interval, before.Rework.Interval, before.Rework.Value, "higher", "lower", Percent)
	add("failed_deployment_recovery_time", closed(now.Recovery.Interval), closed(before.Recovery.Interval), before.Recovery.Median, "longer", "shorter", Span)
	return out
}

// closed is an interval both ends of which were reached; the others allow no comparison.
func closed(b *metrics.Bounds) *metrics.Interval {
	if b == nil || b.Low == nil || b.High == nil {
		return nil
	}
	return &metrics.Interval{Low: *b.Low, High: *b.High, Coverage: .95}
}
