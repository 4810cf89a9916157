package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"runtime"
	"sync"
	"time"

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
	// factsSource tells the age of facts, where events came faster than they could be derived.
	factsSource = gate.FactsSource
	// keptFresh bounds for how many services it is remembered when their facts were up to date.
	keptFresh = 50_000
)

// GateInputs reads what a decision about a service may know; since is how far back promotions matter to it. A service that nobody has
// seen has no facts. Facts that are out of date are derived first; while more of that is asked for than this machine has processors, a
// decision goes by the facts as they are and says how old. They are not read where recall finds that what is remembered of them will do.
func (db *DB) GateInputs(
	ctx context.Context, name string, since func(metrics.Service) time.Time, recall func(gate.Known) (gate.Known, bool),
) (GateInputs, error) {
	db.bulkhead.decides()
	defer db.bulkhead.decides()
	in, err := db.gateInputs(ctx, name, since, recall)
	if err != nil {
		err = fmt.Errorf("reading what is known of %s: %w", name, err)
	}
	return in, err
}

func (db *DB) gateInputs(ctx context.Context, name string, since func(metrics.Service) time.Time, recall recall) (GateInputs, error) {
	began := db.now()
	one, err := db.gateLook(ctx, name, since)
	if err != nil {
		return one.in, err
	}
	if one.fresh {
		if err = db.gateFacts(ctx, one, recall); err == nil && one.fresh {
			db.fresher.note(name, began)
		}
		if err != nil || one.fresh {
			return one.in, err
		}
	}
	upTo, known := db.fresher.of(name)
	end, mine := db.fresher.turn(ctx, known)
	if mine {
		enough, err := db.deriveFor(ctx, one, since)
		end()
		if err != nil && !errors.Is(err, ErrNotFound) {
			return one.in, err
		}
		if enough {
			return one.in, nil
		}
		db.fresher.note(name, began)
	}
	if one, err = db.gateLook(ctx, name, since); err != nil {
		return one.in, err
	}
	if !mine {
		err = db.goByOld(ctx, one, upTo, since, recall)
		return one.in, err
	}
	err = db.gateFacts(ctx, one, recall)
	return one.in, err
}

// goByOld fills in the facts there are: those that another decision derived and that are not stored yet, else those that are stored, which were
// up to date at a time.
func (db *DB) goByOld(ctx context.Context, one *look, upTo time.Time, since func(metrics.Service) time.Time, recall recall) error {
	if o, found := db.unsaved.of(one.name, one.row.Derived+1); found {
		enough, err := db.goBy(ctx, one, o, since)
		if err != nil || enough && o.touched >= one.row.Touched {
			return err
		}
		if enough {
			one.in.Sources = append(one.in.Sources, gate.Watermark{Name: factsSource, Watermark: o.asked})
			return nil
		}
	}
	err := db.gateFacts(ctx, one, recall)
	one.in.Sources = append(one.in.Sources, gate.Watermark{Name: factsSource, Watermark: upTo})
	return err
}

// deriveFor derives the facts of a service for a decision. While other work keeps the machine and the database busy it does not wait until
// they are stored, and fills them in: then that is enough.
func (db *DB) deriveFor(ctx context.Context, one *look, since func(metrics.Service) time.Time) (enough bool, err error) {
	if db.bulkhead.isBusy() && !db.unsaved.isFull() {
		o, err := db.deriveUnsaved(ctx, one)
		if err != nil {
			return false, err
		}
		if enough, err = db.goBy(ctx, one, o, since); enough || err != nil {
			return enough, err
		}
	}
	_, err = db.facts(urgent(ctx), one.name, part{})
	return false, err
}

// goBy fills in facts that are not stored yet. They are not enough where promotions from before what was looked at may matter.
func (db *DB) goBy(ctx context.Context, one *look, o outcome, since func(metrics.Service) time.Time) (enough bool, err error) {
	if !o.present || ceilMilli(since(o.service)) < one.since {
		return false, nil
	}
	one.in.Service, one.in.Facts = o.service, forGate.of(o.facts)
	row := serviceRow{Name: one.name, Derived: o.touched, Rules: db.print}
	one.in.Memory = db.memoryOf(row)
	one.in.Older, err = db.olderThan(db.gateRead.WithContext(ctx), row, one.name, &o.facts)
	return true, err
}

// deriveUnsaved derives a service, unless that was done and is not stored yet, and has it stored.
func (db *DB) deriveUnsaved(ctx context.Context, one *look) (outcome, error) {
	leave, err := db.flights.enter(ctx, one.name)
	if err != nil {
		return outcome{}, err
	}
	defer leave()
	if o, found := db.unsaved.of(one.name, one.row.Touched); found {
		return o, nil
	}
	began := db.now()
	found, err := db.evaluate(ctx, []string{one.name}, 0)
	if err != nil {
		return outcome{}, err
	}
	o := found.outcomes[one.name]
	o.asked = began
	db.keep(ctx, one.name, o)
	return o, nil
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

// passedOfRow reads no more of a stored decision than it needs. One that is damaged let through what nobody knows, which keeps others waiting
// as anything would that is on its way: no service may be shut out for as long as the row is there.
func passedOfRow(row decisionRow) (passed, error) {
	var kept promotionRow
	body, err := unpackDecision(row.Body)
	if err == nil {
		err = json.Unmarshal(body, &kept)
	}
	if err != nil {
		return passedOf(damagedRow{row, err}.remains()), err
	}
	return passedOf(gate.Logged{
		Decision: gate.Decision{ID: kept.ID, ValidUntil: kept.ValidUntil, Verdict: gate.Result(row.Verdict), Probe: row.Probe},
		Request:  kept.Request, Snapshot: gate.Snapshot{Now: kept.Snapshot.Now},
	}), nil
}

// freshness remembers when the facts of services were known to be up to date, and what the services were; it lets no more decisions derive
// at a time than there are processors.
type freshness struct {
	mu       sync.Mutex
	at       map[string]time.Time
	services map[string]readService
	turns    chan struct{}
}

// readService is a service by the document that it was read from.
type readService struct {
	document string
	service  metrics.Service
}

func newFreshness() *freshness {
	return &freshness{at: map[string]time.Time{}, services: map[string]readService{}, turns: make(chan struct{}, runtime.GOMAXPROCS(0))}
}

func (f *freshness) note(service string, at time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.at) >= keptFresh {
		f.at = map[string]time.Time{}
	}
	f.at[service] = at
}

// service is the one of a row, read once for each document.
func (f *freshness) service(db *DB, row serviceRow) (metrics.Service, error) {
	f.mu.Lock()
	kept, found := f.services[row.Name]
	f.mu.Unlock()
	if found && kept.document == row.Document {
		return kept.service, nil
	}
	s, err := db.service(row)
	if err != nil {
		return s, err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if len(f.services) >= keptFresh {
		f.services = map[string]readService{}
	}
	f.services[row.Name] = readService{row.Document, s}
	return s, nil
}

// lastService is what a service was when it was last read, no more than its name when it was not.
func (f *freshness) lastService(name string) metrics.Service {
	f.mu.Lock()
	defer f.mu.Unlock()
	if kept, found := f.services[name]; found {
		return kept.service
	}
	return metrics.Service{Name: name}
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
