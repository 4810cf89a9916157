package store

import (
	"context"
	"errors"
	"fmt"
	"os"
)

// ErrNoBackup says that the database has tools of its own for backups.
var ErrNoBackup = errors.New("use pg_dump to back up a PostgreSQL database")

// Backup writes a complete, compact copy of an SQLite database to a new file while work goes on.
func (db *DB) Backup(ctx context.Context, path string) error {
	if db.dialect.name != sqliteDialect.name {
		return ErrNoBackup
	}
	if _, err := os.Lstat(path); err == nil {
		return fmt.Errorf("backup: %s exists already and is not overwritten; name a new file", path)
	}
	// The copy holds what the database holds, so it begins as a file that only its owner can read.
	if err := createFile(path); err != nil {
		return fmt.Errorf("backup: %w", err)
	}
	if err := db.copyInto(ctx, path); err != nil {
		return errors.Join(fmt.Errorf("backup to %s: %w", path, err), os.Remove(path))
	}
	return nil
}

// copyInto uses a connection of its own: the reading ones refuse the statement, and the writing one is needed for the work
// that goes on.
func (db *DB) copyInto(ctx context.Context, path string) error {
	g, err := openSQLite(db.at.fileURI(writeSettings()), 1)
	if err != nil {
		return err
	}
	pool, err := g.DB()
	if err != nil {
		return err
	}
	return errors.Join(g.WithContext(ctx).Exec("VACUUM INTO ?", path).Error, pool.Close())
}
