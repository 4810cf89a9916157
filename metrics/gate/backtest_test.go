package gate

import (
	"math/big"
	"strings"
	"testing"
	"time"

	"shiphabit/metrics"
)

func TestTheIntervalOfAShareIsExact(t *testing.T) {
	t.Parallel()
	// By hand: of 3 of 3, the lower bound is the cube root of 0.025; of 0 of 5, the upper is 1 − 0.025^(1/5).
	for _, c := range []struct {
		k, n      int
		low, high int64
	}{
		{3, 3, 292_401, 1_000_000}, {0, 5, 0, 521_824}, {0, 0, 0, 1_000_000}, {5, 10, 187_086, 812_914},
	} {
		low, high := exactShare(c.k, c.n)
		if abs(low-c.low) > 1 || abs(high-c.high) > 1 {
			t.Errorf("%d of %d: %d to %d, want %d to %d", c.k, c.n, low, high, c.low, c.high)
		}
	}
}

func abs(n int64) int64 { return max(n, -n) }

func TestAPromiseIsBrokenByMoreWrongStopsThanChanceExplains(t *testing.T) {
	t.Parallel()
	two := Fraction{2, 1}
	// At one in two years over four years two are expected: P(X ≥ 5) = 5.27 %, P(X ≥ 6) = 1.66 %.
	for stops, broken := range map[int]bool{0: false, 2: false, 5: false, 6: true, 40: true} {
		if got := BreaksPromise(stops, big.NewRat(4, 1), two); got != broken {
			t.Errorf("%d wrong stops in four years: broken is %v", stops, got)
		}
	}
	if BreaksPromise(3, big.NewRat(0, 1), two) {
		t.Error("a promise is broken in no time at all")
	}
	if !BreaksPromise(700, big.NewRat(1000, 1), two) || BreaksPromise(520, big.NewRat(1000, 1), two) {
		t.Error("a thousand years are judged wrongly")
	}
}

func TestABacktestJudgesEachPromotionByWhatWasKnownThen(t *testing.T) {
	t.Parallel()
	p := PolicyFor(metrics.Standard)
	p.Criteria.RestoreFirst = RestoreFirst{} // so that the meter alone speaks
	f := record(strings.Repeat(".", 20) + "x.x.x.x.x..." + strings.Repeat(".", 10))
	b := RunBacktest(p, Known{Facts: f, Service: standard()}, day(-1), day(60), day(60))
	if b.Promotions != 42 || b.Stopped == 0 || b.Spells != 1 {
		t.Fatalf("%+v", b)
	}
	if b.Prevented+b.Delayed+b.Undecided != b.Stopped || b.Missed+b.Prevented != 5 {
		t.Errorf("of five failures %d are prevented and %d missed; %d stopped, %d delayed", b.Prevented, b.Missed, b.Stopped, b.Delayed)
	}
	for _, v := range b.Verdicts {
		if v.Verdict == Block && v.At.Before(day(22)) {
			t.Errorf("%s is stopped by failures that came later", v.Rollout)
		}
	}
	if b.DelaySeconds < 24*60*60 {
		t.Errorf("the good ones would have waited %d s", b.DelaySeconds)
	}
	shown := 0
	for _, v := range b.Verdicts {
		if v.Modelled {
			shown++
		}
	}
	if shown != b.Stopped-b.Spells {
		t.Errorf("%d of %d stops are marked as modelled", shown, b.Stopped)
	}
}

func TestWithinAWindowABacktestCountsItsPromotionsAndKnowsTheRecordBefore(t *testing.T) {
	t.Parallel()
	p := PolicyFor(metrics.Standard)
	f := record(strings.Repeat(".", 20) + ".x.x.x.x" + strings.Repeat(".", 10))
	whole := RunBacktest(p, Known{Facts: f, Service: standard()}, day(-1), day(60), day(60))
	first := RunBacktest(p, Known{Facts: f, Service: standard()}, day(-1), day(25), day(60))
	rest := RunBacktest(p, Known{Facts: f, Service: standard()}, day(25), day(60), day(60))
	sum := first
	sum.Add(rest)
	if sum.Promotions != whole.Promotions || sum.Stopped != whole.Stopped || sum.Prevented != whole.Prevented || sum.Missed != whole.Missed {
		t.Errorf("the parts add up to %+v\nthe whole is %+v", sum, whole)
	}
}

func TestOnlyAServiceThatKeepsWellBelowTheLimitIsStoppedWrongly(t *testing.T) {
	t.Parallel()
	p := PolicyFor(metrics.Standard)
	bad := record(strings.Repeat("...x", 60))
	b := RunBacktest(p, Known{Facts: bad, Service: standard()}, day(0), day(300), day(300))
	if c := b.Criteria[0]; c.Criterion != "failure-meter" || c.Stopped == 0 || c.WrongStops != 0 || c.Broken {
		t.Errorf("a service of which every fourth deployment fails: %+v", c)
	}
	unlucky := record(strings.Repeat(".", 200) + "xxxx" + strings.Repeat(".", 200))
	b = RunBacktest(p, Known{Facts: unlucky, Service: standard()}, day(0), day(500), day(500))
	if c := b.Criteria[0]; c.WrongStops != 1 || c.Broken {
		t.Errorf("one unlucky week in a year: %+v", c)
	}
}

func BenchmarkBacktestOf1000(b *testing.B) {
	f := many(1000)
	p := PolicyFor(metrics.Standard)
	end := f.Rollouts[len(f.Rollouts)-1].FinishedAt.Add(time.Hour)
	for b.Loop() {
		RunBacktest(p, Known{Facts: f, Service: standard()}, time.Time{}, end, end)
	}
}

func TestTheStopsOfABadServiceAndOfAChosenWindowBreakNoPromise(t *testing.T) {
	t.Parallel()
	p := PolicyFor(metrics.Critical)
	meter := func(outcomes string, from, to int) BacktestCriterion {
		b := RunBacktest(p, Known{Facts: record(outcomes), Service: metrics.Service{Name: "pay", Tier: metrics.Critical}}, day(from), day(to), day(len(outcomes)+5))
		return b.Criteria[0]
	}
	// Each spell is opened by three good ones, and one failure then stops it again: outside its spells there are few but those failures.
	p.Criteria.FailureMeter.WrongStopYears = Fraction{1, 8}
	bad := strings.Repeat(".", 40) + "xx..." + strings.Repeat("x...", 16)
	if c := meter(bad, 40, 100); c.Stopped == 0 || c.WrongStops != 0 || c.Broken {
		t.Errorf("a bad service: %+v", c)
	}
	p = PolicyFor(metrics.Critical)
	good := strings.Repeat(".", 300) + "xxx......" + strings.Repeat(".", 300)
	if c := meter(good, 300, 310); c.WrongStops != 1 || c.Broken {
		t.Errorf("one spell, and a window of ten days around it: %+v", c)
	}
	twice := strings.Repeat(".", 700) + "xxx......" + strings.Repeat(".", 20) + "xxx......" + strings.Repeat(".", 20)
	if c := meter(twice, 690, 750); c.WrongStops != 2 || c.Broken {
		t.Errorf("two in two years, where one a year is promised: %+v", c)
	}
}
