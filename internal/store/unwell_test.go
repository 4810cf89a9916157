package store

import (
	"context"
	"database/sql"
	"errors"
	"os"
	"strings"
	"testing"

	"gorm.io/gorm"

	"shiphabit/metrics/gate"
)

func sayYes(id string) gate.Logged {
	return gate.Logged{Decision: gate.Decision{ID: id, Verdict: gate.Allow}, Request: gate.Request{Service: "api", Environment: "production"}, PolicyDoc: []byte("{}")}
}

// hold lets another process, as it were, write to a SQLite file until the function it returns is called.
func hold(t *testing.T, dsn string) (release func()) {
	t.Helper()
	other, err := sql.Open(SQLiteDriver, strings.TrimPrefix(dsn, "sqlite:"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = other.Close() })
	one, err := other.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if _, err := one.ExecContext(t.Context(), "BEGIN EXCLUSIVE"); err != nil {
		t.Fatal(err)
	}
	return func() {
		if _, err := one.ExecContext(t.Context(), "ROLLBACK"); err != nil {
			t.Error(err)
		}
	}
}

func TestAChangeStopsWaitingForAnotherProcessWhenItsCallerDoes(t *testing.T) {
	t.Parallel()
	d := newSQLite(t)
	db := d.open()
	release := hold(t, d.dsn)
	if err := db.Ping(t.Context()); err == nil || !strings.Contains(err.Error(), "another process") {
		t.Errorf("a database that another process holds is well: %v", err)
	}
	ctx, leave := context.WithCancel(t.Context())
	waits := make(chan error, 2)
	go func() { waits <- db.LogDecision(ctx, sayYes("gd_1")) }()
	go func() { waits <- db.Audit(ctx, Entry{Action: "waits"}) }()
	leave()
	for range 2 {
		if err := <-waits; !errors.Is(err, context.Canceled) && !errors.Is(err, ErrOutage) {
			t.Errorf("left with %v", err)
		}
	}
	release()
	if err := errors.Join(db.Ping(t.Context()), db.LogDecision(t.Context(), sayYes("gd_2"))); err != nil {
		t.Error(err)
	}
}

func TestAFullDiskIsAnOutageUntilThereIsRoom(t *testing.T) {
	t.Parallel()
	db := newSQLite(t).open()
	if err := db.write.Exec("PRAGMA max_page_count = 1").Error; err != nil { // no less than there are
		t.Fatal(err)
	}
	if err := db.pulse.Exec("PRAGMA max_page_count = 1").Error; err != nil {
		t.Fatal(err)
	}
	big := sayYes("gd_1")
	big.PolicyDoc = []byte(strings.Repeat("x", 1<<20))
	if err := db.LogDecision(t.Context(), big); !errors.Is(err, ErrOutage) {
		t.Fatalf("logged on a full disk: %v", err)
	}
	if err := db.Ping(t.Context()); !errors.Is(err, ErrOutage) || !strings.Contains(err.Error(), "full") {
		t.Errorf("ready with a full disk: %v", err)
	}
	for _, g := range []*gorm.DB{db.write, db.pulse} {
		if err := g.Exec("PRAGMA max_page_count = 1000000").Error; err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(db.Ping(t.Context()), db.LogDecision(t.Context(), big)); err != nil {
		t.Error(err)
	}
}

func TestADamagedFileIsAnOutage(t *testing.T) {
	t.Parallel()
	d := newSQLite(t)
	db := d.open()
	mustAppend(t, db, deployed("1", "api", "", 1))
	if err := db.write.Exec("PRAGMA wal_checkpoint(TRUNCATE)").Error; err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(strings.TrimPrefix(d.dsn, "sqlite:"), 8192); err != nil {
		t.Fatal(err)
	}
	for _, g := range []*gorm.DB{db.write, db.read, db.pulse} {
		if err := g.Exec("PRAGMA shrink_memory").Error; err != nil { // or pages that are in memory would do
			t.Fatal(err)
		}
	}
	if err := db.LogDecision(t.Context(), sayYes("gd_1")); !errors.Is(err, ErrOutage) {
		t.Errorf("logged in a truncated file: %v", err)
	}
	if err := db.Ping(t.Context()); err == nil {
		t.Error("ready with a truncated file")
	}
}

func TestWhatPostgreSQLSaysOfAnOutage(t *testing.T) {
	t.Parallel()
	d := bench{TB: t, dsn: newPostgres(t), kind: postgresDialect}
	db := d.open()
	if err := db.write.Exec("SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY").Error; err != nil {
		t.Fatal(err)
	}
	pool, err := db.write.DB()
	if err != nil {
		t.Fatal(err)
	}
	pool.SetMaxOpenConns(1)
	if err := db.LogDecision(t.Context(), sayYes("gd_1")); !errors.Is(err, ErrOutage) {
		t.Errorf("logged though one may only read: %v", err)
	}
	if err := db.write.Exec("SET SESSION CHARACTERISTICS AS TRANSACTION READ WRITE").Error; err != nil {
		t.Fatal(err)
	}
	other := d.open()
	locked := other.write.Begin()
	defer locked.Rollback()
	if err := locked.Exec("LOCK TABLE decisions IN ACCESS EXCLUSIVE MODE").Error; err != nil {
		t.Fatal(err)
	}
	if err := db.LogDecision(t.Context(), sayYes("gd_2")); !errors.Is(err, ErrOutage) {
		t.Errorf("waited for a table that is locked: %v", err)
	}
}
