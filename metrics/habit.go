package metrics

import (
	"math"
	"slices"
	"time"
)

// habit is what the index reads of a service. Its explanation shows the same days, pauses and cells.
type habit struct {
	calendar    Calendar
	window      Window
	days        []habitDay // of the window, in order
	workingDays int
	planned     []Rollout // by finish
	withChanges int       // planned rollouts whose changes are known and any
}

// habitDay is a day of the window: the planned rollouts that finished on it, and the changes that count with it. What went out on a
// free day counts with the working day before it, or with the first one.
type habitDay struct {
	day                  day
	works                bool
	deployments, changes int
}

func newHabit(f Facts, asOf time.Time, cal Calendar) habit {
	end := dayOf(asOf, cal.zone())
	w := Window{From: (end - indexDays).start(cal.zone()), To: end.start(cal.zone())}
	h := habit{calendar: cal, window: w}
	for d := end - indexDays; d < end; d++ {
		works := cal.works(d)
		h.days = append(h.days, habitDay{day: d, works: works})
		if works {
			h.workingDays++
		}
	}
	for _, r := range f.Rollouts {
		if r.Kind == Planned && r.EnvironmentKind == Production && w.Contains(r.FinishedAt) {
			h.planned = append(h.planned, r)
			if len(r.Changes) > 0 {
				h.withChanges++
			}
			h.days[h.dayAt(r.FinishedAt)].deployments++
			if on, any := h.countsOn(r.FinishedAt); any {
				h.days[on].changes += len(r.Changes)
			}
		}
	}
	slices.SortStableFunc(h.planned, func(a, b Rollout) int { return a.FinishedAt.Compare(b.FinishedAt) })
	return h
}

// dayAt is the place among the days of an instant in the window.
func (h habit) dayAt(at time.Time) int { return int(dayOf(at, h.calendar.zone()) - h.days[0].day) }

// countsOn is the place of the working day with which changes of an instant count; there is none in a window without a working day.
func (h habit) countsOn(at time.Time) (place int, any bool) {
	for i := h.dayAt(at); i >= 0; i-- {
		if h.days[i].works {
			return i, true
		}
	}
	first := slices.IndexFunc(h.days, func(d habitDay) bool { return d.works })
	return first, first >= 0
}

// pause is the silence between two planned rollouts, in working days, next day = 1. A rollout on a free day counts with the working day
// before it.
type pause struct {
	after int // the place of the rollout that it follows
	open  bool
	days  int
}

// pauses are those of a working day or more by time, with the open one at the end of the window. Where all went out on the last working
// day there is one, of no day.
func (h habit) pauses() []pause {
	var all []pause
	for i, r := range h.planned {
		p := pause{after: i, open: i+1 == len(h.planned)}
		next := h.window.To.Add(-1)
		if !p.open {
			next = h.planned[i+1].FinishedAt
		}
		p.days = h.calendar.Between(r.FinishedAt, next)
		if p.days > 0 || p.open && len(all) == 0 {
			all = append(all, p)
		}
	}
	return all
}

// gaps are the lengths of the pauses, sorted.
func (h habit) gaps() []int {
	var gaps []int
	for _, p := range h.pauses() {
		gaps = append(gaps, p.days)
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

// cell is the place of an instant among the 84 of weekday × two hours, from Sunday at midnight.
func (h habit) cell(at time.Time) int {
	at = at.In(h.calendar.zone())
	return int(at.Weekday())*12 + at.Hour()/2
}

// cells are the changes that went out in each.
func (h habit) cells() (cells [7 * 12]int) {
	for _, r := range h.planned {
		cells[h.cell(r.FinishedAt)] += len(r.Changes)
	}
	return cells
}

// busiestShare is the share of changes in the two busiest cells.
func (h habit) busiestShare() float64 {
	cells := h.cells()
	sum := 0
	for _, n := range cells {
		sum += n
	}
	slices.Sort(cells[:])
	return float64(cells[len(cells)-1]+cells[len(cells)-2]) / float64(sum)
}

// changesPerDay is the number of changes on each working day, sorted.
func (h habit) changesPerDay() []int {
	counts := make([]int, 0, h.workingDays)
	for _, d := range h.days {
		if d.works {
			counts = append(counts, d.changes)
		}
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
