package store

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"gorm.io/gorm"
)

func TestACheckpointLeavesNothingThatOnlyTheLogHolds(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "a.db")
	db, err := Open(t.Context(), path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	alone := func(name string) int64 { // how many events the file has without its log
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		copied := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(copied, data, 0o600); err != nil {
			t.Fatal(err)
		}
		other, err := Open(t.Context(), copied, Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = other.Close() }()
		var n int64
		if err := other.read.Raw("SELECT count(*) FROM events").Scan(&n).Error; err != nil {
			t.Fatal(err)
		}
		return n
	}
	for i, id := range []string{"1", "2"} {
		mustAppend(t, db, deployed(id, "api", "", -3))
		if n := alone("before-" + id); n != int64(i) {
			t.Fatalf("before the checkpoint the file holds %d events; the test shows nothing", n)
		}
		for range 2 {
			if _, err := db.Checkpoint(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if n := alone("after-" + id); n != int64(i)+1 {
			t.Errorf("after it the file holds %d events, want %d", n, i+1)
		}
	}
}

func TestTheLogBeginsAnewThoughCommitsLeaveNoPause(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "a.db")
	db, err := Open(t.Context(), path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	if err := db.MakeOneRow(t.Context()); err != nil {
		t.Fatal(err)
	}
	commit := func(pages int) {
		if err := db.change(t.Context(), func(tx *gorm.DB) error {
			return errors.Join(tx.Exec("DELETE FROM bench_rows").Error, tx.Exec("INSERT INTO bench_rows (body) VALUES (?)", strings.Repeat("x", pages<<12)).Error)
		}); err != nil {
			t.Error(err)
		}
	}
	// busy is a checkpoint while something is committed, as long as the log is after it.
	busy := func() int {
		reader := db.read.WithContext(t.Context()).Begin()
		defer reader.Rollback()
		var n int
		if err := reader.Raw("SELECT count(*) FROM bench_rows").Scan(&n).Error; err != nil {
			t.Fatal(err)
		}
		commit(1)
		done, err := checkpoint(db.read.WithContext(t.Context()), "PASSIVE")
		if err != nil {
			t.Fatal(err)
		}
		return done.Log
	}
	commit(500)
	last := busy()
	for range 5 {
		commit(20)
		now := busy()
		if now < last {
			t.Fatalf("the log had %d pages and has %d; the test shows nothing", last, now)
		}
		last = now
	}
	if err := db.restartLog(t.Context()); err != nil {
		t.Fatal(err)
	}
	commit(20)
	if now := busy(); now >= 500 {
		t.Errorf("the log had %d pages and has %d", last, now)
	}
}

func TestTheLogBeginsAnewWhenItIsLongAndLittleIsLeft(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		done checkpointed
		want bool
	}{
		{checkpointed{restartPages - 1, restartPages - 1}, false},
		{checkpointed{restartPages, restartPages}, true},
		{checkpointed{restartPages + restPages, restartPages}, true},
		{checkpointed{restartPages + restPages + 1, restartPages}, false},
	} {
		if got := c.done.canBeginAnew(); got != c.want {
			t.Errorf("%+v: %t", c.done, got)
		}
	}
}
