package gate

import (
	"testing"
	"time"

	"shiphabit/metrics"
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
		if d := judgedAt(PolicyFor(metrics.Standard), known, &f.Rollouts[i], f.Rollouts[i].FinishedAt); d.Mode != Enforce {
			t.Errorf("promotion %d is judged as one to an environment where criteria %s", i, d.Mode)
		}
	}
}
