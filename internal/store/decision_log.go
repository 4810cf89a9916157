package store

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"gorm.io/gorm"

	"shiphabit/metrics/gate"
)

// logging is a decision on its way into the log, and what became of it.
type logging struct {
	row       decisionRow // without its body and kind
	body      []byte      // as it is stored
	kind      string
	documents [2]documentRow // of the record that was folded, and of the policy
	score     scoreRow
	passed    passed
	taken     bool // its id or its key stands in the log already
	err       error
}

// LogDecision keeps a decision with all that its replay needs; what came of the service's record and the policy are kept once however
// many decisions share them. The caller has given it an id. ErrDuplicate when the id, or the caller's idempotency key, is taken: the
// decision under that key is then the answer. ErrMoved when a probe was granted since the snapshot was taken: decide again.
func (db *DB) LogDecision(ctx context.Context, l gate.Logged) error {
	return db.LogSuccessor(ctx, l, "")
}

// LogSuccessor keeps a decision made anew under the key of an earlier one, a hold that was asked again. Of two that would
// succeed the same decision one gets ErrDuplicate.
func (db *DB) LogSuccessor(ctx context.Context, l gate.Logged, previous string) error {
	ctx = urgent(ctx)
	db.bulkhead.decides()
	defer db.bulkhead.decides()
	if l.At.IsZero() {
		l.At = db.now()
	}
	one, err := loggingOf(l, previous)
	if err != nil {
		return fmt.Errorf("decision %s: %w", l.ID, err)
	}
	if db.dialect.packsDecisions {
		one.body = packDecision(one.body)
	}
	if l.Probe || l.Override != "" {
		err = db.logGuarded(ctx, l, one)
	} else {
		err = db.logs.do(ctx, one)
	}
	if err == nil {
		err = one.err
	}
	if err == nil && one.taken {
		err = ErrDuplicate
	}
	switch {
	case errors.Is(err, ErrDuplicate):
		return fmt.Errorf("decision %s, key %q: %w", l.ID, l.Key, err)
	case err != nil:
		return fmt.Errorf("logging decision %s: %w", l.ID, err)
	}
	return nil
}

// loggingOf takes the documents out of the decision.
func loggingOf(l gate.Logged, previous string) (*logging, error) {
	if l.ID == "" {
		return nil, errors.New("has no id")
	}
	part := recordOf(l.Snapshot)
	record, err := gate.Canonical(&part)
	if err != nil {
		return nil, err
	}
	score, err := scoreRowOf(l)
	if err != nil {
		return nil, err
	}
	one := &logging{documents: [2]documentRow{documentOf(record), documentOf(l.PolicyDoc)}, score: score, passed: passedOf(l), kind: l.Kind}
	one.row = decisionRow{
		ID: l.ID, Caller: l.Caller, Key: l.Key, Previous: previous, Service: l.Request.Service, Environment: l.Request.Environment,
		Verdict: string(l.Verdict), Probe: l.Probe, At: toMilli(l.At), Snapshot: one.documents[0].Digest, Policy: one.documents[1].Digest,
	}
	l.PolicyDoc, l.Snapshot = nil, withoutRecord(l.Snapshot)
	one.body, err = json.Marshal(&l)
	return one, err
}

// recordDocument is the large part of a snapshot, which is the same for every decision until more of the service becomes known. It is a
// document of its own; the rest stands with the decision. Decisions of before have all of their snapshot in the document: read over what
// stands with the decision, either is whole.
type recordDocument struct {
	Meter    gate.MeterState    `json:"meter"`
	Usual    gate.UsualState    `json:"usual,omitzero"`
	Restored gate.RestoredState `json:"restored,omitzero"`
	Recent   []gate.Trial       `json:"recent"`
}

func recordOf(s gate.Snapshot) recordDocument {
	return recordDocument{Meter: s.Meter, Usual: s.Usual, Restored: s.Restored, Recent: s.Recent}
}

func withoutRecord(s gate.Snapshot) gate.Snapshot {
	s.Meter, s.Usual, s.Restored, s.Recent = gate.MeterState{}, gate.UsualState{}, gate.RestoredState{}, nil
	return s
}

func documentOf(body []byte) documentRow {
	if body == nil {
		body = []byte{} // an absent policy is an empty document
	}
	return documentRow{Digest: hexDigest(sha256.Sum256(body)), Body: body}
}

// logGuarded logs a decision that uses something up: only when it is still there.
func (db *DB) logGuarded(ctx context.Context, l gate.Logged, one *logging) error {
	err := db.commitGuarded(ctx, l, one)
	if db.mayLackDocuments(ctx, err) && !errors.Is(err, ErrDuplicate) && !errors.Is(err, ErrMoved) {
		db.kept.forget()
		err = db.commitGuarded(ctx, l, one)
	}
	if err == nil {
		db.remember(one)
	}
	return err
}

// mayLackDocuments tells whether a decision that was not logged may be with all its documents.
func (db *DB) mayLackDocuments(ctx context.Context, err error) bool {
	return err != nil && ctx.Err() == nil && !errors.Is(err, ErrOutage)
}

func (db *DB) commitGuarded(ctx context.Context, l gate.Logged, one *logging) error {
	return db.change(ctx, func(tx *gorm.DB) error {
		if db.dialect.lock != "" {
			if err := errors.Join(tx.Exec("SET LOCAL lock_timeout = "+lockMilli).Error, db.beDurable(tx, nil)); err != nil {
				return err
			}
		}
		if err := db.checkProbe(tx, l); err != nil {
			return err
		}
		if err := db.useOverride(tx, l); err != nil {
			return err
		}
		if err := db.insertLog(ctx, tx.Statement.ConnPool, []*logging{one}); err != nil {
			return err
		}
		if one.taken {
			return ErrDuplicate // nothing may have been used
		}
		return nil
	})
}

// remember notes what need not be read or sent again of decisions that are logged.
func (db *DB) remember(all ...*logging) {
	db.kept.add(all)
	for _, one := range all {
		if !one.taken {
			db.passed.keep(one.row.Seq, one.passed)
		}
	}
	db.score(all)
}

// logAll commits decisions together. Where that is refused each is tried alone, with all its documents: one that the database cannot take must
// not be in the way of others. Where the database cannot do its work all have waited long enough.
func (db *DB) logAll(ctx context.Context, all []*logging) error {
	err := db.logTogether(ctx, all)
	if !db.mayLackDocuments(ctx, err) {
		return err
	}
	db.kept.forget()
	for _, one := range all {
		one.err = db.logTogether(ctx, []*logging{one})
	}
	return nil
}

func (db *DB) logTogether(ctx context.Context, all []*logging) error {
	err := db.commitLog(ctx, all)
	if err == nil {
		db.remember(all...)
	}
	return err
}

func (db *DB) commitLog(ctx context.Context, all []*logging) error {
	if db.dialect.lock == "" {
		return db.change(ctx, func(tx *gorm.DB) error { // in this process nothing hangs once it has begun, and a statement that cannot be broken off costs less
			return db.insertLog(context.WithoutCancel(ctx), tx.Statement.ConnPool, all)
		})
	}
	pool, err := db.write.DB()
	if err != nil {
		return err
	}
	within, cancel := context.WithTimeout(ctx, logWait)
	defer cancel()
	err = outage(db.insertLog(within, pool, all)) // one statement is a transaction
	if err != nil && ctx.Err() == nil && within.Err() != nil {
		err = fmt.Errorf("%w: it did not take what is to be logged within %s: %w", ErrOutage, logWait, err)
	}
	db.writes.note(err)
	return err
}

// logWait is how long the log waits on PostgreSQL for a table or row that somebody else has locked.
const logWait = time.Second
