package store

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"sync/atomic"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"shiphabit/metrics"
)

// tallySet is what the stored tallies are made by, and where they stand.
type tallySet struct {
	id         atomic.Int64
	definition metrics.Definition
	zone       *time.Location
	complete   atomic.Bool // it was once: nothing is read from the set before any more
}

// everyService is the scope of the sums over all services.
const everyService = 0

// kindNumbers stand for kinds of environment in the rows of tallies; a number is never given to another kind.
var kindNumbers = map[metrics.EnvironmentKind]int{"": 0, metrics.Production: 1, metrics.Staging: 2, metrics.Testing: 3, metrics.Development: 4}

// openTallies finds the set of tallies of our rules, or begins it: then no service counts as derived, whatever it was before.
func (db *DB) openTallies(ctx context.Context) error {
	row := tallySetRow{Print: db.print, Zone: db.tallies.zone.String(), Definition: db.tallies.definition.Name}
	err := db.change(ctx, func(tx *gorm.DB) error {
		begun := tx.Clauses(clause.OnConflict{DoNothing: true}).Create(&row)
		if begun.Error != nil {
			return begun.Error
		}
		if begun.RowsAffected > 0 {
			if err := disown(tx, db.print); err != nil {
				return err
			}
		}
		row = tallySetRow{}
		return tx.Take(&row, "print = ?", db.print).Error
	})
	if err != nil {
		return fmt.Errorf("opening the tallies: %w", err)
	}
	db.tallies.complete.Store(row.Complete)
	db.tallies.id.Store(row.ID)
	return nil
}

// disown makes the facts derived under some rules count as out of date, because there are no tallies to them.
func disown(tx *gorm.DB, print string) error {
	return tx.Model(&serviceRow{}).Where("rules = ?", print).Update("rules", "").Error
}

// errNoSet: another program, whose rules differ, has forgotten our tallies.
var errNoSet = errors.New("the tallies were forgotten by a program with other rules")

// holdSet makes sure that the set of our tallies is there until the transaction ends.
func (db *DB) holdSet(tx *gorm.DB) error {
	var id int64
	query := "SELECT id FROM tally_sets WHERE id = ?"
	if db.dialect.lock != "" {
		query += " FOR KEY SHARE" // keeps it from being deleted, and nobody from counting in it
	}
	if err := tx.Raw(query, db.tallies.id.Load()).Scan(&id).Error; err != nil {
		return err
	}
	if id == 0 {
		return errNoSet
	}
	return nil
}

// serviceTallies are what is stored of a service beside its facts, but for the number that stands for its name.
type serviceTallies struct {
	days    []tallyRow
	since   observedRow
	outages []outageRow
}

// talliesOf is done before a transaction begins, so that nobody waits for it.
func (db *DB) talliesOf(f metrics.Facts) serviceTallies {
	days := metrics.DayTallies(f, db.tallies.definition, db.tallies.zone)
	t := serviceTallies{days: make([]tallyRow, len(days)), since: observedRow{Since: toMilli(f.Since), FirstIncident: toMilli(f.FirstIncident())}, outages: db.outagesOf(f)}
	for i := range days {
		d := &days[i]
		t.days[i] = tallyRow{Kind: kindNumbers[d.Kind], Day: d.Day, KnownBy: toMilli(d.KnownBy), Body: d.Tally.AppendCoded(nil)}
	}
	return t
}

// talliesChange is what differs for the organisation after services were saved.
type talliesChange struct {
	days     []kindDay
	observed bool // how long services are observed, or their outages
}

// mark notes it in the order in which every transaction locks these rows.
func (db *DB) mark(tx *gorm.DB, c talliesChange) error {
	if err := db.markDirty(tx, c.days); err != nil || !c.observed {
		return err
	}
	return tx.Exec("UPDATE tally_sets SET observations = observations + 1 WHERE id = ?", db.tallies.id.Load()).Error
}

// saveTallies replaces the tallies of a service and notes what differs now.
func (db *DB) saveTallies(tx *gorm.DB, service string, t serviceTallies, change *talliesChange) error {
	scope, err := scopeNumber(tx, service)
	if err != nil {
		return err
	}
	observed, err := db.saveOutages(tx, scope, t)
	if err != nil {
		return err
	}
	change.observed = change.observed || observed
	days, err := db.saveDays(tx, scope, t)
	change.days = append(change.days, days...)
	return err
}

// saveDays replaces the day tallies of a service, and tells which days differ now.
func (db *DB) saveDays(tx *gorm.DB, scope int64, t serviceTallies) ([]kindDay, error) {
	gone, err := storedTallies(tx, db.tallies.id.Load(), scope)
	if err != nil {
		return nil, err
	}
	var changed []tallyRow
	var days []kindDay
	for _, row := range t.days {
		row.SetID, row.Scope = db.tallies.id.Load(), scope
		key := kindDay{row.Kind, row.Day}
		if old, stored := gone[key]; !stored || old.KnownBy != row.KnownBy || !bytes.Equal(old.Body, row.Body) {
			changed, days = append(changed, row), append(days, key)
		}
		delete(gone, key)
	}
	for key := range gone {
		err := tx.Delete(&tallyRow{}, "set_id = ? AND scope = ? AND kind = ? AND day = ?", db.tallies.id.Load(), scope, key.kind, key.day).Error
		if err != nil {
			return nil, err
		}
		days = append(days, key)
	}
	return days, db.putTallies(tx, changed)
}

// kindDay is a day in one kind of environment, by their numbers.
type kindDay struct{ kind, day int }

func compareKindDays(a, b kindDay) int {
	if a.kind != b.kind {
		return a.kind - b.kind
	}
	return a.day - b.day
}

// scopeNumber is the number of a service, given at first sight.
func scopeNumber(tx *gorm.DB, service string) (int64, error) {
	var row tallyScopeRow
	err := tx.Take(&row, "service = ?", service).Error
	if !errors.Is(err, gorm.ErrRecordNotFound) {
		return row.ID, err
	}
	row = tallyScopeRow{Service: service}
	if err := tx.Clauses(clause.OnConflict{DoNothing: true}).Create(&row).Error; err != nil {
		return 0, err
	}
	err = tx.Take(&row, "service = ?", service).Error
	return row.ID, err
}

func storedTallies(tx *gorm.DB, set, scope int64) (map[kindDay]tallyRow, error) {
	var rows []tallyRow
	err := tx.Find(&rows, "set_id = ? AND scope = ?", set, scope).Error
	byDay := make(map[kindDay]tallyRow, len(rows))
	for _, row := range rows {
		byDay[kindDay{row.Kind, row.Day}] = row
	}
	return byDay, err
}

const (
	putTally = `INSERT INTO tallies (set_id, scope, kind, day, known_by, body) VALUES (?, ?, ?, ?, ?, ?)
		ON CONFLICT (set_id, scope, kind, day) DO UPDATE SET known_by = excluded.known_by, body = excluded.body`
	putDirty = `INSERT INTO dirty_days (set_id, kind, day, marks) VALUES (?, ?, ?, ?)
		ON CONFLICT (set_id, kind, day) DO UPDATE SET marks = excluded.marks`
)

// tallyRowsPerStatement stays far below the number of parameters that a statement takes.
const tallyRowsPerStatement = 200

func (db *DB) putTallies(tx *gorm.DB, rows []tallyRow) error {
	if db.dialect.rowsPerInsert > 1 {
		if len(rows) == 0 {
			return nil
		}
		return tx.Clauses(clause.OnConflict{UpdateAll: true}).CreateInBatches(rows, tallyRowsPerStatement).Error
	}
	return eachPrepared(tx, putTally, rows, func(r tallyRow) []any { return []any{r.SetID, r.Scope, r.Kind, r.Day, r.KnownBy, r.Body} })
}

// markDirty marks days of the organisation, all of a transaction at once and in order, so that two processes lock rows in the same order. A mark that is there is
// written again, with a number that no other mark has: whoever is adding up the day at this moment will not have seen our rows, and must
// not take the mark away.
func (db *DB) markDirty(tx *gorm.DB, days []kindDay) error {
	slices.SortFunc(days, compareKindDays)
	days = slices.Compact(days)
	mark := rand.Int64() //nolint:gosec // to tell marks apart, not secret
	if db.dialect.rowsPerInsert > 1 {
		rows := make([]dirtyDayRow, len(days))
		for i, d := range days {
			rows[i] = dirtyDayRow{SetID: db.tallies.id.Load(), Kind: d.kind, Day: d.day, Marks: mark}
		}
		if len(rows) == 0 {
			return nil
		}
		again := clause.OnConflict{Columns: []clause.Column{{Name: "set_id"}, {Name: "kind"}, {Name: "day"}},
			DoUpdates: clause.AssignmentColumns([]string{"marks"})}
		return tx.Clauses(again).CreateInBatches(rows, namesPerStatement).Error
	}
	return eachPrepared(tx, putDirty, days, func(d kindDay) []any { return []any{db.tallies.id.Load(), d.kind, d.day, mark} })
}

// eachPrepared runs a prepared statement for each row: the fastest way where the database runs in this process.
func eachPrepared[Row any](tx *gorm.DB, statement string, rows []Row, values func(Row) []any) error {
	if len(rows) == 0 {
		return nil
	}
	raw, ok := tx.Statement.ConnPool.(*sql.Tx)
	if !ok {
		return errors.New("not in a transaction")
	}
	ctx := tx.Statement.Context
	stmt, err := raw.PrepareContext(ctx, statement)
	if err != nil {
		return err
	}
	defer func() { _ = stmt.Close() }() // ends with the transaction anyway
	for _, row := range rows {
		if _, err := stmt.ExecContext(ctx, values(row)...); err != nil {
			return err
		}
	}
	return nil
}

// eachTally runs a query for scope, kind, day, known_by and body.
func (db *DB) eachTally(query *gorm.DB, yield func(tallyRow) error) error {
	rows, err := query.Rows()
	if err != nil {
		return err
	}
	defer func() { _ = rows.Close() }() // rows.Err says what went wrong
	for rows.Next() {
		var r tallyRow
		var body sql.RawBytes
		if err := rows.Scan(&r.Scope, &r.Kind, &r.Day, &r.KnownBy, &body); err != nil {
			return err
		}
		if r.Body = body; !db.dialect.ownBytes {
			r.Body = bytes.Clone(body)
		}
		if err := yield(r); err != nil {
			return err
		}
	}
	return rows.Err()
}
