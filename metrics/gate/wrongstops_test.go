package gate

import (
	"math/big"
	"strings"
	"testing"
	"time"

	"shiphabit/metrics"
)

// hotfixed is a record whose failures were each repaired by a declared hotfix, an hour later.
func hotfixed(f metrics.Facts) metrics.Facts {
	fixed := metrics.Facts{Service: f.Service}
	for n, r := range f.Rollouts {
		if !r.Failed() {
			fixed.Rollouts = append(fixed.Rollouts, r)
			continue
		}
		fix := rollout(n)
		fix.ID, fix.Kind, fix.Revision, fix.Digest = r.ID+"-fix", metrics.Rework, r.Revision+"-fix", ""
		fix.FinishedAt = day(n).Add(time.Hour)
		fix.SucceededAt, fix.StartedAt, fix.KnownAt = fix.FinishedAt, fix.FinishedAt, fix.FinishedAt
		r.Recovery = &metrics.Recovery{At: fix.FinishedAt, By: "fix", Evidence: fix.ID}
		fixed.Rollouts = append(fixed.Rollouts, r, fix)
	}
	return fixed
}

func TestAStopWhoseFailuresWereRepairedByFixesHadACause(t *testing.T) {
	t.Parallel()
	p := PolicyFor(metrics.Standard)
	bad := unlucky(1)
	of := func(f metrics.Facts) (PromiseCheck, BacktestCriterion) {
		l := met(bad)
		l.Services = map[string]Standing{"pay": {Facts: f, Policy: p}}
		b := RunBacktest(p, Known{Facts: f, Service: standard()}, day(-1), day(200), day(200))
		return check(t, l, "failure-meter"), b.Criteria[0]
	}
	if c, b := of(bad); c.Wrong != 1 || b.WrongStops != 1 {
		t.Errorf("repaired by the next planned one: %+v, %+v", c, b)
	}
	whole := hotfixed(bad)
	if c, b := of(whole); c.Spells != 1 || c.Wrong != 0 || b.WrongStops != 0 {
		t.Errorf("each repaired by a declared hotfix: %+v, %+v", c, b)
	}
	for i := range whole.Rollouts {
		if r := &whole.Rollouts[i]; r.Failed() {
			r.Recovery = nil // one of them is explained by nothing
			break
		}
	}
	if c, b := of(whole); c.Wrong != 1 || b.WrongStops != 1 {
		t.Errorf("but one: %+v, %+v", c, b)
	}
}

func TestServicesThatWerePromisedTheSameAreHeldAgainstItTogether(t *testing.T) {
	t.Parallel()
	stopped := func(wrong int, promised Fraction) Backtest {
		return Backtest{
			Services: 1, Promotions: 10, Criteria: []BacktestCriterion{{Criterion: "failure-meter", WrongStops: wrong}}, NotJudged: []string{"batch-size"},
			promises: []promiseTally{{"failure-meter", promised, wrong, big.NewRat(1, 1)}},
		}
	}
	broken := func(all ...Backtest) bool {
		sum := NewBacktest()
		for _, one := range all {
			sum.Add(one)
		}
		if sum.Services != len(all) || sum.Criteria[0].WrongStops == 0 || len(sum.NotJudged) != 1 {
			t.Errorf("%+v", sum)
		}
		return sum.Criteria[0].Broken
	}
	// At one in two years: P(X ≥ 2) in two years is 26 %, P(X ≥ 3) in two years 8 %, P(X ≥ 3) in one year 1.4 %.
	if broken(stopped(1, years(2)), stopped(1, years(2))) || broken(stopped(3, years(2)), stopped(0, years(2))) || !broken(stopped(3, years(2))) {
		t.Error("wrong stops are not held against the years of all services that were promised the same")
	}
	if !broken(stopped(2, years(50)), stopped(2, Fraction{1, 10})) {
		t.Error("two wrong stops where one in 50 years was promised break no promise, because others were promised less")
	}
	if broken(stopped(1, years(50))) {
		t.Error("a single wrong stop breaks a promise, which it does not in the self-check")
	}
	if !broken(stopped(1, years(50)), stopped(1, Fraction{100, 2})) {
		t.Error("the same promise written in two ways is two")
	}
}

func TestABacktestCountsWhatStillWaitsAtItsEndAndTheOverridesThatWouldHaveHelped(t *testing.T) {
	t.Parallel()
	p := PolicyFor(metrics.Standard)
	p.Criteria = Criteria{FailureMeter: p.Criteria.FailureMeter}
	p.Criteria.FailureMeter.GoodInARow = 100                              // it stays shut
	f := record(strings.Repeat(".", 3) + "xxxx" + strings.Repeat(".", 4)) // stopped from day 7 on
	b := RunBacktest(p, Known{Facts: f, Service: standard()}, day(-1), day(20), day(12))
	var want int64
	for n := 7; n < 11; n++ {
		want += int64(day(12).Sub(day(n).Add(-time.Minute)) / time.Second)
	}
	if b.Delayed != 4 || b.FirstDelayed != 1 || b.DelaySeconds != want || b.Overrides != 4 {
		t.Errorf("%d delayed by %d s, want %d s; %d overrides, want one for each", b.Delayed, b.DelaySeconds, want, b.Overrides)
	}
	p.Overrides = OverrideRule{Persons: 1, MaxSeconds: 72 * hour, Uses: 2}
	if b := RunBacktest(p, Known{Facts: f, Service: standard()}, day(-1), day(20), day(12)); b.Overrides != 2 {
		t.Errorf("%d overrides for four promotions where each lets two through", b.Overrides)
	}
	p.Overrides.MaxSeconds = hour
	if b := RunBacktest(p, Known{Facts: f, Service: standard()}, day(-1), day(20), day(12)); b.Overrides != 4 {
		t.Errorf("%d overrides for four promotions, a day apart, where each holds for an hour", b.Overrides)
	}
}
