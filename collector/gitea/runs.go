package gitea

import (
	"context"
	"encoding/json"
	"fmt"
	"path"
	"strconv"
	"strings"
	"time"

	sdk "code.gitea.io/sdk/gitea"

	"shiphabit/collector"
	"shiphabit/metrics"
)

// rerun is how far back runs are looked at again: one that is started anew keeps its place in the list.
const rerun = 7 * 24 * time.Hour

// run is a run of a workflow. Gitea and Forgejo call the same things by different names.
type run struct {
	ID         int64  `json:"id"`
	HTMLURL    string `json:"html_url"`
	Event      string `json:"event"`
	Status     string `json:"status"`
	Conclusion string `json:"conclusion"`

	// Gitea's words.
	Path         string    `json:"path"` // "deploy.yml@refs/tags/v1.0.0"
	HeadBranch   string    `json:"head_branch"`
	HeadSHA      string    `json:"head_sha"`
	Attempt      int64     `json:"run_attempt"`
	StartedAt    time.Time `json:"started_at"`
	CompletedAt  time.Time `json:"completed_at"`
	TriggerActor *sdk.User `json:"trigger_actor"`

	// Forgejo's words.
	WorkflowID  string     `json:"workflow_id"`
	PrettyRef   string     `json:"prettyref"`
	CommitSHA   string     `json:"commit_sha"`
	Created     time.Time  `json:"created"`
	Started     time.Time  `json:"started"`
	Stopped     time.Time  `json:"stopped"`
	Updated     time.Time  `json:"updated"`
	TriggerUser *sdk.User  `json:"trigger_user"`
	Repository  *wireOwner `json:"repository"`
}

// workflow is the file that says what the run does, and ref what it ran on, "refs/tags/v1.0.0" or a short name.
func (r run) workflow() (file, ref string) {
	if r.WorkflowID != "" {
		return path.Base(r.WorkflowID), first(r.PrettyRef, r.HeadBranch)
	}
	file, ref, _ = strings.Cut(r.Path, "@")
	return path.Base(file), first(ref, r.HeadBranch)
}

func first(texts ...string) string {
	for _, t := range texts {
		if t != "" {
			return t
		}
	}
	return ""
}

// runs is the feed of the runs of workflows that deploy.
func (s *source) runs(at repository) collector.Feed {
	feed := at.feed("runs")
	feed.Overlap = rerun
	feed.Read = func(ctx context.Context, from collector.Position) (collector.Batch, error) {
		return s.readRuns(ctx, at, from)
	}
	feed.Again = func(ctx context.Context, name string) (collector.Batch, error) {
		var b collector.Batch
		var r run
		id, _, _ := strings.Cut(name, "/")
		if _, err := s.client.JSON(ctx, at.api()+"/actions/runs/"+id, nil, &r); err != nil {
			return b, err
		}
		if s.takeRun(&b, at, r, []string{name}); r.goesOn() {
			b.Closed = nil // what goes on is asked for under the name by which it is remembered
		}
		return b, nil
	}
	return feed
}

func (s *source) readRuns(ctx context.Context, at repository, from collector.Position) (collector.Batch, error) {
	var b collector.Batch
	var answer struct {
		Total *int              `json:"total_count"`
		Runs  []json.RawMessage `json:"workflow_runs"`
	}
	here := parsePlace(from.Page)
	if _, err := s.client.JSON(ctx, at.api()+"/actions/runs", s.asked(nil, here), &answer); err != nil {
		return b, err
	}
	since, fresh := s.from(from), false
	for _, record := range answer.Runs {
		var r run
		if err := into(record, &r); err != nil {
			unread(&b, "run", record, err)
			continue
		}
		changed := r.changed()
		if !changed.IsZero() && changed.Before(since) {
			continue
		}
		fresh = true
		s.takeRun(&b, at, r, from.Open)
		b.Newest = later(b.Newest, changed)
	}
	total := ""
	if answer.Total != nil {
		total = strconv.Itoa(*answer.Total)
	}
	if b.Next = here.after(len(answer.Runs), total); !fresh && len(answer.Runs) > 0 {
		b.Next = ""
	}
	return b, nil
}

// takeRun takes a run of a workflow that deploys, and remembers it while it goes on. An attempt that was open, and that another one has
// taken the place of, has ended.
func (s *source) takeRun(b *collector.Batch, at repository, r run, open []string) {
	if file, _ := r.workflow(); !matches(s.workflows, file) {
		return
	}
	id := strconv.FormatInt(r.ID, 10)
	for _, name := range open {
		if name != id && !strings.HasPrefix(name, id+"/") {
			continue
		}
		if number, stated := underWay(name); number < r.number() {
			if known(r.StartedAt).IsZero() {
				continue // when the attempt before it ended is known once it has begun
			}
			b.Take("run "+id+" of "+at.path, s.replaced(at, r, number, stated))
		}
		b.Closed = append(b.Closed, name)
	}
	if r.goesOn() {
		b.Open = append(b.Open, fmt.Sprintf("%s/%d/%d", id, r.number(), max(0, r.changed().UnixMilli())))
	}
	b.Take("run "+id+" of "+at.path, s.ran(at, r))
}

// underWay reads the name of an attempt that goes on: its number, and the time that it stated.
func underWay(name string) (number int64, stated time.Time) {
	parts := strings.Split(name+"//", "/")
	number, _ = strconv.ParseInt(parts[1], 10, 64) // without one it is the first
	milliseconds, _ := strconv.ParseInt(parts[2], 10, 64)
	return max(1, number), known(time.UnixMilli(milliseconds))
}

// replaced ends an attempt of which only the next one is shown: how it ended is not known. Whatever states its end goes before this.
func (r rules) replaced(at repository, v run, number int64, stated time.Time) metrics.Event {
	v.Attempt, v.Status = number, "cancelled"
	v.StartedAt, v.CompletedAt = stated, v.StartedAt
	d, _ := r.ran(at, v).Deployment() // it was just made
	d.Labels = map[string]string{"ended": "not known: the next attempt had begun"}
	e := metrics.NewEvent(r.name, d)
	e.UpdatedAt, e.Sequence = stated, 1
	return e
}

// number counts the attempts from 1.
func (r run) number() int64 { return max(1, r.Attempt) }

func (r run) goesOn() bool {
	state := r.state()
	return state == metrics.Pending || state == metrics.Running
}

// changed is the latest time that a run states.
func (r run) changed() time.Time {
	return known(later(later(r.StartedAt, r.CompletedAt), later(r.Updated, later(r.Started, later(r.Stopped, r.Created)))))
}

// state reads a run's status and, where it has ended, its conclusion. A run that was skipped deployed nothing.
func (r run) state() metrics.Status {
	word := r.Status
	if word == "completed" && r.Conclusion != "" {
		word = r.Conclusion
	}
	switch word {
	case "success", "neutral":
		return metrics.Succeeded
	case "failure", "timed_out", "startup_failure", "error":
		return metrics.Failed
	case "cancelled", "skipped", "stale":
		return metrics.Cancelled
	case "running", "in_progress":
		return metrics.Running
	case "queued", "waiting", "requested", "pending", "blocked", "action_required", "unknown":
		return metrics.Pending
	default:
		return "" // a word that is not known: the record is set aside
	}
}

// ran is the deployment that a run stands for. A run that is started anew is another attempt.
func (r rules) ran(at repository, v run) metrics.Event {
	_, ref := v.workflow()
	d := metrics.Deployment{
		ID: "run/" + strconv.FormatInt(v.ID, 10), Repository: at.path, Revision: first(v.HeadSHA, v.CommitSHA), Environment: r.environment,
		Status: v.state(), Ref: strings.TrimPrefix(strings.TrimPrefix(ref, "refs/heads/"), "refs/tags/"), URL: v.HTMLURL,
		CreatedAt: known(v.Created), StartedAt: known(later(v.StartedAt, v.Started)), Trigger: "automatic", Actor: login(v.TriggerActor),
	}
	if v.TriggerUser != nil {
		d.Actor = login(v.TriggerUser)
	}
	if v.Event == "workflow_dispatch" {
		d.Trigger = "manual"
	}
	if tag, isTag := strings.CutPrefix(ref, "refs/tags/"); isTag {
		d.Version = tag
	}
	if v.Attempt > 1 {
		d.ID = fmt.Sprintf("%s/%d", d.ID, v.Attempt)
	}
	switch d.Status {
	case metrics.Succeeded, metrics.Failed, metrics.Cancelled:
		d.FinishedAt = known(later(v.CompletedAt, v.Stopped))
		if d.FinishedAt.IsZero() {
			d.FinishedAt = v.changed() // one that never began states no end
		}
	case metrics.Pending, metrics.Running:
	}
	e := metrics.NewEvent(r.name, d)
	e.UpdatedAt = v.changed()
	return e
}
