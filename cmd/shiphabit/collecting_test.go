package main

import (
	"bytes"
	"context"
	"errors"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"shiphabit/collector"
	"shiphabit/collector/git/gittest"
	"shiphabit/internal/store"
	"shiphabit/metrics"
)

func TestCollectReadsWhatIsNewOrEverythingAgain(t *testing.T) {
	t.Parallel()
	p := newProcess(t)
	settings, db := filepath.Join(p.home, "s.yaml"), filepath.Join(p.home, "s.db")
	write(t, settings, "sources:\n  - {name: shop, type: git, settings: {path: "+gittest.Story(t).Dir+"}}\n")
	read := func(args ...string) string {
		t.Helper()
		_, errs, code := p.run(append([]string{"collect", "--config", settings, "--db", db}, args...)...)
		if code != exitOK {
			t.Fatalf("exit code %d\n%s", code, errs)
		}
		return errs
	}
	first := read()
	stored := p.must("export", "--config", settings, "--db", db)
	if got := read(); !strings.Contains(got, "shop: 0 events read") {
		t.Errorf("nothing is new, and it says\n%s", got)
	}
	if got := read("--full"); got != first {
		t.Errorf("from the start it says\n%swhere the first time it said\n%s", got, first)
	}
	if p.must("export", "--config", settings, "--db", db) != stored {
		t.Error("what was read again is stored twice, or lost")
	}
	if got := read("--quiet"); got != "" {
		t.Errorf("told to be quiet it says\n%s", got)
	}
	for sentence, c := range map[string]struct{ flag, value, says string }{
		"a source that is not declared":    {"--source", "nosuch", "not among the sources"},
		"a day that is none":               {"--since", "yesterday", "write it like 2026-01-31"},
		"a day for a source that has none": {"--since", "2026-01-01", "--full reads them from the start"},
	} {
		if _, errs, code := p.run("collect", "--config", settings, "--db", db, c.flag, c.value); code != exitUsage || !strings.Contains(errs, c.says) {
			t.Errorf("%s: exit code %d\n%s", sentence, code, errs)
		}
	}
}

// slowSource has pages without end and tells of each that is asked for.
type slowSource struct{ asked chan int }

func (slowSource) Name() string { return "slow" }

func (s slowSource) Pull(ctx context.Context, cursor string) (collector.Page, error) {
	at, _ := strconv.Atoi(cursor)
	select {
	case s.asked <- at:
	case <-ctx.Done():
		return collector.Page{}, context.Cause(ctx)
	}
	e := metrics.NewEvent("slow", metrics.Commit{ID: strconv.Itoa(at), Repository: "a/b", AuthoredAt: time.Unix(1, 0), CommittedAt: time.Unix(1, 0)})
	return collector.Page{Events: []metrics.Event{e}, Next: strconv.Itoa(at + 1), More: true}, nil
}

func TestACollectThatIsStoppedKeepsWhatItHas(t *testing.T) {
	t.Parallel()
	db, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "s.db"), store.Options{Rules: metrics.DefaultRules()})
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	var errs bytes.Buffer
	c := collecting{program: &program{err: &errs}}
	ctx, stop := context.WithCancel(t.Context())
	source := slowSource{make(chan int)}
	var ended error
	var running sync.WaitGroup
	running.Go(func() { ended = c.all(ctx, db, []collector.Source{source}) })
	for at := range 3 {
		if got := <-source.asked; got != at {
			t.Fatalf("page %d is asked for, want %d", got, at)
		}
	}
	stop()
	running.Wait()
	var coded exitError
	cursor, err := db.Cursor(t.Context(), "slow")
	if !errors.As(ended, &coded) || coded.code != exitStopped || err != nil || cursor != "2" && cursor != "3" {
		t.Errorf("ended with %v, cursor %q, error %v", ended, cursor, err)
	}
}

func TestAReadingIsShownAsItGoes(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var errs bytes.Buffer
		b := (&program{err: &errs}).newBoard()
		page := collector.Page{Doing: "deployments of acme/shop", Done: 100, Total: 1000, Part: 2, Parts: 17, Budget: collector.Budget{Left: 4312, Limit: 5000}}
		b.page("host", page)
		time.Sleep(10 * time.Second)
		page.Done = 300
		b.page("host", page)
		time.Sleep(time.Second)
		b.waiting("host", 25*time.Minute, errors.New("the host asks for\na pause"))
		b.ended("host", errors.New("read host: the token is refused\nand more"))
		b.ended("other", nil)
		b.close()
		want := "host: deployments of acme/shop, 300 of 1000, list 3 of 17, 20 a second, about 35s left, 4312 of 5000 calls left\n" +
			"host: waits 25m0s, until 00:25:11 UTC: the host asks for a pause\n" +
			"host: stopped after 0 events: read host: the token is refused\n" +
			"other: 0 events read\n"
		if errs.String() != want {
			t.Errorf("got\n%swant\n%s", &errs, want)
		}
	})
}

func TestATerminalIsDrawnOver(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		var errs bytes.Buffer
		b := (&program{err: &errs, terminal: true}).newBoard()
		b.page("host", collector.Page{Doing: strings.Repeat("long ", 50)})
		b.page("other", collector.Page{Doing: "tags", Done: 1}) // too soon after the first to be drawn
		time.Sleep(time.Second)
		b.page("other", collector.Page{Doing: "tags \x1b[2J", Done: 2})
		b.close()
		drawings := strings.Split(errs.String(), "\x1b[2A")
		if len(drawings) != 2 || strings.Contains(errs.String(), "\x1b[2J") {
			t.Fatalf("%q", errs.String())
		}
		for line := range strings.SplitSeq(drawings[1], "\n") {
			if len([]rune(line)) > widest+len("\r\x1b[K") {
				t.Errorf("a line of %d characters", len([]rune(line)))
			}
		}
	})
}
