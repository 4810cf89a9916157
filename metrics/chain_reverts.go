package metrics

import (
	"cmp"
	"slices"
)

// judgeReverts recognises a rollout whose commits take back those of an earlier one: rework, and the earlier one failed. A commit
// and its revert that arrive together never were in the environment, and reverting a revert brings work back.
func (c *chain) judgeReverts(r *draft) {
	if c.history == nil || r.Kind == Rollback || r.Kind == Redeploy {
		return
	}
	found := c.revertsIn(r)
	switch {
	case found.ancient || len(found.of) > 0:
		r.Kind, r.undeclared = Rework, Rework
		c.blame(r, found.of)
	case found.restoring > 0 && found.restoring == len(r.Changes) && r.Kind == Planned:
		r.Kind, r.undeclared = Reapply, Reapply
	}
}

// blame marks the rollouts whose commits were taken back; the rework is of the latest of them.
func (c *chain) blame(r *draft, reverted []*draft) {
	for _, of := range reverted {
		r.repairs = append(r.repairs, of)
		if r.of == nil || compareDrafts(of, r.of) > 0 {
			r.of = of
		}
		if r.succeeded() && of.Kind != Rollback {
			at, assumed := r.firstKnown((*attempt).succeeded)
			of.fail(Failure{Cause: CauseRevert, At: r.SucceededAt, KnownAt: at, Assumed: assumed,
				Evidence: r.ID, Confidence: Stated})
		}
	}
}

// revertsFound are the reverts of a range that have an effect.
type revertsFound struct {
	of        []*draft // the earlier rollouts concerned, each once
	ancient   bool     // it takes back something from before anything known
	restoring int      // changes that revert a revert
}

func (c *chain) revertsIn(r *draft) revertsFound {
	var found revertsFound
	reverting := c.reverting(r)
	if len(reverting) == 0 {
		return found
	}
	together := map[node]bool{}
	for _, n := range slices.Concat(r.raw, r.returned) {
		together[n] = true
	}
	undone := map[node]bool{}
	for _, n := range reverting { // later ones first: a revert that is itself reverted here does nothing
		if undone[n] {
			continue
		}
		restores := false
		for _, target := range c.reverts.of[n] {
			switch {
			case together[target]:
				undone[target] = true
			case c.reverts.removes(target):
				restores = true
			case c.inPaths(target) || c.merge(target):
				found.add(c.deliveredBy(target))
			}
		}
		if restores && !c.merge(n) {
			found.restoring++
		}
	}
	return found
}

// reverting lists the commits of a rollout that take back others, highest first.
func (c *chain) reverting(r *draft) []node {
	var out []node
	if len(c.reverts.of) == 0 {
		return nil
	}
	for _, n := range r.raw {
		if len(c.reverts.of[n]) > 0 && (c.merge(n) || c.inPaths(n)) {
			out = append(out, n)
		}
	}
	slices.SortFunc(out, func(a, b node) int {
		return cmp.Or(cmp.Compare(c.height[b], c.height[a]), cmp.Compare(c.names[a], c.names[b]))
	})
	return out
}

func (f *revertsFound) add(by *draft, ancient bool) {
	f.ancient = f.ancient || ancient
	if by != nil && !slices.Contains(f.of, by) {
		f.of = append(f.of, by)
	}
}

// deliveredBy is the rollout that brought a commit first; ancient when it was there before anything known.
func (c *chain) deliveredBy(n node) (by *draft, old bool) {
	switch mark := c.walk.first[n]; mark {
	case unseen:
		return nil, false
	case ancient:
		return nil, true
	default:
		if int(mark) > len(c.live) {
			return nil, false
		}
		return c.live[mark-1], false
	}
}
