package gate

import (
	"strings"
	"testing"
	"time"

	"shiphabit/metrics"
)

func vienna(t *testing.T) *time.Location {
	t.Helper()
	zone, err := time.LoadLocation("Europe/Vienna")
	if err != nil {
		t.Skip("no time zones on this machine")
	}
	return zone
}

func TestAFreezeHoldsInsideItsWindowByTheClockOfItsZone(t *testing.T) {
	t.Parallel()
	zone := vienna(t)
	weekend := Window{Name: "weekend", Zone: zone, Weekly: Weekly{FromDay: time.Friday, FromMinute: 16 * 60, ToDay: time.Monday, ToMinute: 8 * 60, Set: true}}
	daily := Window{Name: "noon", Zone: zone, Weekly: Weekly{FromDay: time.Wednesday, FromMinute: 12 * 60, ToDay: time.Wednesday, ToMinute: 13 * 60, Set: true}}
	whole := Window{Name: "always", Zone: zone, Weekly: Weekly{FromDay: time.Tuesday, ToDay: time.Tuesday, Set: true}}
	once := Window{Name: "holidays", Zone: zone, From: time.Date(2026, 12, 23, 18, 0, 0, 0, zone), To: time.Date(2026, 12, 27, 8, 0, 0, 0, zone)}
	for sentence, c := range map[string]struct {
		w     Window
		at    string // UTC
		until string // UTC, "" when it does not hold
	}{
		"a Friday just before it":                      {weekend, "2026-06-05T13:59:59Z", ""},
		"a Friday as it begins, in summer":             {weekend, "2026-06-05T14:00:00Z", "2026-06-08T06:00:00Z"},
		"a Friday as it begins, in winter":             {weekend, "2026-01-09T15:00:00Z", "2026-01-12T07:00:00Z"},
		"a Sunday":                                     {weekend, "2026-06-07T10:00:00Z", "2026-06-08T06:00:00Z"},
		"a Monday as it ends":                          {weekend, "2026-06-08T06:00:00Z", ""},
		"the weekend on which the clock goes forward":  {weekend, "2026-03-28T12:00:00Z", "2026-03-30T06:00:00Z"},
		"the weekend on which the clock goes back":     {weekend, "2026-10-24T12:00:00Z", "2026-10-26T07:00:00Z"},
		"an hour of a day":                             {daily, "2026-06-03T10:30:00Z", "2026-06-03T11:00:00Z"},
		"the same hour of another day":                 {daily, "2026-06-04T10:30:00Z", ""},
		"a week that begins when it ends, just before": {whole, "2026-06-01T21:59:59Z", "2026-06-01T22:00:00Z"},
		"a week that begins when it ends, just after":  {whole, "2026-06-01T22:00:00Z", "2026-06-08T22:00:00Z"},
		"days off":            {once, "2026-12-24T00:00:00Z", "2026-12-27T07:00:00Z"},
		"before the days off": {once, "2026-12-23T16:59:59Z", ""},
		"after the days off":  {once, "2026-12-27T07:00:00Z", ""},
	} {
		at, err := time.Parse(time.RFC3339, c.at)
		if err != nil {
			t.Fatal(err)
		}
		holds, _ := frozen([]Window{c.w}, standard(), "production", metrics.Production, at)
		got := ""
		if holds != nil {
			got = holds.Until.Format(time.RFC3339)
		}
		if got != c.until {
			t.Errorf("%s: until %q, want %q", sentence, got, c.until)
		}
	}
}

func TestAFreezeHoldsForThoseItNamesAndNeverForAFix(t *testing.T) {
	t.Parallel()
	p := PolicyFor(metrics.Low)
	base := Window{Name: "fair", Reason: "the trade fair", Owner: "operations", From: day(1), To: day(3)}
	critical := base
	critical.Tiers = []metrics.Tier{metrics.Critical}
	staging := base
	staging.Environments = []string{"staging"}
	f := record("x")
	known := func(w Window) Known { return Known{Facts: f, Service: standard(), Windows: []Window{w}} }
	decide := func(w Window, r Request) Decision { return Decide(p, Take(r, p, day(2), known(w)), r) }
	d := decide(base, ask())
	if d.Verdict != Block || !strings.Contains(d.Summary, "2026-01-04 12:00 UTC") || !strings.Contains(d.Reasons[len(d.Reasons)-1].Says, "Agreed by operations") {
		t.Errorf("inside: %s, %s", d.Verdict, d.Summary)
	}
	for _, w := range []Window{critical, staging} {
		if d := decide(w, ask()); d.Verdict == Block {
			t.Errorf("a freeze for others blocks: %s", d.Summary)
		}
	}
	fix := ask()
	fix.Change = Change{Kind: KindFix, Fixes: []string{"ci/d0"}}
	if d := decide(base, fix); d.Verdict != Allow {
		t.Errorf("a fix during a freeze: %s, %s", d.Verdict, d.Summary)
	}
}

func TestAfterAFreezeWhatWaitedGoesOutOneAtATime(t *testing.T) {
	t.Parallel()
	p := PolicyFor(metrics.Standard)
	w := Window{Name: "fair", From: day(1), To: day(3)}
	now := day(3).Add(10 * time.Minute)
	f := record("....")
	decide := func(now time.Time) Decision {
		return Decide(p, Take(ask(), p, now, Known{Facts: f, Service: standard(), Windows: []Window{w}}), ask())
	}
	if d := decide(now); d.Verdict != Hold || !d.AskAgainAfter.Equal(day(3).Add(15*time.Minute)) {
		t.Errorf("while the first is watched: %s, %s", d.Verdict, d.Summary)
	}
	if d := decide(day(3).Add(16 * time.Minute)); d.Verdict != Allow {
		t.Errorf("once it is good: %s, %s", d.Verdict, d.Summary)
	}
	if s := Take(ask(), p, day(5), Known{Facts: f, Service: standard(), Windows: []Window{w}}); Decide(p, s, ask()).Verdict != Allow {
		t.Error("a day later it still drains")
	}
}

func TestAPromotionInFlightCountsAsTheChangeBefore(t *testing.T) {
	t.Parallel()
	p := PolicyFor(metrics.Critical)
	rule := p.Criteria.PreviousChange
	now := day(3).Add(2 * time.Hour)
	promoted := Promotion{Decision: "gd_1", Environment: "production", Digest: "sha256:other", At: now.Add(-time.Minute), ValidUntil: now.Add(14 * time.Minute)}
	judge := func(f metrics.Facts, r Request, now time.Time, p1 Promotion) finding {
		s := Take(r, p, now, Known{Facts: f, Service: standard(), Promotions: []Promotion{p1}})
		return rule.judge(question{p, s, r})
	}
	f := record("...")
	if got := judge(f, ask(), now, promoted); got.result != Unknown || !strings.Contains(got.says, "has not reported yet") {
		t.Errorf("another one in flight: %s, %s", got.result, got.says)
	}
	retry := ask()
	retry.Artifact.Digest = promoted.Digest
	if got := judge(f, retry, now, promoted); got.result != Pass {
		t.Errorf("its own retry: %s, %s", got.result, got.says)
	}
	reported := promoted
	reported.Reported = true
	if got := judge(f, ask(), now, reported); got.result != Pass {
		t.Errorf("once it is reported: %s", got.says)
	}
	arrived := record("...")
	last := rollout(3)
	last.Digest, last.FinishedAt = promoted.Digest, now.Add(-30*time.Second)
	arrived.Rollouts = append(arrived.Rollouts, last)
	if s := Take(ask(), p, now, Known{Facts: arrived, Service: standard(), Promotions: []Promotion{promoted}}); s.InFlight != nil || s.Watching == nil {
		t.Errorf("once it is deployed: in flight %+v, watched %+v", s.InFlight, s.Watching)
	}
	// A runner that was killed never reports.
	if got := judge(f, ask(), promoted.ValidUntil.Add(time.Hour), promoted); got.result != Pass {
		t.Errorf("after its validity and its watch: %s, %s", got.result, got.says)
	}
}

func TestErrorBudgetAndMonitoringAreJudgedAsStated(t *testing.T) {
	t.Parallel()
	ppmOf := func(n int64) *int64 { return &n }
	at := day(2)
	for sentence, c := range map[string]struct {
		tier     metrics.Tier
		evidence Evidence
		budget   Result
		signals  Result
	}{
		"nothing is said of a critical service": {metrics.Critical, Evidence{}, NotApplicable, Unknown},
		"nothing is said of a standard service": {metrics.Standard, Evidence{}, NotApplicable, NotApplicable},
		"all is well": {metrics.Critical, Evidence{ErrorBudgetLeftPPM: ppmOf(600_000), SignalsSeen: map[string]time.Time{
			"errors": at, "latency": at.Add(-15 * time.Minute), "checkouts": at}}, Pass, Pass},
		"the business signal is late": {metrics.Critical, Evidence{ErrorBudgetLeftPPM: ppmOf(249_999), SignalsSeen: map[string]time.Time{
			"errors": at, "latency": at, "checkouts": at.Add(-16 * time.Minute)}}, Warn, Unknown},
		"a clock that is an hour ahead says nothing": {metrics.Critical, Evidence{ErrorBudgetLeftPPM: ppmOf(600_000), SignalsSeen: map[string]time.Time{
			"errors": at, "latency": at.Add(time.Hour), "checkouts": at}}, Pass, Unknown},
		"the budget is used up, on critical": {metrics.Critical, Evidence{ErrorBudgetLeftPPM: ppmOf(0)}, Fail, Unknown},
		"the budget is used up, on standard": {metrics.Standard, Evidence{ErrorBudgetLeftPPM: ppmOf(-5)}, Warn, NotApplicable},
	} {
		p, r := PolicyFor(c.tier), ask()
		r.Evidence = c.evidence
		q := question{p, Take(r, p, at, Known{Service: standard()}), r}
		if got := p.Criteria.ErrorBudget.judge(q).result; got != c.budget {
			t.Errorf("%s: budget %s, want %s", sentence, got, c.budget)
		}
		if got := p.Criteria.MonitoringLive.judge(q).result; got != c.signals {
			t.Errorf("%s: monitoring %s, want %s", sentence, got, c.signals)
		}
	}
}
