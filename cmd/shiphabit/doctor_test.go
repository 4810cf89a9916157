package main

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"shiphabit/internal/config"
	"shiphabit/metrics/doctor"
)

// ailing fills a database with records that lack much, and returns what 'serve' takes to serve it: one service goes to an environment
// that no rule knows, one has no commits, incidents name neither, one source is gone and one has records that cannot be read.
func ailing(p process) []string {
	p.t.Helper()
	settings, db, events := filepath.Join(p.home, "a.yaml"), filepath.Join(p.home, "a.db"), filepath.Join(p.home, "events.jsonl")
	var lines strings.Builder
	ago := func(hours int) string {
		return time.Now().UTC().Add(-time.Duration(hours) * time.Hour).Format(time.RFC3339)
	}
	for i := range 12 {
		for _, of := range [][2]string{{"payments-api", "eu-central-1"}, {"shop", "production"}} {
			fmt.Fprintf(&lines, `{"type":"deployment","id":"%s-%d","service":%q,"repository":"acme/%s","environment":%q,"status":"succeeded","revision":"r%d","started_at":%q,"finished_at":%q}`+"\n",
				of[0], i, of[0], of[0], of[1], i, ago(201-4*i), ago(200-4*i))
		}
		fmt.Fprintf(&lines, `{"type":"incident","id":"i%d","service":"Payments API","started_at":%q}`+"\n", i, ago(100+i))
	}
	write(p.t, events, lines.String())
	exports := filepath.Join(p.home, "exports.jsonl")
	write(p.t, exports, strings.Repeat(`{"type":"incident","id":"x","started_at":"never"}`+"\n", 4)+`{"type":"commit","id":"abc"}`+"\n")
	write(p.t, settings, fmt.Sprintf(`services:
  - {name: payments-api, repositories: [acme/paymets]}
sources:
  - {name: clone, type: git, settings: {path: %s}}
  - {name: exports, type: file, settings: {path: %s}}
`, filepath.Join(p.home, "no-clone"), exports))
	p.must("import", events, "--db", db, "--config", settings)
	_, _, _ = p.run("collect", "--db", db, "--config", settings) // one of its sources is gone
	return []string{"serve", "--db", db, "--config", settings}
}

func codesOf(t *testing.T, out string) (report doctor.Report, codes []string) {
	t.Helper()
	if err := json.Unmarshal([]byte(out), &report); err != nil {
		t.Fatalf("%v in %s", err, out)
	}
	for _, g := range report.Groups {
		codes = append(codes, g.Code)
	}
	return report, codes
}

func TestDoctorSaysTheSameFromTheDatabaseAndFromAServer(t *testing.T) {
	t.Parallel()
	p := newProcess(t)
	serve := ailing(p)
	out, errs, code := p.run(append([]string{"doctor", "--format", "json"}, serve[1:]...)...)
	if code != exitTrouble {
		t.Fatalf("exit code %d\n%s%s", code, out, errs)
	}
	report, codes := codesOf(t, out)
	for _, want := range []string{"source-trouble", "source-set-aside", "unseen-repository", "no-production", "no-commits", "incidents-elsewhere"} {
		if !slices.Contains(codes, want) {
			t.Errorf("no finding %s among %v", want, codes)
		}
	}
	if report.Version != 1 || report.Worst != doctor.Trouble || len(report.Sources) != 3 {
		t.Errorf("version %d, worst %q, %d sources", report.Version, report.Worst, len(report.Sources))
	}
	url, _ := p.serve(serve...)
	out, errs, code = p.run("doctor", "--server", url, "--format", "json")
	if code != exitTrouble {
		t.Fatalf("exit code %d\n%s%s", code, out, errs)
	}
	if _, asked := codesOf(t, out); !slices.Equal(asked, codes) {
		t.Errorf("the server finds %v, the database %v", asked, codes)
	}
}

func TestDoctorPrintsWhatToDoAndListsWhatWasSetAside(t *testing.T) {
	t.Parallel()
	p := newProcess(t)
	db := ailing(p)[1:]
	out, _, code := p.run(append([]string{"doctor"}, db...)...)
	for _, want := range []string{"TROUBLE", "no such folder", `- {match: "eu-central-1", kind: production}`, "acme/shop are not read", "Payments API (12)", "in trouble,"} {
		if code != exitTrouble || !strings.Contains(out, want) {
			t.Errorf("exit code %d and no %q in\n%s", code, want, out)
		}
	}
	if out := p.must(append([]string{"doctor", "--set-aside", "exports"}, db...)...); strings.Count(out, "\n") < 3 || !strings.Contains(out, "REASON") {
		t.Errorf("the records set aside are\n%s", out)
	}
	if _, errs, code := p.run(append([]string{"doctor", "--service", "nobody"}, db...)...); code != exitUsage || !strings.Contains(errs, "no service known") {
		t.Errorf("an unknown service: exit code %d, %s", code, errs)
	}
	if _, errs, code := p.run(append([]string{"doctor", "--source", "nobody"}, db...)...); code != exitUsage || !strings.Contains(errs, "no source known") {
		t.Errorf("an unknown source: exit code %d, %s", code, errs)
	}
	if _, errs, code := p.run(append([]string{"doctor", "--server", "http://127.0.0.1:1"}, db...)...); code != exitUsage || !strings.Contains(errs, "give one of them") {
		t.Errorf("server and database at once: exit code %d, %s", code, errs)
	}
}

func TestDoctorEndsWithZeroWhereNothingIsInTrouble(t *testing.T) {
	t.Parallel()
	p := newProcess(t)
	db, events := filepath.Join(p.home, "f.db"), filepath.Join(p.home, "f.jsonl")
	at := time.Now().UTC().Add(-time.Hour).Format(time.RFC3339)
	write(t, events, fmt.Sprintf(`{"type":"deployment","id":"1","service":"shop","environment":"production","status":"succeeded","revision":"r","finished_at":%q}`+"\n", at))
	p.must("import", events, "--db", db)
	if out := p.must("doctor", "--db", db); !strings.Contains(out, "0 in trouble") {
		t.Error(out)
	}
}

func TestFiguresOfAnEnvironmentWhoseKindItsHostStates(t *testing.T) {
	t.Parallel()
	p := newProcess(t)
	db, events := filepath.Join(p.home, "k.db"), filepath.Join(p.home, "k.jsonl")
	write(t, events, `{"type":"deployment","id":"1","service":"shop","environment":"eu-1","status":"succeeded","revision":"r","finished_at":"2026-03-02T10:00:00Z","labels":{"environment_kind":"production"}}`+"\n")
	p.must("import", events, "--db", db)
	for _, from := range [][]string{{"--db", db}, {"--events", events}} {
		out := p.must(append([]string{"metrics", "--env", "eu-1", "--from", "2026-03-01", "--to", "2026-04-01", "--format", "json"}, from...)...)
		if !strings.Contains(out, `"rollouts": 1,`) {
			t.Errorf("%s: the deployment is not counted: %s", from[0], out)
		}
	}
}

func TestASourceIsPushedOnlyWhereNothingReadsIt(t *testing.T) {
	t.Parallel()
	for sentence, c := range map[string]struct {
		source config.Source
		pushed bool
	}{
		"a webhook":                       {config.Source{Type: "webhook"}, true},
		"an Alertmanager without address": {config.Source{Type: "alertmanager"}, true},
		"an Alertmanager with one":        {config.Source{Type: "alertmanager", Settings: map[string][]string{"url": {"http://a"}}}, false},
		"a watch":                         {config.Source{Type: "prometheus"}, false},
		"a host that is read and pushes":  {config.Source{Type: "gitlab"}, false},
	} {
		if got := pushedOnly(c.source); got != c.pushed {
			t.Errorf("%s: pushed only is %v", sentence, got)
		}
	}
}
