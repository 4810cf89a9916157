package main

import (
	"net/http"
	"path/filepath"
	"strings"
	"testing"
)

// A hang-up once opened and closed the database's file beside SQLite, which dropped the process's locks on it: the next program that closed
// the database deleted what the server went on writing to.
func TestWhatIsAnsweredAfterAHangUpOutlivesTheServer(t *testing.T) {
	t.Parallel()
	p := newProcess(t)
	settings, db := filepath.Join(p.home, "s.yaml"), filepath.Join(p.home, "s.db")
	write(t, settings, "time_zone: UTC\n")
	server := p.running("serve", "--config", settings, "--db", db)
	server.hangUp("the configuration was read again")
	p.must("export", "--config", settings, "--db", db) // another program opens the database and closes it
	event := `{"type":"incident","id":"kept","service":"shop","started_at":"2026-03-01T10:00:00Z"}`
	answer, err := http.Post(server.url+"/api/v1/events", "application/json", strings.NewReader(event))
	if err != nil || answer.StatusCode != http.StatusOK {
		t.Fatalf("%v, %v", answer, err)
	}
	answer.Body.Close()
	if said := p.must("export", "--config", settings, "--db", db); !strings.Contains(said, `"kept"`) {
		t.Error("another program does not see what was answered")
	}
	if err := server.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	_ = server.cmd.Wait()
	if said := p.must("export", "--config", settings, "--db", db); !strings.Contains(said, `"kept"`) {
		t.Error("what was answered is gone")
	}
}
