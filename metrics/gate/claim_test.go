package gate

import (
	"encoding/json"
	"testing"
	"time"

	"shiphabit/metrics"
)

// adversarial is a snapshot in which everything that can be wrong is wrong, of a service that has something to go back to
// and an open problem.
func adversarial(now time.Time) Snapshot {
	return Snapshot{
		Now: now, Service: "pay", Known: true, Environment: "production", Kind: metrics.Production,
		Meter:         MeterState{Value: 40, Line: 16, Step: 5, Volume: 20, Blocked: true, BlockedSince: now, BlockedBy: "ci/d9", Trials: 9},
		Live:          &Deployed{ID: "ci/d9", FinishedAt: now},
		Earlier:       []Deployed{{ID: "ci/d8", Revision: "old", Digest: "sha256:old", FinishedAt: now.Add(-time.Hour)}},
		Recent:        []Trial{{ID: "ci/d9", Outcome: Failed, At: now, KnownAt: now}},
		OpenFailures:  []Problem{{ID: "ci/d9", Since: now.Add(-2 * time.Hour), Says: "1.9: run failed"}},
		OpenIncidents: []Problem{{ID: "pager/i1", Since: now.Add(-time.Hour), Severity: 1}},
		Watching:      &Deployed{ID: "ci/d9", FinishedAt: now}, WatchEndsAt: now.Add(time.Hour),
		Sources: []Watermark{{Name: "github"}}, VerdictSource: true, BatchCommits: 1000,
		Usual:    UsualState{MeterState: MeterState{Value: 60, Line: 30, Step: 14, Volume: 20, Blocked: true, Trials: 99}, Usual: Fraction{1, 50}, From: 99, Failed: 2},
		Restored: RestoredState{MeterState: MeterState{Value: 60, Line: 30, Step: 9, Volume: 2, Blocked: true, Trials: 12}, LastLateAt: now},
		Freeze:   &Freeze{Name: "holidays", Until: now.Add(24 * time.Hour), Local: "later"}, OpenedAt: now,
		InFlight: &Flight{Promotion: Promotion{Decision: "gd_1", Digest: "sha256:other", At: now}, Ends: now.Add(time.Hour)},
	}
}

func fixRequest() Request {
	r := ask()
	r.Change = Change{Kind: KindFix, Fixes: []string{"ci/d9"}}
	return r
}

func rollbackRequest() Request {
	r := ask()
	r.Change.Kind, r.Commit, r.Artifact.Digest = KindRollback, "old", "sha256:old"
	return r
}

// each calls with every policy that enforces one criterion alone and holds when it cannot tell, and with all of them.
func eachEnforced(f func(name string, p Policy)) {
	for _, tier := range []metrics.Tier{metrics.Critical, metrics.High, metrics.Standard, metrics.Low} {
		whole := PolicyFor(tier)
		strict := PolicyFor(metrics.Critical)
		strict.Tier = tier
		f("the policy "+whole.Name, whole)
		f("everything of critical as "+string(tier), strict)
		for _, c := range strict.criteria() {
			one := strict
			one.Criteria = only(strict.Criteria, c.name)
			f(c.name+" alone as "+string(tier), one)
		}
	}
}

// only keeps the criterion of a name, as strict as it may be and holding when it cannot tell.
func only(c Criteria, name string) Criteria {
	text, err := json.Marshal(c)
	if err != nil {
		panic(err)
	}
	var all map[string]map[string]any
	if err := json.Unmarshal(text, &all); err != nil {
		panic(err)
	}
	one := all[name]
	one["mode"], one["on_unknown"] = Enforce, Hold
	if name == "own-usual" {
		one["mode"] = WarnOnly // it can do no more
	}
	if text, err = json.Marshal(map[string]any{name: one}); err != nil {
		panic(err)
	}
	var kept Criteria
	if err := json.Unmarshal(text, &kept); err != nil {
		panic(err)
	}
	return kept
}

func TestNoCriterionEverStopsARollbackOrAFix(t *testing.T) {
	t.Parallel()
	s := adversarial(day(20))
	eachEnforced(func(name string, p Policy) {
		if faults := p.Validate(); len(faults) > 0 {
			t.Fatalf("%s: %v", name, faults)
		}
		for _, r := range []Request{rollbackRequest(), fixRequest()} {
			d := Decide(p, s, r)
			if d.Verdict != Allow || d.WouldBe != Allow || d.Kind != r.Change.Kind || d.AskAgainAfter != nil {
				t.Errorf("%s: a %s is answered %s (would be %s), judged as %s", name, r.Change.Kind, d.Verdict, d.WouldBe, d.Kind)
			}
		}
	})
}

// The test above would prove nothing if the criteria did not object in that snapshot.
func TestEveryCriterionObjectsToANormalChangeThere(t *testing.T) {
	t.Parallel()
	s := adversarial(day(20))
	strict := PolicyFor(metrics.Critical)
	r := ask()
	failed, coverage := false, int64(0)
	r.Evidence.TestsPassed, r.Evidence.CoverageChangedLinesPPM, r.Evidence.ErrorBudgetLeftPPM = &failed, &coverage, &coverage
	for _, c := range strict.criteria() {
		one := strict
		one.Criteria = only(strict.Criteria, c.name)
		d := Decide(one, s, r)
		if c.name == "own-usual" && d.Verdict == Warn {
			continue
		}
		if d.Verdict != Block && d.Verdict != Hold {
			t.Errorf("%s alone: %s, want it to object", c.name, d.Verdict)
		}
	}
}

func TestAFixPassesOverAnyRecordWhateverThePolicy(t *testing.T) {
	t.Parallel()
	random := source(3)
	claims := 0
	for range 1500 {
		f, p, now := anyFacts(random), anyPolicy(random), day(random.IntN(200))
		if n := len(f.Rollouts); n > 0 {
			now = within(random, f.Rollouts[random.IntN(n)].FinishedAt, 24*60)
		}
		r := anyRequest(random, f)
		r.Change.Kind = pick(random, KindRollback, KindFix, KindNormal)
		s := take(f, standard(), r, p, now, anySources(random, now), nil)
		if problems := append(s.OpenFailures, s.OpenIncidents...); len(problems) > 0 && random.IntN(2) == 0 {
			r.Change.Fixes = []string{pick(random, problems...).ID}
		}
		d := Decide(p, s, r)
		if d.Kind != KindNormal {
			claims++
			if d.Verdict != Allow || d.WouldBe != Allow {
				t.Fatalf("a %s is answered %s: %s", d.Kind, d.Verdict, d.Summary)
			}
			continue
		}
		// Whatever an open problem blocks, a fix that names it passes.
		for _, problem := range append(s.OpenFailures, s.OpenIncidents...) {
			if !blockedBy(d, problem.ID) {
				continue
			}
			r.Change = Change{Kind: KindFix, Fixes: []string{problem.ID}}
			if fix := Decide(p, s, r); fix.Verdict != Allow {
				t.Fatalf("%s stops normal changes, and its fix is answered %s: %s", problem.ID, fix.Verdict, fix.Summary)
			}
		}
	}
	if claims < 40 {
		t.Errorf("only %d claims held; the test shows little", claims)
	}
}

func blockedBy(d Decision, problem string) bool {
	for _, r := range d.Reasons {
		for _, id := range r.Evidence {
			if id == problem && r.Result == Fail && (r.Criterion == "restore-first" || r.Criterion == "open-incidents") {
				return true
			}
		}
	}
	return false
}

func TestAClaimIsCheckedAgainstTheRecord(t *testing.T) {
	t.Parallel()
	rolledBack := record("....")
	rolledBack.Rollouts[2].Failures = []metrics.Failure{{Cause: metrics.CauseRollback, KnownAt: day(2).Add(time.Hour)}}
	again := rollout(3) // what was live before the rolled back one, put back
	again.Kind, again.Revision, again.Digest = metrics.Rollback, "rev1", rollout(1).Digest
	rolledBack.Rollouts[3] = again
	to := func(kind, revision string, fixes ...string) Request {
		r := ask()
		r.Change, r.Commit, r.Artifact.Digest = Change{Kind: kind, Fixes: fixes}, revision, ""
		return r
	}
	hour := func(n int) time.Time { return day(3).Add(time.Duration(n) * time.Hour) }
	retried := record("...x")
	retried.Rollouts[3].Attempts = []metrics.Attempt{{ID: "ci/d3"}, {ID: "ci/d3b"}}
	noDigest := to(KindRollback, "")
	noDigest.Commit = ""
	for _, c := range []struct {
		sentence string
		facts    metrics.Facts
		request  Request
		now      time.Time
		want     string
	}{
		{"back to what ran before", record("...."), to(KindRollback, "rev1"), hour(1), KindRollback},
		{"back to what is live already is no rollback", record("...."), to(KindRollback, "rev3"), hour(1), KindNormal},
		{"back to what is live after a failed deployment", record("...x"), to(KindRollback, "rev2"), hour(1), KindRollback},
		{"back to what never finished is no rollback", record("..x."), to(KindRollback, "rev2"), hour(1), KindNormal},
		{"back to what never ran is no rollback", record("...."), to(KindRollback, "rev9"), hour(1), KindNormal},
		{"back to nothing named is no rollback", record("...."), noDigest, hour(1), KindNormal},
		{"back to what a rollback took away is no rollback", rolledBack, to(KindRollback, "rev2"), hour(1), KindNormal},
		{"back past what a rollback took away", rolledBack, to(KindRollback, "rev0"), hour(1), KindRollback},
		{"a fix of an open failure", record("...x"), to(KindFix, "new", "ci/d3"), hour(1), KindFix},
		{"a fix that names it without its source", record("...x"), to(KindFix, "new", "d3"), hour(1), KindFix},
		{"a fix that names a later attempt of it", retried, to(KindFix, "new", "d3b"), hour(1), KindFix},
		{"a fix that names half an id", record("...x"), to(KindFix, "new", "3"), hour(1), KindNormal},
		{"a fix that names an empty id", record("...x"), to(KindFix, "new", ""), hour(1), KindNormal},
		{"a fix of an open incident", withIncident(record("...."), 3, hour(1)), to(KindFix, "new", "i1"), hour(2), KindFix},
		{"a fix on its fourteenth day", record("...x"), to(KindFix, "new", "ci/d3"), day(17), KindFix},
		{"a fix after its fourteenth day", record("...x"), to(KindFix, "new", "ci/d3"), day(17).Add(time.Millisecond), KindNormal},
		{"a fix of what is repaired", record("..x."), to(KindFix, "new", "ci/d2"), hour(1), KindNormal},
		{"a fix of nothing", record("...x"), to(KindFix, "new"), hour(1), KindNormal},
		{"what failed to go in, again", record("...x"), to(KindNormal, "rev3"), hour(1), KindFix},
		{"what failed to go in before something else did", record("..x."), to(KindNormal, "rev2"), hour(1), KindNormal},
	} {
		d := decide(c.facts, c.request, c.now)
		if d.Kind != c.want {
			t.Errorf("%s: judged as %s, want %s", c.sentence, d.Kind, c.want)
		}
		claimed := c.request.Change.Kind != KindNormal
		if refused := claimed && d.Kind == KindNormal; refused && reason(t, d, "change-kind").Result != Fail {
			t.Errorf("%s: the reason that the kind is not accepted is missing", c.sentence)
		}
	}
}
