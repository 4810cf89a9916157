package api

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"shiphabit/internal/exposition"
)

// exposedStore reads what is exposed beside the figures.
type exposedStore interface {
	// Underived counts the services whose facts are out of date.
	Underived(ctx context.Context) (int, error)
}

// Exposed says which teams and services have figures of their own on /metrics. Nil means all of them, while they are not too many.
type Exposed struct{ Teams, Services []string }

const (
	// readFor is how long what was read of the database is told before it is read anew: more scrapes, or more scrapers, cost nothing.
	readFor = 5 * time.Second
	// readWait is how long a scrape waits for what is being read before it tells what was read before.
	readWait = time.Second
	// readLongest bounds one reading of the database; readLife is how long it is told when no newer one succeeds.
	readLongest = 2 * time.Minute
	readLife    = 5 * time.Minute
)

// scrapes is what is shared by the scrapes of one server.
type scrapes struct {
	mu      sync.Mutex
	tried   time.Time     // when the last reading began
	reading chan struct{} // closed at the end of the one under way
	cancel  func()        // breaks it off
	ended   bool          // no other begins
	pinged  time.Time
	up      bool
}

func (s *Server) exposedRoutes() []route {
	return []route{{
		method: http.MethodGet, path: "/metrics", scope: Read, handle: s.exposed,
		summary: "Figures, gate, sources and the program's own state for Prometheus, as text or OpenMetrics (docs/integrations/prometheus-scrape.md)",
	}}
}

// exposed answers a scrape from what was read of the database lately. Where that is to be read anew it waits for it a moment, and without the
// database it tells what it knows of itself.
func (s *Server) exposed(r request) (reply, error) {
	now := s.o.Clock()
	up := s.databaseUp(r.Context(), now)
	if up {
		s.awaitReading(r.Context(), now)
	}
	if now.Sub(s.exposition.TakenAt()) > readLife {
		s.exposition.Forget()
	}
	status, header, body := s.exposition.Page(r.Request, exposition.Now{DatabaseUp: up, Standby: s.standby.isLost(), Unlogged: s.standby.unlogged()})
	kind := header.Get("Content-Type")
	header.Del("Content-Type")
	header.Set("Cache-Control", "no-store")
	return reply{Status: status, Header: header, Body: body, Type: kind}, nil
}

// databaseUp asks the database whether it is there, once in a while. What a scrape finds moves nobody to decide without it.
func (s *Server) databaseUp(ctx context.Context, now time.Time) bool {
	s.scrapes.mu.Lock()
	known, up := now.Sub(s.scrapes.pinged) < readFor && !s.scrapes.pinged.IsZero(), s.scrapes.up
	s.scrapes.mu.Unlock()
	if known {
		return up
	}
	ctx, cancel := context.WithTimeout(ctx, pingPatience)
	defer cancel()
	up = s.o.Store.Ping(ctx) == nil
	s.scrapes.mu.Lock()
	defer s.scrapes.mu.Unlock()
	s.scrapes.pinged, s.scrapes.up = now, up
	return up
}

// awaitReading has the database read where that is due, and waits for it a moment.
func (s *Server) awaitReading(ctx context.Context, now time.Time) {
	reading := s.startReading(ctx, now)
	if reading == nil {
		return
	}
	timer := time.NewTimer(readWait)
	defer timer.Stop()
	select {
	case <-reading:
	case <-timer.C:
	case <-ctx.Done():
	}
}

// startReading begins a reading unless one is under way or not due. It returns what is closed at its end, nil when there is nothing to wait for.
func (s *Server) startReading(ctx context.Context, now time.Time) <-chan struct{} {
	s.scrapes.mu.Lock()
	defer s.scrapes.mu.Unlock()
	if s.scrapes.reading != nil {
		return s.scrapes.reading
	}
	if s.scrapes.ended || !s.scrapes.tried.IsZero() && now.Sub(s.scrapes.tried) < readFor {
		return nil
	}
	reading := make(chan struct{})
	// A scraper that gives up must not keep the figures from ever being read.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), readLongest)
	s.scrapes.tried, s.scrapes.reading, s.scrapes.cancel = now, reading, cancel
	go func() {
		defer close(reading)
		defer cancel()
		s.readExposed(ctx, now)
		s.scrapes.mu.Lock()
		defer s.scrapes.mu.Unlock()
		s.scrapes.reading = nil
	}()
	return reading
}

// endReading breaks off what is being read, waits for its end, and lets nothing more be read.
func (s *Server) endReading() {
	s.scrapes.mu.Lock()
	s.scrapes.ended = true
	reading, cancel := s.scrapes.reading, s.scrapes.cancel
	s.scrapes.mu.Unlock()
	if reading != nil {
		cancel()
		<-reading
	}
}

func (s *Server) readExposed(ctx context.Context, now time.Time) {
	report, err := s.exposedReport(ctx, now)
	if errors.Is(ctx.Err(), context.Canceled) {
		return // with the server
	}
	s.exposition.Read(err)
	if err == nil {
		report.Took = s.o.Clock().Sub(now)
		s.exposition.Take(report)
		return
	}
	s.o.Logger.Error("reading the figures for a scrape", slog.Any("error", err))
}

// Collected counts what a collector brought.
func (s *Server) Collected(events, setAside int) {
	s.exposition.Received(exposition.ViaCollector, events, setAside)
}
