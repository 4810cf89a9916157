package gate

import (
	"strings"
	"time"

	"shiphabit/metrics"
)

// Promotion is a decision that let something through: until its outcome is known it counts as a change under way.
type Promotion struct {
	Decision    string    `json:"decision"`
	Environment string    `json:"environment"`
	Digest      string    `json:"digest,omitempty"`
	Revision    string    `json:"revision,omitempty"`
	Version     string    `json:"version,omitempty"`
	At          time.Time `json:"at"`
	ValidUntil  time.Time `json:"valid_until"`
	// Reported: the pipeline has said how it went, or that nothing went out.
	Reported bool `json:"reported,omitempty"`
}

// Promotion is what a logged decision lets through, false when it lets nothing through.
func (l Logged) Promotion() (Promotion, bool) {
	return Promotion{
		Decision: l.ID, Environment: l.Request.Environment, Digest: l.Request.Artifact.Digest, Revision: l.Request.Commit,
		Version: l.Request.Artifact.Version, At: l.Snapshot.Now, ValidUntil: l.ValidUntil,
	}, l.Verdict == Allow || l.Verdict == Warn
}

// FlightReach is how long ago a promotion in flight can have been let through, at most.
func (p Policy) FlightReach() time.Duration { return validFor + 2*seconds(p.WatchSeconds) }

// inFlight finds the newest promotion into the environment whose outcome is not known: neither reported nor seen among the deployments. A
// runner that was killed holds nobody up for longer than the decision was valid and its watch would have lasted.
func (h *history) inFlight(environment string, promotions []Promotion) *Promotion {
	var newest *Promotion
	for i := range promotions {
		p := &promotions[i]
		ends := p.ValidUntil.Add(h.watch)
		open := !p.Reported && strings.EqualFold(p.Environment, environment) && !p.At.After(h.now) && h.now.Before(ends)
		if open && (newest == nil || p.At.After(newest.At)) && !h.arrived(*p) {
			newest = p
		}
	}
	return newest
}

// arrived reports whether a deployment of the promoted artifact is recorded since.
func (h *history) arrived(p Promotion) bool {
	for i := len(h.facts.Rollouts) - 1; i >= 0; i-- {
		r := &h.facts.Rollouts[i]
		if r.FinishedAt.Before(p.At) {
			return false
		}
		if strings.EqualFold(r.Environment, p.Environment) && !r.FinishedAt.After(h.now) && sameArtifact(r.Digest, r.Revision, p.Digest, p.Revision) {
			return true
		}
	}
	return false
}

// underWay is the change that is on its way or watched, and when that ends; a request is never held up by an earlier one for the same
// artifact, which is the same change tried again.
func (s Snapshot) underWay(r Request) (*Deployed, time.Time) {
	if p := s.InFlight; p != nil && !sameArtifact(p.Digest, p.Revision, r.Artifact.Digest, r.Commit) {
		return &Deployed{ID: p.Decision, Revision: p.Revision, Digest: p.Digest, Version: p.Version, FinishedAt: p.At}, p.Ends
	}
	return s.Watching, s.WatchEndsAt
}

// Flight is a promotion in flight as the snapshot keeps it, with the time at which it ceases to count.
type Flight struct {
	Promotion
	Ends time.Time `json:"ends"`
}

// Known is everything that may be known of a service when a decision about it is made.
type Known struct {
	Facts   metrics.Facts
	Service metrics.Service
	Sources []Watermark
	// Granted are probes, Promotions decisions that let something through.
	Granted    []ProbeGrant
	Promotions []Promotion
	Windows    []Window
	// KindOf is what an environment is for by its name, where no record tells; nil goes by the usual names.
	KindOf func(environment string) metrics.EnvironmentKind
	// Override is one that holds now for whoever asks, nil when none does.
	Override *Waiver
	// Demoted are criteria that broke their promise.
	Demoted []Demotion
	// Monitored is what sources of signals showed of the service, in any environment.
	Monitored []Monitored
	// Older is a service with a record that this one shares code with, nil for none that matters to it.
	Older *Older
	// Memory is that of the facts; nil remembers nothing.
	Memory *Memory

	recalled *remembered // where the facts are a brief
	past     *past       // where the facts are a part of what is read once, else nil
}

// clockSkew is how far the clocks of servers over one database may differ.
const clockSkew = time.Minute

// After is the time of a decision by a clock that says now: never before one that was made already, by a server whose clock is a
// little ahead. What that one let through would else not have happened yet.
func (k Known) After(now time.Time) time.Time {
	last := now
	for _, p := range k.Promotions {
		if p.At.After(last) && p.At.Sub(now) <= clockSkew {
			last = p.At
		}
	}
	for _, g := range k.Granted {
		if g.At.After(last) && g.At.Sub(now) <= clockSkew {
			last = g.At
		}
	}
	return last
}
