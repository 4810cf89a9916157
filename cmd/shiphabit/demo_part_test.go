package main

import (
	"context"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"shiphabit/internal/demo"
	"shiphabit/internal/store"
	"shiphabit/metrics"
)

// partOf leaves an organisation with the records of some services, and with what they asked the gate around the March.
func partOf(made *demo.Organisation, services ...string) *demo.Organisation {
	made.Events = slices.DeleteFunc(made.Events, func(e metrics.Event) bool {
		return !slices.ContainsFunc(services, func(name string) bool {
			return strings.Contains(e.ID, name) || strings.Contains(string(e.Payload), name)
		})
	})
	made.Promotions = slices.DeleteFunc(made.Promotions, func(p demo.Promotion) bool {
		return !slices.Contains(services, p.Service) || p.At.After(made.March.AddDate(0, 1, 0))
	})
	return made
}

// The whole demonstration takes minutes under the race detector. All that it consists of runs here with the records of two services:
// the story of one that the gate stopped, and the record that a team disputes.
func TestAPartOfTheDemonstrationIsMadeAndServed(t *testing.T) {
	t.Parallel()
	made := partOf(demo.Generate(5, time.Now()), "payments-api", "catalogue-api")
	out, into := io.Pipe()
	d := demonstration{
		program: &program{out: into, err: os.Stderr, env: os.Getenv, quiet: true}, listen: "127.0.0.1:0", db: filepath.Join(t.TempDir(), "demo.db"),
	}
	if err := d.put(t.Context(), made); err != nil {
		t.Fatal(err)
	}
	settings, err := demoSettings(made)
	if err != nil {
		t.Fatal(err)
	}
	db, err := store.Open(t.Context(), d.db, store.Options{Rules: settings.Rules(), Zone: settings.Zone()})
	if err != nil {
		t.Fatal(err)
	}
	ctx, end := context.WithCancel(t.Context())
	var serving sync.WaitGroup
	serving.Go(func() {
		if err := d.serve(ctx, db, settings, made); err != nil {
			t.Error(err)
		}
		_ = into.Close()
	})
	t.Cleanup(func() {
		end()
		serving.Wait()
		_ = db.Close()
	})
	s := shown{addressIn(t, out), made}
	s.stopped(t)
	s.askAtOnce(t)
}

// addressIn is the first address that the program says; what it says besides is read on.
func addressIn(t *testing.T, said io.Reader) string {
	t.Helper()
	text := ""
	for buffer := make([]byte, 4096); ; {
		n, err := said.Read(buffer)
		text += string(buffer[:n])
		if url := address.FindString(text); url != "" {
			go func() { _, _ = io.Copy(io.Discard, said) }()
			return url
		}
		if err != nil {
			t.Fatalf("it says no address: %v\n%s", err, text)
		}
	}
}

// askAtOnce asks for pages, pictures and figures at once.
func (s shown) askAtOnce(t *testing.T) {
	t.Helper()
	var asking sync.WaitGroup
	for range 2 {
		for _, path := range []string{
			"/", "/services", "/services/payments-api", "/teams/payments", "/gate?service=payments-api", "/gate/decisions", "/explain/change_fail_rate", "/doctor",
			"/api/v1/metrics", "/api/v1/assessments", "/api/v1/gate/scoreboard",
		} {
			asking.Go(func() {
				response, err := http.Get(s.url + path)
				if err != nil {
					t.Error(err)
					return
				}
				_ = response.Body.Close()
				if mark := response.Header.Get(generatedHeader); response.StatusCode != http.StatusOK || mark != s.made.Says() {
					t.Errorf("%s: %s, marked %q", path, response.Status, mark)
				}
			})
		}
	}
	asking.Wait()
}
