package demo

import (
	"crypto/sha256"
	"encoding/hex"
	"time"

	"shiphabit/metrics"
)

// Promotion is what a pipeline means to put into production. What becomes of it, the gate decides.
type Promotion struct {
	At              time.Time
	Service         string
	Commit, Version string
	Digest          string
	Commits         int
	// Work are the events of the commits and pull requests that it brings.
	Work []metrics.Event
	// Fails: it breaks the service, if it goes out.
	Fails bool
	// Detected and Restored are when that is noticed, and when the revision before is live again, counted from its finish.
	Detected, Restored time.Duration
	// Urgent: when it is stopped, somebody takes the risk and overrides.
	Urgent bool
}

// gatedFor is how long the pipelines of services other than payments-api have asked the gate.
const gatedFor = 6 * 7 * day

// AsksSince is when a service's pipeline began to ask the gate: that of payments-api two months before the March.
func (o *Organisation) AsksSince(service string) time.Time {
	if service == "payments-api" {
		return o.March.AddDate(0, -2, 0)
	}
	return o.End.Add(-gatedFor)
}

// begins is when the service was first deployed: payments-api three months before its pipeline asks the gate, so that it has a record.
func (t *teller) begins() time.Time {
	if t.service.Name == "payments-api" {
		return t.o.AsksSince("payments-api").AddDate(0, -3, 0)
	}
	return t.o.Start
}

func (t *teller) asks(at time.Time) bool {
	return t.service.gated && !at.Before(t.o.AsksSince(t.service.Name))
}

// promote notes what the pipeline asks the gate to let through.
func (t *teller) promote(at time.Time, commits int) {
	if t.o.Live[t.service.Name] == "" && len(t.live) > 0 {
		t.o.Live[t.service.Name] = t.live[len(t.live)-1]
	}
	var work []metrics.Event
	t.o.aside = &work
	t.work(at, commits)
	t.o.aside = nil
	sum := sha256.Sum256([]byte(t.service.Name + t.tip))
	t.o.Promotions = append(t.o.Promotions, Promotion{
		At: at.UTC(), Service: t.service.Name, Commit: t.tip, Version: t.version(), Digest: "sha256:" + hex.EncodeToString(sum[:]),
		Commits: commits, Work: work, Fails: t.broken(at), Detected: t.between(3*time.Minute, 9*time.Minute), Restored: t.between(14*time.Minute, 28*time.Minute),
		Urgent: t.urgent(at),
	})
}

// The failures of March: a library leaks connections from the 4th on; the cause is found and mended on the 23rd.
const leaksFrom, mendedOn = 4, 23

// leaks tells that an instant lies in the bad weeks of payments-api.
func (t *teller) leaks(at time.Time) bool {
	from, to := t.o.March.AddDate(0, 0, leaksFrom-1), t.o.March.AddDate(0, 0, mendedOn-1)
	return t.service.Name == "payments-api" && !at.Before(from) && at.Before(to)
}

// broken tells that what goes out then fails: two of three in the first of the bad weeks, everything in the others but what is urgent, and
// nothing in the month after them.
func (t *teller) broken(at time.Time) bool {
	switch {
	case t.leaks(at):
		first := at.Before(t.o.March.AddDate(0, 0, leaksFrom+6))
		return (t.planned%3 != 0 || !first) && !t.urgent(at)
	case t.service.Name == "payments-api" && at.After(t.o.March) && at.Before(t.o.March.AddDate(0, 2, 0)):
		return false
	}
	return t.fails() && at.Before(t.o.End.AddDate(0, 0, -4))
}

// urgent: from the 18th of the March on a deadline does not wait.
func (t *teller) urgent(at time.Time) bool {
	return t.leaks(at) && !at.Before(t.o.March.AddDate(0, 0, 17))
}
