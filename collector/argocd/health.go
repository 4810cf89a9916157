package argocd

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"shiphabit/collector"
	"shiphabit/metrics"
)

// health is the feed of all applications' health. Argo CD keeps the present state only; what was degraded when it was read last stands
// among the feed's open records until the application is healthy again.
func (s *source) health(all overview) collector.Feed {
	return collector.Feed{
		Name: "health", Title: "health of the applications",
		Read: func(_ context.Context, from collector.Position) (collector.Batch, error) {
			batch := collector.Batch{SetAside: all.unread}
			open := openIncidents(from.Open)
			for _, app := range all.apps {
				s.judge(&batch, app, open[app.key()])
				delete(open, app.key())
			}
			for _, key := range slices.Sorted(maps.Keys(open)) {
				began := open[key]
				batch.Closed = append(batch.Closed, incidentID(key, began))
				batch.SetAside = append(batch.SetAside, collector.SetAside{
					Record: "health of " + key, Reason: "the application is gone or no longer read; when it was healthy again is not known",
				})
			}
			return batch, nil
		},
	}
}

// openIncidents are the degraded applications, with when they became so.
func openIncidents(ids []string) map[string]time.Time {
	open := map[string]time.Time{}
	for _, id := range ids {
		if at := strings.LastIndexByte(id, '/'); at > 0 {
			if began, err := time.Parse(time.RFC3339, id[at+1:]); err == nil {
				open[id[:at]] = began
			}
		}
	}
	return open
}

func incidentID(key string, began time.Time) string {
	return key + "/" + began.UTC().Format(time.RFC3339)
}

// judge takes an application's health: degraded opens an incident, healthy ends it, and anything between (progressing, suspended)
// leaves it as it is.
func (s *source) judge(batch *collector.Batch, app application, began time.Time) {
	health := app.Status.Health
	if health.LastTransitionTime.After(batch.Newest) {
		batch.Newest = health.LastTransitionTime
	}
	switch {
	case health.Status == "Degraded" && began.IsZero():
		if health.LastTransitionTime.IsZero() {
			batch.SetAside = append(batch.SetAside, collector.SetAside{Record: "health of " + app.key(), Reason: "it is degraded, and this release of Argo CD does not say since when"})
			return
		}
		id := incidentID(app.key(), health.LastTransitionTime)
		batch.Open = append(batch.Open, id)
		s.take(batch, app, health.LastTransitionTime, time.Time{})
	case health.Status == "Healthy" && !began.IsZero():
		batch.Closed = append(batch.Closed, incidentID(app.key(), began))
		s.take(batch, app, began, latest(health.LastTransitionTime, began))
	}
}

// take takes what a reading shows. Readings are ordered by their own time: an application may be degraded by the same transition after it was
// held for healthy, when Argo CD states no new one.
func (s *source) take(batch *collector.Batch, app application, began, ended time.Time) {
	i := metrics.Incident{
		ID: incidentID(app.key(), began), StartedAt: began, DetectedAt: began, DetectedBy: "monitor", ResolvedAt: ended,
		Title: app.Metadata.Name + " is degraded", URL: s.page(app), Labels: []string{"argocd health"},
	}
	i.Service, i.Environment = s.place(app)
	e := metrics.NewEvent(s.Name, i)
	if e.UpdatedAt = s.Clock().UTC().Truncate(time.Millisecond); ended.IsZero() {
		e = collector.Clear(e, "resolved_at")
	} else {
		e.Sequence = 1
	}
	batch.Take("health of "+app.key(), e)
}
