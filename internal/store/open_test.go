package store

import (
	"database/sql/driver"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"
	"gorm.io/gorm"

	"shiphabit/metrics"
)

func TestADatabaseOfANewerProgramIsRefused(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t bench) {
		db := t.open()
		insert := "INSERT INTO goose_db_version (version_id, is_applied) VALUES (999, true)"
		if err := db.write.Exec(insert).Error; err != nil {
			t.Fatal(err)
		}
		_, err := Open(t.Context(), t.dsn, Options{Rules: metrics.DefaultRules()})
		if !errors.Is(err, ErrNewer) {
			t.Fatalf("error %v, want it to be refused as newer", err)
		}
		steps, err2 := db.steps()
		if err2 != nil {
			t.Fatal(err2)
		}
		for _, says := range []string{"version 999", fmt.Sprintf("this program knows %d;", latest(steps)), "use the newer program"} {
			if !strings.Contains(err.Error(), says) {
				t.Errorf("%q does not say %q", err, says)
			}
		}
	})
}

func TestAnAlteredSchemaIsNamedAtTheStart(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t bench) {
		if err := t.open().write.Exec("ALTER TABLE sources DROP COLUMN error_at").Error; err != nil {
			t.Fatal(err)
		}
		_, err := Open(t.Context(), t.dsn, Options{Rules: metrics.DefaultRules()})
		if err == nil || !strings.Contains(err.Error(), "table sources lacks error_at") {
			t.Errorf("error %v, want it to name the missing column", err)
		}
	})
}

func TestManyProcessesMayOpenANewDatabaseAtOnce(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t bench) {
		var all sync.WaitGroup
		for range 6 {
			all.Go(func() {
				db, err := Open(t.Context(), t.dsn, Options{Rules: metrics.DefaultRules()})
				if err == nil {
					err = db.Close()
				}
				if err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
	})
}

func TestBothDatabasesHaveTheSameTablesAndIndexes(t *testing.T) {
	t.Parallel()
	steps := func(kind string) []string {
		files, err := fs.Glob(migrations, "migrations/"+kind+"/*.sql")
		if err != nil {
			t.Fatal(err)
		}
		var made []string
		for _, file := range files {
			text, err := fs.ReadFile(migrations, file)
			if err != nil {
				t.Fatal(err)
			}
			for line := range strings.Lines(string(text)) {
				name, _, _ := strings.Cut(line, " (")
				if strings.HasPrefix(line, "CREATE") && strings.HasSuffix(name, "turns") ||
					!strings.HasPrefix(line, "CREATE TABLE") && !strings.Contains(name, "INDEX") {
					continue
				}
				made = append(made, filepath.Base(file)+": "+name)
			}
		}
		return made
	}
	if diff := cmp.Diff(steps("sqlite"), steps("postgres")); diff != "" {
		t.Error(diff)
	}
}

// The second round asks the connection that database/sql opens in place of one that broke.
func TestSettingsOfSQLite(t *testing.T) {
	t.Parallel()
	db := newSQLite(t).open()
	for _, round := range []string{"first", "second"} {
		for pragma, want := range map[string]string{
			"journal_mode": "wal", "foreign_keys": "1", "synchronous": "2", "busy_timeout": busyMilli, "cache_size": cacheSize,
			"wal_autocheckpoint": checkpointPages,
		} {
			var got string
			if err := db.write.Raw("PRAGMA " + pragma).Scan(&got).Error; err != nil || got != want {
				t.Errorf("%s of the %s connection is %q, want %q; error %v", pragma, round, got, want, err)
			}
		}
		throwAway(t, db.write)
	}
	if err := db.read.Exec("DELETE FROM events").Error; err == nil {
		t.Error("a reading connection could write")
	}
}

// throwAway makes the pool of one connection believe that it broke.
func throwAway(t *testing.T, g *gorm.DB) {
	t.Helper()
	pool, err := g.DB()
	if err != nil {
		t.Fatal(err)
	}
	one, err := pool.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if err := one.Raw(func(any) error { return driver.ErrBadConn }); !errors.Is(err, driver.ErrBadConn) {
		t.Fatal(err)
	}
	if n := pool.Stats().OpenConnections; n != 0 {
		t.Fatalf("%d connections are open; the test shows nothing", n)
	}
}

func TestADatabaseFileIsForItsOwnerOnly(t *testing.T) {
	t.Parallel()
	d := newSQLite(t)
	mustAppend(t, d.open(), deployed("1", "api", "", 1))
	path := strings.TrimPrefix(d.dsn, "sqlite:")
	for _, file := range []string{path, path + "-wal", path + "-shm"} {
		if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, error %v", file, info.Mode(), err)
		}
	}
}

func TestAddressesOfDatabases(t *testing.T) {
	t.Parallel()
	for dsn, want := range map[string]address{
		"sqlite:a.db":                {path: "a.db"},
		"sqlite:///var/lib/a.db":     {path: "/var/lib/a.db"},
		"/var/lib/a.db":              {path: "/var/lib/a.db"},
		"a b?c#d%e.db":               {path: "a b?c#d%e.db"},
		"postgres://u:p@h/n":         {postgres: "postgres://u:p@h/n"},
		"postgresql://h/n?sslmode=x": {postgres: "postgresql://h/n?sslmode=x"},
	} {
		if got, err := parseDSN(dsn); err != nil || got != want {
			t.Errorf("%q: %+v, error %v; want %+v", dsn, got, err, want)
		}
	}
	for dsn, says := range map[string]string{
		"":                             "names no file",
		"sqlite:":                      "names no file",
		":memory:":                     "in memory",
		"mysql://h/n":                  `begins with "mysql://"`,
		"postgres:h":                   "must begin with postgres://",
		"postgres://u:se%zzcret@h:1/n": "cannot be read",
	} {
		_, err := parseDSN(dsn)
		if err == nil || !strings.Contains(err.Error(), says) || strings.Contains(err.Error(), "cret") {
			t.Errorf("%q: error %v, want it to say %q and no password", dsn, err, says)
		}
	}
}

func TestAPathWithOddCharactersIsTheFileOfThatName(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "a b?mode=memory#d%41&é.db")
	mustAppend(t, bench{TB: t, dsn: path}.open(), deployed("1", "api", "", 1))
	if info, err := os.Stat(path); err != nil || info.Size() == 0 {
		t.Errorf("the file is not there or empty: %v", err)
	}
}

func TestAMissingFolderIsNamed(t *testing.T) {
	t.Parallel()
	folder := filepath.Join(t.TempDir(), "none")
	_, err := Open(t.Context(), filepath.Join(folder, "a.db"), Options{Rules: metrics.DefaultRules()})
	if err == nil || !strings.Contains(err.Error(), "folder "+folder+" does not exist") {
		t.Errorf("error %v, want it to name the folder", err)
	}
}

func TestAnErrorOfConnectingHidesThePassword(t *testing.T) {
	t.Parallel()
	_, err := Open(t.Context(), "postgres://me:geheim@127.0.0.1:1/none?connect_timeout=2", Options{Rules: metrics.DefaultRules()})
	if err == nil || strings.Contains(err.Error(), "geheim") {
		t.Errorf("error %v, want one without the password", err)
	}
}

func FuzzAddress(f *testing.F) {
	for _, seed := range []string{"sqlite:a.db", "postgres://u:p@h/n", "a?b", "file:x", "://", "sqlite://%"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, dsn string) {
		a, err := parseDSN(dsn)
		if (err == nil) == (a == address{}) {
			t.Fatalf("%q: %+v and error %v", dsn, a, err)
		}
		if a.path == "" {
			return
		}
		// The address that SQLite gets names the same file and carries our settings.
		name, query, _ := strings.Cut(strings.TrimPrefix(a.fileURI(url.Values{"k": {"v"}}), "file:"), "?")
		if path, err := url.PathUnescape(name); err != nil || path != a.path || query != "k=v" || strings.Contains(name, "#") {
			t.Fatalf("%q became %q and %q: %v", a.path, path, query, err)
		}
	})
}
