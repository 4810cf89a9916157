package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"shiphabit/metrics"
)

// busyMonths is the record of a team that deploys each day, of which each seventh deployment fails and is followed by a hotfix, and of a service
// that fails again and again.
func busyMonths(t *testing.T, now time.Time) string {
	t.Helper()
	var lines bytes.Buffer
	tell := func(record metrics.Record) {
		if err := metrics.EncodeLine(&lines, metrics.NewEvent("ci", record)); err != nil {
			t.Fatal(err)
		}
	}
	ship := func(service string, i int, at time.Time, status metrics.Status, hotfix bool) {
		sha := fmt.Sprintf("%s%d", service, i)
		tell(metrics.Commit{ID: sha, Repository: "acme/" + service, AuthoredAt: at.Add(-5 * time.Hour)})
		tell(metrics.Deployment{
			ID: sha, Service: service, Environment: "production", Status: status, Revision: sha, Commits: []string{sha}, Hotfix: &hotfix,
			StartedAt: at.Add(-2 * time.Minute), FinishedAt: at,
		})
	}
	for day := range 70 {
		at := now.AddDate(0, 0, day-70)
		status := metrics.Succeeded
		if day%7 == 3 {
			status = metrics.Failed
			ship("shop", 1000+day, at.Add(time.Hour), metrics.Succeeded, true)
		}
		ship("shop", day, at, status, false)
		status = metrics.Succeeded
		if day > 55 && day%2 == 0 {
			status = metrics.Failed
		}
		ship("shaky", day, at.Add(time.Minute), status, false)
	}
	return lines.String()
}

// scrapedServer is a real server with records, that asks for tokens, and a real Prometheus that scrapes it as the documentation says.
func scrapedServer(t *testing.T) (prometheus string) {
	t.Helper()
	p := newProcess(t)
	file := func(name string) string { return filepath.Join(p.home, name) }
	write(t, file("events.jsonl"), busyMonths(t, time.Now().UTC().Truncate(time.Minute)))
	write(t, file("s.yaml"), `
require_tokens: true
teams: [{name: web}]
services: [{name: shop, team: web, repositories: [acme/shop]}, {name: shaky, team: web, repositories: [acme/shaky]}]
sources:
  - {name: ci, type: file, settings: {path: `+file("events.jsonl")+`}}
  - {name: gone, type: file, settings: {path: `+file("no-such.jsonl")+`}}
`)
	db := file("s.db")
	token := func(name, scope string) string {
		return strings.TrimSpace(p.must("token", "create", name, "--scope", scope, "--db", db, "--config", file("s.yaml")))
	}
	write(t, file("token"), token("prometheus", "read"))
	pipeline := token("pipeline", "gate")
	base, _ := p.serve("serve", "--config", file("s.yaml"), "--db", db)
	for _, service := range []string{"shop", "shaky"} {
		p.run("gate", "check", "--server", base, "--token", pipeline, "--service", service, "--digest", built("new"))
	}
	address, err := url.Parse(base)
	if err != nil {
		t.Fatal(err)
	}
	rules, err := filepath.Abs("../../deploy/prometheus/shiphabit.rules.yml")
	if err != nil {
		t.Fatal(err)
	}
	write(t, file("prometheus.yml"), altered(t, snippets(t, "prometheus-scrape.md")[0], "scrape_interval: 30s", "scrape_interval: 1s", "scheme: https", "scheme: http",
		"/etc/prometheus/shiphabit.token", file("token"), "/etc/prometheus/shiphabit.rules.yml", rules, "shiphabit.example.org", address.Host))
	return daemon(t, "prometheus", func(port string) []string {
		return []string{"--config.file=" + file("prometheus.yml"), "--storage.tsdb.path=" + file("tsdb"), "--web.listen-address=127.0.0.1:" + port}
	})
}

// queried is how many series an expression has in a Prometheus now, or its fault.
func queried(t *testing.T, prometheus, expression string) (series int, fault error) {
	t.Helper()
	response, err := http.Get(prometheus + "/api/v1/query?query=" + url.QueryEscape(expression))
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	var answer struct {
		Error string
		Data  struct{ Result []json.RawMessage }
	}
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(body, &answer); err != nil {
		t.Fatalf("%s: %v in %s", expression, err, body)
	}
	if answer.Error != "" {
		return 0, errors.New(answer.Error)
	}
	return len(answer.Data.Result), nil
}

// dashboard is what a test needs to know of one.
type dashboard struct {
	SchemaVersion int
	Templating    struct {
		List []struct {
			Name, Type string
			Query      any
		}
	}
	Panels []struct {
		ID                       int
		Type, Title, Description string
		FieldConfig              struct{ Defaults struct{ Unit string } }
		GridPos                  struct{ H, W, X, Y int }
		Targets                  []struct{ Expr, RefID string }
	}
}

func shippedDashboard(t *testing.T) dashboard {
	t.Helper()
	text, err := os.ReadFile("../../deploy/grafana/shiphabit.json")
	if err != nil {
		t.Fatal(err)
	}
	var d dashboard
	if err := json.Unmarshal(text, &d); err != nil {
		t.Fatal(err)
	}
	return d
}

// filledIn puts in place of the dashboard's variables what Grafana would.
func filledIn(expression string) string {
	return strings.NewReplacer("$team", ".*", "$job", "shiphabit", "$__rate_interval", "1m").Replace(expression)
}

var (
	ownSelector = regexp.MustCompile(`(?:shiphabit_\w+|up)(?:\{[^}]*\})?`)
	ruleExpr    = regexp.MustCompile(`(?m)^        expr: (?:\|\n((?:          .*\n)+)|(.*))$`)
	labelValues = regexp.MustCompile(`^label_values\((.*), (\w+)\)$`)
)

func TestEachQueryOfDashboardAndAlertsFindsDataInARealPrometheusThatScrapedARealServer(t *testing.T) {
	t.Parallel()
	needs(t, "prometheus", "promtool")
	prometheus := scrapedServer(t)
	wanted := map[string]string{} // expression → where it stands
	for _, variable := range shippedDashboard(t).Templating.List {
		if query, _ := variable.Query.(map[string]any); query != nil {
			text := fmt.Sprint(query["query"])
			parts := labelValues.FindStringSubmatch(text)
			if parts == nil {
				t.Fatalf("the variable %s asks %s", variable.Name, text)
			}
			wanted[fmt.Sprintf("count by (%s) (%s)", parts[2], filledIn(parts[1]))] = "variable " + variable.Name
		}
	}
	for _, panel := range shippedDashboard(t).Panels {
		for _, target := range panel.Targets {
			wanted[filledIn(target.Expr)] = "panel " + panel.Title
		}
	}
	for _, selector := range alertSelectors(t) {
		wanted[selector] = "an alert"
	}
	if len(wanted) < 50 {
		t.Fatalf("only %d expressions", len(wanted))
	}
	eventually(t, "a source in trouble, two scrapes and the first records", func() bool {
		trouble, _ := queried(t, prometheus, `shiphabit_source_trouble == 1`)
		rates, _ := queried(t, prometheus, `rate(shiphabit_http_requests_total{route="/metrics"}[1m]) > 0`)
		stopped, _ := queried(t, prometheus, `shiphabit_gate_service_stopped{verdict="block"}`)
		restored, _ := queried(t, prometheus, `shiphabit_failed_deployment_recovery_time_interval_seconds{scope="organisation"}`)
		return trouble > 0 && rates > 0 && stopped > 0 && restored > 0
	})
	for expression, where := range wanted {
		if series, fault := queried(t, prometheus, expression); fault != nil || series == 0 {
			t.Errorf("%s: %s finds %d series: %v", where, expression, series, fault)
		}
	}
	if series, fault := queried(t, prometheus, `shiphabit_no_such_metric`); series != 0 || fault != nil {
		t.Errorf("a metric that there is not has %d series, %v", series, fault)
	}
}

// alertSelectors are the selectors of the alerts: an alert itself finds nothing where all is well.
func alertSelectors(t *testing.T) []string {
	t.Helper()
	text, err := os.ReadFile("../../deploy/prometheus/shiphabit.rules.yml")
	if err != nil {
		t.Fatal(err)
	}
	found := ruleExpr.FindAllStringSubmatch(string(text), -1)
	if alerts := strings.Count(string(text), "- alert: "); alerts != len(found) {
		t.Fatalf("%d alerts, and %d expressions were read", alerts, len(found))
	}
	var selectors []string
	for _, expr := range found {
		for _, selector := range ownSelector.FindAllString(expr[1]+expr[2], -1) {
			selectors = append(selectors, strings.Replace(selector, `code=~"5.."`, `code!~"5.."`, 1)) // no request has failed here
		}
	}
	return selectors
}

func TestThePrometheusOfTheTestsTakesTheAlertsAndPlaysEachOfThem(t *testing.T) {
	t.Parallel()
	needs(t, "promtool")
	run := func(args ...string) string {
		command := exec.CommandContext(t.Context(), "promtool", args...)
		command.Dir = "../../deploy/prometheus"
		out, err := command.CombinedOutput()
		if err != nil {
			t.Fatalf("promtool %s: %v\n%s", strings.Join(args, " "), err, out)
		}
		return string(out)
	}
	run("check", "rules", "shiphabit.rules.yml")
	run("test", "rules", "shiphabit.test.yml")
	rules, err := os.ReadFile("../../deploy/prometheus/shiphabit.rules.yml")
	if err != nil {
		t.Fatal(err)
	}
	played, err := os.ReadFile("../../deploy/prometheus/shiphabit.test.yml")
	if err != nil {
		t.Fatal(err)
	}
	for _, alert := range regexp.MustCompile(`- alert: (\w+)`).FindAllStringSubmatch(string(rules), -1) {
		if !strings.Contains(string(played), "alertname: "+alert[1]+"\n") {
			t.Errorf("%s is played nowhere", alert[1])
		}
	}
}

func TestTheDashboardSaysOfEachPanelWhatItShowsAndInWhichUnit(t *testing.T) {
	t.Parallel()
	d := shippedDashboard(t)
	ids := map[int]bool{}
	variables := []string{}
	for _, variable := range d.Templating.List {
		variables = append(variables, variable.Name+":"+variable.Type)
	}
	if got := strings.Join(variables, " "); got != "datasource:datasource job:query team:query" {
		t.Errorf("variables are %s", got)
	}
	for _, panel := range d.Panels {
		if ids[panel.ID] || panel.GridPos.X+panel.GridPos.W > 24 || panel.GridPos.H == 0 {
			t.Errorf("%q has id %d and place %+v", panel.Title, panel.ID, panel.GridPos)
		}
		ids[panel.ID] = true
		if panel.Type == "row" {
			continue
		}
		if len(panel.Description) < 20 || panel.Title == "" || len(panel.Targets) == 0 || panel.Type != "table" && panel.FieldConfig.Defaults.Unit == "" {
			t.Errorf("%q has no description, unit or query", panel.Title)
		}
		for _, target := range panel.Targets {
			if !strings.Contains(target.Expr, `job="$job"`) {
				t.Errorf("%q mixes installations: %s", panel.Title, target.Expr)
			}
		}
	}
}

func TestTheRealPrometheusFindsNoFaultInTheNamesOfTheMetrics(t *testing.T) {
	t.Parallel()
	needs(t, "promtool")
	p := newProcess(t)
	base, _ := p.serve("serve", "--db", filepath.Join(p.home, "s.db"))
	status(t, base+"/services")
	command := exec.CommandContext(t.Context(), "promtool", "check", "metrics")
	command.Stdin = strings.NewReader(fetched(t, base+"/metrics"))
	if out, err := command.CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("promtool check metrics: %v\n%s", err, out)
	}
}
