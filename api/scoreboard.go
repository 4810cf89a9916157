package api

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"shiphabit/metrics"
	"shiphabit/metrics/gate"
)

// scoreStore reads what the scoreboard counts.
type scoreStore interface {
	Scores(ctx context.Context, from, to time.Time) ([]gate.Scored, error)
	DecisionsWith(ctx context.Context, service string, verdict gate.Result, cursor string, limit int) (list []gate.Logged, next string, err error)
}

// scoreDays is the scoreboard's window where none is asked for; longestScore bounds it.
const (
	scoreDays    = 90
	longestScore = 3660
)

func (s *Server) scoreRoutes() []route {
	return []route{{
		method: http.MethodGet, path: "/api/v1/gate/scoreboard", scope: Read, handle: s.scoreboardJSON, response: gate.Scoreboard{},
		summary: "How the gate itself did: stops and what became of them, delay, holds, overrides and how they turned out, claims that did not hold; and the wrong stops of two years against what was promised",
		query:   []parameter{{"days", "how many days back; 90 when left out"}},
	}}
}

func (s *Server) scoreboardJSON(r request) (reply, error) {
	days, err := daysOf(r.URL.Query().Get("days"), scoreDays, longestScore)
	if err != nil {
		return reply{}, err
	}
	now := s.o.Clock()
	board, err := s.scoreboard(r.Context(), now.AddDate(0, 0, -days), now)
	return reply{JSON: board}, err
}

func daysOf(word string, otherwise, most int) (int, error) {
	if word == "" {
		return otherwise, nil
	}
	days, err := strconv.Atoi(word)
	if err != nil || days < 1 || days > most {
		return 0, fail(Invalid, fmt.Sprintf("days %q is no number from 1 to %d", shorten(word), most))
	}
	return days, nil
}

// scoreboard counts the decisions of a window, and adds what two years tell of the promises.
func (s *Server) scoreboard(ctx context.Context, from, to time.Time) (gate.Scoreboard, error) {
	ledger, err := s.ledger(ctx, from, to)
	if err != nil {
		return gate.Scoreboard{}, err
	}
	if ledger.BeatsSince, ledger.Gaps, err = s.o.Store.Gaps(ctx, from, to); err != nil {
		return gate.Scoreboard{}, err
	}
	if ledger.Unasked, err = s.o.Store.Unasked(ctx, from, to); err != nil {
		return gate.Scoreboard{}, err
	}
	if err := s.stand(ctx, &ledger, func(string) bool { return true }); err != nil {
		return gate.Scoreboard{}, err
	}
	board := ledger.Scoreboard()
	if checks, err := s.checkPromises(ctx, everyService); err != nil {
		return board, err
	} else if checks != nil {
		board.Promises = checks
	}
	return board, nil
}

// ledger reads the decisions of a window and the overrides, without the services.
func (s *Server) ledger(ctx context.Context, from, to time.Time) (gate.Ledger, error) {
	l := gate.Ledger{From: from.UTC(), To: to.UTC(), Services: map[string]gate.Standing{}}
	var err error
	if l.Decisions, err = s.o.Store.Scores(ctx, from, to); err != nil {
		return l, err
	}
	l.Overrides, err = s.o.Store.Overrides(ctx, "")
	return l, err
}

// stand adds what is known of the services that were decided about and are wanted.
func (s *Server) stand(ctx context.Context, l *gate.Ledger, wanted func(service string) bool) error {
	declared := map[string]metrics.Service{}
	all, err := s.o.Store.Services(ctx)
	if err != nil {
		return err
	}
	for _, service := range all {
		declared[service.Name] = service
	}
	for _, d := range l.Decisions {
		service, known := declared[d.Service]
		if _, done := l.Services[d.Service]; done || !known || !wanted(d.Service) {
			continue
		}
		facts, err := s.o.Store.GateFacts(ctx, service.Name)
		if s.is(err, NotFound) {
			continue
		}
		if err != nil {
			return err
		}
		service.Tier = gate.TierOf(service)
		older, err := s.o.Store.Older(ctx, service.Name)
		if err != nil {
			return err
		}
		l.Services[service.Name] = gate.Standing{Facts: facts, Policy: s.o.Policy(service), Older: older}
	}
	return nil
}
