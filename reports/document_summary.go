package reports

import (
	"fmt"
	"strings"

	"shiphabit/metrics"
)

// The sentences below are made by rules from the figures. A change is said only where the interval of the difference leaves out zero;
// what is not known is said to be so, with what is missing.

// figureSentences are one line for each of the figures that a reader needs first. What is said of the change of several figures is said
// once for all: that none of them moved, or why that cannot be told.
func (b Basis) figureSentences() []string {
	if b.Card.Frequency.Rollouts == 0 {
		return []string{b.frequencySays("")}
	}
	changes := b.changes()
	lines := []string{b.frequencySays(changes.after(0)), b.leadTimeSays(changes.after(1)), b.failRateSays(changes.after(2)), b.recoverySays(changes.after(3))}
	return append(lines, changes.together())
}

// told is what a summary says of the change of one figure.
type told struct {
	Change
	subject   string
	frequency bool
	known     bool // the figure has a value, without which nothing is said of its change
}

// changes are those of the four figures of a summary, against a period.
type changes struct {
	of   [4]told
	than string
}

func (b Basis) changes() changes {
	c := changes{than: b.Period.Than}
	for i, f := range [4]struct{ figure, subject string }{
		{metrics.FigureFrequency, "the typical week"}, {metrics.FigureLeadTime, "the lead time of the typical deployment"},
		{metrics.FigureFailRate, "the fail rate"}, {metrics.FigureRecovery, "recovery time"},
	} {
		c.of[i] = told{b.moved(f.figure), f.subject, f.figure == metrics.FigureFrequency, b.bare(f.figure).Value != nil}
	}
	return c
}

// still tells that the figure was compared and shows no clear change.
func (t told) still() bool { return t.known && t.Says == metrics.NoClearChange }

// untold tells that it could not be compared.
func (t told) untold() bool { return t.known && !t.Claimed && t.Says != metrics.NoClearChange }

func (t told) reason() string { return strings.TrimPrefix(t.Says, "not compared: ") }

func (c changes) count(is func(told) bool) int {
	n := 0
	for _, t := range c.of {
		if is(t) {
			n++
		}
	}
	return n
}

// allStill tells that one line says of all figures that none of them moved.
func (c changes) allStill() bool {
	n := c.count(told.still)
	return n > 1 && n == c.count(func(t told) bool { return t.known })
}

// after is a part of the sentence about a figure: what moved, or that nothing is claimed. Empty where together says it.
func (c changes) after(i int) string {
	switch t := c.of[i]; {
	case t.Claimed && t.frequency && strings.Contains(t.Says, " to "):
		return fmt.Sprintf("; %s %s deployments against %s", t.subject, strings.ReplaceAll(t.Says, " a week", ""), c.than)
	case t.Claimed:
		return fmt.Sprintf("; %s %s against %s", t.subject, t.Says, c.than)
	case t.still() && !c.allStill():
		return "; no clear change against " + c.than
	case t.untold() && c.count(told.untold) == 1:
		return "; whether that changed cannot be told (" + t.reason() + ")"
	}
	return ""
}

// together says what holds for several figures, those with the same reason named together.
func (c changes) together() string {
	if c.allStill() {
		return "None of these figures shows a clear change against " + c.than + "."
	}
	if c.count(told.untold) < 2 {
		return ""
	}
	var reasons []string
	subjects := map[string][]string{}
	for _, t := range c.of {
		if !t.untold() {
			continue
		}
		if subjects[t.reason()] == nil {
			reasons = append(reasons, t.reason())
		}
		subjects[t.reason()] = append(subjects[t.reason()], t.subject)
	}
	var parts []string
	for _, why := range reasons {
		parts = append(parts, inList(subjects[why])+" ("+why+")")
	}
	return "Whether these changed against " + c.than + " cannot be told: " + strings.Join(parts, "; ") + "."
}

// plural2 words a count in the middle of a sentence.
func plural2(n int, one, many string) string {
	if n == 1 {
		return fmt.Sprintf(one, Count(n))
	}
	return fmt.Sprintf(many, Count(n))
}

func (b Basis) frequencySays(change string) string {
	q := b.Card.Frequency
	if q.Rollouts == 0 {
		return "No deployment to production is recorded in " + b.Period.Words() + strings.TrimSuffix(b.soFar(), ",") + b.because(metrics.FigureFrequency) + "."
	}
	says := fmt.Sprintf("From %s%s there %s to production", b.Period.Words(), b.soFar(), plural2(q.Rollouts, "was %s deployment", "were %s deployments"))
	if q.PerWeek == nil {
		return says + ", too few to say how often."
	}
	return says + ", " + fine(*q.PerWeek) + " a week" + change + "."
}

// soFar says how much of a period that is under way has passed, so that nobody takes its part for the whole.
func (b Basis) soFar() string {
	if !b.Period.Open(b.AsOf) {
		return ""
	}
	passed, all := b.Period.Days(b.AsOf)
	return fmt.Sprintf(", so far, %s of %s,", Count(passed), plural(all, "day", "days"))
}

func (b Basis) because(figure string) string {
	if missing := b.missing(figure); missing != "" {
		return " (" + missing + ")"
	}
	return ""
}

func (b Basis) leadTimeSays(change string) string {
	d := b.Card.LeadTime
	if d.Median == nil {
		return "How long a change takes is not known" + b.because(metrics.FigureLeadTime) + "."
	}
	return fmt.Sprintf("Half of the changes were live within %s of being written", leadTimeWords(d)(*d.Median)) + change + "."
}

func (b Basis) failRateSays(change string) string {
	q := b.Card.FailRate
	if q.Value == nil {
		return fmt.Sprintf("How often deployments fail is not known: %s are too few%s.", plural(q.Of, "deployment", "deployments"), b.because(metrics.FigureFailRate))
	}
	m := shareMeasure("", "", q)
	says := fmt.Sprintf("%s of deployments failed (%s of %s)", *m.Value, Count(q.Count), Count(q.Of))
	if m.Coverage != nil {
		says += fmt.Sprintf(", %s interval %s", m.Coverage, ends(string(*m.Low), string(*m.High)))
	}
	return says + change + "."
}

func (b Basis) recoverySays(change string) string {
	s := b.Card.Recovery
	open := ""
	if s.Censored > 0 {
		open = fmt.Sprintf(" %s still open.", plural(s.Censored, "is", "are"))
	}
	switch {
	case s.N == 0:
		return "No failed deployment is known, so recovery is not known either" + b.because(metrics.FigureRecovery) + "."
	case s.State != metrics.OK:
		return fmt.Sprintf("How fast failed deployments recover is not known: %s too few.", plural(s.N, "is", "are")) + open
	case s.Median == nil:
		return fmt.Sprintf("Less than half of %s have recovered.", plural(s.N, "failed deployment", "failed deployments")) + open
	}
	return fmt.Sprintf("Half of the failed deployments had recovered within %s", recoveryWords(s)(*s.Median)) + change + "." + open
}

// summary keeps the lines that say something, at most as many as a summary has.
func summary(lines ...string) []string {
	var out []string
	for _, line := range lines {
		if line != "" && len(out) < SummaryLines {
			out = append(out, line)
		}
	}
	return out
}
