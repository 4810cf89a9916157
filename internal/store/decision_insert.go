package store

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"sync"

	"gorm.io/gorm"
)

// digests remembers which documents are stored: they are never taken out, so that nothing need be sent twice.
type digests struct {
	mu   sync.Mutex
	kept map[string]bool
}

// keptDigests bounds what is remembered: beyond it the remembering begins anew.
const keptDigests = 100_000

func (d *digests) add(all []*logging) {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.kept == nil || len(d.kept) >= keptDigests {
		d.kept = map[string]bool{}
	}
	for _, one := range all {
		for _, document := range one.documents {
			d.kept[document.Digest] = true
		}
	}
}

// forget: a database that was put back to an earlier state, or that another one stands in for, may not have what was stored.
func (d *digests) forget() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.kept = nil
}

// fresh are the documents that may not be stored yet, each once, by their digests.
func (d *digests) fresh(all []*logging) []documentRow {
	d.mu.Lock()
	defer d.mu.Unlock()
	var fresh []documentRow
	for _, one := range all {
		for _, document := range one.documents {
			if !d.kept[document.Digest] {
				fresh = append(fresh, document)
			}
		}
	}
	slices.SortFunc(fresh, func(a, b documentRow) int { return cmp.Compare(a.Digest, b.Digest) })
	return slices.CompactFunc(fresh, func(a, b documentRow) bool { return a.Digest == b.Digest })
}

const (
	insertDocument = "INSERT INTO documents (digest, body) VALUES (?, ?) ON CONFLICT DO NOTHING"
	insertDecision = `INSERT INTO decisions (id, caller, key, previous, service, environment, verdict, probe, at, snapshot, policy, body, kind)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING`

	// onTheDisk has PostgreSQL bring what is committed to the disk first, where it is set not to.
	onTheDisk = `SELECT CASE current_setting('synchronous_commit') WHEN 'off' THEN set_config('synchronous_commit', 'on', true) END`

	// insertAllLogged is one round trip for as many decisions as there are, and a transaction of its own.
	insertAllLogged = `WITH kept AS (
			INSERT INTO documents (digest, body) SELECT * FROM unnest($1::text[], $2::bytea[]) ON CONFLICT DO NOTHING
		), logged AS (
			INSERT INTO decisions (id, caller, key, previous, service, environment, verdict, probe, at, snapshot, policy, body, kind)
			SELECT * FROM unnest($3::text[], $4::text[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[], $10::boolean[], $11::bigint[],
				$12::text[], $13::text[], $14::text[], $15::text[])
			ON CONFLICT DO NOTHING RETURNING id, seq
		)
		SELECT id, seq FROM logged CROSS JOIN (` + onTheDisk + `) durable`
)

// logStatements are prepared on the one writing connection of SQLite, where a prepared single row is fastest.
type logStatements struct{ document, decision *sql.Stmt }

func (db *DB) prepareLog(ctx context.Context) (err error) {
	if db.dialect.lock != "" {
		return nil
	}
	pool, err := db.write.DB()
	if err != nil {
		return err
	}
	for query, to := range map[string]**sql.Stmt{
		insertDocument: &db.statements.document, insertDecision: &db.statements.decision,
	} {
		if *to, err = pool.PrepareContext(ctx, query); err != nil { //nolint:sqlclosecheck // closed with the pool
			return fmt.Errorf("preparing the log of decisions: %w", err)
		}
	}
	return nil
}

// insertLog writes decisions with what belongs to them; one whose id or key is taken it leaves out and marks.
func (db *DB) insertLog(ctx context.Context, on gorm.ConnPool, all []*logging) error {
	for _, one := range all {
		one.taken = true
	}
	if db.dialect.lock != "" {
		return db.logMany(ctx, on, all)
	}
	tx, within := on.(*sql.Tx)
	if !within {
		return errors.New("decisions are logged within a transaction")
	}
	//nolint:sqlclosecheck // closed with the transaction
	document, decision := tx.StmtContext(ctx, db.statements.document), tx.StmtContext(ctx, db.statements.decision)
	for _, d := range db.kept.fresh(all) {
		if _, err := document.ExecContext(ctx, d.Digest, d.Body); err != nil {
			return err
		}
	}
	for _, one := range all {
		r := &one.row
		done, err := decision.ExecContext(ctx, r.ID, r.Caller, r.Key, r.Previous, r.Service, r.Environment, r.Verdict, r.Probe, r.At, r.Snapshot, r.Policy, one.body, one.kind)
		if err != nil {
			return err
		}
		n, err := done.RowsAffected()
		if err != nil {
			return err
		}
		if one.taken = n == 0; one.taken {
			continue
		}
		if r.Seq, err = done.LastInsertId(); err != nil {
			return err
		}
	}
	return nil
}

// logMany sends all in one statement, in an order that is the same for all who send some: who meets a key that another transaction is
// about to take waits for it, and no two may wait for each other.
func (db *DB) logMany(ctx context.Context, on gorm.ConnPool, all []*logging) error {
	documents := db.kept.fresh(all)
	sorted := slices.Clone(all)
	slices.SortFunc(sorted, func(a, b *logging) int {
		return cmp.Or(cmp.Compare(a.row.Caller, b.row.Caller), cmp.Compare(a.row.Key, b.row.Key), cmp.Compare(a.row.Previous, b.row.Previous))
	})
	text := func(of func(*logging) string) []string { return columnOf(sorted, of) }
	rows, err := on.QueryContext(ctx, insertAllLogged,
		columnOf(documents, func(d documentRow) string { return d.Digest }),
		columnOf(documents, func(d documentRow) []byte { return d.Body }),
		text(func(o *logging) string { return o.row.ID }),
		text(func(o *logging) string { return o.row.Caller }),
		text(func(o *logging) string { return o.row.Key }),
		text(func(o *logging) string { return o.row.Previous }),
		text(func(o *logging) string { return o.row.Service }),
		text(func(o *logging) string { return o.row.Environment }),
		text(func(o *logging) string { return o.row.Verdict }),
		columnOf(sorted, func(o *logging) bool { return o.row.Probe }),
		columnOf(sorted, func(o *logging) int64 { return o.row.At }),
		text(func(o *logging) string { return o.row.Snapshot }),
		text(func(o *logging) string { return o.row.Policy }),
		text(func(o *logging) string { return string(o.body) }),
		text(func(o *logging) string { return o.kind }),
	)
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }()
	for rows.Next() {
		var id string
		var seq int64
		if err := rows.Scan(&id, &seq); err != nil {
			return err
		}
		for _, one := range all {
			if one.row.ID == id && one.taken {
				one.row.Seq, one.taken = seq, false
				break
			}
		}
	}
	return rows.Err()
}

func columnOf[T, V any](rows []T, of func(T) V) []V {
	values := make([]V, len(rows))
	for i, row := range rows {
		values[i] = of(row)
	}
	return values
}
