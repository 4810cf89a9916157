package jobs

import (
	"context"
	"crypto/rand"
	"database/sql"
	"encoding/json"
	"time"

	"github.com/riverqueue/river/riverdriver"
	"github.com/riverqueue/river/rivertype"
)

// driver is River's, save that River ends no run. It would end one by the job's id alone, even where the run was given up long ago
// and the job is another's; we end a run by its lease. It notes whether jobs can be asked for.
type driver struct {
	riverdriver.Driver[*sql.Tx]

	outage *outage
}

// GetExecutor returns what River asks the database through.
func (d driver) GetExecutor() riverdriver.Executor { return executor{d.Driver.GetExecutor(), d.outage} }

type executor struct {
	riverdriver.Executor

	outage *outage
}

// JobSetStateIfRunningMany is how River ends runs. No rows is its answer for jobs that are gone.
func (executor) JobSetStateIfRunningMany(context.Context, *riverdriver.JobSetStateIfRunningManyParams) ([]*rivertype.JobRow, error) {
	return nil, nil
}

// lease is a run's hold on its job: a word in the job's metadata that no other run has. Whatever we write about a run asks for it in
// the same statement, so that a run which lost its job, however late it wakes, changes nothing.
type lease struct {
	queue Queue
	job   int64
	word  string
}

// take puts a new word in the place of the one that the job had when River fetched it. Of several runs that fetched the job one
// succeeds.
func (q Queue) take(ctx context.Context, row *rivertype.JobRow) (l lease, mine bool, err error) {
	var before struct {
		Lease string `json:"lease"`
	}
	if err := json.Unmarshal(row.Metadata, &before); err != nil {
		return lease{}, false, err
	}
	l = lease{queue: q, job: row.ID, word: rand.Text()}
	mine, err = q.insist(ctx, q.words().take, row.ID, before.Lease, l.word)
	return l, mine, err
}

// renew moves the time from which River counts how long a job has been running: River itself has no lease that can be renewed. It
// returns whether the job is still this run's.
func (l lease) renew(ctx context.Context) (bool, error) {
	return l.queue.change(ctx, l.queue.words().renew, l.job, l.word)
}

// putOff ends the run; the job is due again at that time. Attempts are those since a run last ended well.
func (l lease) putOff(ctx context.Context, until time.Time) (bool, error) {
	var at any = until.UTC()
	if l.queue.SQLite {
		at = until.UTC().Format("2006-01-02 15:04:05.000") // compared as text
	}
	return l.queue.insist(ctx, l.queue.words().putOff, l.job, l.word, at)
}

// remove ends the run and takes the job out of the queue.
func (l lease) remove(ctx context.Context) (bool, error) {
	return l.queue.insist(ctx, l.queue.words().remove, l.job, l.word)
}

// words are the changes to a job that is running under a lease: the job is the first value, the lease the second.
type words struct{ take, renew, putOff, remove string }

func (q Queue) words() words {
	if q.SQLite {
		const (
			held = ` WHERE id = ?1 AND state = 'running' AND coalesce(json_extract(metadata, '$.lease'), '') = ?2`
			now  = `attempted_at = strftime('%Y-%m-%d %H:%M:%f', 'now')`
		)
		return words{
			take:   `UPDATE river_job SET metadata = jsonb_set(metadata, '$.lease', ?3), ` + now + held,
			renew:  `UPDATE river_job SET ` + now + held,
			putOff: `UPDATE river_job SET state = 'available', scheduled_at = ?3, attempt = 0, metadata = jsonb_set(metadata, '$.lease', '')` + held,
			remove: `DELETE FROM river_job` + held,
		}
	}
	const held = ` WHERE id = $1 AND state = 'running' AND coalesce(metadata->>'lease', '') = $2`
	return words{
		take:   `UPDATE river_job SET metadata = metadata || jsonb_build_object('lease', $3::text), attempted_at = now()` + held,
		renew:  `UPDATE river_job SET attempted_at = now()` + held,
		putOff: `UPDATE river_job SET state = 'available', scheduled_at = $3, attempt = 0, metadata = metadata || '{"lease": ""}'` + held,
		remove: `DELETE FROM river_job` + held,
	}
}

// The bounds of a change that nobody makes later: without it the job stands still until its lease is over.
const (
	insistTries = 3
	insistFor   = 5 * time.Second
)

// insist makes a change even while all work ends, and again when it could not be made.
func (q Queue) insist(ctx context.Context, query string, values ...any) (mine bool, err error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), insistFor)
	defer cancel()
	for range insistTries {
		if mine, err = q.change(ctx, query, values...); err == nil {
			return mine, nil
		}
		if pause(ctx, 200*time.Millisecond) != nil {
			break
		}
	}
	return false, err
}

func (q Queue) change(ctx context.Context, query string, values ...any) (bool, error) {
	done, err := q.Pool.ExecContext(ctx, query, values...)
	if err != nil {
		return false, err
	}
	n, err := done.RowsAffected()
	return n == 1, err
}
