package store

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"gorm.io/gorm"

	"shiphabit/metrics"
	"shiphabit/metrics/gate"
)

// olderRow is the only one of its table.
type olderRow struct {
	ID int64 `gorm:"primaryKey"`
	At *int64
}

func (olderRow) TableName() string { return "older_since" }

// openOlder reads since when records of other services matter to the meters of new ones, and notes it where nobody did.
func (db *DB) openOlder(ctx context.Context) error {
	var row olderRow
	err := db.change(ctx, func(tx *gorm.DB) error {
		if err := tx.Exec("UPDATE older_since SET at = ? WHERE id = ? AND at IS NULL", toMilli(db.now()), theOnlyRow).Error; err != nil {
			return err
		}
		return tx.Take(&row, "id = ?", theOnlyRow).Error
	})
	if err != nil {
		return fmt.Errorf("reading since when new services are held against older ones: %w", err)
	}
	db.olderSince = fromMilli(*row.At)
	return nil
}

// Older is the service with the oldest record among those that a service shares code with; nil where none has one that is old enough, and for
// a service whose own record is from before that was minded.
func (db *DB) Older(ctx context.Context, service string) (*gate.Older, error) {
	return db.OlderUnder(ctx, db.sharing, service)
}

// OlderUnder is Older where the services are declared otherwise than for this database.
func (db *DB) OlderUnder(ctx context.Context, sharing metrics.Sharing, service string) (*gate.Older, error) {
	with := sharing.With(service)
	if len(with) == 0 {
		return nil, nil //nolint:nilnil // there is none
	}
	var found soughtOlder
	err := db.look(ctx, func(tx *gorm.DB) error {
		own, err := db.firstPlanned(tx, []string{service})
		if err == nil {
			found, err = db.seekOlder(tx, own, with)
		}
		return err
	})
	return found.older, err
}

// soughtOlder is what was found for a service, of the day on which it was looked for.
type soughtOlder struct {
	older *gate.Older
	// begun: the service has a record of its own, and what was found changes only with the records.
	begun bool
	day   time.Time
}

// lasts tells whether it need not be looked for anew at an instant. Where none was found for a service without a record, any day, and any
// import, may bring one.
func (s soughtOlder) lasts(at time.Time) bool {
	return (s.begun || s.older != nil) && s.day.Equal(at.UTC().Truncate(24*time.Hour))
}

// older is what a decision needs: it is looked for once a day and derivation, and only for services that share code.
func (db *DB) older(tx *gorm.DB, row serviceRow, name string) (*gate.Older, error) {
	return db.olderThan(tx, row, name, nil)
}

// olderThan is older for a service whose facts are not stored yet, nil where they are.
func (db *DB) olderThan(tx *gorm.DB, row serviceRow, name string, unsaved *metrics.Facts) (*gate.Older, error) {
	if kept, found := db.olders.get(name, row.Derived); found && kept.lasts(db.now()) {
		return kept.older, nil
	}
	with := db.sharing.With(name)
	if len(with) == 0 {
		return nil, nil //nolint:nilnil // there is none
	}
	own, err := db.ownFirst(tx, name, unsaved)
	if err != nil {
		return nil, err
	}
	sought, err := db.seekOlder(tx, own, with)
	if err == nil && sought.lasts(db.now()) && db.ours(row) {
		db.olders.put(name, row.Derived, sought, 1)
	}
	return sought.older, err
}

// seekOlder looks for one that is older than a record with this first deployment, or none.
func (db *DB) seekOlder(tx *gorm.DB, own []firstRow, with []metrics.Shared) (sought soughtOlder, err error) {
	begins := db.now()
	sought.day = begins.UTC().Truncate(24 * time.Hour)
	if len(own) > 0 {
		begins, sought.begun = fromMilli(own[0].FinishedAt), true
	}
	if sought.begun && begins.Before(db.olderSince) {
		return sought, nil // it keeps the meter that it has
	}
	sought.older, err = db.oldest(tx, with, begins)
	if errors.Is(err, gorm.ErrRecordNotFound) { // one that was found a while ago has become another one since
		db.firsts.keep(nil, time.Time{})
		sought.older, err = db.oldest(tx, with, begins)
	}
	return sought, err
}

// oldest is the first of services that is old enough for one that begins at an instant.
func (db *DB) oldest(tx *gorm.DB, with []metrics.Shared, begins time.Time) (*gate.Older, error) {
	shared := make(map[string]metrics.Shared, len(with))
	names := make([]string, len(with))
	for i, one := range with {
		shared[one.Service], names[i] = one, one.Service
	}
	firsts, err := db.firstsOf(tx, names)
	if err != nil {
		return nil, err
	}
	for _, first := range firsts {
		one, asked := shared[first.Service]
		o := &gate.Older{Service: one.Service, Repository: one.Repository, Path: one.Path, Since: fromMilli(first.FinishedAt)}
		if !o.Precedes(begins) {
			break // those after it are no older
		}
		if !asked {
			continue
		}
		if o.Since, err = db.knownSince(tx, first); err != nil {
			return nil, err
		}
		if o.Precedes(begins) {
			return o, nil
		}
	}
	return nil, nil //nolint:nilnil // there is none
}

// fewShare is up to how many services are looked up one by one. Of more, what was found of all services within the last firstsLast will do: where
// a whole organisation shares one repository, thousands of services would else each look through thousands.
const (
	fewShare   = 64
	firstsLast = 30 * time.Second
)

// firsts are the first deployments of all services as they were at a time.
type firsts struct {
	mu   sync.Mutex
	at   time.Time
	rows []firstRow
}

// firstsOf are the first deployments of services, the earliest first; where many are asked about, those of others stand among them.
func (db *DB) firstsOf(tx *gorm.DB, services []string) ([]firstRow, error) {
	if len(services) <= fewShare {
		return db.firstPlanned(tx, services)
	}
	began := db.now()
	if rows, recent := db.firsts.of(began); recent {
		return rows, nil
	}
	rows, err := firstOf(tx, "services")
	if err == nil {
		db.firsts.keep(rows, began)
	}
	return rows, err
}

// of gives what was found shortly before an instant. Nobody waits here for one who looks: that one may need the very connection that those who
// wait hold.
func (f *firsts) of(now time.Time) (rows []firstRow, recent bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	age := now.Sub(f.at)
	return f.rows, age >= 0 && age < firstsLast
}

// keep keeps what was found at an instant; found at none it is not used again.
func (f *firsts) keep(rows []firstRow, at time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.rows, f.at = rows, at
}

// firstRow is the first planned deployment of a service to production that was known, whatever corrections say since.
type firstRow struct {
	Service    string
	FinishedAt int64
	KnownAt    *int64 // nil where the facts do not say it yet
}

// firstPlanned finds the first planned deployments of services to production.
func (db *DB) firstPlanned(tx *gorm.DB, services []string) ([]firstRow, error) {
	names, err := json.Marshal(services)
	if err != nil {
		return nil, err
	}
	return firstOf(tx, db.dialect.namesOfJSON(), string(names))
}

// planned are the kinds of a planned deployment.
func planned() []string { return []string{string(metrics.Planned), string(metrics.Reapply)} }

// ownFirst finds that of a service, in its facts where they are not stored yet.
func (db *DB) ownFirst(tx *gorm.DB, service string, unsaved *metrics.Facts) ([]firstRow, error) {
	if unsaved == nil {
		return db.firstPlanned(tx, []string{service})
	}
	if at, known := unsaved.FirstPlanned(); !at.IsZero() {
		return []firstRow{{service, toMilli(at), new(toMilli(known))}}, nil
	}
	return nil, nil
}

// firstOf finds them for the names of a table, the earliest first. Where the facts do not say it yet, of each service a few rows are read, from the start of its rollouts: a join
// would let the database begin with the rollouts of all.
func firstOf(tx *gorm.DB, table string, given ...any) ([]firstRow, error) {
	var found []struct {
		Service               string
		First, Known, Rollout *int64
	}
	query := `SELECT n.name AS service, a.first_planned AS first, a.first_planned_known AS known, CASE WHEN a.first_planned IS NULL THEN
		(SELECT f.finished_at FROM rollouts f WHERE f.service = n.name AND f.environment_kind = ? AND f.kind IN ? ORDER BY f.finished_at LIMIT 1) END AS rollout
		FROM ` + table + " n LEFT JOIN facts a ON a.service = n.name"
	if err := tx.Raw(query, append([]any{string(metrics.Production), planned()}, given...)...).Scan(&found).Error; err != nil {
		return nil, fmt.Errorf("looking for first deployments: %w", err)
	}
	rows := make([]firstRow, 0, len(found))
	for _, f := range found {
		switch {
		case f.First != nil && *f.First != 0:
			rows = append(rows, firstRow{f.Service, *f.First, f.Known})
		case f.First == nil && f.Rollout != nil:
			rows = append(rows, firstRow{f.Service, *f.Rollout, nil})
		}
	}
	slices.SortFunc(rows, func(a, b firstRow) int {
		return cmp.Or(cmp.Compare(a.FinishedAt, b.FinishedAt), cmp.Compare(a.Service, b.Service))
	})
	return rows, nil
}

// namesOfJSON is a list of names given as one JSON text.
func (d dialect) namesOfJSON() string {
	if d.name == postgresDialect.name {
		return "(SELECT e AS name FROM json_array_elements_text(CAST(? AS json)) AS e)"
	}
	return "(SELECT value AS name FROM json_each(?))"
}

// numbersOfJSON is a list of whole numbers given as one JSON text.
func (d dialect) numbersOfJSON() string {
	if d.name == postgresDialect.name {
		return "(SELECT CAST(e AS bigint) FROM json_array_elements_text(CAST(? AS json)) AS e)"
	}
	return "(SELECT value FROM json_each(?))"
}

// knownSince is when a deployment was known; gorm.ErrRecordNotFound where it is not the first one any more.
func (db *DB) knownSince(tx *gorm.DB, of firstRow) (time.Time, error) {
	if of.KnownAt != nil {
		now, err := db.firstPlanned(tx, []string{of.Service})
		if err == nil && (len(now) == 0 || now[0].FinishedAt != of.FinishedAt || now[0].KnownAt == nil) {
			err = gorm.ErrRecordNotFound
		}
		if err != nil {
			return time.Time{}, fmt.Errorf("reading the first deployment of %s: %w", of.Service, err)
		}
		return fromMilli(*now[0].KnownAt), nil
	}
	var row rolloutRow
	err := tx.Select("service", "body").Order("id").Limit(1).
		Take(&row, "service = ? AND finished_at = ? AND environment_kind = ? AND kind IN ?", of.Service, of.FinishedAt, string(metrics.Production), planned()).Error
	if err != nil {
		return time.Time{}, fmt.Errorf("reading the first deployment of %s: %w", of.Service, err)
	}
	r, err := encoded{service: []byte(row.Service), body: row.Body}.rollout()
	if err != nil {
		return time.Time{}, err
	}
	if r.KnownAt.After(r.FinishedAt) {
		return r.KnownAt.UTC(), nil
	}
	return r.FinishedAt.UTC(), nil
}
