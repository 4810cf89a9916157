package gate

import (
	"slices"
	"testing"
	"time"

	"shiphabit/metrics"

	"github.com/google/go-cmp/cmp"
)

// A source of tags and many an import state no start: the promotion is then judged when it was over, and must not be judged by itself.
func TestABacktestDoesNotJudgeAPromotionByItself(t *testing.T) {
	t.Parallel()
	for name, start := range map[string]func(r *metrics.Rollout){
		"no start":            func(r *metrics.Rollout) { r.StartedAt = time.Time{} },
		"a start at its end":  func(r *metrics.Rollout) { r.StartedAt = r.FinishedAt },
		"known before it ran": func(r *metrics.Rollout) { backdate(r) },
	} {
		f := record("...................x....................")
		for i := range f.Rollouts {
			start(&f.Rollouts[i])
		}
		p := PolicyFor(metrics.Critical)
		p.Criteria.RollbackReady = RollbackReady{} // no rollback was exercised
		b := RunBacktest(p, Known{Facts: f, Service: standard()}, day(-1), day(60), day(60))
		if b.Promotions != 40 || b.Stopped != 1 || b.Delayed != 1 || b.Missed != 1 {
			t.Errorf("%s: of %d, a day apart, only the one after the failure is stopped, since that is open; %d are, and %d failures missed: %+v", name, b.Promotions, b.Stopped, b.Missed, b.Verdicts)
		}
	}
}

// backdate has the causes of failure known before the promotion began, as clocks that differ have it.
func backdate(r *metrics.Rollout) {
	for i := range r.Failures {
		r.Failures[i].KnownAt = r.StartedAt.Add(-time.Second)
	}
}

func TestABacktestTakesWhatAnEnvironmentIsForFromThePromotionItself(t *testing.T) {
	t.Parallel()
	f := metrics.Facts{Service: "pay", Rollouts: []metrics.Rollout{rollout(0), rollout(1)}}
	for i := range f.Rollouts {
		f.Rollouts[i].Environment = "sandbox" // whose host says that it is production
	}
	known := Known{Facts: f, Service: standard(), KindOf: func(string) metrics.EnvironmentKind { return metrics.Testing }}
	for i := range f.Rollouts {
		if d := judgedAt(PolicyFor(metrics.Standard), known, newHistory(f, PolicyFor(metrics.Standard), day(9), nil).wholePast(), &f.Rollouts[i], f.Rollouts[i].FinishedAt); d.Mode != Enforce {
			t.Errorf("promotion %d is judged as one to an environment where criteria %s", i, d.Mode)
		}
	}
}

func TestABacktestJudgesEachPromotionByTheRecordAsItWasKnownThen(t *testing.T) {
	t.Parallel()
	random := source(31)
	for range 300 {
		f, p := anyFacts(random), anyPolicy(random)
		final := newHistory(f, p, day(400), nil)
		told := final.wholePast()
		for _, r := range final.trials() {
			at := began(r)
			then := f.AsOf(at)
			if slices.ContainsFunc(f.Was, func(w metrics.Was) bool { return w.Rollout != nil && w.Rollout.ID == r.ID }) {
				continue // it may have been known before it went out
			}
			then.Rollouts = slices.DeleteFunc(slices.Clone(then.Rollouts), func(o metrics.Rollout) bool { return inOrder(&o, r) >= 0 || o.ID == r.ID })
			ask := Request{Service: f.Service, Environment: r.Environment, Commit: r.Revision, Artifact: Artifact{Digest: r.Digest, Version: r.Version}, Change: Change{Kind: KindNormal}}
			kind := func(string) metrics.EnvironmentKind { return r.EnvironmentKind }
			q := question{p, Take(ask, p, at, Known{Facts: then, Service: standard(), KindOf: kind}), ask}
			want := q.judge(p.criteria(), claim{kind: KindNormal}, false)
			got := judgedAt(p, Known{Facts: f, Service: standard()}, told, r, at)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Fatalf("%s at %s:\n%s", r.ID, at, diff)
			}
		}
	}
}
