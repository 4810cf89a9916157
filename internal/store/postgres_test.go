package store

import (
	"os"
	"testing"

	"shiphabit/internal/storetest"
)

// server is the PostgreSQL that the tests share.
var server storetest.Postgres

func TestMain(m *testing.M) {
	if dsn := os.Getenv(importerDSN); dsn != "" {
		os.Exit(importer(dsn, os.Stdout))
	}
	os.Exit(server.Run(m.Run))
}

// newPostgres makes an empty database and returns its address.
func newPostgres(tb testing.TB) string {
	tb.Helper()
	return server.New(tb)
}
