package reports

import (
	"time"

	"shiphabit/metrics"
)

// leastDrawn is the shortest span a picture over time shows: of a record of hours single marks would lie days apart, and the axis of
// time, whose marks are midnights, would have none.
const leastDrawn = 3 * 24 * time.Hour

// sinceRecord is the part of a window in which there is a record: before it a picture would be empty. It begins with the day of the first
// record, in the zone of the window, and is no shorter than leastDrawn where the window has room for that.
func sinceRecord(w metrics.Window, began time.Time) metrics.Window {
	if began.IsZero() || !began.After(w.From) {
		return w
	}
	if latest := w.To.Add(-leastDrawn); began.After(latest) {
		began = latest
	}
	day := began.In(w.From.Location())
	from := time.Date(day.Year(), day.Month(), day.Day(), 0, 0, 0, 0, day.Location())
	if from.After(w.From) {
		w.From = from
	}
	return w
}

// RecordBegan is when the record of a service in production begins, zero where there is none. What Facts.Since names may be much earlier:
// changes are often known from long before the first deployment that anybody recorded.
func RecordBegan(f metrics.Facts) time.Time {
	var first time.Time
	take := func(at time.Time) {
		if !at.IsZero() && (first.IsZero() || at.Before(first)) {
			first = at
		}
	}
	for _, r := range f.Rollouts {
		if r.EnvironmentKind == metrics.Production {
			take(r.FinishedAt)
		}
	}
	for _, l := range f.Incidents {
		if l.EnvironmentKind == metrics.Production {
			take(l.StartedAt)
		}
	}
	return first
}
