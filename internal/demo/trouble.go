package demo

import (
	"fmt"
	"time"

	"shiphabit/metrics"
)

// spoil tells of a deployment that failed: how it was noticed, and how the failure was ended.
func (t *teller) spoil(d metrics.Deployment) {
	r := t.rhythmAt
	detected := d.FinishedAt.Add(t.about(r.detect, 0.5))
	restored := detected.Add(6*time.Minute + t.about(r.restore, 0.6))
	t.watch(d, "unhealthy")
	loud := t.happens(0.85) || r.watched == 0
	switch {
	case t.happens(r.back) && len(t.live) > 1:
		t.live = t.live[:len(t.live)-1]
		t.deploy("production", restored.Add(-5*time.Minute), func(back *metrics.Deployment) {
			back.Revision, back.Rollback, back.RollbackOf = t.live[len(t.live)-1], new(true), d.ID
			back.Version = "" // what went live before under its own version
		})
	case t.happens(0.15) && loud: // it passes, or somebody turns something off
	default:
		message := "Mend what the last release broke"
		if t.happens(0.3) && t.recent.ID != "" {
			message = fmt.Sprintf("Revert %q\n\nThis reverts commit %s.", t.recent.Message, t.recent.ID)
		}
		t.commit(detected.Add((restored.Sub(detected))/3), message)
		t.planned++
		fix := t.deploy("production", restored.Add(-5*time.Minute), func(fix *metrics.Deployment) { fix.Hotfix, fix.Fixes = new(true), []string{d.ID} })
		t.live = append(t.live, t.tip)
		t.watch(fix, "healthy")
	}
	t.busy = restored.Add(hour)
	if loud {
		t.impair(d, detected, t.busy.Add(-50*time.Minute))
	}
}

// impair tells of the incident that a deployment caused; one that is not over has no end.
func (t *teller) impair(d metrics.Deployment, detected, resolved time.Time) metrics.Incident {
	i := metrics.Incident{
		ID: "incident-" + d.ID, Service: d.Service, Environment: "production", Severity: 2 + t.IntN(3), DetectedBy: "human",
		StartedAt: d.FinishedAt.Add(min(detected.Sub(d.FinishedAt)/2, time.Hour)), DetectedAt: detected, Title: t.service.Name + ": " + t.word(symptoms),
	}
	i.AcknowledgedAt = detected.Add(t.between(time.Minute, 9*time.Minute))
	if t.happens(t.rhythmAt.monitors) {
		i.DetectedBy = "monitor"
	}
	if t.happens(0.5) {
		i.Deployment = Forge + "/" + d.ID
	}
	if !resolved.IsZero() {
		i.ResolvedAt = resolved
		if i.AcknowledgedAt.After(resolved) {
			i.AcknowledgedAt = resolved
		}
	}
	t.o.say(Pager, i)
	if t.service.Name == disputed && !resolved.IsZero() && resolved.Before(t.o.End.AddDate(0, 0, -25)) {
		t.o.Dispute = Dispute{
			Record: metrics.NewEvent(Pager, i).String(), At: resolved.Add(20 * hour),
			Reason: "The supplier of the catalogue had an outage at that time; nothing that we had deployed caused it.",
		}
	}
	return i
}

// disputed is the service of the record that a team knows better about.
const disputed = "catalogue-api"

// openSince is how long before the end the failure began that is not mended yet, or more where that is no working day.
const openSince = 32 * hour

// leaveOpen ends the story of a service with a failure that is not mended yet.
func (t *teller) leaveOpen() {
	at := t.o.End.Add(-openSince)
	for {
		y, m, d := at.In(t.team.zone()).Date()
		if works(time.Date(y, m, d, 0, 0, 0, 0, t.team.zone())) {
			break
		}
		at = at.Add(-day)
	}
	t.planned++
	t.work(at, 4)
	d := t.deploy("production", at, nil)
	t.impair(d, d.FinishedAt.Add(3*hour), time.Time{})
}

var symptoms = []string{"errors above the limit", "slow answers", "orders are missing", "empty pages", "the queue grows"}
