package main

import (
	"path/filepath"
	"strings"
	"testing"
)

// Four deployments in a week, of which the second failed: all count by default, three by gitlab's convention.
func TestDefinitionsAreComparedRuleByRule(t *testing.T) {
	t.Parallel()
	p := newProcess(t)
	file := filepath.Join(p.home, "week.jsonl")
	line := func(id, status, at string) string {
		return `{"type":"deployment","id":"` + id + `","service":"api","environment":"production","status":"` + status + `","revision":"r` + id + `","finished_at":"` + at + `"}` + "\n"
	}
	write(t, file, line("1", "succeeded", "2026-03-02T10:00:00Z")+line("2", "failed", "2026-03-03T10:00:00Z")+
		line("3", "succeeded", "2026-03-03T12:00:00Z")+line("4", "succeeded", "2026-03-05T10:00:00Z"))
	of := []string{"--events", file, "--from", "2026-03-02", "--to", "2026-03-09"}
	table := p.must(append([]string{"metrics", "compare", "--definition", "dora", "--definition", "gitlab"}, of...)...)
	for _, want := range []string{"DORA/1", "GITLAB/1", "not enough data (n = 4)", "3 a week (n = 3)", "from dora/1 to gitlab/1", "floor", "4 a week → 3 a week", "4 → 3"} {
		if !strings.Contains(table, want) {
			t.Errorf("lacks %q:\n%s", want, table)
		}
	}
	if text := p.must(append([]string{"metrics", "compare", "--definition", "dora,gitlab", "--format", "json"}, of...)...); !strings.Contains(text, `"changes_by": "−1"`) {
		t.Errorf("JSON:\n%s", text)
	}
	if text := p.must(append([]string{"metrics", "--definition", "fourkeys"}, of...)...); !strings.Contains(text, "1.5 days with a deployment per week") { // the window touches two weeks from Sunday: 3 days and none
		t.Errorf("by the convention of fourkeys:\n%s", text)
	}
	settings := filepath.Join(p.home, "own.yaml")
	write(t, settings, "definitions: [{name: old-numbers, like: gitlab, version: 2, deployments: attempts}]")
	if text := p.must(append([]string{"metrics", "--config", settings, "--definition", "old-numbers"}, of...)...); !strings.Contains(text, "definition old-numbers/2") || !strings.Contains(text, "n = 4") {
		t.Errorf("by the organisation's own definition:\n%s", text)
	}
	for _, wrong := range [][]string{{"metrics", "compare", "--definition", "dora"}, {"metrics", "--definition", "mine"}} {
		if _, errs, code := p.run(append(wrong, of...)...); code != exitUsage || !strings.Contains(errs, "--definition") {
			t.Errorf("%v: exit code %d\n%s", wrong, code, errs)
		}
	}
}
