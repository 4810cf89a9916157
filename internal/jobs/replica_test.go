package jobs_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"shiphabit/collector"
	"shiphabit/internal/jobs"
	"shiphabit/internal/store"
	"shiphabit/metrics"
)

// The environment that makes the test binary a replica: its database, the host, its own name and its sources.
const (
	replicaDSN     = "SHIPHABIT_TEST_REPLICA_DB"
	replicaHost    = "SHIPHABIT_TEST_REPLICA_HOST"
	replicaName    = "SHIPHABIT_TEST_REPLICA_NAME"
	replicaSources = "SHIPHABIT_TEST_REPLICA_SOURCES"
)

// lease of the replicas in these tests.
const lease = 3 * time.Second

// kept is the store as cmd gives it to the readers.
type kept struct{ *store.DB }

func (k kept) Apply(ctx context.Context, source, from, to string, page collector.Page) error {
	err := k.ApplyPage(ctx, source, from, to, page.Events, nil)
	if errors.Is(err, store.ErrMoved) {
		return errors.Join(collector.ErrMoved, err)
	}
	return err
}

type fatal struct{}

func (fatal) Fatal(args ...any) { panic(fmt.Sprint(args...)) }

// replica reads the sources until it is told to stop, as 'serve' does.
func replica(ctx context.Context) int {
	logger := slog.New(slog.NewTextHandler(os.Stderr, &slog.HandlerOptions{Level: slog.LevelWarn}))
	db, err := store.Open(ctx, os.Getenv(replicaDSN), store.Options{Rules: metrics.DefaultRules()})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer db.Close()
	pool, sqlite, err := db.Pool()
	if err != nil {
		panic(err)
	}
	sources := map[string]collector.Source{}
	names := strings.Split(os.Getenv(replicaSources), ",")
	for _, name := range names {
		sources[name] = hosted(fatal{}, os.Getenv(replicaHost), name, os.Getenv(replicaName))
	}
	reader := jobs.NewReader(kept{db}, time.Now, logger)
	queue := jobs.Queue{Pool: pool, SQLite: sqlite, Logger: logger, Parallel: jobs.Parallel, Lease: lease}
	err = queue.Run(ctx, names, func(ctx context.Context, name string) time.Time {
		return reader.Turn(ctx, sources[name], time.Hour)
	})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return 0
}

// start starts a replica as a process of its own.
func start(t *testing.T, dsn, name string, h *pagedHost, sources []string) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(context.WithoutCancel(t.Context()), os.Args[0])
	cmd.Env = append(os.Environ(), replicaDSN+"="+dsn, replicaHost+"="+h.url, replicaName+"="+name, replicaSources+"="+strings.Join(sources, ","))
	cmd.Stderr = os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Signal(syscall.SIGTERM)
		_ = cmd.Wait()
	})
	return cmd
}

// onBoth runs a test over a database of each kind.
func onBoth(t *testing.T, test func(t *testing.T, dsn string)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		test(t, "sqlite:"+filepath.Join(t.TempDir(), "jobs.db"))
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		test(t, server.New(t))
	})
}

// until waits for something to become true in other processes.
func until(t *testing.T, limit time.Duration, what string, is func() bool) {
	t.Helper()
	for end := time.Now().Add(limit); !is(); {
		if time.Now().After(end) {
			t.Fatalf("after %s still not: %s", limit, what)
		}
		pauseFor(t, 20*time.Millisecond)
	}
}

func pauseFor(t *testing.T, d time.Duration) {
	t.Helper()
	select {
	case <-t.Context().Done():
		t.Fatal(t.Context().Err())
	case <-time.After(d):
	}
}

// rescued counts the jobs that were taken from a process that was not heard of for too long: River notes each such accident.
func rescued(t *testing.T, db *store.DB) (n int) {
	t.Helper()
	pool, _, err := db.Pool()
	if err != nil {
		t.Fatal(err)
	}
	if err := pool.QueryRowContext(t.Context(), "SELECT count(*) FROM river_job WHERE errors IS NOT NULL").Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// jobState is the state of the one job of the queue.
func jobState(t *testing.T, db *store.DB) (state string) {
	t.Helper()
	pool, _, err := db.Pool()
	if err != nil {
		t.Fatal(err)
	}
	if err := pool.QueryRowContext(t.Context(), "SELECT state FROM river_job").Scan(&state); err != nil {
		t.Fatal(err)
	}
	return state
}

func open(t *testing.T, dsn string) *store.DB {
	t.Helper()
	db, err := store.Open(t.Context(), dsn, store.Options{Rules: metrics.DefaultRules()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// allRead reports whether every source was read to its end.
func allRead(t *testing.T, db *store.DB, sources []string) bool {
	t.Helper()
	list, err := db.Sources(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ended := 0
	for _, s := range list {
		if !s.Run.FinishedAt.IsZero() && s.Error == "" {
			ended++
		}
	}
	return ended == len(sources)
}

// checkTruth compares what is stored with what the host has, and what was asked with what had to be: nothing lost, and no page read
// twice but those that were cut.
func checkTruth(t *testing.T, db *store.DB, h *pagedHost, sources []string, cut int) {
	t.Helper()
	got, want := map[string]bool{}, h.truth(sources)
	err := db.Export(t.Context(), func(e metrics.Event) error {
		got[e.Source+" "+e.ID] = true
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if !maps.Equal(got, want) {
		t.Errorf("%d events stored, want the %d of the host", len(got), len(want))
	}
	if again := h.repeated(); again != cut {
		t.Errorf("%d pages were asked for twice, want the %d that were cut", again, cut)
	}
}

func TestAReplicaKilledInMidPageLosesAndDoublesNothing(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, dsn string) {
		sources := []string{"a", "b", "c", "d", "e", "f"}
		h := newPagedHost(t, 50, 8)
		reached := make(chan string, 100)
		h.holding(func(source string, page int) <-chan struct{} {
			if page == 4 {
				reached <- source
				return t.Context().Done() // the first replica waits here for ever
			}
			return nil
		})
		first := start(t, dsn, "first", h, sources)
		for range jobs.Parallel {
			<-reached
		}
		h.holding(nil)
		if err := first.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		killed := time.Now()
		start(t, dsn, "second", h, sources)
		db := open(t, dsn)
		until(t, 2*time.Minute, "every source is read to its end", func() bool { return allRead(t, db, sources) })
		t.Logf("taken over and read to the end %s after the kill", time.Since(killed).Round(100*time.Millisecond))
		checkTruth(t, db, h, sources, jobs.Parallel)
		if n := rescued(t, db); n != jobs.Parallel {
			t.Errorf("%d jobs were rescued, want the %d that were under way", n, jobs.Parallel)
		}
	})
}

func TestReplicasShareTheSourcesAndReadEachOnce(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, dsn string) {
		var sources []string
		for i := range 12 {
			sources = append(sources, fmt.Sprint("s", i))
		}
		h := newPagedHost(t, 20, 5)
		both := make(chan struct{})
		h.holding(func(string, int) <-chan struct{} { return both })
		start(t, dsn, "first", h, sources)
		start(t, dsn, "second", h, sources)
		until(t, time.Minute, "both replicas are at work", func() bool { return len(replicasAt(h, sources)) == 2 })
		close(both)
		db := open(t, dsn)
		until(t, time.Minute, "every source is read to its end", func() bool { return allRead(t, db, sources) })
		checkTruth(t, db, h, sources, 0)
	})
}

// replicasAt are the replicas that have asked for anything.
func replicasAt(h *pagedHost, sources []string) map[string]bool {
	all := map[string]bool{}
	for _, s := range sources {
		for name := range h.askersOf(s) {
			all[name] = true
		}
	}
	return all
}

func TestAJobThatIsAlwaysDueStandsBehindTheOthers(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, dsn string) {
		db := open(t, dsn)
		pool, sqlite, err := db.Pool()
		if err != nil {
			t.Fatal(err)
		}
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		queue := jobs.Queue{Pool: pool, SQLite: sqlite, Logger: slog.New(slog.DiscardHandler), Parallel: 1, Lease: lease}
		var order []string
		err = queue.Run(ctx, []string{"backfill", "b", "c", "d"}, func(_ context.Context, name string) time.Time {
			if order = append(order, name); len(order) == 5 {
				stop()
			}
			if name == "backfill" {
				return time.Now()
			}
			return time.Now().Add(time.Hour)
		})
		if err != nil {
			t.Fatal(err)
		}
		others := map[string]bool{}
		for _, name := range order {
			others[name] = true
		}
		if len(others) != 4 {
			t.Errorf("the first five turns went to %v", order)
		}
	})
}

func TestAPageThatTakesLongerThanTheLeaseIsNotTakenOver(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, dsn string) {
		sources := []string{"slow"}
		h := newPagedHost(t, 10, 3)
		h.holding(func(_ string, page int) <-chan struct{} {
			if page != 1 {
				return nil
			}
			answer := make(chan struct{})
			time.AfterFunc(rescuerLooks+2*lease, func() { close(answer) })
			return answer
		})
		start(t, dsn, "first", h, sources)
		start(t, dsn, "second", h, sources)
		db := open(t, dsn)
		until(t, 2*time.Minute, "the source is read to its end", func() bool { return allRead(t, db, sources) })
		checkTruth(t, db, h, sources, 0)
	})
}

// rescuerLooks is how often River looks for jobs whose lease is over.
const rescuerLooks = 30 * time.Second

func TestAReplicaThatIsToldToStopHandsItsSourcesOver(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, dsn string) {
		sources := []string{"a", "b"}
		h := newPagedHost(t, 10, 5)
		reached := make(chan string, 100)
		h.holding(func(source string, page int) <-chan struct{} {
			if page == 2 {
				reached <- source
				return t.Context().Done()
			}
			return nil
		})
		first := start(t, dsn, "first", h, sources)
		for range sources {
			<-reached
		}
		h.holding(nil)
		if err := first.Process.Signal(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
		if state, err := first.Process.Wait(); err != nil || state.ExitCode() != 0 {
			t.Fatal(state, err)
		}
		start(t, dsn, "second", h, sources)
		db := open(t, dsn)
		until(t, time.Minute, "every source is read to its end", func() bool { return allRead(t, db, sources) })
		checkTruth(t, db, h, sources, len(sources))
		if n := rescued(t, db); n != 0 {
			t.Errorf("%d jobs were not handed over and had to be rescued", n)
		}
	})
}
