//go:build !cgo

package store

import (
	"database/sql"
	"errors"
	"net/url"

	"gorm.io/driver/sqlite"
	"gorm.io/gorm"
	moderncsqlite "modernc.org/sqlite"
)

// SQLiteDriver names the driver of SQLite for database/sql: the translation of the C library to Go, for builds without a C compiler.
const SQLiteDriver = "sqlite"

// pureGo is gorm's dialector for SQLite with the error codes of the driver in Go. It embeds the type, not gorm's interface, which
// has no savepoints.
type pureGo struct{ *sqlite.Dialector }

func sqliteDialector(pool *sql.DB) gorm.Dialector {
	return pureGo{&sqlite.Dialector{DriverName: SQLiteDriver, Conn: pool}}
}

// Extended result codes of SQLite, https://www.sqlite.org/rescode.html.
const (
	constraintPrimaryKey = 1555
	constraintUnique     = 2067
)

// Translate gives a duplicate key the same error that the other driver's gives, and marks outages.
func (pureGo) Translate(err error) error {
	var e *moderncsqlite.Error
	if errors.As(err, &e) && (e.Code() == constraintPrimaryKey || e.Code() == constraintUnique) {
		return gorm.ErrDuplicatedKey
	}
	return outage(err)
}

// sqliteCode is the result code of an error of the driver.
func sqliteCode(err error) (code int, ok bool) {
	var e *moderncsqlite.Error
	if ok = errors.As(err, &e); ok {
		code = e.Code()
	}
	return code, ok
}

// sqlitePool opens a pool; the settings of its connections all stand in the URI.
func sqlitePool(uri string) (*sql.DB, error) { return sql.Open(SQLiteDriver, uri) }

// autocheckpoint holds for every connection, since each may be the one whose commit makes the log too long.
const autocheckpoint = "wal_autocheckpoint(" + checkpointPages + ")"

// writeSettings of the one writing connection: every transaction takes the write lock at its start, so that none fails half
// way, and a commit is on the disk when it returns.
func writeSettings() url.Values {
	return url.Values{"_txlock": {"immediate"}, "_pragma": {
		"busy_timeout(" + busyMilli + ")", "journal_mode(WAL)", "foreign_keys(1)", "synchronous(FULL)", "cache_size(" + cacheSize + ")",
		autocheckpoint,
	}}
}

// pulseSettings of the connection that finds out whether one can write.
func pulseSettings() url.Values {
	return url.Values{"_txlock": {"immediate"}, "_pragma": {"busy_timeout(" + pulseMilli + ")", "synchronous(FULL)", autocheckpoint}}
}

func readSettings() url.Values {
	return url.Values{"_pragma": {"busy_timeout(" + busyMilli + ")", "query_only(1)", "cache_size(" + cacheSize + ")"}}
}
