package store

import (
	"fmt"
	"runtime"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shiphabit/metrics/gate"
)

func TestWhatTheScoreboardNeedsOfAWindowIsReadInOrderOfTime(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t bench) {
		db := t.open()
		var want []gate.Scored
		for i := range 4 {
			l := decided(fmt.Sprintf("gd_%d", 4-i), "api")
			l.At, l.TookMicros = noon.Add(time.Duration(i)*time.Hour).In(time.FixedZone("", 7200)), 840
			if err := db.LogDecision(t.Context(), l); err != nil {
				t.Fatal(err)
			}
			want = append(want, l.Scored())
		}
		got, err := db.Scores(t.Context(), noon.Add(time.Hour), noon.Add(3*time.Hour))
		if diff := cmp.Diff(want[1:3], got); err != nil || diff != "" {
			t.Error(err, diff)
		}
		if s := want[0]; s.Late != "" || len(s.Holds) != 1 || s.TookMicros != 840 || s.Service != "api" {
			t.Errorf("%+v", s)
		}
	})
}

func TestDecisionsLoggedBeforeThereWereScoresAreScoredWhenFirstAskedFor(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t bench) {
		db := t.open()
		for i := range scoreBatch + 3 {
			if err := db.LogDecision(t.Context(), decided(fmt.Sprintf("gd_%03d", i), "api")); err != nil {
				t.Fatal(err)
			}
		}
		db.scores.end()
		must(t, db.scoreOlder(t.Context()))
		db.scores.upTo.Store(0)
		if err := db.write.Exec("DELETE FROM gate_scores WHERE decision <> 'gd_007'").Error; err != nil {
			t.Fatal(err)
		}
		for range 2 {
			got, err := db.Scores(t.Context(), noon, noon.Add(time.Hour))
			if err != nil || len(got) != scoreBatch+3 {
				t.Fatalf("%d scores, %v", len(got), err)
			}
		}
	})
}

func TestScoresAreWrittenBehindTheDecisionsThoughNobodyAsks(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t bench) {
		db := t.open()
		written := func() (n int) {
			must(t, db.read.Raw("SELECT count(*) FROM gate_scores").Scan(&n).Error)
			return n
		}
		for i := range scoreTogether + 3 {
			must(t, db.LogDecision(t.Context(), decided(fmt.Sprintf("gd_%03d", i), "api")))
		}
		for written() < scoreTogether+3 {
			runtime.Gosched()
		}
	})
}

func TestScoresThatWereLostOnTheirWayAreMadeAnewFromTheLog(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t bench) {
		killed, other := t.open(), t.open()
		scored := func(want int) {
			t.Helper()
			if got, err := other.Scores(t.Context(), noon, noon.Add(time.Hour)); err != nil || len(got) != want {
				t.Errorf("%d scores, %v; want %d", len(got), err, want)
			}
		}
		for i := range 3 {
			must(t, killed.LogDecision(t.Context(), decided(fmt.Sprintf("gd_%d", i), "api")))
			killed.scores.end() // before they were written
			scored(i + 1)
		}
	})
}

func TestDecisionsAreListedByVerdict(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t bench) {
		db := t.open()
		for i := range 6 {
			l := decided(fmt.Sprintf("gd_%d", i), []string{"api", "web"}[i%2])
			if i < 4 {
				l.Verdict, l.AskAgainAfter = gate.Allow, nil
			}
			if err := db.LogDecision(t.Context(), l); err != nil {
				t.Fatal(err)
			}
		}
		ids := func(service string, verdict gate.Result, cursor string) (ids []string, next string) {
			list, next, err := db.DecisionsWith(t.Context(), service, verdict, cursor, 2)
			if err != nil {
				t.Fatal(err)
			}
			for _, l := range list {
				ids = append(ids, l.ID)
			}
			return ids, next
		}
		first, next := ids("", gate.Allow, "")
		rest, end := ids("", gate.Allow, next)
		if diff := cmp.Diff([]string{"gd_3", "gd_2", "gd_1", "gd_0"}, append(first, rest...)); diff != "" || end != "" {
			t.Error(diff, end)
		}
		if of, _ := ids("web", gate.Hold, ""); len(of) != 1 || of[0] != "gd_5" {
			t.Errorf("holds of web: %v", of)
		}
	})
}

// BenchmarkScoresOf100000 reads what the scoreboard needs of a busy gate's decisions.
func BenchmarkScoresOf100000(b *testing.B) {
	db := newSQLite(b).open()
	var rows []scoreRow
	if err := db.LogDecision(b.Context(), decided("gd_0", "api")); err != nil {
		b.Fatal(err)
	}
	if err := db.write.Exec("PRAGMA foreign_keys = OFF").Error; err != nil {
		b.Fatal(err)
	}
	for i := range 100_000 {
		l := decided(fmt.Sprintf("gd_%d", i+1), fmt.Sprintf("service-%d", i%50))
		l.At = noon.Add(time.Duration(i) * time.Second)
		row, err := scoreRowOf(l)
		if err != nil {
			b.Fatal(err)
		}
		rows = append(rows, row)
	}
	if err := db.write.CreateInBatches(rows, 500).Error; err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if list, err := db.Scores(b.Context(), noon, noon.AddDate(1, 0, 0)); err != nil || len(list) != 100_001 {
			b.Fatal(len(list), err)
		}
	}
}
