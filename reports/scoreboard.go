package reports

import (
	"fmt"
	"math"
	"strconv"
	"strings"

	"shiphabit/metrics/gate"
)

// BoardFigure is one number of the scoreboard with what it means.
type BoardFigure struct {
	Title string
	// Value is the number; Why stands in its place when there is none.
	Value, Why string
	Says       []string
}

// smallN is below how many cases a share says little, and is said to.
const smallN = 10

// ppm words parts per million as a percentage.
func ppm(n int64) string { return Percent(float64(n) / 1e6) }

// rangeWords says what range a share's true value lies in, and whether the cases are few.
func rangeWords(s gate.Share) string {
	words := fmt.Sprintf("The true share lies between %s and %s (95%%).", ppm(s.LowPPM), ppm(s.HighPPM))
	if s.Of < smallN {
		words += " So few cases say little."
	}
	return words
}

// Figures are the numbers of the scoreboard, each with its sentence.
func (g Gate) Figures() []BoardFigure {
	b := g.Board
	return []BoardFigure{
		stopsFigure(b), wrongFigure(b), preventedFigure(b), delayFigure(b), holdsFigure(b), overridesFigure(b), observedFigure(b), claimsFigure(b), latencyFigure(b), absenceFigure(b),
	}
}

// NothingToCount tells that the window holds nothing that the gate did, or would have done had it been there.
func (g Gate) NothingToCount() bool {
	return g.Board.Decisions == 0 && g.Board.Unreachable.Decided == 0 && g.Board.Unreachable.Minutes == 0
}

func stopsFigure(b gate.Scoreboard) BoardFigure {
	f := BoardFigure{Title: "Stops", Value: Count(b.Stops.Spells)}
	if b.Stops.Spells == 0 {
		f.Says = []string{"Nothing was stopped in " + plural(b.Decisions, "decision", "decisions") + "."}
		return f
	}
	f.Says = []string{fmt.Sprintf("Rows of stops; %s of %s said block.", Count(b.Blocked), plural(b.Decisions, "decision", "decisions"))}
	if len(b.Criteria) > 0 {
		f.Says = append(f.Says, "Most often by "+listCounts(b.Criteria, 3)+".")
	}
	return f
}

func wrongFigure(b gate.Scoreboard) BoardFigure {
	f := BoardFigure{Title: "Wrong stops against the promise"}
	wrong, spells, broken, judged := 0, 0, 0, 0
	for _, c := range b.Promises {
		wrong, spells, judged = wrong+c.Wrong, spells+c.Spells, judged+c.Services
		if c.Broken {
			broken++
		}
	}
	if judged == 0 {
		f.Why = "not known"
		f.Says = []string{"No service that keeps well below its limit was judged yet, so no stop can be called wrong."}
		return f
	}
	f.Value = fmt.Sprintf("%s of %s", Count(wrong), Count(spells))
	f.Says = []string{"Stops in two years that good deployments opened with no cause found, or that were called a false alarm."}
	if broken > 0 {
		f.Says = append(f.Says, fmt.Sprintf("■ %s broken: more than chance explains. What broke it only warns until it is agreed anew.", plural(broken, "promise is", "promises are")))
	} else {
		f.Says = append(f.Says, "● Every promise is kept, as far as chance lets one say.")
	}
	return f
}

func preventedFigure(b gate.Scoreboard) BoardFigure {
	f := BoardFigure{Title: "Prevented failures"}
	s := b.Stops.Prevented
	switch {
	case b.Stops.Spells == 0:
		f.Why, f.Says = "none", []string{"Nothing was stopped."}
	case s.Of == 0:
		f.Why, f.Says = "not known", []string{"Nothing that was stopped first has gone out later, so nobody knows whether it would have failed."}
	default:
		f.Value = fmt.Sprintf("%s of %s", Count(s.Count), Count(s.Of))
		f.Says = []string{"First stops whose artifact went out later all the same, and failed.", rangeWords(s)}
	}
	if b.Stops.Undecided > 0 && s.Of > 0 {
		f.Says = append(f.Says, fmt.Sprintf("Of %s nothing is known.", Count(b.Stops.Undecided)))
	}
	return f
}

func delayFigure(b gate.Scoreboard) BoardFigure {
	f := BoardFigure{Title: "Waiting after stops", Value: Span(float64(b.DelaySeconds))}
	if b.DelaySeconds == 0 {
		f.Value = "none"
	}
	f.Says = []string{"From each stop to the next promotion of the service that was let through, added up."}
	if b.Waiting > 0 {
		f.Says = append(f.Says, plural(b.Waiting, "service still has", "services still have")+" something waiting.")
	}
	return f
}

func holdsFigure(b gate.Scoreboard) BoardFigure {
	f := BoardFigure{Title: "Holds", Value: Count(b.Held)}
	if b.Held == 0 {
		f.Says = []string{"Nothing had to wait for what was not known."}
		return f
	}
	f.Says = []string{"Answers that could not be given yet; " + Span(float64(b.HoldSeconds)) + " of waiting in all."}
	if len(b.Holds) > 0 {
		f.Says = append(f.Says, "Most often for "+listCounts(b.Holds, 3)+".")
	}
	return f
}

func overridesFigure(b gate.Scoreboard) BoardFigure {
	f := BoardFigure{Title: "Overrides"}
	asked, used := 0, 0
	var all gate.Share
	for _, o := range b.Overrides {
		asked, used = asked+o.Asked, used+o.Used
		all.Count, all.Of = all.Count+o.Failed.Count, all.Of+o.Failed.Of
	}
	f.Value = Count(asked)
	if asked == 0 && all.Of == 0 {
		f.Says = []string{"Nobody set a criterion aside."}
		return f
	}
	f.Says = []string{fmt.Sprintf("%s used.", Count(used))}
	if all.Of > 0 {
		f.Says = append(f.Says, fmt.Sprintf("Of what went out by override %s of %s failed, of everything else %s of %s.", Count(all.Count), Count(all.Of), Count(b.Others.Count), Count(b.Others.Of)))
	}
	return f
}

func observedFigure(b gate.Scoreboard) BoardFigure {
	f := BoardFigure{Title: "Would-be stops while observing", Value: Count(b.WouldBe.Spells)}
	s := b.WouldBe.Prevented
	switch {
	case b.WouldBe.Spells == 0:
		f.Says = []string{"Criteria that only observe would have stopped nothing."}
	case s.Of == 0:
		f.Says = []string{"Rows of stops that criteria which only observe would have made. What became of them is not known yet."}
	default:
		f.Says = []string{fmt.Sprintf("Rows of stops that criteria which only observe would have made. Of the first ones %s of %s failed.", Count(s.Count), Count(s.Of)), rangeWords(s)}
	}
	return f
}

func claimsFigure(b gate.Scoreboard) BoardFigure {
	n := 0
	for _, c := range b.Refused {
		n += c.Count
	}
	f := BoardFigure{Title: "Claims that did not hold", Value: Count(n)}
	f.Says = []string{fmt.Sprintf("%s passed as a rollback or a fix.", Count(b.Passed))}
	if n > 0 {
		f.Says = append(f.Says, "Judged as a normal change instead: "+listCounts(b.Refused, 4)+".")
	}
	if b.RepeatedFixes > 0 {
		f.Says = append(f.Says, plural(b.RepeatedFixes, "problem was", "problems were")+" fixed more than once.")
	}
	return f
}

func latencyFigure(b gate.Scoreboard) BoardFigure {
	f := BoardFigure{Title: "Time to decide"}
	if b.Latency == nil {
		f.Why, f.Says = "not measured", []string{"No decision of this window was timed."}
		return f
	}
	f.Value = micros(b.Latency.Median)
	f.Says = []string{fmt.Sprintf("Half of %s took less, 99 of 100 less than %s, before they were written down.", plural(b.Latency.Timed, "decision", "decisions"), micros(b.Latency.P99))}
	return f
}

// absenceFigure tells how long the gate was not there.
func absenceFigure(b gate.Scoreboard) BoardFigure {
	a := b.Unreachable
	f := BoardFigure{Title: "Unreachable", Value: plural(int(a.Minutes), "minute", "minutes")}
	switch {
	case a.Since == nil:
		f.Value, f.Why = "", "not measured"
		f.Says = []string{"No server has noted yet that it is there."}
	case a.Minutes == 0:
		f.Value, f.Says = "none", []string{"A server was there all the time, as far as a note every minute tells, since " + longDay(date(*a.Since)) + "."}
	default:
		f.Says = []string{"No server noted that it was there: times of more than two minutes without such a note, since " + longDay(date(*a.Since)) + "."}
	}
	if a.DatabaseMinutes > 0 {
		f.Says = append(f.Says, "For "+plural(int(a.DatabaseMinutes), "further minute", "further minutes")+" none reached the database; the gate decided by what it knew last.")
	}
	if a.Decided > 0 {
		f.Says = append(f.Says, fmt.Sprintf("Clients told of %s without the gate, whatever kept them from it: %s by an answer still valid, %s stopped.",
			plural(a.Decided, "decision", "decisions"), Count(a.ByLastAnswer), Count(a.Stopped)))
	}
	return f
}

// micros words a time in microseconds.
func micros(n int64) string {
	switch {
	case n < 1000:
		return Count(int(n)) + " µs"
	case n < 1_000_000:
		return digits(float64(n)/1e3) + " ms"
	default:
		return Span(float64(n) / 1e6)
	}
}

func listCounts(list []gate.Counted, most int) string {
	var words []string
	for i, c := range list {
		if i == most {
			words = append(words, "others")
			break
		}
		words = append(words, fmt.Sprintf("%s (%s)", strings.ReplaceAll(c.Name, "-", " "), Count(c.Count)))
	}
	return strings.Join(words, ", ")
}

// PromiseTable holds the wrong stops of each policy and criterion against what was promised.
func (g Gate) PromiseTable() Table {
	t := Table{Caption: "Wrong stops of the last two years against the promise, by policy", Lines: true, Head: []Head{{Text: "Criterion"}, {Text: "Kept?"}, {Text: "Policy"}, {Text: "Promise"}, {"Services", true}, {"Judged together", true}, {"Stops met", true}, {"Of these wrong", true}, {"Expected at most", true}}}
	for _, c := range g.Board.Promises {
		so := "● kept"
		switch {
		case c.Broken:
			so = "■ broken: it only warns"
		case c.Services == 0:
			so = "○ not judged yet"
		}
		t.Rows = append(t.Rows, []Cell{{Text: criterionTitle(c.Criterion)}, {Text: so}, {Text: c.Policy}, {Text: inYears(c.Promised)}, {Text: Count(c.Services)}, {Text: judged(c.Years)}, {Text: Count(c.Spells)}, {Text: Count(c.Wrong)}, {Text: expected(c.Expected)}})
	}
	return t
}

// judged words how long services were judged, all together.
func judged(f gate.Fraction) string {
	if f.Den == 0 || f.Num == 0 {
		return "—"
	}
	return strings.TrimPrefix(strings.Replace(gate.ServiceYears(f), "service-", "", 1), " ")
}

// expected words a number of events that may be far below one.
func expected(f gate.Fraction) string {
	if f.Den == 0 || f.Num == 0 {
		return "—"
	}
	if v := float64(f.Num) / float64(f.Den); v < 0.95 {
		return strconv.FormatFloat(math.Ceil(v*100)/100, 'f', -1, 64)
	}
	return fraction(f)
}

// HoldTable tells what was waited for.
func (g Gate) HoldTable() Table {
	t := Table{Caption: "Holds by what was awaited", Head: []Head{{Text: "Awaited"}, {"Holds", true}}}
	for _, c := range g.Board.Holds {
		t.Rows = append(t.Rows, []Cell{{Text: criterionTitle(c.Name)}, {Text: Count(c.Count)}})
	}
	return t
}

// CriteriaTable tells what stopped.
func (g Gate) CriteriaTable() Table {
	t := Table{Caption: "Criteria that were not met when something was stopped", Head: []Head{{Text: "Criterion"}, {"Decisions", true}}}
	for _, c := range g.Board.Criteria {
		t.Rows = append(t.Rows, []Cell{{Text: criterionTitle(c.Name)}, {Text: Count(c.Count)}})
	}
	return t
}

// OverrideTable holds what went out by override against everything else.
func (g Gate) OverrideTable() Table {
	t := Table{Caption: "Overrides by category, and how what they let through turned out", Lines: true, Head: []Head{{Text: "Category"}, {"Asked for", true}, {"Used", true}, {"Failed", true}, {"Of", true}, {Text: "True share (95%)"}}}
	between := func(s gate.Share) string {
		if s.Of == 0 {
			return "nothing is known"
		}
		return ppm(s.LowPPM) + " to " + ppm(s.HighPPM)
	}
	for _, o := range g.Board.Overrides {
		t.Rows = append(t.Rows, []Cell{{Text: criterionTitle(o.Category)}, {Text: Count(o.Asked)}, {Text: Count(o.Used)}, {Text: Count(o.Failed.Count)}, {Text: Count(o.Failed.Of)}, {Text: between(o.Failed)}})
	}
	if len(t.Rows) > 0 {
		o := g.Board.Others
		t.Rows = append(t.Rows, []Cell{{Text: "Everything else let through"}, {Text: "—"}, {Text: "—"}, {Text: Count(o.Count)}, {Text: Count(o.Of)}, {Text: between(o)}})
	}
	return t
}
