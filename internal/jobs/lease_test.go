package jobs_test

import (
	"context"
	"log/slog"
	"os"
	"syscall"
	"testing"
	"time"

	"shiphabit/internal/jobs"
	"shiphabit/internal/store"
)

// A process that stands still (a suspended machine, a long pause) for longer than its lease wakes up while another reads its source.
func TestAReplicaThatOversleptItsLeaseLeavesTheJobToItsNewHolder(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, dsn string) {
		sources := []string{"slow"}
		h := newPagedHost(t, 10, 3)
		asked, answer := make(chan int, 100), make(chan struct{})
		h.holding(func(_ string, page int) <-chan struct{} {
			asked <- page
			return answer
		})
		first := start(t, dsn, "first", h, sources)
		<-asked
		db := open(t, dsn)
		halt(t, db, first.Process)
		t.Cleanup(func() { _ = first.Process.Signal(syscall.SIGCONT) }) // before it is told to stop
		start(t, dsn, "second", h, sources)
		<-asked // the second has it now
		if err := first.Process.Signal(syscall.SIGCONT); err != nil {
			t.Fatal(err)
		}
		// Two renewals of each and two looks for jobs that are due.
		for end := time.Now().Add(2 * lease); time.Now().Before(end); pauseFor(t, 50*time.Millisecond) {
			if state := jobState(t, db); state != "running" || h.pagesOf("slow") != 2 {
				t.Fatalf("the second is still reading, its job is %s, and the page was asked for by %v", state, h.askersOf("slow"))
			}
		}
		close(answer)
		until(t, time.Minute, "the source is read to its end", func() bool { return allRead(t, db, sources) })
		checkTruth(t, db, h, sources, 1)
		if got := h.askersOf("slow"); got["first"] != 1 || got["second"] != h.pages {
			t.Errorf("pages were asked for by %v, want the cut one by the first and all by the second", got)
		}
	})
}

// halt stops a process between its transactions: one that it never ended would keep everybody else from the database.
func halt(t *testing.T, db *store.DB, p *os.Process) {
	t.Helper()
	for {
		if err := p.Signal(syscall.SIGSTOP); err != nil {
			t.Fatal(err)
		}
		if !locked(t, db) {
			return
		}
		if err := p.Signal(syscall.SIGCONT); err != nil {
			t.Fatal(err)
		}
		pauseFor(t, 20*time.Millisecond)
	}
}

// locked reports whether somebody else has a transaction open.
func locked(t *testing.T, db *store.DB) bool {
	t.Helper()
	pool, sqlite, err := db.Pool()
	if err != nil {
		t.Fatal(err)
	}
	if sqlite {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := pool.ExecContext(ctx, "UPDATE river_job SET state = state WHERE 1 = 0")
		return err != nil
	}
	var open int
	err = pool.QueryRowContext(t.Context(), `SELECT count(*) FROM pg_stat_activity
		WHERE datname = current_database() AND pid <> pg_backend_pid() AND state <> 'idle'`).Scan(&open)
	if err != nil {
		t.Fatal(err)
	}
	return open > 0
}

func TestARunThatLostItsJobPutsNothingOff(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, dsn string) {
		db := open(t, dsn)
		pool, sqlite, err := db.Pool()
		if err != nil {
			t.Fatal(err)
		}
		ctx, stop := context.WithCancel(t.Context())
		defer stop()
		queue := jobs.Queue{Pool: pool, SQLite: sqlite, Logger: slog.New(slog.DiscardHandler), Parallel: 1, Lease: time.Hour}
		err = queue.Run(ctx, []string{"a"}, func(ctx context.Context, _ string) time.Time {
			// Another process has rescued the job, fetched it and taken it.
			if _, err := pool.ExecContext(ctx, `UPDATE river_job SET metadata = '{"lease": "another"}'`); err != nil {
				t.Error(err)
			}
			stop()
			return time.Now().Add(time.Hour)
		})
		if err != nil {
			t.Fatal(err)
		}
		var state string
		var attempt int
		if err := pool.QueryRowContext(t.Context(), "SELECT state, attempt FROM river_job").Scan(&state, &attempt); err != nil || state != "running" || attempt != 1 {
			t.Errorf("the other's job is %s at attempt %d, error %v", state, attempt, err)
		}
	})
}

func TestASourceThatIsNoLongerDeclaredLeavesTheQueue(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, dsn string) {
		db := open(t, dsn)
		pool, sqlite, err := db.Pool()
		if err != nil {
			t.Fatal(err)
		}
		queue := jobs.Queue{Pool: pool, SQLite: sqlite, Logger: slog.New(slog.DiscardHandler), Parallel: 1, Lease: lease}
		turns := func(n int, names ...string) {
			ctx, stop := context.WithCancel(t.Context())
			defer stop()
			err := queue.Run(ctx, names, func(context.Context, string) time.Time {
				if n--; n == 0 {
					stop()
				}
				return time.Now()
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		turns(2, "a", "b")
		turns(3, "b") // the other stands before it once at most
		var left int
		if err := pool.QueryRowContext(t.Context(), "SELECT count(*) FROM river_job WHERE state IN ('available', 'scheduled', 'running')").Scan(&left); err != nil || left != 1 {
			t.Errorf("%d jobs are left, error %v", left, err)
		}
	})
}
