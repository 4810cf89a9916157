package api

import (
	"context"
	"fmt"
	"hash/fnv"
	"maps"
	"slices"
	"sync"

	"shiphabit/assessments"
)

// shelf keeps the results of rounds that are over, since their evidence takes reading months of records. One is made anew when the facts
// of any service were derived again: deployments of other teams belong to the evidence.
type shelf struct {
	mu      sync.Mutex
	results map[string]keptResult // by round
}

type keptResult struct {
	mark   uint64
	result assessments.Result
}

// resultKept is the result of a round as resultOf makes it.
func (s *Server) resultKept(ctx context.Context, round assessments.Round) (assessments.Result, error) {
	derived, err := s.o.Store.Derivations(ctx)
	if err != nil {
		return assessments.Result{}, err
	}
	sum := fnv.New64a()
	_, _ = fmt.Fprintln(sum, round.State, round.Respondents) // a hash takes everything
	for _, name := range slices.Sorted(maps.Keys(derived)) {
		_, _ = fmt.Fprintln(sum, name, derived[name])
	}
	mark := sum.Sum64()
	s.shelf.mu.Lock()
	kept, known := s.shelf.results[round.ID]
	s.shelf.mu.Unlock()
	if known && kept.mark == mark {
		return kept.result, nil
	}
	result, err := s.resultOf(ctx, round.ID)
	if err != nil {
		return result, err
	}
	s.shelf.mu.Lock()
	defer s.shelf.mu.Unlock()
	if s.shelf.results == nil {
		s.shelf.results = map[string]keptResult{}
	}
	s.shelf.results[round.ID] = keptResult{mark, result}
	return result, nil
}
