package gate

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shiphabit/metrics"
)

// walked counts answers a day apart: B is a block, H a hold, A lets through; upper case was fine, lower case failed later.
func walked(answers string) Backtest {
	b := NewBacktest()
	row := underWay{overrides: overriding{rule: OverrideRule{Uses: 1, MaxSeconds: 3600}}, ofBlocks: overriding{rule: OverrideRule{Uses: 1, MaxSeconds: 3600}}}
	for i, answer := range answers {
		v := BacktestVerdict{At: day(i), Outcome: Good, Verdict: map[string]Result{"A": Allow, "B": Block, "H": Hold}[strings.ToUpper(string(answer))]}
		if answer >= 'a' {
			v.Outcome = Failed
		}
		v.Modelled, v.FirstBlock = v.Verdict.Stops() && row.stopped, v.Verdict == Block && !row.blocked
		row.take(&b, v)
	}
	row.end(&b, day(len(answers)))
	b.Overrides, b.Blocked.Overrides = row.overrides.asked, row.ofBlocks.asked
	return b
}

func TestABacktestTellsWhatIsBlockedFromWhatIsHeld(t *testing.T) {
	t.Parallel()
	const days = 24 * 60 * 60
	for answers, want := range map[string]struct {
		blocked Blocked
		held    Held
		missed  int
	}{
		"AAa":   {missed: 1},
		"HhA":   {held: Held{Promotions: 2, Fine: 1, FailedLater: 1, DelaySeconds: 2 * days}},
		"bBA":   {blocked: Blocked{Promotions: 2, Prevented: 1, Delayed: 1, Rows: 1, FirstPrevented: 1, DelaySeconds: days, Overrides: 1}},
		"BABA":  {blocked: Blocked{Promotions: 2, Delayed: 2, Rows: 2, FirstDelayed: 2, DelaySeconds: 2 * days, Overrides: 2}},
		"HBHBA": {blocked: Blocked{Promotions: 2, Delayed: 2, Rows: 1, FirstDelayed: 1, DelaySeconds: 4 * days, Overrides: 2}, held: Held{Promotions: 2, Fine: 2, DelaySeconds: 6 * days}},
		"ABH":   {blocked: Blocked{Promotions: 1, Delayed: 1, Rows: 1, FirstDelayed: 1, DelaySeconds: 2 * days, Overrides: 1}, held: Held{Promotions: 1, Fine: 1, DelaySeconds: days}},
	} {
		b := walked(answers)
		want.blocked.PreventedHigh = 1_000_000
		if diff := cmp.Diff(want.blocked, b.Blocked); diff != "" {
			t.Errorf("%s: blocked:\n%s", answers, diff)
		}
		if diff := cmp.Diff(want.held, b.Held); diff != "" {
			t.Errorf("%s: held:\n%s", answers, diff)
		}
		if b.Missed != want.missed || b.Stopped != b.Blocked.Promotions+b.Held.Promotions || b.DelaySeconds != b.Blocked.DelaySeconds+b.Held.DelaySeconds {
			t.Errorf("%s: the sums are %+v", answers, b)
		}
	}
}

func TestWhatWaitsForTheWatchBeforeItIsHeldAndNotBlocked(t *testing.T) {
	t.Parallel()
	p := PolicyFor(metrics.Critical)
	p.Criteria.RollbackReady, p.Criteria.Drain = RollbackReady{}, Drain{}
	f := record(strings.Repeat(".", 30))
	soon := rollout(30) // half an hour after the last one, whose watch takes an hour
	soon.StartedAt, soon.FinishedAt = day(29).Add(29*time.Minute), day(29).Add(30*time.Minute)
	soon.SucceededAt, soon.KnownAt = soon.FinishedAt, soon.FinishedAt
	f.Rollouts = append(f.Rollouts, soon)
	service := metrics.Service{Name: "pay", Tier: metrics.Critical}
	b := RunBacktest(p, Known{Facts: f, Service: service}, day(-1), day(60), day(60))
	if b.Blocked.Promotions != 0 || b.Held.Promotions != 1 || b.Held.Fine != 1 || b.Stopped != 1 {
		t.Fatalf("blocked %+v, held %+v, stopped %d", b.Blocked, b.Held, b.Stopped)
	}
	for _, c := range b.Criteria {
		if held := c.Criterion == "previous-change"; c.Held != map[bool]int{true: 1}[held] || c.Blocked != 0 || c.Stopped != c.Held {
			t.Errorf("%+v", c)
		}
	}
	twice := b
	twice.Add(b)
	if twice.Held.Promotions != 2 || twice.Held.Fine != 2 || twice.Held.DelaySeconds != 2*b.Held.DelaySeconds {
		t.Errorf("two services: %+v", twice.Held)
	}
}
