package api_test

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"shiphabit/api"
	"shiphabit/metrics"
)

type metricsAnswer struct {
	Version    int
	Scorecards []api.Entry
}

func TestFiguresAreThoseOfTheSliceAndWindow(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.post("/api/v1/events", history("payments", "....x...")+history("web", "..")).is(http.StatusOK)
	for path, rollouts := range map[string]int{
		"/api/v1/metrics":                         10,
		"/api/v1/metrics?service=payments":        8,
		"/api/v1/metrics?team=pay":                8,
		"/api/v1/metrics?tier=standard":           2,
		"/api/v1/metrics?service=payments,web":    10,
		"/api/v1/metrics?env=staging":             0,
		"/api/v1/metrics?from=2026-03-03":         8, // 1, 3, 5, 7, 9 and 11 o'clock of payments, 9 and 11 of web
		"/api/v1/metrics?to=2026-03-03T09:00:00Z": 6, // the window does not hold its end
	} {
		got := into[metricsAnswer](s.get(path).is(http.StatusOK))
		if got.Version != 1 || len(got.Scorecards) != 1 || got.Scorecards[0].Card.Frequency.Rollouts != rollouts {
			t.Errorf("%s: %d rollouts, want %d", path, got.Scorecards[0].Card.Frequency.Rollouts, rollouts)
		}
	}
	byDay := into[metricsAnswer](s.get("/api/v1/metrics?by=day&from=2026-03-02&service=payments").is(http.StatusOK))
	if len(byDay.Scorecards) != 2 || byDay.Scorecards[0].Label != "2026-03-02" || !byDay.Scorecards[1].Partial {
		t.Errorf("by day: %+v", byDay.Scorecards)
	}
	table := s.get("/api/v1/metrics?by=day&from=2026-03-02&format=csv").is(http.StatusOK)
	if lines := strings.Split(strings.TrimSpace(table.body), "\n"); len(lines) != 3 || !strings.HasPrefix(lines[0], "label,from,to,") {
		t.Errorf("CSV: %s", table.body)
	}
}

func TestWhatCannotBeAskedIsRefusedInWords(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for path, c := range map[string]struct {
		status int
		words  string
	}{
		"/api/v1/metrics?service=nobody":                {http.StatusNotFound, "service nobody fits no service"},
		"/api/v1/metrics?from=yesterday":                {http.StatusBadRequest, `neither a date like`},
		"/api/v1/metrics?from=2026-03-02&to=2026-01-01": {http.StatusBadRequest, "is not before"},
		"/api/v1/metrics?as_of=soon":                    {http.StatusBadRequest, "as_of"},
		"/api/v1/metrics?by=hour":                       {http.StatusBadRequest, "by: "},
		"/api/v1/metrics?format=xml":                    {http.StatusBadRequest, "neither json nor csv"},
		"/api/v1/metrics?env=prod":                      {http.StatusNotFound, "nothing is known of an environment"},
		"/api/v1/metrics?label=risk":                    {http.StatusBadRequest, "name=value"},
		"/api/v1/explain/change_lead_time?limit=0":      {http.StatusBadRequest, "limit"},
		"/api/v1/explain/change_lead_time?cursor=x":     {http.StatusBadRequest, "cursor"},
		"/api/v1/explain/change_lead_time?format=xml":   {http.StatusBadRequest, "none of json, jsonl, csv"},
		"/api/v1/metrics?definition=mine":               {http.StatusBadRequest, "use one of dora"},
		"/api/v1/metrics?zone=Mars/Base":                {http.StatusBadRequest, "Europe/Berlin"},
		"/api/v1/metrics/compare":                       {http.StatusBadRequest, "name from 2 to 8"},
		"/api/v1/metrics/compare?definition=dora,mine":  {http.StatusBadRequest, "use one of dora"},
		"/api/v1/explain/velocity":                      {http.StatusNotFound, "velocity"},
		"/api/v1/services/nobody/index":                 {http.StatusNotFound, "nobody"},
		"/api/v1/nothing":                               {http.StatusNotFound, "nothing at this address"},
	} {
		got := s.get(path).is(c.status, c.words)
		if kind := got.header.Get("Content-Type"); kind != "application/problem+json" {
			t.Errorf("%s is answered as %s", path, kind)
		}
	}
	s.ask("DELETE", "/api/v1/services", "").is(http.StatusMethodNotAllowed, "not asked with that method")
}

func TestFiguresAreMadeByTheDefinitionThatIsNamedAndCompared(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.post("/api/v1/events", history("payments", "....x...")).is(http.StatusOK)
	got := into[metricsAnswer](s.get("/api/v1/metrics?definition=gitlab").is(http.StatusOK))
	if card := got.Scorecards[0].Card; card.Definition != "gitlab/1" || card.Frequency.Rollouts != 7 || card.FailRate.NoInterval == "" {
		t.Errorf("the scorecard is %+v", card)
	}
	s.get("/api/v1/explain/deployment_frequency?definition=gitlab").is(http.StatusOK, "the definition counts successes only")
	c := into[metrics.Comparison](s.get("/api/v1/metrics/compare?definition=dora&definition=gitlab&service=payments").is(http.StatusOK))
	if len(c.Figures) != 6 || len(c.Definitions) != 2 || c.Figures[0].Walks[0].Steps[0].Rule != "deployments" || c.Slice != "service payments" {
		t.Errorf("the comparison is %+v", c)
	}
	table := s.get("/api/v1/metrics?definition=gitlab&format=csv").is(http.StatusOK)
	if !strings.Contains(table.body, "definition,lead_time_s,recovery_s") || !strings.Contains(table.body, "gitlab/1") {
		t.Errorf("CSV: %s", table.body)
	}
}

func TestAFigureOpensIntoItsRows(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.post("/api/v1/events", history("payments", "....x...")).is(http.StatusOK)
	s.get("/api/v1/explain/change_fail_rate?service=payments").is(http.StatusOK, "payments-4", "run failed")
	s.get("/api/v1/explain/change-fail-rate?service=payments").is(http.StatusOK)
}

func TestServicesAreListedAndHaveAnIndex(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.get("/api/v1/services").is(http.StatusOK, `"payments"`)
	s.post("/api/v1/events", history("shop/web", "..........")).is(http.StatusOK)
	s.get("/api/v1/services").is(http.StatusOK, `"shop/web"`)
	escaped := "/api/v1/services/" + url.PathEscape("shop/web")
	s.get(escaped).is(http.StatusOK, `"shop/web"`)
	index := into[metrics.Index](s.get(escaped + "/index").is(http.StatusOK))
	if index.N != 4 || len(index.Parts) != 6 { // it looks at full days: those of the day before
		t.Errorf("index %+v", index)
	}
	s.get(escaped+"/facts").is(http.StatusOK, `"rollouts"`)
}

func TestAnUnchangedAnswerCostsNoBody(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	first := s.get("/api/v1/services").is(http.StatusOK)
	tag := first.header.Get("ETag")
	if tag == "" {
		t.Fatal("no ETag")
	}
	if again := s.ask("GET", "/api/v1/services", "", "If-None-Match", tag).is(http.StatusNotModified); again.body != "" {
		t.Errorf("a body of %d bytes", len(again.body))
	}
	s.post("/api/v1/events", oneIncident).is(http.StatusOK)
	s.ask("GET", "/api/v1/services", "", "If-None-Match", tag).is(http.StatusOK, "web")
	if head := s.ask("HEAD", "/api/v1/services", "").is(http.StatusOK); head.body != "" || head.header.Get("ETag") == "" {
		t.Errorf("HEAD: %+v", head)
	}
}

func TestATeamsFiguresShowHowFarItsServicesLieApart(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.post("/api/v1/events", history("payments", ".....x..")+history("web", "......x.xx")+history("tiny", ".")).is(http.StatusOK)
	got := into[struct{ Spread []metrics.Spread }](s.get("/api/v1/metrics?service=payments,web,tiny").is(http.StatusOK)).Spread
	if len(got) != 5 || got[2].Figure != metrics.FigureFailRate || got[2].Services != 2 || got[2].Of != 3 || *got[2].Low != 1.0/8 || *got[2].High != 3.0/10 {
		t.Errorf("the spread is %+v", got)
	}
	if all := s.get("/api/v1/metrics").is(http.StatusOK); strings.Contains(all.body, `"spread"`) {
		t.Error("the organisation is no list of services")
	}
}

func TestRecordsOfNoServiceAreListed(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.get("/api/v1/unmatched").is(http.StatusOK, `{"records":[]}`)
	s.post("/api/v1/events", history("payments", ".")+`{"type":"verdict","id":"v1","deployment":"nobody-knows","at":"2026-03-02T10:00:00Z","result":"healthy"}`).is(http.StatusOK)
	s.get("/api/v1/unmatched").is(http.StatusOK, "import/verdict/v1")
}

func TestASeriesOfTooManyBucketsIsRefused(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.get("/api/v1/metrics?by=day&from=0001-01-01").is(http.StatusBadRequest, "more than 4000 of them (days)")
	s.get("/api/v1/metrics?by=month&from=1900-01-01").is(http.StatusOK)
}

func TestAMisspeltFilterIsRefusedInsteadOfAnsweringAboutEverything(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.post("/api/v1/events", history("payments", ".")).is(http.StatusOK)
	for path, want := range map[string]string{
		"/api/v1/metrics?services=payments":                    "there are: service, team, tier",
		"/api/v1/metrics?service=payments&from=2026-02-01&x=1": `query parameter \"x\" is unknown here`,
		"/api/v1/explain/change_fail_rate?Service=payments":    "there are: service, team, tier",
		"/api/v1/gate/verdict?service=payments&env=staging":    "there are: service, environment",
		"/api/v1/services?service=payments":                    "there are: none",
	} {
		s.get(path).is(http.StatusBadRequest, want)
	}
	s.get("/api/v1/metrics?service=payments").is(http.StatusOK)
}

func TestANarrowedAnswerSaysToWhatItIsNarrowed(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.post("/api/v1/events", history("payments", ".")).is(http.StatusOK)
	s.get("/api/v1/metrics?branch=production").is(http.StatusOK, `"all services, branch production"`)
	s.get("/api/v1/metrics?env=production").is(http.StatusOK, `"slice":"all services"`)
}
