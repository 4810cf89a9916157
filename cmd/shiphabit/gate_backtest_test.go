package main

import (
	"encoding/json"
	"html"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"shiphabit/metrics/gate"
	"shiphabit/reports"
)

// recorded is a database with a steady and a shaky service.
func recorded(t *testing.T) (p process, db string) {
	t.Helper()
	p = newProcess(t)
	db = filepath.Join(p.home, "gate.db")
	events := filepath.Join(p.home, "events.jsonl")
	write(t, events, history("steady", strings.Repeat(".", 40), 2*time.Hour)+
		history("shaky", strings.Repeat(".", 20)+".x.x.x.x.....", 2*time.Hour))
	p.must("import", "--db", db, events)
	return p, db
}

func TestABacktestTellsWhatWouldHaveBeenStopped(t *testing.T) {
	t.Parallel()
	p, db := recorded(t)
	var b gate.Backtest
	if err := json.Unmarshal([]byte(p.must("gate", "backtest", "--db", db, "--format", "json")), &b); err != nil {
		t.Fatal(err)
	}
	if b.Services != 2 || b.Promotions != 73 || b.Stopped == 0 || b.Stopped != b.Prevented+b.Delayed+b.Undecided {
		t.Errorf("%+v", b)
	}
	if said := p.must("gate", "backtest", "--db", db, "--service", "steady"); !strings.Contains(said, "would have stopped 0 (block):") {
		t.Errorf("of the steady one it says\n%s", said)
	}
	p.exits(exitUsage, "gate", "backtest", "--db", db, "--service", "nobody")
	p.exits(exitUsage, "gate", "backtest", "--db", db, "--days", "0")
}

func TestCasesOfAPolicyAreJudged(t *testing.T) {
	t.Parallel()
	p := newProcess(t)
	file := filepath.Join(p.home, "cases.json")
	write(t, file, `[{"name": "a bad week stops it", "service": "pay", "history": "....................xxx.xx", "expect": {"verdict": "block", "criteria": {"failure-meter": "fail"}}},
		{"name": "a fix passes", "service": "pay", "history": "...x", "request": {"change": {"kind": "fix", "fixes": ["drawn/4"]}}, "expect": {"verdict": "allow"}}]`)
	if said := p.must("policy", "test", file); !strings.Contains(said, "2 as wanted, 0 not") {
		t.Errorf("it says\n%s", said)
	}
	write(t, file, `[{"name": "never", "service": "pay", "history": "........", "expect": {"verdict": "block"}}]`)
	if said := p.exits(exitBug, "policy", "test", file); !strings.Contains(said, "✗ never: allow, wanted block.") {
		t.Errorf("it says\n%s", said)
	}
	for text, words := range map[string]string{
		`[]`: "holds no case",
		`[{"name": "nothing", "servise": "pay"}]`:                                             "servise",
		`[{"name": "a", "expect": {"verdict": "allow"}}]`:                                     "case 1 (a): service: missing",
		`[{"service": "pay", "history": "..o", "expect": {"verdict": "allow"}}]`:              `history: "o" is no outcome`,
		`[{"service": "pay", "expect": {"verdict": "go"}}]`:                                   `expect.verdict: "go" is none of allow, warn, block, hold`,
		`[{"service": "pay", "expect": {"criteria": {"freeze": "fine"}}}]`:                    `expect.criteria.freeze: "fine" is none of`,
		`[{"service": "pay", "tier": "vital", "expect": {"verdict": "allow"}}]`:               `tier: "vital" is none of critical`,
		`[{"service": "pay", "events": "none.jsonl", "expect": {"verdict": "allow"}}]`:        "events: open",
		`[{"service": "pay", "history": ".", "events": "a", "expect": {"verdict": "allow"}}]`: "keep one",
		`[{"service": "pay"}]`: "expect: missing",
	} {
		write(t, file, text)
		if said := p.exits(exitUsage, "policy", "test", file); !strings.Contains(said, words) {
			t.Errorf("%s: it says\n%s", text, said)
		}
	}
}

func TestPageCommandAndInterfaceTellTheSameBacktest(t *testing.T) {
	t.Parallel()
	p, db := recorded(t)
	settings := filepath.Join(p.home, "shiphabit.yaml")
	write(t, settings, "services:\n  - {name: steady, tier: low}\n")
	server, _ := p.serve("serve", "--db", db, "--config", settings, "--listen", "127.0.0.1:0")
	for _, of := range []struct{ query, args string }{
		{"", ""}, {"?service=shaky", "--service shaky"}, {"?days=12", "--days 12"}, {"?service=steady&days=30", "--service steady --days 30"},
	} {
		var told struct {
			gate.Backtest
			Service  string
			From, To time.Time
			Limits   []string
		}
		answer := fetched(t, server+"/api/v1/gate/backtest"+of.query)
		if err := json.Unmarshal([]byte(answer), &told); err != nil {
			t.Fatalf("%s: %v\n%s", of.query, err, answer)
		}
		var commanded gate.Backtest
		args := append([]string{"gate", "backtest", "--db", db, "--config", settings, "--json"}, strings.Fields(of.args)...)
		if err := json.Unmarshal([]byte(p.must(args...)), &commanded); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(commanded, told.Backtest, cmpopts.IgnoreUnexported(gate.Backtest{})); diff != "" {
			t.Errorf("%s: the command and the interface differ:\n%s", of.query, diff)
		}
		if told.Promotions == 0 || len(told.NotJudged) == 0 || told.Limits == nil || !told.From.Before(told.To) {
			t.Errorf("%s: %+v", of.query, told)
		}
		page := html.UnescapeString(fetched(t, server+"/gate/backtest"+of.query))
		drawn := reports.Backtest{Service: told.Service, Result: told.Backtest}
		said := []string{drawn.Headline(), drawn.Assumed(), strings.Join(told.NotJudged, ", "), "/api/v1/gate/backtest?"}
		for _, figure := range drawn.Figures() {
			said = append(append(said, figure.Title, figure.Value, figure.Why), figure.Says...)
		}
		for _, words := range said {
			if !strings.Contains(page, words) {
				t.Errorf("%s: the page does not say %q", of.query, words)
			}
		}
	}
	for _, raw := range []string{`"assumed_ppm":`, `"modelled":true`, `"prevented_low_ppm":`, `"prevented_high_ppm":`, `"not_judged":`} {
		if answer := fetched(t, server+"/api/v1/gate/backtest"); !strings.Contains(answer, raw) {
			t.Errorf("the interface does not say %s:\n%s", raw, answer)
		}
	}
}
