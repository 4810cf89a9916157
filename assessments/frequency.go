package assessments

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"shiphabit/metrics"
)

// frequencyWeeks is the window of E1.
const frequencyWeeks = 12

// FrequencyEvidence is E1 of one service at an instant: how often planned deployments reach production and how evenly.
// f is planned deployments per working week, z the share of working weeks without one, G50 and G90 quantiles of the gaps in
// working days between planned deployment days, the open gap included.
func FrequencyEvidence(f metrics.Facts, to time.Time, cal metrics.Calendar, t FrequencyThresholds) Evidence {
	s := spanBefore(to, frequencyWeeks, cal)
	e := Evidence{ID: "E1", Service: f.Service, Window: s.window, Grade: GradeNone, NOf: "planned deployments"}
	since, known := firstRollout(f)
	if !known || !since.Before(s.window.To) {
		e.notMeasured("no deployment to production is known; collect deployments from the Git host, the pipeline, or release tags")
		return e
	}
	var times []time.Time
	for _, r := range inProduction(f, s.window) {
		if r.Kind != metrics.Planned {
			e.exclude(unused(r, leftUnplanned))
			continue
		}
		times = append(times, r.FinishedAt)
		e.row(f.Service, r, "planned, "+s.dayOf(r.FinishedAt))
	}
	slices.SortFunc(times, time.Time.Compare)
	e.N = len(times)
	e.exclude(leftOut(f, s.window)...)
	e.Coverage = new(s.covered(since))
	measureFrequency(&e, s, times, t)
	return e
}

func measureFrequency(e *Evidence, s span, times []time.Time, t FrequencyThresholds) {
	weeks, quiet := s.weeksWithout(times)
	if weeks == 0 {
		e.notMeasured("the team's calendar has no working day in the window; give it working days")
		return
	}
	perWeek, quietShare := float64(e.N)/float64(weeks), float64(quiet)/float64(weeks)
	gaps := s.gaps(times)
	g50, g90 := quantile(gaps, 0.5), quantile(gaps, 0.9)
	e.figure("f", "planned deployments per working week", &perWeek, UnitPerWeek)
	e.figure("z", "share of working weeks without one", &quietShare, UnitShare)
	e.figure("G50", "median gap between deployment days", g50, UnitWorkingDays)
	e.figure("G90", "gap that one in ten exceeds", g90, UnitWorkingDays)
	e.Grade = grade(e.N >= 20, e.N >= 6, *e.Coverage)
	median, long := below("G50", t.QuietMedian), below("G90", t.QuietLong)
	e.climb(
		onlyIf(5, atLeast("f", t.PerWeek[3]), atMost("z", 0), median, long),
		onlyIf(4, atLeast("f", t.PerWeek[2]), median, long),
		onlyIf(3, atLeast("f", t.PerWeek[1])),
		onlyIf(2, atLeast("f", t.PerWeek[0])),
		rung{level: 1},
	)
	e.Says = fmt.Sprintf("%s in %d working weeks, %s; %s", plural(e.N, "planned deployment"), weeks, rate(perWeek), quietWeeks(quiet))
	if perWeek >= t.PerWeek[2] && (*g50 >= t.QuietMedian || *g90 >= t.QuietLong) {
		e.Says += fmt.Sprintf("; long quiet spells (median gap %.3g, one in ten above %.3g working days) hold it at level 3", *g50, *g90)
	}
	e.Says += "."
}

// medianService picks the evidence of a team's median service by level, then frequency, the lower of two; services without
// a grade cannot be placed and are named instead.
func medianService(services []Evidence) Evidence {
	measured := slices.DeleteFunc(slices.Clone(services), func(e Evidence) bool { return e.Grade == GradeNone })
	if len(measured) == 0 {
		return slices.MinFunc(services, func(a, b Evidence) int { return cmp.Compare(a.Service, b.Service) })
	}
	slices.SortStableFunc(measured, func(a, b Evidence) int {
		return cmp.Or(cmp.Compare(a.Level, b.Level), cmp.Compare(*a.Figures[0].Value, *b.Figures[0].Value), cmp.Compare(a.Service, b.Service))
	})
	median := measured[(len(measured)-1)/2]
	if len(services) > 1 {
		median.Says += fmt.Sprintf(" The median of %s", plural(len(measured), "service"))
		if unplaced := len(services) - len(measured); unplaced > 0 {
			median.Says += fmt.Sprintf("; %s not measured", plural(unplaced, "more service"))
		}
		median.Says += "."
	}
	return median
}

func rate(perWeek float64) string { return fmt.Sprintf("%.1f a week", perWeek) }

func quietWeeks(n int) string {
	if n == 0 {
		return "every week had one"
	}
	return plural(n, "week") + " without one"
}

func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
