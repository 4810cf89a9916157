package store

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"shiphabit/metrics"
)

// database is a database under test, by its address, so that a test can open it more than once.
type database struct {
	dsn  string
	kind dialect
}

// onBoth runs a test on an empty database of each kind.
func onBoth(t *testing.T, test func(t *testing.T, d database)) {
	t.Helper()
	t.Parallel()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		test(t, newSQLite(t))
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		test(t, database{dsn: newPostgres(t), kind: postgresDialect})
	})
}

func newSQLite(t testing.TB) database {
	return database{dsn: "sqlite:" + filepath.Join(t.TempDir(), "shiphabit.db"), kind: sqliteDialect}
}

// open opens the database with the default rules and a clock that stands at noon.
func (d database) open(t testing.TB, change ...func(*Options)) *DB {
	t.Helper()
	o := Options{Rules: metrics.DefaultRules(), Clock: func() time.Time { return noon }}
	for _, c := range change {
		c(&o)
	}
	db, err := Open(context.Background(), d.dsn, o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
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
		ID: id, Repository: repository, AuthoredAt: at, CommittedAt: at, Author: "k1", Message: "change " + id, Parents: parents,
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

func mustAppend(t testing.TB, db *DB, events ...metrics.Event) Appended {
	t.Helper()
	done, err := db.Append(t.Context(), events)
	if err != nil {
		t.Fatal(err)
	}
	return done
}

func exported(t testing.TB, db *DB) []metrics.Event {
	t.Helper()
	var all []metrics.Event
	if err := db.Export(t.Context(), func(e metrics.Event) error { all = append(all, e); return nil }); err != nil {
		t.Fatal(err)
	}
	return all
}

func factsOf(t testing.TB, db *DB, service string) metrics.Facts {
	t.Helper()
	f, err := db.Facts(t.Context(), service)
	if err != nil {
		t.Fatal(err)
	}
	return f
}
