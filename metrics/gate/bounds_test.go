package gate

import (
	"strings"
	"testing"
	"time"

	"shiphabit/metrics"
)

// several is a record in which a batch of promotions goes out on each day, ten minutes apart: "." is good, "x" failed.
func several(days ...string) metrics.Facts {
	f := metrics.Facts{Service: "pay"}
	n := 0
	for d, outcomes := range days {
		for i, outcome := range outcomes {
			r := rollout(n)
			if outcome == 'x' {
				r = brokenRun(n)
				r.Failures[0].KnownAt = day(d).Add(time.Duration(i) * 10 * time.Minute)
				r.Failures[0].At = r.Failures[0].KnownAt
			} else {
				r.SucceededAt = day(d).Add(time.Duration(i) * 10 * time.Minute)
			}
			r.FinishedAt = day(d).Add(time.Duration(i) * 10 * time.Minute)
			r.StartedAt, r.KnownAt = r.FinishedAt.Add(-time.Minute), r.FinishedAt
			f.Rollouts = append(f.Rollouts, r)
			n++
		}
	}
	return f
}

func TestAtMostFiveGoodOnesADayPayBackOnCritical(t *testing.T) {
	t.Parallel()
	f := several("x", "........", "........")
	p := PolicyFor(metrics.Critical)
	at := func(p Policy, now time.Time) (MeterState, string) {
		s := take(f, standard(), ask(), p, now, nil, nil)
		return s.Meter, p.Criteria.FailureMeter.judge(question{p, s, ask()}).says
	}
	first, says := at(p, day(1).Add(6*time.Hour))
	if first.Value != 4 || first.PaidToday != 5 {
		t.Errorf("eight good ones on one day after a failure of 9 points leave %d, %d paid", first.Value, first.PaidToday)
	}
	if want := "each good one pays back 1, at most five a day. Now 4, line 22. Today's have paid back already; it would take two failures in a row to stop you."; !strings.HasSuffix(says, want) {
		t.Errorf("it says %q", says)
	}
	if s, _ := at(p, day(2).Add(6*time.Hour)); s.Value != 0 || s.PaidToday != 4 {
		t.Errorf("on the next day %d are left, %d paid", s.Value, s.PaidToday)
	}
	if s, _ := at(p, day(3)); s.PaidToday != 0 {
		t.Errorf("on a day without any %d are paid", s.PaidToday)
	}
	before := p
	before.Criteria.FailureMeter.PaidPerDay = 0
	if s, says := at(before, day(1).Add(6*time.Hour)); s.Value != 1 || s.PaidToday != 0 || strings.Contains(says, "a day") {
		t.Errorf("a policy from before bounds nothing: %+v, %q", s, says)
	}
	for tier, p := range Policies() {
		if got := p.Criteria.FailureMeter.PaidPerDay; (got == 5) != (tier == metrics.Critical) {
			t.Errorf("tier %s: %d a day", tier, got)
		}
	}
}

func TestAHoldForLateDataEndsAtItsDeadline(t *testing.T) {
	t.Parallel()
	source := Watermark{Name: "github", Watermark: day(3)}
	decide := func(tier metrics.Tier, late time.Duration) (Decision, Reason) {
		p := PolicyFor(tier)
		p.Criteria = Criteria{DataFresh: p.Criteria.DataFresh}
		d := Decide(p, take(record("..."), standard(), ask(), p, day(3).Add(late), []Watermark{source}, nil), ask())
		return d, reason(t, d, "data-fresh")
	}
	for name, c := range map[string]struct {
		tier    metrics.Tier
		late    time.Duration
		verdict Result
		says    string
	}{
		"critical, fresh":          {metrics.Critical, 15 * time.Minute, Allow, "they may be 15 minutes old."},
		"critical, late":           {metrics.Critical, 15*time.Minute + time.Second, Hold, "From 2026-01-04 16:15 UTC on it is stopped instead."},
		"critical, at the end":     {metrics.Critical, 4*time.Hour + 15*time.Minute - time.Second, Hold, "stopped instead."},
		"critical, over":           {metrics.Critical, 4*time.Hour + 15*time.Minute, Block, "It was held until 2026-01-04 16:15 UTC for them; now it is stopped."},
		"high, late":               {metrics.High, 61 * time.Minute, Hold, "From 2026-01-04 17:00 UTC on it goes on with a warning instead."},
		"high, over":               {metrics.High, 5 * time.Hour, Warn, "now it goes on with a warning."},
		"standard warns as before": {metrics.Standard, 100 * time.Hour, Warn, "they may be 6 hours old."},
	} {
		d, r := decide(c.tier, c.late)
		if d.Verdict != c.verdict || !strings.HasSuffix(r.Says, c.says) {
			t.Errorf("%s: %s, %q", name, d.Verdict, r.Says)
		}
	}
	if d, _ := decide(metrics.Critical, 4*time.Hour+14*time.Minute+30*time.Second); !d.AskAgainAfter.Equal(day(3).Add(4*time.Hour + 15*time.Minute)) {
		t.Errorf("just before the end one is to ask again at %s", d.AskAgainAfter)
	}
	// A policy from before has no deadline, and says what it said.
	p := PolicyFor(metrics.Critical)
	p.Criteria = Criteria{DataFresh: p.Criteria.DataFresh}
	p.Criteria.DataFresh.HoldSeconds, p.Criteria.DataFresh.Then = 0, ""
	d := Decide(p, take(record("..."), standard(), ask(), p, day(30), []Watermark{source}, nil), ask())
	if r := reason(t, d, "data-fresh"); d.Verdict != Hold || !strings.HasSuffix(r.Says, "27 days ago; they may be 15 minutes old.") {
		t.Errorf("%s, %q", d.Verdict, r.Says)
	}
}

func TestAHighServiceThatSaysNothingOfItsMonitoringIsHeld(t *testing.T) {
	t.Parallel()
	for tier, want := range map[metrics.Tier]Result{metrics.Critical: Hold, metrics.High: Hold, metrics.Standard: Allow} {
		p := PolicyFor(tier)
		p.Criteria = Criteria{MonitoringLive: p.Criteria.MonitoringLive}
		if d := Decide(p, take(record("..."), standard(), ask(), p, day(3), nil, nil), ask()); d.Verdict != want {
			t.Errorf("tier %s: %s", tier, d.Verdict)
		}
	}
}
