package metrics

import (
	"slices"
	"sort"
	"time"
)

// timelines hold the rollouts that an incident can be inferred to belong to, by finish.
type timelines struct {
	rollouts []*draft
	earliest []time.Time // the earliest begin from here on: tells where no later rollout can have been running
}

func newTimelines(drafts []*draft) timelines {
	var t timelines
	for _, r := range drafts {
		if r.Kind != Rollback && r.Kind != Redeploy {
			t.rollouts = append(t.rollouts, r)
		}
	}
	t.earliest = make([]time.Time, len(t.rollouts))
	for i, r := range slices.Backward(t.rollouts) {
		t.earliest[i] = r.begin
		if i+1 < len(t.rollouts) && t.earliest[i+1].Before(r.begin) {
			t.earliest[i] = t.earliest[i+1]
		}
	}
	return t
}

// last finds the latest rollout that was running at the instant, else the latest still live that finished within the window before.
func (t timelines) last(at time.Time, window time.Duration, fits func(*draft) bool) (best *draft, running bool) {
	after := sort.Search(len(t.rollouts), func(i int) bool { return t.rollouts[i].FinishedAt.After(at) })
	for i := after; i < len(t.rollouts) && !t.earliest[i].After(at); i++ {
		if r := t.rollouts[i]; !r.begin.After(at) && fits(r) {
			best = r
		}
	}
	if best != nil {
		return best, true
	}
	for _, r := range slices.Backward(t.rollouts[:after]) {
		if at.Sub(r.FinishedAt) > window {
			return nil, false
		}
		if r.liveAt(at) && fits(r) {
			return r, false
		}
	}
	return nil, false
}

// liveAt reports whether the rollout had gone live and no rollback had finished removing it. What fails in the very instant in
// which the rollback finishes was still its doing.
func (r *draft) liveAt(at time.Time) bool {
	if !r.succeeded() {
		return r.FinishedAt.Equal(at) // it was still running then
	}
	return r.goneAt.IsZero() || !at.After(r.goneAt)
}
