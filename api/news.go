package api

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"sync"
	"time"

	"shiphabit/metrics/gate"
)

const (
	// longestWait is how long a question may be held open at most.
	longestWait = 30 * time.Second
	// listenEvery is how often an open question looks for news of its service, anewAfter how soon news may lead to another judgement: in a
	// storm of events each makes no more.
	listenEvery = time.Second
	anewAfter   = 5 * time.Second
	// mostListening bounds the questions that are held open; who comes beyond is answered at once.
	mostListening = 256
)

// newsStore tells whether something new is known of a service.
type newsStore interface {
	// Heard is a text that becomes another when something new is known of a service that its gate may go by.
	Heard(ctx context.Context, service string) (string, error)
}

// listeners are the questions that are held open, until the server stops.
type listeners struct {
	places chan struct{}
	ended  chan struct{}
	end    func() // once or more
}

// errHandedOver ends the wait of a question that another server is to answer.
var errHandedOver = errors.New("another server has taken this one's place")

func newListeners() listeners {
	ended := make(chan struct{})
	return listeners{make(chan struct{}, mostListening), ended, sync.OnceFunc(func() { close(ended) })}
}

// waitOf reads how long a question is to be held open.
func waitOf(word, key string) (time.Duration, error) {
	if word == "" {
		return 0, nil
	}
	seconds, err := strconv.Atoi(word)
	switch {
	case err != nil || seconds < 1 || seconds > int(longestWait/time.Second):
		return 0, fail(Invalid, fmt.Sprintf("wait %q is no number of seconds from 1 to %d", shorten(word), longestWait/time.Second))
	case key == "":
		return 0, fail(Invalid, "wait needs an Idempotency-Key: without one each question is a decision of its own, and none can be waited for")
	}
	return time.Duration(seconds) * time.Second, nil
}

// await is decide, but that a hold is answered only when the wait is over or something else is to be said. It tells how long it has waited. Its error
// is errHandedOver when another server is to go on.
func (s *Server) await(ctx context.Context, a ask, wait time.Duration) (l gate.Logged, waited time.Duration, err error) {
	l, err = s.decide(ctx, a)
	if wait == 0 || err != nil || l.Verdict != gate.Hold || l.Unlogged {
		return l, 0, err
	}
	select {
	case s.listeners.places <- struct{}{}:
		defer func() { <-s.listeners.places }()
	default:
		return l, 0, nil
	}
	began := s.o.Clock()
	next, err := s.listen(ctx, a, l, earlier(began.Add(wait), *l.AskAgainAfter))
	if errors.Is(err, errHandedOver) {
		return next, s.o.Clock().Sub(began), err
	}
	if err != nil && ctx.Err() == nil { // the hold stands, and is the answer
		s.o.Logger.WarnContext(ctx, "a question that was held open is answered before its time", slog.String("service", a.Service), slog.Any("error", err))
	}
	return next, s.o.Clock().Sub(began), nil
}

// listen judges a hold anew at first, since there may have been news before, and then whenever there are, until it is overtaken or the wait
// is over. Beside an error it returns the hold.
func (s *Server) listen(ctx context.Context, a ask, held gate.Logged, until time.Time) (gate.Logged, error) {
	var heard string
	var judgedAt time.Time
	for now := s.o.Clock(); now.Before(until); now = s.o.Clock() {
		if s.successor.Load() != nil { // by its configuration, not by this one's
			return held, errHandedOver
		}
		news, err := s.news(ctx, a.Service) // before the judgement: what arrives meanwhile is news
		if err != nil {
			return held, err
		}
		if news != heard && now.Sub(judgedAt) >= anewAfter {
			next, err := s.overtaken(ctx, a, held)
			if err != nil {
				return held, err
			}
			if next.ID != "" {
				return next, nil
			}
			judgedAt = now
			if !next.Behind() { // else what has arrived is still news
				heard = news
			}
		}
		select {
		case <-ctx.Done():
			return held, ctx.Err()
		case <-s.listeners.ended:
			if s.successor.Load() == nil {
				return held, nil
			}
		case <-s.o.After(listenEvery):
		}
	}
	return held, nil
}

func (s *Server) news(ctx context.Context, service string) (heard string, err error) {
	err = s.within(ctx, func(ctx context.Context) (err error) {
		heard, err = s.o.Store.Heard(ctx, service)
		return err
	})
	return heard, err
}

// overtaken is what succeeds a hold, where the verdict is another now or the hold ends sooner than it said. Where it still stands it is
// today's judgement, without an id and not logged.
func (s *Server) overtaken(ctx context.Context, a ask, held gate.Logged) (l gate.Logged, err error) {
	err = s.within(ctx, func(ctx context.Context) (err error) {
		l, err = s.overtakenLogged(ctx, a, held)
		return err
	})
	return l, err
}

func (s *Server) overtakenLogged(ctx context.Context, a ask, held gate.Logged) (gate.Logged, error) {
	for range maxTries {
		logged, overrides, err := s.judged(ctx, a)
		if err != nil {
			return gate.Logged{}, err
		}
		if logged.Verdict == gate.Hold && !logged.AskAgainAfter.Before(*held.AskAgainAfter) {
			logged.ID = ""
			return logged, nil
		}
		err = s.o.Store.LogSuccessor(ctx, logged, held.ID)
		if err == nil {
			s.settle(ctx, logged, overrides)
			return logged, nil
		}
		if !s.is(err, Conflict) && !s.is(err, Moved) {
			return gate.Logged{}, err
		}
		if latest, err := s.earlier(ctx, a); err != nil || latest.ID != held.ID { // another request of this key was faster
			return latest, err
		}
	}
	return gate.Logged{}, fail(Unavailable, "other requests for "+a.Service+" keep coming first")
}
