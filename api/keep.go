package api

import (
	"context"
	"fmt"
	"hash/fnv"
	"maps"
	"slices"
	"sync"
)

// keep holds what takes long to make, each under a mark that is another one whenever it may be another.
type keep[T any] struct {
	mu   sync.Mutex
	kept map[string]marked[T]
}

type marked[T any] struct {
	mark  uint64
	value T
}

// of is what is kept of that mark, made anew where there is none.
func (k *keep[T]) of(name string, mark uint64, anew func() (T, error)) (T, error) {
	k.mu.Lock()
	kept, known := k.kept[name]
	k.mu.Unlock()
	if known && kept.mark == mark {
		return kept.value, nil
	}
	value, err := anew()
	if err != nil {
		return value, err
	}
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.kept == nil {
		k.kept = map[string]marked[T]{}
	}
	k.kept[name] = marked[T]{mark, value}
	return value, nil
}

// factsMark marks the facts of all services as they were derived last, with whatever else a value rests on.
func (s *Server) factsMark(ctx context.Context, more ...any) (uint64, error) {
	derived, err := s.o.Store.Derivations(ctx)
	sum := fnv.New64a()
	_, _ = fmt.Fprintln(sum, more...) // a hash takes everything
	for _, name := range slices.Sorted(maps.Keys(derived)) {
		_, _ = fmt.Fprintln(sum, name, derived[name])
	}
	return sum.Sum64(), err
}
