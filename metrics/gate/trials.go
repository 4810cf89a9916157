package gate

import (
	"slices"
	"strings"
	"time"

	"shiphabit/metrics"
)

// history is a service's record as a gate may know it at an instant: nothing that became known later.
type history struct {
	facts metrics.Facts
	now   time.Time
	watch time.Duration
	// verdictsSince is the first health verdict known that tells something, zero when there is none: deployments watched before it had
	// no verdict source to be confirmed by. A watch that never saw the service's signals is no source for it.
	verdictsSince time.Time
	changes       time.Time // when corrections change the record next, or more is told of a rollout, zero when none are known
	probes        []ProbeGrant
	older         *Older // that it shares code with, nil for none
	past          *past  // where it is one of many of the same record, else nil
}

func newHistory(f metrics.Facts, p Policy, now time.Time, granted []ProbeGrant) *history {
	h := &history{facts: f.AsOf(now), now: now, watch: time.Duration(p.WatchSeconds) * time.Second}
	for _, g := range granted {
		if !g.At.After(now) {
			h.probes = append(h.probes, g)
		}
	}
	for i := range h.facts.Rollouts {
		h.hear(&h.facts.Rollouts[i])
	}
	for i := range f.Was {
		h.changeAt(f.Was[i].Until)
		if was := f.Was[i].Rollout; was != nil {
			h.changesOf(was)
		}
	}
	for i := range f.Rollouts {
		h.changesOf(&f.Rollouts[i])
	}
	return h
}

func (h *history) changesOf(r *metrics.Rollout) {
	for _, p := range r.Progress {
		h.changeAt(p.Until)
	}
}

func (h *history) changeAt(at time.Time) {
	if at.After(h.now) && before(at, h.changes) {
		h.changes = at
	}
}

// hear notes a verdict that tells something, where it is the first.
func (h *history) hear(r *metrics.Rollout) {
	if at := toldAt(r); !at.IsZero() && !at.After(h.now) && before(at, h.verdictsSince) {
		h.verdictsSince = at
	}
}

// before tells whether an instant is before another that may not be known.
func before(at, other time.Time) bool { return other.IsZero() || at.Before(other) }

// toldAt is when the first verdict of a rollout was known that says something, zero where none does.
func toldAt(r *metrics.Rollout) time.Time {
	for _, p := range r.Progress {
		if tells(p.Verdict) {
			return p.VerdictSince
		}
	}
	if tells(r.Verdict) {
		return r.VerdictSince
	}
	return time.Time{}
}

func tells(verdict string) bool { return verdict == "healthy" || verdict == "unhealthy" }

// trials are the production rollouts that are no rollback, rework, fix or redeploy, oldest first.
func (h *history) trials() []*metrics.Rollout {
	return slices.DeleteFunc(trialsOf(pointers(h.facts.Rollouts), h.now), func(r *metrics.Rollout) bool { return !planned(r.Kind) })
}

func planned(k metrics.Kind) bool { return k == metrics.Planned || k == metrics.Reapply }

// everPlanned reports whether a rollout was known as a planned one at any time: a retry may say that it is a fix.
func everPlanned(r *metrics.Rollout) bool {
	return planned(r.Kind) || slices.ContainsFunc(r.Progress, func(p metrics.Progress) bool { return planned(p.Kind) })
}

func pointers(rollouts []metrics.Rollout) []*metrics.Rollout {
	all := make([]*metrics.Rollout, len(rollouts))
	for i := range all {
		all[i] = &rollouts[i]
	}
	return all
}

// trialsOf are those among the rollouts of a record that finished by an instant, and those that were trials until more was told of them.
func trialsOf(record []*metrics.Rollout, now time.Time) []*metrics.Rollout {
	trials := make([]*metrics.Rollout, 0, len(record))
	here := environments{}
	for _, r := range record {
		if !r.FinishedAt.After(now) && here.tries(r) {
			trials = append(trials, r)
		}
	}
	return trials
}

// tries goes on to the next rollout and tells whether it is a trial.
func (e *environments) tries(r *metrics.Rollout) bool {
	if r.EnvironmentKind != metrics.Production {
		return false
	}
	in := e.of(r.Environment)
	trial := everPlanned(r) && !sameDigest(r, in.live) && !rerun(r, in.last)
	in.last = r
	if !r.SucceededAt.IsZero() {
		in.live = r
	}
	return trial
}

// environment is how far a walk through the rollouts of one environment has come.
type environment struct {
	name       string
	last, live *metrics.Rollout
}

// environments are few, so a list is searched faster than a map.
type environments []*environment

func (e *environments) of(name string) *environment {
	for _, known := range *e {
		if strings.EqualFold(known.name, name) {
			return known
		}
	}
	fresh := &environment{name: name}
	*e = append(*e, fresh)
	return fresh
}

// sameDigest tells an empty redeploy: the artifact is the live one already.
func sameDigest(r, live *metrics.Rollout) bool {
	return live != nil && r.Digest != "" && strings.EqualFold(r.Digest, live.Digest)
}

// rerun tells that a rollout puts in again what the one before it failed to put in.
func rerun(r, before *metrics.Rollout) bool {
	return before != nil && before.SucceededAt.IsZero() && sameArtifact(r.Digest, r.Revision, before.Digest, before.Revision)
}

// sameArtifact compares by digest where both sides have one, else by revision.
func sameArtifact(digest, revision, otherDigest, otherRevision string) bool {
	if digest != "" && otherDigest != "" {
		return strings.EqualFold(digest, otherDigest)
	}
	return revision != "" && strings.EqualFold(revision, otherRevision)
}

// watchEnd is when a rollout's watch is over: a probe is watched twice as long.
func (h *history) watchEnd(r *metrics.Rollout) time.Time {
	if h.isProbe(r) {
		return r.FinishedAt.Add(2 * h.watch)
	}
	return r.FinishedAt.Add(h.watch)
}

// probeReach is how long after its grant a deployment that names no artifact is still taken for the probe.
const probeReach = 24 * time.Hour

func (h *history) isProbe(r *metrics.Rollout) bool {
	for _, g := range h.probes {
		age := r.FinishedAt.Sub(g.At)
		named := g.Digest != "" || g.Revision != ""
		if age >= 0 && age <= probeReach && strings.EqualFold(g.Environment, r.Environment) &&
			(!named || sameArtifact(r.Digest, r.Revision, g.Digest, g.Revision)) {
			return true
		}
	}
	return false
}

// goodAt is when a rollout's success counts as known if no cause of failure is; false when it never does. What was watched before anything told
// how it does is good when its watch is over, whatever is said of it later.
func (h *history) goodAt(r *metrics.Rollout) (at time.Time, known bool) {
	if r.SucceededAt.IsZero() {
		return time.Time{}, false
	}
	switch end := h.watchEnd(r); {
	case h.verdictsSince.IsZero() || h.verdictsSince.After(end):
		return latest(end, r.KnownAt), true
	case h.verdict(r) == "healthy":
		return latest(end, r.KnownAt, r.VerdictSince), true
	default: // watched without a clear result
		return time.Time{}, false
	}
}

// verdict is the health verdict as far as it is known.
func (h *history) verdict(r *metrics.Rollout) string {
	if r.VerdictSince.After(h.now) {
		return ""
	}
	return r.Verdict
}

// failedAt is the first instant at which a cause of failure was known, zero when none is.
func (h *history) failedAt(r *metrics.Rollout) time.Time {
	var first time.Time
	for _, f := range r.Failures {
		if !f.KnownAt.After(h.now) && (first.IsZero() || f.KnownAt.Before(first)) {
			first = f.KnownAt
		}
	}
	return first
}

// brokeAt is when a rollout that is known to have failed did so, whenever that became known: the earliest of its causes.
func (h *history) brokeAt(r *metrics.Rollout) time.Time {
	var first time.Time
	for _, f := range r.Failures {
		at := f.At
		if at.IsZero() {
			at = f.KnownAt
		}
		if !f.KnownAt.After(h.now) && (first.IsZero() || at.Before(first)) {
			first = at
		}
	}
	return first
}

// outcome is what is known of a trial now.
func (h *history) outcome(r *metrics.Rollout) Trial {
	t := Trial{ID: r.ID, Version: r.Version, At: r.FinishedAt}
	good, known := h.goodAt(r)
	switch failed := h.failedAt(r); {
	case !failed.IsZero():
		t.Outcome, t.KnownAt = Failed, failed
	case known && !good.After(h.now):
		t.Outcome, t.KnownAt, t.Verified = Good, good, h.verdict(r) == "healthy"
	case known || h.now.Before(h.watchEnd(r)):
		t.Outcome, t.KnownAt = PendingWatch, latest(good, h.watchEnd(r))
	default:
		t.Outcome, t.KnownAt = Inconclusive, h.watchEnd(r)
	}
	return t
}

func latest(times ...time.Time) time.Time {
	var last time.Time
	for _, t := range times {
		if t.After(last) {
			last = t
		}
	}
	return last
}
