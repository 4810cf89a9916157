package api

import (
	"context"
	"fmt"
	"sync"
	"time"

	"shiphabit/metrics"
	"shiphabit/metrics/gate"
	"shiphabit/reports"
)

// board keeps how each service stands, so that a page of thousands need not judge them all. A row is made anew when the service's facts
// were derived again, when a day has passed, or when the gate was asked too long ago: its answer hangs on the clock as well.
type board struct {
	mu   sync.Mutex
	rows map[string]boardRow
	busy bool // rows are being made in the background, or about to be

	// orders has room for the one that makes the board busy.
	orders chan boardOrder
}

// boardOrder is a work for the background: rows to be made as of a moment.
type boardOrder struct {
	moment  moment
	due     []metrics.Service
	derived map[string]int64
}

type boardRow struct {
	derived int64
	day     int // of the index
	at      time.Time
	row     reports.ServiceRow
}

// Up to boardAtOnce rows are made while a page waits, so that an organisation of that size sees how it stands at this moment; more are
// made in the background, and count until boardAge has passed.
const (
	boardAtOnce = 60
	boardAge    = 2 * time.Minute
)

// standings are rows for the services of a moment, in their order, of those that are ready; missing counts the others. Their age is that of
// the oldest.
func (s *Server) standings(ctx context.Context, m moment) (rows []reports.ServiceRow, missing int, oldest time.Time, err error) {
	derived, err := s.o.Store.Derivations(ctx)
	if err != nil {
		return nil, 0, time.Time{}, err
	}
	return s.standingsAfter(ctx, m, s.board.due(m, derived, s.o.Zone), derived)
}

// standingsAfter are standings once those that are due are made anew, or while they are where they are many.
func (s *Server) standingsAfter(ctx context.Context, m moment, due []metrics.Service, derived map[string]int64) (rows []reports.ServiceRow, missing int, oldest time.Time, err error) {
	if len(due) <= boardAtOnce {
		err = s.fillBoard(ctx, m, due, derived)
	} else {
		s.fillBehind(m, due, derived)
	}
	if err != nil {
		return nil, 0, time.Time{}, err
	}
	rows, missing, oldest = s.board.standing(m.services)
	return rows, missing, oldest, nil
}

// allStandings are rows for every service of a moment, however long they take to make: what is sent or printed is not asked for a second
// time, and nobody need run RunJudging for it.
func (s *Server) allStandings(ctx context.Context, m moment) ([]reports.ServiceRow, error) {
	derived, err := s.o.Store.Derivations(ctx)
	if err != nil {
		return nil, err
	}
	if err := s.fillBoard(ctx, m, s.board.due(m, derived, s.o.Zone), derived); err != nil {
		return nil, err
	}
	rows, missing, _ := s.board.standing(m.services)
	if missing > 0 {
		return nil, fail(Unavailable, fmt.Sprintf("%d of %d services are not judged yet; ask again", missing, len(m.services)))
	}
	return rows, nil
}

// standing are the rows kept of services, in their order; missing counts those without one.
func (b *board) standing(services []metrics.Service) (rows []reports.ServiceRow, missing int, oldest time.Time) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, service := range services {
		kept, known := b.rows[service.Name]
		if !known {
			missing++
			continue
		}
		if kept.row.Empty() {
			continue // declared, and never seen
		}
		if oldest.IsZero() || kept.at.Before(oldest) {
			oldest = kept.at
		}
		rows = append(rows, kept.row)
	}
	return rows, missing, oldest
}

// due are the services whose rows are to be made anew. In a small organisation that is every one, each time.
func (b *board) due(m moment, derived map[string]int64, zone *time.Location) []metrics.Service {
	if len(m.services) <= boardAtOnce {
		return m.services
	}
	return b.older(m, derived, zone, boardAge)
}

// older are the services without a row, or whose row is of other facts, of another day, or older than an age.
func (b *board) older(m moment, derived map[string]int64, zone *time.Location, age time.Duration) []metrics.Service {
	b.mu.Lock()
	defer b.mu.Unlock()
	today := metrics.DayNumber(m.now, zone)
	var due []metrics.Service
	for _, service := range m.services {
		kept, known := b.rows[service.Name]
		if !known || kept.derived != derived[service.Name] || kept.day != today || m.now.Sub(kept.at) > age {
			due = append(due, service)
		}
	}
	return due
}

// fillBehind leaves rows to RunJudging; one such work at a time.
func (s *Server) fillBehind(m moment, due []metrics.Service, derived map[string]int64) {
	s.board.mu.Lock()
	defer s.board.mu.Unlock()
	if s.board.busy {
		return
	}
	s.board.busy = true
	s.board.orders <- boardOrder{m, due, derived}
}

// RunJudging makes the rows that no page waited for, until the context ends; then nothing of it goes on. Run does so too: whoever serves
// pages or /metrics without Run must run this beside, or above boardAtOnce services they stay unjudged for good. Digests and reports do
// without it.
func (s *Server) RunJudging(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case o := <-s.board.orders:
			if err := s.fillBoard(ctx, o.moment, o.due, o.derived); err != nil && ctx.Err() == nil {
				s.o.Logger.WarnContext(ctx, "judging services for the pages", "error", err)
			}
			s.board.idle()
		}
	}
}

func (b *board) idle() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.busy = false
}

// Judging reports that rows are being made in the background, or wait to be.
func (s *Server) Judging() bool {
	s.board.mu.Lock()
	defer s.board.mu.Unlock()
	return s.board.busy
}

func (s *Server) fillBoard(ctx context.Context, m moment, due []metrics.Service, derived map[string]int64) error {
	for _, service := range due {
		row, err := s.standingRow(ctx, service, m.now)
		if err != nil {
			return err
		}
		s.board.mu.Lock()
		if s.board.rows == nil {
			s.board.rows = map[string]boardRow{}
		}
		s.board.rows[service.Name] = boardRow{derived: derived[service.Name], day: metrics.DayNumber(m.now, s.o.Zone), at: m.now, row: row}
		s.board.mu.Unlock()
	}
	return nil
}

// indexSpan holds the twelve weeks that the index looks back on, wherever their first day begins.
const indexSpan = (12*7 + 2) * 24 * time.Hour

// standingRow is how one service stands: its index, and what the gate would say.
func (s *Server) standingRow(ctx context.Context, service metrics.Service, now time.Time) (reports.ServiceRow, error) {
	row := reports.ServiceRow{Service: service}
	facts, err := s.o.Store.FactsFor(ctx, service.Name, metrics.Window{From: now.Add(-indexSpan), To: now.Add(time.Millisecond)})
	if s.is(err, NotFound) {
		return row, nil
	}
	if err != nil {
		return row, err
	}
	row.Index = metrics.HabitIndex(facts, now, s.o.Calendar(service.Name, service.Team))
	row.Index.NotComparable = service.Cadence
	service.Tier = gate.TierOf(service)
	row.Service = service
	stands, err := s.standingOf(ctx, service, string(metrics.Production))
	row.Gate = stands.row()
	return row, err
}
