package store

import (
	"errors"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestABackupOpensAndHoldsTheSame(t *testing.T) {
	t.Parallel()
	db := newSQLite(t).open()
	mustAppend(t, db, history("api", 20)...)
	path := filepath.Join(t.TempDir(), "copy.db")
	if err := db.Backup(t.Context(), path); err != nil {
		t.Fatal(err)
	}
	backup := bench{TB: t, dsn: path}.open()
	if diff := cmp.Diff(exported(t, db), exported(t, backup)); diff != "" {
		t.Error(diff)
	}
	if err := db.Backup(t.Context(), path); err == nil {
		t.Error("a backup replaced a file that was there")
	}
}

func TestPostgreSQLIsBackedUpWithItsOwnTools(t *testing.T) {
	t.Parallel()
	db := bench{TB: t, dsn: newPostgres(t)}.open()
	if err := db.Backup(t.Context(), filepath.Join(t.TempDir(), "copy")); !errors.Is(err, ErrNoBackup) {
		t.Errorf("error %v", err)
	}
}
