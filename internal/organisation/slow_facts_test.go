package organisation_test

import (
	"cmp"
	"maps"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"shiphabit/metrics"
)

// What follows reads events by the written definitions a second time, the slow way: nothing is shared with the product but the
// records that events hold. It knows what a made-up organisation can state, and no more.

// records are what the events of one service state.
type records struct {
	deployments map[string]metrics.Deployment // by "source/id"
	commits     map[string]metrics.Commit
	requests    []metrics.PullRequest
	incidents   map[string]metrics.Incident
	verdicts    []metrics.Verdict
	approvals   []metrics.Approval
}

func read(t *testing.T, events []metrics.Event) records {
	t.Helper()
	r := records{deployments: map[string]metrics.Deployment{}, commits: map[string]metrics.Commit{}, incidents: map[string]metrics.Incident{}}
	for _, e := range events {
		var err error
		switch name := e.Source + "/" + e.ID; e.Type {
		case metrics.TypeDeployment:
			r.deployments[name], err = e.Deployment()
		case metrics.TypeCommit:
			r.commits[e.ID], err = e.Commit()
		case metrics.TypePullRequest:
			var p metrics.PullRequest
			p, err = e.PullRequest()
			r.requests = append(r.requests, p)
		case metrics.TypeIncident:
			r.incidents[name], err = e.Incident()
		case metrics.TypeVerdict:
			var v metrics.Verdict
			v, err = e.Verdict()
			r.verdicts = append(r.verdicts, v)
		case metrics.TypeApproval:
			var a metrics.Approval
			a, err = e.Approval()
			r.approvals = append(r.approvals, a)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return r
}

// slowRollout is a group of attempts, and what is known of it.
type slowRollout struct {
	attempts  []string
	place     string // environment
	team      string // that owns the service
	approvals []metrics.Approval
	revision  string
	started   time.Time
	finished  time.Time
	succeeded time.Time // zero: never
	last      metrics.Status
	rollback  bool // stated
	hotfix    bool // stated
	fixes     []string
	replaces  []string // the deployments that it says it rolls back

	kind     string
	baseline bool
	changes  []metrics.Commit
	repairs  []string // live commits that it takes back
	restores bool     // it only brings back what had been taken back
	// failed is when each cause occurred, ended every instant that ends the failure.
	failed map[string]time.Time
	ended  []time.Time
	gone   time.Time // when a rollback took it away
}

// slowIncident is an incident, where it was and what it is blamed on.
type slowIncident struct {
	metrics.Incident
	place  string
	blamed *slowRollout
}

// slowFacts are all that is known of one service, or of several.
type slowFacts struct {
	rollouts  []*slowRollout
	incidents []slowIncident
	requests  []slowRequest
	leftOut   []slowLeftOut
	since     time.Time // it is observed from then on
}

// slowLeftOut is a record that counts nowhere, and why.
type slowLeftOut struct {
	at     time.Time
	reason string
}

// slowRequest is a pull request with the rollout that brought its commits.
type slowRequest struct {
	metrics.PullRequest
	commits []metrics.Commit
	rollout *slowRollout
}

const (
	rolloutGap  = time.Hour
	blameWindow = 24 * time.Hour
)

func factsOf(t *testing.T, team string, events []metrics.Event) slowFacts {
	t.Helper()
	r := read(t, events)
	var f slowFacts
	for _, place := range []string{"production", "staging"} {
		here := grouped(r, place)
		had := map[string]bool{}
		for i := range here {
			tellApart(here, i, r, had)
		}
		for i := range here {
			causesOf(here, i)
		}
		for _, p := range r.requests {
			f.requests = append(f.requests, requestIn(here, p)...)
		}
		f.rollouts = append(f.rollouts, here...)
	}
	for _, it := range f.rollouts {
		it.team = team
	}
	for _, a := range r.approvals {
		if it := withAttempt(f.rollouts, "ci/"+a.Deployment); it != nil {
			it.approvals = append(it.approvals, a)
		}
	}
	watched(f.rollouts, r)
	f.incidents = blame(f.rollouts, r)
	f.leftOut = leftOut(f.rollouts, r)
	f.since = since(f, r)
	return f
}

// grouped puts consecutive attempts of one revision together, each starting at most an hour after the one before ended. The
// rollouts are in the order of their first success, or of their last finish where none succeeded.
func grouped(r records, place string) []*slowRollout {
	var names []string
	for name, d := range r.deployments {
		if d.Environment == place && (d.Status == metrics.Succeeded || d.Status == metrics.Failed) {
			names = append(names, name)
		}
	}
	slices.SortFunc(names, func(a, b string) int {
		return cmp.Or(r.deployments[a].StartedAt.Compare(r.deployments[b].StartedAt), strings.Compare(a, b))
	})
	var out []*slowRollout
	for _, name := range names {
		d := r.deployments[name]
		if n := len(out); n == 0 || out[n-1].revision != d.Revision || d.StartedAt.Sub(out[n-1].finished) > rolloutGap {
			out = append(out, &slowRollout{place: place, revision: d.Revision, started: d.StartedAt, failed: map[string]time.Time{}})
		}
		of := out[len(out)-1]
		of.attempts = append(of.attempts, name)
		if of.finished.Before(d.FinishedAt) {
			of.finished, of.last = d.FinishedAt, d.Status
		}
		if d.Status == metrics.Succeeded && (of.succeeded.IsZero() || d.FinishedAt.Before(of.succeeded)) {
			of.succeeded = d.FinishedAt
		}
		of.rollback = of.rollback || d.Rollback != nil && *d.Rollback
		of.hotfix = of.hotfix || d.Hotfix != nil && *d.Hotfix
		of.fixes = append(of.fixes, d.Fixes...)
		of.replaces = append(of.replaces, d.RollbackOf)
	}
	slices.SortFunc(out, func(a, b *slowRollout) int {
		return cmp.Or(a.turn().Compare(b.turn()), strings.Compare(a.attempts[0], b.attempts[0]))
	})
	return out
}

// turn is when a rollout had its turn in the order of things.
func (r *slowRollout) turn() time.Time {
	if r.succeeded.IsZero() {
		return r.finished
	}
	return r.succeeded
}

// successesBefore are the rollouts before the one at that place that succeeded.
func successesBefore(all []*slowRollout, at int) []*slowRollout {
	var out []*slowRollout
	for _, r := range all[:at] {
		if !r.succeeded.IsZero() {
			out = append(out, r)
		}
	}
	return out
}

// tellApart says what a rollout was for, and which commits it brought: those that no success before it held. They are not known
// when its revision is not, or when it has nothing in common with what was deployed before.
func tellApart(all []*slowRollout, at int, r records, had map[string]bool) {
	it, before := all[at], successesBefore(all, at)
	held := r.heldBy(it.revision)
	it.baseline = true
	for id := range held {
		it.baseline = it.baseline && !had[id]
	}
	for id := range held {
		if c, known := r.commits[id]; known && !it.baseline && !had[id] && len(c.Parents) < 2 {
			it.changes = append(it.changes, c)
		}
	}
	if !it.succeeded.IsZero() {
		maps.Copy(had, held)
	}
	live := &slowRollout{}
	if len(before) > 0 {
		live = before[len(before)-1]
	}
	it.repairs, it.restores = r.taken(it.changes, before)
	it.kind = kindOf(it, before, live.revision)
}

// kindOf is the first of the kinds whose definition holds.
func kindOf(it *slowRollout, before []*slowRollout, live string) string {
	first := wentLive(before, it.revision)
	switch {
	case it.rollback:
		return "rollback"
	case it.hotfix:
		return "rework"
	case it.revision == live:
		return "redeploy"
	case first >= 0 && first < wentLive(before, live):
		return "rollback"
	case first >= 0:
		return "reapply"
	case len(it.repairs) > 0:
		return "rework"
	case it.restores:
		return "reapply"
	}
	return "planned"
}

// heldBy are the commits that a revision holds, those included that are only named as parents; none where it is not known itself.
func (r records) heldBy(revision string) map[string]bool {
	seen := map[string]bool{}
	if _, known := r.commits[revision]; !known {
		return seen
	}
	for open := []string{revision}; len(open) > 0; {
		id := open[0]
		open = open[1:]
		if !seen[id] {
			seen[id] = true
			open = append(open, r.commits[id].Parents...)
		}
	}
	return seen
}

// taken are the commits that are live and that changes take back, and whether all that the changes do is to bring back what had
// been taken back. A revert that is reverted among the changes does nothing.
func (r records) taken(changes []metrics.Commit, before []*slowRollout) (repairs []string, restores bool) {
	var reverts []metrics.Commit
	for _, c := range changes {
		if reverted(c) != "" {
			reverts = append(reverts, c)
		}
	}
	if len(reverts) == 0 {
		return nil, false
	}
	restoring := 0
	for _, c := range reverts {
		undone := slices.ContainsFunc(reverts, func(later metrics.Commit) bool { return reverted(later) == c.ID })
		switch {
		case undone || !r.live(reverted(c), before):
		case r.removes(reverted(c)):
			restoring++
		default:
			repairs = append(repairs, reverted(c))
		}
	}
	return repairs, restoring == len(changes)
}

// live reports whether a commit went live and no rollback took it away since.
func (r records) live(id string, before []*slowRollout) bool {
	for i := len(before) - 1; i >= 0; i-- {
		held := r.heldBy(before[i].revision)
		if held[id] {
			return true
		}
		if before[i].kind == "rollback" && len(held) > 0 {
			return false
		}
	}
	return false
}

// removes reports whether a commit takes work away: it reverts one that does not.
func (r records) removes(id string) bool {
	target := reverted(r.commits[id])
	return target != "" && !r.removes(target)
}

// wentLive is the place of the first rollout of a revision, -1 for none.
func wentLive(rollouts []*slowRollout, revision string) int {
	return slices.IndexFunc(rollouts, func(r *slowRollout) bool { return r.revision == revision })
}

var takesBack = regexp.MustCompile(`(?m)^This reverts commit ([0-9a-f]{40})\.$`)

// reverted is the commit that a commit takes back, if it says so.
func reverted(c metrics.Commit) string {
	if found := takesBack.FindStringSubmatch(c.Message); found != nil {
		return found[1]
	}
	return ""
}

// fail notes a cause, by the first instant at which it occurred.
func (r *slowRollout) fail(cause string, at time.Time) {
	if first, before := r.failed[cause]; !before || at.Before(first) {
		r.failed[cause] = at
	}
}

// causesOf notes what the rollout at that place says about itself and about those before it.
func causesOf(all []*slowRollout, at int) {
	it, before := all[at], successesBefore(all, at)
	if it.last == metrics.Failed {
		it.fail("run failed", it.finished)
		next := slices.IndexFunc(all[at+1:], func(r *slowRollout) bool { return !r.succeeded.IsZero() })
		if next >= 0 {
			it.ended = append(it.ended, all[at+1+next].succeeded)
		}
	}
	if it.kind == "rollback" && !it.succeeded.IsZero() {
		if of := replaced(all, at); of != nil {
			repair(of, "rolled back", it.succeeded, it)
			takeAway(append(removed(before, it.revision), of), it.succeeded)
		}
	}
	if it.hotfix && it.kind == "rework" {
		for _, of := range hotfixed(all, at) {
			repair(of, "followed by a hotfix", it.finished, it)
		}
	}
	for _, id := range it.repairs {
		for _, b := range before {
			if slices.ContainsFunc(b.changes, func(brought metrics.Commit) bool { return brought.ID == id }) && !it.succeeded.IsZero() {
				repair(b, "reverted", it.succeeded, it)
			}
		}
	}
}

// removed are the rollouts since a revision was last live.
func removed(before []*slowRollout, revision string) []*slowRollout {
	for i := len(before) - 1; i >= 0; i-- {
		if before[i].revision == revision {
			return slices.Clone(before[i+1:])
		}
	}
	return nil
}

// takeAway notes that a rollback took rollouts away, which ends whatever was wrong with them.
func takeAway(all []*slowRollout, at time.Time) {
	for _, r := range all {
		if r.kind != "rollback" && r.kind != "redeploy" && r.gone.IsZero() {
			r.gone, r.ended = at, append(r.ended, at)
		}
	}
}

// replaced is what a rollback took away: what it says, else the last that put something else there since what it puts back was
// live itself.
func replaced(all []*slowRollout, at int) *slowRollout {
	it := all[at]
	for _, id := range it.replaces {
		if named := broken(all[:at], "ci/"+id); named != nil {
			return named
		}
	}
	for i := at - 1; i >= 0; i-- {
		if all[i].revision != it.revision && all[i].kind != "redeploy" && (it.rollback || !all[i].succeeded.IsZero()) {
			return all[i]
		}
		if all[i].revision == it.revision && !all[i].succeeded.IsZero() {
			return nil
		}
	}
	return nil
}

// hotfixed are the rollouts that a hotfix names, else the last before it that can have broken something, unless it says what it
// repairs by reverting it.
func hotfixed(all []*slowRollout, at int) []*slowRollout {
	var named []*slowRollout
	for _, id := range all[at].fixes {
		if of := broken(all, "ci/"+id); of != nil {
			named = append(named, of)
		}
	}
	for i := at - 1; i >= 0 && len(named) == 0 && len(all[at].repairs) == 0; i-- {
		if all[i].kind != "rollback" && all[i].kind != "redeploy" {
			named = append(named, all[i])
		}
	}
	return named
}

// repair notes that a rollout, unless it was a rollback itself, was put right by a later one.
func repair(broken *slowRollout, cause string, at time.Time, by *slowRollout) {
	if broken.kind == "rollback" {
		return
	}
	broken.fail(cause, at)
	if !by.succeeded.IsZero() {
		broken.ended = append(broken.ended, by.succeeded)
	}
}

// watched notes unhealthy verdicts.
func watched(all []*slowRollout, r records) {
	for _, v := range r.verdicts {
		if it := withAttempt(all, "ci/"+v.Deployment); it != nil && v.Result == "unhealthy" {
			it.fail("unhealthy verdict", v.At)
		}
	}
}

// withAttempt is the rollout of a deployment.
func withAttempt(all []*slowRollout, name string) *slowRollout {
	for _, r := range all {
		if slices.Contains(r.attempts, name) {
			return r
		}
	}
	return nil
}

// broken is the rollout of a deployment that is said to have broken something: for a redeploy, which changed nothing, the one that
// it repeats.
func broken(all []*slowRollout, name string) *slowRollout {
	it := withAttempt(all, name)
	for i := slices.Index(all, it); i >= 0 && it.kind == "redeploy"; i-- {
		if all[i].kind != "redeploy" && all[i].revision == it.revision {
			return all[i]
		}
	}
	return it
}

// blame attributes incidents, and notes what they say about the rollouts that they are blamed on.
func blame(all []*slowRollout, r records) []slowIncident {
	var out []slowIncident
	for _, name := range slices.Sorted(maps.Keys(r.incidents)) {
		i := slowIncident{Incident: r.incidents[name], place: "production"}
		if i.Environment != "" {
			i.place = i.Environment
		}
		i.blamed = broken(all, i.Deployment)
		if i.blamed == nil {
			i.blamed = ofRevision(all, i)
		}
		if i.blamed == nil {
			i.blamed = suspect(all, r, i)
		}
		if i.blamed != nil {
			i.blamed.fail("incident", i.StartedAt)
			if !i.ResolvedAt.IsZero() {
				i.blamed.ended = append(i.blamed.ended, i.ResolvedAt)
			}
		}
		out = append(out, i)
	}
	return out
}

// ofRevision is the last rollout of the revision that an incident names that had begun when it did, else the first.
func ofRevision(all []*slowRollout, i slowIncident) *slowRollout {
	var found *slowRollout
	for _, r := range all {
		if r.revision == i.Revision && r.place == i.place && r.kind != "rollback" && r.kind != "redeploy" &&
			(found == nil || !r.started.After(i.StartedAt)) {
			found = r
		}
	}
	return found
}

// suspect is the last rollout at the place of an incident that is no rollback and was running when it began, or else had gone live
// less than a day before and was not taken away again. While a deployment is running nobody knows.
func suspect(all []*slowRollout, r records, i slowIncident) *slowRollout {
	var running, live *slowRollout
	at := i.StartedAt
	for _, r := range all {
		if r.place != i.place || r.kind == "rollback" || r.kind == "redeploy" || r.started.After(at) {
			continue
		}
		if r.finished.After(at) {
			running = r
		} else if !r.succeeded.IsZero() && at.Sub(r.finished) <= blameWindow && (r.gone.IsZero() || !r.gone.Before(at)) {
			live = r
		}
	}
	if running != nil {
		return running
	}
	for _, d := range r.deployments {
		if d.Status == metrics.Running && d.Environment == i.place && !d.StartedAt.After(at) && at.Sub(d.StartedAt) <= blameWindow {
			return nil
		}
	}
	return live
}

// requestIn finds the successes that brought commits of a pull request.
func requestIn(all []*slowRollout, p metrics.PullRequest) []slowRequest {
	var out []slowRequest
	for _, r := range all {
		s := slowRequest{PullRequest: p, rollout: r}
		for _, c := range r.changes {
			if slices.Contains(p.Commits, c.ID) {
				s.commits = append(s.commits, c)
			}
		}
		if len(s.commits) > 0 && !r.succeeded.IsZero() {
			out = append(out, s)
		}
	}
	return out
}

// leftOut are the attempts that were called off or had not begun, and what is known of an attempt that counts nowhere.
func leftOut(all []*slowRollout, r records) []slowLeftOut {
	var out []slowLeftOut
	for _, d := range r.deployments {
		switch d.Status {
		case metrics.Cancelled:
			out = append(out, slowLeftOut{d.FinishedAt, "cancelled"})
		case metrics.Pending:
			out = append(out, slowLeftOut{d.CreatedAt, "pending: it has not begun"})
		default:
		}
	}
	for _, v := range r.verdicts {
		if withAttempt(all, "ci/"+v.Deployment) == nil {
			out = append(out, slowLeftOut{v.At, "names a deployment that is not counted"})
		}
	}
	for _, a := range r.approvals {
		if withAttempt(all, "ci/"+a.Deployment) == nil {
			out = append(out, slowLeftOut{a.DecidedAt, "names a deployment that is not counted"})
		}
	}
	return out
}
