package store

import (
	"os"
	"path/filepath"
	"testing"
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
			if err := db.Checkpoint(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		if n := alone("after-" + id); n != int64(i)+1 {
			t.Errorf("after it the file holds %d events, want %d", n, i+1)
		}
	}
}
