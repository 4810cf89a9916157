package api

import (
	"context"
	"fmt"
	"sync"
	"time"

	"shiphabit/assessments"
)

// sayings keeps what teams said in quarters that may be told of: it does not change any more.
type sayings struct {
	mu   sync.Mutex
	kept map[string]*assessments.Rollup
}

// quartersBack is how far back the overview looks for what teams said.
const quartersBack = 4

// lastSaid is what teams said in the last quarter that may be told of, nil when there is none. It is without evidence: the answers alone.
func (s *Server) lastSaid(ctx context.Context) (*assessments.Rollup, error) {
	now := s.o.Clock().UTC()
	first := time.Date(now.Year(), now.Month(), 1, 0, 0, 0, 0, time.UTC)
	for back := 1; back <= quartersBack; back++ {
		at := first.AddDate(0, -3*back, 0)
		quarter := fmt.Sprintf("%d-Q%d", at.Year(), (int(at.Month())+2)/3)
		r, err := s.saidIn(ctx, quarter, now)
		if err != nil || r != nil && r.Shown {
			return r, err
		}
	}
	return nil, nil
}

// saidIn is what teams said in a quarter, nil while it may not be told.
func (s *Server) saidIn(ctx context.Context, quarter string, now time.Time) (*assessments.Rollup, error) {
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
	var list []assessments.TeamCounts
	for _, round := range assessments.LastOfQuarter(quarter, all) {
		counts, err := s.o.Store.Counts(ctx, round.ID)
		if err != nil {
			return nil, err
		}
		list = append(list, assessments.TeamCounts{Round: round, Counts: counts})
	}
	r, err := assessments.RollUp(quarter, list, now)
	if err != nil {
		return nil, nil //nolint:nilerr // it may not be told yet, or its rounds asked different questions: each result stands for itself
	}
	s.sayings.mu.Lock()
	defer s.sayings.mu.Unlock()
	if s.sayings.kept == nil {
		s.sayings.kept = map[string]*assessments.Rollup{}
	}
	s.sayings.kept[quarter] = &r
	return &r, nil
}
