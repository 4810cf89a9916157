package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"shiphabit/collector"
	"shiphabit/collector/prometheus"
	"shiphabit/internal/store"
	"shiphabit/metrics"
)

// oddName is a service whose name would break an expression that is put together carelessly.
const oddName = `o"dd'\s|.*`

// load is what a service goes through: its share of errors and the share of slow answers, before and after its deployment.
type load struct {
	service                              string
	errorsBefore, errorsAfter, slowAfter float64
}

// pastOf writes the counters of services over the three hours around a deployment, as OpenMetrics.
func pastOf(deployedAt time.Time, services ...load) string {
	const scrape, perScrape = 15 * time.Second, 150.0
	var requests, seconds bytes.Buffer
	for _, s := range services {
		labels := fmt.Sprintf(`service="%s",environment="production"`, strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(s.service))
		var good, bad, fast, all float64
		lines := map[string]*bytes.Buffer{"good": {}, "bad": {}, "fast": {}, "slow": {}, "all": {}}
		for at := deployedAt.Add(-2 * time.Hour); at.Before(deployedAt.Add(time.Hour)); at = at.Add(scrape) {
			share, slow := s.errorsBefore, 0.0
			if at.After(deployedAt) {
				share, slow = s.errorsAfter, s.slowAfter
			}
			good, bad = good+perScrape*(1-share), bad+perScrape*share
			fast, all = fast+perScrape*(1-slow), all+perScrape
			fmt.Fprintf(lines["good"], "http_requests_total{%s,code=\"200\"} %g %d\n", labels, good, at.Unix())
			if s.errorsBefore > 0 || s.errorsAfter > 0 {
				fmt.Fprintf(lines["bad"], "http_requests_total{%s,code=\"503\"} %g %d\n", labels, bad, at.Unix())
			}
			fmt.Fprintf(lines["fast"], "http_request_duration_seconds_bucket{%s,le=\"0.25\"} %g %d\n", labels, fast, at.Unix())
			fmt.Fprintf(lines["slow"], "http_request_duration_seconds_bucket{%s,le=\"2\"} %g %d\n", labels, all, at.Unix())
			fmt.Fprintf(lines["all"], "http_request_duration_seconds_bucket{%s,le=\"+Inf\"} %g %d\n", labels, all, at.Unix())
		}
		requests.WriteString(lines["good"].String() + lines["bad"].String())
		seconds.WriteString(lines["fast"].String() + lines["slow"].String() + lines["all"].String())
	}
	return requests.String() + seconds.String() + "# EOF\n"
}

// remembering starts a Prometheus that has scraped a history, and returns its address.
func remembering(t *testing.T, past string) string {
	t.Helper()
	folder := t.TempDir()
	write(t, filepath.Join(folder, "history"), past)
	write(t, filepath.Join(folder, "prometheus.yml"), "scrape_configs: []\n")
	data := filepath.Join(folder, "data")
	if out, err := exec.CommandContext(t.Context(), "promtool", "tsdb", "create-blocks-from", "openmetrics", filepath.Join(folder, "history"), data).CombinedOutput(); err != nil {
		t.Fatalf("promtool: %v\n%s", err, out)
	}
	return daemon(t, "prometheus", func(port string) []string {
		return []string{"--config.file=" + filepath.Join(folder, "prometheus.yml"), "--storage.tsdb.path=" + data, "--storage.tsdb.retention.time=10y", "--web.listen-address=127.0.0.1:" + port}
	})
}

// shipments are deployments of the services, as lines of events: the first ended at a time.
func shipments(t *testing.T, at time.Time, services ...load) string {
	t.Helper()
	var lines bytes.Buffer
	for i, s := range services {
		err := metrics.EncodeLine(&lines, metrics.NewEvent("ci", metrics.Deployment{
			ID: fmt.Sprint(i), Service: s.service, Environment: "production", Status: metrics.Succeeded, Revision: "abc",
			StartedAt: at.Add(-2 * time.Minute), FinishedAt: at,
		}))
		if err != nil {
			t.Fatal(err)
		}
	}
	return lines.String()
}

func TestARealPrometheusTellsWhichDeploymentsWereUnhealthy(t *testing.T) {
	t.Parallel()
	needs(t, "prometheus", "promtool")
	services := []load{
		{service: "shop", errorsBefore: 0.01, errorsAfter: 0.025},
		{service: "desk", errorsBefore: 0.01, errorsAfter: 0.01},
		{service: "fine"}, // no error ever: the series of errors is not there
		{service: "slow", slowAfter: 0.3},
		{service: oddName, errorsBefore: 0.02, errorsAfter: 0.02},
	}
	deployedAt := time.Now().UTC().Truncate(time.Minute).Add(-3 * time.Hour)
	address := remembering(t, pastOf(deployedAt, services...))
	p := newProcess(t)
	p.env = append(p.env, "PROMETHEUS_TOKEN=not asked for")
	settings, db, events := filepath.Join(p.home, "s.yaml"), filepath.Join(p.home, "s.db"), filepath.Join(p.home, "events.jsonl")
	write(t, events, shipments(t, deployedAt, append(services, load{service: "unseen"})...))
	watch := altered(t, snippets(t, "prometheus.md")[0], "https://prometheus.example", address)
	write(t, settings, watch+"  - {name: ci, type: file, settings: {path: "+events+"}}\n")

	p.must("collect", "--config", settings, "--db", db, "--source", "ci")
	early(t, watch, db, deployedAt.Add(12*time.Minute))
	judgedEarly(t, db, deployedAt.Add(12*time.Minute))
	p.must("collect", "--config", settings, "--db", db)
	judgedInTheEnd(t, db)
	said := unescaped(t, p.must("export", "--db", db))
	for _, words := range []string{`0.025 after, 0.01 before, limit 2×, floor 0.01, beyond it for 5m by `, "no data after, no data before"} {
		if !strings.Contains(said, words) {
			t.Errorf("no verdict says %q in\n%s", words, said)
		}
	}
}

// judgedEarly checks that while the watch goes on the one that is badly wrong is told, and no other.
func judgedEarly(t *testing.T, dsn string, now time.Time) {
	t.Helper()
	rollout := rolloutsIn(t, dsn)
	if r := rollout("shop"); r.Verdict != "unhealthy" || !r.Failed() || r.VerdictAt.After(now) {
		t.Errorf("shop is %q at %v, failures %+v", r.Verdict, r.VerdictAt, r.Failures)
	}
	if r := rollout("desk"); r.Verdict != "" {
		t.Errorf("desk is %q before its watch is over", r.Verdict)
	}
}

func judgedInTheEnd(t *testing.T, dsn string) {
	t.Helper()
	rollout := rolloutsIn(t, dsn)
	for service, want := range map[string]string{
		"shop": "unhealthy", "desk": "healthy", "fine": "healthy", "slow": "unhealthy", oddName: "healthy", "unseen": "inconclusive",
	} {
		if r := rollout(service); r.Verdict != want || r.Failed() != (want == "unhealthy") {
			t.Errorf("%s is %q, want %s; failures %+v", service, r.Verdict, want, r.Failures)
		}
	}
}

// early reads the watch as a server does some time after the deployments.
func early(t *testing.T, settings, dsn string, now time.Time) {
	t.Helper()
	db := opened(t, dsn)
	defer func() { _ = db.Close() }()
	o, err := (&program{}).watchOptions(settingsOf(t, settings, map[string]string{"PROMETHEUS_TOKEN": "x"}).Sources[0], db)
	if err != nil {
		t.Fatal(err)
	}
	o.Clock = func() time.Time { return now }
	source, err := prometheus.New(o)
	if err != nil {
		t.Fatal(err)
	}
	if err := collector.NewEngine().Run(t.Context(), source, pageStore{DB: db}, nil); err != nil {
		t.Fatal(err)
	}
}

func opened(t *testing.T, dsn string) *store.DB {
	t.Helper()
	db, err := store.Open(t.Context(), dsn, store.Options{Rules: metrics.DefaultRules(), Clock: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	return db
}

// rolloutsIn opens a database and gives the only rollout of each service.
func rolloutsIn(t *testing.T, dsn string) func(service string) metrics.Rollout {
	t.Helper()
	db := opened(t, dsn)
	t.Cleanup(func() { _ = db.Close() })
	return func(service string) metrics.Rollout {
		t.Helper()
		f, err := db.Facts(t.Context(), service)
		if err != nil || len(f.Rollouts) != 1 {
			t.Fatalf("%s has %d rollouts, %v", service, len(f.Rollouts), err)
		}
		return f.Rollouts[0]
	}
}

// unescaped gives the texts of verdicts as they are meant.
func unescaped(t *testing.T, lines string) string {
	t.Helper()
	var out strings.Builder
	for line := range strings.Lines(lines) {
		var e struct {
			Type    string            `json:"type"`
			Signals map[string]string `json:"signals"`
		}
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatal(err)
		}
		if e.Type == "verdict" {
			fmt.Fprintln(&out, e.Signals)
		}
	}
	return out.String()
}

func TestTheSnippetsOfTheDocumentationAreConfigurations(t *testing.T) {
	t.Parallel()
	env := map[string]string{"PROMETHEUS_TOKEN": "x", "ALERTS_SECRET": "y"}
	p := &program{err: os.Stderr}
	for _, page := range []string{"prometheus.md", "alertmanager.md"} {
		for _, s := range settingsOf(t, snippets(t, page)[0], env).Sources {
			if kind := sourceKinds()[s.Type]; kind.over != nil {
				if _, err := kind.over(p, s, nil); err != nil {
					t.Errorf("%s: %v", page, err)
				}
			}
		}
	}
}

func TestASettingThatNamesNoSignalIsToldWithItsName(t *testing.T) {
	t.Parallel()
	settings := settingsOf(t, `
sources:
  - name: watch
    type: prometheus
    settings: {url: "https://prometheus.example", user: reader, signals: ["errors=up"], floor: [erors=0.1]}
`, nil)
	if _, err := (&program{}).overPrometheus(settings.Sources[0], nil); err == nil || !strings.Contains(err.Error(), `"erors"`) {
		t.Errorf("it says %v", err)
	}
}
