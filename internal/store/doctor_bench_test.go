package store

import (
	"fmt"
	"testing"
	"time"

	"shiphabit/metrics"
	"shiphabit/metrics/doctor"
)

// BenchmarkDoctor is a diagnosis of 5,000 services that have six deployments each and no commits.
func BenchmarkDoctor(b *testing.B) {
	db := newSQLite(b).open()
	var events []metrics.Event
	for i := range 5000 {
		events = append(events, line(6, fmt.Sprintf("s%04d", i), "production")...)
	}
	mustAppend(b, db, events...)
	if err := db.Refresh(b.Context()); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		records, err := db.Records(b.Context(), "")
		if err != nil {
			b.Fatal(err)
		}
		began := time.Now()
		d := doctor.Diagnose(records, doctor.Question{
			Now: noon, Window: metrics.Window{From: noon.AddDate(0, 0, -90), To: noon}, Recognises: metrics.DefaultRules().Recognises,
		})
		if groups := d.Groups(20); len(groups) == 0 || len(records.Services) != 5000 {
			b.Fatal("nothing was found")
		}
		b.ReportMetric(float64(time.Since(began).Microseconds()), "µs-diagnosing")
	}
}

// BenchmarkKindOf asks 5,000 services what an environment is for that all of them deploy to.
func BenchmarkKindOf(b *testing.B) {
	db := newSQLite(b).open()
	mustAppend(b, db, many(5000)...)
	if err := db.Refresh(b.Context()); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := db.KindOf(b.Context(), "production"); err != nil {
			b.Fatal(err)
		}
	}
}
