package metrics

import (
	"slices"
	"time"
)

// chain is the succession of rollouts at one place: a service's environment and repository. It is walked once, in the order in
// which the rollouts went live or failed to.
type chain struct {
	of *derivation
	place
	*history // nil when no commits of the repository are known
	rollouts []*draft

	done      int            // rollouts walked so far
	live      []*draft       // the successes among them
	firstLive map[string]int // identity → index in live of its first and last success
	lastLive  map[string]int
	walk      *walk
	branches  *branches // in place of the walk where pull requests are known and commits are not
}

func (c *chain) run() {
	c.firstLive, c.lastLive = map[string]int{}, map[string]int{}
	for _, r := range c.rollouts {
		c.readStatedCommits(r)
	}
	if c.history != nil {
		if !c.hasCommits && len(c.requests.all) > 0 {
			c.branches = newBranches(c.requests)
		}
		c.walk = newWalk(c.history)
	}
	for i, r := range c.rollouts {
		c.done = i
		c.judge(r)
		c.collect(r)
		if c.unchanged(r) {
			c.drop(r, leftUnchanged)
			continue
		}
		c.judgeReverts(r)
		if r.succeeded() {
			c.goLive(r)
		}
	}
}

func (c *chain) goLive(r *draft) {
	if r.Kind == Rollback {
		c.takeDown(r)
	}
	if _, seen := c.firstLive[r.identity]; !seen {
		c.firstLive[r.identity] = len(c.live)
	}
	c.lastLive[r.identity] = len(c.live)
	c.live = append(c.live, r)
}

// unchanged reports whether the rollout of a monorepo leaves this service as it was.
func (c *chain) unchanged(r *draft) bool {
	return c.of.rules.SkipUnchanged && len(c.of.service.Paths) > 0 && c.walk != nil && r.Kind == Planned && !r.declaredRepair() &&
		!r.Baseline && r.node != none && len(r.Changes) == 0 && len(r.Reapplied) == 0
}

func (c *chain) drop(r *draft, reason string) {
	r.dropped = reason
	for _, a := range r.attempts {
		c.of.leaveOut(a.Key, a.Value.FinishedAt, reason)
	}
}

// kept are the rollouts that count or are shown.
func (c *chain) kept() []*draft {
	out := make([]*draft, 0, len(c.rollouts))
	for _, r := range c.rollouts {
		if r.dropped == "" {
			out = append(out, r)
		}
	}
	return out
}

// judge tells by statement and by content what a rollout was for.
func (c *chain) judge(r *draft) {
	kind, of := c.byContent(r)
	r.undeclared = kind
	if stated, is := c.statedRollback(r); is {
		r.Kind, r.of = Rollback, stated
		return
	}
	if r.Kind, r.of = kind, of; kind == Planned && r.declaredRepair() {
		r.Kind = Rework
	}
}

// byContent tells what it was for by what was live before, whatever its source says.
func (c *chain) byContent(r *draft) (kind Kind, of *draft) {
	before, seen := c.firstLive[r.identity]
	if !seen {
		return Planned, nil
	}
	live := c.liveOf(r)
	switch {
	case live.identity == r.identity:
		return Redeploy, original(live)
	case before < c.firstLive[live.identity]:
		return Rollback, original(live)
	default:
		return Reapply, original(c.live[c.lastLive[r.identity]])
	}
}

// statedRollback reads what the source says: the rollout that was replaced, or else the latest one of another revision since the
// one that is put back was live itself. Where that is live still, what was rolled back never counted: it was called off.
func (c *chain) statedRollback(r *draft) (of *draft, stated bool) {
	for _, a := range r.attempts {
		stated = stated || a.rollsBack()
		if target := c.of.references.find(a.Source, a.Value.RollbackOf); target != nil && of == nil && compareDrafts(target, r) < 0 {
			of = original(target)
		}
	}
	if !stated || of != nil {
		return of, stated
	}
	for _, before := range slices.Backward(c.rollouts[:c.done]) {
		switch {
		case before.dropped != "":
		case before.identity == r.identity && before.succeeded():
			return nil, true
		case before.identity != r.identity && before.Kind != Redeploy:
			return before, true
		}
	}
	return nil, true
}

// original is the rollout that a redeploy repeats, or the rollout itself.
func original(r *draft) *draft {
	if r.Kind == Redeploy && r.of != nil {
		return r.of
	}
	return r
}

// liveOf is the last success in the rollout's release line: the revisions that are its ancestors or descendants. A back-port
// after a newer release lies on another line and replaces nothing there. Where ancestry is not known the place is one line.
func (c *chain) liveOf(r *draft) *draft {
	last := c.lastLive[r.identity]
	for i := len(c.live) - 1; i > last; i-- {
		if c.sameLine(r, c.live[i]) {
			return c.live[i]
		}
	}
	return c.live[last]
}

func (c *chain) sameLine(a, b *draft) bool {
	return a.node == none || b.node == none || !c.line.apart(a.node, b.node)
}

// takeDown marks what a rollback took out of service: the replaced rollout and those between, which were merely removed.
func (c *chain) takeDown(r *draft) {
	if r.of == nil {
		return
	}
	gone := c.takenDown(r)
	for _, between := range c.between(r) {
		if between == r.of || between.Kind == Rollback || between.Kind == Redeploy || !between.goneAt.IsZero() || !gone(between) {
			continue
		}
		between.Removed = true
		between.remove(r, r.SucceededAt)
	}
	r.of.remove(r, r.SucceededAt)
}

func (r *draft) remove(by *draft, at time.Time) {
	r.goneAt = cmpTime(r.goneAt, at)
	by.takes = append(by.takes, r)
}

// confidence is stated when the source calls the rollout a rollback, a hotfix or a fix itself.
func (r *draft) confidence() Confidence {
	if r.declared() {
		return Stated
	}
	return Inferred
}

func (r *draft) declared() bool { return slices.ContainsFunc(r.attempts, (*attempt).declares) }

func (a *attempt) declares() bool { return a.rollsBack() || a.repairs() }

func (a *attempt) rollsBack() bool {
	return a.Value.Rollback != nil && *a.Value.Rollback || a.Value.RollbackOf != ""
}

// between are the successes since the revision that a rollback puts back was last live.
func (c *chain) between(r *draft) []*draft {
	if last, seen := c.lastLive[r.identity]; seen {
		return c.live[last+1:]
	}
	return nil
}

// takenDown tells which rollouts' commits a rollback removes, and notes them as gone until something brings them back.
func (c *chain) takenDown(r *draft) func(*draft) bool {
	if c.walk == nil || r.node == none || r.of.node == none || r.of.Repository != r.Repository { // whose history is another
		return func(*draft) bool { return true }
	}
	removed := map[node]bool{}
	for _, n := range c.line.between(r.node, r.of.node) {
		removed[n] = true
		c.walk.gone[n] = c.walk.first[n] != unseen
	}
	return func(d *draft) bool { return d.node == none || removed[d.node] }
}

// declaredRepair reports whether the source calls the rollout a hotfix or names what it fixes.
func (r *draft) declaredRepair() bool {
	return slices.ContainsFunc(r.attempts, (*attempt).repairs)
}

func (a *attempt) repairs() bool {
	return a.Value.Hotfix != nil && *a.Value.Hotfix || len(a.Value.Fixes) > 0
}
