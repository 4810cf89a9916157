package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"time"

	"gorm.io/gorm"

	"shiphabit/metrics"
	"shiphabit/metrics/gate"
)

// GateInputs are what a decision about a service may know, as it was at one moment after the call began.
type GateInputs struct {
	gate.Known
	Overrides []gate.Override
}

const (
	// turnPatience is how long a decision waits for its turn to derive facts that events have just put out of date.
	turnPatience = 50 * time.Millisecond
	// factsSource is the name under which the age of facts stands among the sources, where events came faster than they could be
	// derived: the rule about late sources then judges it.
	factsSource = "the gate's facts"
	// keptFresh bounds for how many services it is remembered when their facts were up to date.
	keptFresh = 50_000
)

// GateInputs reads what a decision about a service may know; since is how far back promotions matter to it. A service that nobody has
// seen has no facts. Facts that are out of date are derived first; while more of that is asked for than this machine has processors, a
// decision goes by the facts as they are and says how old.
func (db *DB) GateInputs(ctx context.Context, name string, since func(metrics.Service) time.Time) (GateInputs, error) {
	began := db.now()
	in, fresh, err := db.gateLook(ctx, name, since, false)
	if err != nil || fresh {
		db.fresher.note(name, began, err)
		return in, err
	}
	upTo, known := db.fresher.of(name)
	end, mine := db.fresher.turn(ctx, known)
	if mine {
		_, err := db.facts(ctx, name, part{})
		end()
		if err != nil && !errors.Is(err, ErrNotFound) {
			return in, err
		}
		db.fresher.note(name, began, nil)
	}
	in, _, err = db.gateLook(ctx, name, since, true)
	if !mine && err == nil {
		in.Sources = append(in.Sources, gate.Watermark{Name: factsSource, Watermark: upTo})
	}
	return in, err
}

// gateLook reads the inputs over one state of the database; unless stale facts will do it reads no more when they are.
func (db *DB) gateLook(ctx context.Context, name string, since func(metrics.Service) time.Time, stale bool) (in GateInputs, fresh bool, err error) {
	in.Service = metrics.Service{Name: name}
	err = db.gateRead.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
		var row serviceRow
		found := tx.Limit(1).Find(&row, "name = ?", name)
		if found.Error != nil {
			return found.Error
		}
		if seen := found.RowsAffected > 0; !seen {
			fresh = true
		} else if fresh = stale || db.fresh(row); !fresh {
			return nil
		} else if row.Present || row.Declared {
			var err error
			if in.Facts, err = db.readOne(tx, row, forGate); err != nil {
				return err
			}
			if in.Service, err = db.service(row); err != nil {
				return err
			}
		}
		return db.readBeside(tx, &in, since(in.Service))
	}, db.lookOptions()...)
	if err != nil {
		err = fmt.Errorf("reading what is known of %s: %w", name, err)
	}
	return in, fresh, err
}

// readBeside reads what else there is: probes, promotions, sources and overrides.
func (db *DB) readBeside(tx *gorm.DB, in *GateInputs, since time.Time) (err error) {
	name := in.Service.Name
	if in.Granted, err = probesOf(tx, name, time.Time{}); err != nil {
		return err
	}
	if in.Promotions, err = promotionsOf(tx, name, since); err != nil {
		return err
	}
	if in.Overrides, err = overridesOf(tx, name); err != nil {
		return err
	}
	in.Sources, err = db.needed(tx, name)
	return err
}

// promotionRow is the part of a logged decision that says what it let through.
type promotionRow struct {
	ID         string       `json:"id"`
	ValidUntil time.Time    `json:"valid_until"`
	Request    gate.Request `json:"request"`
	Snapshot   struct {
		Now time.Time `json:"now"`
	} `json:"snapshot"`
}

// promotionOf reads no more of a stored decision than it needs: with every decision some are read.
func promotionOf(row decisionRow) (gate.Promotion, bool, error) {
	var kept promotionRow
	if err := json.Unmarshal([]byte(row.Body), &kept); err != nil {
		return gate.Promotion{}, false, fmt.Errorf("stored decision %s: %w", row.ID, err)
	}
	l := gate.Logged{
		Decision: gate.Decision{ID: kept.ID, ValidUntil: kept.ValidUntil, Verdict: gate.Result(row.Verdict)},
		Request:  kept.Request, Snapshot: gate.Snapshot{Now: kept.Snapshot.Now},
	}
	p, passed := l.Promotion()
	return p, passed, nil
}

// freshness remembers when the facts of services were known to be up to date, and lets no more decisions derive at a time than there
// are processors.
type freshness struct {
	mu    sync.Mutex
	at    map[string]time.Time
	turns chan struct{}
}

func newFreshness() *freshness {
	return &freshness{at: map[string]time.Time{}, turns: make(chan struct{}, runtime.GOMAXPROCS(0))}
}

func (f *freshness) note(service string, at time.Time, err error) {
	if err != nil {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.at) >= keptFresh {
		f.at = map[string]time.Time{}
	}
	f.at[service] = at
}

func (f *freshness) of(service string) (at time.Time, known bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	at, known = f.at[service]
	return at, known
}

// turn waits for a turn to derive; only so long where facts are known that will do.
func (f *freshness) turn(ctx context.Context, known bool) (end func(), mine bool) {
	end = func() { <-f.turns }
	select {
	case f.turns <- struct{}{}:
		return end, true
	default:
	}
	var late <-chan time.Time
	if known {
		timer := time.NewTimer(turnPatience)
		defer timer.Stop()
		late = timer.C
	}
	select {
	case f.turns <- struct{}{}:
		return end, true
	case <-late:
		return nil, false
	case <-ctx.Done():
		return nil, false
	}
}
