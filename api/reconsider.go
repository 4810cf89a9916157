package api

import (
	"context"
	"strings"
	"time"

	"shiphabit/metrics/gate"
)

// reconsider answers hosts that ask again and again about one promotion. What was let through stays so; a stop or a hold is judged anew
// each time, and logged when it has changed.
func (s *Server) reconsider(ctx context.Context, a ask) (gate.Logged, error) {
	for range maxTries {
		earlier, err := s.earlier(ctx, a)
		if err != nil {
			return gate.Logged{}, err
		}
		fresh := earlier.ID != "" && s.o.Clock().Before(earlier.At.Add(keyLife)) && earlier.BodyHash == a.hash
		if !fresh || earlier.Verdict == gate.Allow || earlier.Verdict == gate.Warn {
			return s.decide(ctx, a)
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
			return logged, nil
		}
		if !s.is(err, Conflict) && !s.is(err, Moved) {
			return gate.Logged{}, err
		}
	}
	return gate.Logged{}, fail(Unavailable, "other requests for "+a.Service+" keep coming first; ask again")
}

// declaredWithin is how long a fix that was declared for a commit stands for it.
const declaredWithin = 24 * time.Hour

// recognised gives a promotion its kind where the host that asks cannot say it: what went live here before is a rollback, and a commit for
// which 'gate check --kind fix' was let through lately is that fix. Both are held against the record again when it is judged.
func (s *Server) recognised(ctx context.Context, asked gate.Request) (gate.Request, error) {
	if asked.Change.Kind != gate.KindNormal {
		return asked, nil
	}
	back := asked
	back.Change.Kind = gate.KindRollback
	policy, snapshot, _, err := s.snapshot(ctx, back, s.o.Clock())
	if err != nil {
		return asked, err
	}
	if gate.Decide(policy, withoutProbe(snapshot), back).Kind == gate.KindRollback {
		return back, nil
	}
	if asked.Commit == "" {
		return asked, nil
	}
	list, _, err := s.o.Store.Decisions(ctx, asked.Service, "", 50)
	if err != nil {
		return asked, err
	}
	for _, l := range list {
		same := strings.EqualFold(l.Request.Environment, asked.Environment) && l.Request.Commit == asked.Commit
		if same && l.Kind == gate.KindFix && len(l.Request.Change.Fixes) > 0 && s.o.Clock().Sub(l.At) < declaredWithin {
			asked.Change = l.Request.Change
			break
		}
	}
	return asked, nil
}
