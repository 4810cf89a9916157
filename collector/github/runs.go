package github

import (
	"context"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/go-github/v88/github"

	"shiphabit/collector"
)

const (
	runsOverlap = 72 * time.Hour
	// rerunnable is how long a run can be started anew, which GitHub allows for 30 days, and the day until it is looked for.
	rerunnable = 31 * 24 * time.Hour
)

// runs is the list of a repository's workflow runs, newest first. A retry keeps its run's place in it: with the first run of a day
// the list is read further back, for retries alone.
func (r *repository) runs() collector.Feed {
	f := r.feed("workflow runs")
	f.Overlap = runsOverlap
	f.Read = needing("Actions: read", r.readRuns)
	f.Again = r.runAgain
	return f
}

// runsPage is where the reading of the runs stands.
type runsPage struct {
	Number int `json:"page"`
	// Total is how many runs the page before told of. When there are fewer now, others have moved up, over the border of a page maybe.
	Total int `json:"total"`
	// Back tells that this reading goes back as far as runs can be started anew.
	Back bool `json:"back,omitempty"`
}

func runsPageOf(text string) runsPage {
	var p runsPage
	if json.Unmarshal([]byte(text), &p) != nil || p.Number < 1 {
		return runsPage{Number: 1}
	}
	return p
}

// to is the place to go on at, "" where the list ends.
func (p runsPage) to(number, total int) string {
	if number == 0 {
		return ""
	}
	text, err := json.Marshal(runsPage{Number: number, Total: total, Back: p.Back})
	if err != nil {
		panic(err) // numbers only
	}
	return string(text)
}

// goesBack reports whether the newest run is of a later day than any known before. The first reading goes back anyway.
func goesBack(from collector.Position, list []*github.WorkflowRun) bool {
	day := func(at time.Time) time.Time { return at.UTC().Truncate(24 * time.Hour) }
	return !from.Since.IsZero() && len(list) > 0 && day(instant(list[0].CreatedAt)).After(day(from.Newest))
}

func (r *repository) readRuns(ctx context.Context, from collector.Position) (collector.Batch, error) {
	at := runsPageOf(from.Page)
	list, answer, err := r.rest.Actions.ListRepositoryWorkflowRuns(ctx, r.owner, r.name, &github.ListWorkflowRunsOptions{
		ExcludePullRequests: true, ListOptions: github.ListOptions{Page: at.Number, PerPage: r.perPage},
	})
	if err := r.cause(ctx, "the workflow runs", err); err != nil {
		return collector.Batch{}, err
	}
	next, err := r.next(answer)
	if err != nil {
		return collector.Batch{}, err
	}
	if gone := at.Total - list.GetTotalCount(); gone > 0 && at.Number > 1 {
		return collector.Batch{Next: at.to(max(1, at.Number-(gone+r.perPage-1)/r.perPage), list.GetTotalCount())}, nil
	}
	if from.Page == "" {
		at.Back = goesBack(from, list.WorkflowRuns)
	}
	batch, since := collector.Batch{Next: at.to(next, list.GetTotalCount())}, r.from(from)
	earliest := since
	if at.Back {
		earliest = later(r.since, from.Since.Add(runsOverlap-rerunnable))
	}
	var wanted []*github.WorkflowRun
	for _, w := range list.WorkflowRuns {
		created := instant(w.CreatedAt)
		if created.Before(earliest) {
			batch.Next = ""
			break
		}
		batch.Newest = later(batch.Newest, created)
		if r.wants(w) && (!created.Before(since) || w.GetRunAttempt() > 1) {
			wanted = append(wanted, w)
		}
	}
	return batch, r.takeRuns(ctx, &batch, wanted)
}

// wants reports whether a run deploys, or may hold a job that does.
func (r *repository) wants(w *github.WorkflowRun) bool {
	return len(r.Workflows) == 0 || r.workflow(w.GetName(), w.GetPath())
}

func (r *repository) runAgain(ctx context.Context, id string) (collector.Batch, error) {
	n, err := strconv.ParseInt(id, 10, 64)
	if err != nil {
		return collector.Batch{Closed: []string{id}}, nil //nolint:nilerr // no id of ours
	}
	w, _, err := r.rest.Actions.GetWorkflowRunByID(ctx, r.owner, r.name, n)
	if err := r.cause(ctx, "a workflow run", err); err != nil {
		return collector.Batch{}, err
	}
	var batch collector.Batch
	return batch, r.takeRuns(ctx, &batch, []*github.WorkflowRun{w})
}

// takeRuns adds what the runs deployed: each attempt of them, or their jobs.
func (r *repository) takeRuns(ctx context.Context, batch *collector.Batch, list []*github.WorkflowRun) error {
	for _, w := range list {
		id := strconv.FormatInt(w.GetID(), 10)
		if w.GetStatus() == "completed" || !r.mayEnd(later(instant(w.CreatedAt), instant(w.RunStartedAt))) {
			batch.Closed = append(batch.Closed, id)
		} else {
			batch.Open = append(batch.Open, id)
		}
	}
	if len(r.Jobs) > 0 {
		return r.takeJobs(ctx, batch, list)
	}
	for _, w := range list {
		if err := r.takeAttempts(ctx, batch, w); err != nil {
			return err
		}
	}
	return nil
}

// takeAttempts adds a run and the attempts before it, which the list does not hold.
func (r *repository) takeAttempts(ctx context.Context, batch *collector.Batch, w *github.WorkflowRun) error {
	r.takeExecution(batch, fromRun(w))
	for n := w.GetRunAttempt() - 1; n >= 1; n-- {
		before, _, err := r.rest.Actions.GetWorkflowRunAttempt(ctx, r.owner, r.name, w.GetID(), n, &github.WorkflowRunAttemptOptions{ExcludePullRequests: github.Ptr(true)})
		if err := r.cause(ctx, "an attempt of a workflow run", err); err != nil {
			if collector.TroubleOf(err) == collector.Missing {
				continue // attempts are kept for a while only
			}
			return err
		}
		r.takeExecution(batch, fromRun(before))
	}
	return nil
}

func (r *repository) takeExecution(batch *collector.Batch, x execution) {
	if e, deployed := r.deployedBy(r.full, x, polled); deployed {
		batch.Take(x.id+" of "+r.full, e)
	}
}

// jobsQuery brings the jobs of many runs at once; REST would take a call for each run.
const jobsQuery = `query($ids: [ID!]!) {
  rateLimit { cost remaining resetAt }
  nodes(ids: $ids) {
    ... on WorkflowRun {
      databaseId
      checkSuite { checkRuns(first: 100, filterBy: {checkType: ALL}) { pageInfo { hasNextPage endCursor } nodes { databaseId name status conclusion startedAt completedAt url } } }
    }
  }
}`

type graphRun struct {
	DatabaseID int64 `json:"databaseId"`
	CheckSuite struct {
		CheckRuns struct {
			PageInfo pageInfo    `json:"pageInfo"`
			Nodes    []*graphJob `json:"nodes"`
		} `json:"checkRuns"`
	} `json:"checkSuite"`
}

type graphJob struct {
	DatabaseID  int64     `json:"databaseId"`
	Name        string    `json:"name"`
	Status      string    `json:"status"`
	Conclusion  string    `json:"conclusion"`
	StartedAt   time.Time `json:"startedAt"`
	CompletedAt time.Time `json:"completedAt"`
	URL         string    `json:"url"`
}

// runsAtOnce keeps the nodes of one query of jobs below what GitHub answers quickly.
const runsAtOnce = 25

// takeJobs adds the jobs of the runs that deploy. Where GraphQL does not show a run's jobs, as to tokens of the fine-grained kind, or
// not all of them, REST is asked for that run.
func (r *repository) takeJobs(ctx context.Context, batch *collector.Batch, list []*github.WorkflowRun) error {
	for some := range slices.Chunk(list, runsAtOnce) {
		shown, err := r.jobsOf(ctx, some)
		if err != nil {
			return err
		}
		for _, w := range some {
			jobs, all := shown[w.GetID()]
			if !all {
				if err := r.takeManyJobs(ctx, batch, w); err != nil {
					return err
				}
			}
			for _, job := range jobs {
				if matches(r.Jobs, job.Name) {
					r.takeExecution(batch, job.execution(w))
				}
			}
		}
	}
	return nil
}

// jobsOf are the jobs of the runs of which GraphQL shows all.
func (r *repository) jobsOf(ctx context.Context, list []*github.WorkflowRun) (map[int64][]*graphJob, error) {
	ids := make([]string, len(list))
	for i, w := range list {
		ids[i] = w.GetNodeID()
	}
	var answer struct {
		Nodes []*graphRun `json:"nodes"`
	}
	if _, err := r.ask(ctx, jobsQuery, map[string]any{"ids": ids}, &answer); err != nil && !collector.Alone(err) {
		return nil, err
	}
	shown := map[int64][]*graphJob{}
	for _, run := range answer.Nodes {
		if run != nil && !run.CheckSuite.CheckRuns.PageInfo.HasNextPage && !slices.Contains(run.CheckSuite.CheckRuns.Nodes, nil) {
			shown[run.DatabaseID] = run.CheckSuite.CheckRuns.Nodes
		}
	}
	return shown, nil
}

func (j graphJob) execution(w *github.WorkflowRun) execution {
	x := fromRun(w)
	x.id, x.url, x.state, x.conclusion = jobID(j.DatabaseID), j.URL, strings.ToLower(j.Status), strings.ToLower(j.Conclusion)
	x.created, x.started, x.ended, x.updated = time.Time{}, j.StartedAt, j.CompletedAt, later(j.StartedAt, j.CompletedAt)
	return x
}

// takeManyJobs adds the jobs of one run.
func (r *repository) takeManyJobs(ctx context.Context, batch *collector.Batch, w *github.WorkflowRun) error {
	for page := 1; page > 0; {
		some, answer, err := r.rest.Actions.ListWorkflowJobs(ctx, r.owner, r.name, w.GetID(), &github.ListWorkflowJobsOptions{
			Filter: "all", ListOptions: github.ListOptions{Page: page, PerPage: r.perPage},
		})
		if err := r.cause(ctx, "the jobs of a workflow run", err); err != nil {
			return err
		}
		for _, job := range some.Jobs {
			if matches(r.Jobs, job.GetName()) {
				r.takeExecution(batch, withRun(fromJob(job), w))
			}
		}
		if page, err = r.next(answer); err != nil {
			return err
		}
	}
	return nil
}

// withRun adds to a job what only its run tells.
func withRun(x execution, w *github.WorkflowRun) execution {
	run := fromRun(w)
	x.ref, x.actor, x.trigger = run.ref, run.actor, run.trigger
	return x
}
