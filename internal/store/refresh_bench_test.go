package store

import (
	"context"
	"os"
	"slices"
	"strconv"
	"testing"
	"time"

	madeup "shiphabit/internal/organisation"
	"shiphabit/metrics"
)

// benchDeployments is how many deployments the organisation of a benchmark has; SHIPHABIT_BENCH_DEPLOYMENTS says otherwise.
func benchDeployments(b *testing.B) int {
	b.Helper()
	text := os.Getenv("SHIPHABIT_BENCH_DEPLOYMENTS")
	if text == "" {
		return 20_000
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		b.Fatal(err)
	}
	return n
}

// benchOrganisation has services of the standard size: 200 deployments each on average.
func benchOrganisation(b *testing.B) *madeup.Organisation {
	b.Helper()
	n := benchDeployments(b)
	return madeup.New(madeup.Options{Deployments: n, Services: max(1, n/200), Seed: 1})
}

// load stores all that happened in an organisation.
func load(tb testing.TB, db *DB, made *madeup.Organisation) {
	tb.Helper()
	var page []metrics.Event
	for e := range made.Events() {
		if page = append(page, e); len(page) == 5*importPage {
			mustAppend(tb, db, page...)
			page = page[:0]
		}
	}
	mustAppend(tb, db, page...)
}

// BenchmarkRefresh derives a whole organisation from its stored events: from nothing, and after a change of the rules that
// leaves its facts as they are. The ratio is that of Split and Derive alone, on one processor and with the events in memory, to
// all of the refresh.
func BenchmarkRefresh(b *testing.B) {
	benchOnBoth(b, func(b *testing.B, d bench) {
		b.Helper()
		db := d.open()
		made := benchOrganisation(b)
		load(b, db, made)
		alone := timeOfDeriving(made)
		for _, c := range []struct{ name, reset string }{
			{"from nothing", "DELETE FROM rollouts; DELETE FROM facts; UPDATE services SET derived = -1, rules = ''"},
			{"rules changed", "UPDATE services SET rules = ''"},
		} {
			b.Run(c.name, func(b *testing.B) {
				var all time.Duration
				for b.Loop() {
					if err := db.write.Exec(c.reset).Error; err != nil {
						b.Fatal(err)
					}
					began := time.Now()
					if err := db.Refresh(context.Background()); err != nil {
						b.Fatal(err)
					}
					all += time.Since(began)
				}
				each := all.Seconds() / float64(b.N)
				b.ReportMetric(each*1e6/float64(benchDeployments(b)), "µs/deployment")
				b.ReportMetric(alone.Seconds()/each, "ratio")
				b.ReportMetric(0, "ns/op")
			})
		}
	})
}

func timeOfDeriving(made *madeup.Organisation) time.Duration {
	var all time.Duration
	for i := range made.Services() {
		events := slices.Collect(made.EventsOf(i))
		began := time.Now()
		for _, part := range metrics.Split(events, metrics.DefaultRules()) {
			metrics.Derive(part.Service, part.Events, metrics.DefaultRules())
		}
		all += time.Since(began)
	}
	return all
}

// BenchmarkStoreSize says how many bytes a deployment takes with all that belongs to it, events and facts.
func BenchmarkStoreSize(b *testing.B) {
	benchOnBoth(b, func(b *testing.B, d bench) {
		b.Helper()
		db := d.open()
		var size int64
		for b.Loop() {
			load(b, db, benchOrganisation(b))
			if err := db.Refresh(context.Background()); err != nil {
				b.Fatal(err)
			}
			var err error
			if size, err = db.Size(context.Background()); err != nil {
				b.Fatal(err)
			}
		}
		b.ReportMetric(float64(size)/float64(benchDeployments(b)), "B/deployment")
	})
}
