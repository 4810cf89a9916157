package store

import (
	"context"
	"sync"
)

// flights let one goroutine of this process do a piece of work while others that want the same wait for it. It saves work and
// is not needed for correctness: other processes may do the same at the same time.
type flights struct {
	mu   sync.Mutex
	busy map[string]chan struct{}
}

// enter waits until nobody works on name, then claims it; leave must be called after.
func (f *flights) enter(ctx context.Context, name string) (leave func(), err error) {
	for {
		mine, theirs := f.claim(name)
		if theirs == nil {
			return func() { f.release(name, mine) }, nil
		}
		select {
		case <-theirs:
		case <-ctx.Done():
			return nil, ctx.Err()
		}
	}
}

func (f *flights) claim(name string) (mine, theirs chan struct{}) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if theirs, taken := f.busy[name]; taken {
		return nil, theirs
	}
	if f.busy == nil {
		f.busy = map[string]chan struct{}{}
	}
	mine = make(chan struct{})
	f.busy[name] = mine
	return mine, nil
}

func (f *flights) release(name string, mine chan struct{}) {
	f.mu.Lock()
	delete(f.busy, name)
	f.mu.Unlock()
	close(mine)
}
