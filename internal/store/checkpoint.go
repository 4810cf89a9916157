package store

import (
	"context"
	"fmt"
)

// checkpointPages is how long SQLite's write-ahead log may get before the commit that makes it longer brings it over into the file, in pages
// of 4 KiB: 128 MiB. Whoever waits for that commit waits for that as well, so a server has Checkpoint do it before, beside its commits.
const checkpointPages = "32000"

// Checkpoint brings what was committed since it was last called over from SQLite's write-ahead log into the file, as far as nobody reads an
// older state, without holding up anybody who writes. On PostgreSQL, which does so by itself, it does nothing.
func (db *DB) Checkpoint(ctx context.Context) error {
	commits := db.writes.commits.Load()
	if db.dialect.name != sqliteDialect.name || db.writes.checked.Swap(commits) == commits {
		return nil
	}
	if err := outage(db.read.WithContext(ctx).Exec("PRAGMA wal_checkpoint(PASSIVE)").Error); err != nil {
		return fmt.Errorf("bringing the write-ahead log over into the database: %w", err)
	}
	return nil
}
