package store

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
	"time"

	"gorm.io/gorm"

	"shiphabit/metrics"
)

// part says which of a service's facts a reader needs.
type part struct {
	from, to    int64 // rollouts that finished in [from, to), milliseconds
	withChanges bool
	withLeftOut bool
	tallied     bool                    // the rollouts are to be tallied …
	kind        metrics.EnvironmentKind // … of this kind: with others before them where what they count depends on those
	stale       bool                    // facts that are out of date will do
}

var (
	whole   = part{from: math.MinInt64, to: math.MaxInt64, withChanges: true, withLeftOut: true}
	forGate = part{from: math.MinInt64, to: math.MaxInt64}
)

// Facts returns what the events stored so far amount to for one service. Facts that are out of date are derived first.
// ErrNotFound when nothing declares the service and no event belongs to it.
func (db *DB) Facts(ctx context.Context, service string) (metrics.Facts, error) {
	return db.facts(ctx, service, whole)
}

// GateFacts are the facts without what the gate does not read: the changes of each rollout and the records left out.
func (db *DB) GateFacts(ctx context.Context, service string) (metrics.Facts, error) {
	return db.facts(ctx, service, forGate)
}

// FactsFor are the facts with only those rollouts that finished in the window; incidents are all there.
func (db *DB) FactsFor(ctx context.Context, service string, window metrics.Window) (metrics.Facts, error) {
	p := whole
	p.from, p.to = ceilMilli(window.From), ceilMilli(window.To)
	return db.facts(ctx, service, p)
}

// tallied says what is to be tallied: a window of one kind of environment, or for no kind the records left out.
type tallied struct {
	window metrics.Window
	kind   metrics.EnvironmentKind
	asIs   bool // as they are stored, if out of date
}

// factsToTally are the facts from which that can be tallied.
func (db *DB) factsToTally(ctx context.Context, service string, of tallied) (metrics.Facts, error) {
	p := whole
	p.from, p.to = ceilMilli(of.window.From), ceilMilli(of.window.To)
	p.tallied, p.kind = true, of.kind
	if p.withLeftOut = of.kind == ""; p.withLeftOut {
		p.to = p.from
	}
	if of.asIs {
		p.stale = true
		f, _, err := db.stored(ctx, service, p)
		return f, err
	}
	return db.facts(ctx, service, p)
}

// ceilMilli keeps a bound between two milliseconds exact for times stored in whole ones.
func ceilMilli(t time.Time) int64 { return toMilli(t.Add(time.Millisecond - time.Nanosecond)) }

func (db *DB) facts(ctx context.Context, service string, p part) (metrics.Facts, error) {
	f, fresh, err := db.stored(ctx, service, p)
	if err != nil || fresh {
		return f, err
	}
	leave, err := db.flights.enter(ctx, service)
	if err != nil {
		return metrics.Facts{}, err
	}
	defer leave()
	if f, fresh, err = db.stored(ctx, service, p); err != nil || fresh {
		return f, err
	}
	found, err := db.derive(ctx, []string{service})
	if err != nil {
		return metrics.Facts{}, err
	}
	o := found[service]
	if !o.present && !db.declares(service) {
		return metrics.Facts{}, unknownService(service)
	}
	return p.of(o.facts), nil
}

func unknownService(name string) error { return fmt.Errorf("service %q: %w", name, ErrNotFound) }

// of cuts freshly derived facts to the part.
func (p part) of(f metrics.Facts) metrics.Facts {
	if p.tallied && f.SeveralEnvironments(p.kind) {
		return f
	}
	f.Rollouts = slices.DeleteFunc(slices.Clone(f.Rollouts), func(r metrics.Rollout) bool {
		at := toMilli(r.FinishedAt)
		return at < p.from || at >= p.to
	})
	if !p.withChanges {
		for i := range f.Rollouts {
			f.Rollouts[i].Changes = nil
		}
	}
	if !p.withLeftOut {
		f.LeftOut = nil
	}
	return f
}

// stored reads facts as they are in the database and tells whether they are up to date; if not, it reads no more.
func (db *DB) stored(ctx context.Context, service string, p part) (f metrics.Facts, fresh bool, err error) {
	err = db.look(ctx, func(tx *gorm.DB) error {
		var row serviceRow
		if err := tx.Take(&row, "name = ?", service).Error; errors.Is(err, gorm.ErrRecordNotFound) {
			return unknownService(service)
		} else if err != nil {
			return err
		}
		if fresh = p.stale || db.fresh(row); !fresh {
			return nil
		}
		if !row.Present && !row.Declared {
			return unknownService(service)
		}
		f, err = db.readOne(tx, row, p)
		return err
	})
	if err != nil && !errors.Is(err, ErrNotFound) {
		err = fmt.Errorf("reading the facts of %s: %w", service, err)
	}
	return f, fresh, err
}

// readOne reads the fresh facts of one service, from memory where they were read before.
func (db *DB) readOne(tx *gorm.DB, row serviceRow, p part) (metrics.Facts, error) {
	key, cacheable := p.keyOf(row.Name)
	if cacheable = cacheable && db.ours(row); cacheable {
		if f, kept := db.cache.get(key, row.Derived); kept {
			return f, nil
		}
	}
	f, err := readFacts(tx, row.Name, p)
	if cacheable && err == nil && key.worth(f) {
		db.cache.put(key, row.Derived, f, key.weigh(f))
	}
	return f, err
}

// AllFacts returns the facts of every service, by name, each as it was at a moment after the call began.
func (db *DB) AllFacts(ctx context.Context) ([]metrics.Facts, error) {
	if err := db.Refresh(ctx); err != nil {
		return nil, err
	}
	var all []metrics.Facts
	err := db.look(ctx, func(tx *gorm.DB) error {
		var rows []serviceRow
		err := tx.Where("present OR declared").Order("name").Find(&rows).Error
		if err == nil {
			all, err = db.readAll(tx, rows)
		}
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("reading the facts of all services: %w", err)
	}
	return all, nil
}

// readAll reads the facts of many services: from memory when all of them are there, else in one pass over the database.
func (db *DB) readAll(tx *gorm.DB, rows []serviceRow) ([]metrics.Facts, error) {
	all, names := make([]metrics.Facts, len(rows)), make([]string, len(rows))
	kept := 0
	for i, row := range rows {
		names[i] = row.Name
		var found bool
		if all[i], found = db.cache.get(factsKey{service: row.Name}, row.Derived); found && db.ours(row) {
			kept++
		}
	}
	if kept == len(rows) {
		return all, nil
	}
	all, err := readAllFacts(tx, names)
	if err != nil {
		return nil, err
	}
	for i, row := range rows {
		if key := (factsKey{service: row.Name}); db.ours(row) {
			db.cache.put(key, row.Derived, all[i], key.weigh(all[i]))
		}
	}
	return all, nil
}

// Unmatched lists the records that belong to no service, with what is known of why. It reads everything but the code, so it
// is for looking into a gap and not for every page.
func (db *DB) Unmatched(ctx context.Context) ([]metrics.LeftOut, error) {
	var events []metrics.Event
	err := db.look(ctx, func(tx *gorm.DB) error {
		err := eachEvent(tx.Raw(selectEvents+"FROM events e WHERE e.repository = ''"), func(e metrics.Event) error {
			events = append(events, e)
			return nil
		})
		if err != nil {
			return err
		}
		return fillCorrections(tx, events)
	})
	if err != nil {
		return nil, fmt.Errorf("reading events: %w", err)
	}
	for _, part := range metrics.Split(events, db.rules) {
		if part.Service.Name == "" {
			return metrics.DeriveAll(part.Events, db.rules)[0].LeftOut, nil
		}
	}
	return nil, nil
}
