package metrics

import (
	"maps"
	"slices"
	"time"
)

// MeasureAll makes the scorecard of several services together: their rows are pooled, it is never a mean of means.
func MeasureAll(fs []Facts, q Query) Scorecard {
	return Measure(TallyOfAll(fs, q), q)
}

// Measure makes the scorecard of a tally. This is the only place where a figure is made: pages, reports, API, gate and
// command line all read its result. The query must be the one that the tally was made with.
func Measure(t Tally, q Query) Scorecard {
	q = q.complete()
	d := q.Definition
	card := Scorecard{
		Slice:      q.Slice,
		Window:     q.Window,
		AsOf:       q.AsOf,
		Zone:       q.Zone.String(),
		Definition: d.label(),

		Frequency:    frequency(t, q),
		LeadTime:     leadTime(t, d),
		FailRate:     failRate(t, d),
		Recovery:     recovery(t, FigureRecovery, q),
		Rework:       share(t.Kinds[Rework], t, d),
		Restore:      recovery(t, FigureRestore, q),
		Reliability:  reliability(t, q),
		Waiting:      waiting(t, d),
		Stages:       stages(t, d),
		Causes:       maps.Clone(t.Causes),
		Kinds:        maps.Clone(t.Kinds),
		Unattributed: t.Unattributed,
		Incidents:    t.Incidents,
		Baselines:    t.Baselines,
		LeftOut:      maps.Clone(t.LeftOut),
	}
	card.FailRate.Settling = t.settling(q)
	return card
}

// settling counts the rollouts so new at AsOf that a failure of theirs may still become known.
func (t Tally) settling(q Query) int {
	n := 0
	for _, finished := range t.Young {
		if q.settles(finished) {
			n++
		}
	}
	return n
}

func frequency(t Tally, q Query) Frequency {
	passed := q.passed()
	f := Frequency{State: q.Definition.state(t.Rollouts), Rollouts: t.Rollouts, LastAt: t.LastAt, Statistic: q.Definition.statistic(FigureFrequency)}
	if !t.LastAt.IsZero() {
		f.OpenGap = new(passed.To.Sub(t.LastAt).Seconds())
	}
	from, to := wholeDays(passed, q.Zone)
	weeks := deploymentDays(t.Days, from, to, q.Definition.WeekStart)
	f.Weeks = len(weeks)
	if f.State != OK || passed.Days() <= 0 {
		return f
	}
	perDay := float64(t.Rollouts) / passed.Days()
	f.PerDay, f.PerWeek = new(perDay), new(7*perDay)
	if len(weeks) > 0 {
		f.DaysPerWeek = new(quantile(weeks, 0.5))
		f.Interval = medianInterval(weeks, 1)
	}
	if days := workingDayCounts(t.Days, from, to); len(days) > 0 {
		f.MedianWorkingDay, f.WorkingDay = new(quantile(days, 0.5)), medianInterval(days, 1)
	}
	f.convene(t, q)
	return f
}

// deploymentDays is, for each full week in the days [from, to), the number of days with a rollout; sorted.
func deploymentDays(days map[int]int, from, to day, first time.Weekday) []int {
	var weeks []int
	monday := (from + 6).weekStart(first)
	for ; monday+7 <= to; monday += 7 {
		n := 0
		for d := monday; d < monday+7; d++ {
			if days[int(d)] > 0 {
				n++
			}
		}
		weeks = append(weeks, n)
	}
	slices.Sort(weeks)
	return weeks
}

// workingDayCounts is the number of rollouts on each day from Monday to Friday in [from, to), days without one included;
// sorted.
func workingDayCounts(days map[int]int, from, to day) []int {
	var counts []int
	for d := from; d < to; d++ {
		if d.workday() {
			counts = append(counts, days[int(d)])
		}
	}
	slices.Sort(counts)
	return counts
}

func leadTime(t Tally, d Definition) Duration {
	f := durationOf(t.LeadTimes, d)
	typical := t.Typical.ready()
	f.Rollouts = typical.Len()
	if f.State == OK && f.Rollouts > 0 {
		f.TypicalRollout = new(typical.quantile(0.5) / perSecond)
		f.Interval = typical.medianInterval()
	}
	f.Statistic = d.statistic(FigureLeadTime)
	if f.State == OK {
		f.Value = headline(d.LeadTime.Statistic, t.LeadTimes, t.samples(func(g Group) Sample { return g.LeadTimes }))
	}
	return f
}

const perSecond = float64(time.Second)

// durationOf makes the quantiles of spans. The interval is the caller's, who knows which spans are independent.
func durationOf(spans Sample, d Definition) Duration {
	f := Duration{State: d.state(spans.Len()), N: spans.Len()}
	if f.State == OK {
		spans = spans.ready()
		at := func(q float64) *float64 { return new(spans.quantile(q) / perSecond) }
		f.Median, f.P75, f.P90, f.P95 = at(0.5), at(0.75), at(0.9), at(0.95)
	}
	return f
}

// stages are the parts of lead time of which any span is known. Pull requests of one rollout share its wait and are not
// independent, so that stages have no interval.
func stages(t Tally, d Definition) []Stage {
	var out []Stage
	for _, name := range stageNames() {
		if spans := t.Stages[name]; !spans.IsZero() {
			stage := Stage{Name: name, Duration: durationOf(spans, d)}
			if stage.State == OK {
				stage.Value = headline(d.LeadTime.ungrouped(), spans, nil)
			}
			out = append(out, stage)
		}
	}
	return out
}

func share(n int, t Tally, d Definition) Share {
	s := Share{State: d.state(t.Rollouts), Count: n, Of: t.Rollouts, Statistic: d.statistic(FigureRework)}
	if s.State == OK {
		s.Value = new(float64(n) / float64(t.Rollouts))
		s.Interval = new(Wilson(n, t.Rollouts, ninetyFive))
	}
	return s
}

func survival(s Spans, q Query) Survival {
	open := make([]time.Duration, len(s.Open))
	for i, start := range s.Open {
		open[len(open)-1-i] = max(0, q.AsOf.Sub(start))
	}
	n := s.Len()
	f := Survival{State: q.Definition.state(n), N: n, Censored: len(open)}
	if len(open) > 0 {
		f.Longest = new(open[len(open)-1].Seconds())
	}
	if f.State != OK {
		return f
	}
	c := kaplanMeier(s.Ended.Sorted(), open)
	if t, ok := c.quantile(0.5); ok {
		f.Median = new(t.Seconds())
	}
	if t, ok := c.quantile(0.9); ok {
		f.P90 = new(t.Seconds())
	}
	f.Interval = new(c.bounds(0.5, ninetyFive))
	return f
}
