package jobs_test

import (
	"context"
	"os"
	"os/signal"
	"syscall"
	"testing"

	"shiphabit/internal/storetest"
)

// server is the PostgreSQL that the tests share.
var server storetest.Postgres

func TestMain(m *testing.M) {
	if os.Getenv(replicaDSN) != "" {
		ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
		defer stop()
		os.Exit(replica(ctx))
	}
	os.Exit(server.Run(m.Run))
}
