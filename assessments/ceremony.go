package assessments

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"shiphabit/metrics"
)

// CeremonyEvidence is E5 of a team's services at an instant, always indirect: R50, the median working time from a change's merge
// to the start of its deployment; T, the share of changes in the two busiest cells of weekday and two hours; S, the share of
// deployments within half an hour of two or more services of other teams; K, the share tied to a coordination record. When a
// change was built is in no record, so that its build counts as waiting.
func CeremonyEvidence(records Records, to time.Time, cal metrics.Calendar, t CeremonyThresholds) Evidence {
	s := spanBefore(to, frequencyWeeks, cal)
	e := Evidence{ID: "E5", Window: s.window, Grade: GradeNone, NOf: "deployments", Indirect: true}
	sum := ceremony{cells: map[int]int{}, neighbours: neighboursIn(records.Neighbours, s.window), ticketed: anyTicket(records.Services, s.window)}
	for _, f := range records.Services {
		for _, r := range inProduction(f, s.window) {
			e.N++
			waits, why := waitsOf(r, cal)
			if why != "" {
				e.exclude(unused(r, why))
			}
			e.row(f.Service, r, sum.add(r, waits, s))
		}
		e.exclude(leftOut(f, s.window)...)
	}
	e.Figures = sum.figures(e.N, cal)
	if e.Coverage = shareOf(sum.waiting, e.N); len(sum.waits) == 0 {
		e.notMeasured("how long ready changes wait; pull requests with their merge, and deployments with their start, would show it")
		return e
	}
	e.Grade = GradeC
	e.climb(
		onlyIf(5, soon("R50", t.Ready5), atMost("T", t.Cells5), atMost("S", t.Together5), atMost("K", t.Records5)),
		onlyIf(4, atMost("R50_days", t.Ready4), atMost("S", t.Together4), atMost("K", t.Records4)),
		rung{1, [][]limit{{atLeast("K", t.Records1)}, {atLeast("T", t.Cells1), atLeast("S", t.Together1)}}},
		rung{2, [][]limit{{atLeast("T", t.Cells2), atLeast("R50_days", t.Ready2)}, {atLeast("K", t.Records2)}}},
		rung{level: 3},
	)
	e.Missing = sum.missing(e.N)
	e.Says = fmt.Sprintf("Half of %s began to go out within %s of working time after the merge; %d of %d shipped in the two busiest two-hour cells of the week.",
		plural(len(sum.waits), "change"), spell(quantile(sum.waits, 0.5)), sum.busiest(), sum.changes)
	return e
}

// ceremony adds up what is known of deployments.
type ceremony struct {
	waits      []float64 // of changes, in seconds of working time
	waiting    int       // deployments with such a wait
	cells      map[int]int
	changes    int
	neighbours []Neighbour
	ticketed   bool // change tickets are on record, so that a deployment without one had none
	together   int
	tied, free int // with a coordination record, and known to have none
}

func (c *ceremony) add(r metrics.Rollout, waits []float64, s span) string {
	if len(waits) > 0 {
		c.waiting++
	}
	c.waits = append(c.waits, waits...)
	at := r.FinishedAt.In(s.zone)
	c.cells[int(at.Weekday())*12+at.Hour()/2] += len(r.Changes)
	c.changes += len(r.Changes)
	said := []string{plural(len(r.Changes), "change") + " on " + at.Format("Monday 15:04")}
	if middle := quantile(waits, 0.5); middle != nil {
		said = append(said, "waited "+spell(middle)+" of working time")
	}
	if n := servicesNear(c.neighbours, r.FinishedAt); n >= togetherFrom {
		c.together++
		said = append(said, fmt.Sprintf("together with %d services of other teams", n))
	}
	switch tied, known := c.coordination(r); {
	case tied:
		c.tied++
		said = append(said, "tied to a coordination record")
	case known:
		c.free++
	}
	return strings.Join(said, "; ")
}

// coordination reports whether a deployment is tied to a record of coordination: a change ticket, or what the label names. It is
// known to have none when the label says so, or when there are change tickets on record and none of them is its own.
func (c *ceremony) coordination(r metrics.Rollout) (tied, known bool) {
	label := r.Labels["coordination"]
	tied = hasTicket(r) || label != "" && label != "none"
	return tied, tied || label == "none" || c.ticketed
}

func hasTicket(r metrics.Rollout) bool {
	return slices.ContainsFunc(r.Approvals, func(a metrics.Approval) bool { return a.Ticket != "" })
}

func anyTicket(facts []metrics.Facts, w metrics.Window) bool {
	for _, f := range facts {
		if slices.ContainsFunc(inProduction(f, w), hasTicket) {
			return true
		}
	}
	return false
}

func (c *ceremony) busiest() int {
	counts := slices.SortedFunc(maps.Values(c.cells), func(a, b int) int { return cmp.Compare(b, a) })
	sum := 0
	for _, n := range counts[:min(2, len(counts))] {
		sum += n
	}
	return sum
}

// recordsKnown is the share of deployments of which it has to be known whether a coordination record was needed.
const recordsKnown = 0.6

func (c *ceremony) figures(n int, cal metrics.Calendar) []Figure {
	var e Evidence
	median := quantile(c.waits, 0.5)
	var days, together, tied *float64
	if hours := cal.ToHour - cal.FromHour; median != nil && hours > 0 {
		days = new(*median / (time.Duration(hours) * time.Hour).Seconds())
	}
	if seen(c.neighbours) >= togetherFrom {
		together = shareOf(c.together, n)
	}
	if share(c.tied+c.free, max(n, 1)) >= recordsKnown {
		tied = shareOf(c.tied, c.tied+c.free)
	}
	e.figure("R50", "median working time from a change's merge to the start of its deployment, its build included", median, UnitWorked)
	e.figure("R50_days", "the same in working days of the team's hours", days, UnitWorkingDays)
	e.figure("T", "share of changes shipped in the two busiest two-hour cells of the week", shareOf(c.busiest(), c.changes), UnitShare)
	e.figure("S", "share of deployments within half an hour of two or more services of other teams", together, UnitShare)
	e.figure("K", "share tied to a coordination record, of those where it is known", tied, UnitShare)
	return e.Figures
}

// missing says which inputs are not known, and that levels that need them cannot be shown.
func (c *ceremony) missing(n int) string {
	var missing []string
	if seen(c.neighbours) < togetherFrom {
		missing = append(missing, "deployments of other teams' services (collect them, and declare which team owns which service)")
	}
	if share(c.tied+c.free, max(n, 1)) < recordsKnown {
		missing = append(missing, "which deployments needed a coordination record (change tickets from Jira, or the label coordination)")
	}
	if len(missing) == 0 {
		return ""
	}
	return strings.Join(missing, "; ") + ": levels that need them cannot be shown"
}

// waitsOf are the working times from merge to start of a rollout's changes, in seconds, and why it has none.
func waitsOf(r metrics.Rollout, cal metrics.Calendar) (waits []float64, why string) {
	why = leftUnmerged
	for _, c := range r.Changes {
		switch {
		case c.MergedAt.IsZero():
		case r.StartedAt.IsZero():
			why = leftUnstarted
		case r.StartedAt.Before(c.MergedAt):
			why = leftEarly
		default:
			waits = append(waits, cal.Worked(c.MergedAt, r.StartedAt).Seconds())
		}
	}
	if len(waits) > 0 || len(r.Changes) == 0 {
		why = ""
	}
	return waits, why
}
