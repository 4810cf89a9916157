package store

import (
	"context"
	"slices"
	"testing"
	"time"

	madeup "shiphabit/internal/organisation"
	"shiphabit/metrics"
)

// BenchmarkFigures answers for all services of an organisation, a year as one and day by day, and for a single service; and again
// with ten times the deployments. The ratio is what the tenfold costs.
func BenchmarkFigures(b *testing.B) {
	ctx := context.Background()
	n := benchDeployments(b)
	var dbs [2]*DB
	for i, size := range []int{n, 10 * n} {
		db, err := Open(ctx, newSQLite(b).dsn, Options{Rules: metrics.DefaultRules()})
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { _ = db.Close() })
		made := madeup.New(madeup.Options{Deployments: size, Services: max(1, n/200), Seed: 1})
		for s := range made.Services() {
			if err := db.KeepFacts(ctx, slices.Collect(made.EventsOf(s))); err != nil {
				b.Fatal(err)
			}
		}
		if err := db.Refresh(ctx); err != nil {
			b.Fatal(err)
		}
		dbs[i] = db
	}
	now := madeup.Standard().End
	end := now.AddDate(-1, 0, 0)
	q := metrics.Query{Window: metrics.Window{From: end.AddDate(-1, 0, 0), To: end}, AsOf: now}.Completed()
	days, err := metrics.Buckets(q.Window, q.AsOf, q.Zone, "day", time.Monday)
	if err != nil {
		b.Fatal(err)
	}
	one := []string{madeup.New(madeup.Options{Services: 1}).Services()[0].Name}
	for _, question := range []struct {
		name     string
		services []string
		windows  []metrics.Window
	}{
		{"organisation", nil, []metrics.Window{q.Window}}, {"organisation by day", nil, metrics.WindowsOf(days)}, {"service", one, []metrics.Window{q.Window}},
	} {
		b.Run(question.name, func(b *testing.B) {
			var took [2]time.Duration
			for b.Loop() {
				for i, db := range dbs {
					began := time.Now()
					tallies, err := db.Tallies(ctx, question.services, q, question.windows)
					if err != nil {
						b.Fatal(err)
					}
					for t := range tallies {
						of := q
						of.Window = question.windows[t]
						metrics.Measure(tallies[t], of)
					}
					took[i] += time.Since(began)
				}
			}
			b.ReportMetric(took[0].Seconds()*1e3/float64(b.N), "ms/answer")
			b.ReportMetric(took[1].Seconds()/took[0].Seconds(), "ratio")
			b.ReportMetric(0, "ns/op")
		})
	}
}
