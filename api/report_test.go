package api_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"shiphabit/metrics/gate"
)

func TestAReportBooksTheDeploymentThatADecisionLetThrough(t *testing.T) {
	t.Parallel()
	s := gated(t)
	body := `{"service":"steady","environment":"production","commit":"c0ffee","artifact":{"digest":"` + built("new") + `"}}`
	d := into[gate.Decision](s.post(decisions, body).is(http.StatusOK))
	at := decisions + "/" + d.ID
	if o := into[gate.PromotionOutcome](s.get(at + "/outcome").is(http.StatusOK)); o.Outcome != gate.PendingWatch || o.Deployment != "" {
		t.Errorf("before the report: %+v", o)
	}
	s.clock.advance(2 * time.Minute)
	s.post(at+"/report", `{"outcome":"success"}`).is(http.StatusOK, `"deployment":"gate/`+d.ID)
	s.post(at+"/report", `{"outcome":"succeeded"}`).is(http.StatusOK)
	s.post(at+"/report", `{"outcome":"failed"}`).is(http.StatusConflict)
	o := into[gate.PromotionOutcome](s.get(at + "/outcome").is(http.StatusOK))
	if o.Outcome != gate.PendingWatch || o.Deployment != "gate/"+d.ID || o.WatchEndsAt.IsZero() {
		t.Errorf("while it is watched: %+v", o)
	}
	s.clock.advance(20 * time.Minute)
	if o := into[gate.PromotionOutcome](s.get(at + "/outcome").is(http.StatusOK)); o.Outcome != gate.Good {
		t.Errorf("after its watch: %+v", o)
	}
}

func TestAReportOfWhatWasStoppedOrNeverAskedIsRefused(t *testing.T) {
	t.Parallel()
	s := gated(t)
	stopped := into[gate.Decision](s.post(decisions, askFor("shaky", "sha256:new")).is(http.StatusOK))
	s.post(decisions+"/"+stopped.ID+"/report", `{"outcome":"failed"}`).is(http.StatusConflict, "nothing was let through")
	s.post(decisions+"/gd_none/report", `{"outcome":"failed"}`).is(http.StatusNotFound)
	through := into[gate.Decision](s.post(decisions, askFor("steady", "sha256:new")).is(http.StatusOK))
	s.post(decisions+"/"+through.ID+"/report", `{"outcome":"splendid"}`).is(http.StatusBadRequest, "splendid")
	nameless := into[gate.Decision](s.post(decisions, `{"service":"steady"}`).is(http.StatusOK))
	s.post(decisions+"/"+nameless.ID+"/report", `{"outcome":"failed"}`).is(http.StatusConflict, "what went out is not known")
}

func TestWhileAPromotionIsInFlightACriticalServiceHoldsTheNextOne(t *testing.T) {
	t.Parallel()
	s := gated(t)
	s.clock.advance(24 * time.Hour)
	first := into[gate.Decision](s.post(decisions, askFor("payments", "sha256:one")).is(http.StatusOK))
	if first.Verdict != gate.Allow && first.Verdict != gate.Warn {
		t.Fatalf("%s: %s", first.Verdict, first.Summary)
	}
	second := into[gate.Decision](s.post(decisions, askFor("payments", "sha256:two")).is(http.StatusOK))
	if second.Verdict != gate.Hold || !strings.Contains(second.Summary, "watched until") {
		t.Errorf("another pipeline at the same time: %s: %s", second.Verdict, second.Summary)
	}
	if again := into[gate.Decision](s.post(decisions, askFor("payments", "sha256:one")).is(http.StatusOK)); again.Verdict == gate.Hold {
		t.Errorf("its own second attempt: %s", again.Summary)
	}
	s.post(decisions+"/"+first.ID+"/report", `{"outcome":"skipped"}`).is(http.StatusOK)
	if third := into[gate.Decision](s.post(decisions, askFor("payments", "sha256:two")).is(http.StatusOK)); third.Verdict == gate.Hold && strings.Contains(third.Summary, first.ID) {
		t.Errorf("once nothing went out: %s: %s", third.Verdict, third.Summary)
	}
}
