package store

import (
	"context"
	"runtime"
	"slices"
	"sync"
	"time"
)

// bulkhead keeps a processor free for decisions: while they are asked for, fewer steps of other work than there are processors are under way
// at a time, the others wait in the order they came. Without decisions nothing waits. A step is some tens of milliseconds of work.
type bulkhead struct {
	clock func() time.Time

	mu      sync.Mutex
	asked   time.Time // when something for a decision began or ended last
	steps   int       // under way
	waiting []chan struct{}
}

// askedFor is how long after a decision the next one is expected.
const askedFor = time.Second

// decides notes that something is done for a decision.
func (b *bulkhead) decides() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.asked = b.clock()
}

// deciding reports whether decisions are asked for.
func (b *bulkhead) deciding() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.isAsked()
}

func (b *bulkhead) isAsked() bool { return b.clock().Sub(b.asked) < askedFor }

// enter waits until a step of other work may begin. It ends with leave, unless there is an error: then the caller stopped waiting.
func (b *bulkhead) enter(ctx context.Context) error {
	b.mu.Lock()
	if len(b.waiting) == 0 && b.hasRoom() {
		b.steps++
		b.mu.Unlock()
		return nil
	}
	turn := make(chan struct{})
	b.waiting = append(b.waiting, turn)
	b.mu.Unlock()
	select {
	case <-turn:
		return nil
	case <-ctx.Done():
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if at := slices.Index(b.waiting, turn); at >= 0 {
		b.waiting = slices.Delete(b.waiting, at, at+1)
		return context.Cause(ctx)
	}
	b.steps-- // it was let in at the same moment
	b.letIn()
	return context.Cause(ctx)
}

// isBusy reports whether other work is under way.
func (b *bulkhead) isBusy() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.steps > 0
}

func (b *bulkhead) hasRoom() bool {
	return !b.isAsked() || b.steps < max(1, runtime.GOMAXPROCS(0)-1)
}

// leave ends a step. Whoever waits is let in by one that ends: one that waits does so behind others that are under way.
func (b *bulkhead) leave() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.steps--
	b.letIn()
}

func (b *bulkhead) letIn() {
	for len(b.waiting) > 0 && b.hasRoom() {
		close(b.waiting[0])
		b.waiting = b.waiting[1:]
		b.steps++
	}
}
