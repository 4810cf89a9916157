package gate

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"shiphabit/metrics"
)

// Text is the policy in words for a terminal: every criterion with what it wants, what it may do and what happens when it
// cannot tell. Modes are those in production.
func (p Policy) Text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "Policy %s, version %d, tier %s\n%s\n", p.Name, p.Version, p.Tier, p.Digest())
	if len(p.Layers) > 0 {
		fmt.Fprintf(&b, "put together from: %s\n", strings.Join(p.Layers, ", "))
	}
	for _, c := range p.criteria() {
		if c.absent {
			fmt.Fprintf(&b, "  %-22s off\n", c.name)
			continue
		}
		fmt.Fprintf(&b, "  %-22s %-8s %s; cannot tell: %s\n", c.name, p.modeIn(metrics.Production, c.rule.Mode), c.kind.promises(), c.rule.OnUnknown)
	}
	for _, kind := range slices.Sorted(maps.Keys(p.Ceilings)) {
		fmt.Fprintf(&b, "In %s environments no criterion does more than %s.\n", kind, p.Ceilings[kind])
	}
	fmt.Fprintf(&b, "A deployment is watched for %s before its outcome counts.\n", span(seconds(p.WatchSeconds)))
	if rule := p.Criteria.FailureMeter; rule.Mode == Enforce {
		fmt.Fprintf(&b, "A blocked meter opens after %s good in a row, at half its line; until then %s a day may go.\n",
			number(rule.GoodInARow), count(int64(rule.ProbesPerDay), "probe"))
	}
	if rule := p.Criteria.FailureMeter; rule.SharedRepository == BeginsHalf && rule.Mode != Off {
		b.WriteString("A new service that shares code with one that is at least 30 days older begins at half its line.\n")
	}
	fmt.Fprintf(&b, "A gate that cannot be reached is %s after %s.\n", p.Unreachable.Then, span(seconds(p.Unreachable.AfterSeconds)))
	if takes := p.Overrides.Takes(); takes != "" {
		fmt.Fprintf(&b, "To override takes %s.\n", takes)
	}
	b.WriteString("A rollback and a fix pass every criterion.\n")
	return b.String()
}
