package store

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"shiphabit/metrics/gate"
)

// LogDecision keeps a decision with all that its replay needs; snapshot and policy are kept once however many decisions
// share them. The caller has given it an id. ErrDuplicate when the id, or the caller's idempotency key, is taken: the
// decision under that key is then the answer. ErrMoved when a probe was granted since the snapshot was taken: decide again.
func (db *DB) LogDecision(ctx context.Context, l gate.Logged) error {
	return db.LogSuccessor(ctx, l, "")
}

// LogSuccessor keeps a decision made anew under the key of an earlier one, a hold that was asked again. Of two that would
// succeed the same decision one gets ErrDuplicate.
func (db *DB) LogSuccessor(ctx context.Context, l gate.Logged, previous string) error {
	if l.At.IsZero() {
		l.At = db.now()
	}
	row, documents, err := decisionRowOf(l, previous)
	if err != nil {
		return fmt.Errorf("decision %s: %w", l.ID, err)
	}
	score, err := scoreRowOf(l)
	if err != nil {
		return fmt.Errorf("score of decision %s: %w", l.ID, err)
	}
	err = db.changeTogether(ctx, func(tx *gorm.DB) error {
		if err := db.checkProbe(tx, l); err != nil {
			return err
		}
		if err := db.useOverride(tx, l); err != nil {
			return err
		}
		if err := tx.Clauses(clause.OnConflict{DoNothing: true}).Create(&documents).Error; err != nil {
			return err
		}
		if err := tx.Omit("Seq").Create(&row).Error; err != nil {
			return err
		}
		return tx.Create(&score).Error
	})
	switch {
	case errors.Is(err, gorm.ErrDuplicatedKey):
		return fmt.Errorf("decision %s, key %q: %w", l.ID, l.Key, ErrDuplicate)
	case err != nil:
		return fmt.Errorf("logging decision %s: %w", l.ID, err)
	}
	return nil
}

// decisionRowOf takes the documents out of the decision; of the snapshot it leaves the time.
func decisionRowOf(l gate.Logged, previous string) (decisionRow, []documentRow, error) {
	if l.ID == "" {
		return decisionRow{}, nil, errors.New("has no id")
	}
	snapshot, err := gate.Canonical(l.Snapshot)
	if err != nil {
		return decisionRow{}, nil, err
	}
	documents := []documentRow{documentOf(snapshot)}
	if policy := documentOf(l.PolicyDoc); policy.Digest != documents[0].Digest {
		documents = append(documents, policy)
	}
	row := decisionRow{
		ID: l.ID, Caller: l.Caller, Key: l.Key, Previous: previous, Service: l.Request.Service, Environment: l.Request.Environment,
		Verdict: string(l.Verdict), Probe: l.Probe, At: toMilli(l.At),
		Snapshot: documents[0].Digest, Policy: documents[len(documents)-1].Digest,
	}
	l.PolicyDoc, l.Snapshot = nil, gate.Snapshot{Now: l.Snapshot.Now}
	body, err := json.Marshal(l)
	row.Body = string(body)
	return row, documents, err
}

func documentOf(body []byte) documentRow {
	if body == nil {
		body = []byte{} // an absent policy is an empty document
	}
	return documentRow{Digest: hexDigest(sha256.Sum256(body)), Body: body}
}

// checkProbe keeps two processes from granting the same probe: the snapshot must have seen all probes of its day.
func (db *DB) checkProbe(tx *gorm.DB, l gate.Logged) error {
	if !l.Probe {
		return nil
	}
	service := l.Request.Service
	if db.dialect.lock != "" {
		if err := tx.Exec("SELECT name FROM services WHERE name = ?"+db.dialect.lock, service).Error; err != nil {
			return err
		}
	}
	day := l.Snapshot.Now.UTC().Truncate(24 * time.Hour)
	var granted int64
	err := tx.Model(&decisionRow{}).Where("probe AND service = ? AND environment = ? AND at >= ? AND at < ?",
		service, l.Request.Environment, toMilli(day), toMilli(day.Add(24*time.Hour))).Count(&granted).Error
	if err == nil && granted > int64(l.Snapshot.Meter.ProbesToday) {
		return fmt.Errorf("another probe was granted: %w", ErrMoved)
	}
	return err
}

// Decision returns a logged decision with its snapshot and policy.
func (db *DB) Decision(ctx context.Context, id string) (gate.Logged, error) {
	return db.decision(ctx, "id = ?", id)
}

// DecisionByKey returns the latest decision under a caller's idempotency key.
func (db *DB) DecisionByKey(ctx context.Context, caller, key string) (gate.Logged, error) {
	return db.decision(ctx, "caller = ? AND key = ? AND key <> ''", caller, key)
}

func (db *DB) decision(ctx context.Context, where string, args ...any) (gate.Logged, error) {
	var rows []decisionRow
	tx := db.read.WithContext(ctx)
	if err := tx.Where(where, args...).Order("seq DESC").Limit(1).Find(&rows).Error; err != nil {
		return gate.Logged{}, fmt.Errorf("reading a decision: %w", err)
	}
	if len(rows) == 0 {
		return gate.Logged{}, fmt.Errorf("decision: %w", ErrNotFound)
	}
	l, err := rows[0].logged()
	if err != nil {
		return l, err
	}
	for _, document := range []struct {
		digest string
		take   func(body []byte) error
	}{
		{rows[0].Policy, func(body []byte) error { l.PolicyDoc = body; return nil }},
		{rows[0].Snapshot, func(body []byte) error { l.Snapshot = gate.Snapshot{}; return json.Unmarshal(body, &l.Snapshot) }},
	} {
		var kept documentRow
		if err := tx.Take(&kept, "digest = ?", document.digest).Error; err != nil {
			return l, fmt.Errorf("document %s of decision %s: %w", document.digest, l.ID, err)
		}
		if err := document.take(kept.Body); err != nil {
			return l, fmt.Errorf("document %s of decision %s: %w", document.digest, l.ID, err)
		}
	}
	return l, nil
}

func (r decisionRow) logged() (gate.Logged, error) {
	var l gate.Logged
	if err := json.Unmarshal([]byte(r.Body), &l); err != nil {
		return l, fmt.Errorf("stored decision %s: %w", r.ID, err)
	}
	return l, nil
}

// Decisions lists decisions, newest first, without policies and with no more of the snapshot than its time. An empty service
// means all. A page begins after cursor; next is the cursor of the following page, "" at the end.
func (db *DB) Decisions(ctx context.Context, service, cursor string, limit int) (list []gate.Logged, next string, err error) {
	return db.DecisionsWith(ctx, service, "", cursor, limit)
}

// DecisionsWith lists those with one verdict; an empty one means any.
func (db *DB) DecisionsWith(ctx context.Context, service string, verdict gate.Result, cursor string, limit int) (list []gate.Logged, next string, err error) {
	before, err := beforeCursor(cursor)
	if err != nil {
		return nil, "", err
	}
	query := db.read.WithContext(ctx).Where("seq < ?", before)
	if service != "" {
		query = query.Where("service = ?", service)
	}
	if verdict != "" {
		query = query.Where("verdict = ?", string(verdict))
	}
	var rows []decisionRow
	if err := query.Order("seq DESC").Limit(limit + 1).Find(&rows).Error; err != nil {
		return nil, "", fmt.Errorf("listing decisions: %w", err)
	}
	if len(rows) > limit {
		rows = rows[:limit]
		next = strconv.FormatInt(rows[limit-1].Seq, 10)
	}
	list, err = loggedAll(rows)
	return list, next, err
}

// fixesMost bounds how many fixes are listed.
const fixesMost = 1000

// Fixes lists what was let through as a fix of a service at or after since, newest first and a thousand at most, without policies and with no
// more of the snapshot than its time. There are few among many decisions, so that those of others are not read.
func (db *DB) Fixes(ctx context.Context, service string, since time.Time) ([]gate.Logged, error) {
	var rows []decisionRow
	err := db.read.WithContext(ctx).Where("verdict IN ('allow', 'warn') AND service = ? AND at >= ? AND body LIKE ?", service, ceilMilli(since), `%"kind":"fix"%`).
		Order("at DESC, seq DESC").Limit(fixesMost).Find(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("listing fixes of %s: %w", service, err)
	}
	list, err := loggedAll(rows)
	return slices.DeleteFunc(list, func(l gate.Logged) bool { return l.Kind != gate.KindFix }), err
}

func loggedAll(rows []decisionRow) ([]gate.Logged, error) {
	list := make([]gate.Logged, len(rows))
	for i, row := range rows {
		var err error
		if list[i], err = row.logged(); err != nil {
			return nil, err
		}
	}
	return list, nil
}

// ProbeGrants lists the probes that were granted to a service at or after since, oldest first.
func (db *DB) ProbeGrants(ctx context.Context, service string, since time.Time) ([]gate.ProbeGrant, error) {
	return probesOf(db.read.WithContext(ctx), service, since)
}

func probesOf(tx *gorm.DB, service string, since time.Time) ([]gate.ProbeGrant, error) {
	var rows []decisionRow
	err := tx.Where("probe AND service = ? AND at >= ?", service, ceilMilli(since)).Order("at, seq").Find(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("listing probes of %s: %w", service, err)
	}
	list, err := loggedAll(rows)
	if err != nil {
		return nil, err
	}
	var grants []gate.ProbeGrant
	for _, l := range list {
		if g, granted := l.Grant(); granted {
			grants = append(grants, g)
		}
	}
	return grants, nil
}
