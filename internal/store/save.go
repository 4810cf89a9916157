package store

import (
	"bytes"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"maps"
	"slices"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

// rolloutsPerTransaction bounds what one transaction replaces, few enough not to keep a writer waiting: it takes about 20 ms. A service is
// replaced as a whole, whatever it has.
const rolloutsPerTransaction = 1000

// saveOutcomes replaces the stored facts of services, in the order of their names so that two processes lock rows in the same
// order. Each service is replaced whole or not at all. Everything is encoded before a transaction begins.
func (db *DB) saveOutcomes(ctx context.Context, found map[string]outcome) error {
	var waiting []replacement
	rows := 0
	for _, name := range slices.Sorted(maps.Keys(found)) {
		next, err := db.replacementOf(name, found[name])
		if err != nil {
			return err
		}
		if rows > 0 && rows+len(next.rollouts) > rolloutsPerTransaction {
			if err := db.replace(ctx, waiting); err != nil {
				return err
			}
			waiting, rows = waiting[:0], 0
		}
		waiting, rows = append(waiting, next), rows+len(next.rollouts)
	}
	return db.replace(ctx, waiting)
}

// replacement is an outcome as rows.
type replacement struct {
	service  serviceRow
	header   factsRow
	went     []environmentRow
	served   []servedRow
	rollouts []rolloutRow
	tallies  serviceTallies
}

func (db *DB) replacementOf(name string, o outcome) (replacement, error) {
	r := replacement{served: o.served, rollouts: make([]rolloutRow, len(o.facts.Rollouts))}
	var err error
	for i := range o.facts.Rollouts {
		if r.rollouts[i], err = rolloutRowOf(name, o.facts.Rollouts[i]); err != nil {
			return r, err
		}
	}
	if r.header, err = factsRowOf(o.facts); err != nil {
		return r, err
	}
	r.header.Service = name
	if r.went, err = environmentsOf(r.header); err != nil {
		return r, err
	}
	r.tallies = db.talliesOf(o.facts)
	document, err := json.Marshal(o.service)
	r.service = serviceRow{Name: name, Derived: o.touched, Present: o.present, Document: string(document)}
	return r, err
}

// replace stores services. Where another program has forgotten the set of our tallies, it is begun anew.
func (db *DB) replace(ctx context.Context, services []replacement) error {
	err := db.replaceHeld(ctx, services)
	if errors.Is(err, errNoSet) {
		if err = db.openTallies(ctx); err == nil {
			err = db.replaceHeld(ctx, services)
		}
	}
	return err
}

func (db *DB) replaceHeld(ctx context.Context, services []replacement) error {
	return db.change(ctx, func(tx *gorm.DB) error {
		if err := db.holdSet(tx); err != nil {
			return err
		}
		var change talliesChange
		for i := range services {
			if err := db.replaceOne(tx, &services[i], &change); err != nil {
				return err
			}
		}
		return db.mark(tx, change)
	})
}

// replaceOne stores one derivation unless another process has stored this or a later one meanwhile. It notes what differs now for
// the organisation.
func (db *DB) replaceOne(tx *gorm.DB, r *replacement, change *talliesChange) error {
	var row serviceRow
	name := r.service.Name
	if err := tx.Raw("SELECT * FROM services WHERE name = ?"+db.dialect.lock, name).Scan(&row).Error; err != nil {
		return err
	}
	if row.Derived >= r.service.Derived && row.Rules == db.print {
		return nil
	}
	if err := db.saveRollouts(tx, name, r.rollouts); err != nil {
		return err
	}
	if err := db.saveTallies(tx, name, r.tallies, change); err != nil {
		return err
	}
	if err := tx.Clauses(clause.OnConflict{UpdateAll: true}).Create(&r.header).Error; err != nil {
		return err
	}
	if err := saveEnvironments(tx, name, r.went); err != nil {
		return err
	}
	if err := saveServed(tx, name, r.served); err != nil {
		return err
	}
	return tx.Model(&serviceRow{}).Where("name = ?", name).Updates(map[string]any{
		"derived": r.service.Derived, "rules": db.print, "present": r.service.Present, "document": r.service.Document,
	}).Error
}

// rolloutKey is the identity of a stored rollout within its service.
type rolloutKey struct {
	finishedAt int64
	id         string
}

// saveRollouts writes what differs from the stored rows: mostly a new deployment changes one or two of thousands.
func (db *DB) saveRollouts(tx *gorm.DB, service string, rows []rolloutRow) error {
	gone, err := storedDigests(tx, service)
	if err != nil {
		return err
	}
	changed := rows[:0:0]
	for _, row := range rows {
		key := rolloutKey{row.FinishedAt, row.ID}
		if digest, stored := gone[key]; !stored || !bytes.Equal(digest, row.Digest) {
			changed = append(changed, row)
		}
		delete(gone, key)
	}
	for key := range gone {
		err := tx.Delete(&rolloutRow{}, "service = ? AND finished_at = ? AND id = ?", service, key.finishedAt, key.id).Error
		if err != nil {
			return err
		}
	}
	return db.upsertRollouts(tx, changed)
}

// storedDigests are the digests of a service's stored rollouts.
func storedDigests(tx *gorm.DB, service string) (map[rolloutKey][]byte, error) {
	rows, err := tx.Raw("SELECT finished_at, id, digest FROM rollouts WHERE service = ?", service).Rows()
	if err != nil {
		return nil, err
	}
	defer func() { _ = rows.Close() }() // rows.Err says what went wrong
	stored := map[rolloutKey][]byte{}
	for rows.Next() {
		var key rolloutKey
		var digest []byte
		if err := rows.Scan(&key.finishedAt, &key.id, &digest); err != nil {
			return nil, err
		}
		stored[key] = digest
	}
	return stored, rows.Err()
}

const (
	insertRollouts = `INSERT INTO rollouts (service, finished_at, id, environment_kind, kind, digest, body, changes) VALUES `
	orReplace      = ` ON CONFLICT (service, finished_at, id) DO UPDATE SET environment_kind = excluded.environment_kind,` +
		` kind = excluded.kind, digest = excluded.digest, body = excluded.body, changes = excluded.changes`
	rolloutColumns = 8
)

func (r *rolloutRow) values() []any {
	return []any{r.Service, r.FinishedAt, r.ID, r.EnvironmentKind, r.Kind, r.Digest, r.Body, r.Changes}
}

// upsertRollouts writes rows with a prepared statement, past gorm whose cost per row is that of the insert itself.
func (db *DB) upsertRollouts(tx *gorm.DB, rows []rolloutRow) error {
	raw, ok := tx.Statement.ConnPool.(*sql.Tx)
	if !ok {
		return errors.New("not in a transaction")
	}
	ctx := tx.Statement.Context
	for _, size := range []int{db.dialect.rowsPerInsert, 1} {
		if len(rows) < size {
			continue
		}
		stmt, err := raw.PrepareContext(ctx, insertRollouts+db.dialect.placeholders(size, rolloutColumns)+orReplace)
		if err != nil {
			return err
		}
		defer func() { _ = stmt.Close() }() // ends with the transaction anyway
		values := make([]any, 0, size*rolloutColumns)
		for ; len(rows) >= size; rows = rows[size:] {
			values = values[:0]
			for i := range rows[:size] {
				values = append(values, rows[i].values()...)
			}
			if _, err := stmt.ExecContext(ctx, values...); err != nil {
				return err
			}
		}
	}
	return nil
}
