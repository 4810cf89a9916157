package store

import (
	"context"
	"log/slog"
	"maps"
	"sync"
)

// unsaved are facts that decisions derived and went by while others kept the database busy: they are stored when it is their turn. What is
// lost of them is derived again.
type unsaved struct {
	mu      sync.Mutex
	waiting map[string]outcome
	stop    context.CancelFunc // of the goroutine that stores them, nil when there is none
	stores  sync.WaitGroup
}

// mostUnsaved bounds the memory: the facts of a service take up to some megabytes.
const mostUnsaved = 32

// of is what was derived of a service when it had been touched so many times.
func (u *unsaved) of(service string, touched int64) (outcome, bool) {
	u.mu.Lock()
	defer u.mu.Unlock()
	o, found := u.waiting[service]
	return o, found && o.touched >= touched
}

// isFull tells that no more may wait.
func (u *unsaved) isFull() bool {
	u.mu.Lock()
	defer u.mu.Unlock()
	return len(u.waiting) >= mostUnsaved
}

// keep has an outcome stored.
func (db *DB) keep(ctx context.Context, service string, o outcome) {
	u := &db.unsaved
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.waiting == nil {
		u.waiting = map[string]outcome{}
	}
	u.waiting[service] = o
	if u.stop != nil {
		return
	}
	ctx, u.stop = context.WithCancel(context.WithoutCancel(ctx))
	u.stores.Go(func() { db.storeUnsaved(ctx) })
}

// storeUnsaved stores what waits until nothing does.
func (db *DB) storeUnsaved(ctx context.Context) {
	for all := db.unsaved.next(); len(all) > 0; all = db.unsaved.next() {
		err := db.bulkhead.enter(ctx)
		if err == nil {
			err = db.saveOutcomes(ctx, all)
			db.bulkhead.leave()
		}
		if err == nil {
			db.noteStored(all)
		} else if ctx.Err() == nil {
			db.log.WarnContext(ctx, "facts that decisions derived could not be stored; they are derived again", slog.Int("services", len(all)), slog.Any("error", err))
		}
		db.unsaved.remove(all)
	}
}

// noteStored notes that who goes by what is stored goes by this.
func (db *DB) noteStored(all map[string]outcome) {
	for service, o := range all {
		db.fresher.note(service, o.asked)
	}
}

// next is all that waits; without any the goroutine that asks has ended.
func (u *unsaved) next() map[string]outcome {
	u.mu.Lock()
	defer u.mu.Unlock()
	if len(u.waiting) == 0 && u.stop != nil {
		u.stop()
		u.stop = nil
	}
	return maps.Clone(u.waiting)
}

// remove takes out what was stored, unless more has been derived since.
func (u *unsaved) remove(stored map[string]outcome) {
	u.mu.Lock()
	defer u.mu.Unlock()
	for service, o := range stored {
		if u.waiting[service].touched == o.touched {
			delete(u.waiting, service)
		}
	}
}

// end stops storing, and waits until that has ended.
func (u *unsaved) end() {
	u.mu.Lock()
	clear(u.waiting)
	if u.stop != nil {
		u.stop()
	}
	u.mu.Unlock()
	u.stores.Wait()
}
