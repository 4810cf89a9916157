package gate

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"shiphabit/metrics"
)

// Report is how a promotion went, as its pipeline says.
type Report struct {
	// Outcome is succeeded, failed, cancelled (stopped before or while it ran) or skipped (nothing went out).
	Outcome    string    `json:"outcome"`
	StartedAt  time.Time `json:"started_at,omitzero"`
	FinishedAt time.Time `json:"finished_at,omitzero"`
	URL        string    `json:"url,omitempty"`
}

// Outcomes of a report.
const (
	ReportedSuccess   = "succeeded"
	ReportedFailure   = "failed"
	ReportedCancelled = "cancelled"
	ReportedSkipped   = "skipped"
)

// OutcomeWord is the outcome behind a word that a pipeline has for it ("success", "failure"); false when it is none.
func OutcomeWord(word string) (string, bool) {
	switch strings.ToLower(strings.TrimSpace(word)) {
	case "succeeded", "success", "successful", "passed", "ok":
		return ReportedSuccess, true
	case "failed", "failure", "error", "unstable":
		return ReportedFailure, true
	case "cancelled", "canceled", "aborted":
		return ReportedCancelled, true
	case "skipped", "not_built":
		return ReportedSkipped, true
	}
	return "", false
}

// ReportSource is the source of the deployments that pipelines report.
const ReportSource = "gate"

// Deployment is the record of a reported promotion. A decision that let nothing through has none: a step that was stopped must never be
// booked as a failed deployment. Nor has a promotion of which nothing went out.
func (l Logged) Deployment(r Report, now time.Time) (d metrics.Deployment, booked bool, err error) {
	if _, passed := l.Promotion(); !passed {
		return d, false, fmt.Errorf("decision %s says %s: nothing was let through that could have an outcome", l.ID, l.Verdict)
	}
	if r.Outcome == ReportedSkipped {
		return d, false, nil
	}
	asked := l.putIn()
	started, finished := r.times(l.At, now)
	d = metrics.Deployment{
		ID: l.ID, Service: asked.Service, Environment: asked.Environment, Status: metrics.Status(r.Outcome),
		Revision: cmp.Or(asked.Commit, asked.Artifact.Digest, asked.Artifact.Version), Version: asked.Artifact.Version, Digest: asked.Artifact.Digest,
		CreatedAt: l.At, StartedAt: started, FinishedAt: finished, URL: cmp.Or(r.URL, asked.Run.URL), Fixes: fixesOf(l),
	}
	if l.Kind == KindRollback {
		rollback := true
		d.Rollback = &rollback
	}
	if d.Revision == "" {
		return d, false, fmt.Errorf("decision %s names neither a commit nor a digest nor a version: what went out is not known; name one when the gate is asked", l.ID)
	}
	return d, true, nil
}

// putIn is the request as it is booked. A rollback, or a failed deployment that is put in again, is let through for what the record knows
// of the artifact, by its digest or its commit: whatever the request states beside that is left out, for once it stood in the record it
// would bear out a rollback itself.
func (l Logged) putIn() Request {
	asked, known := l.Request, (*Deployed)(nil)
	switch {
	case l.Kind == KindRollback:
		known = putBack(l.Snapshot, asked)
	case l.Kind == KindFix && asked.Change.Kind != KindFix:
		known = l.Snapshot.FailedRun
	}
	if known != nil {
		asked.Commit, asked.Artifact.Digest = known.Revision, known.Digest
	}
	return asked
}

// times are when a reported deployment began and ended. It ran after it was let through and before it was reported; a pipeline whose clock
// says otherwise is not believed: the end is then that of the report, and the beginning is not known.
func (r Report) times(let, now time.Time) (started, finished time.Time) {
	if now.Before(let) { // the decision was made by a server whose clock is ahead of this one's
		now = let
	}
	finished = r.FinishedAt
	if finished.Before(let) || finished.After(now) {
		finished = now
	}
	started = r.StartedAt
	if started.Before(let) || started.After(finished) {
		started = time.Time{}
	}
	return started, finished
}

func fixesOf(l Logged) []string {
	if l.Kind != KindFix {
		return nil
	}
	return l.Request.Change.Fixes
}

// PromotionOutcome is what is known now of what a decision let through.
type PromotionOutcome struct {
	Outcome Outcome `json:"outcome"`
	// Deployment is the rollout it became, "" while none is seen.
	Deployment string `json:"deployment,omitempty"`
	// WatchEndsAt is when its watch is over.
	WatchEndsAt time.Time `json:"watch_ends_at,omitzero"`
	Causes      string    `json:"causes,omitempty"`
	// RollbackHook: a hook is told when the watch ends in failed; Rollback is what it was told, nil while that is nothing.
	RollbackHook bool          `json:"rollback_hook,omitempty"`
	Rollback     *RollbackNote `json:"rollback,omitempty"`
}

// Outcome finds the rollout that a decision let through and says how it stands; granted are the service's probes, which are watched twice as
// long.
func (l Logged) Outcome(f metrics.Facts, p Policy, now time.Time, granted []ProbeGrant) PromotionOutcome {
	h := newHistory(f, p, now.UTC().Truncate(time.Millisecond), granted)
	for i := range h.facts.Rollouts {
		r := &h.facts.Rollouts[i]
		same := sameArtifact(r.Digest, r.Revision, l.Request.Artifact.Digest, l.Request.Commit) || r.ID == ReportSource+"/"+l.ID
		if r.FinishedAt.Before(l.At) || r.FinishedAt.After(h.now) || !strings.EqualFold(r.Environment, l.Request.Environment) || !same {
			continue
		}
		return PromotionOutcome{Outcome: h.outcome(r).Outcome, Deployment: r.ID, WatchEndsAt: h.watchEnd(r).UTC(), Causes: h.causes(r)}
	}
	return PromotionOutcome{Outcome: PendingWatch}
}
