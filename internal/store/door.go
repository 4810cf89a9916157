package store

import (
	"context"
	"slices"
	"sync"
)

// door lets one change into SQLite at a time: first those that a decision waits for, then the others, each in the order they came. While
// events pour in or facts are derived a decision then waits for the one change that is under way and not for all that came before it.
type door struct {
	mu      sync.Mutex
	taken   bool
	urgent  []chan struct{}
	patient []chan struct{}
	row     int // urgent ones let in, one after the other, while others waited
}

// urgentInARow is how many urgent changes may go before one that has waited: they are short, and others must come in as well.
const urgentInARow = 8

type urgency struct{}

// urgent marks what is done under the context as what a decision waits for.
func urgent(ctx context.Context) context.Context { return context.WithValue(ctx, urgency{}, true) }

// enter waits for its turn. The door must be left after, unless there is an error: then the caller stopped waiting.
func (d *door) enter(ctx context.Context) error {
	queue := &d.patient
	if ctx.Value(urgency{}) != nil {
		queue = &d.urgent
	}
	d.mu.Lock()
	if !d.taken {
		d.taken = true
		d.mu.Unlock()
		return nil
	}
	turn := make(chan struct{})
	*queue = append(*queue, turn)
	d.mu.Unlock()
	select {
	case <-turn:
		return nil
	case <-ctx.Done():
	}
	d.mu.Lock()
	at := slices.Index(*queue, turn)
	if at >= 0 {
		*queue = slices.Delete(*queue, at, at+1)
	}
	d.mu.Unlock()
	if at < 0 { // it was let in at the same moment
		d.leave()
	}
	return context.Cause(ctx)
}

// leave lets the next one in.
func (d *door) leave() {
	d.mu.Lock()
	defer d.mu.Unlock()
	queue := &d.urgent
	switch {
	case len(d.urgent) == 0 && len(d.patient) == 0:
		d.taken, d.row = false, 0
		return
	case len(d.urgent) == 0 || len(d.patient) > 0 && d.row >= urgentInARow:
		queue, d.row = &d.patient, 0
	case len(d.patient) > 0:
		d.row++
	}
	close((*queue)[0])
	*queue = slices.Delete(*queue, 0, 1)
}
