package store

import (
	"context"
	"errors"
	"sync"

	"gorm.io/gorm"
)

// mostTogether bounds how many changes share a transaction, so that nobody waits long for one that has begun.
const mostTogether = 64

// together lets changes that wait for the one writing connection of SQLite share a transaction: whoever comes first takes along all
// that have come meanwhile, and one commit serves them all. PostgreSQL does the same by itself, with many connections.
type together struct {
	mu    sync.Mutex
	queue []*shared
	busy  bool
}

// shared is a change that waits for others to be committed with.
type shared struct {
	do   func(tx *gorm.DB) error
	err  error
	lead chan struct{} // closed when it is its turn to commit what waits
	done chan struct{} // closed when it is committed, or refused
}

// changeTogether runs do in a writing transaction that it may share; what do has done is undone when it fails, and nothing else is.
func (db *DB) changeTogether(ctx context.Context, do func(tx *gorm.DB) error) error {
	if db.dialect.lock != "" {
		return db.change(ctx, func(tx *gorm.DB) error {
			if err := tx.Exec("SET LOCAL lock_timeout = " + lockMilli).Error; err != nil {
				return err
			}
			return do(tx)
		})
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	mine := &shared{do: do, lead: make(chan struct{}), done: make(chan struct{})}
	if db.together.join(mine) {
		close(mine.lead)
	}
	go func() {
		select {
		case <-mine.lead:
			db.lead(ctx)
		case <-mine.done:
		}
	}()
	select {
	case <-mine.done:
		return mine.err
	case <-ctx.Done(): // it may be committed all the same
		return context.Cause(ctx)
	}
}

// lead commits what waits and hands over, even when a change panics: nobody may wait for ever.
func (db *DB) lead(ctx context.Context) {
	defer db.together.pass()
	all := db.together.take()
	if len(all) > 1 {
		ctx = context.WithoutCancel(ctx) // the others' changes must not fail because this caller leaves
	}
	db.commit(ctx, all)
}

// join puts a change in the queue, and tells whether it has to commit the queue.
func (t *together) join(mine *shared) (leads bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.queue = append(t.queue, mine)
	leads, t.busy = !t.busy, true
	return leads
}

func (t *together) take() []*shared {
	t.mu.Lock()
	defer t.mu.Unlock()
	n := min(len(t.queue), mostTogether)
	taken := t.queue[:n:n]
	t.queue = t.queue[n:]
	return taken
}

// pass lets the next one commit what has come meanwhile.
func (t *together) pass() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.busy = len(t.queue) > 0; t.busy {
		close(t.queue[0].lead)
	}
}

// commit runs all changes in one transaction, each in a savepoint of its own where there are several.
func (db *DB) commit(ctx context.Context, all []*shared) {
	err := errors.New("a change that shared this commit panicked")
	defer func() {
		for _, one := range all {
			if one.err == nil {
				one.err = err
			}
			close(one.done)
		}
	}()
	err = db.change(ctx, func(tx *gorm.DB) error {
		if len(all) == 1 {
			all[0].err = all[0].do(tx)
			return all[0].err
		}
		for _, one := range all {
			one.err = tx.Transaction(one.do)
		}
		return nil
	})
}
