package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"shiphabit/metrics"
)

// benchOnBoth runs a benchmark on an empty database of each kind.
func benchOnBoth(b *testing.B, run func(b *testing.B, d bench)) {
	b.Helper()
	b.Run("sqlite", func(b *testing.B) { run(b, newSQLite(b)) })
	b.Run("postgres", func(b *testing.B) { run(b, bench{TB: b, dsn: newPostgres(b), kind: postgresDialect}) })
}

const benchEvents = 50_000

// BenchmarkAppend compares storing events with raw prepared upserts of the same rows into the same table, in transactions of
// the same size, in the same run. The two take turns, so that a slow minute of the machine meets both.
func BenchmarkAppend(b *testing.B) {
	benchOnBoth(b, func(b *testing.B, d bench) {
		b.Helper()
		var events []metrics.Event
		for i := range benchEvents {
			events = append(events, importEvent(i))
		}
		var ours, raw time.Duration
		for b.Loop() {
			ours += timeOf(d, events, appendPage)
			raw += timeOf(d, events, upsertRaw)
		}
		n := float64(b.N) * benchEvents
		b.ReportMetric(n/ours.Seconds(), "events/s")
		b.ReportMetric(n/raw.Seconds(), "raw/s")
		b.ReportMetric(raw.Seconds()/ours.Seconds(), "ratio")
		b.ReportMetric(0, "ns/op")
	})
}

// timeOf stores events in pages of 1,000 into the emptied database and sums up the time that store says it took.
func timeOf(b bench, events []metrics.Event, store func(db *DB, page []metrics.Event) (time.Duration, error)) time.Duration {
	b.Helper()
	db, err := Open(context.Background(), b.dsn, Options{Rules: metrics.DefaultRules()})
	if err != nil {
		b.Fatal(err)
	}
	for _, table := range []string{"events", "services", "service_repositories"} {
		if err := db.write.Exec("DELETE FROM " + table).Error; err != nil {
			b.Fatal(err)
		}
	}
	var all time.Duration
	for page := range slices.Chunk(events, importPage) {
		took, err := store(db, page)
		if err != nil {
			b.Fatal(err)
		}
		all += took
	}
	if err := db.Close(); err != nil {
		b.Fatal(err)
	}
	return all
}

func appendPage(db *DB, page []metrics.Event) (time.Duration, error) {
	began := time.Now()
	_, err := db.Append(context.Background(), page)
	return time.Since(began), err
}

// upsertRaw is what a program would write that only stores the rows: one prepared statement, one row at a time, in one
// transaction. The rows are given to it, they do not count.
func upsertRaw(db *DB, page []metrics.Event) (time.Duration, error) {
	rows, err := db.eventRows(page)
	if err != nil {
		return 0, err
	}
	pool, err := db.write.DB()
	if err != nil {
		return 0, err
	}
	upsert := insertEvents + db.dialect.placeholders(1, eventColumns) + orNothing
	began := time.Now()
	tx, err := pool.Begin()
	if err != nil {
		return 0, err
	}
	stmt, err := tx.Prepare(upsert)
	if err != nil {
		return 0, errors.Join(err, tx.Rollback())
	}
	defer func() { _ = stmt.Close() }()
	for i := range rows {
		if _, err := stmt.Exec(rows[i].values()...); err != nil {
			return 0, errors.Join(err, tx.Rollback())
		}
	}
	err = tx.Commit()
	return time.Since(began), err
}

// BenchmarkFacts reads the stored facts of a large service, and of a small one beside it: from the database, and again from
// memory.
func BenchmarkFacts(b *testing.B) {
	benchOnBoth(b, func(b *testing.B, d bench) {
		b.Helper()
		db := d.open()
		fillFacts(b, db, "large", 50_000, 5)
		fillFacts(b, db, "small", 40, 5)
		for _, name := range []string{"small", "large"} {
			b.Run(name, func(b *testing.B) {
				for b.Loop() {
					db.cache = factsCache{}
					if _, err := db.Facts(context.Background(), name); err != nil {
						b.Fatal(err)
					}
				}
			})
			b.Run(name+" for the gate", func(b *testing.B) {
				for b.Loop() {
					db.cache = factsCache{}
					if _, err := db.GateFacts(context.Background(), name); err != nil {
						b.Fatal(err)
					}
				}
			})
			b.Run(name+" again", func(b *testing.B) {
				for b.Loop() {
					if _, err := db.GateFacts(context.Background(), name); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	})
}

// fillFacts stores rollouts with changes as a derivation would, without deriving them.
func fillFacts(b *testing.B, db *DB, service string, rollouts, changes int) {
	b.Helper()
	f := metrics.Facts{Service: service}
	for i := range rollouts {
		at := noon.Add(time.Duration(i) * time.Minute)
		id := fmt.Sprintf("ci/%d", i)
		r := metrics.Rollout{
			ID: id, Service: service, Environment: "production", EnvironmentKind: metrics.Production, Repository: "org/" + service,
			Revision: fmt.Sprintf("%040x", i), Version: fmt.Sprint(i), URL: "https://ci.example.org/" + id, StartedAt: at.Add(-time.Minute),
			FinishedAt: at, SucceededAt: at, Kind: metrics.Planned, Attempts: []metrics.Attempt{{ID: id}}, KnownAt: at, Assumed: true,
		}
		for c := range changes {
			r.Changes = append(r.Changes, metrics.Change{SHA: fmt.Sprintf("%039x%d", i, c), AuthoredAt: at.Add(-time.Hour)})
		}
		f.Rollouts = append(f.Rollouts, r)
	}
	mustAppend(b, db, deployed(service, service, "", 1))
	var row serviceRow
	if err := db.read.Take(&row, "name = ?", service).Error; err != nil {
		b.Fatal(err)
	}
	o := outcome{touched: row.Touched, present: true, service: metrics.Service{Name: service}, facts: f}
	if err := db.saveOutcomes(context.Background(), map[string]outcome{service: o}); err != nil {
		b.Fatal(err)
	}
}
