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

// spare is a digest that no record knows.
const spare = "sha256:5a4e5a4e5a4e5a4e5a4e5a4e5a4e5a4e5a4e5a4e5a4e5a4e5a4e5a4e5a4e5a4e"

func TestAJobNamesAnotherCommitOnlyWhenTheRecordBearsOutItsRollback(t *testing.T) {
	t.Parallel()
	s := staffed(t, badges{"good": jobOf(), "unknown": jobOf(func(j *api.Job) { j.TokenID, j.Commit = "t2", "" })})
	const reason = "rollback not in the record"
	for _, c := range []struct {
		sentence, badge, body string
		status                int
		kind, reason          string
	}{
		{"a commit that was live", "good", `{"service":"steady","change":{"kind":"rollback"},"commit":"r3"}`, 200, "rollback", ""},
		{"a digest that was live", "good", `{"service":"steady","change":{"kind":"rollback"},"artifact":{"digest":"` + built("3") + `"}}`, 200, "rollback", ""},
		{"a commit nobody has seen", "good", `{"service":"steady","change":{"kind":"rollback"},"commit":"badc0de"}`, 403, "", reason},
		{"such a commit with a digest nobody has seen", "good", `{"service":"steady","change":{"kind":"rollback"},"commit":"badc0de","artifact":{"digest":"` + spare + `"}}`, 403, "", reason},
		{"a commit that was live, of which another artifact was", "good", `{"service":"steady","change":{"kind":"rollback"},"commit":"r3","artifact":{"digest":"` + spare + `"}}`, 403, "", reason},
		{"what is live already", "good", `{"service":"steady","change":{"kind":"rollback"},"commit":"r39"}`, 403, "", reason},
		{"a service without a record", "good", `{"service":"ledger","change":{"kind":"rollback"},"commit":"r3"}`, 403, "", reason},
		{"its own commit, though no rollback", "good", `{"service":"steady","change":{"kind":"rollback"},"commit":"C0FFEE"}`, 200, "normal", ""},
		{"no artifact at all, which is its own commit", "good", `{"service":"steady","change":{"kind":"rollback"}}`, 200, "normal", ""},
		{"a fix", "good", `{"service":"steady","change":{"kind":"fix","fixes":["x"]},"commit":"r3"}`, 403, "", "other commit"},
		{"a configuration", "good", `{"service":"steady","change":{"kind":"config"},"commit":"r3"}`, 403, "", "other commit"},
		{"an issuer that tells no commit", "unknown", `{"service":"steady","change":{"kind":"rollback"},"commit":"badc0de","run":{"url":"https://ci.example/unknown"}}`, 200, "normal", ""},
	} {
		before := len(s.log.String())
		got := s.ask("POST", decisions, c.body, badge(c.badge)...)
		if got.status != c.status || c.kind != "" && !strings.Contains(got.body, `"kind":"`+c.kind+`"`) {
			t.Errorf("%s: status %d, want %d as %q: %s", c.sentence, got.status, c.status, c.kind, got.body)
		}
		if logged := s.log.String()[before:]; c.reason != "" && !strings.Contains(logged, `reason="`+c.reason+`"`) {
			t.Errorf("%s: the log says %q, want the reason %q", c.sentence, logged, c.reason)
		}
	}
	s.ask("GET", "/api/v1/gate/verdict?service=steady&kind=rollback&commit=badc0de", "", badge("good")...).is(http.StatusForbidden, "is no rollback by the record")
	s.ask("GET", "/api/v1/gate/verdict?service=steady&kind=rollback&commit=r3", "", badge("good")...).is(http.StatusOK, "allow")
	reader := []string{"Authorization", "Bearer " + s.grant("reader", time.Time{}, "read")}
	for _, l := range into[struct{ Decisions []gate.Logged }](s.ask("GET", decisions+"?limit=200", "", reader...).is(http.StatusOK)).Decisions {
		if l.Request.Commit == "badc0de" && !strings.HasSuffix(l.Request.Run.URL, "unknown") {
			t.Errorf("a refused request is among the decisions: %+v", l.Request)
		}
		if l.Request.Commit == "" && l.Request.Artifact.Digest == "" {
			t.Errorf("what goes out is not known: %+v", l.Request)
		}
	}
}

func TestARefusedRollbackUsesNoOverrideAndNoProbe(t *testing.T) {
	t.Parallel()
	s := staffed(t, badges{"good": jobOf(func(j *api.Job) { j.Services = append(j.Services, api.JobService{Name: "shaky"}) })})
	lead := []string{"Authorization", "Bearer " + s.grant("lead", time.Time{}, "override", "read")}
	s.ask("POST", "/api/v1/gate/overrides", `{"service":"shaky","reason":"the meter counts a test of ours","category":"false alarm"}`, lead...).is(http.StatusOK)
	s.ask("POST", decisions, `{"service":"shaky","change":{"kind":"rollback"},"commit":"badc0de"}`, badge("good")...).is(http.StatusForbidden)
	s.ask("GET", "/api/v1/gate/overrides?service=shaky", "", lead...).is(http.StatusOK, `"used":0`)
}

func TestWithoutTheDatabaseAJobsRollbackIsHeldAgainstWhatIsRemembered(t *testing.T) {
	t.Parallel()
	s, line, _ := onLine(t, func(o *api.Options) { o.Jobs = badges{"good": jobOf()} })
	s.ask("GET", "/api/v1/gate/verdict?service=steady", "", badge("good")...).is(http.StatusOK)
	line.Cut()
	s.ask("POST", decisions, `{"service":"steady","change":{"kind":"rollback"},"commit":"r3"}`, badge("good")...).is(http.StatusOK, `"kind":"rollback"`, `"unlogged":true`)
	s.ask("POST", decisions, `{"service":"steady","change":{"kind":"rollback"},"commit":"badc0de"}`, badge("good")...).is(http.StatusForbidden, "is no rollback by the record")
}

// A rollback goes by the record; what else its request states of the artifact must not become part of the record, where it would
// bear out the next one.
func TestARollbackPutsNothingIntoTheRecordThatWasNotThere(t *testing.T) {
	t.Parallel()
	s := staffed(t, badges{"good": jobOf()})
	s.ask("POST", "/api/v1/events", strings.ReplaceAll(history("ledger", "......"), `"digest"`, `"version"`),
		"Authorization", "Bearer "+s.grant("ci", time.Time{}, "ingest")).is(http.StatusOK)
	for _, c := range []struct{ service, beside, claim string }{
		{"steady", `"commit":"badc0de","artifact":{"digest":"` + built("3") + `"}`, `"commit":"badc0de"`},
		{"ledger", `"commit":"r3","artifact":{"digest":"` + spare + `"}`, `"artifact":{"digest":"` + spare + `"}`},
	} {
		d := into[gate.Decision](s.ask("POST", decisions, `{"service":"`+c.service+`","change":{"kind":"rollback"},`+c.beside+`}`, badge("good")...).is(http.StatusOK, `"kind":"rollback"`))
		s.clock.advance(time.Minute)
		s.ask("POST", decisions+"/"+d.ID+"/report", `{"outcome":"success"}`, badge("good")...).is(http.StatusOK)
		s.clock.advance(time.Minute)
		next := into[gate.Decision](s.ask("POST", decisions, `{"service":"`+c.service+`","commit":"c0ffee"}`, badge("good")...).is(http.StatusOK))
		s.clock.advance(time.Minute)
		s.ask("POST", decisions+"/"+next.ID+"/report", `{"outcome":"success"}`, badge("good")...).is(http.StatusOK)
		a := s.ask("POST", decisions, `{"service":"`+c.service+`","change":{"kind":"rollback"},`+c.claim+`}`, badge("good")...)
		if strings.Contains(a.body, `"kind":"rollback"`) {
			t.Errorf("%s: %s is a rollback after it stood beside one: %s", c.service, c.claim, a.body)
		}
	}
}

// historyIn is a service's history in another environment, whose host states what it is for.
func historyIn(environment, kind, service, fates string) string {
	stated := `"labels":{"` + metrics.KindLabel + `":"` + kind + `"},"environment":"` + environment + `"`
	return strings.ReplaceAll(history(service, fates), `"environment":"production"`, stated)
}

func TestAForkIsJudgedByWhatTheEnvironmentIsForInAnySpelling(t *testing.T) {
	t.Parallel()
	known := badges{}
	for _, environment := range []string{"kai-süd", "kai-ſüd", "shared"} {
		known[environment] = jobOf(func(j *api.Job) {
			j.TokenID, j.Foreign, j.Environment = environment, "pull_request", environment
			j.Services = []api.JobService{{Name: "steady"}, {Name: "unseen"}, {Name: "alone"}, {Name: "many"}}
		})
	}
	s := newSite(t, func(o *api.Options) { o.Jobs = known })
	s.post("/api/v1/events", historyIn("KAI-SÜD", "production", "steady", "..")+historyIn("shared", "production", "alone", "..")+
		historyIn("shared", "staging", "many", "......")).is(http.StatusOK)
	for _, c := range []struct {
		sentence, service, environment string
		status                         int
	}{
		{"its own record says production", "steady", "kai-süd", 403},
		{"in letters that only differ in their case elsewhere", "steady", "kai-ſüd", 403},
		{"the records of others say production", "unseen", "kai-süd", 403},
		{"of others, in such letters", "unseen", "kai-ſüd", 403},
		{"its own record says production, most others do not", "alone", "shared", 403},
		{"no record says production", "many", "shared", 200},
	} {
		body := `{"service":"` + c.service + `","environment":"` + c.environment + `"}`
		if got := s.ask("POST", decisions, body, badge(c.environment)...); got.status != c.status || c.status == 403 && !strings.Contains(got.body, "may come from a fork") {
			t.Errorf("%s: status %d, want %d: %s", c.sentence, got.status, c.status, got.body)
		}
	}
}
