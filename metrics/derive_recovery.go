package metrics

import (
	"cmp"
	"slices"
	"time"
)

// The ways in which a failure ends.
const (
	byRollback = "rollback"
	byFix      = "fix"
	byIncident = "incident resolved"
)

// findRecoveries looks for what ended each failure first: a rollback, a fix, or the end of a linked incident.
func (d *derivation) findRecoveries() {
	causes := d.incidentCauses()
	for _, r := range d.drafts {
		if r.succeeded() {
			d.recoverBy(r, causes)
		}
	}
	for _, c := range d.chains {
		recoverRuns(c.kept())
	}
	for _, l := range d.links {
		if l.rollout != nil && !l.Value.ResolvedAt.IsZero() && d.rules.countsSeverity(l.Value.Severity) {
			l.rollout.recover(l.Value.ResolvedAt, byIncident, l.IncidentLink.ID)
		}
	}
}

// recoverBy notes which failures the success of a rollout ended.
func (d *derivation) recoverBy(r *draft, causes map[string]*draft) {
	ended := slices.Concat(r.takes, r.repairs)
	if r.Kind == Rollback && r.of != nil {
		ended = append(ended, r.of)
	}
	if r.declaredRepair() {
		ended = slices.Concat(ended, d.fixedDeployments(r), r.causesOfIncidents(causes))
	}
	for _, of := range ended {
		of.recover(r.SucceededAt, r.way(), r.ID)
	}
}

func (r *draft) way() string {
	if r.Kind == Rollback {
		return byRollback
	}
	return byFix
}

// recoverRuns ends each failed run with the next success at its place, a redeploy of the old revision included.
func recoverRuns(rollouts []*draft) {
	var next *draft
	for _, r := range slices.Backward(rollouts) {
		if next != nil && slices.ContainsFunc(r.Failures, func(f Failure) bool { return f.Cause == CauseRun }) {
			r.recover(next.SucceededAt, next.way(), next.ID)
		}
		if r.succeeded() {
			next = r
		}
	}
}

// recover notes an end of the failure if it is the earliest so far. An end before the rollout finished, which is an odd record or
// an incident that passed while it ran, gives way to any later one; one before it began is none.
func (r *draft) recover(at time.Time, by, evidence string) {
	if !r.Failed() || at.Before(r.begin) {
		return
	}
	found := &Recovery{At: at, By: by, Evidence: evidence}
	if r.Recovery == nil || r.compareRecoveries(found, r.Recovery) < 0 {
		r.Recovery = found
	}
}

func (r *draft) compareRecoveries(a, b *Recovery) int {
	if early := a.At.Before(r.FinishedAt); early != b.At.Before(r.FinishedAt) {
		if early {
			return 1
		}
		return -1
	}
	return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.By, b.By), cmp.Compare(a.Evidence, b.Evidence))
}
