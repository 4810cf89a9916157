package reports

import (
	"fmt"
	"slices"
	"strings"

	"shiphabit/metrics"
	"shiphabit/metrics/doctor"
)

// measures are the figures of a scorecard as a document shows them: the five, and beside frequency and lead time those that carry
// their intervals.
func (b Basis) measures() []Measure {
	list := []Measure{
		b.measure(metrics.FigureFrequency), b.deploymentDays(), b.measure(metrics.FigureLeadTime), b.typical(),
		b.measure(metrics.FigureFailRate), b.measure(metrics.FigureRecovery), b.measure(metrics.FigureRework),
	}
	return list
}

// measure is one of the five figures with its level and move.
func (b Basis) measure(figure string) Measure {
	m := b.bare(figure)
	m.Name = figure
	if m.Value == nil {
		if missing := b.missing(figure); missing != "" {
			m.Why += ": " + missing
		}
		return m
	}
	m.Level = b.level(figure)
	m.Change = b.moved(figure)
	return m
}

// level is where a figure stands in the edition of the document; the zero one when the edition has none for it.
func (b Basis) level(figure string) metrics.Level {
	for _, l := range b.Levels {
		if l.Figure == figure && l.Level != "" {
			return l
		}
	}
	return metrics.Level{}
}

func (b Basis) bare(figure string) Measure {
	k := b.Card
	switch figure {
	case metrics.FigureFrequency:
		m := Measure{Title: "Deployment frequency", N: counted(k.Frequency.Rollouts), Of: noun(k.Frequency.Rollouts, "deployment"), Why: why(k.Frequency.State, k.Frequency.Rollouts)}
		if k.Frequency.PerWeek != nil {
			m.Value = new(Number(fine(*k.Frequency.PerWeek) + " a week"))
		}
		return m
	case metrics.FigureLeadTime:
		m := Measure{Title: "Change lead time, median", N: counted(k.LeadTime.N), Of: noun(k.LeadTime.N, "change"), Why: why(k.LeadTime.State, k.LeadTime.N)}
		if k.LeadTime.Median != nil {
			m.Value = new(Number(leadTimeWords(b.Card.LeadTime)(*k.LeadTime.Median)))
		}
		return m
	case metrics.FigureFailRate:
		return shareMeasure("Change fail rate", "failed", k.FailRate)
	case metrics.FigureRework:
		return shareMeasure("Deployment rework rate", "repairs", k.Rework)
	}
	return recoveryMeasure(k.Recovery)
}

func (b Basis) deploymentDays() Measure {
	q := b.Card.Frequency
	m := Measure{Name: "deployment_days", Title: "Days with a deployment, typical week", N: counted(q.Weeks), Of: "full " + noun(q.Weeks, "week"), Why: why(q.State, q.Rollouts)}
	if q.DaysPerWeek == nil {
		return m
	}
	return m.bounded(*q.DaysPerWeek, q.Interval, func(v float64) string { return fine(v) + " days" })
}

// typical is the lead time over deployments, each its own median: changes of one deployment are not independent.
func (b Basis) typical() Measure {
	d := b.Card.LeadTime
	m := Measure{Name: "typical_lead_time", Title: "Lead time of the typical deployment", N: counted(d.Rollouts), Of: noun(d.Rollouts, "deployment"), Why: why(d.State, d.N)}
	if d.TypicalRollout == nil {
		return m
	}
	return m.bounded(*d.TypicalRollout, d.Interval, leadTimeWords(b.Card.LeadTime))
}

// leadTimeWords words the lead times of a scorecard in one unit: the median over changes, and the typical deployment with its interval.
func leadTimeWords(d metrics.Duration) func(seconds float64) string {
	low, high := endsOf(d.Interval)
	return metrics.InOneUnit(d.Value, d.Median, d.TypicalRollout, low, high)
}

// recoveryWords does so for the median of recovery with its interval.
func recoveryWords(s metrics.Survival) func(seconds float64) string {
	low, high := reachOf(s.Interval)
	return metrics.InOneUnit(s.Value, s.Median, low, high)
}

func shareMeasure(title, counts string, s metrics.Share) Measure {
	m := Measure{Title: title, N: counted(s.Of), Of: fmt.Sprintf("%s, %s %s", noun(s.Of, "deployment"), Count(s.Count), counts), Why: why(s.State, s.Of)}
	if s.Value == nil {
		return m
	}
	return m.bounded(*s.Value, s.Interval, Percent)
}

func recoveryMeasure(s metrics.Survival) Measure {
	m := Measure{Title: "Failed deployment recovery time, median", N: counted(s.N), Of: noun(s.N, "failed deployment"), Why: why(s.State, s.N)}
	if s.Censored > 0 {
		m.Of += ", " + Count(s.Censored) + " still open"
	}
	switch {
	case s.N == 0:
		m.Why = "No failed deployment is known"
	case s.State == metrics.OK && s.Median == nil:
		m.Why = "Not reached: too many are still open"
	case s.Median != nil:
		word := recoveryWords(s)
		m.Value = new(Number(word(*s.Median)))
		if s.Interval != nil {
			m.Coverage = new(Coverage(ninetyFive))
			if s.Interval.Low != nil {
				m.Low = new(Number(word(*s.Interval.Low)))
			}
			if s.Interval.High != nil {
				m.High = new(Number(word(*s.Interval.High)))
			}
		}
	}
	return m
}

func noun(n int, one string) string {
	if n == 1 {
		return one
	}
	return one + "s"
}

// missing is what doctor says a figure lacks, in few words; empty when it says nothing.
func (b Basis) missing(figure string) string {
	for _, g := range b.lacking().Groups(1) {
		if g.Severity != doctor.Note && slices.Contains(g.Figures, figure) {
			return lower(g.Title)
		}
	}
	return ""
}

// lower makes the first letter of a sentence one within a sentence.
func lower(s string) string {
	if s == "" {
		return s
	}
	return strings.ToLower(s[:1]) + s[1:]
}
