package metrics

import (
	"fmt"
	"math"
	"time"
)

// The index looks back twelve whole weeks, and needs six deployments to say more than a range.
const (
	indexDays  = 12 * 7
	indexFloor = 6
	indexCap   = 40
)

// HabitIndex is the event-versus-habit index of one service: 0 when deployment is an event, 100 when it is a habit nobody
// remarks on. It reads the planned rollouts to production (no rollback, rework, redeploy or reapply) of the
// twelve weeks of whole days before asOf's day, on the team's working time. A declared cadence is the service's, and the caller
// sets NotComparable from it. The index is this product's own measure and has no unit:
// six parts, each with its weight and its input shown, because a sum alone explains nothing.
func HabitIndex(f Facts, asOf time.Time, cal Calendar) Index {
	h := newHabit(f, asOf, cal)
	return indexOf(h.parts(), h)
}

// indexOf adds up the parts. A part without input is left open between 0 and its weight.
func indexOf(parts []IndexPart, h habit) Index {
	x := Index{
		State: OK, N: len(h.planned), Window: h.window, Parts: parts, Burstiness: h.burstiness(),
	}
	var low, high float64
	for _, p := range parts {
		if !p.Known {
			x.State = NotEnoughData
			high += float64(p.Weight)
			continue
		}
		low += p.Score * float64(p.Weight)
		high += p.Score * float64(p.Weight)
	}
	if x.N == 0 {
		x.State = NoData
	} else {
		x.CapReason = h.capReason()
	}
	if x.CapReason != "" {
		x.Capped = high > indexCap
		low, high = min(low, indexCap), min(high, indexCap)
	}
	x.Low, x.High = int(math.Round(low)), int(math.Round(high))
	if x.State == OK {
		x.Value = new(x.Low)
	}
	if band := indexBand(x.Low); band == indexBand(x.High) {
		x.Band = band
	}
	return x
}

func indexBand(value int) string {
	switch {
	case value < 25:
		return "event"
	case value < 50:
		return "scheduled"
	case value < 75:
		return "settling"
	default:
		return "habit"
	}
}

// capReason says why the index goes no higher than 40: long silences weigh more than all else can make good.
func (h habit) capReason() string {
	switch gaps := h.gaps(); {
	case len(gaps) == 0:
		return ""
	case quantile(gaps, 0.5) >= 5:
		return "the typical pause between deployments is a working week or more"
	case quantile(gaps, 0.9) >= 10:
		return "one pause in ten lasts two working weeks or more"
	default:
		return ""
	}
}

// The score of each part from its input, in [0,1].

func coverageScore(c float64) float64 { return clamp((c - 0.05) / 0.55) }

// quietScore takes G90, which is below one working day where a team deploys every day of the week.
func quietScore(g90 float64) float64 { return clamp(math.Log(10/max(g90, 1)) / math.Log(10)) }

func batchScore(b float64) float64    { return clamp(math.Log(20/max(b, 1)) / math.Log(20)) }
func windowScore(t float64) float64   { return 1 - clamp((t-0.2)/0.7) }
func evennessScore(g float64) float64 { return clamp((0.95 - g) / 0.6) }
func hoursScore(off float64) float64  { return 1 - clamp(off/0.5) }

func clamp(x float64) float64 { return min(1, max(0, x)) }

// parts are the six, in the contract's order. Silence can be told from a single deployment; what the others say of a habit
// needs six.
func (h habit) parts() []IndexPart {
	n := len(h.planned)
	return []IndexPart{
		h.coverage(n > 0 && h.workingDays > 0),
		h.longestQuiet(n > 0 && h.workingDays > 0),
		h.batch(h.withChanges >= indexFloor),
		h.busiest(h.withChanges >= indexFloor),
		h.evenness(h.withChanges >= indexFloor && h.workingDays > 0),
		h.hours(n >= indexFloor),
	}
}

// unknownPart is a part without input. Says tells what is missing.
func (h habit) unknownPart(name string, weight int) IndexPart {
	says := fmt.Sprintf("%s: too few to tell", plural(len(h.planned), "planned deployment"))
	if len(h.planned) >= indexFloor {
		says = fmt.Sprintf("changes are known for only %d of %s", h.withChanges, plural(len(h.planned), "planned deployment"))
	}
	return IndexPart{Name: name, Weight: weight, Says: says}
}

func (h habit) coverage(known bool) IndexPart {
	if !known {
		return h.unknownPart("coverage", 25)
	}
	with := 0
	for _, d := range h.days {
		if d.works && d.deployments > 0 {
			with++
		}
	}
	c := float64(with) / float64(h.workingDays)
	return IndexPart{Name: "coverage", Weight: 25, Score: coverageScore(c), Input: c, Known: true,
		Says: fmt.Sprintf("deployed on %d of %d working days", with, h.workingDays)}
}

func (h habit) longestQuiet(known bool) IndexPart {
	gaps := h.gaps()
	if !known {
		return h.unknownPart("longest quiet", 20)
	}
	g90 := quantile(gaps, 0.9)
	return IndexPart{Name: "longest quiet", Weight: 20, Score: quietScore(g90), Input: g90, Known: true,
		Says: fmt.Sprintf("nine pauses in ten last at most %s, the longest %d", plural(g90, "working day"), gaps[len(gaps)-1])}
}

func (h habit) batch(known bool) IndexPart {
	if !known {
		return h.unknownPart("batch", 20)
	}
	b := h.typicalBatch()
	return IndexPart{Name: "batch", Weight: 20, Score: batchScore(b), Input: b, Known: true,
		Says: fmt.Sprintf("half of all changes went out in batches of at most %s", oneDecimal(b))}
}

func (h habit) busiest(known bool) IndexPart {
	if !known {
		return h.unknownPart("window", 15)
	}
	t := h.busiestShare()
	return IndexPart{Name: "window", Weight: 15, Score: windowScore(t), Input: t, Known: true,
		Says: fmt.Sprintf("%.0f%% of changes went out in the two busiest two-hour slots of the week", 100*t)}
}

func (h habit) evenness(known bool) IndexPart {
	if !known {
		return h.unknownPart("evenness", 10)
	}
	g := gini(h.changesPerDay())
	return IndexPart{Name: "evenness", Weight: 10, Score: evennessScore(g), Input: g, Known: true,
		Says: fmt.Sprintf("changes per working day are spread with a Gini coefficient of %.2f (0 is even, 1 is all on one day)", g)}
}

func (h habit) hours(known bool) IndexPart {
	if !known {
		return h.unknownPart("hours", 10)
	}
	off := 0
	for _, r := range h.planned {
		if !h.calendar.WorksAt(r.FinishedAt) {
			off++
		}
	}
	share := float64(off) / float64(len(h.planned))
	return IndexPart{Name: "hours", Weight: 10, Score: hoursScore(share), Input: share, Known: true,
		Says: fmt.Sprintf("%d of %s finished outside working hours", off, plural(len(h.planned), "planned deployment"))}
}

func plural[N int | float64](n N, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return oneDecimal(float64(n)) + " " + noun + "s"
}

// oneDecimal prints a number with at most one decimal.
func oneDecimal(x float64) string { return fmt.Sprint(math.Round(x*10) / 10) }
