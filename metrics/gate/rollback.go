package gate

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"shiphabit/metrics"
)

// RollbackState is what became of telling a service's rollback hook that a watch ended in failed.
type RollbackState string

// The states. The hook is told nothing any more in all but the first.
const (
	RollbackWaiting   RollbackState = "waiting"   // to be told, or told again
	RollbackAnswered  RollbackState = "answered"  // it took it
	RollbackRefused   RollbackState = "refused"   // it does not want it
	RollbackGaveUp    RollbackState = "gave up"   // it could not be told while that was of use
	RollbackOvertaken RollbackState = "overtaken" // something else happened before it was told
	RollbackNotAsked  RollbackState = "not asked" // there was nothing to ask it for
)

// RollbackNote is what a service's rollback hook was told of one deployment.
type RollbackNote struct {
	Deployment string        `json:"deployment"`
	State      RollbackState `json:"state"`
	// Says is why, or what was answered last; without secrets.
	Says    string    `json:"says,omitempty"`
	Tries   int       `json:"tries,omitempty"`
	FoundAt time.Time `json:"found_at"`
}

// Words say it in half a sentence.
func (n RollbackNote) Words() string {
	switch n.State {
	case RollbackAnswered:
		return "its rollback hook was told and took it: " + n.Says
	case RollbackRefused:
		return "its rollback hook was told and refused it: " + n.Says
	case RollbackGaveUp:
		return "its rollback hook was not reached: " + n.Says
	case RollbackOvertaken:
		return "its rollback hook is not told any more: " + n.Says
	case RollbackNotAsked:
		return "its rollback hook was not told: " + n.Says
	case RollbackWaiting:
	}
	if n.Tries == 0 && n.Says != "" {
		return "its rollback hook is not told yet: " + n.Says
	}
	if n.Tries > 0 {
		return "its rollback hook is told again (" + tries(n.Tries) + " so far): " + n.Says
	}
	return "its rollback hook is being told"
}

const (
	// RollbackFor is how long after a watch was found to have ended in failed its rollback is still asked for.
	RollbackFor = 15 * time.Minute
	// shortestReach is how long after a deployment a verdict may be about, at least: a source may watch for longer than the policy.
	shortestReach = time.Hour
	// verdictLate is how long after its watch a verdict may become known: what somebody records later is no watch that fails now.
	verdictLate = 15 * time.Minute
)

// FailedWatch is a deployment to production whose watch ended in failed a moment ago.
type FailedWatch struct {
	Service, Environment string
	Failed               Deployed
	// Good is what was good before it, nil where there is nothing to put back; Why tells why it is not to be put back, "" where it is.
	Good *Deployed
	Why  string
	// Passing: what Why tells of may come to nothing, and then it is to be put back after all.
	Passing bool
	// Reason is a sentence; At when it turned unhealthy, KnownAt when that was known.
	Reason      string
	At, KnownAt time.Time
	// Decision let the failed one through, "" where none is known.
	Decision string
}

// FailedJustNow are the watches that were found after since to have ended in failed, no longer ago than anybody would roll back for by
// itself. What is imported, and what somebody records long after the watch, is not among them.
func (k Known) FailedJustNow(p Policy, since, now time.Time) []FailedWatch {
	h := newHistory(k.Facts, p, instant(now), k.Granted)
	var all []FailedWatch
	for i := range h.facts.Rollouts {
		r := &h.facts.Rollouts[i]
		if r.EnvironmentKind != metrics.Production || r.FinishedAt.After(h.now) {
			continue
		}
		f, found := unhealthySince(r, since)
		last := latest(h.watchEnd(r), r.FinishedAt.Add(shortestReach)).Add(verdictLate)
		if !found || f.KnownAt.After(last) || h.now.Sub(f.KnownAt) >= RollbackFor {
			continue
		}
		w := FailedWatch{
			Service: h.facts.Service, Environment: r.Environment, Failed: *deployed(r), At: f.At.UTC(), KnownAt: f.KnownAt.UTC(),
			Decision: letThrough(r, k.Promotions),
		}
		w.Reason = fmt.Sprintf("The watch of %s in %s found it unhealthy at %s (%s).", name(w.Failed), w.Environment, clock(w.At), f.Evidence)
		if w.Why = h.standsAgainst(i); w.Why == "" {
			if w.Good = h.goodBefore(i); w.Good == nil {
				w.Why = "no deployment of another version is recorded that went well here before"
			} else if p := h.inFlight(r.Environment, after(k.Promotions, setOut(r, k.Promotions))); p != nil {
				w.Why, w.Passing = name(Deployed{ID: p.Decision, Version: p.Version, Revision: p.Revision, Digest: p.Digest})+" is on its way here", true
			}
		}
		all = append(all, w)
	}
	return all
}

// standsAgainst says why a rollout whose watch failed is not to be rolled back by itself, "" where nothing does.
func (h *history) standsAgainst(i int) string {
	r := &h.facts.Rollouts[i]
	switch {
	case r.Kind == metrics.Rollback:
		return "it is a rollback itself"
	case r.Recovery != nil:
		return "it has recovered already"
	}
	for j := i + 1; j < len(h.facts.Rollouts); j++ {
		newer := &h.facts.Rollouts[j]
		if strings.EqualFold(newer.Environment, r.Environment) && !newer.FinishedAt.After(h.now) {
			return name(*deployed(newer)) + " was deployed here after it"
		}
	}
	return ""
}

// setOut is when a rollout set out, as far as that is known: when it was let through, or started, or finished.
func setOut(r *metrics.Rollout, promotions []Promotion) time.Time {
	id := letThrough(r, promotions)
	if i := slices.IndexFunc(promotions, func(p Promotion) bool { return p.Decision == id }); i >= 0 {
		return promotions[i].At
	}
	return began(r)
}

// after are those let through later: what was let through before, and never went out, is no newer change.
func after(promotions []Promotion, at time.Time) []Promotion {
	var later []Promotion
	for _, p := range promotions {
		if p.At.After(at) {
			later = append(later, p)
		}
	}
	return later
}

// PutBack is what a rollback would best put back in an environment now: the last deployment of another artifact than the newest one's that
// went well there and that nothing speaks against. Nil where none is known.
func (k Known) PutBack(environment string, p Policy, now time.Time) *Deployed {
	h := newHistory(k.Facts, p, instant(now), nil)
	for i := len(h.facts.Rollouts) - 1; i >= 0; i-- {
		if r := &h.facts.Rollouts[i]; strings.EqualFold(r.Environment, environment) && !r.FinishedAt.After(h.now) {
			return h.goodBefore(i)
		}
	}
	return nil
}

// goodBefore is the last rollout before another one, in its environment, that went well and that nothing speaks against, of another artifact.
// It has a digest or a commit: what else would a pipeline put back?
func (h *history) goodBefore(i int) *Deployed {
	failed := &h.facts.Rollouts[i]
	for j := i - 1; j >= 0; j-- {
		r := &h.facts.Rollouts[j]
		good := !r.SucceededAt.IsZero() && !r.Removed && h.failedAt(r).IsZero() && (r.Digest != "" || r.Revision != "")
		if good && strings.EqualFold(r.Environment, failed.Environment) && !sameArtifact(r.Digest, r.Revision, failed.Digest, failed.Revision) {
			return deployed(r)
		}
	}
	return nil
}

// letThrough is the decision that a rollout was reported for, else the last one before it that let its artifact through.
func letThrough(r *metrics.Rollout, promotions []Promotion) string {
	for _, a := range r.Attempts {
		if id, reported := strings.CutPrefix(a.ID, ReportSource+"/"); reported {
			return id
		}
	}
	var last Promotion
	for _, p := range promotions {
		fits := strings.EqualFold(p.Environment, r.Environment) && sameArtifact(p.Digest, p.Revision, r.Digest, r.Revision)
		if fits && !p.At.After(r.FinishedAt) && !p.At.Before(last.At) {
			last = p
		}
	}
	return last.Decision
}

func tries(n int) string {
	if n == 1 {
		return "1 try"
	}
	return strconv.Itoa(n) + " tries"
}
