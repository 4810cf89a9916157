package jobs

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"time"

	"github.com/riverqueue/river"
)

// job is a source's one job. It never completes: each run puts it off to the next.
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
// it puts it back. What is returned to River is only logged.
func (w *worker) Work(_ context.Context, j *river.Job[job]) error {
	ctx, end := context.WithCancelCause(w.until)
	defer end(nil)
	hold, mine, err := w.queue.take(ctx, j.JobRow)
	switch {
	case err != nil:
		w.warn(ctx, j, fmt.Errorf("taking it: %w", err))
		return err
	case !mine:
		return errLost
	case !slices.Contains(w.names, j.Args.Name):
		_, err = hold.remove(ctx)
		return err
	}
	go w.renew(ctx, end, j, hold)
	next := w.work(ctx, j.Args.Name)
	mine, err = hold.putOff(ctx, next)
	if err != nil {
		w.warn(ctx, j, fmt.Errorf("putting it off, so that it is taken up again once its lease is over: %w", err))
	} else if !mine && ctx.Err() == nil {
		w.warn(ctx, j, errLost)
	}
	return err
}

// renew keeps the lease while the work goes on.
func (w *worker) renew(ctx context.Context, end context.CancelCauseFunc, j *river.Job[job], hold lease) {
	heard := time.Now()
	for pause(ctx, w.queue.Lease/3) == nil {
		mine, err := hold.renew(ctx)
		switch {
		case ctx.Err() != nil:
			return
		case err == nil && mine:
			heard = time.Now()
		case err == nil, time.Since(heard) > w.queue.Lease:
			w.warn(ctx, j, errors.Join(errLost, err))
			end(errLost)
			return
		}
	}
}

func (w *worker) warn(ctx context.Context, j *river.Job[job], err error) {
	w.queue.Logger.WarnContext(ctx, "trouble with the job of a source", slog.String("source", j.Args.Name), slog.Any("error", err))
}
