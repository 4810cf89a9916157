package gate

import "strings"

// Remains is what still stands of a decision whose text cannot be read any more: what l has of it, and why the rest is lost. It reads as what
// it is wherever decisions are listed; it is never judged again, tells nobody any news, and declares nothing. What it let through counts as
// on its way for as long as any decision is valid: what it was is not known, so that nothing can be seen to have arrived.
func Remains(l Logged, lost string) Logged {
	l.Damaged = lost
	if l.Kind == "" {
		l.Kind = KindNormal
	}
	l.WouldBe, l.Snapshot.Now = l.Verdict, l.At
	l.Summary = "What was decided is lost but for this line: " + strings.TrimSuffix(lost, ".") + "."
	if _, passed := l.Promotion(); passed {
		l.ValidUntil = l.At.Add(validFor)
	}
	return l
}
