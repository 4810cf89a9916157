package gate

import (
	"fmt"
	"slices"
	"strings"
)

// refuse notes what keeps the criterion from its next step.
func (g *Graduation) refuse(p Policy, idle string) {
	if g.Decisions < g.Needed {
		g.miss("%d of %d decisions observed", g.Decisions, g.Needed)
	}
	if r := g.Promise; r != nil && r.Agreement == PromiseContradicted {
		g.miss("the backtest's wrong stops exceed the promise: %s in %s, where one in %s is promised; chance does not explain so many (exact Poisson test, 5 %%)",
			times(r.Wrong), together(r.Years), inYears(r.Promised.decimal()))
	}
	if g.Decisions >= g.Needed && 2*g.WouldStop > g.Decisions {
		g.miss("in force it would have stopped %d of %d, more than half: find out why first", g.WouldStop, g.Decisions)
	}
	if g.Next != Enforce {
		return
	}
	p.Criteria.rules()[g.Criterion].Mode = Enforce
	for _, fault := range p.Validate() {
		g.miss("the policy would be refused: %s", fault)
	}
	if idle != "" {
		g.miss("%s", idle)
	}
}

// rest notes that a service is deployed so seldom that lint would refuse the criterion in force; the first one is named.
func (t *graduationTally) rest(p Policy, r judgedRecord) {
	if t.Criterion != "failure-meter" || t.Next != Enforce || t.idle != "" {
		return
	}
	meter, _ := r.history.foldMeter(p.Criteria.FailureMeter, r.history.metered())
	if why := p.Criteria.FailureMeter.idleAt(max(1, meter.Volume)); why != "" {
		t.idle = "lint would refuse it for " + r.Facts.Service + ": " + why
	}
}

func (g *Graduation) miss(format string, args ...any) {
	g.Missing = append(g.Missing, fmt.Sprintf(format, args...))
}

// together notes that a ceiling holds other criteria back as well: raising it moves them all, so that each must be ready by itself. One
// that never had a case stands in nobody's way: what it would do nobody knows, and it may be years until it does.
func (g *Graduation) together(p Policy, list []Graduation, ready map[string]bool) {
	if !slices.Contains(g.Changes, PolicyChange{ceilingKey, string(g.Next)}) {
		return
	}
	var unready []string
	for _, c := range p.criteria() {
		held := !c.absent && c.name != g.Criterion && p.modeOf(c.name) == g.Mode && AtMost(g.Next, c.rule.Mode) == g.Next
		if !held {
			continue
		}
		also := c.name
		if i := slices.IndexFunc(list, func(one Graduation) bool { return one.Criterion == c.name }); i >= 0 && list[i].NoCase {
			also += " (it never had a case)"
		}
		g.also = append(g.also, also)
		if is, judged := ready[c.name]; judged && !is {
			unready = append(unready, c.name)
		}
	}
	if len(unready) > 0 {
		g.miss("%s moves others with it, and these are not ready: %s", ceilingKey, strings.Join(unready, ", "))
	}
}

// says is the evidence in sentences.
func (g *Graduation) says() []string {
	all := []string{fmt.Sprintf("It judged %s in this mode and with these values, each artifact counted once.", count(int64(g.Decisions), "decision"))}
	switch {
	case g.Decisions == 0:
		all[0] = "It has judged no decision yet in this mode and with these values."
	case g.WouldStop == 0:
		all = append(all, "In force it would have stopped none of them.")
	default:
		all = append(all, fmt.Sprintf("In force it would have stopped %s of them: %s.", number(g.WouldStop), g.fates()))
	}
	if len(g.also) > 0 {
		all = append(all, fmt.Sprintf("%s holds it back, and others with it, which would move as well: %s.", ceilingKey, strings.Join(g.also, ", ")))
	}
	switch {
	case g.Criterion == "own-usual":
		all = append(all, "What it promises is about warnings, and nobody records whether a warning was right: that is not tested.")
	case g.Promise == nil:
		all = append(all, "It promises nothing, so the counts are all that can be said.")
	default:
		all = append(all, g.Promise.says()...)
	}
	return all
}

func (g *Graduation) fates() string {
	var parts []string
	for _, part := range []struct {
		n     int
		words string
	}{{g.Failed, "failed later"}, {g.Fine, "turned out fine"}, {g.Undecided, "went out with an outcome that is not known, or not at all"}} {
		if part.n > 0 {
			parts = append(parts, number(part.n)+" "+part.words)
		}
	}
	return strings.Join(parts, ", ")
}

// says is what the whole record shows of the promise, and what it does not.
func (r *PromiseRecord) says() []string {
	promised := "once in " + inYears(r.Promised.decimal())
	if r.Agreement == PromiseNotTested {
		return []string{fmt.Sprintf("Promised is a wrong stop at most %s. That cannot be tested here: nothing was counted, or so much fails that a stop may well be right.", promised)}
	}
	all := []string{fmt.Sprintf("Promised is a wrong stop at most %s. The backtest of %s finds %s, where at most %s are expected.",
		promised, together(r.Years), countOrNone(r.Wrong, "wrong stop"), r.Expected.Rat().FloatString(2))}
	switch r.Agreement {
	case PromiseContradicted:
		return append(all, "That breaks the promise: chance does not explain so many (exact Poisson test, 5 %).")
	case PromiseShown:
		return append(all, fmt.Sprintf("That shows the promise to be kept: with 95 %% certainty there is no more than one in %s.", yearsOrDays(r.AtWorst)))
	default:
		return append(all, fmt.Sprintf("That does not contradict it, and is too little to show it: with 95 %% certainty there is no more than one in %s. To show it would take %s service-years without another one.",
			yearsOrDays(r.AtWorst), r.NeedsYears.Rat().FloatString(1)))
	}
}

// together words how long services are recorded, all together.
func together(f Fraction) string {
	if words := ServiceYears(f); words != "1 service-years" {
		return words
	}
	return "1 service-year"
}

// yearsOrDays words a time in years, in days below one.
func yearsOrDays(f Fraction) string {
	if f.Num < f.Den {
		return count(f.Num*daysOfYear/f.Den, "day")
	}
	return inYears(f.decimal())
}

func countOrNone(n int, noun string) string {
	if n == 0 {
		return "no " + noun
	}
	return count(int64(n), noun)
}

// Word says whether it is proposed: "proposed" or "not yet".
func (g Graduation) Word() string {
	if g.Ready {
		return "proposed"
	}
	return "not yet"
}

// Text is the step for a terminal.
func (g Graduation) Text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s -> %s, %s\n", g.Criterion, g.Mode, g.Next, g.Word())
	for _, why := range g.Missing {
		fmt.Fprintf(&b, "  missing: %s\n", why)
	}
	for _, says := range g.Says {
		fmt.Fprintf(&b, "  %s\n", says)
	}
	return b.String()
}
