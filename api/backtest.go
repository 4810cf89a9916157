package api

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"time"

	"shiphabit/metrics"
	"shiphabit/metrics/gate"
	"shiphabit/reports"
)

// A backtest folds the whole record of a service anew for each of its promotions, so its work is their number times the record's length. A
// server does so much and no more, a second or two of one processor. The command line has no such bound.
const (
	backtestDays  = 365
	backtestWork  = 1_500_000
	backtestsBusy = 1
)

// busyWords are told to those who ask while somebody else's backtest runs: it must not take the processors from the gate's decisions.
const busyWords = "another backtest is running, and the gate's own decisions come first; ask again in a few seconds"

// backtestResponse is a backtest with what it is of: the numbers are those of the page and of 'shiphabit gate backtest'.
type backtestResponse struct {
	Service string    `json:"service,omitempty"` // "" for all
	From    time.Time `json:"from"`              // half-open
	To      time.Time `json:"to"`
	// Limits say what was not judged because it would have taken too long.
	Limits []string `json:"limits"`
	gate.Backtest
}

// backtested is a backtest with the promotions it judged, for the picture.
type backtested struct {
	backtestResponse
	days   int
	left   []string // services not judged for want of work
	limits []reports.Limit
	trials []gate.Trial // oldest first
}

func (s *Server) backtestRoutes() []route {
	return []route{{
		method: http.MethodGet, path: "/api/v1/gate/backtest", scope: Read, handle: s.backtestJSON, response: backtestResponse{},
		summary: "What the policies in force would have done to the promotions recorded, each judged by what was known when it began",
		query:   []parameter{{"service", "only this service; all when left out"}, {"days", "how many days back; 365 when left out"}},
	}}
}

func (s *Server) backtestJSON(r request) (reply, error) {
	b, err := s.backtest(r)
	return reply{JSON: b.backtestResponse}, err
}

// backtest judges what the query chooses, unless another one is under way.
func (s *Server) backtest(r request) (backtested, error) {
	q := r.URL.Query()
	days, err := daysOf(param1(q, "days"), backtestDays, longestScore)
	if err != nil {
		return backtested{}, err
	}
	now := s.o.Clock().UTC()
	b := backtested{days: days, backtestResponse: backtestResponse{Service: param1(q, "service"), From: now.AddDate(0, 0, -days), To: now, Limits: []string{}}}
	services, err := s.chosen(r.Context(), b.Service)
	if err != nil {
		return b, err
	}
	select {
	case s.backtests <- struct{}{}:
		defer func() { <-s.backtests }()
	default:
		return b, fail(Unavailable, busyWords)
	}
	err = s.judgeAll(r.Context(), &b, services)
	return b, err
}

// chosen is one service, or all of them where none is named.
func (s *Server) chosen(ctx context.Context, name string) ([]metrics.Service, error) {
	if name == "" {
		return s.o.Store.Services(ctx)
	}
	service, err := s.known(ctx, name)
	return []metrics.Service{service}, err
}

// judgeAll judges services one after the other while there is work left to spend, and says what was left out for want of it.
func (s *Server) judgeAll(ctx context.Context, b *backtested, services []metrics.Service) error {
	left := backtestWork
	b.Backtest = gate.NewBacktest()
	for _, service := range services {
		service.Tier = gate.TierOf(service)
		facts, err := s.gateFacts(ctx, service.Name)
		if err != nil {
			return err
		}
		older, err := s.o.Store.Older(ctx, service.Name)
		if err != nil {
			return err
		}
		policy := s.o.Policy(service)
		known := gate.Known{Facts: facts, Service: service, Older: older, Windows: s.o.Freezes}
		trials := gate.Trials(known, policy, b.To)
		from, cut := affordable(trials, metrics.Window{From: b.From, To: b.To}, len(facts.Rollouts), left)
		if cut && b.Service == "" {
			b.left = append(b.left, service.Name)
			continue
		}
		if cut {
			b.limited(fmt.Sprintf("%s was deployed so often that a page judges its promotions only since %s; 'shiphabit gate backtest --service … --days %d' judges them all.", service.Name, from.Format(time.DateOnly), b.days), "")
			b.From = from
		}
		one := gate.RunBacktest(policy, known, from, b.To, b.To)
		left -= one.Promotions * len(facts.Rollouts)
		b.Backtest.Add(one)
		for _, t := range trials {
			if !t.At.Before(from) {
				b.trials = append(b.trials, t)
			}
		}
		if err := ctx.Err(); err != nil {
			return err
		}
	}
	if n := len(b.left); n > 0 {
		b.limited(fmt.Sprintf("%d of %d services are not judged here, because it would take too long for a page: choose one, fewer days, or use 'shiphabit gate backtest'.", n, len(services)), listedNames(b.left))
	}
	return nil
}

// limited notes what was not judged, for the page and for programs.
func (b *backtested) limited(says, leftOut string) {
	b.limits = append(b.limits, reports.Limit{Says: says, LeftOut: leftOut})
	if leftOut != "" {
		says += " Left out: " + leftOut + "."
	}
	b.Limits = append(b.Limits, says)
}

// mostNamed is how many services left out are named, so that a note stays one.
const mostNamed = 50

// listedNames lists names, and counts those beyond what can be read.
func listedNames(names []string) string {
	if more := len(names) - mostNamed; more > 0 {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:mostNamed], ", "), more)
	}
	return strings.Join(names, ", ")
}

// affordable is since when a service's promotions can be judged with the work that is left; cut tells that it is not the whole window.
func affordable(trials []gate.Trial, w metrics.Window, record, left int) (from time.Time, cut bool) {
	most := left / max(record, 1)
	n := 0
	for i := len(trials) - 1; i >= 0 && !trials[i].At.Before(w.From); i-- {
		if n++; n > most {
			return trials[i].At.Add(time.Nanosecond), true
		}
	}
	return w.From, false
}
