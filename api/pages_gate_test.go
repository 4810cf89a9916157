package api_test

import (
	"fmt"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"shiphabit/api"
	"shiphabit/metrics/gate"
)

// standing is the address of a service's page at the gate.
func standing(service string) string { return "/services/" + url.PathEscape(service) + "/gate" }

func TestTheGatesPagesAnswerWithAndWithoutRecords(t *testing.T) {
	t.Parallel()
	empty, full := paged(t), paged(t)
	full.post("/api/v1/events", history("web", "....x...")+history(harm, ".x..")).is(http.StatusOK)
	full.post(decisions, askFor(harm, harm)).is(http.StatusOK)
	full.post(decisions, askFor("never deployed", "sha256:1")).is(http.StatusOK)
	for _, path := range []string{
		"/gate", "/gate?window=1y", "/gate?window=nonsense", "/gate/decisions", "/gate/decisions?verdict=block&service=web", "/gate/decisions?service=nobody",
		"/gate/backtest", "/gate/backtest?days=30", "/gate/backtest?days=3660",
	} {
		empty.get(path).is(http.StatusOK, "<h1>", "</html>")
		if page := full.get(path).is(http.StatusOK, "<h1>", "</html>"); strings.Contains(page.body, "<img src=x") {
			t.Errorf("%s: a name became markup", path)
		}
	}
	for _, path := range []string{standing("web"), standing(harm), standing("web") + "?environment=staging&window=30d", "/gate/backtest?service=" + url.QueryEscape(harm)} {
		if page := full.get(path).is(http.StatusOK, "<h1>", "</html>"); strings.Contains(page.body, "<img src=x") {
			t.Errorf("%s: a name became markup", path)
		}
	}
	empty.get("/gate").is(http.StatusOK, "No pipeline asked in this window", "No pipeline has asked yet")
	empty.get("/gate/decisions").is(http.StatusOK, "No pipeline has asked yet")
	empty.get("/gate/backtest").is(http.StatusOK, "No planned promotion to production is recorded")
	empty.get("/gate/backtest?days=x").is(http.StatusBadRequest, "1 to 3660", `<a href="/gate/backtest">Start this page anew</a>`)
	if missing := empty.get("/gate/backtest?service=nobody").is(http.StatusNotFound, "nobody"); strings.Contains(missing.body, "anew<") {
		t.Error("a page that is not there is offered anew")
	}
	empty.get("/gate/decisions?verdict=perhaps").is(http.StatusBadRequest, "allow, warn, block, hold")
	empty.get("/api/v1/gate/decisions?verdict=perhaps").is(http.StatusBadRequest, "allow, warn, block, hold")
	empty.get("/gate/decisions?cursor=x").is(http.StatusBadRequest, "cursor")
	full.get("/gate?service=web").is(http.StatusSeeOther)
}

func TestAServicesPageSaysWhatStopsItWhatOpensItAndWhatToCopy(t *testing.T) {
	t.Parallel()
	weekend := gate.Window{Name: "year end", Reason: "nobody is there", From: noon.AddDate(0, 1, 0), To: noon.AddDate(0, 1, 3)}
	s := paged(t, func(o *api.Options) { o.Freezes = []gate.Window{weekend} })
	s.post("/api/v1/events", history("shaky", strings.Repeat(".", 20)+".x.x.x.x")).is(http.StatusOK)
	d := into[gate.Decision](s.post(decisions, askFor("shaky", "sha256:new")).is(http.StatusOK))
	page := s.get(standing("shaky")).is(http.StatusOK,
		"A normal change to production is stopped now", "Failure meter", "may stop", "Restore first", "<h1>shaky at the gate</h1>", `href="/gate" aria-current="true"`,
		"Earliest: <strong>a probe may go from", "Opens when:", `href="/services/shaky/record?id=import%2Fshaky-27"`,
		"year end begins at", "None is in force", "Nothing is on its way", "--kind fix --fixes import/shaky-27", "--kind rollback --digest "+built("26"), "--criteria failure-meter,restore-first \\",
		`role="img"`, "The failure meter stands at", "The same as a table", `href="/gate/decisions/`+d.ID+`"`)
	if strings.Contains(page.body, "data-chart") || strings.Contains(page.body, "<noscript") {
		t.Error("the page needs a script")
	}
	s.post(overrides, fmt.Sprintf(`{"decision":%q,"for_seconds":7200,%s}`, d.ID, why)).is(http.StatusOK)
	s.get(standing("shaky")).is(http.StatusOK, "in force: false alarm, sets aside every criterion, 2 h left, 0 of 1 used")
	s.post(decisions, askFor("shaky", "sha256:new")).is(http.StatusOK)
	s.get(standing("shaky")).is(http.StatusOK, "was let through at", "how it went is not known", "None is in force")
	s.get("/services/shaky/record?id=import%2Fshaky-27").is(http.StatusOK, "failed, and nothing has repaired it", "run failed")
	s.get("/services/shaky/record?id=import%2Fshaky-25").is(http.StatusOK, "failed; repaired after", `<p class="place">Deployment of shaky</p>`)
	s.get("/services/shaky/record?id=none").is(http.StatusNotFound, "no deployment and no incident with the id none")
}

func TestAServiceJustStoppedMayBeLookedAtWithoutSpendingItsProbe(t *testing.T) {
	t.Parallel()
	s := paged(t)
	s.post("/api/v1/events", history("mended", strings.Repeat(".", 20)+"x.xx.x.")).is(http.StatusOK)
	s.clock.advance(24 * time.Hour)
	for range 3 {
		s.get(standing("mended")).is(http.StatusOK, "is stopped now", "a probe may go now")
	}
	if d := into[gate.Decision](s.post(decisions, askFor("mended", "sha256:new")).is(http.StatusOK)); !d.Probe {
		t.Errorf("after looking no probe was left: %s", d.Summary)
	}
}

func TestTheLogOfDecisionsIsReadPageByPageAndByVerdict(t *testing.T) {
	t.Parallel()
	s := paged(t)
	s.post("/api/v1/events", history("shaky", strings.Repeat(".", 20)+".x.x.x.x")+history("steady", strings.Repeat(".", 40))).is(http.StatusOK)
	for i := range 60 {
		s.clock.advance(time.Second)
		s.post(decisions, askFor([]string{"shaky", "steady"}[i%2], fmt.Sprintf("sha256:new%d", i))).is(http.StatusOK)
	}
	row := regexp.MustCompile(`href="/gate/decisions/(gd_[0-9A-Z]+)"`)
	next := regexp.MustCompile(`href="(/gate/decisions\?[^"]*cursor=[^"]*)" rel="next"`)
	seen := map[string]bool{}
	for path, pages := "/gate/decisions", 0; path != ""; pages++ {
		page := s.get(path).is(http.StatusOK)
		for _, m := range row.FindAllStringSubmatch(page.body, -1) {
			if seen[m[1]] {
				t.Errorf("%s stands on two pages", m[1])
			}
			seen[m[1]] = true
		}
		path = ""
		if m := next.FindStringSubmatch(page.body); m != nil {
			path = strings.ReplaceAll(m[1], "&amp;", "&")
		}
		if pages > 2 {
			t.Fatal("the pages do not end")
		}
	}
	if len(seen) != 60 {
		t.Errorf("%d decisions on all pages", len(seen))
	}
	stopped := s.get("/gate/decisions?service=shaky&verdict=block").is(http.StatusOK, "Decisions about shaky that say block", `<option selected>shaky</option>`)
	if n := len(row.FindAllString(stopped.body, -1)); n != 30 {
		t.Errorf("%d decisions stopped shaky, want 30", n)
	}
	s.get("/gate/decisions?service=steady&verdict=block").is(http.StatusOK, "No decision is of this kind")
	s.get("/api/v1/gate/decisions?service=steady&verdict=block").is(http.StatusOK, `"decisions":[]`)
	s.get("/api/v1/gate/decisions?service=shaky&verdict=block").is(http.StatusOK, `"verdict":"block"`)
}

func TestADecisionsPageTellsWhatItRestsOnAndWhatBecameOfIt(t *testing.T) {
	t.Parallel()
	s := paged(t)
	s.post("/api/v1/events", history("steady", strings.Repeat(".", 40))+history("shaky", strings.Repeat(".", 20)+".x.x.x.x")).is(http.StatusOK)
	passed := into[gate.Decision](s.post(decisions, `{"service":"steady","commit":"abc","artifact":{"digest":"`+built("new")+`","version":"2.0"},"run":{"provider":"ci","id":"17","url":"javascript:alert(1)"}}`).is(http.StatusOK))
	stopped := into[gate.Decision](s.post(decisions, askFor("shaky", "sha256:gone")).is(http.StatusOK))
	page := s.get(reportsDecision(passed.ID)).is(http.StatusOK, "the same bytes", "no deployment of it is recorded yet", "tier:standard", passed.Policy.Digest, passed.Input.Digest, "&#34;version&#34;: &#34;2.0&#34;", "none was collected")
	if strings.Contains(page.body, `href="javascript:`) {
		t.Error("the address of a run became a script")
	}
	s.get(reportsDecision(stopped.ID)).is(http.StatusOK, "Nothing was let through", "shaky is stopped", `href="/gate/decisions" aria-current="true"`)
	s.clock.advance(time.Hour)
	for service, digest := range map[string]string{"steady": built("new"), "shaky": built("gone")} {
		at := s.clock.Now().Add(-30 * time.Minute).Format(time.RFC3339)
		s.post("/api/v1/events", fmt.Sprintf(`{"type":"deployment","id":"%s-new","service":%[1]q,"environment":"production","status":"succeeded","revision":"abc","digest":%[2]q,"finished_at":%[3]q}`, service, digest, at)).is(http.StatusOK)
	}
	s.get(reportsDecision(passed.ID)).is(http.StatusOK, "It was good", "/services/steady/record?id=import%2Fsteady-new")
	s.get(reportsDecision(stopped.ID)).is(http.StatusOK, "the same artifact went out later", "It was good")
}

func reportsDecision(id string) string { return "/gate/decisions/" + id }

func TestABacktestOnAPageIsBoundedAndSaysSo(t *testing.T) {
	t.Parallel()
	s := paged(t)
	s.clock.advance(48 * time.Hour) // so that the record counts as known since its own times
	s.post("/api/v1/events", history("shaky", strings.Repeat(".", 20)+".x.x.x.x...")).is(http.StatusOK)
	page := s.get("/gate/backtest?service=shaky&days=60").is(http.StatusOK, "promotions would have been stopped", "shaky, 31 promotions", "By criterion", "Not judged:", "test-evidence", "modelled", "first of its row", `role="img"`, "stopped, failed later")
	if strings.Contains(page.body, `class="notice"`) {
		t.Error("a short history is said to be cut")
	}
	s.post("/api/v1/events", history("busy", strings.Repeat(".", 1300))).is(http.StatusOK)
	s.get("/gate/backtest?service=busy&days=365").is(http.StatusOK, "so often that a page judges its promotions only since", "shiphabit gate backtest")
	s.get("/gate/backtest?days=365").is(http.StatusOK, "1 of 3 services are not judged here", "The services left out</summary><p>busy</p>", " promotions of the 1 service shown would have been stopped</h2>")
	s.get("/api/v1/gate/backtest?service=busy").is(http.StatusOK, `"limits":["busy was deployed so often`)
	s.get("/api/v1/gate/backtest").is(http.StatusOK, "1 of 3 services are not judged here", "Left out: busy.")
	s.get("/gate/backtest?service=shaky&days=60&answer=maybe").is(http.StatusBadRequest, "give block or hold")
	s.get("/gate/backtest?service=shaky&days=60&answer=block&page=99").is(http.StatusOK, "first of its row")
	s.get("/api/v1/gate/backtest?service=nobody").is(http.StatusNotFound, "nobody")
	s.get("/api/v1/gate/backtest?days=0").is(http.StatusBadRequest, "1 to 3660")
}
