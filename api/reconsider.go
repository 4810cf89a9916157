package api

import (
	"context"
	"errors"
	"time"

	"shiphabit/metrics/gate"
)

// reconsider answers hosts that ask again and again about one promotion. What was let through stays so; a stop or a hold is judged anew
// each time, and logged when it has changed. While the database does not answer it goes by what was known and said last.
func (s *Server) reconsider(ctx context.Context, a ask) (l gate.Logged, err error) {
	began := s.o.Clock()
	err = s.within(ctx, func(ctx context.Context) (err error) {
		if err := s.logWaiting(ctx); err != nil {
			return err
		}
		l, err = s.reconsiderLogged(ctx, a)
		return err
	})
	if errors.Is(err, errLost) {
		l, err = s.reconsiderUnlogged(ctx, a)
	}
	if err == nil {
		s.standby.keepAnswer(l)
		s.exposition.Answered(s.o.Clock().Sub(began))
	}
	return l, err
}

func (s *Server) reconsiderLogged(ctx context.Context, a ask) (gate.Logged, error) {
	for range maxTries {
		earlier, err := s.earlier(ctx, a)
		if err != nil {
			return gate.Logged{}, err
		}
		if !s.fresh(earlier, a) || passed(earlier) {
			return s.decideLogged(ctx, a)
		}
		logged, _, err := s.judged(ctx, a)
		if err != nil {
			return gate.Logged{}, err
		}
		if logged.Verdict == earlier.Verdict {
			logged.ID = earlier.ID // the same verdict in today's words: nothing new for the log
			return logged, nil
		}
		err = s.o.Store.LogSuccessor(ctx, logged, earlier.ID)
		if err == nil {
			s.countDecision(logged)
			return logged, nil
		}
		if !s.is(err, Conflict) && !s.is(err, Moved) {
			return gate.Logged{}, err
		}
	}
	return gate.Logged{}, fail(Unavailable, "other requests for "+a.Service+" keep coming first; ask again")
}

func (s *Server) reconsiderUnlogged(ctx context.Context, a ask) (gate.Logged, error) {
	earlier := s.standby.answer(a)
	if !s.fresh(earlier, a) {
		return s.decideUnlogged(ctx, a)
	}
	if passed(earlier) {
		return earlier, nil
	}
	l, err := s.judgeRemembered(ctx, a)
	if err != nil {
		return gate.Logged{}, err
	}
	if l.Verdict == earlier.Verdict {
		l.ID = earlier.ID
		return l, nil
	}
	return s.awaitLog(l, earlier.ID)
}

// fresh reports whether an earlier decision is about the same question, and young enough.
func (s *Server) fresh(earlier gate.Logged, a ask) bool {
	return earlier.ID != "" && s.o.Clock().Before(earlier.At.Add(keyLife)) && earlier.BodyHash == a.hash
}

func passed(l gate.Logged) bool {
	_, passed := l.Promotion()
	return passed
}

// declaredWithin is how long a fix that was declared for a commit stands for it.
const declaredWithin = 24 * time.Hour

// recognised gives a promotion its kind where the host that asks cannot say it: what went live here before is a rollback, and an artifact for
// which 'gate check --kind fix' was let through lately is that fix. Both are held against the record again when it is judged.
func (s *Server) recognised(ctx context.Context, asked gate.Request) (gate.Request, error) {
	if asked.Change.Kind != gate.KindNormal {
		return asked, nil
	}
	back := asked
	back.Change.Kind = gate.KindRollback
	look, err := s.looked(ctx, back)
	if err != nil {
		return asked, err
	}
	if look.Kind == gate.KindRollback {
		return back, nil
	}
	fixes, err := s.declaredFixes(ctx, asked.Service)
	for _, fix := range fixes {
		if fix.Declares(asked) {
			asked.Change = fix.Request.Change
			break
		}
	}
	return asked, err
}

// declaredFixes are the fixes of a service that were let through lately: as the log has them, and this server knows more.
func (s *Server) declaredFixes(ctx context.Context, service string) ([]gate.Logged, error) {
	since := s.o.Clock().Add(-declaredWithin)
	var logged []gate.Logged
	err := s.within(ctx, func(ctx context.Context) (err error) {
		logged, err = s.o.Store.Fixes(ctx, service, since)
		return err
	})
	if err != nil && !errors.Is(err, errLost) {
		return nil, err
	}
	s.standby.keepFixes(logged...)
	return s.standby.fixesOf(service, since), nil
}
