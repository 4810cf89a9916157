package api

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"shiphabit/assessments"
)

// sayings keeps the roll-ups of quarters that may be told of, nil where there is none: they do not change any more, and each page would
// otherwise read them whole, the results of all named teams included.
type sayings struct {
	mu   sync.Mutex
	kept map[string]*assessments.Rollup
}

// quartersBack is how far back the overview looks for what teams said.
const quartersBack = 4

// lastSaid is what teams said in the last quarter that may be told of, nil when there is none. It is the roll-up
// that is told everywhere.
func (s *Server) lastSaid(ctx context.Context) (*assessments.Rollup, error) {
	now := s.o.Clock().UTC()
	first := time.Date(now.Year(), now.Month(), 1, 0, 0, 0, 0, time.UTC)
	for back := 1; back <= quartersBack; back++ {
		at := first.AddDate(0, -3*back, 0)
		quarter := fmt.Sprintf("%d-Q%d", at.Year(), (int(at.Month())+2)/3)
		r, err := s.saidIn(ctx, quarter)
		if err != nil || r != nil && r.Shown {
			return r, err
		}
	}
	return nil, nil
}

// saidIn is what teams said in a quarter, nil while it may not be told.
func (s *Server) saidIn(ctx context.Context, quarter string) (*assessments.Rollup, error) {
	s.sayings.mu.Lock()
	kept, found := s.sayings.kept[quarter]
	s.sayings.mu.Unlock()
	if found {
		return kept, nil
	}
	all, err := s.o.Store.Rounds(ctx)
	if err != nil {
		return nil, err
	}
	var said *assessments.Rollup
	switch r, err := s.told(ctx, quarter, teamRounds(quarter, all)); {
	case errors.Is(err, assessments.ErrState):
		return nil, nil // it may not be told yet
	case errors.Is(err, assessments.ErrInvalid):
		s.o.Logger.WarnContext(ctx, "the overview is without what teams said: there is no roll-up", "quarter", quarter, "because", err)
	case err != nil: // it may be that it cannot be kept, and the figures can be shown all the same
		s.o.Logger.ErrorContext(ctx, "the overview is without what teams said", "quarter", quarter, "error", err)
		return nil, nil
	default:
		said = &r
	}
	s.sayings.mu.Lock()
	defer s.sayings.mu.Unlock()
	if s.sayings.kept == nil {
		s.sayings.kept = map[string]*assessments.Rollup{}
	}
	s.sayings.kept[quarter] = said
	return said, nil
}
