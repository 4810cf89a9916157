package api_test

import (
	"context"
	"net/http"
	"strings"
	"testing"
	"time"

	"shiphabit/api"
	"shiphabit/metrics"
	"shiphabit/metrics/gate"
)

// badge is what the tests' tokens look like; the verifier here knows each by its middle part.
func badge(name string) []string { return []string{"Authorization", "Bearer e." + name + ".s"} }

// badges is a verifier of tokens that stand for jobs.
type badges map[string]api.Job

func (b badges) Verify(_ context.Context, token string) (api.Job, error) {
	job, known := b[strings.Split(token, ".")[1]]
	if !known {
		return api.Job{}, &api.JobRefusal{Kind: api.Unauthorized, Reason: "bad signature", Says: "the token's signature is not that of its issuer", Issuer: "github"}
	}
	return job, nil
}

// jobOf is a job of GitHub's that deploys two services to production.
func jobOf(change ...func(*api.Job)) api.Job {
	job := api.Job{
		Issuer: "github", Provider: "github", Project: "42", Services: []api.JobService{{Name: "steady"}, {Name: "ledger", Environments: []string{"production", "staging"}}},
		Environment: "production", Strict: true, Commit: "c0ffee", Run: "8123", Attempt: 1, TokenID: "t1", ExpiresAt: noon.Add(5 * time.Minute),
	}
	for _, f := range change {
		f(&job)
	}
	return job
}

// staffed is a gated server that knows the jobs of these badges.
func staffed(t *testing.T, known badges) site {
	t.Helper()
	s := newSite(t, func(o *api.Options) {
		o.Jobs, o.RequireTokens = known, true
		o.KindOf = func(e string) metrics.EnvironmentKind { return metrics.DefaultRules().KindOf(e) }
	})
	s.ask("POST", "/api/v1/events", history("steady", strings.Repeat(".", 40))+history("shaky", strings.Repeat(".", 20)+".x.x.x.x"),
		"Authorization", "Bearer "+s.grant("importer", time.Time{}, "ingest", "read")).is(http.StatusOK)
	return s
}

func TestAJobAsksForItsOwnServicesAndIsRefusedForItsOwnReason(t *testing.T) {
	t.Parallel()
	known := badges{
		"good":   jobOf(),
		"stage":  jobOf(func(j *api.Job) { j.TokenID, j.Environment = "t2", "staging" }),
		"bare":   jobOf(func(j *api.Job) { j.TokenID, j.Environment = "t3", "" }),
		"fork":   jobOf(func(j *api.Job) { j.TokenID, j.Foreign = "t4", "pull_request" }),
		"forkst": jobOf(func(j *api.Job) { j.TokenID, j.Foreign, j.Environment = "t5", "pull_request", "staging" }),
		"other":  jobOf(func(j *api.Job) { j.Run, j.Attempt = "8124", 1 }), // the same token id in another run
		"plain":  jobOf(func(j *api.Job) { j.TokenID, j.Environment, j.Strict, j.Run = "t6", "", false, "" }),
		"build":  jobOf(func(j *api.Job) { j.TokenID, j.Environment, j.Strict = "t7", "", false }),
	}
	s := staffed(t, known)
	for _, c := range []struct {
		sentence, badge, body string
		status                int
		says, reason          string
	}{
		{"its own service", "good", `{"service":"steady","commit":"c0ffee"}`, 200, `"verdict":"allow"`, ""},
		{"again in the same run", "good", `{"service":"steady","commit":"c0ffee","run":{"provider":"github","id":"8123","attempt":1}}`, 200, "", ""},
		{"somebody else's service", "good", `{"service":"shaky","commit":"c0ffee"}`, 403, "may not ask for the service", "service not mapped"},
		{"a rollback of somebody else's service", "good", `{"service":"shaky","change":{"kind":"rollback"},"commit":"r1"}`, 403, "", "service not mapped"},
		{"an environment it may not ask for", "good", `{"service":"ledger","environment":"testing"}`, 403, "add the environment", "environment not mapped"},
		{"another environment than the job's", "stage", `{"service":"steady","environment":"production"}`, 403, "runs for the environment", "other environment"},
		{"the job's environment in other letters", "good", `{"service":"steady","environment":"Production"}`, 200, "", ""},
		{"a job without an environment", "bare", `{"service":"ledger"}`, 403, "give the job that environment", "no environment"},
		{"a pull request to production", "fork", `{"service":"steady","commit":"c0ffee"}`, 403, "may come from a fork", "may come from a fork"},
		{"a pull request to staging", "forkst", `{"service":"steady","environment":"staging"}`, 200, "", ""},
		{"another commit than the job's", "good", `{"service":"steady","commit":"badc0de"}`, 403, "runs at commit", "other commit"},
		{"a rollback to an earlier commit", "good", `{"service":"steady","change":{"kind":"rollback"},"commit":"r3"}`, 200, "", ""},
		{"a run that is not the token's", "good", `{"service":"steady","run":{"id":"9"}}`, 403, "each run asks for its own", "token of another run"},
		{"an attempt that is not the token's", "good", `{"service":"steady","run":{"id":"8123","attempt":2}}`, 403, "", "token of another run"},
		{"a token that another run has used", "other", `{"service":"steady"}`, 403, "used in another run before", "token used in another run"},
		{"an issuer without environments, where none is mapped", "build", `{"service":"steady"}`, 403, "", "no environment"},
		{"an issuer without environments, where one is mapped", "build", `{"service":"ledger"}`, 200, "", ""},
		{"an issuer without runs, and none stated", "plain", `{"service":"ledger"}`, 403, "state run.id", "run not stated"},
		{"an issuer without runs", "plain", `{"service":"ledger","run":{"id":"7","attempt":1}}`, 200, "", ""},
		{"its token in another run", "plain", `{"service":"ledger","run":{"id":"8","attempt":1}}`, 403, "", "token used in another run"},
		{"a token that is none", "forged", `{"service":"steady"}`, 401, "not that of its issuer", "bad signature"},
	} {
		before := len(s.log.String())
		got := s.ask("POST", decisions, c.body, badge(c.badge)...)
		if got.status != c.status || !strings.Contains(got.body, c.says) {
			t.Errorf("%s: status %d, want %d with %q: %s", c.sentence, got.status, c.status, c.says, got.body)
		}
		logged := s.log.String()[before:]
		if c.reason != "" && !strings.Contains(logged, `reason="`+c.reason+`"`) || c.reason == "" && strings.Contains(logged, "a job was refused") {
			t.Errorf("%s: the log says %q, want the reason %q", c.sentence, logged, c.reason)
		}
		if strings.Contains(logged+got.body, "e."+c.badge+".s") {
			t.Errorf("%s: the token is repeated: %s%s", c.sentence, logged, got.body)
		}
	}
}

func TestADecisionTakesItsRunFromTheToken(t *testing.T) {
	t.Parallel()
	s := staffed(t, badges{"good": jobOf()})
	d := into[gate.Decision](s.ask("POST", decisions, `{"service":"steady","run":{"url":"https://ci.example/8123"}}`, badge("good")...).is(http.StatusOK))
	l := into[gate.Logged](s.ask("GET", decisions+"/"+d.ID, "", "Authorization", "Bearer "+s.grant("reader", time.Time{}, "read")).is(http.StatusOK))
	if l.Caller != "job:github/42" || l.Request.Run != (gate.Run{Provider: "github", ID: "8123", Attempt: 1, URL: "https://ci.example/8123"}) || l.Request.Commit != "c0ffee" {
		t.Errorf("caller %q, %+v at %q", l.Caller, l.Request.Run, l.Request.Commit)
	}
}

func TestAJobMayDoNothingButAskTheGate(t *testing.T) {
	t.Parallel()
	s := staffed(t, badges{"good": jobOf()})
	for _, at := range []string{"GET /api/v1/services", "GET /api/v1/gate/decisions", "GET /api/v1/gate/decisions/gd_1", "POST /api/v1/events", "POST /api/v1/gate/overrides", "GET /api/v1/gate/overrides", "GET /"} {
		method, path, _ := strings.Cut(at, " ")
		if got := s.ask(method, path, "{}", badge("good")...); got.status != http.StatusForbidden && got.status != http.StatusNotFound {
			t.Errorf("%s: status %d", at, got.status)
		}
	}
	s.ask("GET", "/api/v1/gate/verdict?service=steady", "", badge("good")...).is(http.StatusOK, "allow")
	s.ask("GET", "/api/v1/gate/verdict?service=shaky", "", badge("good")...).is(http.StatusForbidden)
}

func TestAReportTokenIsForItsDecisionAndADay(t *testing.T) {
	t.Parallel()
	s := staffed(t, badges{"good": jobOf(func(j *api.Job) { j.Services = append(j.Services, api.JobService{Name: "shaky"}) })})
	type answered struct {
		ID    string
		Token string `json:"report_token"`
	}
	ask := func(body string, headers ...string) answered {
		return into[answered](s.ask("POST", decisions, body, append(headers, badge("good")...)...).is(http.StatusOK))
	}
	body := `{"service":"steady","commit":"c0ffee"}`
	one, two := ask(body), ask(body)
	again := ask(body, "Idempotency-Key", "k")
	repeated := ask(body, "Idempotency-Key", "k")
	if one.Token == "" || one.Token == two.Token || again.ID != repeated.ID || repeated.Token == "" {
		t.Fatalf("%+v %+v %+v %+v", one, two, again, repeated)
	}
	if stopped := ask(`{"service":"shaky","commit":"c0ffee"}`); stopped.Token != "" {
		t.Error("there is a token to report on a decision that let nothing through")
	}
	by := func(token string) []string { return []string{"Authorization", "Bearer " + token} }
	if d := s.ask("POST", decisions, body, by(s.grant("pipeline", time.Time{}, "gate"))...).is(http.StatusOK); strings.Contains(d.body, "report_token") {
		t.Error("an API token gets a report token that it does not need")
	}
	s.clock.advance(23 * time.Hour) // the job's own token has long expired
	s.ask("POST", decisions+"/"+two.ID+"/report", `{"outcome":"success"}`, by(one.Token)...).is(http.StatusForbidden, "its own decision")
	s.ask("GET", "/api/v1/gate/verdict?service=steady", "", by(one.Token)...).is(http.StatusForbidden)
	s.ask("POST", decisions, body, by(one.Token)...).is(http.StatusForbidden)
	s.ask("GET", "/api/v1/services", "", by(one.Token)...).is(http.StatusForbidden)
	s.ask("POST", decisions+"/"+one.ID+"/report", `{"outcome":"success"}`, by("shr_GUESSED")...).is(http.StatusUnauthorized)
	s.ask("POST", decisions+"/"+one.ID+"/report", `{"outcome":"success"}`, by(one.Token)...).is(http.StatusOK)
	s.ask("GET", decisions+"/"+one.ID+"/outcome", "", by(one.Token)...).is(http.StatusOK)
	s.clock.advance(time.Hour)
	s.ask("GET", decisions+"/"+one.ID+"/outcome", "", by(one.Token)...).is(http.StatusUnauthorized, "24 hours")
	reader := by(s.grant("reader", time.Time{}, "read"))
	if kept := s.ask("GET", decisions+"/"+one.ID, "", reader...).is(http.StatusOK); strings.Contains(kept.body, one.Token) || strings.Contains(kept.body, "report_token") {
		t.Error("the token is kept with its decision")
	}
	s.ask("GET", decisions+"/"+one.ID+"/replay", "", reader...).is(http.StatusOK, `"same":true`)
	if strings.Contains(s.log.String(), one.Token) {
		t.Error("the token is in the log")
	}
}

func TestAJobReportsOnItsOwnServicesOnly(t *testing.T) {
	t.Parallel()
	s := staffed(t, badges{
		"good": jobOf(), "later": jobOf(func(j *api.Job) { j.TokenID, j.Run = "t2", "8130" }),
		"stranger": jobOf(func(j *api.Job) { j.TokenID, j.Project, j.Services = "t3", "43", []api.JobService{{Name: "shaky"}} }),
		"fork":     jobOf(func(j *api.Job) { j.TokenID, j.Foreign = "t4", "pull_request" }),
		"stage":    jobOf(func(j *api.Job) { j.TokenID, j.Environment = "t5", "staging" }),
	})
	d := into[gate.Decision](s.ask("POST", decisions, `{"service":"steady"}`, badge("good")...).is(http.StatusOK))
	for _, no := range []string{"stranger", "fork", "stage"} {
		s.ask("POST", decisions+"/"+d.ID+"/report", `{"outcome":"failed"}`, badge(no)...).is(http.StatusForbidden)
		s.ask("GET", decisions+"/"+d.ID+"/outcome", "", badge(no)...).is(http.StatusForbidden)
	}
	s.ask("POST", decisions+"/"+d.ID+"/report", `{"outcome":"success"}`, badge("later")...).is(http.StatusOK)
	s.ask("POST", decisions+"/"+d.ID+"/report", `{"outcome":"success"}`, badge("good")...).is(http.StatusOK)
}

func TestWithoutIssuersASignedTokenIsUnknown(t *testing.T) {
	t.Parallel()
	s := gated(t)
	s.ask("POST", decisions, `{"service":"steady"}`, badge("good")...).is(http.StatusUnauthorized)
}
