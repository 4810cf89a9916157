package jobs_test

import (
	"bytes"
	"context"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"shiphabit/internal/jobs"
	"shiphabit/internal/store"
	"shiphabit/internal/storetest"
)

// journal is what a server logs, at every level.
type journal struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (j *journal) Write(p []byte) (int, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	return j.text.Write(p)
}

// lines are those that have all these words in them.
func (j *journal) lines(words ...string) (found []string) {
	j.mu.Lock()
	defer j.mu.Unlock()
	for line := range strings.Lines(j.text.String()) {
		if !slices.ContainsFunc(words, func(w string) bool { return !strings.Contains(line, w) }) {
			found = append(found, line)
		}
	}
	return found
}

// shown are the lines for people who ask for no more, in their order; but for what it says, and rightly, of a machine that halted it.
func (j *journal) shown() []string {
	return slices.DeleteFunc(j.lines(), func(line string) bool { return strings.Contains(line, debugging) || strings.Contains(line, tooLate) })
}

// tooLate begins what is said of an upkeep that came too late.
const tooLate = "this server came too late to go on looking after the job queue"

const debugging, warns, isWrong = " level=DEBUG ", " level=WARN ", " level=ERROR "

// serves runs a queue over a database until the test ends or stop is called, which waits for its end.
func serves(t *testing.T, dsn string, works chan<- string) (log *journal, db *store.DB, stop func()) {
	t.Helper()
	db = open(t, dsn)
	pool, sqlite, err := db.Pool()
	if err != nil {
		t.Fatal(err)
	}
	log = &journal{}
	logger := slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	queue := jobs.Queue{Pool: pool, SQLite: sqlite, Logger: logger, Parallel: 1, Lease: lease}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- queue.Run(ctx, []string{"a"}, func(_ context.Context, name string) time.Time {
			select {
			case works <- name:
			default:
			}
			return time.Now().Add(time.Second)
		})
	}()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Log(err) // a machine that halts it, say; how a queue ends is for other tests
		}
	})
	t.Cleanup(stop)
	return log, db, stop
}

func TestOfAQueueThatStartsWorksAndStopsNothingIsSaidButForDebugging(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t *testing.T, dsn string) {
		works := make(chan string)
		log, _, stop := serves(t, dsn, works)
		<-works
		until(t, time.Minute, "River counts what it did", func() bool { return len(log.lines(debugging, `"producer: Producer job counts"`)) > 0 })
		stop()
		for _, words := range []string{`"River client started"`, `"River client stopped"`, `"Client: Hard stop started; cancelling all work"`} {
			if len(log.lines(debugging, words)) != 1 {
				t.Errorf("there is no line %s", words)
			}
		}
		if said := log.shown(); len(said) != 0 {
			t.Errorf("it says\n%s", strings.Join(said, ""))
		}
	})
}

func TestOfADatabaseThatGoesAwayTheQueueSaysOnceThatItDidAndOnceThatItIsBack(t *testing.T) {
	t.Parallel()
	address, line := storetest.Through(t, server.New(t))
	works := make(chan string)
	log, _, stop := serves(t, address, works)
	<-works
	until(t, time.Minute, "it looks after the queue", func() bool { return len(log.lines("maintenance.JobScheduler: Run loop started")) > 0 })
	line.Cut()
	for _, seen := range []string{
		"producer: Error fetching jobs", "producer: Error fetching queue settings", "maintenance.JobScheduler: Error scheduling jobs",
		"leadership.Elector: Error attempting",
	} {
		until(t, 2*time.Minute, "River says at debug: "+seen, func() bool { return len(log.lines(debugging, seen)) > 0 })
	}
	if err := line.Mend(); err != nil {
		t.Fatal(err)
	}
	<-works
	stop()
	said := log.shown()
	for len(said) > 0 && strings.Contains(said[0], "looking after the job queue failed") { // it met that first
		said = said[1:]
	}
	if len(said) != 2 || !strings.Contains(said[0], isWrong) || !strings.Contains(said[0], "cannot be read: until it can, this server reads no source") ||
		!strings.Contains(said[0], " error=") || !strings.Contains(said[1], warns) || !strings.Contains(said[1], "can be read again") {
		t.Errorf("it says\n%s", strings.Join(log.shown(), ""))
	}
}

func TestOfAnUpkeepThatFailsThePlainMeaningIsToldWithRiversWordsBesideIt(t *testing.T) {
	t.Parallel()
	works := make(chan string)
	log, db, stop := serves(t, server.New(t), works)
	<-works
	pool, _, err := db.Pool()
	if err != nil {
		t.Fatal(err)
	}
	until(t, time.Minute, "it looks after the queue", func() bool { return len(log.lines("leadership.Elector: Gained leadership")) > 0 })
	if _, err := pool.ExecContext(t.Context(), "ALTER TABLE river_leader RENAME TO river_leader_away"); err != nil {
		t.Fatal(err)
	}
	failed := []string{warns, `msg="looking after the job queue failed`, "That alone keeps no source from being read", "err=", "river_leader", `river="leadership.Elector: Error attempting `}
	until(t, 2*time.Minute, "it says that the upkeep fails", func() bool { return len(log.lines(failed...)) > 0 })
	late := []string{warns, tooLate, "nothing is lost", `river="leadership.Elector: Current leader stepping down because the reelection deadline elapsed"`}
	until(t, 2*time.Minute, "it says that it gives the upkeep up", func() bool { return len(log.lines(late...)) > 0 })
	<-works // sources are read all the same
	stop()
	for _, line := range log.shown() {
		if strings.Contains(line, isWrong) || !strings.Contains(line, "looking after the job queue failed") {
			t.Errorf("it says also %s", line)
		}
	}
}
