package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/pressly/goose/v3"
	"gorm.io/driver/postgres"
	"gorm.io/gorm"
	"gorm.io/gorm/logger"
)

// dialect is where the two databases differ for the rest of the package.
type dialect struct {
	name  string
	goose goose.Dialect
	// snapshot are the options of a transaction that sees one unchanging state; SQLite's always do.
	snapshot *sql.TxOptions
	// rowsPerInsert: a prepared single row is fastest where the database runs in this process, many rows where it is a
	// network away.
	rowsPerInsert int
	// lock ends a SELECT whose rows nobody else may change before the transaction ends; SQLite's only writer needs none.
	lock string
	// size asks for the bytes that the database takes.
	size string
	// packsDecisions: a column of text takes any bytes, and those of a decision are packed before they go into the log. PostgreSQL packs by itself.
	packsDecisions bool
	// ownBytes: the driver gives each row bytes of its own, which need not be copied to be kept.
	ownBytes bool
}

var (
	sqliteDialect = dialect{name: "sqlite", goose: goose.DialectSQLite3, rowsPerInsert: 1, ownBytes: true, packsDecisions: true,
		size: "SELECT page_count * page_size FROM pragma_page_count(), pragma_page_size()"}
	postgresDialect = dialect{name: "postgres", goose: goose.DialectPostgres, rowsPerInsert: 256, lock: " FOR UPDATE",
		size:     "SELECT pg_database_size(current_database())",
		snapshot: &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true}}
)

// busyMilli is how long a writer waits for another process that is writing to the same file, in milliseconds.
const busyMilli = "20000"

// busyWait is the same for changes, which stop waiting when their caller does.
const busyWait = 20 * time.Second

// cacheSize of one SQLite connection, in KiB when negative: 32 MiB.
const cacheSize = "-32768"

// connect opens the connections.
func (db *DB) connect(ctx context.Context) error {
	var err error
	if db.at.postgres != "" {
		db.dialect = postgresDialect
		if db.write, err = openPostgres(db.at.postgres, 4*max(4, runtime.NumCPU())); err == nil {
			db.pulse, err = openPostgres(db.at.postgres, 1)
		}
		db.read = db.write
	} else {
		db.dialect = sqliteDialect
		err = untilUnlocked(ctx, db.connectSQLite)
	}
	if err == nil {
		err = db.reach(ctx)
	}
	if err != nil {
		return errors.Join(fmt.Errorf("opening the database: %w", err), db.Close())
	}
	return nil
}

// idleTime is how long a connection to PostgreSQL may wait for work.
const idleTime = 5 * time.Minute

// openPostgres lets the driver read the address; a wrong one is not repeated in the error with its password.
func openPostgres(dsn string, connections int) (*gorm.DB, error) {
	g, err := gorm.Open(postgresDialector{&postgres.Dialector{Config: &postgres.Config{DSN: dsn}}}, config())
	if err != nil {
		return nil, err
	}
	pool, err := g.DB()
	if err != nil {
		return nil, err
	}
	pool.SetMaxOpenConns(connections)
	// Connecting, and preparing statements anew, costs more than a decision: none is closed for being idle a moment.
	pool.SetMaxIdleConns(connections)
	pool.SetConnMaxIdleTime(idleTime)
	return g, nil
}

// lockedTries bounds how often a new database is opened again while another process brings it into the mode that lets readers and
// a writer work side by side: for that instant SQLite does not wait by itself.
const lockedTries = 200

func untilUnlocked(ctx context.Context, open func() error) error {
	err := open()
	for range lockedTries {
		if err == nil || !strings.Contains(err.Error(), "database is locked") {
			return err
		}
		select {
		case <-ctx.Done():
			return errors.Join(err, ctx.Err())
		case <-time.After(20 * time.Millisecond):
			err = open()
		}
	}
	return err
}

// connectSQLite opens one writing connection and a pool of reading ones over the same file.
func (db *DB) connectSQLite() error {
	if err := createFile(db.at.path); err != nil {
		return err
	}
	var err error
	if db.write, err = openSQLite(db.at.fileURI(writeSettings()), 1); err != nil {
		db.write = nil
		return err
	}
	if db.read, err = openSQLite(db.at.fileURI(readSettings()), max(4, runtime.NumCPU())); err != nil {
		db.read = nil
		return err
	}
	db.pulse, err = openSQLite(db.at.fileURI(pulseSettings()), 1)
	return err
}

// createFile makes an empty database that only its owner can read: it will hold what people decided, and hashes of tokens. A file that is
// there is not even opened: to close any descriptor of it would drop the locks by which SQLite in this process, where the database is open
// already, keeps other processes from deleting what it writes to.
func createFile(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600) // #nosec G304 -- the operator names the file
	switch {
	case err == nil:
		return f.Close()
	case errors.Is(err, fs.ErrExist):
		return nil
	case errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("folder %s does not exist: create it or name another file", filepath.Dir(path))
	}
	return err
}

func openSQLite(uri string, connections int) (*gorm.DB, error) {
	pool, err := sqlitePool(uri)
	if err != nil {
		return nil, err
	}
	pool.SetMaxOpenConns(connections)
	pool.SetMaxIdleConns(connections)
	g, err := gorm.Open(sqliteDialector(pool), config())
	if err != nil {
		return nil, errors.Join(err, pool.Close())
	}
	return g, nil
}

// config keeps gorm to the statements we ask for: no transaction of its own around each, duplicate keys as one known error.
func config() *gorm.Config {
	return &gorm.Config{Logger: logger.Discard, SkipDefaultTransaction: true, TranslateError: true, DisableAutomaticPing: true}
}
