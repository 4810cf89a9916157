//go:build cgo

package store

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"net/url"

	"github.com/mattn/go-sqlite3"
	"gorm.io/driver/sqlite"
	"gorm.io/gorm"
)

// SQLiteDriver names the driver of SQLite for database/sql: the C library, the faster of the two.
const SQLiteDriver = "sqlite3"

// inC is gorm's dialector for SQLite with outages marked. It embeds the type, not gorm's interface, which has no savepoints.
type inC struct{ *sqlite.Dialector }

func sqliteDialector(pool *sql.DB) gorm.Dialector {
	return inC{&sqlite.Dialector{DriverName: SQLiteDriver, Conn: pool}}
}

// Translate gives a duplicate key gorm's error, and marks outages.
func (d inC) Translate(err error) error { return outage(d.Dialector.Translate(err)) }

// sqliteCode is the result code of an error of the driver.
func sqliteCode(err error) (code int, ok bool) {
	var e sqlite3.Error
	ok = errors.As(err, &e)
	return int(e.Code), ok
}

// connector opens each connection of a pool, also one that takes the place of another, with the settings that the driver does not read from
// the URI.
type connector struct {
	driver *sqlite3.SQLiteDriver
	uri    string
}

func (c connector) Connect(context.Context) (driver.Conn, error) { return c.driver.Open(c.uri) }

func (c connector) Driver() driver.Driver { return c.driver }

func sqlitePool(uri string) (*sql.DB, error) {
	return sql.OpenDB(connector{uri: uri, driver: &sqlite3.SQLiteDriver{ConnectHook: func(opened *sqlite3.SQLiteConn) error {
		_, err := opened.Exec("PRAGMA wal_autocheckpoint = "+checkpointPages, nil)
		return err
	}}}), nil
}

// writeSettings of the one writing connection: every transaction takes the write lock at its start, so that none fails half
// way, and a commit is on the disk when it returns.
func writeSettings() url.Values {
	return url.Values{
		"_txlock": {"immediate"}, "_journal_mode": {"WAL"}, "_busy_timeout": {busyMilli}, "_foreign_keys": {"on"},
		"_synchronous": {"FULL"}, "_cache_size": {cacheSize},
	}
}

// pulseSettings of the connection that finds out whether one can write.
func pulseSettings() url.Values {
	return url.Values{"_txlock": {"immediate"}, "_busy_timeout": {pulseMilli}, "_synchronous": {"FULL"}}
}

func readSettings() url.Values {
	return url.Values{"_busy_timeout": {busyMilli}, "_query_only": {"on"}, "_cache_size": {cacheSize}}
}
