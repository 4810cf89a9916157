package api_test

import (
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"shiphabit/api"
)

var formToken = regexp.MustCompile(`name="csrf" value="([^"]+)"`)

// form sends a form of a page as a browser would, with the page's token and cookie; pairs are names and values.
func (s site) form(page, path string, pairs ...string) answer {
	s.Helper()
	shown := s.get(page)
	found := formToken.FindStringSubmatch(shown.body)
	if found == nil {
		s.Fatalf("%s has no form: %s", page, shown.body)
	}
	values := url.Values{"csrf": {html.UnescapeString(found[1])}}
	for i := 0; i+1 < len(pairs); i += 2 {
		values.Set(pairs[i], pairs[i+1])
	}
	cookie, _, _ := strings.Cut(shown.header.Get("Set-Cookie"), ";")
	return s.ask("POST", path, values.Encode(), "Content-Type", "application/x-www-form-urlencoded", "Cookie", cookie)
}

// numbers are what programs read about a service: they tell when a figure is the same byte for byte.
func (s site) numbers(service string) string {
	s.Helper()
	all := ""
	for _, path := range []string{"/api/v1/metrics?service=", "/api/v1/explain/change_fail_rate?service=", "/api/v1/explain/change_lead_time?service="} {
		all += s.get(path + url.QueryEscape(service) + "&as_of=2026-03-03T12:00:00Z&to=2026-03-03T12:00:00Z").is(http.StatusOK).body
	}
	return all
}

func TestADisputeIsPreviewedRecordedAndWithdrawnAndTheFiguresAreThoseOfBefore(t *testing.T) {
	t.Parallel()
	s := paged(t)
	s.post("/api/v1/events", history(harm, "..x......")).is(http.StatusOK)
	record := "/services/" + url.PathEscape(harm) + "/record?" + url.Values{"id": {"import/" + harm + "-2"}}.Encode()
	before := s.numbers(harm)
	choice := "run failed import/" + harm + "-2"

	s.form(record, record, "step", "preview", "what", choice).is(http.StatusUnprocessableEntity, "Nothing was stored", "Reason: missing")
	s.form(record, record, "step", "preview", "reason", "x").is(http.StatusUnprocessableEntity, "Choose what is wrong")
	shown := s.form(record, record, "step", "preview", "what", choice, "reason", "<b>the runner died</b>").is(http.StatusOK,
		"Look before you record it", "1 failed of 9", "0 failed of 9", "&lt;b&gt;the runner died&lt;/b&gt;")
	if strings.Contains(shown.body, "<img src=x") {
		t.Error("the name became markup")
	}
	if s.numbers(harm) != before {
		t.Error("a preview changed the figures")
	}
	if got := s.form(record, record, "step", "record", "what", choice, "reason", "the runner died"); got.status != http.StatusSeeOther {
		t.Fatal(got.status, got.body)
	}
	if s.numbers(harm) == before {
		t.Error("the dispute changed nothing")
	}
	s.get(record).is(http.StatusOK, "no failure known", "the runner died", "by local", "in force")
	s.get("/corrections").is(http.StatusOK, "the runner died", "status: succeeded", "in force")
	s.get("/corrections?service="+url.QueryEscape(harm)).is(http.StatusOK, "the runner died")
	s.get("/api/v1/audit").is(http.StatusOK, `"action":"record corrected"`, `"actor":"local"`)

	s.form(record, record, "step", "withdraw", "correction", "1").is(http.StatusUnprocessableEntity, "Reason: missing")
	if got := s.form(record, record, "step", "withdraw", "correction", "1", "reason", "it did fail"); got.status != http.StatusSeeOther {
		t.Fatal(got.status, got.body)
	}
	if s.numbers(harm) != before {
		t.Error("after the withdrawal the figures are not those of before")
	}
	s.get("/corrections").is(http.StatusOK, "withdrawn 3 Mar 2026 12:00 UTC by local")
	s.form(record, "/corrections", "correction", "1", "reason", "again").is(http.StatusUnprocessableEntity, "withdrawn already")
	s.form(record, "/corrections", "correction", "none", "reason", "x").is(http.StatusNotFound)
}

func TestADeploymentThatWasLeftOutKeepsItsPageToComeBackBy(t *testing.T) {
	t.Parallel()
	s := paged(t)
	s.post("/api/v1/events", history("web", "..x...")).is(http.StatusOK)
	record := "/services/web/record?id=import%2Fweb-4"
	before := s.numbers("web")
	s.form(record, record, "step", "preview", "what", "test", "reason", "a drill").is(http.StatusOK, "6 deployments", "5 deployments")
	if got := s.form(record, record, "step", "record", "what", "test", "reason", "a drill"); got.status != http.StatusSeeOther {
		t.Fatal(got.status, got.body)
	}
	s.get(record).is(http.StatusOK, "It enters no figure of web", "left out of all figures")
	s.get("/explain/deployment_frequency?service=web").is(http.StatusOK, "left out by a correction: a drill", "record?id=import%2Fweb-4")
	s.form(record, record, "step", "withdraw", "correction", "1", "reason", "no drill")
	if s.numbers("web") != before {
		t.Error("after the withdrawal the figures are not those of before")
	}
}

func TestAnIncidentIsBlamedOnAnotherDeploymentOrNoneByItsPage(t *testing.T) {
	t.Parallel()
	s := paged(t)
	s.post("/api/v1/events", history("web", "......")+
		`{"type":"incident","id":"INC-1","service":"web","started_at":"2026-03-03T11:10:00Z","resolved_at":"2026-03-03T11:30:00Z"}`).is(http.StatusOK)
	record := "/services/web/record?id=import%2FINC-1"
	s.get(record).is(http.StatusOK, ">r5, 2026-03-03 11:00</a>; inferred")
	what := "caused import/INC-1"
	s.form(record, record, "step", "preview", "what", what, "given_1", "import/none", "reason", "x").is(http.StatusUnprocessableEntity, "No deployment is called import/none")
	s.form(record, record, "step", "preview", "what", what, "reason", "x").is(http.StatusUnprocessableEntity, "Deployment: missing")
	s.form(record, record, "step", "preview", "what", "started", "given_2", "soon", "reason", "x").is(http.StatusUnprocessableEntity, "is no time like")
	s.form(record, record, "step", "record", "what", what, "given", "import/web-3", "reason", "seen in the trace")
	s.get(record).is(http.StatusOK, ">r3, 2026-03-03 07:00</a>", "corrected by hand: seen in the trace")
	s.form(record, record, "step", "record", "what", "started", "given_2", "2026-03-03T11:05", "reason", "the alarm was late")
	s.get(record).is(http.StatusOK, ">3 Mar 2026 11:05</time>")
	rollout := "/services/web/record?id=import%2Fweb-3"
	s.form(rollout, rollout, "step", "record", "what", "unlinked import/INC-1", "reason", "the provider was down")
	s.get(rollout).is(http.StatusOK, "no failure known")
}

func TestADisputeTakesTimesOfTheOrganisationAndStoresThemInUTC(t *testing.T) {
	t.Parallel()
	vienna, err := time.LoadLocation("Europe/Vienna")
	if err != nil {
		t.Fatal(err)
	}
	s := paged(t, func(o *api.Options) { o.Zone = vienna })
	s.post("/api/v1/events", history("web", "......")+
		`{"type":"incident","id":"INC-1","service":"web","started_at":"2026-03-03T11:10:00Z","resolved_at":"2026-03-03T11:30:00Z"}`).is(http.StatusOK)
	record := "/services/web/record?id=import%2FINC-1"
	s.get(record).is(http.StatusOK, "The right time (Europe/Vienna)", `value="2026-03-03T12:10"`, `value="2026-03-03T12:30"`)
	for given, problem := range map[string]string{"2025-10-26T02:30": "show 2025-10-26T02:30 twice", "2026-03-29T02:30": "put forward over that hour"} {
		s.form(record, record, "step", "record", "what", "started", "given", given, "reason", "x").is(http.StatusUnprocessableEntity, "Nothing was stored", problem)
	}
	s.form(record, record, "step", "preview", "what", "started", "given", "2026-03-03T12:05", "reason", "late").is(http.StatusOK, "2026-03-03 12:05 (Europe/Vienna)", `name="given" value="2026-03-03T12:05"`)
	s.form(record, record, "step", "record", "what", "started", "given", "2026-03-03T12:05", "reason", "the alarm was late")
	s.get(record).is(http.StatusOK, `<time datetime="2026-03-03T11:05:00Z">3 Mar 2026 12:05</time>`, "started at: 2026-03-03T11:05:00Z")
}

func TestADeploymentThatItsSourceCalledOffIsOpenToDisputeToo(t *testing.T) {
	t.Parallel()
	s := paged(t)
	s.post("/api/v1/events", history("web", "....")).is(http.StatusOK)
	s.post("/api/v1/events", `{"type":"deployment","id":"off","service":"web","environment":"production","status":"cancelled","revision":"r9","started_at":"2026-03-03T11:20:00Z","finished_at":"2026-03-03T11:25:00Z"}`).is(http.StatusOK)
	before := s.numbers("web")
	s.get("/explain/deployment_frequency?service=web").is(http.StatusOK, "record?id=import%2Foff")
	record := "/services/web/record?id=import%2Foff"
	s.get(record).is(http.StatusOK, "It enters no figure of web", "cancelled")
	s.form(record, record, "step", "record", "what", "succeeded", "reason", "the runner lost its way")
	s.get(record).is(http.StatusOK, "no failure known", "Environment")
	if s.numbers("web") == before {
		t.Error("the dispute changed nothing")
	}
	s.form(record, record, "step", "withdraw", "correction", "1", "reason", "no")
	if s.numbers("web") != before {
		t.Error("after the withdrawal the figures are not those of before")
	}
}

func TestADisputeNeedsTheTokenOfItsFormAndTheScopeAdmin(t *testing.T) {
	t.Parallel()
	s := paged(t)
	s.post("/api/v1/events", history("web", "..x...")).is(http.StatusOK)
	record := "/services/web/record?id=import%2Fweb-2"
	body := url.Values{"step": {"record"}, "what": {"test"}, "reason": {"x"}}.Encode()
	for _, path := range []string{record, "/corrections"} {
		s.ask("POST", path, body, "Content-Type", "application/x-www-form-urlencoded").is(http.StatusForbidden, "nothing was stored")
	}
	s.get("/corrections").is(http.StatusOK, "everything counts as its source tells")

	s = paged(t, requireTokens)
	reader, admin := s.grant("reader", time.Time{}, "read"), s.grant("ann", time.Time{}, "admin")
	s.ask("POST", "/api/v1/events", history("web", "..x..."), "Authorization", "Bearer "+admin).is(http.StatusOK)
	s.get(record).is(http.StatusUnauthorized)
	s.token = reader
	if page := s.get(record).is(http.StatusOK, "takes a token with the scope"); strings.Contains(page.body, "<form method=\"post\"") {
		t.Error("a reader is offered the form")
	}
	s.ask("POST", record, body, "Content-Type", "application/x-www-form-urlencoded").is(http.StatusForbidden, "lacks the scope admin")
	s.token = admin
	if got := s.form(record, record, "step", "record", "what", "test", "reason", "a drill"); got.status != http.StatusSeeOther {
		t.Fatal(got.status, got.body)
	}
	s.get("/corrections").is(http.StatusOK, "by token:ann")
}
