package main

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"shiphabit/collector/git/gittest"
	"shiphabit/metrics"
	"shiphabit/metrics/gate"
)

// webFolder holds the browser scripts and their npm packages.
var webFolder = filepath.Join("..", "..", "reports", "web")

// browserOnly keeps tests that need Chromium and npm packages out of a plain `go test`; `make browser` asks for them.
func browserOnly(t *testing.T) {
	t.Helper()
	if os.Getenv("SHIPHABIT_BROWSER") == "" {
		t.Skip("runs with SHIPHABIT_BROWSER=1: 'make browser' installs what it needs")
	}
}

// node runs a script of the web folder against a served history.
func node(t *testing.T, url string, env []string, args ...string) {
	t.Helper()
	command := exec.CommandContext(t.Context(), "node", args...)
	command.Dir = webFolder
	command.Env = append(append(os.Environ(), "SHIPHABIT_URL="+url), env...)
	out, err := command.CombinedOutput()
	t.Logf("%s", out)
	if err != nil {
		t.Fatal(err)
	}
}

func TestBrowserFindsNothingWrongOnAnyPage(t *testing.T) {
	t.Parallel()
	browserOnly(t)
	_, url := storied(t)
	env := []string{others(t)}
	node(t, url, env, "--test", "e2e/pages.test.mjs", "e2e/team.test.mjs")
	node(t, url, env, "--test", "e2e/form.test.mjs") // once the form is sent no page leads to it any more
}

func TestBrowserRunsAWholeRound(t *testing.T) {
	t.Parallel()
	browserOnly(t)
	p := newProcess(t)
	config := p.write("ship.yaml", "teams: [{name: pay, size: 5}]\nservices: [{name: shop, team: pay}]\n")
	url, _ := p.serve("serve", "--config", config, "--db", filepath.Join(p.home, "rounds.db"))
	sendDeployments(t, url, 90)
	node(t, url, []string{"SHIPHABIT_ROUNDS=" + url}, "--test", "e2e/round.test.mjs")
}

func TestBrowserFindsRoomForNamesWithoutAPlaceToBreak(t *testing.T) {
	t.Parallel()
	browserOnly(t)
	p := newProcess(t)
	url, _ := p.serve("serve", "--db", filepath.Join(p.home, "long.db"))
	node(t, url, []string{"SHIPHABIT_LONG=" + url}, "--test", "e2e/long.test.mjs")
}

func TestScreenshotsOfEveryPage(t *testing.T) {
	t.Parallel()
	browserOnly(t)
	folder := os.Getenv("SHIPHABIT_SCREENSHOTS")
	if folder == "" {
		t.Skip("runs with SHIPHABIT_SCREENSHOTS=FOLDER: 'make screenshots'")
	}
	url := ""
	if clone := os.Getenv("SHIPHABIT_CLONE"); clone != "" {
		url, _ = newProcess(t).serve("try", clone)
	} else {
		_, url = storied(t)
	}
	node(t, url, []string{others(t)}, "screenshots.mjs", folder, filepath.Join(folder, "overview.png"))
}

// sendDeployments sends one deployment a day up to yesterday, so that there is evidence beside the answers.
func sendDeployments(t *testing.T, url string, days int) {
	t.Helper()
	var lines strings.Builder
	for i := range days {
		at := time.Now().UTC().AddDate(0, 0, i-days)
		fmt.Fprintf(&lines, `{"type":"deployment","id":"d%d","service":"shop","environment":"production","status":"succeeded","revision":"r%d","started_at":%q,"finished_at":%q}`+"\n",
			i, i, at.Add(-time.Minute).Format(time.RFC3339), at.Format(time.RFC3339))
	}
	response, err := http.Post(url+"/api/v1/events", "application/x-ndjson", strings.NewReader(lines.String()))
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		t.Fatalf("sending deployments: %s", response.Status)
	}
}

// others serves states that the story does not show: sources in trouble with services that lack much, nothing at all, and teams.
func others(t *testing.T) string {
	t.Helper()
	troubled, empty, teams := newProcess(t), newProcess(t), newProcess(t)
	first, _ := troubled.serve(ailing(troubled)...)
	second, _ := empty.serve("serve", "--db", filepath.Join(empty.home, "empty.db"))
	third, _ := teams.serve(teamed(teams)...)
	_, said, _ := teams.run("assess", "open", "--server", third, "--team", "payments", "--size", "5")
	teams.must("assess", "close", "--server", third, roundID.FindString(said))
	return "SHIPHABIT_OTHERS=troubled=" + first + ",empty=" + second + ",teams=" + third
}

// storied serves the repository with known truth that the figures are checked against.
func storied(t *testing.T) (process, string) {
	t.Helper()
	p := newProcess(t)
	url, _ := p.serve("try", gittest.Story(t).Dir)
	askGate(t, url)
	return p, url
}

// askGate lets the gate decide about each service a few times, so that its pages have something to show.
func askGate(t *testing.T, url string) {
	t.Helper()
	asker := client{base: url, http: &http.Client{Timeout: patience}, now: time.Now, clock: &serverClock{}}
	var known struct {
		Services []metrics.Service `json:"services"`
	}
	if err := asker.call(t.Context(), "GET", "/api/v1/services", nil, nil, &known); err != nil {
		t.Fatal(err)
	}
	for _, service := range known.Services {
		for _, kind := range []string{gate.KindNormal, gate.KindFix, gate.KindNormal} {
			ask := gate.Request{Service: service.Name, Commit: "0123456789abcdef", Change: gate.Change{Kind: kind}}
			if err := asker.call(t.Context(), "POST", "/api/v1/gate/decisions", nil, ask, nil); err != nil {
				t.Fatal(err)
			}
		}
	}
}
