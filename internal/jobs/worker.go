package jobs

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"time"

	"github.com/riverqueue/river"
)

// job is a source's one job. It never completes: each turn puts it off to the next.
type job struct {
	Name string `json:"name" river:"unique"`
}

// Kind names the job in the queue's tables.
func (job) Kind() string { return "collect" }

// InsertOpts lets a name have one job.
func (job) InsertOpts() river.InsertOpts {
	return river.InsertOpts{Queue: queueName, MaxAttempts: mostAttempts, UniqueOpts: river.UniqueOpts{ByArgs: true}}
}

// worker does the jobs of the names it knows.
type worker struct {
	river.WorkerDefaults[job]
	queue Queue
	names []string
	work  Work
	// until ends all work. River's own context of a job ends with the lease, which we renew.
	until context.Context //nolint:containedctx // it outlives no call: Run ends all work before it returns
}

// errLost ends work whose job went to another process: this one was not heard of for too long.
var errLost = errors.New("the job was taken over by another process")

// afterAccident is how soon a job is taken up again that a killed process or a panic left.
const afterAccident = time.Second

// NextRetry is asked only after an accident.
func (w *worker) NextRetry(*river.Job[job]) time.Time { return time.Now().Add(afterAccident) }

// Work has the job done and puts it off to its next turn. A source that this process does not know leaves the queue: whoever knows
// it puts it back.
func (w *worker) Work(_ context.Context, j *river.Job[job]) error {
	if !slices.Contains(w.names, j.Args.Name) {
		return river.JobCancel(errors.New("no such source is declared"))
	}
	ctx, end := context.WithCancelCause(w.until)
	defer end(nil)
	go w.renew(ctx, end, j)
	next := w.work(ctx, j.Args.Name)
	return river.JobSnooze(max(0, time.Until(next)))
}

// renew keeps the lease while the work goes on.
func (w *worker) renew(ctx context.Context, end context.CancelCauseFunc, j *river.Job[job]) {
	heard := time.Now()
	for pause(ctx, w.queue.Lease/3) == nil {
		mine, err := w.queue.renew(ctx, j)
		switch {
		case err == nil && mine:
			heard = time.Now()
		case err == nil, time.Since(heard) > w.queue.Lease:
			w.queue.Logger.WarnContext(ctx, "a source's reading is cut: its job was taken over", slog.String("source", j.Args.Name), slog.Any("error", err))
			end(errLost)
			return
		}
	}
}

// renew moves the time from which River counts how long a job has been running: River itself has no lease that can be renewed. It
// returns whether the job is still this attempt's.
func (q Queue) renew(ctx context.Context, j *river.Job[job]) (bool, error) {
	query := "UPDATE river_job SET attempted_at = now() WHERE id = $1 AND attempt = $2 AND state = 'running'"
	if q.SQLite {
		query = "UPDATE river_job SET attempted_at = strftime('%Y-%m-%d %H:%M:%f', 'now') WHERE id = ? AND attempt = ? AND state = 'running'"
	}
	done, err := q.Pool.ExecContext(ctx, query, j.ID, j.Attempt)
	if err != nil {
		return false, err
	}
	n, err := done.RowsAffected()
	return n == 1, err
}
