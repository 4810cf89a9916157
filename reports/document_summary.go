package reports

import (
	"fmt"
	"slices"
	"strings"

	"shiphabit/metrics"
)

// The sentences below are made by rules from the figures. A change is said only where the interval of the difference leaves out zero;
// what is not known is said to be so, with what is missing.

// figureSentences are one line for each of the figures that a reader needs first. Where none of them moved, one line says so for all.
func (b Basis) figureSentences() []string {
	if b.Card.Frequency.Rollouts == 0 {
		return []string{b.frequencySays("")}
	}
	changes := []string{
		b.change(metrics.FigureFrequency, "the typical week"), b.change(metrics.FigureLeadTime, "the lead time of the typical deployment"),
		b.change(metrics.FigureFailRate, "the fail rate"), b.change(metrics.FigureRecovery, "recovery time"),
	}
	still := "; no clear change against " + b.Period.Than
	all := !slices.ContainsFunc(changes, func(c string) bool { return c != still })
	if all {
		changes = make([]string, len(changes))
	}
	lines := []string{b.frequencySays(changes[0]), b.leadTimeSays(changes[1]), b.failRateSays(changes[2]), b.recoverySays(changes[3])}
	if all {
		lines = append(lines, "None of these figures shows a clear change against "+b.Period.Than+".")
	}
	return lines
}

// change is a part of a sentence: what moved, or that nothing is claimed.
func (b Basis) change(figure, subject string) string {
	says, claimed := b.moved(figure)
	switch {
	case claimed && figure == metrics.FigureFrequency && strings.Contains(says, " to "):
		return fmt.Sprintf("; %s %s deployments against %s", subject, strings.ReplaceAll(says, " a week", ""), b.Period.Than)
	case claimed:
		return fmt.Sprintf("; %s %s against %s", subject, says, b.Period.Than)
	case says == metrics.NoClearChange:
		return "; no clear change against " + b.Period.Than
	default:
		return "; whether that changed cannot be told (" + strings.TrimPrefix(says, "not compared: ") + ")"
	}
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
		return "No deployment to production is recorded in " + b.Period.Words() + b.because(metrics.FigureFrequency) + "."
	}
	says := fmt.Sprintf("From %s there %s to production", b.Period.Words(), plural2(q.Rollouts, "was %s deployment", "were %s deployments"))
	if q.PerWeek == nil {
		return says + ", too few to say how often."
	}
	return says + ", " + fine(*q.PerWeek) + " a week" + change + "."
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
	return fmt.Sprintf("Half of the changes were live within %s of being written", Span(*d.Median)) + change + "."
}

func (b Basis) failRateSays(change string) string {
	q := b.Card.FailRate
	if q.Value == nil {
		return fmt.Sprintf("How often deployments fail is not known: %s are too few%s.", plural(q.Of, "deployment", "deployments"), b.because(metrics.FigureFailRate))
	}
	m := shareMeasure("", "", q)
	says := fmt.Sprintf("%s of deployments failed (%s of %s)", *m.Value, Count(q.Count), Count(q.Of))
	if m.Coverage != nil {
		says += fmt.Sprintf(", %s interval %s to %s", *m.Coverage, *m.Low, *m.High)
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
	return fmt.Sprintf("Half of the failed deployments had recovered within %s", Span(*s.Median)) + change + "." + open
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
