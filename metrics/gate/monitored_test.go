package gate

import (
	"strings"
	"testing"
	"time"

	"shiphabit/metrics"
)

func TestWhatWasMeasuredGoesBeforeWhatTheRequestStates(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	stated := func(budget int64, names ...string) Evidence {
		e := Evidence{ErrorBudgetLeftPPM: &budget, SignalsSeen: map[string]time.Time{}}
		for _, name := range names {
			e.SignalsSeen[name] = now
		}
		return e
	}
	measured := func(age time.Duration, budget int64, errorsAt time.Time) []Monitored {
		return []Monitored{
			{Source: "watch", Environment: "Production", At: now.Add(-age), BudgetLeftPPM: &budget, Signals: []SignalSeen{{"errors", errorsAt}}},
			{Source: "watch", Environment: "staging", At: now, BudgetLeftPPM: new(int64)},
		}
	}
	for about, c := range map[string]struct {
		monitored       []Monitored
		evidence        Evidence
		budget, monitor Result
	}{
		"nobody says anything":                         {nil, Evidence{}, NotApplicable, NotApplicable},
		"only the request does":                        {nil, stated(500_000, "errors"), Pass, Pass},
		"all is well by measure":                       {measured(time.Minute, 500_000, now.Add(-time.Minute)), Evidence{}, Pass, Pass},
		"spent by measure, whatever is said":           {measured(time.Minute, -5, now.Add(-time.Minute)), stated(500_000), Warn, Pass},
		"silent by measure, whatever is said":          {measured(time.Minute, 1_000_000, now.Add(-time.Hour)), stated(0, "errors"), Pass, Unknown},
		"never seen by measure":                        {measured(time.Minute, 1_000_000, time.Time{}), Evidence{}, Pass, Unknown},
		"measured long ago: the request has to say it": {measured(25*time.Hour, 1_000_000, now.Add(-25*time.Hour)), stated(0), Warn, Unknown},
	} {
		p := PolicyFor(metrics.Standard)
		ask := Request{Service: "web", Environment: "production", Change: Change{Kind: KindNormal}, Evidence: c.evidence}
		s := Take(ask, p, now, Known{Service: metrics.Service{Name: "web", Tier: metrics.Standard}, Monitored: c.monitored})
		d := Decide(p, s, ask)
		for _, r := range d.Reasons {
			if r.Criterion == "error-budget" && r.Result != c.budget || r.Criterion == "monitoring-live" && r.Result != c.monitor {
				t.Errorf("%s: %s is %s: %s", about, r.Criterion, r.Result, r.Says)
			}
			if r.Criterion == "error-budget" && c.monitored != nil && c.budget == Pass && !strings.Contains(r.Says, "watch measured it at 2026-03-02 11:59 UTC") {
				t.Errorf("%s: %s", about, r.Says)
			}
		}
		l := Logged{Decision: d, Request: ask, Snapshot: s, PolicyDoc: p.Canonical()}
		if again, same, err := Replay(l); err != nil || !same {
			t.Errorf("%s: it replays as %+v, %v", about, again, err)
		}
	}
}

func TestASnapshotWithoutMeasuresIsTheBytesItWas(t *testing.T) {
	t.Parallel()
	p, ask := PolicyFor(metrics.Standard), Request{Service: "web", Environment: "production"}
	s := Take(ask, p, time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC), Known{Monitored: []Monitored{{Environment: "staging"}}})
	if text, err := Canonical(s); err != nil || strings.Contains(string(text), "monitored") {
		t.Errorf("%s, %v", text, err)
	}
}

func TestSignalsAreUnstatedOnlyWhereTheRequestCouldHaveNamedThem(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 2, 12, 0, 0, 0, time.UTC)
	measured := []Monitored{{Source: "watch", Environment: "production", At: now, Signals: []SignalSeen{{"errors", now.Add(-time.Hour)}}}}
	for about, c := range map[string]struct {
		tier      metrics.Tier
		monitored []Monitored
		seen      map[string]time.Time
		want      string
	}{
		"none are named":                          {metrics.High, nil, nil, "errors latency"},
		"none are named, and business is wanted":  {metrics.Critical, nil, nil, "1 of 1 business signal errors latency"},
		"one is named, and another wanted":        {metrics.High, nil, map[string]time.Time{"errors": now}, ""},
		"those that are measured are silent":      {metrics.High, measured, nil, ""},
		"nothing is demanded where none is named": {metrics.Standard, nil, nil, ""},
	} {
		p := PolicyFor(c.tier)
		ask := Request{Service: "web", Environment: "production", Change: Change{Kind: KindNormal}, Evidence: Evidence{SignalsSeen: c.seen}}
		d := Decide(p, Take(ask, p, now, Known{Service: metrics.Service{Name: "web", Tier: c.tier}, Monitored: c.monitored}), ask)
		var got []string
		for _, r := range d.Reasons {
			got = append(got, r.Unstated(ask)...)
		}
		if strings.Join(got, " ") != c.want {
			t.Errorf("%s: %q, want %q", about, got, c.want)
		}
	}
}
