package store

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"
	"time"

	"shiphabit/metrics"
)

func TestNoNameOfAPersonReachesTheDatabase(t *testing.T) {
	t.Parallel()
	b := newSQLite(t)
	db := b.open()
	at := time.Date(2026, 3, 2, 10, 0, 0, 0, time.UTC)
	mustAppend(t, db,
		metrics.NewEvent("import", metrics.Commit{ID: "c1", Repository: "org/api", Author: "grace.hopper@example.org", AuthoredAt: at}),
		metrics.NewEvent("import", metrics.Deployment{ID: "d1", Service: "api", Environment: "production", Actor: "grace.hopper@example.org", Status: metrics.Succeeded, Revision: "c1", FinishedAt: at}),
	)
	for _, e := range exported(t, db) {
		text, err := json.Marshal(e)
		if err != nil || bytes.Contains(text, []byte("grace")) {
			t.Errorf("a name came back: %s (%v)", text, err)
		}
	}
	copied := filepath.Join(t.TempDir(), "copy.db")
	if err := db.Backup(t.Context(), copied); err != nil {
		t.Fatal(err)
	}
	if content, err := os.ReadFile(copied); err != nil || bytes.Contains(content, []byte("grace")) {
		t.Errorf("a name stands in the file (%v)", err)
	}
}

func TestOneDatabaseHasOneKey(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t bench) {
		first, second := t.open(), t.open()
		if !bytes.Equal(first.people, second.people) || len(first.people) < 16 {
			t.Errorf("two programs on one database hide people under %q and %q", first.people, second.people)
		}
	})
}
