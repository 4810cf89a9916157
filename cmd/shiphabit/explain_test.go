package main

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"

	"shiphabit/metrics"
)

// explained writes six deployments of two services, of which two failed, and says how to ask for them.
func explained(t *testing.T, p process) []string {
	t.Helper()
	file := filepath.Join(p.home, "week.jsonl")
	text := ""
	for i, at := range []string{"02T10", "03T10", "04T10", "05T10", "06T10", "06T12"} {
		service, status := "api", "succeeded"
		if i%2 == 1 {
			service = "web"
		}
		if i < 2 {
			status = "failed"
		}
		id := string(rune('1' + i))
		text += `{"type":"deployment","id":"` + id + `","service":"` + service + `","environment":"production","status":"` + status + `","revision":"r` + id + `","ref":"main","finished_at":"2026-03-` + at + `:00:00Z"}` + "\n"
	}
	write(t, file, text)
	return []string{"--events", file, "--from", "2026-03-02", "--to", "2026-03-09"}
}

func TestEveryFigureIsExplainedInEveryFormat(t *testing.T) {
	t.Parallel()
	p := newProcess(t)
	of := explained(t, p)
	for _, figure := range metrics.AllFigures() {
		table := p.must(append([]string{"explain", figure}, of...)...)
		if !strings.Contains(table, "counted, ") || !strings.Contains(table, "left out") {
			t.Errorf("%s:\n%s", figure, table)
		}
		var whole metrics.Explanation
		if err := json.Unmarshal([]byte(p.must(append([]string{"explain", figure, "--format", "json"}, of...)...)), &whole); err != nil || whole.Figure != figure {
			t.Errorf("%s as JSON: %v", figure, err)
		}
		lines := strings.Split(strings.TrimSpace(p.must(append([]string{"explain", figure, "--format", "jsonl"}, of...)...)), "\n")
		rows := strings.Split(strings.TrimSpace(p.must(append([]string{"explain", figure, "--format", "csv"}, of...)...)), "\n")
		if n := len(whole.Rows) + len(whole.LeftOut); len(lines) != 1+n || len(rows) != 1+n {
			t.Errorf("%s: %d rows as JSON, %d lines, %d rows of CSV", figure, n, len(lines)-1, len(rows)-1)
		}
	}
	if table := p.must(append([]string{"explain", "change_fail_rate"}, of...)...); !strings.Contains(table, "6 rows counted, 0 rows left out: 33.3 %, 2 of 6 rollouts failed") {
		t.Errorf("the figure itself is not said:\n%s", table)
	}
}

func TestWordsThatFitNothingAreToldWithWhatThereIs(t *testing.T) {
	t.Parallel()
	p := newProcess(t)
	of := explained(t, p)
	for words, want := range map[string]string{
		"--tier gold": "none of critical, high, standard, low", "--service nope": "known are: api, web", "--env nowhere": `"nowhere"`, "--label risk": "name=value",
	} {
		if _, errs, code := p.run(append(append([]string{"metrics"}, strings.Fields(words)...), of...)...); code != exitUsage || !strings.Contains(errs, want) {
			t.Errorf("%s: exit code %d\n%s", words, code, errs)
		}
	}
	if table := p.must("metrics", "--events", of[1], "--from", "2026-05-01", "--to", "2026-06-01"); !strings.Contains(table, "the 6 rollouts known, of all environments, finished from 2026-03-02 to 2026-03-06") {
		t.Errorf("a window beside all records:\n%s", table)
	}
	if table := p.must(append([]string{"metrics", "--branch", "main", "--service", "api"}, of...)...); !strings.Contains(table, "n = 3 rollouts") {
		t.Errorf("narrowed:\n%s", table)
	}
}
