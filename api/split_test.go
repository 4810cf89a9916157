package api_test

import (
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"shiphabit/api"
	"shiphabit/internal/store"
	"shiphabit/internal/storetest"
	"shiphabit/metrics"
	"shiphabit/metrics/gate"
)

// splitting is a server whose configuration has refunds in the repository of checkout, and cart beside it with folders of its own.
func splitting(t *testing.T, dsn string, change ...func(*api.Options)) site {
	t.Helper()
	at := &clock{now: noon}
	rules := metrics.DefaultRules()
	rules.Services = []metrics.Service{
		{Name: "checkout", Tier: metrics.Standard, Repositories: []string{"acme/payments"}, Paths: []string{"checkout"}},
		{Name: "refunds", Tier: metrics.Standard, Repositories: []string{"acme/payments"}, Paths: []string{"checkout/refunds"}},
		{Name: "cart", Tier: metrics.Standard, Repositories: []string{"acme/payments"}, Paths: []string{"cart"}},
	}
	db, err := store.Open(t.Context(), dsn, store.Options{Rules: rules, Clock: at.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	s := newSiteOver(t, db, at, change...)
	s.post("/api/v1/events", deployment("checkout", "old", noon.AddDate(0, 0, -40), "succeeded")).is(http.StatusOK)
	if err := db.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
	return s
}

func deployment(service, id string, at time.Time, status string) string {
	return fmt.Sprintf(`{"type":"deployment","id":%q,"service":%q,"environment":"production","status":%q,"revision":%q,"digest":%q,"started_at":%q,"finished_at":%q}`+"\n",
		id, service, status, "r"+id, built(id), at.Add(-5*time.Minute).Format(time.RFC3339), at.Format(time.RFC3339))
}

const sharedWords = "it shares checkout/refunds in its repository acme/payments with checkout."

// meterSays is what a decision says of the failure meter.
func meterSays(d gate.Decision) string {
	for _, r := range d.Reasons {
		if r.Criterion == "failure-meter" {
			return r.Says
		}
	}
	return ""
}

func TestTheGateLetsASplitServiceBeginHalfFullAndOneWithPathsOfItsOwnEmpty(t *testing.T) {
	t.Parallel()
	s := splitting(t, filepath.Join(t.TempDir(), "api.db"))
	for service, want := range map[string]string{
		"refunds": "refunds begins half full, at 8 of 17: " + sharedWords,
		"cart":    "the meter is empty, its line is 17.", "checkout": "Now 0, line 17.", "undeclared": "the meter is empty, its line is 17.",
	} {
		d := into[gate.Decision](s.post(decisions, askFor(service, "sha256:new")).is(http.StatusOK))
		if !strings.Contains(meterSays(d), want) || d.Verdict == gate.Block {
			t.Errorf("%s is told %s: %s", service, d.Verdict, meterSays(d))
		}
	}
}

func TestABacktestStopsASplitServiceWhereTheGateDid(t *testing.T) {
	t.Parallel()
	s := splitting(t, filepath.Join(t.TempDir(), "api.db"))
	stopped := 0
	for i, status := range []string{"succeeded", "failed", "failed", "succeeded"} {
		at := noon.AddDate(0, 0, i)
		s.clock.advance(at.Sub(s.clock.Now()))
		id := fmt.Sprint("new", i)
		live := into[gate.Decision](s.post(decisions, askFor("refunds", "sha256:"+id)).is(http.StatusOK))
		s.post("/api/v1/events", deployment("refunds", id, at.Add(10*time.Minute), status)).is(http.StatusOK)
		s.clock.advance(5 * time.Hour)
		back := into[gate.Backtest](s.get("/api/v1/gate/backtest?service=refunds").is(http.StatusOK))
		meter := 0
		for _, c := range back.Criteria {
			if c.Criterion == "failure-meter" {
				meter = c.Stopped
			}
		}
		for _, r := range live.Reasons {
			if r.Criterion == "failure-meter" && r.Result == gate.Fail {
				stopped++
			}
		}
		if meter != stopped || back.Promotions != i+1 {
			t.Errorf("after %d promotions the backtest's meter stops %d, the gate stopped %d: %s", back.Promotions, meter, stopped, meterSays(live))
		}
	}
	if stopped != 1 {
		t.Errorf("%d were stopped; two failures from half full are at the line", stopped)
	}
}

func TestWithoutItsDatabaseTheGateKnowsWhereASplitServiceBegan(t *testing.T) {
	t.Parallel()
	through, line := storetest.Through(t, postgres.New(t))
	s := splitting(t, through, func(o *api.Options) { o.Patience = 50 * time.Millisecond })
	s.post("/api/v1/events", deployment("refunds", "first", noon.Add(-time.Hour), "failed")).is(http.StatusOK)
	before := into[gate.Decision](s.post(decisions, askFor("refunds", "sha256:new")).is(http.StatusOK))
	line.Cut()
	s.clock.advance(10 * time.Minute)
	after := into[gate.Decision](s.post(decisions, askFor("refunds", "sha256:newer")).is(http.StatusOK))
	if want := "Now 13, line 17. It began half full, at 8 of 17: " + sharedWords; !after.Unlogged || !strings.Contains(meterSays(before), want) || !strings.Contains(meterSays(after), want) {
		t.Errorf("before: %s\nafter: %s (unlogged: %t)", meterSays(before), meterSays(after), after.Unlogged)
	}
}
