package api_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"shiphabit/api"
	"shiphabit/metrics"
	"shiphabit/metrics/gate"
)

const scoreboard = "/api/v1/gate/scoreboard"

func TestTheScoreboardCountsWhatPipelinesWereToldAndWhatBecameOfIt(t *testing.T) {
	t.Parallel()
	s := gated(t)
	s.post(decisions, askFor("steady", "sha256:new")).is(http.StatusOK)
	s.post(decisions, askFor("shaky", "sha256:new")).is(http.StatusOK)
	s.post(decisions, `{"service":"shaky","change":{"kind":"fix","fixes":["nothing"]},"artifact":{"digest":"`+built("new")+`"}}`).is(http.StatusOK)
	s.post(decisions, askFor("payments", "sha256:new")).is(http.StatusOK)
	s.clock.advance(2 * time.Hour)
	// What was stopped went out all the same, and failed.
	went := s.clock.Now().Add(-time.Minute).Format(time.RFC3339)
	s.post("/api/v1/events", fmt.Sprintf(`{"type":"deployment","id":"late","service":"shaky","environment":"production","status":"failed","revision":"r","digest":%q,"finished_at":%q}`, built("new"), went)).is(http.StatusOK)
	b := into[gate.Scoreboard](s.get(scoreboard).is(http.StatusOK))
	if b.Decisions != 4 || b.Services != 3 || b.Allowed != 1 || b.Blocked != 2 || b.Held != 1 {
		t.Errorf("%+v", b)
	}
	if s := b.Stops; s.Spells != 1 || s.Decisions != 2 || s.Prevented.Count != 1 || s.Prevented.Of != 1 || s.Prevented.LowPPM != 25_000 {
		t.Errorf("stops %+v", s)
	}
	if b.DelaySeconds != 2*3600 || len(b.Refused) != 1 || b.Refused[0] != (gate.Counted{Name: "fix", Count: 1}) {
		t.Errorf("delay %d, refused %v", b.DelaySeconds, b.Refused)
	}
	if len(b.Promises) == 0 || b.Promises[0].Broken {
		t.Errorf("promises %+v", b.Promises)
	}
	s.clock.advance(24 * time.Hour)
	if b := into[gate.Scoreboard](s.get(scoreboard + "?days=1").is(http.StatusOK)); b.Decisions != 0 {
		t.Errorf("a window of one day holds %d decisions of the day before", b.Decisions)
	}
	s.get(scoreboard+"?days=0").is(http.StatusBadRequest, "1 to 3660")
}

func TestOfNoDecisionTheScoreboardIsEmptyAndComplete(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.get(scoreboard).is(http.StatusOK, `"decisions":0`, `"holds":[]`, `"promises":[]`, `"latency":null`)
}

func TestDecisionsAreTimed(t *testing.T) {
	t.Parallel()
	s := newSite(t, func(o *api.Options) {
		at := o.Clock
		calls := 0
		o.Clock = func() time.Time { // each look at it is a millisecond later; requests come one at a time
			calls++
			return at().Add(time.Duration(calls) * time.Millisecond)
		}
	})
	s.post(decisions, askFor("web", "sha256:new")).is(http.StatusOK)
	b := into[gate.Scoreboard](s.get(scoreboard).is(http.StatusOK))
	if b.Latency == nil || b.Latency.Timed != 1 || b.Latency.Median < 1000 {
		t.Errorf("%+v", b.Latency)
	}
}

// deploys sends deployments of a service one every two hours, and goes on to after the last: "." is a good one, "x" a failed one.
func deploys(s site, service, fates string) {
	s.Helper()
	var lines strings.Builder
	for _, fate := range fates {
		s.clock.advance(2 * time.Hour)
		status := map[rune]string{'.': "succeeded", 'x': "failed"}[fate]
		at := s.clock.Now()
		fmt.Fprintf(&lines, `{"type":"deployment","id":"%s-%d","service":%q,"environment":"production","status":%q,"revision":"r%[2]d","digest":"sha256:%[2]d","finished_at":%[5]q}`+"\n",
			service, at.Unix(), service, status, at.Format(time.RFC3339))
	}
	s.clock.advance(30 * time.Minute)
	s.post("/api/v1/events", lines.String()).is(http.StatusOK)
}

// meterOf asks for a promotion and returns how the failure meter judged it.
func meterOf(s site, service, digest string) (gate.Decision, gate.Reason) {
	s.Helper()
	d := into[gate.Decision](s.post(decisions, askFor(service, digest)).is(http.StatusOK))
	for _, r := range d.Reasons {
		if r.Criterion == "failure-meter" {
			return d, r
		}
	}
	s.Fatalf("no failure meter in %+v", d)
	return d, gate.Reason{}
}

func TestACriterionThatWasWrongMoreOftenThanPromisedOnlyWarnsWithinTheHour(t *testing.T) {
	t.Parallel()
	s := paged(t)
	meterOf(s, "web", "sha256:first")                  // from here on it is judged
	deploys(s, "web", strings.Repeat(".", 500)+"xxxx") // six weeks
	if d, r := meterOf(s, "web", "sha256:a"); d.Verdict != gate.Block || r.Mode != gate.Enforce {
		t.Fatalf("at the first stop: %s, %+v", d.Verdict, r)
	}
	deploys(s, "web", "..."+strings.Repeat(".", 60)+"xxxx")
	if d, r := meterOf(s, "web", "sha256:b"); d.Verdict != gate.Block || r.Mode != gate.Enforce {
		t.Fatalf("one wrong stop in six weeks may be chance: %s, %+v", d.Verdict, r)
	}
	deploys(s, "web", "..."+strings.Repeat(".", 40)+"xxxx.")
	d, r := meterOf(s, "web", "sha256:c")
	if r.Result != gate.Fail || r.Mode != gate.WarnOnly || d.Verdict == gate.Block || !strings.Contains(r.Says, "It only warns now") {
		t.Errorf("after two wrong stops in weeks: %s, %+v", d.Verdict, r)
	}
	logged := into[gate.Logged](s.get(decisions + "/" + d.ID).is(http.StatusOK))
	if len(logged.Snapshot.Demoted) != 1 || logged.Snapshot.Demoted[0].Measured != 2 {
		t.Errorf("the snapshot knows %+v", logged.Snapshot.Demoted)
	}
	s.get(decisions+"/"+d.ID+"/replay").is(http.StatusOK, `"same":true`)
	s.get("/gate").is(http.StatusOK, "broken: it only warns")
	s.get("/services/web/gate").is(http.StatusOK, "only warns: 2 wrong stops in")
	if b := into[gate.Scoreboard](s.get(scoreboard).is(http.StatusOK)); !b.Promises[0].Broken || b.Promises[0].Wrong != 2 {
		t.Errorf("%+v", b.Promises)
	}
}

func TestABrokenPromiseConcernsThoseWhoShareIt(t *testing.T) {
	t.Parallel()
	s := newSite(t, func(o *api.Options) {
		o.Policy = func(service metrics.Service) gate.Policy {
			p := gate.PolicyFor(gate.TierOf(service))
			if service.Name == "other" {
				p.Criteria.FailureMeter.WrongStopYears = gate.Fraction{Num: 3, Den: 1}
			}
			return p
		}
	})
	modes := func(want map[string]gate.Mode) {
		t.Helper()
		for service, mode := range want {
			if _, r := meterOf(s, service, "sha256:"+string(mode)); r.Mode != mode {
				t.Errorf("the meter of %s is on %s, want %s", service, r.Mode, mode)
			}
		}
	}
	deploys(s, "other", strings.Repeat(".", 100)+"xxxx")
	deploys(s, "same", strings.Repeat(".", 100)+"xxxx")
	for range 2 {
		deploys(s, "web", "..."+strings.Repeat(".", 100)+"xxxx")
		meterOf(s, "web", "sha256:a")
	}
	deploys(s, "web", "...")
	modes(map[string]gate.Mode{"web": gate.WarnOnly, "same": gate.WarnOnly, "other": gate.Enforce, "payments": gate.Enforce})
}
