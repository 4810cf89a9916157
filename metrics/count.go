package metrics

import (
	"slices"
	"sort"
	"time"
)

// Reasons for which a record enters a figure not at all, beside those that the facts themselves state.
const (
	leftRedeploy    = "redeploy of the live revision"
	leftUnsuccess   = "its rollout did not succeed"
	leftElsewhere   = "already in production through another environment"
	leftBot         = "authored by a bot, which the definition leaves out"
	leftEarlyChange = "authored after it was deployed"
	leftEarlyEnd    = "recovered before its deployment finished"
	leftEarlyFix    = "resolved before it started"
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
	if !severalEnvironments(f, kind) {
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

func severalEnvironments(f Facts, kind EnvironmentKind) bool {
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
func (c counter) rollouts() []Rollout {
	all := c.facts.Rollouts
	from := sort.Search(len(all), func(i int) bool { return !all[i].FinishedAt.Before(c.query.Window.From) })
	to := from + sort.Search(len(all)-from, func(i int) bool { return !c.query.holds(all[from+i].FinishedAt) })
	return all[from:to]
}

// failures are the causes known at AsOf.
func (c counter) failures(r *Rollout) []Failure {
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
func (c counter) settling(r *Rollout) bool { return c.everSettling || c.query.settles(r.FinishedAt) }

// leadTime is the span from a change's authored time to the first success of its rollout, or the reason why it has none.
func (c counter) leadTime(r *Rollout, change Change) (took time.Duration, reason string) {
	switch {
	case r.SucceededAt.IsZero():
		return 0, leftUnsuccess
	case change.Fault != "":
		return 0, change.Fault
	case change.Bot && c.query.Definition.WithoutBots:
		return 0, leftBot
	case c.first != nil && c.first[shipped{r.Repository, change.SHA}].Before(r.SucceededAt):
		return 0, leftElsewhere
	}
	took = r.SucceededAt.Sub(change.AuthoredAt)
	if took < 0 {
		return 0, leftEarlyChange
	}
	return took, ""
}

// recovery is the span from a failed rollout's finish to its recovery; ended is false while it is open at AsOf.
func (c counter) recovery(r *Rollout) (took time.Duration, ended bool, reason string) {
	if r.Recovery == nil || !c.query.knows(r.Recovery.At) {
		return c.query.AsOf.Sub(r.FinishedAt), false, ""
	}
	took = r.Recovery.At.Sub(r.FinishedAt)
	if took < 0 {
		return 0, false, leftEarlyEnd
	}
	return took, true, ""
}

// incident reports whether an incident belongs to the window: by its start.
func (c counter) incident(i IncidentLink) bool {
	return i.EnvironmentKind == c.query.Kind && c.query.holds(i.StartedAt)
}

// restore is the span from an incident's start to its resolution; ended is false while it is open at AsOf.
func (c counter) restore(i IncidentLink) (took time.Duration, ended bool, reason string) {
	if i.ResolvedAt.IsZero() || !c.query.knows(i.ResolvedAt) {
		return c.query.AsOf.Sub(i.StartedAt), false, ""
	}
	took = i.ResolvedAt.Sub(i.StartedAt)
	if took < 0 {
		return 0, false, leftEarlyFix
	}
	return took, true, ""
}

// add counts the facts of the window into a tally that is being made.
func (c counter) add(t *Tally) {
	rollouts := c.rollouts()
	for i := range rollouts {
		if r := &rollouts[i]; r.EnvironmentKind == c.query.Kind {
			c.addRollout(t, r)
		}
	}
	for _, i := range c.facts.Incidents {
		if c.incident(i) {
			c.addIncident(t, i)
		}
	}
}

// addLeftOut counts the records that the facts leave out, whatever environment they would have been of.
func (c counter) addLeftOut(t *Tally) {
	for _, l := range c.facts.LeftOut {
		if c.query.holds(l.At) {
			count(&t.LeftOut, l.Reason)
		}
	}
}

// addRollout counts a rollout of the window with its changes.
func (c counter) addRollout(t *Tally, r *Rollout) {
	if !r.Counts() {
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
	took, ended, reason := c.recovery(r)
	t.addSpan(&t.Recoveries, span{r.FinishedAt, took, ended, reason})
}

func (c counter) addIncident(t *Tally, i IncidentLink) {
	t.Incidents++
	if i.Confidence == Unattributed {
		t.Unattributed++
	}
	took, ended, reason := c.restore(i)
	t.addSpan(&t.Restores, span{i.StartedAt, took, ended, reason})
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
func (c counter) addChanges(t *Tally, r *Rollout) {
	own := make([]time.Duration, 0, len(r.Changes))
	for _, change := range r.Changes {
		took, reason := c.leadTime(r, change)
		if reason != "" {
			count(&t.LeftOut, reason)
			continue
		}
		own = append(own, took)
		t.addHandoffs(change)
	}
	if len(own) == 0 {
		return
	}
	slices.Sort(own)
	t.LeadTimes.add(own...)
	t.Typical.add(middle(own))
	c.addStages(t, r)
}
