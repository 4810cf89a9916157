//go:build cgo

package store

import (
	"database/sql"
	"net/url"

	"gorm.io/driver/sqlite"
	"gorm.io/gorm"
)

// sqliteDriver is the C library, the faster of the two.
const sqliteDriver = "sqlite3"

func sqliteDialector(pool *sql.DB) gorm.Dialector {
	return sqlite.New(sqlite.Config{DriverName: sqliteDriver, Conn: pool})
}

// writeSettings of the one writing connection: every transaction takes the write lock at its start, so that none fails half
// way, and a commit is on the disk when it returns.
func writeSettings() url.Values {
	return url.Values{
		"_txlock": {"immediate"}, "_journal_mode": {"WAL"}, "_busy_timeout": {busyMilli}, "_foreign_keys": {"on"},
		"_synchronous": {"FULL"}, "_cache_size": {cacheSize},
	}
}

func readSettings() url.Values {
	return url.Values{"_busy_timeout": {busyMilli}, "_query_only": {"on"}, "_cache_size": {cacheSize}}
}
