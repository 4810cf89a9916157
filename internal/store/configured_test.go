package store

import (
	"errors"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gorm.io/gorm"

	"shiphabit/metrics"
)

// kept opens the database under a configuration of the given name that declares a service, none where the name is empty.
func (b bench) kept(name string, unnamed Unnamed) (*DB, error) {
	o := Options{Rules: metrics.DefaultRules(), Configuration: name, Unnamed: unnamed}
	if name != "" {
		o.Rules.Services = []metrics.Service{{Name: "shop", Repositories: []string{"acme/shop"}}}
	}
	return Open(b.Context(), b.dsn, o)
}

func (b bench) declaredServices() (n int64) {
	b.Helper()
	db, err := b.kept("", LeavesAlone)
	if err != nil {
		b.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	if err := db.read.Model(&serviceRow{}).Where("declared").Count(&n).Error; err != nil {
		b.Fatal(err)
	}
	return n
}

func TestADatabaseKeptUnderAConfigurationIsNotTakenOverByDefaultsUnlessThatIsMeant(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t bench) {
		open := func(name string, unnamed Unnamed) {
			t.Helper()
			db, err := t.kept(name, unnamed)
			if err != nil {
				t.Fatalf("%q: %v", name, err)
			}
			if err := db.Close(); err != nil {
				t.Fatal(err)
			}
		}
		open("", IsRefused) // nobody has named one yet
		open("/etc/one.yaml", IsRefused)
		_, err := t.kept("", IsRefused)
		var kept *ConfiguredError
		if !errors.As(err, &kept) || kept.Name != "/etc/one.yaml" || kept.Zone != "UTC" {
			t.Fatalf("without a name: %v", err)
		}
		if n := t.declaredServices(); n != 1 {
			t.Errorf("%d services are declared after it was refused and left alone, want 1", n)
		}
		open("/srv/two.yaml", IsRefused) // another one is named: that is meant
		if _, err := t.kept("", IsRefused); !errors.As(err, &kept) || kept.Name != "/srv/two.yaml" {
			t.Errorf("after another was named: %v", err)
		}
		open("", TakesOver)
		if n := t.declaredServices(); n != 0 {
			t.Errorf("%d services are declared under the defaults", n)
		}
		open("", IsRefused)
	})
}

func TestADatabaseLeftAloneCanBeCopiedAndAskedForTokens(t *testing.T) {
	t.Parallel()
	b := newSQLite(t)
	db, err := b.kept("/etc/one.yaml", IsRefused)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	alone, err := b.kept("", LeavesAlone)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = alone.Close() })
	if err := alone.CreateToken(t.Context(), Token{ID: "a", Name: "ci", Scopes: []string{"gate"}}, "hash", "command line"); err != nil {
		t.Error(err)
	}
	if err := alone.Backup(t.Context(), filepath.Join(t.TempDir(), "copy.db")); err != nil {
		t.Error(err)
	}
	if err := alone.Export(t.Context(), func(metrics.Event) error { return nil }); err != nil {
		t.Error(err)
	}
}

// state is what is declared and derived, and under which rules.
func (b bench) state(db *DB) string {
	b.Helper()
	var found []string
	must(b, db.read.Raw(`SELECT 'service ' || name || ' ' || declared || ' ' || touched || ' ' || derived || ' ' || rules FROM services
		UNION ALL SELECT 'link ' || repository || ' ' || service || ' ' || declared FROM service_repositories
		UNION ALL SELECT 'tallies ' || id || ' ' || print || ' ' || zone || ' ' || complete FROM tally_sets
		UNION ALL SELECT 'configured ' || name || ' ' || zone FROM configured ORDER BY 1`).Scan(&found).Error)
	return strings.Join(found, "\n")
}

func TestADatabaseThatNotesNoConfigurationYetIsLeftAloneToo(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t bench) {
		before, err := t.kept("/etc/one.yaml", IsRefused)
		must(t, err)
		t.Cleanup(func() { _ = before.Close() })
		must(t, before.Refresh(t.Context()))
		must(t, before.write.Exec("DELETE FROM configured").Error) // as the upgrade leaves it
		want := t.state(before)
		for _, name := range []string{"", "/srv/two.yaml"} {
			o := Options{Rules: metrics.DefaultRules(), Configuration: name, Unnamed: LeavesAlone, Zone: time.FixedZone("Elsewhere", 3600)}
			db, err := Open(t.Context(), t.dsn, o)
			must(t, err)
			must(t, db.Close())
			if got := t.state(before); got != want {
				t.Errorf("%q: before\n%s\nafter\n%s", name, want, got)
			}
		}
		_, err = t.kept("", IsRefused)
		var kept *ConfiguredError
		if !errors.As(err, &kept) || kept.Name != "" || !strings.Contains(err.Error(), "whose name it does not know yet") {
			t.Errorf("without a name: %v", err)
		}
		if got := t.state(before); got != want {
			t.Errorf("refused: before\n%s\nafter\n%s", want, got)
		}
	})
}

func TestADatabaseThatNotesNothingAndCountsDaysOfAnotherZoneIsRefused(t *testing.T) {
	t.Parallel()
	b := newSQLite(t)
	db := b.open(func(o *Options) { o.Configuration, o.Zone = "/etc/one.yaml", time.FixedZone("Elsewhere", 3600) })
	must(b, db.write.Exec("DELETE FROM configured").Error)
	_, err := b.kept("", IsRefused)
	var kept *ConfiguredError
	if !errors.As(err, &kept) || kept.Zone != "Elsewhere" {
		t.Errorf("error %v", err)
	}
}

func TestWhatIsRefusedIsNotMigrated(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t bench) {
		t.upTo(29, func(tx *gorm.DB) error {
			return tx.Exec("INSERT INTO services (name, declared, present, touched, derived, rules, document) VALUES ('shop', ?, ?, 0, 0, '', '')", true, false).Error
		})
		version := func() (n int64) {
			at, err := parseDSN(t.dsn)
			db := &DB{at: at}
			must(t, err, db.connect(t.Context()))
			defer func() { _ = db.Close() }()
			must(t, db.write.Raw("SELECT max(version_id) FROM goose_db_version").Scan(&n).Error)
			return n
		}
		var kept *ConfiguredError
		if _, err := t.kept("", IsRefused); !errors.As(err, &kept) || version() != 29 {
			t.Errorf("before anything notes a configuration: %v, version %d", err, version())
		}
		db, err := t.kept("/etc/one.yaml", IsRefused)
		must(t, err)
		must(t, db.write.Exec("DELETE FROM goose_db_version WHERE version_id >= 30").Error, db.Close()) // a step that is to come, and fails
		if _, err := t.kept("", IsRefused); !errors.As(err, &kept) || kept.Name != "/etc/one.yaml" {
			t.Errorf("before a step to come: %v", err)
		}
	})
}
