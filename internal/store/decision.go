package store

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"time"

	"gorm.io/gorm"

	"shiphabit/metrics/gate"
)

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

// Decision returns a logged decision with its snapshot and policy. Of one that is damaged it returns what remains, beside ErrDamaged.
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
	l, err := rows[0].whole()
	if err != nil {
		lost := damagedRow{rows[0], err}
		return db.damaged(ctx, lost), lost
	}
	for _, document := range []struct {
		digest string
		take   func(body []byte) error
	}{
		{rows[0].Policy, func(body []byte) error { l.PolicyDoc = body; return nil }},
		{rows[0].Snapshot, func(body []byte) error { return json.Unmarshal(body, &l.Snapshot) }},
	} {
		var kept documentRow
		if err := tx.Take(&kept, "digest = ?", document.digest).Error; err != nil {
			return l, fmt.Errorf("document %s of decision %s: %w", document.digest, l.ID, err)
		}
		if err := document.take(kept.Body); err != nil {
			lost := damagedRow{rows[0], fmt.Errorf("document %s: %w", document.digest, err)}
			return db.damaged(ctx, lost), lost
		}
	}
	return l, nil
}

// whole is the decision with what of the snapshot stands in its own row; an error means that the row is damaged.
func (r decisionRow) whole() (gate.Logged, error) {
	var l gate.Logged
	body, err := unpackDecision(r.Body)
	if err == nil {
		err = json.Unmarshal(body, &l)
	}
	if err == nil {
		err = r.contradicts(l)
	}
	return l, err
}

// contradicts tells that the columns, by which decisions are found and counted, say something else than the text does.
func (r decisionRow) contradicts(l gate.Logged) error {
	for _, c := range []struct{ what, row, text string }{
		{"id", r.ID, l.ID}, {"service", r.Service, l.Request.Service}, {"environment", r.Environment, l.Request.Environment}, {"verdict", r.Verdict, string(l.Verdict)},
	} {
		if c.row != c.text {
			return fmt.Errorf("its row says %s %q and its text %q", c.what, c.row, c.text)
		}
	}
	if r.Probe != l.Probe {
		return fmt.Errorf("its row says probe %t and its text %t", r.Probe, l.Probe)
	}
	return nil
}

// logged is the decision without its documents, and with no more of the snapshot than its time.
func (r decisionRow) logged() (gate.Logged, error) {
	l, err := r.whole()
	l.Snapshot = gate.Snapshot{Now: l.Snapshot.Now}
	return l, err
}

// Decisions lists decisions, newest first, without policies and with no more of the snapshot than its time; of those that are damaged what
// remains. An empty service means all. A page begins after cursor; next is the cursor of the following page, "" at the end.
func (db *DB) Decisions(ctx context.Context, service, cursor string, limit int) (list []gate.Logged, next string, err error) {
	return db.DecisionsWith(ctx, service, "", cursor, limit)
}

// DecisionsWith lists those with one verdict; an empty one means any.
func (db *DB) DecisionsWith(ctx context.Context, service string, verdict gate.Result, cursor string, limit int) (list []gate.Logged, next string, err error) {
	rows, next, err := db.decisionRows(ctx, service, verdict, cursor, limit)
	if err != nil {
		return nil, "", err
	}
	return db.decided(ctx, rows, decisionRow.logged), next, nil
}

// DecisionsDemoted lists decisions as Decisions does, each with the criteria that had broken their promise.
func (db *DB) DecisionsDemoted(ctx context.Context, service, cursor string, limit int) (list []gate.Logged, next string, err error) {
	rows, next, err := db.decisionRows(ctx, service, "", cursor, limit)
	if err != nil {
		return nil, "", err
	}
	return db.withDemoted(ctx, rows), next, nil
}

func (db *DB) withDemoted(ctx context.Context, rows []decisionRow) []gate.Logged {
	list := db.decided(ctx, rows, decisionRow.whole)
	for i := range list {
		s := list[i].Snapshot
		list[i].Snapshot = gate.Snapshot{Now: s.Now, Demoted: s.Demoted}
	}
	return list
}

// CursorAfter is the cursor of the page of decisions that begins after this one, as every list of decisions takes it.
func (db *DB) CursorAfter(ctx context.Context, id string) (cursor string, err error) {
	var row decisionRow
	if err := db.read.WithContext(ctx).Select("seq").Take(&row, "id = ?", id).Error; err != nil {
		return "", fmt.Errorf("looking for decision %s: %w", id, err)
	}
	return strconv.FormatInt(row.Seq, 10), nil
}

// decisionRows is a page of the log, newest first, and the cursor of the page after it.
func (db *DB) decisionRows(ctx context.Context, service string, verdict gate.Result, cursor string, limit int) (rows []decisionRow, next string, err error) {
	before, err := beforeCursor(cursor)
	if err != nil {
		return nil, "", err
	}
	query := db.read.WithContext(ctx)
	switch {
	case service == "":
		query = query.Where("seq < ?", before).Order("seq DESC")
	case cursor == "":
		query = query.Where("service = ?", service).Order("at DESC, seq DESC")
	default:
		query = query.Where("service = ? AND (at, seq) < (SELECT at, seq FROM decisions WHERE seq = ?)", service, before).Order("at DESC, seq DESC")
	}
	if verdict != "" {
		query = query.Where("verdict = ?", string(verdict))
	}
	if verdict != "" && verdict != gate.Allow {
		query = query.Where("verdict <> 'allow'") // the words of the index
	}
	if err := query.Limit(limit + 1).Find(&rows).Error; err != nil {
		return nil, "", fmt.Errorf("listing decisions: %w", err)
	}
	if len(rows) > limit {
		rows = rows[:limit]
		next = strconv.FormatInt(rows[limit-1].Seq, 10)
	}
	return rows, next, nil
}

// fixesMost bounds how many fixes are listed.
const fixesMost = 1000

// Fixes lists what was let through as a fix of a service at or after since, newest first and a thousand at most, without policies and with no
// more of the snapshot than its time. There are few among many decisions, so that those of others are not read.
func (db *DB) Fixes(ctx context.Context, service string, since time.Time) ([]gate.Logged, error) {
	var rows []decisionRow
	err := db.read.WithContext(ctx).Where("verdict IN ('allow', 'warn') AND service = ? AND at >= ? AND (kind = ? OR kind IS NULL AND body LIKE ?)",
		service, ceilMilli(since), gate.KindFix, `%"kind":"fix"%`).
		Order("at DESC, seq DESC").Limit(fixesMost).Find(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("listing fixes of %s: %w", service, err)
	}
	// One that cannot be read declares nothing: what it was to repair, and with what, is lost.
	return slices.DeleteFunc(db.decided(ctx, rows, decisionRow.logged), func(l gate.Logged) bool { return l.Kind != gate.KindFix || l.Damaged != "" }), nil
}

// ProbeGrants lists the probes that were granted to a service at or after since, oldest first.
func (db *DB) ProbeGrants(ctx context.Context, service string, since time.Time) ([]gate.ProbeGrant, error) {
	var rows []decisionRow
	err := db.read.WithContext(ctx).Where("probe AND service = ? AND at >= ?", service, ceilMilli(since)).Order("at, seq").Find(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("listing probes of %s: %w", service, err)
	}
	var grants []gate.ProbeGrant
	for _, l := range db.decided(ctx, rows, decisionRow.logged) {
		if g, granted := l.Grant(); granted {
			grants = append(grants, g)
		}
	}
	return grants, nil
}
