package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
	"gorm.io/driver/postgres"
	"gorm.io/gorm"
)

// ErrOutage says that the database is there and cannot do its work, because its disk is full, its file is damaged, or somebody else holds it.
var ErrOutage = errors.New("the database cannot do its work")

const (
	// beginMilli is how long a change waits within SQLite for another process before it looks whether its caller still wants it.
	beginMilli = "200"
	// pulseMilli is how long a ping waits for another process that writes, in milliseconds.
	pulseMilli = "300"
	// lockMilli is how long a decision waits on PostgreSQL for a row that somebody else has locked, in milliseconds.
	lockMilli = "1000"
)

// sqliteOutages are the primary result codes of SQLite that say so, https://www.sqlite.org/rescode.html: busy, locked, read-only, I/O
// error, corrupt, full, cannot open, not a database.
var sqliteOutages = []int{5, 6, 8, 10, 11, 13, 14, 26}

// postgresOutages are the beginnings of PostgreSQL's codes that say so, https://www.postgresql.org/docs/current/errcodes-appendix.html:
// connection exceptions, a transaction that may only read, insufficient resources such as the disk's, a lock that cannot be had, a server
// that starts or stops, an I/O error, damaged data.
var postgresOutages = []string{"08", "25006", "53", "55P03", "57P03", "58030", "XX001", "XX002"}

// outage marks an error that says that the database cannot do its work.
func outage(err error) error {
	if err == nil || errors.Is(err, ErrOutage) {
		return err
	}
	var refused *pgconn.PgError
	code, ofSQLite := sqliteCode(err)
	switch {
	case ofSQLite && slices.Contains(sqliteOutages, code&0xff):
	case errors.As(err, &refused) && slices.ContainsFunc(postgresOutages, func(p string) bool { return strings.HasPrefix(refused.Code, p) }):
	default:
		return err
	}
	return fmt.Errorf("%w: %w", ErrOutage, err)
}

// busy reports whether SQLite says that another process holds the database.
func busy(err error) bool {
	code, ofSQLite := sqliteCode(err)
	return ofSQLite && code&0xff == 5
}

// postgresDialector is gorm's with outages marked.
type postgresDialector struct{ *postgres.Dialector }

// Translate marks outages.
func (d postgresDialector) Translate(err error) error { return outage(d.Dialector.Translate(err)) }

// writes is what is known of the changes of this process.
type writes struct {
	underway atomic.Int64 // changes that have the database
	commits  atomic.Int64 // changes that ended well …
	checked  atomic.Int64 // … of which so many were there at the last checkpoint
	mu       sync.Mutex
	trouble  error // of the last one, when the database could not do it
}

func (w *writes) note(err error) {
	if err != nil && !errors.Is(err, ErrOutage) {
		return // it has done its work, and refused
	}
	if err == nil {
		w.commits.Add(1)
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.trouble = err
}

func (w *writes) last() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.trouble
}

// change runs do in one writing transaction. ErrOutage when the database cannot write. While another process writes to the same file it
// waits, and stops waiting when its caller does.
func (db *DB) change(ctx context.Context, do func(tx *gorm.DB) error) error {
	if db.dialect.name != sqliteDialect.name {
		return db.changeOn(db.write.WithContext(ctx), do)
	}
	if err := db.door.enter(ctx); err != nil {
		return err
	}
	defer db.door.leave()
	return db.onWriter(ctx, beginMilli, func(one *gorm.DB) error {
		for began, until := false, time.Now().Add(busyWait); ; {
			err := db.changeOn(one, func(tx *gorm.DB) error { began = true; return do(tx) })
			if began || !busy(err) || ctx.Err() != nil || time.Now().After(until) {
				return err
			}
		}
	})
}

// onWriter has do use SQLite's writing connection, statements of which wait so many milliseconds for whoever else holds the database.
func (db *DB) onWriter(ctx context.Context, milli string, do func(one *gorm.DB) error) error {
	return outage(db.write.WithContext(ctx).Connection(func(one *gorm.DB) error {
		one = one.Session(&gorm.Session{NewDB: true, Context: ctx})
		if err := one.Exec("PRAGMA busy_timeout = " + milli).Error; err != nil {
			return err
		}
		defer one.WithContext(context.WithoutCancel(ctx)).Exec("PRAGMA busy_timeout = " + busyMilli)
		return do(one)
	}))
}

// changeOn runs do in one transaction, and notes how it went.
func (db *DB) changeOn(g *gorm.DB, do func(tx *gorm.DB) error) error {
	began := false
	defer func() {
		if began {
			db.writes.underway.Add(-1)
		}
	}()
	err := outage(g.Transaction(func(tx *gorm.DB) error {
		began = true
		db.writes.underway.Add(1)
		return do(tx)
	}))
	if began || !busy(err) {
		db.writes.note(err)
	}
	return err
}

// Ping reports whether the database answers and can be written to, however busy its other connections are.
func (db *DB) Ping(ctx context.Context) error {
	if err := db.reach(ctx); err != nil {
		return err
	}
	if trouble := db.writes.last(); trouble != nil {
		if err := db.tryToWrite(ctx); err != nil {
			return fmt.Errorf("it could not be written to: %w", err)
		}
		db.writes.note(nil)
		return nil
	}
	if db.dialect.name != sqliteDialect.name || db.writes.underway.Load() > 0 {
		return nil
	}
	err := db.changeOn(db.pulse.WithContext(ctx), func(*gorm.DB) error { return errTried })
	if errors.Is(err, errTried) || db.writes.underway.Load() > 0 {
		return nil
	}
	return fmt.Errorf("it is held by another process: %w", err)
}

// errTried undoes what was only tried.
var errTried = errors.New("it was only tried")

// tryToWrite takes some room and gives it back.
func (db *DB) tryToWrite(ctx context.Context) error {
	return outage(db.pulse.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
		row := documentRow{Digest: "a trial of the disk", Body: make([]byte, 64<<10)}
		if err := tx.Save(&row).Error; err != nil {
			return err
		}
		return tx.Delete(&row).Error
	}))
}

// reach reports whether the database answers at all.
func (db *DB) reach(ctx context.Context) error {
	pool, err := db.pulse.DB()
	if err != nil {
		return err
	}
	return pool.PingContext(ctx)
}
