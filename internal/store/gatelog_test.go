package store

import (
	"context"
	"strings"
	"testing"
	"time"

	"shiphabit/metrics/gate"
)

// broken reports what is wrong with the gate's log, "" when nothing is.
func broken(ctx context.Context, t bench, db *DB) string {
	t.Helper()
	list, err := db.GateLog(ctx, 0, 100)
	if err != nil {
		t.Fatal(err)
	}
	fault, _ := gate.BrokenAt(list, 0, "")
	return fault
}

// Whoever owns the database can drop its triggers. The hashes then still tell of each byte.
func TestAChangedByteOfAStoredLineOfTheGatesLogIsFound(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t bench) {
		db, ctx := t.open(), t.Context()
		for _, id := range []string{"ov_1", "ov_2"} {
			o := gate.Override{ID: id, Service: "api", Environment: "production", Reason: "the alarm came from a broken probe", ExpiresAt: noon.Add(time.Hour)}
			if err := db.AddOverride(ctx, o, 9); err != nil {
				t.Fatal(err)
			}
		}
		if fault := broken(ctx, t, db); fault != "" {
			t.Fatalf("a sound log: %s", fault)
		}
		drop := []string{"DROP TRIGGER gate_log_is_final ON gate_log"}
		if db.dialect.name == sqliteDialect.name {
			drop = []string{"DROP TRIGGER gate_log_is_final", "DROP TRIGGER gate_log_is_kept"}
		}
		for _, statement := range drop {
			if err := db.write.Exec(statement).Error; err != nil {
				t.Fatal(err)
			}
		}
		var rows []gateLogRow
		if err := db.read.Order("seq").Find(&rows).Error; err != nil || len(rows) != 2 {
			t.Fatalf("%d rows, %v", len(rows), err)
		}
		store := func(row gateLogRow) {
			t.Helper()
			if err := db.write.Save(&row).Error; err != nil {
				t.Fatal(err)
			}
		}
		for _, row := range rows {
			for i := range row.Body {
				changed := row
				flipped := []byte(row.Body)
				flipped[i] ^= 0x20
				changed.Body = string(flipped)
				if e, sound := changed.entry(); sound { // each byte by reading alone, some in the database
					if sealed, err := e.Seal(); err == nil && sealed.Hash == e.Hash {
						t.Errorf("byte %d of line %d is changed to %q and not found: %s", i, row.Seq, changed.Body[i], changed.Body)
					}
				}
			}
		}
		for name, change := range map[string]func(r *gateLogRow){
			"a key in other letters":    func(r *gateLogRow) { r.Body = strings.Replace(r.Body, `"actor"`, `"Actor"`, 1) },
			"a key that means nothing":  func(r *gateLogRow) { r.Body = strings.Replace(r.Body, `{`, `{"more":1,`, 1) },
			"a blank":                   func(r *gateLogRow) { r.Body = " " + r.Body },
			"the column of the service": func(r *gateLogRow) { r.Service = "web" },
			"no object":                 func(r *gateLogRow) { r.Body = "" },
			"the reason":                func(r *gateLogRow) { r.Body = strings.Replace(r.Body, "broken", "Broken", 1) },
		} {
			for _, row := range rows {
				changed := row
				change(&changed)
				store(changed)
				if fault := broken(ctx, t, db); fault == "" {
					t.Errorf("%s of line %d is changed and not found", name, row.Seq)
				}
				store(row)
			}
		}
		if fault := broken(ctx, t, db); fault != "" {
			t.Errorf("put right again: %s", fault)
		}
	})
}
