package store

import (
	"context"
	"errors"
	"fmt"
	"runtime/debug"
	"sync"
	"sync/atomic"
)

// together does at once what waits at the same time: a statement or a commit then serves many callers. Nobody waits for company: what comes
// while nothing is under way begins at once, and what comes meanwhile is done together after it.
type together[T any] struct {
	// lanes are how many such runs may be under way at a time.
	lanes int
	// most bounds how much is done in one run, so that nobody waits long for what has begun.
	most int
	// run does all of it, and leaves in each what came of it. Its error is that of all.
	run func(ctx context.Context, all []*T) error

	mu      sync.Mutex
	waiting []*shared[T]
	busy    int
}

// shared is one caller's part.
type shared[T any] struct {
	ctx  context.Context //nolint:containedctx // it tells that its caller has left
	part *T
	err  error
	done chan struct{}
}

// do returns when the part is done, with that of others or alone. It may be done all the same when its caller leaves before.
func (t *together[T]) do(ctx context.Context, part *T) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	mine := &shared[T]{ctx: ctx, part: part, done: make(chan struct{})}
	t.mu.Lock()
	t.waiting = append(t.waiting, mine)
	begins := t.busy < t.lanes
	if begins {
		t.busy++
	}
	t.mu.Unlock()
	if begins {
		go t.work()
	}
	select {
	case <-mine.done:
		return mine.err
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// work does what waits until nothing does.
func (t *together[T]) work() {
	for all := t.take(); len(all) > 0; all = t.take() {
		t.runAll(all)
	}
}

func (t *together[T]) take() []*shared[T] {
	t.mu.Lock()
	defer t.mu.Unlock()
	n := min(len(t.waiting), max(t.most, 1))
	taken := t.waiting[:n:n]
	t.waiting = t.waiting[n:]
	if n == 0 {
		t.waiting = nil
		t.busy--
	}
	return taken
}

// runAll runs what callers still wait for. It is broken off when all of them have left.
func (t *together[T]) runAll(all []*shared[T]) {
	ctx, cancel := context.WithCancel(context.WithoutCancel(all[0].ctx))
	defer cancel()
	var left atomic.Int64
	left.Store(int64(len(all)))
	parts := make([]*T, 0, len(all))
	for _, one := range all {
		if one.ctx.Err() == nil {
			parts = append(parts, one.part)
		}
		if one.ctx.Done() == nil {
			continue // it never leaves
		}
		stop := context.AfterFunc(one.ctx, func() {
			if left.Add(-1) == 0 {
				cancel()
			}
		})
		defer stop()
	}
	err := context.Canceled // of those who left before it began
	if len(parts) > 0 {
		err = t.try(ctx, parts)
	}
	for _, one := range all {
		if one.err = err; errors.Is(err, errPanicked) && len(parts) > 1 {
			one.err = t.try(ctx, []*T{one.part}) // what one of them set off must not be in the way of the others
		}
		close(one.done)
	}
}

var errPanicked = errors.New("a run that was shared panicked")

// try makes a panic an error, with the place that it came from.
func (t *together[T]) try(ctx context.Context, parts []*T) (err error) {
	defer func() {
		if trouble := recover(); trouble != nil {
			err = fmt.Errorf("%w: %v\n%s", errPanicked, trouble, debug.Stack())
		}
	}()
	return t.run(ctx, parts)
}
