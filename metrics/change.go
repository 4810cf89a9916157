package metrics

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"time"
)

// NoClearChange is what is said when the data do not show that a figure moved.
const NoClearChange = "no clear change"

// Move is a figure's change against an earlier window. A change is claimed only when the 95% interval of the difference leaves
// out zero.
type Move struct {
	Figure string `json:"figure"`
	Unit   string `json:"unit"` // "s", "share" or "rollouts per week"
	// Before and After are what is compared: shares, the typical rollout's median, the typical week. N counts the independent
	// observations behind each: rollouts, failures or weeks.
	Before  *float64 `json:"before"`
	After   *float64 `json:"after"`
	BeforeN int      `json:"before_n"`
	AfterN  int      `json:"after_n"`
	// Difference is after − before: of shares their difference, of spans and weeks the Hodges–Lehmann shift, which is not the
	// difference of the medians.
	Difference *float64  `json:"difference"`
	Interval   *Interval `json:"interval"`
	// Direction is "up", "down" or empty; Says is a sentence part: "fell from 3.1 d to 1.4 d", "no clear change".
	Direction string `json:"direction,omitempty"`
	Says      string `json:"says"`
}

// Claimed reports whether the figure is said to have moved.
func (m Move) Claimed() bool { return m.Direction != "" }

// Earlier is the same question about the window of the same length just before; whole days stay whole days when the clock
// changes. Both windows are seen at the same AsOf.
func (q Query) Earlier() Query {
	q = q.complete()
	from, to := dayOf(q.Window.From, q.Zone), dayOf(q.Window.To, q.Zone)
	start := q.Window.From.Add(-q.Window.To.Sub(q.Window.From))
	if from.start(q.Zone).Equal(q.Window.From) && to.start(q.Zone).Equal(q.Window.To) {
		start = (from - (to - from)).start(q.Zone)
	}
	q.Window = Window{From: start, To: q.Window.From}
	return q
}

// Moves compares the query's window with the one before it.
func Moves(fs []Facts, q Query) []Move {
	q = q.complete()
	earlier := q.Earlier()
	return Compare(TallyOfAll(fs, earlier), earlier, TallyOfAll(fs, q), q)
}

// Compare sets two tallies side by side, each with the query it was made with.
func Compare(before Tally, earlier Query, after Tally, q Query) []Move {
	earlier, q = earlier.complete(), q.complete()
	d := q.Definition
	return []Move{
		frequencyMove(weeklyRollouts(before, earlier), weeklyRollouts(after, q), d),
		spanMove(FigureLeadTime, before.Typical.Sorted(), after.Typical.Sorted(), d),
		shareMove(FigureFailRate, failRate(before, d), failRate(after, d)),
		recoveryMove(FigureRecovery, before.Recoveries, after.Recoveries, d),
		shareMove(FigureRework, share(before.Kinds[Rework], before, d), share(after.Kinds[Rework], after, d)),
		recoveryMove(FigureRestore, before.Restores, after.Restores, d),
	}
}

func shareMove(figure string, before, after Share) Move {
	m := Move{Figure: figure, Unit: "share", Before: before.Value, After: after.Value, BeforeN: before.Of, AfterN: after.Of, Says: string(NotEnoughData)}
	if before.State != OK || after.State != OK {
		return m
	}
	if why := cmp.Or(before.NoInterval, after.NoInterval); why != "" {
		m.Says = "not compared: " + why
		return m
	}
	m.Difference = new(*after.Value - *before.Value)
	m.Interval = new(newcombe(after.Count, after.Of, before.Count, before.Of, ninetyFive))
	return m.claim(func(v float64) string { return oneDecimal(100*v) + "%" })
}

// spanMove compares the medians of independent rollouts; changes of one rollout are not independent.
func spanMove(figure string, before, after []time.Duration, d Definition) Move {
	return medianMove(figure, before, after, d, func(sorted []time.Duration) float64 { return quantile(sorted, 0.5) })
}

// medianMove compares spans by the median that their figure has.
func medianMove(figure string, before, after []time.Duration, d Definition, median func(sorted []time.Duration) float64) Move {
	m := Move{Figure: figure, Unit: "s", BeforeN: len(before), AfterN: len(after), Says: string(NotEnoughData)}
	if d.state(len(before)) != OK || d.state(len(after)) != OK {
		return m
	}
	m.Before, m.After = new(median(before)/perSecond), new(median(after)/perSecond)
	estimate, in := shift(before, after)
	m.Difference, m.Interval = &estimate, in
	return m.claim(InOneUnit(m.Before, m.After))
}

// recoveryMove compares spans that have all ended: with open ones among them a difference of medians would favour the window
// whose failures had less time to recover. The median is that of the figure, by the curve.
func recoveryMove(figure string, before, after Spans, d Definition) Move {
	if len(before.Open)+len(after.Open) > 0 {
		return Move{Figure: figure, Unit: "s", BeforeN: before.Len(), AfterN: after.Len(),
			Says: "not compared: some are still open"}
	}
	return medianMove(figure, before.Ended.Sorted(), after.Ended.Sorted(), d, func(sorted []time.Duration) float64 {
		at, _ := kaplanMeier(sorted, nil).quantile(0.5) // where all have ended the curve falls to 0
		return float64(at)
	})
}

// frequencyMove compares the number of rollouts in full weeks, which are close enough to independent.
func frequencyMove(before, after []time.Duration, d Definition) Move {
	m := spanMove(FigureFrequency, before, after, d)
	m.Unit = "rollouts per week"
	if m.Claimed() {
		m = m.claim(oneDecimal)
		m.Says += " a week"
	}
	return m
}

// weeklyRollouts are the rollouts of each full week, sorted, as spans of one second each, which is what shift compares.
func weeklyRollouts(t Tally, q Query) []time.Duration {
	from, to := wholeDays(q.passed(), q.Zone)
	var weeks []time.Duration
	for first := (from + 6).weekStart(q.Definition.WeekStart); first+7 <= to; first += 7 {
		n := 0
		for d := first; d < first+7; d++ {
			n += t.Days[int(d)]
		}
		weeks = append(weeks, time.Duration(n)*time.Second)
	}
	slices.Sort(weeks)
	return weeks
}

// claim says that the figure moved if the interval leaves out zero.
func (m Move) claim(words func(float64) string) Move {
	m.Says = NoClearChange
	if m.Interval == nil || m.Interval.Low <= 0 && m.Interval.High >= 0 {
		return m
	}
	verb := "rose"
	m.Direction = "up"
	if m.Interval.High < 0 {
		m.Direction, verb = "down", "fell"
	}
	from, to := words(*m.Before), words(*m.After)
	if from == to || math.Signbit(*m.After-*m.Before) != (m.Direction == "down") {
		// The whole distribution moved although its middle, as printed, did not.
		m.Says = fmt.Sprintf("%s, though the typical value does not show it (%s, then %s)", verb, from, to)
		return m
	}
	m.Says = fmt.Sprintf("%s from %s to %s", verb, from, to)
	return m
}
