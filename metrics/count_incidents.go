package metrics

import (
	"iter"
	"slices"
	"time"
)

// holdsSpan reports whether an incident's span belongs to the window: by its start, or by its end where the definition says so.
func (c *counter) holdsSpan(i IncidentLink) bool {
	if c.query.Definition.Recovery.In == byResolution {
		return !i.ResolvedAt.IsZero() && c.query.holds(i.ResolvedAt)
	}
	return c.query.holds(i.StartedAt)
}

// restore is the span from an incident's start to its resolution; ended is false while it is open at AsOf.
func (c *counter) restore(i IncidentLink) (took time.Duration, ended bool, reason string) {
	if !c.resolved(i) {
		return c.query.AsOf.Sub(i.StartedAt), false, ""
	}
	took = i.ResolvedAt.Sub(i.StartedAt)
	if took < 0 {
		return 0, false, leftEarlyFix
	}
	return rounded(took, c.query.Definition.Recovery.Rounding), true, ""
}

// deployedRestore is the span from the finish of the deployment to blame.
func (c *counter) deployedRestore(i IncidentLink) (took time.Duration, ended bool, reason string) {
	switch {
	case i.DeployedAt.IsZero():
		return 0, false, leftUnblamed
	case !c.resolved(i):
		return c.query.AsOf.Sub(i.DeployedAt), false, ""
	}
	took = i.ResolvedAt.Sub(i.DeployedAt)
	if took < 0 {
		return 0, false, leftEarlyBlamed
	}
	return rounded(took, c.query.Definition.Recovery.Rounding), true, ""
}

func (c *counter) resolved(i IncidentLink) bool {
	return !i.ResolvedAt.IsZero() && c.query.knows(i.ResolvedAt)
}

// recoversByEnd reports that failed rollouts belong to the window in which they recovered.
func (d Definition) recoversByEnd() bool { return d.Recovery.Of == "" && d.Recovery.In == byResolution }

// recovered are the failed rollouts that recovered in the window, whenever they finished.
func (c *counter) recovered() iter.Seq[*Rollout] {
	return func(yield func(*Rollout) bool) {
		for i := range c.facts.Rollouts {
			r := &c.facts.Rollouts[i]
			if r.EnvironmentKind != c.query.Kind || !c.query.Definition.counts(r) || len(c.failures(r)) == 0 || r.Recovery == nil {
				continue
			}
			if c.query.holds(r.Recovery.At) && !yield(r) {
				return
			}
		}
	}
}

// addRatio counts what a ratio other than failed ÷ all takes from a deployment.
func (c *counter) addRatio(t *Tally, r *Rollout, failures []Failure) {
	rules := c.query.Definition.FailRate
	if rules == (FailRateRules{}) {
		return
	}
	known, of := !r.RevisionAt.IsZero(), 1
	if known {
		t.Known++
	}
	linked := incidentsAmong(failures)
	t.Linked += linked
	if rules.Of == ofKnownRevision && !known {
		of = 0
	}
	n := 0
	switch {
	case rules.Ratio == ratioLinked:
		n = linked
	case rules.Ratio == "" && len(failures) > 0:
		n = of
	}
	if rules.Ratio == "" && len(failures) > 0 && known {
		t.KnownFailed++
	}
	c.group(t, rules.Statistic, r.FinishedAt, func(g *Group) { g.Count, g.Of = g.Count+n, g.Of+of })
}

// incidentsAmong counts the distinct incidents among causes.
func incidentsAmong(failures []Failure) int {
	n := 0
	for i, f := range failures {
		if f.Cause == CauseIncident && !slices.ContainsFunc(failures[:i], f.same) {
			n++
		}
	}
	return n
}
