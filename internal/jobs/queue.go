package jobs

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/riverqueue/river"
	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/riverdriver/riverdatabasesql"
	"github.com/riverqueue/river/riverdriver/riversqlite"
	"github.com/riverqueue/river/rivermigrate"
	"github.com/riverqueue/river/rivertype"
)

// Queue runs jobs by name. Over one database any number of processes share the work: each job runs on one of them at a time, and
// the jobs of one that is killed are taken over once their lease is over.
type Queue struct {
	// Pool is the database's, SQLite tells its kind.
	Pool   *sql.DB
	SQLite bool
	Logger *slog.Logger
	// Parallel is how many jobs run at once in this process.
	Parallel int
	// Lease is how long after a process was last heard of its jobs are another's to take.
	Lease time.Duration
}

// The usual bounds.
const (
	Parallel = 4
	Lease    = 30 * time.Second
)

// Work does a job by its name and returns when it is to be done next.
type Work func(ctx context.Context, name string) time.Time

// queueName is the queue of the sources.
const queueName = "sources"

// pollEvery is how soon a job is taken up that became due.
const pollEvery = 2 * time.Second

// mostAttempts is as many as River can count; each process that is killed at a job costs it one, until a run ends well.
const mostAttempts = 32_000

// missingEvery is how often it is looked whether a job is missing: a replica that does not know a source yet may have removed it.
const missingEvery = time.Minute

// stopping bounds how long the work under way may take to end.
const stopping = 10 * time.Second

// Run does the jobs of these names, each at once and then whenever it is due, until the context ends.
func (q Queue) Run(ctx context.Context, names []string, work Work) error {
	tables := q.driver()
	if err := migrate(ctx, tables); err != nil {
		return fmt.Errorf("preparing the job queue: %w", err)
	}
	workers := river.NewWorkers()
	river.AddWorker(workers, &worker{queue: q, names: names, work: work, until: ctx})
	told := &outage{logger: q.Logger}
	client, err := river.NewClient(driver{tables, told}, &river.Config{
		Queues:     map[string]river.QueueConfig{queueName: {MaxWorkers: q.Parallel}},
		Workers:    workers,
		JobTimeout: q.Lease - time.Millisecond, RescueStuckJobsAfter: q.Lease,
		JobStuckThreshold: 24 * time.Hour, // the timeout is only that of the lease, which is renewed
		MaxAttempts:       mostAttempts,
		PollOnly:          true, // a source is due by the minute; being told at once is not worth a connection, or SQLite's notes on disk
		FetchPollInterval: pollEvery,
		Logger:            slog.New(plain{q.Logger.Handler(), told, lines()}),
	})
	if err != nil {
		return fmt.Errorf("preparing the job queue: %w", err)
	}
	if err := client.Start(context.WithoutCancel(ctx)); err != nil {
		return fmt.Errorf("starting the job queue: %w", err)
	}
	q.keep(ctx, client, names)
	limit, cancel := context.WithTimeout(context.WithoutCancel(ctx), stopping)
	defer cancel()
	return client.StopAndCancel(limit)
}

func (q Queue) driver() riverdriver.Driver[*sql.Tx] {
	if q.SQLite {
		return riversqlite.New(q.Pool)
	}
	return riverdatabasesql.New(q.Pool)
}

// migrateTries: of several processes that make the tables at the same moment one succeeds, and the others find them made.
const migrateTries = 10

func migrate(ctx context.Context, driver riverdriver.Driver[*sql.Tx]) error {
	tables, err := rivermigrate.New(driver, &rivermigrate.Config{Logger: slog.New(slog.DiscardHandler)})
	if err != nil {
		return err
	}
	for try := 1; ; try++ {
		if _, err = tables.Migrate(ctx, rivermigrate.DirectionUp, nil); err == nil || try == migrateTries || ctx.Err() != nil {
			return err
		}
		if err := pause(ctx, 100*time.Millisecond); err != nil {
			return err
		}
	}
}

// keep makes every job due now, and puts back what is missing later, until the context ends.
func (q Queue) keep(ctx context.Context, client *river.Client[*sql.Tx], names []string) {
	due := dueNow
	for {
		if err := due(ctx, client, names); err != nil && ctx.Err() == nil {
			q.Logger.ErrorContext(ctx, "queueing the sources", slog.Any("error", err))
		}
		if pause(ctx, missingEvery) != nil {
			return
		}
		due = putBack
	}
}

// dueNow makes every job, or brings it forward to now.
func dueNow(ctx context.Context, client *river.Client[*sql.Tx], names []string) error {
	var all error
	for _, name := range names {
		done, err := client.Insert(ctx, job{Name: name}, nil)
		if err == nil && done.UniqueSkippedAsDuplicate && done.Job.State != rivertype.JobStateRunning {
			_, err = client.JobRetry(ctx, done.Job.ID)
		}
		all = errors.Join(all, err)
	}
	return all
}

// putBack makes the jobs that are missing.
func putBack(ctx context.Context, client *river.Client[*sql.Tx], names []string) error {
	there := map[string]bool{}
	list, err := client.JobList(ctx, river.NewJobListParams().Kinds(job{}.Kind()).States(active()...).First(mostJobs))
	if err != nil {
		return err
	}
	for _, row := range list.Jobs {
		var j job
		if json.Unmarshal(row.EncodedArgs, &j) == nil {
			there[j.Name] = true
		}
	}
	return dueNow(ctx, client, slices.DeleteFunc(slices.Clone(names), func(name string) bool { return there[name] }))
}

// mostJobs is far above the number of sources that anybody has.
const mostJobs = 10_000

func active() []rivertype.JobState {
	return []rivertype.JobState{
		rivertype.JobStateAvailable, rivertype.JobStatePending, rivertype.JobStateRetryable, rivertype.JobStateRunning, rivertype.JobStateScheduled,
	}
}

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-time.After(d):
		return nil
	}
}
