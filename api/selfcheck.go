package api

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"shiphabit/metrics/gate"
)

// The gate holds its own wrong stops against what it promised, over two years, at most once an hour.
const (
	checkYears = 2
	checkEvery = time.Hour
	// checkAgain is when to try again after a check that could not be made.
	checkAgain = time.Minute
)

// selfCheck keeps the last check. Who comes while it is made anew goes by the one before.
type selfCheck struct {
	making sync.Mutex
	last   atomic.Pointer[keptCheck]
}

type keptCheck struct {
	until  time.Time
	broken []gate.PromiseCheck
}

// demoted are the criteria of a policy that broke their promise.
func (s *Server) demoted(ctx context.Context, p gate.Policy) ([]gate.Demotion, error) {
	var list []gate.Demotion
	for _, check := range s.brokenPromises(ctx) {
		if d, broken := check.Demotion(); broken && check.Concerns(p) {
			list = append(list, d)
		}
	}
	return list, ctx.Err()
}

// brokenPromises are those of the last check. One that cannot be made stops no decision: the one before stands.
func (s *Server) brokenPromises(ctx context.Context) []gate.PromiseCheck {
	now, last := s.o.Clock(), s.checks.last.Load()
	if last != nil {
		if now.Before(last.until) || !s.checks.making.TryLock() {
			return last.broken
		}
	} else {
		s.checks.making.Lock()
	}
	defer s.checks.making.Unlock()
	if last = s.checks.last.Load(); last != nil && now.Before(last.until) {
		return last.broken // made while this one waited
	}
	next := keptCheck{until: now.Add(checkEvery)}
	// A caller that gives up must not keep the check from ever being made.
	var checks []gate.PromiseCheck
	err := s.within(context.WithoutCancel(ctx), func(ctx context.Context) (err error) {
		checks, err = s.checkPromises(ctx, servicesStopped)
		return err
	})
	if err != nil {
		s.o.Logger.Error("the gate could not hold its wrong stops against its promises", slog.Any("error", err))
		next.until = now.Add(checkAgain)
		if last != nil {
			next.broken = last.broken
		}
	}
	for _, check := range checks {
		if check.Broken {
			next.broken = append(next.broken, check)
		}
	}
	s.checks.last.Store(&next)
	return next.broken
}

// whose says which services a check takes in.
type whose string

const (
	everyService whose = "every"
	// servicesStopped is quicker: the years of services that were never stopped can only acquit, so they are asked about when a promise
	// seems broken without them, and not before.
	servicesStopped whose = "stopped"
)

// checkPromises holds the wrong stops of two years against the promises.
func (s *Server) checkPromises(ctx context.Context, of whose) ([]gate.PromiseCheck, error) {
	now := s.o.Clock()
	ledger, err := s.ledger(ctx, now.AddDate(-checkYears, 0, 0), now)
	if err != nil {
		return nil, err
	}
	if of == servicesStopped {
		stopped := ledger.Stopped()
		if err := s.stand(ctx, &ledger, func(service string) bool { return stopped[service] }); err != nil {
			return nil, err
		}
		if checks := ledger.Promises(); !anyBroken(checks) {
			return checks, nil
		}
	}
	if err := s.stand(ctx, &ledger, func(string) bool { return true }); err != nil {
		return nil, err
	}
	return ledger.Promises(), nil
}

func anyBroken(checks []gate.PromiseCheck) bool {
	for _, c := range checks {
		if c.Broken {
			return true
		}
	}
	return false
}
