package main

import (
	"database/sql"
	"encoding/json"
	"io"
	"net/http"
	"path/filepath"
	"strconv"
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
			p.run("gate", "check", "--server", url, "--service", service, "--digest", built(strconv.Itoa(i)), "-q")
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

// spoil changes the stored texts of decisions as a damaged disk does.
func spoil(t *testing.T, database string, of ...string) {
	t.Helper()
	db, err := sql.Open(store.SQLiteDriver, database)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	if _, err := db.ExecContext(t.Context(), "DROP TRIGGER IF EXISTS decisions_are_final"); err != nil {
		t.Fatal(err)
	}
	for _, id := range of {
		if _, err := db.ExecContext(t.Context(), "UPDATE decisions SET body = substr(body, 1, length(body) - 1) WHERE id = ?", id); err != nil {
			t.Fatal(err)
		}
	}
}

func TestOneDamagedDecisionIsNamedByEveryReaderAndAllOthersAreRead(t *testing.T) {
	t.Parallel()
	p, url := gateServer(t)
	for i := range 3 {
		p.run("gate", "check", "--server", url, "--service", "steady", "--digest", built(strconv.Itoa(i)), "-q")
	}
	db := filepath.Join(p.home, "gate.db")
	var logged []gate.Logged
	if err := json.Unmarshal([]byte(p.must("gate", "log", "--server", url, "--format", "json")), &logged); err != nil || len(logged) != 3 {
		t.Fatal(err, logged)
	}
	lost := logged[1].ID
	spoil(t, db, lost)
	for how, where := range map[string][]string{"a server": {"--server", url}, "a database": {"--db", db}} {
		said := p.exits(exitBug, append([]string{"gate", "replay", "--all"}, where...)...)
		if !strings.Contains(said, lost+"  steady") || !strings.Contains(said, "cannot be decided again") || !strings.Contains(said, "2 of 3 decisions come out the same") {
			t.Errorf("%s: %s", how, said)
		}
	}
	for how, where := range map[string][]string{"a server": {"--server", url}, "a database": {"--db", db, "--config", filepath.Join(p.home, "shiphabit.yaml")}} {
		if said := p.exits(exitTrouble, append([]string{"doctor"}, where...)...); !strings.Contains(said, "The decision "+lost+" about steady") || !strings.Contains(said, "restore the database") {
			t.Errorf("the doctor of %s: %s", how, said)
		}
	}
	for how, where := range map[string][]string{"a server": {"--server", url}, "a database": {"--db", db}} {
		said := p.exits(exitBug, append([]string{"gate", "replay", lost}, where...)...)
		if !strings.Contains(said, lost+" cannot be decided again: ") || !strings.Contains(said, "cannot be read") || strings.Contains(said, "its log says why") {
			t.Errorf("alone, of %s: %s", how, said)
		}
	}
	if said := p.must("gate", "log", "--server", url); strings.Count(said, "steady") < 3 || !strings.Contains(said, "What was decided is lost") {
		t.Errorf("listed: %s", said)
	}
	for path, want := range map[string]int{
		"/gate/decisions": 200, "/gate": 200, "/services/steady/gate": 200, "/api/v1/gate/scoreboard": 200, "/api/v1/gate/proposals?service=steady": 200,
		"/gate/decisions/" + lost: 500, "/api/v1/gate/decisions/" + lost: 500, "/api/v1/gate/decisions/" + lost + "/replay": 500,
		"/gate/decisions/" + logged[0].ID: 200,
	} {
		status, body := visited(t, url+path)
		if status != want || want == 500 && (!strings.Contains(body, lost) || !strings.Contains(body, "restore the database")) {
			t.Errorf("%s: %d, want %d: %s", path, status, want, body)
		}
	}
	p.run("gate", "check", "--server", url, "--service", "steady", "--digest", built("new"), "-q")
	if said := p.must("gate", "log", "--server", url); !strings.Contains(said, "steady") || strings.Count(said, "\n") != 5 {
		t.Errorf("after another question: %s", said)
	}
}

func visited(t *testing.T, url string) (status int, body string) {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	data, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	return answer.StatusCode, string(data)
}
