package api_test

import (
	"database/sql"
	"encoding/hex"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"shiphabit/api"
	"shiphabit/internal/store"
	"shiphabit/metrics/gate"
)

// onFile is a server over a SQLite file, which another process, as it were, can write to.
func onFile(t *testing.T) (s site, file string, other *sql.Conn) {
	t.Helper()
	file = filepath.Join(t.TempDir(), "api.db")
	s = newSiteOn(t, file, &clock{now: noon}, func(o *api.Options) { o.Patience = 50 * time.Millisecond })
	s.post("/api/v1/events", history("steady", strings.Repeat(".", 40))).is(http.StatusOK)
	s.get("/api/v1/gate/verdict?service=steady").is(http.StatusOK)
	pool, err := sql.Open(store.SQLiteDriver, file)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = pool.Close() })
	if other, err = pool.Conn(t.Context()); err != nil {
		t.Fatal(err)
	}
	return s, file, other
}

func TestWhileAnotherProcessHoldsTheFileTheGateDecidesByWhatItKnewLast(t *testing.T) {
	t.Parallel()
	s, _, other := onFile(t)
	run := func(statement string) {
		if _, err := other.ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	run("BEGIN EXCLUSIVE")
	s.clock.advance(time.Minute)
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			a := s.post(decisions, askFor("steady", artifact)).is(http.StatusOK)
			if d := into[gate.Decision](a); !d.Unlogged || d.Verdict != gate.Allow || a.header.Get("Gate-State-Age") == "" {
				t.Errorf("%s, unlogged %v, age %q", d.Verdict, d.Unlogged, a.header.Get("Gate-State-Age"))
			}
		})
	}
	group.Wait()
	s.get("/readyz").is(http.StatusServiceUnavailable)
	if !strings.Contains(s.log.String(), "held by another process") {
		t.Errorf("the log does not say why:\n%s", s.log)
	}
	run("ROLLBACK")
	s.clock.advance(2 * time.Second)
	if d := into[gate.Decision](s.post(decisions, askFor("steady", "sha256:next")).is(http.StatusOK)); d.Unlogged {
		t.Error("still unlogged")
	}
	s.get("/readyz").is(http.StatusOK)
}

func TestOnAFullDiskTheGateDecidesByWhatItKnewLast(t *testing.T) {
	t.Parallel()
	s, _, _ := onFile(t)
	pool, _, err := s.db.Pool()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := pool.ExecContext(t.Context(), "PRAGMA max_page_count = 1"); err != nil {
		t.Fatal(err)
	}
	long := make([]byte, 100_000) // of nothing that repeats, so that packing makes it no shorter
	_, _ = rand.NewChaCha8([32]byte{}).Read(long)
	ask := func() gate.Decision {
		run := `{"service":"steady","artifact":{"digest":"` + built("new") + `"},"run":{"id":"` + hex.EncodeToString(long) + `"}}`
		return into[gate.Decision](s.post(decisions, run).is(http.StatusOK))
	}
	if d := ask(); !d.Unlogged {
		t.Error("logged on a full disk")
	}
	s.get("/readyz").is(http.StatusServiceUnavailable)
	s.clock.advance(2 * time.Second)
	if d := ask(); !d.Unlogged {
		t.Error("logged on a full disk")
	}
	if !strings.Contains(s.log.String(), "disk is full") {
		t.Errorf("the log does not say why:\n%.2000s", s.log)
	}
	if _, err := pool.ExecContext(t.Context(), "PRAGMA max_page_count = 1000000"); err != nil {
		t.Fatal(err)
	}
	s.clock.advance(2 * time.Second)
	if d := ask(); d.Unlogged {
		t.Error("still unlogged")
	}
	s.get("/readyz").is(http.StatusOK)
}

func TestWithADamagedFileTheGateDecidesByWhatItKnewLast(t *testing.T) {
	t.Parallel()
	s, file, other := onFile(t)
	if _, err := other.ExecContext(t.Context(), "PRAGMA wal_checkpoint(TRUNCATE)"); err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(file, 5000); err != nil {
		t.Fatal(err)
	}
	for i := range 3 {
		if d := into[gate.Decision](s.post(decisions, askFor("steady", artifact)).is(http.StatusOK)); d.Verdict != gate.Allow || (i > 0 && !d.Unlogged) {
			t.Errorf("%s, unlogged %v: %s", d.Verdict, d.Unlogged, d.Summary)
		}
		s.clock.advance(2 * time.Second)
	}
	s.get("/readyz").is(http.StatusServiceUnavailable)
}
