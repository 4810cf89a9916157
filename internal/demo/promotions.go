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
	// Urgent: when it is stopped, somebody takes the risk and overrides, and it goes well.
	Urgent bool
	// Mend is what ends the failure in place of going back, and its cause for good; nil where the cause is not known yet.
	Mend *Promotion
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
	p := Promotion{At: at.UTC(), Service: t.service.Name, Commits: commits, Detected: t.between(3*time.Minute, 9*time.Minute), Restored: t.between(14*time.Minute, 28*time.Minute)}
	p.Work = t.apart(func() { t.work(at, commits) })
	p.Commit, p.Version, p.Digest = t.tip, t.version(), t.digest()
	p.Fails, p.Urgent = t.broken(at), t.leaks(at, urgentFrom, knownFrom)
	if t.leaks(at, knownFrom, mendedBy) {
		mend := Promotion{At: at.Add(p.Detected + 50*time.Minute).UTC(), Service: p.Service, Commits: 1, Version: p.Version + "-mended"}
		mend.Work = t.apart(func() { t.commit(at.Add(30*time.Minute), "Give connections back to the pool") })
		mend.Commit, mend.Digest = t.tip, t.digest()
		p.Mend = &mend
	}
	t.o.Promotions = append(t.o.Promotions, p)
}

// apart is what is told meanwhile, which is not told among the other events.
func (t *teller) apart(tell func()) []metrics.Event {
	var told []metrics.Event
	t.o.aside = &told
	tell()
	t.o.aside = nil
	return told
}

// digest names what is built from the newest commit.
func (t *teller) digest() string {
	sum := sha256.Sum256([]byte(t.service.Name + t.tip))
	return "sha256:" + hex.EncodeToString(sum[:])
}

// The March of payments-api, by days of the month: a library leaks connections from the 4th on, so that two of three deployments fail and
// from the 10th on all of them; a deadline does not wait from the 16th on; the cause is known from the 19th on, and mended before the 26th.
const leaksFrom, worseFrom, urgentFrom, knownFrom, mendedBy = 4, 10, 16, 19, 26

// leaks tells that an instant lies between two days of that March, and the service is payments-api.
func (t *teller) leaks(at time.Time, from, to int) bool {
	first := t.o.March.AddDate(0, 0, -1)
	return t.service.Name == "payments-api" && !at.Before(first.AddDate(0, 0, from)) && at.Before(first.AddDate(0, 0, to))
}

// broken tells that what goes out then fails; in the month after that March nothing does.
func (t *teller) broken(at time.Time) bool {
	switch {
	case t.leaks(at, leaksFrom, worseFrom):
		return t.planned%3 != 0
	case t.leaks(at, worseFrom, mendedBy):
		return true
	case t.leaks(at, mendedBy, mendedBy+30):
		return false
	}
	return t.fails() && at.Before(t.o.End.AddDate(0, 0, -4))
}
