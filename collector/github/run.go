package github

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/google/go-github/v88/github"

	"shiphabit/metrics"
)

// execution is a workflow run or a job that deploys, whichever way it came.
type execution struct {
	id, sha, ref, actor, trigger, url string
	state, conclusion                 string // in lower case
	created, started, ended, updated  time.Time
}

// runID is the id of one attempt of a run: a retry is an attempt of its own.
func runID(id int64, attempt int) string { return fmt.Sprintf("run/%d/%d", id, max(1, attempt)) }

func jobID(id int64) string { return fmt.Sprintf("job/%d", id) }

func fromRun(w *github.WorkflowRun) execution {
	actor := w.GetTriggeringActor().GetLogin()
	if actor == "" {
		actor = w.GetActor().GetLogin()
	}
	return execution{
		id: runID(w.GetID(), w.GetRunAttempt()), sha: w.GetHeadSHA(), ref: w.GetHeadBranch(), actor: actor, trigger: triggerOf(w.GetEvent()),
		url: w.GetHTMLURL(), state: strings.ToLower(w.GetStatus()), conclusion: strings.ToLower(w.GetConclusion()),
		created: instant(w.CreatedAt), started: instant(w.RunStartedAt), ended: instant(w.UpdatedAt), updated: instant(w.UpdatedAt),
	}
}

func fromJob(j *github.WorkflowJob) execution {
	return execution{
		id: jobID(j.GetID()), sha: j.GetHeadSHA(), ref: j.GetHeadBranch(), url: j.GetHTMLURL(),
		state: strings.ToLower(j.GetStatus()), conclusion: strings.ToLower(j.GetConclusion()),
		created: instant(j.CreatedAt), started: instant(j.StartedAt), ended: instant(j.CompletedAt),
		updated: later(instant(j.CreatedAt), instant(j.StartedAt), instant(j.CompletedAt)),
	}
}

// triggerOf says whether a person started a run by hand.
func triggerOf(event string) string {
	switch event {
	case "":
		return ""
	case "workflow_dispatch":
		return "manual"
	}
	return "automatic"
}

// verdict is the state of a run or a job, and false where nothing was deployed: it was skipped, or it has nothing to say.
func (x execution) verdict() (metrics.Status, bool) {
	switch {
	case x.conclusion != "":
	case x.state == "in_progress":
		return metrics.Running, true
	case slices.Contains([]string{"queued", "requested", "waiting", "pending"}, x.state):
		return metrics.Pending, true
	}
	switch x.conclusion {
	case "success":
		return metrics.Succeeded, true
	case "failure", "timed_out", "startup_failure":
		return metrics.Failed, true
	case "cancelled", "stale":
		return metrics.Cancelled, true
	}
	return "", false
}

// deployedBy makes the event of a run or a job that deploys.
func (r Rules) deployedBy(repository string, x execution, order int64) (metrics.Event, bool) {
	state, deployed := x.verdict()
	if !deployed {
		return metrics.Event{}, false
	}
	d := metrics.Deployment{
		ID: x.id, Repository: repository, Environment: r.environment(), Status: state, Revision: x.sha, Ref: x.ref,
		CreatedAt: x.created, Trigger: x.trigger, Actor: x.actor, URL: webPage(x.url),
	}
	if state != metrics.Pending {
		d.StartedAt = x.started
	}
	if over(state) {
		d.FinishedAt = x.ended
		if d.StartedAt.After(d.FinishedAt) { // cancelled before it began
			d.StartedAt = time.Time{}
		}
	}
	return r.event(d, x.updated, order), true
}

// nothingDeployed is why a run or a job is no deployment.
func (x execution) nothingDeployed() string {
	if x.conclusion != "" {
		return "it ended as " + x.conclusion + ", which deploys nothing"
	}
	return "its state is " + x.state + ", which is none of a deployment"
}
