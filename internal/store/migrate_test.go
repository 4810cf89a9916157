package store

import (
	"errors"
	"strings"
	"testing"

	"gorm.io/gorm"

	"shiphabit/metrics"
)

// upTo makes the database as a program left it whose schema had that version, with rows of its own in it.
func (b bench) upTo(version int64, rows func(tx *gorm.DB) error) {
	b.Helper()
	at, err := parseDSN(b.dsn)
	db := &DB{at: at}
	if err = errors.Join(err, db.connect(b.Context())); err != nil {
		b.Fatal(err)
	}
	defer db.Close()
	steps, err := db.steps()
	if err == nil {
		_, err = steps.UpTo(b.Context(), version)
	}
	if err = errors.Join(err, db.change(b.Context(), rows)); err != nil {
		b.Fatal(err)
	}
}

func TestTheSchemaOfSourcesTakesOverWhatWasKnown(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t bench) {
		t.upTo(14, func(tx *gorm.DB) error {
			facts := "INSERT INTO facts (service, team, since, incidents, left_out, running, evidence) VALUES (?, '', 0, '[]', '[]', '[]', ?)"
			return errors.Join(
				tx.Exec(facts, "shop", `{"environments":[{"name":"eu-1","kind":"production","rollouts":3},{"name":"qa","kind":"testing","rollouts":9}]}`).Error,
				tx.Exec(facts, "pay", `{"incidents":2}`).Error, tx.Exec(facts, "old", "").Error,
				tx.Exec("INSERT INTO sources (name, cursor, watermark, heartbeat, error, error_at) VALUES ('ci', '', ?, ?, '', ?)", toMilli(noon), toMilli(noon), 0).Error,
				tx.Exec(`INSERT INTO deliveries (source, delivery, kind, received_at, outcome, events, set_aside, ignored, problem, header)
					VALUES ('ci', '1', '', ?, 'stored', 1, 0, '', '', '')`, toMilli(noon)).Error,
			)
		})
		db := t.open()
		if kind, err := db.KindOf(t.Context(), "eu-1"); err != nil || kind != metrics.Production {
			t.Errorf("eu-1 is %s, %v", kind, err)
		}
		if list, err := db.Sources(t.Context()); err != nil || len(list) != 1 || !list[0].DeliveredAt.Equal(noon) {
			t.Errorf("%+v, %v", list, err)
		}
	})
}

func TestDeliveriesAreListedByAnIndex(t *testing.T) {
	t.Parallel()
	b := newSQLite(t)
	var plan []struct{ Detail string }
	must(b, b.open().read.Raw("EXPLAIN QUERY PLAN SELECT "+listedColumns+" FROM deliveries WHERE source = 'ci' AND seq < 9 ORDER BY seq DESC LIMIT 51").Scan(&plan).Error)
	if len(plan) != 1 || !strings.Contains(plan[0].Detail, "deliveries_listed (source=? AND seq<?)") {
		t.Errorf("%+v", plan)
	}
}

func TestPostgresComparesAllTextByteByByte(t *testing.T) {
	t.Parallel()
	b := bench{TB: t, dsn: newPostgres(t), kind: postgresDialect}
	var other []string
	must(b, b.open().read.Raw(`SELECT a.attrelid::regclass || '.' || a.attname FROM pg_index i JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = ANY (i.indkey)
		JOIN pg_class c ON c.oid = a.attrelid WHERE c.relnamespace = current_schema()::regnamespace AND a.attcollation <> 0 AND a.attcollation <> '"C"'::regcollation
		ORDER BY 1`).Scan(&other).Error)
	if len(other) > 0 {
		t.Errorf("indexed, and compared by the rules of a language: %v", other)
	}
}
