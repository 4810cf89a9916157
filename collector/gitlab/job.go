package gitlab

import (
	"context"
	"encoding/json"
	"fmt"
	"path"
	"slices"
	"strconv"
	"time"

	sdk "github.com/xanzy/go-gitlab"

	"shiphabit/collector"
	"shiphabit/metrics"
)

// wireJob is a CI job in answers, beside a deployment or by itself.
type wireJob struct {
	ID         int64  `json:"id"`
	Name       string `json:"name"`
	Status     string `json:"status"`
	Ref        string `json:"ref"`
	CreatedAt  moment `json:"created_at"`
	StartedAt  moment `json:"started_at"`
	FinishedAt moment `json:"finished_at"`
	WebURL     string `json:"web_url"`
	User       person `json:"user"`
	// Manual is only in hooks.
	Manual *bool `json:"manual"`
	Commit struct {
		ID string `json:"id"`
	} `json:"commit"`
	Pipeline struct {
		SHA    string `json:"sha"`
		Source string `json:"source"`
	} `json:"pipeline"`
}

// trigger is what started a job in a pipeline of that source, as far as GitLab says: answers do not say whether a job was started by
// hand, so one in a pushed pipeline may have been either. Hooks do.
func trigger(pipeline string, manual *bool) string {
	switch {
	case manual != nil && *manual, pipeline == "web", pipeline == "chat":
		return "manual"
	case manual != nil, pipeline == "schedule":
		return "automatic"
	}
	return ""
}

// jobStatus is our word for GitLab's. A job that nobody started stands for no attempt to deploy.
func jobStatus(status string) (metrics.Status, string) {
	switch status {
	case "pending", "preparing", "waiting_for_resource", "waiting_for_callback":
		return metrics.Pending, ""
	case "running":
		return metrics.Running, ""
	case "success":
		return metrics.Succeeded, ""
	case "failed":
		return metrics.Failed, ""
	case "canceled":
		return metrics.Cancelled, ""
	case "canceling":
		return metrics.Running, ""
	}
	if notBegun(status) {
		return "", "it has not begun: it is " + status
	}
	return "", fmt.Sprintf("its status %.40q is not known", status)
}

// deployment is a job as a deployment.
func (j wireJob) deployment(repository, environment string) (r metrics.Deployment, reason string) {
	r = metrics.Deployment{
		ID: "job/" + strconv.FormatInt(j.ID, 10), Repository: repository, Environment: environment, Ref: j.Ref, Revision: j.Pipeline.SHA,
		CreatedAt: j.CreatedAt.Time, StartedAt: j.StartedAt.Time, URL: j.WebURL, Actor: j.User.Username, Trigger: trigger(j.Pipeline.Source, j.Manual),
	}
	if j.ID == 0 {
		return r, "it has no id"
	}
	if r.Revision == "" {
		r.Revision = j.Commit.ID
	}
	if r.Status, reason = jobStatus(j.Status); reason != "" {
		return r, reason
	}
	if finished(r.Status) {
		r.FinishedAt = j.FinishedAt.Time
	}
	return r, endless(r)
}

// changed is when the job changed last, as far as its own times say.
func (j wireJob) changed() time.Time { return first(j.FinishedAt, j.StartedAt, j.CreatedAt) }

// notBegun reports whether a job only stands in its pipeline.
func notBegun(status string) bool {
	return slices.Contains([]string{"created", "manual", "scheduled", "skipped"}, status)
}

func matches(pattern, name string) bool {
	met, err := path.Match(pattern, name)
	return err == nil && met
}

func (p *project) pipelines(size int, status *sdk.BuildStateValue) list {
	return list{host: p.host, path: p.at("pipelines"), size: size, options: func(page sdk.ListOptions, after time.Time) any {
		order, sort := byChange()
		return &sdk.ListProjectPipelinesOptions{ListOptions: page, OrderBy: order, Sort: sort, UpdatedAfter: &after, Status: status}
	}}
}

// readJobs reads the jobs of the pipelines that changed: the list of jobs knows no order of change, and a job started by hand long
// after its pipeline would be missed in it. Retried jobs are attempts of their own.
func (p *project) readJobs(ctx context.Context, from collector.Position) (collector.Batch, error) {
	rows, batch, err := p.pipelines(detailed, nil).read(ctx, from.Page, p.start(from))
	for _, r := range rows {
		if err != nil {
			break
		}
		id := strconv.FormatInt(r.key, 10)
		var jobs []json.RawMessage
		jobs, err = p.remember("jobs "+id+r.updated.String(), func() ([]json.RawMessage, error) {
			return p.host.all(ctx, p.at("pipelines/"+id+"/jobs"), func(page sdk.ListOptions) any {
				return &sdk.ListJobsOptions{ListOptions: page, IncludeRetried: sdk.Ptr(true)}
			})
		})
		if err != nil {
			break
		}
		p.takeJobs(&batch, id, jobs)
	}
	return p.settled(batch, err)
}

func (p *project) takeJobs(batch *collector.Batch, pipeline string, jobs []json.RawMessage) {
	for _, raw := range jobs {
		var j wireJob
		if !decoded(batch, p.record("job of pipeline", pipeline), raw, &j) || !matches(p.Jobs, j.Name) || notBegun(j.Status) {
			continue
		}
		r, reason := j.deployment(p.Path, p.environment())
		if reason != "" {
			leave(batch, p.record("job", j.ID), reason)
			continue
		}
		batch.Take(p.record("job", j.ID), event(p.host.name, r, j.changed(), fromAnswer))
	}
}
