package api_test

import (
	"encoding/json"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"shiphabit/assessments"
)

const firstQuarter = roundsPath + "/rollup?quarter=2026-Q1"

// quarterOf are closed rounds of teams of five in the first quarter, by team.
func (s site) quarterOf(teams ...string) map[string]string {
	s.Helper()
	rounds := map[string]string{}
	for i, team := range teams {
		opened := into[openedAnswer](s.post(roundsPath, `{"team":"`+team+`","size":5,"services":["payments"]}`).is(http.StatusCreated))
		for _, link := range opened.Links {
			s.answered(opened.Round, link, i%5)
		}
		rounds[team] = roundsPath + "/" + opened.Round.ID
		s.post(rounds[team]+"/close", "").is(http.StatusOK)
	}
	return rounds
}

func TestARollUpIsToldAsItWasToldFirst(t *testing.T) {
	t.Parallel()
	for name, dsn := range map[string]string{"sqlite": filepath.Join(t.TempDir(), "told.db"), "postgres": postgres.New(t)} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newSiteOn(t, dsn, &clock{now: noon}, withPages(t))
			s.post("/api/v1/events", history("payments", strings.Repeat(".", 30))).is(http.StatusOK)
			rounds := s.quarterOf("a", "b", "c", "d", "e")
			for _, team := range []string{"a", "c", "d", "e"} {
				s.post(rounds[team]+"/replies", `{"question":"q1","tag":"services differ"}`).is(http.StatusOK)
			}
			for _, team := range []string{"a", "b"} {
				s.post(rounds[team]+"/publish", "").is(http.StatusOK)
			}
			s.clock.advance(60 * 24 * time.Hour)
			s.get("/api/v1/reports/leadership?period=2026-Q1").is(http.StatusOK, "25 of 25 people in 5 teams") // whoever tells first
			s.post(rounds["e"]+"/replies", `{"question":"q1","tag":"other"}`).is(http.StatusOK)
			first := s.get(firstQuarter).is(http.StatusOK, `"tags":{"services differ":4}`, `"team":"a"`)
			page := s.get("/assessments/rollup?quarter=2026-Q1").is(http.StatusOK, "25 answers of 5 teams")

			s.post(rounds["c"]+"/replies", `{"question":"q1","tag":"other","note":"thought again"}`).is(http.StatusOK)
			s.post(rounds["d"]+"/replies", `{"question":"q1","tag":""}`).is(http.StatusOK)
			s.post(rounds["c"]+"/publish", "").is(http.StatusOK)
			s.post("/api/v1/events", history("payments", strings.Repeat("x", 30))).is(http.StatusOK) // the records are corrected
			again := into[map[string]any](s.get(firstQuarter).is(http.StatusOK))["rollup"]
			if before := into[map[string]any](first)["rollup"]; !equalJSON(t, before, again) {
				t.Errorf("two readings differ:\n%v\n%v", before, again)
			}
			if later := s.get("/assessments/rollup?quarter=2026-Q1").is(http.StatusOK); later.body != page.body {
				t.Error("two readings of the page differ")
			}
			restarted := newSiteOn(t, dsn, s.clock, withPages(t))
			if later := restarted.get(firstQuarter).is(http.StatusOK); later.body != s.get(firstQuarter).body {
				t.Error("a restart tells something else")
			}

			refused := s.post(rounds["d"]+"/publish", "").is(http.StatusConflict, "the answers of the one team left in it", "2026-04-08")
			if strings.Contains(refused.body, `"e"`) {
				t.Errorf("the refusal names the team: %s", refused.body)
			}
			if state := into[assessments.Round](s.get(rounds["d"])).State; state != assessments.Closed {
				t.Errorf("it is %s", state)
			}
		})
	}
}

// A count is of fewer teams than the sums are: of those that cannot be compared and did not reply it holds nothing.
func TestPublishingLateGivesNoTeamsRepliesAway(t *testing.T) {
	t.Parallel()
	for name, before := range map[string]string{"as it is kept now": "", "as it was kept before its tellers were": "tellers"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := paged(t)
			rounds := s.quarterOf("a", "b", "c", "d", "e", "f", "g")
			for _, team := range []string{"a", "b", "c", "d", "e"} {
				s.post(rounds[team]+"/replies", `{"question":"q1","tag":"services differ"}`).is(http.StatusOK)
			}
			for _, team := range []string{"a", "b", "c"} {
				s.post(rounds[team]+"/publish", "").is(http.StatusOK)
			}
			s.clock.advance(60 * 24 * time.Hour)
			told := into[struct{ Rollup assessments.Rollup }](s.get(firstQuarter).is(http.StatusOK)).Rollup
			if told.PooledTeams != 7 || told.Tags[assessments.ServicesDiffer] != 5 {
				t.Fatalf("%d teams, tags %v", told.PooledTeams, told.Tags)
			}
			if before != "" {
				s.forgetTellers()
			}
			refused := s.post(rounds["d"]+"/publish", "").is(http.StatusConflict, "replies of the one team left in it")
			if strings.Contains(refused.body, "team e") {
				t.Errorf("the refusal names the team: %s", refused.body)
			}
			s.post(rounds["f"]+"/publish", "").is(http.StatusOK) // it is in no such count, and three others are in the sums
			s.post(rounds["e"]+"/publish", "").is(http.StatusConflict)
			if body := s.get(firstQuarter).body; strings.Contains(body, "tellers") || strings.Contains(body, `"compared":[`) {
				t.Error("who the counts are made of is told")
			}
		})
	}
}

// forgetTellers makes the kept roll-up one of a program that did not keep who its counts are made of.
func (s site) forgetTellers() {
	s.Helper()
	pool, _, err := s.db.Pool()
	if err != nil {
		s.Fatal(err)
	}
	done, err := pool.ExecContext(s.Context(), "UPDATE rollups SET body = json_remove(body, '$.tellers')")
	if err != nil {
		s.Fatal(err)
	}
	if n, err := done.RowsAffected(); n != 1 || err != nil {
		s.Fatalf("%d rows, %v", n, err)
	}
}

func equalJSON(t *testing.T, a, b any) bool {
	t.Helper()
	one, err := json.Marshal(a)
	if err != nil {
		t.Fatal(err)
	}
	other, err := json.Marshal(b)
	if err != nil {
		t.Fatal(err)
	}
	return string(one) == string(other)
}
