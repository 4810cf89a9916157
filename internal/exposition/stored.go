package exposition

import (
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// stored tells what a report says until there is another. Its series are made once a report and not once a scrape.
type stored struct {
	figures figures
	gate    standings
	sources sources
	readAt, readTook, services,
	underived, leftOut *prometheus.Desc

	mu     sync.Mutex
	at     time.Time
	series seriesList
}

func newStored(f *families) *stored {
	s := &stored{
		figures:  newFigures(f),
		gate:     newStandings(f),
		sources:  newSources(f),
		services: f.stored("shiphabit_services", "Services known."),
		underived: f.stored("shiphabit_services_underived",
			"Services with new records, or under new rules, whose figures are not made anew yet: the backlog of derivation."),
		readAt:   f.stored("shiphabit_exposition_read_timestamp_seconds", "When the stored figures were read from the database, in seconds since 1970."),
		readTook: f.stored("shiphabit_exposition_read_duration_seconds", "How long that reading took, in seconds; no scrape waits for it longer than a second."),
		leftOut: f.stored("shiphabit_exposition_left_out",
			"What has no series of its own because there is too much of it. what: teams or services without figures, stopped (services that the gate stops) or sources.", "what"),
	}
	return s
}

// Describe is part of prometheus.Collector. The families are told with their series, so that none is promised that a report does not have.
func (s *stored) Describe(chan<- *prometheus.Desc) {}

// Collect is part of prometheus.Collector.
func (s *stored) Collect(to chan<- prometheus.Metric) {
	s.mu.Lock()
	series := s.series // replaced as a whole, never changed
	s.mu.Unlock()
	for _, one := range series {
		to <- one
	}
}

func (s *stored) take(r Report) {
	var list seriesList
	list.add(s.readAt, unix(r.At))
	list.add(s.readTook, r.Took.Seconds())
	list.add(s.services, float64(r.Services))
	list.add(s.underived, float64(r.Underived))
	for what, n := range map[string]int{"teams": r.LeftOut.Teams, "services": r.LeftOut.Services, "stopped": r.LeftOut.Stopped, "sources": r.LeftOut.Sources} {
		list.add(s.leftOut, float64(n), what)
	}
	list.add(s.figures.window, r.Window.Seconds())
	for _, card := range r.Cards {
		s.figures.series(&list, card)
	}
	s.gate.series(&list, r.Gate)
	for _, source := range r.Sources {
		s.sources.series(&list, source)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if r.At.Before(s.at) {
		return // a server that took another's place has read since
	}
	s.at, s.series = r.At, list
}

func (s *stored) forget() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.at, s.series = time.Time{}, nil
}

func (s *stored) takenAt() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.at
}

func unix(t time.Time) float64 { return float64(t.UnixMilli()) / 1000 }
