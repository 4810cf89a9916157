package demo

import (
	"crypto/sha256"
	"encoding/hex"
	"time"
)

// Promotion is what a pipeline means to put into production. What becomes of it, the gate decides.
type Promotion struct {
	At              time.Time
	Service, Tier   string
	Commit, Version string
	Digest          string
	Commits         int
	// Fails: it breaks the service, if it goes out.
	Fails bool
	// Detected and Restored are when that is noticed, and when the revision before is live again, counted from its finish.
	Detected, Restored time.Duration
	// Urgent: when it is stopped, somebody takes the risk and overrides.
	Urgent bool
}

// gatedFor is how long the pipelines of services other than payments-api have asked the gate.
const gatedFor = 12 * 7 * day

// AsksSince is when a service's pipeline began to ask the gate: that of payments-api two months before the March.
func (o *Organisation) AsksSince(service string) time.Time {
	if service == "payments-api" {
		return o.March.AddDate(0, -2, 0)
	}
	return o.End.Add(-gatedFor)
}

func (t *teller) asks(at time.Time) bool {
	return t.service.gated && !at.Before(t.o.AsksSince(t.service.Name))
}

// promote notes what the pipeline asks the gate to let through.
func (t *teller) promote(at time.Time, commits int) {
	if t.o.Live[t.service.Name] == "" && len(t.live) > 0 {
		t.o.Live[t.service.Name] = t.live[len(t.live)-1]
	}
	sum := sha256.Sum256([]byte(t.service.Name + t.tip))
	t.o.Promotions = append(t.o.Promotions, Promotion{
		At: at.UTC(), Service: t.service.Name, Tier: string(t.service.Tier), Commit: t.tip, Version: t.version(), Digest: "sha256:" + hex.EncodeToString(sum[:]),
		Commits: commits, Fails: t.broken(at), Detected: t.between(3*time.Minute, 9*time.Minute), Restored: t.between(14*time.Minute, 28*time.Minute),
		Urgent: t.urgent(at),
	})
}

// The failures of March: a library leaks connections from the 4th on; the cause is found and mended on the 23rd.
const leaksFrom, mendedOn = 4, 23

// broken tells that what goes out then fails.
func (t *teller) broken(at time.Time) bool {
	if t.service.Name == "payments-api" && !at.Before(t.o.March.AddDate(0, 0, leaksFrom-1)) && at.Before(t.o.March.AddDate(0, 0, mendedOn-1)) {
		return t.happens(0.6)
	}
	return t.fails() && at.Before(t.o.End.AddDate(0, 0, -4))
}

// urgent: on the 18th of the March a deadline does not wait.
func (t *teller) urgent(at time.Time) bool {
	_, month, date := at.Date()
	return t.service.Name == "payments-api" && month == time.March && date >= 18 && date <= 20 && at.After(t.o.March) && at.Before(t.o.March.AddDate(0, 1, 0))
}
