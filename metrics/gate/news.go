package gate

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"shiphabit/metrics"
)

// News is something about a service that wants somebody's eyes, in the words that its team is told. It is found afterwards, in what is
// stored: no decision waits for it.
type News struct {
	// Key names what happened: whoever has told it once does not tell it again.
	Key     string
	Service string
	// At is when it became known.
	At      time.Time
	Subject string
	Lines   []string
	// Decision is the one that shows it; where a deployment does, the one that let that through, "" where that is not known.
	Decision string
	// Deployment is the one whose watch failed, "" where it is news of something else.
	Deployment string
}

// longestKey bounds the keys of news, which stand in an index of the database.
const longestKey = 200

func keyOf(kind, of string) string {
	if len(of) > longestKey {
		of = digest([]byte(of))
	}
	return kind + " " + of
}

// FailedWatches are the deployments to production whose watch was found after since to have ended in failed. What was not told as it happened,
// such as what is imported, is no news. Each names the decision that let it through, where it was reported for one or one of the promotions fits.
func FailedWatches(f metrics.Facts, promotions []Promotion, since time.Time) []News {
	var all []News
	for i := range f.Rollouts {
		r := &f.Rollouts[i]
		if r.EnvironmentKind != metrics.Production {
			continue
		}
		if failure, found := unhealthySince(r, since); found {
			n := failedWatch(f.Service, r, failure)
			n.Decision = letThrough(r, promotions)
			all = append(all, n)
		}
	}
	return all
}

// unhealthySince is the unhealthy verdict that was given about a rollout after an instant, as it happened.
func unhealthySince(r *metrics.Rollout, since time.Time) (metrics.Failure, bool) {
	at := slices.IndexFunc(r.Failures, func(c metrics.Failure) bool {
		return c.Cause == metrics.CauseVerdict && !c.Assumed && c.At.After(since) && c.KnownAt.After(since)
	})
	if at < 0 {
		return metrics.Failure{}, false
	}
	return r.Failures[at], true
}

func failedWatch(service string, r *metrics.Rollout, f metrics.Failure) News {
	what := name(*deployed(r))
	n := News{
		Key: keyOf("watch", r.ID), Service: service, At: f.KnownAt, Deployment: r.ID, Subject: service + ": the watch of " + what + " in " + r.Environment + " ended in failed",
		Lines: []string{fmt.Sprintf("%s went to %s at %s. Its watch found it unhealthy at %s (%s), so it counts as a failed deployment.",
			what, r.Environment, clock(r.FinishedAt), clock(f.At), f.Evidence)},
	}
	if r.Recovery != nil {
		n.Lines = append(n.Lines, "It has recovered since, at "+clock(r.Recovery.At)+".")
		return n
	}
	n.Lines = append(n.Lines, "It is open until it is repaired. A rollback (--kind rollback) and a fix (--kind fix --fixes "+r.ID+") pass the gate.")
	return n
}

// ofTheChange are criteria that say nothing of how a service does: a freeze is agreed beforehand, the others are about the one change at hand,
// whose pipeline is told.
var ofTheChange = [...]string{"freeze", "test-evidence", "changed-line-coverage", "batch-size"}

// stopping are the reasons why a decision stops its service, rather than this one change.
func (d Decision) stopping() []Reason {
	if d.Verdict != Block {
		return nil
	}
	return slices.DeleteFunc(slices.Clone(d.Reasons), func(r Reason) bool {
		return r.Mode != Enforce || r.Result != Fail || slices.Contains(ofTheChange[:], r.Criterion)
	})
}

// StopsService reports whether a decision stops its service, and not only the change at hand.
func (d Decision) StopsService() bool { return len(d.stopping()) > 0 }

// Follows tells what an earlier decision about a service means for whether a later one that stops it is the first of a spell.
type Follows string

// A spell goes on from a stop, and begins anew after something that the criteria alone let through. A rollback, a fix, a probe, an override, a
// hold and what is of one change alone tell neither.
const (
	GoesOn  Follows = "goes on"
	Begins  Follows = "begins"
	Neither Follows = "neither"
)

// Follows is what this decision means for a later one into an environment.
func (l Logged) Follows(environment string) Follows {
	passed := l.Verdict == Allow || l.Verdict == Warn
	switch {
	case !strings.EqualFold(l.Request.Environment, environment) || l.Kind != KindNormal || l.Damaged != "":
		return Neither
	case l.StopsService():
		return GoesOn
	case passed && !l.Probe && l.Override == "":
		return Begins
	}
	return Neither
}

// Stopped tells of the first stop of a spell; after is the decision that let something through last, "" where none did.
func (l Logged) Stopped(after string) News {
	n := News{
		Key: keyOf("stop", cmp.Or(after, "of "+l.ID)), Service: l.Request.Service, At: l.At, Decision: l.ID,
		Subject: l.Request.Service + ": the gate stops changes to " + l.Request.Environment, Lines: []string{l.answer()},
	}
	for _, r := range l.stopping() {
		if len(r.OpensWhen) > 0 {
			n.Lines = append(n.Lines, "What opens it again ("+r.Criterion+"): "+strings.Join(r.OpensWhen, "; ")+".")
		}
	}
	return n
}

// answer is the sentence of the decision and when it was given: who is told may read it later.
func (l Logged) answer() string { return "At " + clock(l.At) + " the gate answered: " + l.Summary }

// Repairs is the open problem that a decision let a declared fix through for, "" where it did not. It needs the snapshot.
func (l Logged) Repairs() string {
	if !l.DeclaredFix() {
		return ""
	}
	c := fixClaim(l.Snapshot, l.Request)
	if len(c.evidence) == 0 {
		return ""
	}
	return c.evidence[0]
}

// DeclaredFix reports whether it was let through as the fix that it claimed to be.
func (l Logged) DeclaredFix() bool { return l.Kind == KindFix && l.Request.Change.Kind == KindFix }

// FixesSince is when the first fix of the same problem can have been asked for at the earliest: one that is open for longer takes none.
func (l Logged) FixesSince() time.Time { return l.At.Add(-fixReach) }

// DistinctFixes are the declared fixes among decisions that are listed newest first: oldest first, and of each artifact for the same problems
// the first alone, for the same artifact is the same fix, however often it is asked for.
func DistinctFixes(newest []Logged) []Logged {
	var list []Logged
	seen := map[string]bool{}
	for _, l := range slices.Backward(newest) {
		same := strings.Join(append([]string{l.puts()}, l.Request.Change.Fixes...), "\n")
		if l.DeclaredFix() && !seen[same] {
			seen[same] = true
			list = append(list, l)
		}
	}
	return list
}

// SecondFix tells of the second fix of one problem among the distinct fixes of a service, each with its snapshot: false where it had one alone.
func SecondFix(problem string, fixes []Logged) (News, bool) {
	var first *Logged
	for i := range fixes {
		l := &fixes[i]
		switch {
		case problem == "" || l.Repairs() != problem:
		case first == nil:
			first = l
		case l.puts() != first.puts():
			return l.secondAfter(*first, problem), true
		}
	}
	return News{}, false
}

// puts names the artifact of a request as the scoreboard counts it.
func (l Logged) puts() string { return cmp.Or(l.Request.Artifact.Digest, l.Request.Commit, l.ID) }

func (l Logged) secondAfter(first Logged, problem string) News {
	asked := first.Request
	earlier := name(Deployed{ID: first.ID, Version: asked.Artifact.Version, Revision: asked.Commit, Digest: asked.Artifact.Digest})
	return News{
		Key: keyOf("second fix", problem), Service: l.Request.Service, At: l.At, Decision: l.ID,
		Subject: l.Request.Service + ": a second fix of " + problem,
		Lines: []string{
			l.answer(),
			"The first one, " + earlier + ", was let through at " + clock(first.At) + " and the problem is still open.",
			"Nothing is stopped, for a fix always passes. Somebody should look whether the cause is understood.",
		},
	}
}

// Dropped are the criteria that in this decision no more than warn, because they broke their promise, where the policy would have them stop.
// It needs the snapshot and the policy.
func (l Logged) Dropped() []Demotion {
	if len(l.Snapshot.Demoted) == 0 {
		return nil
	}
	p, err := ParsePolicy(l.PolicyDoc)
	if err != nil {
		return nil
	}
	q := question{p, l.Snapshot, l.Request}
	var dropped []Demotion
	for _, c := range p.criteria() {
		i := slices.IndexFunc(l.Snapshot.Demoted, func(d Demotion) bool { return d.Criterion == c.name })
		if i >= 0 && !c.absent && q.mode(c.rule) == Enforce {
			dropped = append(dropped, l.Snapshot.Demoted[i])
		}
	}
	return dropped
}

// OnlyWarns tells that a criterion has dropped to warning. It is one event for all services to which the policy makes that promise.
func (l Logged) OnlyWarns(d Demotion) News {
	n := News{
		Key:     keyOf("only warns", d.Criterion+" of "+l.Policy.Name+", promised once in "+d.Promised.String()),
		Service: l.Request.Service, At: l.At, Decision: l.ID, Subject: l.Request.Service + ": " + d.Criterion + " broke its promise and only warns now",
	}
	for _, r := range l.Reasons {
		if r.Criterion == d.Criterion {
			n.Lines = append(n.Lines, r.Says)
		}
	}
	n.Lines = append(n.Lines,
		"So it is for every service to which the policy "+l.Policy.Name+" makes this promise.",
		"What lets it stop again: a promise that the record keeps is agreed in the policy, or the wrong stops are more than two years old.")
	return n
}
