package metrics

import (
	"math"
	"slices"
	"time"
)

// habit is what the index reads of a service.
type habit struct {
	calendar    Calendar
	window      Window
	workingDays int
	planned     []Rollout // by finish
	withChanges int       // planned rollouts whose changes are known and any
}

func newHabit(f Facts, asOf time.Time, cal Calendar) habit {
	end := dayOf(asOf, cal.zone())
	w := Window{From: (end - indexDays).start(cal.zone()), To: end.start(cal.zone())}
	h := habit{calendar: cal, window: w, workingDays: cal.WorkingDays(w)}
	for _, r := range f.Rollouts {
		if r.Kind == Planned && r.EnvironmentKind == Production && w.Contains(r.FinishedAt) {
			h.planned = append(h.planned, r)
			if len(r.Changes) > 0 {
				h.withChanges++
			}
		}
	}
	slices.SortStableFunc(h.planned, func(a, b Rollout) int { return a.FinishedAt.Compare(b.FinishedAt) })
	return h
}

// gaps are the pauses between planned deployment days in working days, next day = 1, with the open one at the end of the
// window; sorted. A deployment on a free day counts with the working day before it.
func (h habit) gaps() []int {
	var gaps []int
	for i, r := range h.planned {
		next := h.window.To.Add(-1)
		if i+1 < len(h.planned) {
			next = h.planned[i+1].FinishedAt
		}
		if gap := h.calendar.Between(r.FinishedAt, next); gap > 0 {
			gaps = append(gaps, gap)
		}
	}
	if len(gaps) == 0 && len(h.planned) > 0 {
		gaps = []int{0} // all on the last working day
	}
	slices.Sort(gaps)
	return gaps
}

// typicalBatch is the median over changes of the number of changes that went out together.
func (h habit) typicalBatch() float64 {
	var sizes []int
	for _, r := range h.planned {
		for range r.Changes {
			sizes = append(sizes, len(r.Changes))
		}
	}
	slices.Sort(sizes)
	return quantile(sizes, 0.5)
}

// busiestShare is the share of changes in the two busiest of the 84 cells weekday × two hours.
func (h habit) busiestShare() float64 {
	var cells [7 * 12]int
	sum := 0
	for _, r := range h.planned {
		at := r.FinishedAt.In(h.calendar.zone())
		cells[int(at.Weekday())*12+at.Hour()/2] += len(r.Changes)
		sum += len(r.Changes)
	}
	slices.Sort(cells[:])
	return float64(cells[len(cells)-1]+cells[len(cells)-2]) / float64(sum)
}

// changesPerDay is the number of changes on each working day, sorted. What went out on a free day counts with the working day
// before it, or with the first one.
func (h habit) changesPerDay() []int {
	counts := make([]int, h.workingDays)
	for _, r := range h.planned {
		n := h.calendar.Between(h.window.From.Add(-1), r.FinishedAt)
		counts[max(0, n-1)] += len(r.Changes)
	}
	slices.Sort(counts)
	return counts
}

// gini is the Gini coefficient of values that are sorted and not negative: 0 when all are alike, near 1 when one has all.
func gini(sorted []int) float64 {
	var sum, weighted int
	for i, x := range sorted {
		sum += x
		weighted += (2*(i+1) - len(sorted) - 1) * x
	}
	if sum == 0 {
		return 0
	}
	return float64(weighted) / float64(len(sorted)*sum)
}

// burstiness compares the spread of the gaps, in working time, with their mean: −1 for a metronome, 0 for chance, towards 1
// for bursts after long silence. The form for short series is Kim and Jo's (2016). A caption, no part of the index.
func (h habit) burstiness() *float64 {
	n := len(h.planned)
	if n < indexFloor {
		return nil
	}
	gaps := make([]float64, n-1)
	var sum float64
	for i := range gaps {
		gaps[i] = h.calendar.Worked(h.planned[i].FinishedAt, h.planned[i+1].FinishedAt).Hours()
		sum += gaps[i]
	}
	mean := sum / float64(len(gaps))
	if mean == 0 {
		return nil
	}
	var squares float64
	for _, g := range gaps {
		squares += (g - mean) * (g - mean)
	}
	return new(finiteBurstiness(math.Sqrt(squares/float64(len(gaps)))/mean, n))
}

// finiteBurstiness takes r, the standard deviation of the gaps over their mean, and the number of deployments.
func finiteBurstiness(r float64, n int) float64 {
	a, b := math.Sqrt(float64(n)), math.Sqrt(float64(n-2))
	return (a*r - b) / ((a-2)*r + b)
}
