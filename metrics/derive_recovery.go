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

// recover notes an end of the failure if it is the earliest so far. What ended before the rollout began did not end its failure.
func (r *draft) recover(at time.Time, by, evidence string) {
	if !r.Failed() || at.Before(r.begin) {
		return
	}
	better := r.Recovery == nil || cmp.Or(at.Compare(r.Recovery.At), cmp.Compare(by, r.Recovery.By), cmp.Compare(evidence, r.Recovery.Evidence)) < 0
	if better {
		r.Recovery = &Recovery{At: at, By: by, Evidence: evidence}
	}
}
