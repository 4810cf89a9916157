package exposition_test

import (
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"shiphabit/internal/exposition"
	"shiphabit/metrics"
)

var noon = time.Date(2026, 3, 3, 12, 0, 0, 0, time.UTC)

func of[T any](v T) *T { return &v }

// scrape is what Prometheus reads.
func scrape(t *testing.T, e *exposition.Exposition, headers ...string) (header http.Header, text string) {
	t.Helper()
	request := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/metrics", nil)
	for i := 0; i < len(headers); i += 2 {
		request.Header.Set(headers[i], headers[i+1])
	}
	status, header, body := e.Page(request, exposition.Now{DatabaseUp: true})
	if status != http.StatusOK {
		t.Fatalf("%d: %s", status, body)
	}
	return header, string(body)
}

// series are the lines of the program's own, without their comments.
func series(text string) []string {
	return slices.DeleteFunc(strings.Split(text, "\n"), func(line string) bool { return !strings.HasPrefix(line, "shiphabit_") })
}

func lacks(t *testing.T, text string, lines ...string) {
	t.Helper()
	for _, line := range lines {
		if !strings.Contains(text, "\n"+line+"\n") {
			t.Errorf("there is no %s in\n%s", line, strings.Join(series(text), "\n"))
		}
	}
}

// measured is a card with every figure, as a small team may have it.
func measured() metrics.Scorecard {
	return metrics.Scorecard{
		Frequency: metrics.Frequency{State: metrics.OK, Rollouts: 90, PerDay: of(1.0), DaysPerWeek: of(4.0), Weeks: 12, Interval: &metrics.Interval{Low: 3, High: 5}},
		LeadTime: metrics.Duration{State: metrics.OK, N: 300, Median: of(7200.0), P90: of(86400.0), TypicalRollout: of(9000.0),
			Interval: &metrics.Interval{Low: 8000, High: 10000}},
		FailRate: metrics.Share{State: metrics.OK, Count: 9, Of: 90, Value: of(0.1), Interval: &metrics.Interval{Low: 0.05, High: 0.18}},
		Recovery: metrics.Survival{State: metrics.OK, N: 9, Censored: 2, Median: of(1800.0), Interval: &metrics.Bounds{Low: of(600.0)}},
		Rework:   metrics.Share{State: metrics.OK, Count: 3, Of: 90, Value: of(0.03), Interval: &metrics.Interval{Low: 0.01, High: 0.09}},
	}
}

func TestEachFigureThatIsMeasuredIsASeriesWithItsBoundsAndWhatStandsBehindIt(t *testing.T) {
	t.Parallel()
	e := exposition.New("1.2.3")
	e.Take(exposition.Report{At: noon, Window: 90 * 24 * time.Hour, Cards: []exposition.Card{
		{Scope: exposition.Team, Team: "pay", Scorecard: measured()},
		{Scope: exposition.Service, Team: "pay", Service: "payments", Scorecard: measured(), Index: &metrics.Index{Value: of(72)}},
	}})
	_, text := scrape(t, e)
	at := `scope="team",service="",team="pay"} `
	lacks(t, text,
		"shiphabit_deployments{"+at+"90", "shiphabit_deployments_per_day{"+at+"1", "shiphabit_deployment_dates_per_week{"+at+"4",
		`shiphabit_deployment_dates_per_week_interval{bound="low",`+at+"3", `shiphabit_deployment_dates_per_week_interval{bound="high",`+at+"5",
		"shiphabit_change_lead_time_seconds{"+at+"7200", "shiphabit_change_lead_time_p90_seconds{"+at+"86400", "shiphabit_change_lead_time_typical_seconds{"+at+"9000",
		`shiphabit_change_lead_time_typical_interval_seconds{bound="low",`+at+"8000", `shiphabit_change_lead_time_typical_interval_seconds{bound="high",`+at+"10000",
		"shiphabit_change_fail_ratio{"+at+"0.1", `shiphabit_change_fail_interval_ratio{bound="low",`+at+"0.05", `shiphabit_change_fail_interval_ratio{bound="high",`+at+"0.18",
		"shiphabit_deployment_rework_ratio{"+at+"0.03", `shiphabit_deployment_rework_interval_ratio{bound="low",`+at+"0.01", `shiphabit_deployment_rework_interval_ratio{bound="high",`+at+"0.09",
		"shiphabit_failed_deployment_recovery_time_seconds{"+at+"1800", `shiphabit_failed_deployment_recovery_time_interval_seconds{bound="low",`+at+"600",
		"shiphabit_failed_deployments_open{"+at+"2",
		`shiphabit_figure_samples{figure="change_lead_time",`+at+"300", `shiphabit_figure_samples{figure="failed_deployment_recovery_time",`+at+"9",
		`shiphabit_figure_samples{figure="change_fail_rate",`+at+"90", `shiphabit_figure_samples{figure="deployment_rework_rate",`+at+"90", `shiphabit_figure_samples{figure="deployment_frequency",`+at+"90",
		`shiphabit_habit_index{scope="service",service="payments",team="pay"} 72`, "shiphabit_figures_window_seconds 7.776e+06",
	)
	if strings.Contains(text, `recovery_time_interval_seconds{bound="high"`) {
		t.Error("a bound that is not reached has a series")
	}
}

func TestAFigureThatIsNotMeasuredHasNoSeriesAndIsNeverZero(t *testing.T) {
	t.Parallel()
	e := exposition.New("1.2.3")
	few := metrics.Scorecard{
		Frequency: metrics.Frequency{State: metrics.NotEnoughData, Rollouts: 3},
		FailRate:  metrics.Share{State: metrics.NotEnoughData, Count: 1, Of: 3},
	}
	e.Take(exposition.Report{At: noon, Cards: []exposition.Card{
		{Scope: exposition.Team, Team: "few", Scorecard: few},
		{Scope: exposition.Service, Team: "few", Service: "none", Scorecard: metrics.Scorecard{}, Index: &metrics.Index{}},
	}})
	_, text := scrape(t, e)
	var found []string
	for _, line := range series(text) {
		if strings.Contains(line, `scope="`) {
			found = append(found, line)
		}
	}
	want := []string{
		`shiphabit_deployments{scope="team",service="",team="few"} 3`,
		`shiphabit_figure_samples{figure="change_fail_rate",scope="team",service="",team="few"} 3`,
		`shiphabit_figure_samples{figure="deployment_frequency",scope="team",service="",team="few"} 3`,
	}
	if !slices.Equal(found, want) {
		t.Errorf("there are\n%s\nwant\n%s", strings.Join(found, "\n"), strings.Join(want, "\n"))
	}
}

func TestAReportTakesThePlaceOfTheOneBeforeAndIsForgottenWhole(t *testing.T) {
	t.Parallel()
	e := exposition.New("1.2.3")
	stopped := func(name string) exposition.Report {
		return exposition.Report{At: noon, Services: 7, Gate: exposition.Gate{
			Standings: map[string]int{"allow": 6, "block": 1}, Stopped: []exposition.Stopped{{Service: name, Team: "pay", Tier: "high", Verdict: "block"}},
		}}
	}
	e.Take(stopped("one"))
	e.Take(stopped("two"))
	_, text := scrape(t, e)
	lacks(t, text, `shiphabit_gate_service_stopped{service="two",team="pay",tier="high",verdict="block"} 1`,
		`shiphabit_gate_services{verdict="allow"} 6`, `shiphabit_gate_services{verdict="hold"} 0`, "shiphabit_services 7")
	if strings.Contains(text, `service="one"`) {
		t.Error("what was stopped before still is")
	}
	if !e.TakenAt().Equal(noon) {
		t.Errorf("it is of %s", e.TakenAt())
	}
	e.Forget()
	_, text = scrape(t, e)
	if strings.Contains(text, "shiphabit_services ") || strings.Contains(text, "shiphabit_gate_service") || !e.TakenAt().IsZero() {
		t.Errorf("what is forgotten is told:\n%s", text)
	}
	lacks(t, text, "shiphabit_database_up 1", "shiphabit_gate_standby 0")
}

func TestATimeThatIsNotKnownHasNoSeries(t *testing.T) {
	t.Parallel()
	e := exposition.New("1.2.3")
	e.Take(exposition.Report{At: noon, Sources: []exposition.Source{
		{Name: "forge", Watermark: noon, Heartbeat: noon.Add(500 * time.Millisecond), NextAt: noon.Add(time.Minute), SetAside: 2, CallsLeft: of(0)},
		{Name: "pager", Troubled: true, Failures: 3},
	}})
	_, text := scrape(t, e)
	lacks(t, text,
		`shiphabit_source_watermark_timestamp_seconds{source="forge"} 1.7725392e+09`, `shiphabit_source_heartbeat_timestamp_seconds{source="forge"} 1.7725392005e+09`,
		`shiphabit_source_next_read_timestamp_seconds{source="forge"} 1.77253926e+09`, `shiphabit_source_records_set_aside{source="forge"} 2`,
		`shiphabit_source_calls_left{source="forge"} 0`, `shiphabit_source_trouble{source="forge"} 0`,
		`shiphabit_source_trouble{source="pager"} 1`, `shiphabit_source_failures{source="pager"} 3`)
	for _, unknown := range []string{"watermark_timestamp", "heartbeat_timestamp", "next_read_timestamp", "calls_left"} {
		if regexp.MustCompile(`shiphabit_source_` + unknown + `\w*\{source="pager"`).MatchString(text) {
			t.Errorf("%s of a source of which it is not known", unknown)
		}
	}
}

func TestWhatHappensInTheProcessIsCounted(t *testing.T) {
	t.Parallel()
	e := exposition.New("1.2.3")
	e.Request(http.MethodGet, "/services/:service", 200, 30*time.Millisecond)
	e.Request(http.MethodHead, "/services/:service", 200, time.Millisecond)
	e.Request("BREW", "", 404, time.Millisecond)
	e.Decided(exposition.Decision{Verdict: "block", Kind: "normal", EnvironmentKind: "production"})
	e.Decided(exposition.Decision{Verdict: "allow", Kind: "fix", Unlogged: true})
	e.Answered(3 * time.Millisecond)
	e.Received(exposition.ViaWebhook, 4, 1)
	e.Received(exposition.ViaWebhook, 1, 0)
	_, text := scrape(t, e)
	lacks(t, text,
		`shiphabit_http_requests_total{code="200",method="GET",route="/services/:service"} 2`,
		`shiphabit_http_request_duration_seconds_bucket{method="GET",route="/services/:service",le="0.025"} 1`,
		`shiphabit_http_requests_total{code="404",method="any",route="unmatched"} 1`,
		`shiphabit_gate_decisions_total{environment_kind="production",kind="normal",logged="true",verdict="block"} 1`,
		`shiphabit_gate_decisions_total{environment_kind="unknown",kind="fix",logged="false",verdict="allow"} 1`,
		`shiphabit_gate_decision_duration_seconds_bucket{le="0.0025"} 0`, `shiphabit_gate_decision_duration_seconds_bucket{le="0.005"} 1`,
		`shiphabit_events_received_total{via="webhook"} 5`, `shiphabit_events_refused_total{via="webhook"} 1`, `shiphabit_events_received_total{via="api"} 0`)
}

func TestAScraperGetsTheFormatThatItAsksFor(t *testing.T) {
	t.Parallel()
	e := exposition.New("1.2.3")
	header, text := scrape(t, e)
	if !strings.HasPrefix(header.Get("Content-Type"), "text/plain") || strings.Contains(text, "# EOF") {
		t.Errorf("%s, ends with %q", header.Get("Content-Type"), text[len(text)-20:])
	}
	header, text = scrape(t, e, "Accept", "application/openmetrics-text;version=1.0.0")
	if !strings.HasPrefix(header.Get("Content-Type"), "application/openmetrics-text") || !strings.HasSuffix(text, "# EOF\n") {
		t.Errorf("%s, ends with %q", header.Get("Content-Type"), text[len(text)-20:])
	}
	header, text = scrape(t, e, "Accept-Encoding", "gzip")
	unpacked, err := gzip.NewReader(strings.NewReader(text))
	if err != nil || header.Get("Content-Encoding") != "gzip" {
		t.Fatalf("%s: %v", header.Get("Content-Encoding"), err)
	}
	if plain, err := io.ReadAll(unpacked); err != nil || !strings.Contains(string(plain), "shiphabit_database_up 1") {
		t.Errorf("%v: %.200s", err, plain)
	}
}

func TestThereIsWhatTellsHowTheProcessDoesAndNothingOfItsNetwork(t *testing.T) {
	t.Parallel()
	_, text := scrape(t, exposition.New("1.2.3"))
	for _, name := range []string{"go_goroutines ", "process_cpu_seconds_total ", "process_resident_memory_bytes ", `shiphabit_build_info{goversion="go`} {
		if !strings.Contains(text, "\n"+name) {
			t.Errorf("there is no %s", name)
		}
	}
	if strings.Contains(text, "process_network_") {
		t.Error("the bytes of the network tell when somebody opened a form")
	}
}

func TestEveryFamilyThatIsExposedIsListedWithItsDefinition(t *testing.T) {
	t.Parallel()
	e := exposition.New("1.2.3")
	calls := 3
	e.Take(exposition.Report{At: noon, Took: time.Second, Cards: []exposition.Card{{Scope: exposition.Service, Service: "payments", Scorecard: measured(), Index: &metrics.Index{Value: of(1)}}},
		Gate:    exposition.Gate{JudgedAt: noon, Stopped: []exposition.Stopped{{Service: "payments", Verdict: "block"}}},
		Sources: []exposition.Source{{Name: "forge", Watermark: noon, Heartbeat: noon, NextAt: noon, CallsLeft: &calls}}})
	e.Request(http.MethodGet, "/", 200, time.Second)
	e.Decided(exposition.Decision{Verdict: "allow", Kind: "normal"})
	_, text := scrape(t, e)
	listed := e.Families()
	for _, one := range listed {
		lacks(t, text, "# TYPE "+one.Name+" "+one.Type)
		if help := regexp.MustCompile(`(?m)^# HELP ` + one.Name + ` (.*)$`).FindStringSubmatch(text); help == nil || help[1] != one.Help {
			t.Errorf("%s says %q, listed is %q", one.Name, help, one.Help)
		}
	}
	if exposed := strings.Count(text, "# TYPE shiphabit_"); exposed != len(listed) {
		t.Errorf("%d families are exposed, %d listed", exposed, len(listed))
	}
}

func TestANameThatIsNoTextDoesNotStopAScrape(t *testing.T) {
	t.Parallel()
	e := exposition.New("1.2.3")
	e.Take(exposition.Report{At: noon, Cards: []exposition.Card{{Scope: exposition.Team, Team: "a\xff\"b\n", Scorecard: measured()}}})
	_, text := scrape(t, e)
	lacks(t, text, `shiphabit_deployments{scope="team",service="",team="a`+"\uFFFD"+`\"b\n"} 90`)
}

func TestReportsAndScrapesDoNotDisturbEachOther(t *testing.T) {
	t.Parallel()
	e := exposition.New("1.2.3")
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for range 20 {
				e.Take(exposition.Report{At: noon, Services: 3, Cards: []exposition.Card{{Scope: exposition.Team, Team: "pay", Scorecard: measured()}}})
				e.Request(http.MethodGet, "/", 200, time.Second)
			}
		})
		all.Go(func() {
			for range 20 {
				if _, text := scrape(t, e); strings.Contains(text, "shiphabit_services ") != strings.Contains(text, `team="pay"`) {
					t.Error("half a report is told")
				}
			}
		})
	}
	all.Wait()
}
