package api_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"shiphabit/api"
	"shiphabit/internal/exposition"
	"shiphabit/metrics"
	"shiphabit/metrics/gate"
)

// scraped is what a scrape tells of the program's own, by series.
func (s site) scraped(headers ...string) map[string]float64 {
	s.Helper()
	told := map[string]float64{}
	for _, line := range strings.Split(s.ask("GET", "/metrics", "", headers...).is(http.StatusOK).body, "\n") {
		cut := strings.LastIndex(line, " ")
		if !strings.HasPrefix(line, "shiphabit_") || cut < 0 {
			continue
		}
		value, err := strconv.ParseFloat(line[cut+1:], 64)
		if err != nil {
			s.Fatalf("%s: %v", line, err)
		}
		told[line[:cut]] = value
	}
	return told
}

// read scrapes until the database was read for it, which on a slow machine takes longer than a scrape waits.
func (s site) read() map[string]float64 {
	s.Helper()
	patient, stop := context.WithTimeout(s.Context(), patience)
	defer stop()
	told := s.scraped()
	for len(named(told, "shiphabit_services")) == 0 {
		if told[`shiphabit_exposition_reads_total{outcome="failed"}`] > 0 || patient.Err() != nil {
			s.Fatalf("it cannot be read:\n%s", s.log)
		}
		told = s.scraped()
	}
	return told
}

// tells fails the test unless each series has its value.
func tells(t *testing.T, told, want map[string]float64) {
	t.Helper()
	for series, value := range want {
		if got, found := told[series]; !found || got != value {
			t.Errorf("%s is %v (there: %v), want %v", series, got, found, value)
		}
	}
}

// named are the series whose name begins so, sorted.
func named(told map[string]float64, prefix string) []string {
	var found []string
	for series := range told {
		if strings.HasPrefix(series, prefix) {
			found = append(found, series)
		}
	}
	slices.Sort(found)
	return found
}

func TestAScrapeTellsTheFiguresThatTheInterfaceTells(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.post("/api/v1/events", history("payments", strings.Repeat("....x", 8))+history("stray", "..x")).is(http.StatusOK)
	told := s.read()
	for query, labels := range map[string]string{
		"":                  `scope="organisation",service="",team=""`,
		"?team=pay":         `scope="team",service="",team="pay"`,
		"?service=payments": `scope="service",service="payments",team="pay"`,
	} {
		card := into[struct{ Scorecards []api.Entry }](s.get("/api/v1/metrics" + query).is(http.StatusOK)).Scorecards[0].Card
		if card.FailRate.Value == nil || card.Frequency.PerDay == nil {
			t.Fatalf("%s: the interface tells no figures: %+v", query, card)
		}
		tells(t, told, map[string]float64{
			"shiphabit_deployments{" + labels + "}":                                  float64(card.Frequency.Rollouts),
			"shiphabit_deployments_per_day{" + labels + "}":                          *card.Frequency.PerDay,
			"shiphabit_change_fail_ratio{" + labels + "}":                            *card.FailRate.Value,
			`shiphabit_change_fail_interval_ratio{bound="low",` + labels + "}":       card.FailRate.Interval.Low,
			`shiphabit_change_fail_interval_ratio{bound="high",` + labels + "}":      card.FailRate.Interval.High,
			`shiphabit_figure_samples{figure="change_fail_rate",` + labels + "}":     float64(card.FailRate.Of),
			`shiphabit_figure_samples{figure="deployment_frequency",` + labels + "}": float64(card.Frequency.Rollouts),
		})
	}
	tells(t, told, map[string]float64{"shiphabit_services": 2, "shiphabit_database_up": 1, "shiphabit_services_underived": 0, "shiphabit_gate_services_unjudged": 0})
	stray := named(told, `shiphabit_change_fail_ratio{scope="service",service="stray"`)
	if lead := named(told, "shiphabit_change_lead_time"); len(lead) > 0 || len(stray) > 0 {
		t.Errorf("figures that nobody can know are told: %v %v", lead, stray)
	}
}

func TestAScrapeTellsWhatTheGateStopsNow(t *testing.T) {
	t.Parallel()
	s := gated(t)
	told := s.read()
	tells(t, told, map[string]float64{
		`shiphabit_gate_service_stopped{service="shaky",team="",tier="standard",verdict="block"}`:  1,
		`shiphabit_gate_service_stopped{service="payments",team="pay",tier="high",verdict="hold"}`: 1, // it was deployed a moment ago
		`shiphabit_gate_services{verdict="block"}`:                                                 1, `shiphabit_gate_services{verdict="hold"}`: 1,
	})
	if all := named(told, "shiphabit_gate_service_stopped"); len(all) != 2 {
		t.Errorf("stopped are %v", all)
	}
	standing := 0.0
	for _, series := range named(told, "shiphabit_gate_services{") {
		standing += told[series]
	}
	if standing != told["shiphabit_services"] {
		t.Errorf("%v services stand before the gate, of %v", standing, told["shiphabit_services"])
	}
}

func TestEachDecisionIsCountedOnceAndEachAnswerMeasured(t *testing.T) {
	t.Parallel()
	s := gated(t)
	ask := func(key, service, environment string) {
		body := fmt.Sprintf(`{"service":%q,"environment":%q,"artifact":{"digest":%q}}`, service, environment, built("1"))
		s.ask("POST", decisions, body, "Idempotency-Key", key).is(http.StatusOK)
	}
	for range 3 {
		ask("run/1", "shaky", "production")
	}
	ask("run/2", "steady", "production")
	ask("run/3", "steady", "staging")
	tells(t, s.scraped(), map[string]float64{
		`shiphabit_gate_decisions_total{environment_kind="production",kind="normal",logged="true",verdict="block"}`: 1,
		`shiphabit_gate_decisions_total{environment_kind="production",kind="normal",logged="true",verdict="allow"}`: 1,
		`shiphabit_gate_decisions_total{environment_kind="staging",kind="normal",logged="true",verdict="allow"}`:    1,
		"shiphabit_gate_decision_duration_seconds_count":                                                            5,
	})
}

func TestEventsAreCountedByTheWayOnWhichTheyCame(t *testing.T) {
	t.Parallel()
	s := hookSite(t)
	s.post("/api/v1/events", history("payments", "...")).is(http.StatusOK)
	s.post("/api/v1/events", history("payments", "...")+`{"type":"deployment"}`).is(http.StatusUnprocessableEntity)
	for range 2 { // a delivery that comes again counts once
		s.push("one", shipped("one")).is(http.StatusOK)
	}
	s.server.Collected(7, 2)
	told := s.scraped()
	tells(t, told, map[string]float64{
		`shiphabit_events_received_total{via="api"}`: 6, `shiphabit_events_received_total{via="webhook"}`: 1,
		`shiphabit_events_refused_total{via="webhook"}`: 0, `shiphabit_events_received_total{via="collector"}`: 7, `shiphabit_events_refused_total{via="collector"}`: 2,
	})
	if told[`shiphabit_events_refused_total{via="api"}`] == 0 {
		t.Error("an event without an id is refused and not counted")
	}
}

func TestRequestsAreCountedByTheTemplateOfTheirAddress(t *testing.T) {
	t.Parallel()
	s := newSite(t, withPages(t))
	s.post("/api/v1/events", history("payments", "...")).is(http.StatusOK)
	s.get("/services/payments").is(http.StatusOK)
	s.get("/services/nobody%2Fknows").is(http.StatusNotFound)
	s.get("/nothing/here?token=secret").is(http.StatusNotFound)
	told := s.scraped()
	tells(t, told, map[string]float64{
		`shiphabit_http_requests_total{code="200",method="GET",route="/services/:service"}`: 1,
		`shiphabit_http_requests_total{code="404",method="GET",route="/services/:service"}`: 1,
		`shiphabit_http_requests_total{code="404",method="any",route="unmatched"}`:          1,
		`shiphabit_http_requests_total{code="200",method="POST",route="/api/v1/events"}`:    1,
	})
	for series := range told {
		if strings.Contains(series, "nobody") || strings.Contains(series, "secret") || strings.Contains(series, "/nothing") {
			t.Errorf("an address is told: %s", series)
		}
	}
}

func TestThatSomebodyOpensOrAnswersAFormMovesNothing(t *testing.T) {
	t.Parallel()
	s := newSite(t, withPages(t))
	s.post("/api/v1/events", history("payments", strings.Repeat(".", 30))).is(http.StatusOK)
	opened := into[openedAnswer](s.post(roundsPath, `{"team":"pay","size":5}`).is(http.StatusCreated))
	s.read()
	before := s.scraped() // counts the scrape before it
	s.submit(opened.Links[0], opened.Links[0], chosen(opened.Round, 2)...).is(http.StatusOK, "Thank you")
	s.get("/assess/no-such-form-anywhere-at-all").is(http.StatusNotFound)
	s.get("/assess/" + strings.Repeat("a/", 9)).is(http.StatusNotFound)
	after := s.scraped()
	for series, value := range after {
		if own := strings.Contains(series, `route="/metrics"`); !own && before[series] != value {
			t.Errorf("%s moved from %v to %v", series, before[series], value)
		}
	}
	if len(after) != len(before) {
		t.Errorf("%d series, and %d before", len(after), len(before))
	}
}

func TestWhoMayReadMayScrape(t *testing.T) {
	t.Parallel()
	s := newSite(t, requireTokens)
	reader, ingester := s.grant("prometheus", time.Time{}, "read"), s.grant("ci", time.Time{}, "ingest")
	s.get("/metrics").is(http.StatusUnauthorized, "shiphabit token create")
	s.ask("GET", "/metrics", "", "Authorization", "Bearer "+ingester).is(http.StatusForbidden, "lacks the scope read")
	s.ask("GET", "/metrics", "", "Authorization", "Bearer "+reader).is(http.StatusOK, "shiphabit_database_up 1")
	s.ask("GET", "/metrics", "", "Authorization", "Bearer "+reader, "Host", "rebound.example").is(http.StatusForbidden, "is not known as")
}

// counted counts how often the database is read for scrapes, and can keep whoever asks waiting.
type counted struct {
	keptBy
	asked *atomic.Int32
	held  chan struct{} // nil holds nobody
}

func (c counted) Underived(ctx context.Context) (int, error) {
	c.asked.Add(1)
	if c.held != nil {
		<-c.held
	}
	return c.keptBy.Underived(ctx)
}

func TestManyScrapersReadTheDatabaseOnceInFiveSeconds(t *testing.T) {
	t.Parallel()
	var asked atomic.Int32
	s := newSite(t, func(o *api.Options) { o.Store = counted{keptBy: o.Store.(keptBy), asked: &asked} })
	for range 20 {
		s.scraped()
	}
	if n := asked.Load(); n != 1 {
		t.Errorf("twenty scrapes read %d times", n)
	}
	s.clock.advance(6 * time.Second)
	tells(t, s.scraped(), map[string]float64{`shiphabit_exposition_reads_total{outcome="read"}`: 2})
	if n := asked.Load(); n != 2 {
		t.Errorf("after six seconds it was read %d times", n)
	}
}

func TestAScrapeDoesNotWaitForADatabaseThatTakesItsTime(t *testing.T) {
	t.Parallel()
	var asked atomic.Int32
	held := make(chan struct{})
	s := newSite(t, func(o *api.Options) { o.Store = counted{o.Store.(keptBy), &asked, held} })
	if told := s.scraped(); len(named(told, "shiphabit_services")) != 0 || told["shiphabit_database_up"] != 1 {
		t.Errorf("while it is read there are %v", told)
	}
	close(held)
	s.read()
	if n := asked.Load(); n != 1 {
		t.Errorf("it was read %d times", n)
	}
}

// unheard is a database that answers everything but the question whether it is there.
type unheard struct{ api.Store }

func (unheard) Ping(context.Context) error { return errors.New("it is held by another process") }

func TestWhatAScrapeFindsMakesNoDecisionGoWithoutTheDatabase(t *testing.T) {
	t.Parallel()
	s := newSite(t, func(o *api.Options) { o.Store = unheard{o.Store} })
	s.post("/api/v1/events", history("steady", "....")).is(http.StatusOK)
	tells(t, s.scraped(), map[string]float64{"shiphabit_database_up": 0, "shiphabit_gate_standby": 0})
	if d := into[gate.Decision](s.post(decisions, askFor("steady", "sha256:new")).is(http.StatusOK)); d.Unlogged || strings.Contains(s.log.String(), "does not answer") {
		t.Errorf("unlogged %t; the log says\n%s", d.Unlogged, s.log)
	}
}

// endless is a database whose reading lasts until it is broken off.
type endless struct {
	keptBy

	under *atomic.Int32
}

func (e endless) Underived(ctx context.Context) (int, error) {
	e.under.Add(1)
	defer e.under.Add(-1)
	<-ctx.Done()
	return 0, ctx.Err()
}

func TestWhatIsReadForAScrapeEndsWithTheServer(t *testing.T) {
	t.Parallel()
	var under atomic.Int32
	s := newSite(t, func(o *api.Options) { o.Store = endless{o.Store.(keptBy), &under} })
	s.scraped()
	if under.Load() != 1 {
		t.Fatal("nothing is being read; the test shows nothing")
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	_ = s.server.Run(ctx)
	s.clock.advance(time.Minute)
	s.scraped()
	if n := under.Load(); n != 0 {
		t.Errorf("the server has ended, and %d readings go on", n)
	}
	if log := s.log.String(); strings.Contains(log, "level=ERROR") {
		t.Errorf("it takes its end for a fault:\n%s", log)
	}
}

func TestWithoutItsDatabaseAScrapeSaysSoAndTellsWhatItKnewForFiveMinutes(t *testing.T) {
	t.Parallel()
	s, line, _ := onLine(t)
	told := s.read()
	tells(t, told, map[string]float64{"shiphabit_database_up": 1, "shiphabit_gate_standby": 0, "shiphabit_services": 3})
	s.get("/api/v1/gate/verdict?service=steady").is(http.StatusOK)
	line.Cut()
	s.clock.advance(10 * time.Second)
	s.post(decisions, askFor("steady", "sha256:new")).is(http.StatusOK)
	told = s.scraped()
	tells(t, told, map[string]float64{
		"shiphabit_database_up": 0, "shiphabit_gate_standby": 1, "shiphabit_services": 3, "shiphabit_gate_decisions_unlogged": 1,
		`shiphabit_gate_decisions_total{environment_kind="production",kind="normal",logged="false",verdict="allow"}`: 1,
	})
	if at := told["shiphabit_exposition_read_timestamp_seconds"]; at != float64(noon.Unix()) {
		t.Errorf("what is told was read at %v", at)
	}
	s.clock.advance(5 * time.Minute)
	answer := s.get("/metrics").is(http.StatusOK, "shiphabit_database_up 0", "go_goroutines", "process_cpu_seconds_total")
	if strings.Contains(answer.body, "shiphabit_services") || strings.Contains(answer.body, "shiphabit_deployments") {
		t.Error("what was known five minutes ago is told as if it were so")
	}
	mend(t, s, line)
	told = s.scraped()
	for try := 0; try < 50 && len(named(told, "shiphabit_services")) == 0; try++ { // connections that broke are found out one by one
		s.clock.advance(10 * time.Second)
		told = s.scraped()
	}
	tells(t, told, map[string]float64{"shiphabit_database_up": 1, "shiphabit_services": 3})
}

func TestTooManyTeamsOrServicesHaveNoFiguresOfTheirOwnUnlessTheyAreNamed(t *testing.T) {
	t.Parallel()
	var many strings.Builder
	for i := range 101 {
		many.WriteString(history(fmt.Sprintf("svc-%03d", i), ".....x"))
	}
	for name, c := range map[string]struct {
		exposed     api.Exposed
		series      []string
		leftOut     float64
		leftOutTeam float64
	}{
		"left to itself":  {api.Exposed{}, []string{`scope="organisation",service="",team=""`, `scope="team",service="",team="pay"`}, 102, 0},
		"named":           {api.Exposed{Services: []string{"svc-007", "payments", "no such"}}, []string{`scope="organisation",service="",team=""`, `scope="service",service="payments",team="pay"`, `scope="service",service="svc-007",team=""`, `scope="team",service="",team="pay"`}, 100, 0},
		"none are wanted": {api.Exposed{Services: []string{}, Teams: []string{}}, []string{`scope="organisation",service="",team=""`}, 102, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t, func(o *api.Options) { o.Exposed = c.exposed })
			s.post("/api/v1/events", many.String()+history("payments", "......")).is(http.StatusOK)
			told := s.read()
			var want []string
			for _, labels := range c.series {
				want = append(want, "shiphabit_deployments{"+labels+"}")
			}
			if got := named(told, "shiphabit_deployments{"); !slices.Equal(got, want) {
				t.Errorf("there are %v, want %v", got, want)
			}
			tells(t, told, map[string]float64{`shiphabit_exposition_left_out{what="services"}`: c.leftOut, `shiphabit_exposition_left_out{what="teams"}`: c.leftOutTeam})
		})
	}
}

func TestAServerThatTakesTheOldOnesPlaceCountsOn(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.post("/api/v1/events", history("payments", "...")).is(http.StatusOK)
	next := newSite(t)
	next.server.Succeed(s.server)
	tells(t, next.scraped(), map[string]float64{`shiphabit_events_received_total{via="api"}`: 3})
}

func TestNewRecordsMoveTheFiguresOfTheNextReading(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.post("/api/v1/events", history("payments", "......")).is(http.StatusOK)
	deployments := `shiphabit_deployments{scope="service",service="payments",team="pay"}`
	tells(t, s.read(), map[string]float64{deployments: 6})
	s.post("/api/v1/events", shipped("another")).is(http.StatusOK)
	s.clock.advance(readAnew)
	s.scraped()
	s.clock.advance(readAnew) // on a slow machine the scrape before told what was known before it
	tells(t, s.scraped(), map[string]float64{deployments: 7})
}

// readAnew is longer than what was read is told.
const readAnew = 6 * time.Second

func TestFiguresMoveWithTimeThoughNothingNewIsRecorded(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.post("/api/v1/events", history("payments", "x.x.x.x.x.x.")+history("broken", "xxxxxxx")).is(http.StatusOK)
	perDay := `shiphabit_deployments_per_day{scope="service",service="broken",team=""}`
	before := s.read()[perDay]
	s.clock.advance(90 * time.Minute)
	s.scraped()
	s.clock.advance(readAnew)
	if after := s.scraped()[perDay]; before == 0 || after == before {
		t.Errorf("over a window that grew it stays at %v", after)
	}
}

func TestAServiceThatOnlyLacksWhatAPipelineStatesIsNotToldAsStopped(t *testing.T) {
	t.Parallel()
	s := newSite(t, withPages(t), func(o *api.Options) {
		o.Policy = func(service metrics.Service) gate.Policy {
			p := policyOf(service)
			p.Criteria.MonitoringLive.Required, p.Criteria.MonitoringLive.Mode, p.Criteria.MonitoringLive.OnUnknown = true, gate.Enforce, gate.Hold
			return p
		}
	})
	s.post("/api/v1/events", history("steady", strings.Repeat(".", 40))).is(http.StatusOK)
	told := s.read()
	tells(t, told, map[string]float64{`shiphabit_gate_services{verdict="evidence"}`: 2, `shiphabit_gate_services{verdict="hold"}`: 0})
	for path, want := range map[string]string{
		"/gate":                      "Every service now",
		"/":                          "Would the gate let a change pass?",
		"/services":                  "evidence",
		"/services?verdict=evidence": "steady",
		"/services/steady/gate":      "Ask again with the evidence that its pipeline states.",
		"/services?verdict=hold":     "No service is like that.",
	} {
		page := s.get(path).is(http.StatusOK).body
		if !strings.Contains(page, want) || strings.Contains(page, "> hold</span>") || strings.Contains(page, "somebody has seen to") {
			t.Errorf("%s tells of a hold, where the scrape tells of evidence, or not of %q", path, want)
		}
	}
	s.get("/services/steady/gate").is(http.StatusOK, "waits for what its pipeline states now")
	count := regexp.MustCompile(`<span class="number">2</span> <span class="verdict none"><span class="shape" aria-hidden="true">◇</span> evidence</span>`)
	for _, path := range []string{"/gate", "/"} {
		if !count.MatchString(s.get(path).is(http.StatusOK).body) {
			t.Errorf("%s does not count 2 at evidence, as the scrape does", path)
		}
	}
	if all := named(told, "shiphabit_gate_service_stopped"); len(all) > 0 {
		t.Errorf("stopped are %v", all)
	}
}

func TestThePublishedFiguresKnowTheStandingsOfTheGate(t *testing.T) {
	t.Parallel()
	if exposition.Evidence != string(gate.NeedsEvidence) {
		t.Errorf("evidence is %q there and %q for the gate", exposition.Evidence, gate.NeedsEvidence)
	}
	for _, standing := range gate.Standings() {
		if exposition.Stops(string(standing)) != standing.Stops() {
			t.Errorf("whether %s stops is told otherwise", standing)
		}
	}
}
