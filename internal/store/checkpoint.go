package store

import (
	"context"
	"fmt"

	"gorm.io/gorm"
)

const (
	// checkpointPages is how long SQLite's write-ahead log may get before the commit that makes it longer brings it over into the file, in pages
	// of 4 KiB: 128 MiB. Whoever waits for that commit waits for that as well, so a server has Checkpoint do it before, beside its commits.
	checkpointPages = "32000"
	// restartPages is how long it may get before Checkpoint has it begin anew: 64 MiB.
	restartPages = 16_000
	// restPages is how much may be left to bring over when it is to begin anew: what was committed in some milliseconds. More is left while
	// somebody reads an older state, whose end nobody may wait for.
	restPages = 1_000
	// restartMilli is how long commits may wait for readers when it begins anew.
	restartMilli = "5"
)

// Checkpoint brings what was committed since it was last called over from SQLite's write-ahead log into the file, as far as nobody reads an
// older state, without holding up anybody who writes, but for some milliseconds once the log has become long. It tells whether there was
// anything. On PostgreSQL, which does so by itself, it does nothing.
func (db *DB) Checkpoint(ctx context.Context) (committed bool, err error) {
	commits := db.writes.commits.Load()
	if db.dialect.name != sqliteDialect.name || db.writes.checked.Swap(commits) == commits {
		return false, nil
	}
	done, err := checkpoint(db.read.WithContext(ctx), "PASSIVE")
	if err == nil && done.canBeginAnew() {
		err = db.restartLog(ctx)
	}
	if err != nil {
		return true, fmt.Errorf("bringing the write-ahead log over into the database: %w", outage(err))
	}
	return true, nil
}

// restartLog keeps commits out while the little that is left is brought over, after which the log is written from its beginning again. Where
// one commit follows the other SQLite never comes to that by itself: there is always something more by the time all is brought over.
// That somebody still reads, so that it was in vain, is no error.
func (db *DB) restartLog(ctx context.Context) error {
	if err := db.door.enter(ctx); err != nil {
		return err
	}
	defer db.door.leave()
	return db.onWriter(ctx, restartMilli, func(one *gorm.DB) error {
		_, err := checkpoint(one, "RESTART")
		return err
	})
}

// checkpointed is what SQLite says of a checkpoint: pages in the log, and how many of them the file has.
type checkpointed struct{ Log, Checkpointed int }

// canBeginAnew tells that the log is so long that it should begin anew, and that little is left to bring over before.
func (c checkpointed) canBeginAnew() bool {
	return c.Log >= restartPages && c.Log-c.Checkpointed <= restPages
}

func checkpoint(on *gorm.DB, mode string) (done checkpointed, err error) {
	return done, on.Raw("PRAGMA wal_checkpoint(" + mode + ")").Scan(&done).Error
}
