package api_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"shiphabit/api"
	"shiphabit/metrics"
	"shiphabit/metrics/gate"
)

func TestJobsAreAnsweredWithoutTheDatabaseAsWell(t *testing.T) {
	t.Parallel()
	ring := newRing(t)
	bare := func(j *api.Job) { j.TokenID, j.Run, j.Strict = "t2", "", false }
	s, line, _ := onLine(t, func(o *api.Options) {
		o.Signing = ring
		o.Jobs = badges{"good": jobOf(), "bare": jobOf(bare), "fork": jobOf(func(j *api.Job) { j.TokenID, j.Foreign = "t3", "pull_request" })}
		o.KindOf = func(string) metrics.EnvironmentKind { return metrics.Staging } // what the records say goes before it
	})
	s.ask("GET", "/api/v1/gate/verdict?service=steady", "", badge("good")...).is(http.StatusOK)
	s.ask("GET", "/api/v1/gate/verdict?service=steady", "", badge("fork")...).is(http.StatusForbidden, "may come from a fork")
	line.Cut()
	type answered struct {
		gate.Decision
		Report string `json:"report_token"`
	}
	body := `{"service":"steady","commit":"c0ffee","artifact":{"digest":"` + artifact + `"},"run":{"id":"8123","attempt":1}}`
	d := into[answered](s.ask("POST", decisions, body, badge("good")...).is(http.StatusOK))
	if d.Verdict != gate.Allow || !d.Unlogged || d.Token == "" || d.Report == "" {
		t.Errorf("a job is answered %+v", d)
	}
	s.ask("POST", decisions, body, badge("fork")...).is(http.StatusForbidden, "may come from a fork")
	s.ask("POST", decisions, body, badge("bare")...).is(http.StatusOK)
	s.ask("POST", decisions, strings.Replace(body, "8123", "8124", 1), badge("bare")...).is(http.StatusForbidden, "another run")
	s.ask("GET", decisions+"/"+d.ID+"/outcome", "", "Authorization", "Bearer "+d.Report).is(http.StatusServiceUnavailable)
	mend(t, s, line)
	s.ask("POST", decisions, body, badge("good")...).is(http.StatusOK)
	s.ask("GET", decisions+"/"+d.ID+"/outcome", "", "Authorization", "Bearer "+d.Report).is(http.StatusOK)
	s.ask("POST", decisions, strings.Replace(body, "8123", "8124", 1), badge("bare")...).is(http.StatusForbidden, "another run")
}

func TestAServerThatTakesThePlaceOfAnotherLogsWhatWaitedThere(t *testing.T) {
	t.Parallel()
	s, line, dsn := onLine(t)
	s.get("/api/v1/gate/verdict?service=steady").is(http.StatusOK)
	line.Cut()
	ask := func(at site) gate.Decision {
		return into[gate.Decision](at.ask("POST", decisions, askFor("steady", artifact), "Idempotency-Key", "run/1").is(http.StatusOK))
	}
	d := ask(s)
	s.clock.advance(2 * time.Second)
	next := newSiteOn(t, dsn, s.clock)
	next.server.Succeed(s.server)
	if again := ask(next); !d.Unlogged || again.ID != d.ID {
		t.Errorf("the next server answers %s, and the one before had answered %s", again.ID, d.ID)
	}
	next.get(decisions+"/"+d.ID).is(http.StatusOK, `"unlogged":true`)
}
