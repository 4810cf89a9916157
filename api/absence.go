package api

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"time"

	"shiphabit/metrics/gate"
)

// absenceStore keeps when a server was there, and what clients decided when none was.
type absenceStore interface {
	Present(ctx context.Context, at time.Time, lost bool) error
	Gaps(ctx context.Context, from, to time.Time) (since time.Time, gaps []gate.Gap, err error)
	AddUnasked(ctx context.Context, u gate.Unasked, caller string) error
	Unasked(ctx context.Context, from, to time.Time) ([]gate.Unasked, error)
}

func (s *Server) absenceRoutes() []route {
	return []route{{
		method: http.MethodPost, path: "/api/v1/gate/unasked", scope: Gate, handle: s.addUnasked, request: gate.Unasked{}, response: gate.Unasked{}, jobs: true,
		summary: "A promotion about which a client decided by itself, because no server answered: it is counted on the scoreboard and judged by nothing. The same id again counts once",
	}}
}

func (s *Server) addUnasked(r request) (reply, error) {
	data, err := io.ReadAll(io.LimitReader(r.Body, maxAsk))
	if err != nil {
		return reply{}, unreadable(err)
	}
	var told gate.Unasked
	if err := decodeJSON(data, &told); err != nil {
		return reply{}, err
	}
	if err := told.Check(s.o.Clock()); err != nil {
		return reply{}, fail(Invalid, err.Error())
	}
	if err := s.admitTo(r, gate.Logged{Request: gate.Request{Service: told.Service, Environment: told.Environment}}); err != nil {
		return reply{}, err
	}
	if err := s.bind(r, told.Run); err != nil {
		return reply{}, err
	}
	return reply{JSON: told}, s.o.Store.AddUnasked(r.Context(), told, r.caller.Name)
}

// Present notes that this server is there. One that could not note it says so with the next one, so that a time without the database is told from
// one without a server.
func (s *Server) Present(ctx context.Context) {
	now := s.o.Clock()
	err := s.within(ctx, func(ctx context.Context) error { return s.o.Store.Present(ctx, now, s.standby.missed()) })
	s.standby.beat(now, err != nil)
	if err != nil && !errors.Is(err, errLost) && ctx.Err() == nil {
		s.o.Logger.Error("noting that this server is there", slog.Any("error", err))
	}
}

// beat remembers when this server noted last that it is there, and whether that could not be kept.
func (m *standby) beat(at time.Time, missed bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.beatAt, m.beatMissed = at, missed
}

func (m *standby) missed() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.beatMissed
}

// beatDue reports whether it is time to note it again.
func (m *standby) beatDue(now time.Time) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return now.Sub(m.beatAt) >= gate.BeatEvery || now.Before(m.beatAt)
}
