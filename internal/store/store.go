// Package store keeps events, the facts derived from them, decisions, survey rounds and access in SQLite or PostgreSQL.
// It is the only package that knows a database. It makes no figure and judges nothing.
package store

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"gorm.io/gorm"

	"shiphabit/metrics"
)

// The kinds of error a caller can act on.
var (
	// ErrNotFound: nothing is stored under that name.
	ErrNotFound = errors.New("not found")
	// ErrMoved: the cursor no longer stands where the caller thought; another process was faster and nothing was saved.
	ErrMoved = errors.New("the cursor has moved")
	// ErrDuplicate: something is already stored under that identity, and it is not replaced.
	ErrDuplicate = errors.New("already there")
	// ErrNewer: the database was written by a newer program.
	ErrNewer = errors.New("written by a newer shiphabit")
)

// duplicate is an ErrDuplicate that says in its own words what is there.
func duplicate(format string, args ...any) error {
	return inWords{fmt.Sprintf(format, args...), ErrDuplicate}
}

// inWords is an error of a kind, without the kind's own words behind it.
type inWords struct {
	says string
	kind error
}

func (e inWords) Error() string { return e.says }
func (e inWords) Unwrap() error { return e.kind }

// Options are what a store needs from its surroundings.
type Options struct {
	// Rules turn events into facts. Facts made under other rules count as out of date.
	Rules metrics.Rules
	// Configuration names the file that the rules are of; empty where they are the defaults because none was named, and Unnamed then says
	// what becomes of a database that is kept under one.
	Configuration string
	Unnamed       Unnamed
	// Sources are the sources that are read, by name: those that can be late. What is only pushed is none of them.
	Sources []string
	// Definition and Zone are those that figures are asked for in, nearly always: their tallies are stored. The defaults are
	// DORA and UTC.
	Definition metrics.Definition
	Zone       *time.Location
	// Logger reports work worth knowing about, such as a migration; nil is silent.
	Logger *slog.Logger
	// Clock says when something was recorded; nil is the system's clock.
	Clock func() time.Time
}

// DB is an open database. Its methods may be called from many goroutines.
type DB struct {
	write           *gorm.DB // SQLite: one connection, so that writers queue here instead of meeting a busy database
	read            *gorm.DB // SQLite: a pool that cannot write; PostgreSQL: the same as write
	pulse           *gorm.DB // one connection that nothing but a ping uses: it tells a database that is busy from one that is gone
	at              address
	dialect         dialect
	rules           metrics.Rules
	configuration   string // that they are of
	declaredSources string // those that are read, by name, as JSON
	print           string // fingerprint of the rules
	tallies         tallySet
	people          []byte // key of the pseudonyms of people
	log             *slog.Logger
	clock           func() time.Time
	flights         flights
	scores          scores
	// gateRead reads what decisions need, with statements that are prepared once.
	gateRead *gorm.DB
	fresher  *freshness
	door     door // to the writing connection of SQLite
	bulkhead bulkhead
	unsaved  unsaved
	writes   writes
	cache    factsCache
	memories memoryCache
	// sharing is who shares code, olders what was found of the older ones; a record from before olderSince keeps the meter that it has.
	sharing    metrics.Sharing
	olders     cache[string, soughtOlder]
	firsts     firsts
	olderSince time.Time
	// logs and looks are decisions on their way into the log, and what others are to know before they are made.
	logs       together[logging]
	looks      together[look]
	lookSQL    string
	statements logStatements
	kept       digests
	passed     passedCache
	damages    damages

	observations observationCache
	deliveries   convoy
}

// Open opens the database that dsn names ("sqlite:PATH", a plain path, "postgres://…"), creates it or brings its schema up to
// date, and takes over the services that the rules declare.
func Open(ctx context.Context, dsn string, o Options) (*DB, error) {
	at, err := parseDSN(dsn)
	if err != nil {
		return nil, err
	}
	if o.Definition.Name == "" {
		o.Definition = metrics.DORA()
	}
	if o.Zone == nil {
		o.Zone = time.UTC
	}
	print, err := fingerprint(o)
	if err != nil {
		return nil, err
	}
	names, err := json.Marshal(append([]string{}, o.Sources...))
	if err != nil {
		return nil, err
	}
	db := &DB{at: at, rules: o.Rules, configuration: o.Configuration, declaredSources: string(names), print: print, log: o.Logger, clock: o.Clock}
	db.sharing = o.Rules.Sharing()
	db.tallies.definition, db.tallies.zone = o.Definition, o.Zone
	if db.log == nil {
		db.log = slog.New(slog.DiscardHandler)
	}
	if db.clock == nil {
		db.clock = time.Now
	}
	if err := db.connect(ctx); err != nil {
		return nil, err
	}
	db.cache.most, db.memories.most, db.olders.most = cachedWeight, keptMemories, keptMemories
	db.gateRead, db.fresher = db.read.Session(&gorm.Session{PrepareStmt: true}), newFreshness()
	db.bulkhead.clock = db.clock
	db.share()
	if err := db.prepare(ctx, o); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

// share lets decisions that are asked for at the same time share statements and commits. SQLite has one writer. PostgreSQL works on a statement
// with one process: several small runs side by side come back sooner there than one that has everything.
func (db *DB) share() {
	db.logs.lanes, db.logs.most, db.logs.run = 1, 128, db.logAll
	db.looks.lanes, db.looks.most, db.looks.run, db.lookSQL = 2, 128, db.lookAll, db.dialect.lookQuery()
	if db.dialect.lock != "" {
		db.logs.lanes, db.logs.most = 6, 12
		db.looks.lanes, db.looks.most = 6, 12
	}
}

// prepare brings schema and declarations up to date.
func (db *DB) prepare(ctx context.Context, o Options) error {
	keeps, err := db.admit(ctx, o) // first: what is refused is not migrated either
	if err != nil {
		return err
	}
	if err = db.migrate(ctx); err != nil {
		return err
	}
	if err = db.checkSchema(ctx); err != nil {
		return err
	}
	if db.people, err = db.secret(ctx, "people"); err != nil {
		return err
	}
	if err = db.openOlder(ctx); err != nil {
		return err
	}
	db.rules.Bots = metrics.HideBots(db.rules.Bots, db.people)
	if err = db.prepareLog(ctx); err != nil || !keeps {
		return err
	}
	if err = db.openTallies(ctx); err != nil {
		return err
	}
	return db.declare(ctx)
}

// Close releases the connections.
func (db *DB) Close() error {
	var all error
	db.unsaved.end()
	db.scores.end()
	for _, g := range []*gorm.DB{db.read, db.write, db.pulse} {
		if g == nil {
			continue
		}
		pool, err := g.DB()
		if err == nil {
			err = pool.Close()
		}
		all = errors.Join(all, err)
	}
	return all
}

// Pool is the connections for those who keep tables of their own beside ours, and whether they lead to SQLite, where they are one
// connection that everybody who writes takes in turns.
func (db *DB) Pool() (pool *sql.DB, sqlite bool, err error) {
	pool, err = db.write.DB()
	return pool, db.dialect.name == sqliteDialect.name, err
}

// look runs do over one unchanging state of the database.
func (db *DB) look(ctx context.Context, do func(tx *gorm.DB) error) error {
	return db.read.WithContext(ctx).Transaction(do, db.lookOptions()...)
}

func (db *DB) lookOptions() []*sql.TxOptions {
	if db.dialect.snapshot == nil {
		return nil
	}
	return []*sql.TxOptions{db.dialect.snapshot}
}

// now is the clock's time as it is stored: UTC, whole milliseconds.
func (db *DB) now() time.Time { return fromMilli(toMilli(db.clock())) }

// toMilli is how a time is stored: milliseconds since 1970 UTC. The zero time has a value of its own and comes back as zero.
func toMilli(t time.Time) int64 { return t.UnixMilli() }

func fromMilli(ms int64) time.Time { return time.UnixMilli(ms).UTC() }
