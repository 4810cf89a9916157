package main

import (
	"encoding/json"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shiphabit/assessments"
	"shiphabit/internal/config"
	"shiphabit/internal/store"
	"shiphabit/metrics"
)

// asked writes rounds of early 2025 into a database: four teams that reach the group size, one of which does not publish, and one of so many people that does not.
// Everybody gives the option of their turn, counted on from shift; those of the small team count on from their own.
func asked(t *testing.T, dsn string, shift, small int) {
	t.Helper()
	at := time.Date(2025, 2, 3, 9, 0, 0, 0, time.UTC)
	db, err := store.Open(t.Context(), dsn, store.Options{Rules: metrics.DefaultRules(), Clock: func() time.Time { return at }})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	for i, team := range []string{"alpha", "beta", "gamma", "delta", "tiny"} {
		people, first := 5+i, shift
		if team == "tiny" {
			people, first = 3, small
		}
		draft, err := assessments.NewRound(config.DefaultQuestions(), assessments.Plan{ID: "ar_" + team, Team: team, Size: 8})
		if err != nil {
			t.Fatal(err)
		}
		round, err := draft.Open(at)
		if err == nil {
			err = db.SaveRound(t.Context(), round, "")
		}
		if err != nil {
			t.Fatal(err)
		}
		for n := range people {
			hash := assessments.HashToken(fmt.Sprint(team, n))
			answers := assessments.Answers{}
			for q, question := range round.Set.Questions {
				answers[question.ID] = question.Options[((n+first)%people+q+i)%7].ID
			}
			if err := db.AddTokens(t.Context(), round.ID, []string{hash}); err != nil {
				t.Fatal(err)
			}
			if err := db.Submit(t.Context(), hash, answers); err != nil {
				t.Fatal(err)
			}
		}
		settle(t, db, round.ID, at.AddDate(0, 0, 7))
	}
}

// settle closes a round, gives it a reply and an action, and publishes it, but for one that keeps its result to itself.
func settle(t *testing.T, db *store.DB, id string, at time.Time) {
	t.Helper()
	round, err := db.Round(t.Context(), id)
	if err == nil {
		round, err = round.Close(at)
	}
	if err == nil {
		err = db.SaveRound(t.Context(), round, "")
	}
	if err == nil {
		err = db.SaveReply(t.Context(), id, assessments.Reply{Question: "q1", Tag: assessments.ServicesDiffer, At: at}, "test")
	}
	if err == nil {
		err = db.SaveAction(t.Context(), id, assessments.Action{Text: "step of " + round.Team, Owner: "team", DueOn: "2025-03-01", At: at}, "test")
	}
	if err == nil && round.Team != "gamma" {
		if round, err = round.Publish(at.AddDate(0, 0, 1)); err == nil {
			err = db.SaveRound(t.Context(), round, "")
		}
	}
	if err != nil {
		t.Fatal(err)
	}
}

// rollups is what the command prints of a database, as a table and as JSON.
func rollups(t *testing.T, shift, small int) (table, text string) {
	t.Helper()
	p := newProcess(t)
	dsn := filepath.Join(p.home, "r.db")
	asked(t, dsn, shift, small)
	url, _ := p.serve("serve", "--db", dsn)
	if told := p.must("assess", "rollup", "--server", url); told != p.must("assess", "rollup", "--server", url, "--quarter", "2025-Q1") {
		t.Errorf("left out, the quarter is another one:\n%s", told)
	}
	if _, errs, code := p.run("assess", "rollup", "--server", url, "--quarter", "2025"); code != exitUsage || !strings.Contains(errs, "no quarter") {
		t.Errorf("exit code %d: %s", code, errs)
	}
	return p.must("assess", "rollup", "--server", url), p.must("assess", "rollup", "--server", url, "--format", "json")
}

// Whoever reads the roll-up cannot tell who of a team answered what, and of a group below the size not even what was answered.
func TestTheRollUpOfTheCommandTellsOfTeamsAndOfNobodysAnswers(t *testing.T) {
	t.Parallel()
	table, text := rollups(t, 0, 0)
	for _, words := range []string{"2025-Q1: 29 of 40 people asked answered, in 5 teams", "in the sums: 19 answers of 3 teams, without the only one that did not publish", "actions: 5 written after 5 rounds", "action of beta", "published: beta", "not named: 3"} {
		if !strings.Contains(table, words) {
			t.Errorf("the table lacks %q:\n%s", words, table)
		}
	}
	for _, words := range []string{"published: gamma", "published: tiny", "published: alpha", "step of gamma", "step of alpha"} {
		if strings.Contains(table, words) || strings.Contains(text, words) {
			t.Errorf("%q is told", words)
		}
	}
	var told rolledUp
	if err := json.Unmarshal([]byte(text), &told); err != nil || told.Rollup.PooledTeams != 3 || len(told.Rollup.Questions) != 5 || told.Rollup.Tags[assessments.ServicesDiffer] != 3 {
		t.Fatalf("%v: %+v", err, told.Rollup)
	}
	otherTable, otherText := rollups(t, 2, 4) // people exchange their answers, and the small team gives others
	if table != otherTable || text != otherText {
		t.Errorf("the roll-up tells two worlds apart:\n%s", cmp.Diff(table+text, otherTable+otherText))
	}
}

func TestARollUpWithoutRoundsSaysThatNoneClosed(t *testing.T) {
	t.Parallel()
	p := newProcess(t)
	url, _ := p.serve("serve", "--db", filepath.Join(p.home, "r.db"))
	if told := p.must("assess", "rollup", "--server", url, "--quarter", "2025-Q1"); told != "no round closed in 2025-Q1, so there is nothing to tell of it\n" {
		t.Error(told)
	}
	var told rolledUp
	if err := json.Unmarshal([]byte(p.must("assess", "rollup", "--server", url, "--quarter", "2025-Q1", "--format", "json")), &told); err != nil {
		t.Fatal(err)
	}
	if none := "no round closed in 2025-Q1"; told.Rollup.Hidden != none || told.Outcomes.Hidden != none {
		t.Errorf("%q, %q", told.Rollup.Hidden, told.Outcomes.Hidden)
	}
}
