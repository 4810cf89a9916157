package store

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"shiphabit/metrics"
)

// bench is a test with an empty database, by its address so that the test can open it more than once.
type bench struct {
	testing.TB
	dsn  string
	kind dialect
}

// onBoth runs a test on a database of each kind.
func onBoth(t *testing.T, test func(t bench)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		test(newSQLite(t))
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		test(bench{TB: t, dsn: newPostgres(t), kind: postgresDialect})
	})
}

func newSQLite(tb testing.TB) bench {
	tb.Helper()
	return bench{TB: tb, dsn: "sqlite:" + filepath.Join(tb.TempDir(), "shiphabit.db"), kind: sqliteDialect}
}

// open opens the database with the default rules and a clock that stands at noon.
func (b bench) open(change ...func(*Options)) *DB {
	b.Helper()
	o := Options{Rules: metrics.DefaultRules(), Clock: func() time.Time { return noon }}
	for _, c := range change {
		c(&o)
	}
	db, err := Open(context.Background(), b.dsn, o)
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := db.Close(); err != nil {
			b.Error(err)
		}
	})
	return db
}

// withServices declares services.
func withServices(services ...metrics.Service) func(*Options) {
	return func(o *Options) { o.Rules.Services = services }
}

var noon = time.Date(2026, time.March, 2, 12, 0, 0, 0, time.UTC)

// deployed is a successful production deployment that finished so many hours after noon.
func deployed(id, service, repository string, hours int) metrics.Event {
	at := noon.Add(time.Duration(hours) * time.Hour)
	return metrics.NewEvent("ci", metrics.Deployment{
		ID: id, Service: service, Repository: repository, Environment: "production", Status: metrics.Succeeded,
		Revision: "rev-" + id, CreatedAt: at.Add(-10 * time.Minute), StartedAt: at.Add(-5 * time.Minute), FinishedAt: at,
	})
}

// committed is a commit at so many hours after noon; a deployment with its number as id deploys it.
func committed(repository, id string, hours int, parents ...string) metrics.Event {
	at := noon.Add(time.Duration(hours) * time.Hour)
	return metrics.NewEvent("git", metrics.Commit{
		ID: id, Repository: repository, AuthoredAt: at, CommittedAt: at, Author: "p:k1", Message: "change " + id, Parents: parents,
	})
}

// history is a service of its own repository: n commits in a line, each deployed an hour after it.
func history(service string, n int) []metrics.Event {
	var events []metrics.Event
	for i := range n {
		id := fmt.Sprintf("%s-%d", service, i)
		var parents []string
		if i > 0 {
			parents = []string{fmt.Sprintf("rev-%s-%d", service, i-1)}
		}
		events = append(events, committed("org/"+service, "rev-"+id, 2*i, parents...), deployed(id, service, "org/"+service, 2*i+1))
	}
	return events
}

func mustAppend(tb testing.TB, db *DB, events ...metrics.Event) Appended {
	tb.Helper()
	done, err := db.Append(tb.Context(), events)
	if err != nil {
		tb.Fatal(err)
	}
	return done
}

func exported(tb testing.TB, db *DB) []metrics.Event {
	tb.Helper()
	var all []metrics.Event
	if err := db.Export(tb.Context(), func(e metrics.Event) error { all = append(all, e); return nil }); err != nil {
		tb.Fatal(err)
	}
	return all
}

func factsOf(tb testing.TB, db *DB, service string) metrics.Facts {
	tb.Helper()
	f, err := db.Facts(tb.Context(), service)
	if err != nil {
		tb.Fatal(err)
	}
	return f
}
