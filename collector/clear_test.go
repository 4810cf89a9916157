package collector_test

import (
	"testing"
	"time"

	"shiphabit/collector"
	"shiphabit/metrics"
)

func TestAClearedFieldTakesBackWhatWasSaidBefore(t *testing.T) {
	t.Parallel()
	began := time.Date(2026, 2, 1, 9, 0, 0, 0, time.UTC)
	record := metrics.Incident{ID: "1", Service: "shop", StartedAt: began, Title: "a < b", ResolvedAt: began.Add(time.Hour)}
	resolved := metrics.NewEvent("host", record)
	resolved.UpdatedAt = began.Add(time.Hour)
	record.ResolvedAt = time.Time{}
	again := collector.Clear(metrics.NewEvent("host", record), "resolved_at")
	again.UpdatedAt = began.Add(2 * time.Hour)
	if faults := metrics.Check(again); len(faults) > 0 {
		t.Fatalf("it breaks the rules: %v", faults)
	}
	i, err := metrics.Merge([]metrics.Event{resolved, again}).Incident()
	if err != nil || !i.ResolvedAt.IsZero() || i.Title != "a < b" {
		t.Errorf("it reads %+v (%v)", i, err)
	}
}
