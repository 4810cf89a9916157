package metrics

import (
	"slices"
	"sort"
	"time"
)

// counter decides, for one service and query, what counts where. Tally and Explain both ask it, so that they cannot disagree.
// Rollouts are passed by reference only because they are large and many; nothing here changes them.
type counter struct {
	facts Facts
	query Query // complete
	first map[shipped]time.Time
	// everSettling keeps the finish of every rollout of which no failure is known: the tally is made for any AsOf.
	everSettling bool
}

// shipped is a commit of a repository.
type shipped struct{ repository, sha string }

func newCounter(f Facts, q Query) counter {
	return counter{facts: f, query: q, first: firstArrivals(f, q.Kind)}
}

// firstArrivals says when each change first reached an environment of the kind. It is nil for a service with one such
// environment, where derivation lists each change once.
func firstArrivals(f Facts, kind EnvironmentKind) map[shipped]time.Time {
	if !f.SeveralEnvironments(kind) {
		return nil
	}
	first := map[shipped]time.Time{}
	for i := range f.Rollouts {
		r := &f.Rollouts[i]
		if r.EnvironmentKind != kind || r.SucceededAt.IsZero() {
			continue
		}
		for _, c := range r.Changes {
			k := shipped{r.Repository, c.SHA}
			if at, ok := first[k]; !ok || r.SucceededAt.Before(at) {
				first[k] = r.SucceededAt
			}
		}
	}
	return first
}

// SeveralEnvironments reports that rollouts went to more than one environment of a kind. What a rollout counts then depends on
// those before it.
func (f Facts) SeveralEnvironments(kind EnvironmentKind) bool {
	name := ""
	for i := range f.Rollouts {
		r := &f.Rollouts[i]
		if r.EnvironmentKind != kind || r.Environment == name {
			continue
		}
		if name != "" {
			return true
		}
		name = r.Environment
	}
	return false
}

// rollouts are those that finished in the window and are known, of the query's kind of environment. Facts are in order of
// finish, so that a short window of a long history costs little.
func (c *counter) rollouts() []Rollout {
	all := c.facts.Rollouts
	from := sort.Search(len(all), func(i int) bool { return !all[i].FinishedAt.Before(c.query.Window.From) })
	to := from + sort.Search(len(all)-from, func(i int) bool { return !c.query.holds(all[from+i].FinishedAt) })
	return all[from:to]
}

// failures are the causes known at AsOf.
func (c *counter) failures(r *Rollout) []Failure {
	for i, f := range r.Failures {
		if !c.query.knows(f.At) {
			known := slices.Clone(r.Failures[:i])
			for _, f := range r.Failures[i+1:] {
				if c.query.knows(f.At) {
					known = append(known, f)
				}
			}
			return known
		}
	}
	return r.Failures
}

// settling reports that a failure of the rollout may still become known.
func (c *counter) settling(r *Rollout) bool { return c.everSettling || c.query.settles(r.FinishedAt) }

// recovery is the span from a failed rollout's finish to its recovery; ended is false while it is open at AsOf.
func (c *counter) recovery(r *Rollout) (took time.Duration, ended bool, reason string) {
	if r.Recovery == nil || !c.query.knows(r.Recovery.At) {
		return c.query.AsOf.Sub(r.FinishedAt), false, ""
	}
	took = r.Recovery.At.Sub(r.FinishedAt)
	if took < 0 {
		return 0, false, leftEarlyEnd
	}
	return rounded(took, c.query.Definition.Recovery.Rounding), true, ""
}

// add counts the facts of the window into a tally that is being made.
func (c *counter) add(t *Tally) {
	rollouts := c.rollouts()
	for i := range rollouts {
		if r := &rollouts[i]; r.EnvironmentKind == c.query.Kind {
			c.addRollout(t, r)
		}
	}
	if c.query.Definition.recoversByEnd() {
		for r := range c.recovered() {
			c.addRecovery(t, r)
		}
	}
	for _, i := range c.facts.Incidents {
		if i.EnvironmentKind != c.query.Kind {
			continue
		}
		if c.query.holds(i.StartedAt) {
			c.addOpened(t, i)
		}
		if c.holdsSpan(i) {
			c.addRestore(t, i)
		}
	}
}

// addLeftOut counts the records that the facts leave out, whatever environment they would have been of.
func (c *counter) addLeftOut(t *Tally) {
	for _, l := range c.facts.LeftOut {
		if c.query.holds(l.At) {
			count(&t.LeftOut, l.Reason)
		}
	}
}

// addRollout counts a rollout of the window with its changes.
func (c *counter) addRollout(t *Tally, r *Rollout) {
	if !c.query.Definition.counts(r) {
		count(&t.LeftOut, leftRedeploy)
		return
	}
	c.addChanges(t, r)
	c.addWaits(t, r)
	t.Rollouts++
	count(&t.Kinds, r.Kind)
	count(&t.Days, int(dayOf(r.FinishedAt, c.query.Zone)))
	if r.FinishedAt.After(t.LastAt) {
		t.LastAt = r.FinishedAt.UTC()
	}
	if r.Baseline {
		t.Baselines++
	}
	failures := c.failures(r)
	c.addRatio(t, r, failures)
	if len(failures) == 0 {
		if c.settling(r) {
			t.Young = append(t.Young, r.FinishedAt.UTC())
		}
		return
	}
	t.Failed++
	for i, f := range failures {
		if !slices.ContainsFunc(failures[:i], func(o Failure) bool { return o.Cause == f.Cause }) {
			count(&t.Causes, f.Cause)
		}
	}
	if c.query.Definition.Recovery.Of == "" && !c.query.Definition.recoversByEnd() {
		c.addRecovery(t, r)
	}
}

// addRecovery counts how long a failed rollout took to recover.
func (c *counter) addRecovery(t *Tally, r *Rollout) {
	took, ended, reason := c.recovery(r)
	t.addSpan(&t.Recoveries, span{r.FinishedAt, took, ended, reason})
	if ended {
		c.group(t, c.query.Definition.Recovery.Statistic, r.Recovery.At, func(g *Group) { g.Recoveries.add(took) })
	}
}

// addIncident counts an incident, however the window lies, as the default definition does.
func (c *counter) addIncident(t *Tally, i IncidentLink) {
	c.addOpened(t, i)
	c.addRestore(t, i)
}

// addOpened counts an incident as one that began.
func (c *counter) addOpened(t *Tally, i IncidentLink) {
	t.Incidents++
	if i.Confidence == Unattributed && c.query.Definition.Incidents.Blame != blameNone {
		t.Unattributed++
	}
	if c.query.Definition.FailRate.Ratio == ratioOpened {
		c.group(t, c.query.Definition.FailRate.Statistic, i.StartedAt, func(g *Group) { g.Count++ })
	}
}

// addRestore counts how long an incident took to resolve, and as a recovery where incidents are what recovers.
func (c *counter) addRestore(t *Tally, i IncidentLink) {
	took, ended, reason := c.restore(i)
	t.addSpan(&t.Restores, span{i.StartedAt, took, ended, reason})
	statistic := c.query.Definition.Recovery.Statistic
	if ended {
		c.group(t, statistic, i.ResolvedAt, func(g *Group) { g.Restores.add(took) })
	}
	start := i.StartedAt
	switch c.query.Definition.Recovery.Of {
	case ofIncidents:
		if reason != "" {
			return // left out once, not once for each of two figures
		}
	case ofDeployedIncidents:
		start = i.DeployedAt
		took, ended, reason = c.deployedRestore(i)
	default:
		return
	}
	t.addSpan(&t.Recoveries, span{start, took, ended, reason})
	if ended {
		c.group(t, statistic, i.ResolvedAt, func(g *Group) { g.Recoveries.add(took) })
	}
}

// span is one recovery or restore on its way into a tally.
type span struct {
	start  time.Time
	took   time.Duration
	ended  bool
	reason string
}

func (t *Tally) addSpan(to *Spans, s span) {
	switch {
	case s.reason != "":
		count(&t.LeftOut, s.reason)
	case s.ended:
		to.Ended.add(s.took)
	default:
		to.Open = append(to.Open, s.start.UTC())
	}
}

// addChanges counts lead times and their stages.
func (c *counter) addChanges(t *Tally, r *Rollout) {
	own := make([]time.Duration, 0, len(r.Changes))
	for l := range c.leads(r) {
		if l.reason != "" {
			count(&t.LeftOut, l.reason)
			continue
		}
		own = append(own, l.took)
		t.addHandoffs(l.change)
	}
	if len(own) == 0 {
		return
	}
	slices.Sort(own)
	t.LeadTimes.add(own...)
	t.Typical.add(middle(own))
	c.group(t, c.query.Definition.LeadTime.Statistic, r.SucceededAt, func(g *Group) { g.LeadTimes.add(own...) })
	c.addStages(t, r)
}
