package store

import (
	"context"
	"database/sql"
	"encoding/hex"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"gorm.io/gorm"

	"shiphabit/metrics"
)

// Appended counts what came of events: how many revisions are new, and how many were stored before.
type Appended struct{ New, Known int }

// Append stores events that are not stored yet and marks the services they concern as out of date, all or nothing.
// The same events again change nothing, in whatever order or company they come.
func (db *DB) Append(ctx context.Context, events []metrics.Event) (Appended, error) {
	if err := db.bulkhead.enter(ctx); err != nil {
		return Appended{}, err
	}
	defer db.bulkhead.leave()
	rows, err := db.eventRows(events)
	if err != nil {
		return Appended{}, err
	}
	var done Appended
	err = db.change(ctx, func(tx *gorm.DB) error {
		done, err = db.append(tx, rows)
		return err
	})
	if err != nil {
		return Appended{}, fmt.Errorf("storing %d events: %w", len(events), err)
	}
	return done, nil
}

// digestSize is how much of a revision's digest is stored: with it, two revisions do not meet by chance, nor can they be made to.
const digestSize = 16

// eventRows is done before the transaction begins, so that nobody waits for it.
func (db *DB) eventRows(events []metrics.Event) ([]eventRow, error) {
	now := toMilli(db.clock())
	rows := make([]eventRow, len(events))
	for i, e := range events {
		if err := storable(e); err != nil {
			return nil, err
		}
		e, err := metrics.HidePeople(e, db.people, db.rules.Bots)
		if err != nil {
			return nil, fmt.Errorf("event %q: %w", e.Key.String(), err)
		}
		s, err := scopeOf(e)
		if err != nil {
			return nil, err
		}
		digest := e.Digest()
		rows[i] = eventRow{
			Source: e.Source, Type: string(e.Type), Repository: e.Repository, ID: e.ID, Digest: digest[:digestSize],
			UpdatedAt: toMilli(e.UpdatedAt), Sequence: e.Sequence, Payload: pack(e.Payload), RecordedAt: now, Live: e.Live,
			Service: s.service, BuiltFrom: s.builtFrom, Reference: s.reference, clears: clearsRepository(e),
		}
	}
	return rows, nil
}

// storable refuses text that one of the databases would refuse, so that both hold the same.
func storable(e metrics.Event) error {
	for _, text := range []string{e.Source, e.Repository, e.ID, string(e.Payload)} {
		if !utf8.ValidString(text) || strings.ContainsRune(text, 0) {
			return fmt.Errorf("event %q: its text is not valid UTF-8 or holds a zero character; send it as UTF-8", e.String())
		}
	}
	return nil
}

// append stores the rows and counts those that are new.
func (db *DB) append(tx *gorm.DB, rows []eventRow) (Appended, error) {
	fresh, err := db.appendFresh(tx, rows)
	if err != nil {
		return Appended{}, err
	}
	return Appended{New: len(fresh), Known: len(rows) - len(fresh)}, nil
}

// appendFresh inserts the rows, touches the services of those that are new and counts these for their sources. It returns them.
func (db *DB) appendFresh(tx *gorm.DB, rows []eventRow) ([]eventRow, error) {
	if len(rows) == 0 {
		return nil, nil
	}
	if err := db.takeTurn(tx); err != nil {
		return nil, err
	}
	last, err := lastSeq(tx)
	if err != nil {
		return nil, err
	}
	fresh, err := db.insert(tx, rows)
	if err != nil {
		return nil, err
	}
	if err := touch(tx, fresh, last); err != nil {
		return nil, err
	}
	return fresh, countBrought(tx, fresh)
}

// takeTurn waits until nobody else adds events, so that the services they concern are known. PostgreSQL plans the statements that follow
// each time: a plan that it made and kept while there were few events reads the whole table for every batch once there are many.
func (db *DB) takeTurn(tx *gorm.DB) error {
	if db.dialect.lock == "" {
		return nil
	}
	return tx.Exec("SELECT set_config('plan_cache_mode', 'force_custom_plan', true) FROM turns WHERE name = 'events' FOR UPDATE").Error
}

// lastSeq is the sequence number of the event stored last.
func lastSeq(tx *gorm.DB) (last int64, err error) {
	err = tx.Raw("SELECT coalesce(max(seq), 0) FROM events").Scan(&last).Error
	return last, err
}

// insert writes rows with a prepared statement, past gorm whose cost per row is that of the insert itself. It returns those
// that were not there.
func (db *DB) insert(tx *gorm.DB, rows []eventRow) ([]eventRow, error) {
	raw, ok := tx.Statement.ConnPool.(*sql.Tx)
	if !ok {
		return nil, errors.New("not in a transaction")
	}
	ctx := tx.Statement.Context
	if db.dialect.rowsPerInsert == 1 {
		return db.insertEach(ctx, raw, rows)
	}
	return db.insertMany(ctx, raw, rows)
}

const (
	columnsOfEvents = `source, type, repository, id, digest, updated_at, sequence, payload, recorded_at, live, service, built_from, reference`
	insertEvents    = `INSERT INTO events (` + columnsOfEvents + `) VALUES `
	orNothing       = ` ON CONFLICT DO NOTHING`
	eventColumns    = 13
)

func (e *eventRow) values() []any {
	return []any{e.Source, e.Type, e.Repository, e.ID, e.Digest, e.UpdatedAt, e.Sequence, e.Payload, e.RecordedAt, e.Live,
		e.Service, e.BuiltFrom, e.Reference}
}

func (db *DB) insertEach(ctx context.Context, tx *sql.Tx, rows []eventRow) ([]eventRow, error) {
	stmt, err := tx.PrepareContext(ctx, insertEvents+db.dialect.placeholders(1, eventColumns)+orNothing)
	if err != nil {
		return nil, err
	}
	defer func() { _ = stmt.Close() }() // ends with the transaction anyway
	fresh := make([]eventRow, 0, len(rows))
	for i := range rows {
		done, err := stmt.ExecContext(ctx, rows[i].values()...)
		if err != nil {
			return nil, err
		}
		if n, err := done.RowsAffected(); err != nil {
			return nil, err
		} else if n > 0 {
			fresh = append(fresh, rows[i])
		}
	}
	return fresh, nil
}

// insertMany sends many rows with each statement; the database answers with the digests of those it took.
func (db *DB) insertMany(ctx context.Context, tx *sql.Tx, rows []eventRow) ([]eventRow, error) {
	var stmt *sql.Stmt
	prepared := 0
	fresh := make([]eventRow, 0, len(rows))
	for len(rows) > 0 {
		part := rows[:min(db.dialect.rowsPerInsert, len(rows))]
		rows = rows[len(part):]
		if len(part) != prepared {
			query := insertEvents + db.dialect.placeholders(len(part), eventColumns) + orNothing + " RETURNING digest"
			var err error
			if stmt, err = tx.PrepareContext(ctx, query); err != nil {
				return nil, err
			}
			defer func(s *sql.Stmt) { _ = s.Close() }(stmt) // at most two: full parts and the last
			prepared = len(part)
		}
		taken, err := takenBy(ctx, stmt, part)
		if err != nil {
			return nil, err
		}
		for _, row := range part {
			if key := string(row.Digest); taken[key] {
				fresh = append(fresh, row)
				delete(taken, key) // the same event twice in one part is new once
			}
		}
	}
	return fresh, nil
}

func takenBy(ctx context.Context, stmt *sql.Stmt, part []eventRow) (map[string]bool, error) {
	values := make([]any, 0, len(part)*eventColumns)
	for i := range part {
		values = append(values, part[i].values()...)
	}
	answer, err := stmt.QueryContext(ctx, values...)
	if err != nil {
		return nil, err
	}
	defer func() { _ = answer.Close() }() // answer.Err says what went wrong
	taken := make(map[string]bool, len(part))
	for answer.Next() {
		var digest []byte
		if err := answer.Scan(&digest); err != nil {
			return nil, err
		}
		taken[string(digest)] = true
	}
	return taken, answer.Err()
}

// placeholders is "($1, …), ($14, …)" for so many rows, or "(?, …)" where the database numbers none.
func (d dialect) placeholders(rows, columns int) string {
	var b strings.Builder
	for i := range rows * columns {
		switch {
		case i == 0:
			b.WriteString("(")
		case i%columns == 0:
			b.WriteString("), (")
		default:
			b.WriteString(", ")
		}
		if d.name == sqliteDialect.name {
			b.WriteString("?")
		} else {
			b.WriteString("$" + strconv.Itoa(i+1))
		}
	}
	return b.String() + ")"
}

// hexDigest names content by its SHA-256.
func hexDigest(sum [32]byte) string { return "sha256:" + hex.EncodeToString(sum[:]) }
