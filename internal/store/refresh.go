package store

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"runtime"
	"sync"
	"time"

	"gorm.io/gorm"
)

// Refresh derives every service whose facts are out of date, so that the next reader need not wait for it. Killed, it has kept
// the services it was done with, and the next one goes on with the others; meanwhile each service's old facts stay stored.
func (db *DB) Refresh(ctx context.Context) error { return db.RefreshTelling(ctx, func(Progress) {}) }

// RefreshTelling is Refresh that tells how far it has come, from one goroutine at a time.
func (db *DB) RefreshTelling(ctx context.Context, tell func(Progress)) error {
	if done, err := db.refreshed(ctx); done || err != nil {
		return err
	}
	leave, err := db.flights.enter(ctx, "")
	if err != nil {
		return err
	}
	defer leave()
	stale, err := db.stale(ctx)
	if err != nil {
		return fmt.Errorf("looking for services to derive: %w", err)
	}
	r := &refresh{db: db, stale: stale, tell: tell, began: db.clock(), shown: db.clock()}
	r.done.Of = len(stale)
	if err := r.run(ctx); err != nil {
		return err
	}
	if err := db.addUp(ctx); err != nil {
		return err
	}
	return db.completeSet(ctx)
}

// refreshed reports that there is nothing to do. It is asked before every answer, and a few looks into indexes.
func (db *DB) refreshed(ctx context.Context) (bool, error) {
	if !db.tallies.complete.Load() {
		return false, nil
	}
	var open bool
	err := db.read.WithContext(ctx).Raw(`SELECT EXISTS (SELECT 1 FROM services WHERE touched <> derived)
		OR EXISTS (SELECT 1 FROM services WHERE rules < ?) OR EXISTS (SELECT 1 FROM services WHERE rules > ?)
		OR EXISTS (SELECT 1 FROM dirty_days WHERE set_id = ?)`, db.print, db.print, db.tallies.id.Load()).Scan(&open).Error
	if err != nil {
		return false, fmt.Errorf("looking for something to derive: %w", err)
	}
	return !open, nil
}

// Underived counts the services whose facts are out of date.
func (db *DB) Underived(ctx context.Context) (int, error) {
	var n int
	err := db.read.WithContext(ctx).Raw("SELECT count(*) FROM services WHERE touched <> derived OR rules <> ?", db.print).Scan(&n).Error
	if err != nil {
		return 0, fmt.Errorf("counting services to derive: %w", err)
	}
	return n, nil
}

// stale lists the services whose facts are out of date. Those of one repository stand together, so that its history is mostly
// read once for all of them.
func (db *DB) stale(ctx context.Context) ([]string, error) {
	var names []string
	err := db.look(ctx, func(tx *gorm.DB) error {
		return tx.Raw(`SELECT s.name FROM services s
			LEFT JOIN (SELECT service, min(repository) AS repository FROM service_repositories GROUP BY service) r ON r.service = s.name
			WHERE s.touched <> s.derived OR s.rules <> ? ORDER BY r.repository, s.name`, db.print).Scan(&names).Error
	})
	return names, err
}

// refresh is one Refresh under way: workers take batches of services, derive them and save them. One more worker than there are
// processors keeps these busy while another waits for its turn to write.
type refresh struct {
	db    *DB
	tell  func(Progress)
	began time.Time

	mu     sync.Mutex
	stale  []string // that nobody has taken yet
	events int      // of the services that are done
	done   Progress
	shown  time.Time // when progress was logged last
	err    error
}

func (r *refresh) run(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	var workers sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0)+1, len(r.stale)) {
		workers.Go(func() {
			for names := r.take(); len(names) > 0; names = r.take() {
				if err := r.step(ctx, names); err != nil {
					r.fail(err)
					cancel()
				}
			}
		})
	}
	workers.Wait()
	return r.err
}

// fail keeps the first error and leaves nothing more to take.
func (r *refresh) fail(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.err == nil {
		r.err = err
	}
	r.stale = nil
}

const (
	// eventsPerBatch is how many events one worker means to hold, about 1 kB each with all that is made of them. A service that
	// has more is derived by itself.
	eventsPerBatch = 30_000
	// servicesInFirstBatch is taken while nothing is known of how many events a service has, servicesPerBatch at most.
	servicesInFirstBatch = 8
	servicesPerBatch     = 100
	// servicesBesideDecisions keeps a step short while decisions are asked for.
	servicesBesideDecisions = 2
)

// take gives out services that have about as many events as a batch may hold, going by those done before.
func (r *refresh) take() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	n := servicesInFirstBatch
	if r.done.Services > 0 {
		n = min(max(1, eventsPerBatch*r.done.Services/max(1, r.events)), servicesPerBatch)
	}
	if r.db.bulkhead.deciding() {
		n = min(n, servicesBesideDecisions)
	}
	n = min(n, len(r.stale))
	names := r.stale[:n]
	r.stale = r.stale[n:]
	return names
}

func (r *refresh) step(ctx context.Context, names []string) error {
	if err := r.db.bulkhead.enter(ctx); err != nil {
		return err
	}
	defer r.db.bulkhead.leave()
	return r.derive(ctx, names)
}

// derive derives and saves some services, half of them at a time when they have too many events to hold at once.
func (r *refresh) derive(ctx context.Context, names []string) error {
	found, err := r.db.evaluate(ctx, names, 2*eventsPerBatch)
	if errors.Is(err, errTooMany) {
		half := len(names) / 2
		if err := r.derive(ctx, names[:half]); err != nil {
			return err
		}
		return r.derive(ctx, names[half:])
	}
	if err != nil {
		return err
	}
	if err := r.db.saveOutcomes(ctx, found.outcomes); err != nil {
		return fmt.Errorf("storing the facts of %d services: %w", len(names), err)
	}
	r.count(ctx, len(names), found)
	return nil
}

// logProgressEvery is how often a long refresh says how far it has come.
const logProgressEvery = 10 * time.Second

// count adds what is done and tells of it.
func (r *refresh) count(ctx context.Context, services int, found evaluation) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.events += found.events
	r.done.Services += services
	for _, o := range found.outcomes {
		r.done.Rollouts += len(o.facts.Rollouts)
	}
	now := r.db.clock()
	r.done.Elapsed = now.Sub(r.began)
	r.done.Remaining = r.done.Elapsed * time.Duration(r.done.Of-r.done.Services) / time.Duration(r.done.Services)
	r.tell(r.done)
	if now.Sub(r.shown) >= logProgressEvery {
		r.shown = now
		r.db.log.InfoContext(ctx, "deriving facts", slog.Int("services", r.done.Services), slog.Int("of", r.done.Of),
			slog.Int("rollouts", r.done.Rollouts), slog.Duration("remaining", r.done.Remaining.Round(time.Second)))
	}
}
