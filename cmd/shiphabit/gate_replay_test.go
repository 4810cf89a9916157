package main

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"shiphabit/internal/store"
	"shiphabit/metrics"
	"shiphabit/metrics/gate"
)

func TestAllDecisionsAreReplayedAndThoseOfAnotherEngineThatDifferAreListed(t *testing.T) {
	t.Parallel()
	p, url := gateServer(t)
	for i, service := range []string{"steady", "shaky", "vault", "newborn"} {
		for range 3 {
			p.run("gate", "check", "--server", url, "--service", service, "--digest", fmt.Sprint("sha256:", i), "-q")
		}
	}
	db := filepath.Join(p.home, "gate.db")
	for how, where := range map[string][]string{"a server": {"--server", url}, "a database": {"--db", db}} {
		if said := p.must(append([]string{"gate", "replay", "--all"}, where...)...); !strings.HasPrefix(said, "12 of 12 decisions come out the same") {
			t.Errorf("%s: %s", how, said)
		}
	}
	byAnotherEngine(t, db)
	for how, where := range map[string][]string{"a server": {"--server", url}, "a database": {"--db", db}} {
		out, errs, code := p.run(append([]string{"gate", "replay", "--all", "--format", "json"}, where...)...)
		var found replayed
		if err := json.Unmarshal([]byte(out), &found); err != nil {
			t.Fatalf("%s: %v\n%s%s", how, err, out, errs)
		}
		if code != exitBug || found.Decisions != 24 || found.Same != 21 || found.Engines["shiphabit/0.0.1"] != 12 || len(found.Different) != 3 {
			t.Errorf("%s: exit code %d\n%s%s", how, code, out, errs)
		}
		for _, d := range found.Different {
			if d.Service != "shaky" || d.Then != gate.Warn || d.Now != gate.Block || strings.Join(d.What, " ") != "criterion failure-meter verdict" {
				t.Errorf("%s: %+v", how, d)
			}
		}
	}
	if said := p.exits(exitBug, "gate", "replay", "--all", "--db", db, "--service", "shaky"); !strings.Contains(said, "3 of 6 decisions") ||
		!strings.Contains(said, "warn then, block now; different: criterion failure-meter, verdict") {
		t.Errorf("of one service: %s", said)
	}
	p.exits(exitUsage, "gate", "replay")
	p.exits(exitUsage, "gate", "replay", "--all", "gd_1")
	p.exits(exitUsage, "gate", "replay", "--db", db, "gd_none")
}

// byAnotherEngine logs every decision once more as an engine would have made it that thought less badly of a meter beyond its line.
func byAnotherEngine(t *testing.T, name string) {
	t.Helper()
	db, err := store.Open(t.Context(), name, store.Options{Rules: metrics.DefaultRules()})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	list, _, err := db.Decisions(t.Context(), "", "", 100)
	if err != nil {
		t.Fatal(err)
	}
	for _, listed := range list {
		l, err := db.Decision(t.Context(), listed.ID)
		if err != nil {
			t.Fatal(err)
		}
		l.ID, l.Key, l.Engine = l.ID+"0", "", "shiphabit/0.0.1"
		if l.Verdict == gate.Block {
			l.Verdict = gate.Warn
			for i := range l.Reasons {
				if l.Reasons[i].Criterion == "failure-meter" {
					l.Reasons[i].Result = gate.Warn
				}
			}
		}
		if err := db.LogDecision(t.Context(), l); err != nil {
			t.Fatal(err)
		}
	}
}
