package main

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"shiphabit/metrics/gate"
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
	if said := p.must("gate", "backtest", "--db", db, "--service", "steady"); !strings.Contains(said, "would have stopped 0:") {
		t.Errorf("of the steady one it says\n%s", said)
	}
	p.exits(exitUsage, "gate", "backtest", "--db", db, "--service", "nobody")
	p.exits(exitUsage, "gate", "backtest", "--db", db, "--days", "0")
}

func TestADiffOfPoliciesListsThePromotionsThatComeOutAnotherWay(t *testing.T) {
	t.Parallel()
	p, db := recorded(t)
	before, after := filepath.Join(p.home, "old.yaml"), filepath.Join(p.home, "new.yaml")
	write(t, before, "time_zone: UTC\n")
	write(t, after, "services:\n  - name: shaky\n    tier: low\n")
	said := p.must("policy", "diff", before, after, "--db", db)
	if !strings.Contains(said, "promotions come out another way") || !strings.Contains(said, "| shaky | import/shaky-") || strings.Contains(said, "| steady |") {
		t.Errorf("it says\n%s", said)
	}
	if same := p.must("policy", "diff", before, before, "--db", db); !strings.Contains(same, "No promotion comes out another way") {
		t.Errorf("of the same policy it says\n%s", same)
	}
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
