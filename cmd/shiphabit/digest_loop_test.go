package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"shiphabit/internal/config"
	"shiphabit/internal/notify"
	"shiphabit/internal/store"
	"shiphabit/metrics"
)

// leaving is a channel during whose sending the process is told to stop.
type leaving struct {
	wire

	stop context.CancelFunc
}

func (l *leaving) Send(ctx context.Context, m notify.Message) error {
	l.stop()
	if err := ctx.Err(); err != nil {
		return &notify.Error{Channel: l.name, Problem: err.Error(), Uncertain: true}
	}
	return l.wire.Send(ctx, m)
}

func TestADigestThatIsBeingSentArrivesThoughTheProcessIsToldToStop(t *testing.T) {
	t.Parallel()
	ctx, stop := context.WithCancel(t.Context())
	a, b := &leaving{wire{name: "a"}, stop}, &wire{name: "b"}
	d := mailed(t, filepath.Join(t.TempDir(), "d.db"), a, b)
	sent, err := d.send(ctx, leadership, []notify.Channel{a, b})
	if len(sent) != 1 || a.took != 1 || b.took != 0 || !errors.Is(err, context.Canceled) {
		t.Errorf("it was sent to %v, and says %v", sent, err)
	}
	left, noted, err := d.left(t.Context(), leadership)
	if err != nil || len(noted) != 1 || noted[0].SentAt.IsZero() || len(left) != 1 || left[0].Name() != "b" {
		t.Errorf("noted is %+v, and the next server sends to %v: %v", noted, left, err)
	}
}

func TestADigestThatWasBegunAndNeverEndedIsWarnedOfOnce(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	p, at := &program{err: &log, clock: standing(digestsAt)}, digestsAt.Add(-time.Hour)
	path := filepath.Join(t.TempDir(), "d.db")
	d := mailed(t, path, &wire{name: "lost"}, &wire{name: "sent"}, &wire{name: "under way"})
	begin(t, path, at, store.Mailing{Week: d.week, Audience: "pay", Channel: "lost"})
	done := store.Mailing{Week: d.week, Audience: "pay", Channel: "sent"}
	begin(t, path, at, done)
	if err := d.store.EndMailing(t.Context(), done); err != nil {
		t.Fatal(err)
	}
	begin(t, path, digestsAt, store.Mailing{Week: d.week, Audience: "pay", Channel: "under way"})
	told := map[store.Mailing]bool{}
	for range 2 {
		if err := p.tellUnended(t.Context(), d, told); err != nil {
			t.Fatal(err)
		}
	}
	if said := log.String(); strings.Count(said, "level=WARN") != 1 || !strings.Contains(said, "week=2026-02-23 team=pay channel=lost") {
		t.Errorf("the log says\n%s", said)
	}
}

func TestAServerWarnsOfADigestThatNobodyEndedAlsoWhenNoneIsDue(t *testing.T) {
	t.Parallel()
	settings, err := config.Parse("ship.yaml", []byte(`
notify:
  public_url: https://ship.example.org
  webhooks: [{name: room, url: "${CHAT}"}]
  leadership: {webhooks: [room]}
  digests: {weekday: thursday, hour: 8}
`), config.Options{Env: func(string) string { return "https://chat.example.org/hook" }})
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "d.db")
	begin(t, path, digestsAt.Add(-time.Hour), store.Mailing{Week: "2026-02-23", Channel: "webhook room"})
	db := openedAt(t, path, digestsAt)
	read, write := io.Pipe()
	ctx, stop := context.WithCancel(t.Context())
	var beside sync.WaitGroup
	defer beside.Wait()
	defer stop()
	beside.Go(func() {
		(&program{err: write, clock: standing(digestsAt)}).digestLoop(ctx, &term{settings: settings, db: db})
		_ = write.Close()
	})
	first := make([]byte, 4096)
	n, err := read.Read(first)
	if err != nil || !strings.Contains(string(first[:n]), "how its sending ended is not known") || !strings.Contains(string(first[:n]), `channel="webhook room"`) {
		t.Errorf("the log begins (%v)\n%s", err, first[:n])
	}
}

// openedAt is a database whose clock stands.
func openedAt(t *testing.T, path string, at time.Time) *store.DB {
	t.Helper()
	db, err := store.Open(t.Context(), path, store.Options{Rules: metrics.DefaultRules(), Clock: standing(at)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// begin notes a sending that began at an instant.
func begin(t *testing.T, path string, at time.Time, m store.Mailing) {
	t.Helper()
	if err := openedAt(t, path, at).BeginMailing(t.Context(), m); err != nil {
		t.Fatal(err)
	}
}
