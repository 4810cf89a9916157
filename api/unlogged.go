package api

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"sync"
	"time"

	"shiphabit/metrics/gate"
)

// logEvery is how often a server tries to log the decisions that wait, and looks for tokens that were revoked.
const logEvery = 2 * time.Second

// logTries is how often a decision that waited is offered to a database that is there again and does not take it: connections that
// broke are found out one by one.
const logTries = 50

// late is a decision that waits for the log, and the one under the same key that it succeeds, "" for none.
type late struct {
	gate.Logged
	previous string
}

// decideUnlogged decides by what was known last. It grants no probe and uses no override, since neither could be counted. The
// decision is marked, and waits for the log.
func (s *Server) decideUnlogged(ctx context.Context, a ask) (gate.Logged, error) {
	earlier := s.standby.earlier(a)
	if stands, err := s.stands(ctx, earlier, a); stands || err != nil {
		return earlier, err
	}
	l, err := s.judgeRemembered(ctx, a)
	if err != nil {
		return gate.Logged{}, err
	}
	return s.awaitLog(l, earlier.ID)
}

// awaitLog lets a decision wait, and counts it unless another one stands in its place.
func (s *Server) awaitLog(l gate.Logged, previous string) (gate.Logged, error) {
	waits, err := s.standby.await(l, previous)
	if err == nil && waits.ID == l.ID {
		s.countDecision(l)
	}
	return waits, err
}

// judgeRemembered makes a decision from what was known last.
func (s *Server) judgeRemembered(ctx context.Context, a ask) (gate.Logged, error) {
	now := s.o.Clock()
	known, err := s.remembered(a.Request, now)
	if err != nil {
		return gate.Logged{}, err
	}
	_, snapshot := s.take(a.Request, known, now)
	l, err := s.judge(ctx, a, withoutProbe(snapshot), now)
	l.Unlogged = true
	return l, err
}

// earlier is the latest decision under the ask's key among those that wait; it has no id when there is none.
func (m *standby) earlier(a ask) gate.Logged {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.underKey(a.caller, a.key)
}

func (m *standby) underKey(caller, key string) gate.Logged {
	for i := len(m.waiting) - 1; i >= 0 && key != ""; i-- {
		if l := m.waiting[i].Logged; l.Key == key && l.Caller == caller {
			return l
		}
	}
	return gate.Logged{}
}

// await lets a decision wait for the log, and remembers what it let through. Of several under one key at a time the first is the
// answer. When too many wait none is made: one that is never logged would be a hole that nobody sees.
func (m *standby) await(l gate.Logged, previous string) (gate.Logged, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if first := m.underKey(l.Caller, l.Key); first.ID != "" && first.BodyHash == l.BodyHash && !first.At.Before(l.At) {
		return first, nil
	}
	room := keptDecisions
	if l.Kind != gate.KindNormal { // those that the record bears out pass, however much else was asked
		room += keptClaims
	}
	if len(m.waiting) >= room {
		return l, &Error{Kind: Unavailable, Detail: "the database does not answer, and no more decisions can wait for it", Cause: errLost}
	}
	m.waiting = append(m.waiting, late{l, previous})
	if p, passed := l.Promotion(); passed {
		m.promoted(l.Request.Service, p)
	}
	return l, nil
}

// promoted adds to what is remembered of a service, for the next one that asks.
func (m *standby) promoted(service string, p gate.Promotion) {
	element, found := m.services[service]
	if !found {
		return
	}
	promotions := element.state.known.Promotions // others may be reading these
	element.state.known.Promotions = append(promotions[:len(promotions):len(promotions)], p)
}

// Run logs the decisions that were made while the database did not answer, as soon as it does again, keeps in mind which tokens were
// revoked, notes every minute that this server is there, and judges services for the pages, until the context ends. Then scrapes read the
// database no more, and questions that are held open are answered.
func (s *Server) Run(ctx context.Context) error {
	defer s.endReading()
	defer context.AfterFunc(ctx, s.listeners.end)()
	var judging sync.WaitGroup
	defer judging.Wait()
	judging.Go(func() { s.RunJudging(ctx) })
	ticker := time.NewTicker(logEvery)
	defer ticker.Stop()
	s.Present(ctx)
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
		}
		s.ForgetRevoked(ctx)
		if s.standby.beatDue(s.o.Clock()) {
			s.Present(ctx)
		}
		if !s.standby.waits() && !s.standby.isLost() {
			continue
		}
		err := s.within(ctx, s.recover)
		if err != nil && !errors.Is(err, errLost) && ctx.Err() == nil {
			s.o.Logger.Error("logging decisions that waited", slog.Any("error", err))
		}
	}
}

// recover logs what waits. Where nobody asks for a decision it finds out whether the database can do again what one needs.
func (s *Server) recover(ctx context.Context) error {
	if name := s.standby.latest(); name != "" && s.standby.isLost() {
		if _, _, err := s.knownOf(ctx, gate.Request{Service: name}, s.o.Clock()); err != nil {
			return err
		}
	}
	return s.logWaiting(ctx)
}

// logWaiting logs what waits, oldest first. One that the database will not take is told in our own log and waits no longer, for it
// would keep all others from being logged.
func (s *Server) logWaiting(ctx context.Context) error {
	if !s.standby.waits() {
		return nil
	}
	s.standby.logging.Lock()
	defer s.standby.logging.Unlock()
	if s.standby.lost(s.o.Clock()) {
		return errLost // whoever had the turn before has found out
	}
	for l, waits := s.standby.next(); waits; l, waits = s.standby.next() {
		var err error
		for range logTries {
			if err = s.logLate(ctx, l); err == nil {
				break
			}
			if ctx.Err() != nil || s.gone(ctx, err) {
				return err
			}
		}
		if err != nil {
			s.o.Logger.Error("a decision that waited cannot be logged", slog.String("decision", l.ID), slog.String("service", l.Request.Service),
				slog.String("environment", l.Request.Environment), slog.String("verdict", string(l.Verdict)), slog.Any("error", err))
		}
		s.standby.logged()
	}
	return s.keepReports(ctx)
}

// keepReports keeps the report tokens that waited with their decisions. One that cannot be kept is told in our own log: its job reports
// by its own token.
func (s *Server) keepReports(ctx context.Context) error {
	for r, waits := s.standby.nextReport(); waits; r, waits = s.standby.nextReport() {
		if err := s.o.Store.AddReportToken(ctx, r.hash, r.decision, r.until); err != nil {
			if ctx.Err() != nil || s.gone(ctx, err) {
				return err
			}
			s.o.Logger.Error("a report token that waited cannot be kept", slog.String("decision", r.decision), slog.Any("error", err))
		}
		s.standby.reportKept()
	}
	return nil
}

// logLate logs one. Where another server has logged a decision under the same key meanwhile, it is logged without the key; where it
// was logged itself and only the answer was lost, it is there.
func (s *Server) logLate(ctx context.Context, l late) error {
	err := s.o.Store.LogSuccessor(ctx, l.Logged, l.previous)
	if err == nil || !s.is(err, Conflict) {
		return err
	}
	if _, err := s.o.Store.Decision(ctx, l.ID); err == nil || !s.is(err, NotFound) {
		return err
	}
	l.Key = ""
	return s.o.Store.LogDecision(ctx, l.Logged)
}

func (m *standby) next() (l late, waits bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.waiting) == 0 {
		return l, false
	}
	return m.waiting[0], true
}

// logged takes the first of those that wait away.
func (m *standby) logged() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.waiting = slices.Delete(m.waiting, 0, 1)
}
