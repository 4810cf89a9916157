package gitlab

import (
	"context"
	"encoding/json"
	"fmt"
	"strconv"
	"time"

	sdk "github.com/xanzy/go-gitlab"

	"shiphabit/collector"
	"shiphabit/metrics"
)

// person is somebody as GitLab names them.
type person struct {
	ID       int64  `json:"id"`
	Username string `json:"username"`
}

// wireDeployment is a deployment in answers.
type wireDeployment struct {
	ID          int64  `json:"id"`
	Ref         string `json:"ref"`
	SHA         string `json:"sha"`
	Status      string `json:"status"`
	CreatedAt   moment `json:"created_at"`
	UpdatedAt   moment `json:"updated_at"`
	User        person `json:"user"`
	Environment struct {
		ID   int64  `json:"id"`
		Name string `json:"name"`
	} `json:"environment"`
	Deployable *wireJob       `json:"deployable"`
	Approvals  []wireApproval `json:"approvals"`
	Pending    int            `json:"pending_approval_count"`
}

// deploymentStatus is our word for GitLab's. A skipped deployment never ran and stands for no attempt.
func deploymentStatus(status string) (metrics.Status, string) {
	switch status {
	case "created", "blocked":
		return metrics.Pending, ""
	case "running":
		return metrics.Running, ""
	case "success":
		return metrics.Succeeded, ""
	case "failed":
		return metrics.Failed, ""
	case "canceled":
		return metrics.Cancelled, ""
	case "skipped":
		return "", "it was skipped: GitLab never ran it"
	}
	return "", fmt.Sprintf("its status %.40q is not known", status)
}

// deployment is what a deployment says; reason tells why it says nothing.
func (d wireDeployment) deployment(repository, kind string) (r metrics.Deployment, reason string) {
	r = metrics.Deployment{
		ID: strconv.FormatInt(d.ID, 10), Repository: repository, Environment: d.Environment.Name, Revision: d.SHA, Ref: d.Ref,
		CreatedAt: d.CreatedAt.Time, Actor: d.User.Username, Labels: kindLabel(kind),
	}
	if d.ID == 0 {
		return r, "it has no id"
	}
	if r.Status, reason = deploymentStatus(d.Status); reason != "" {
		return r, reason
	}
	job := wireJob{}
	if d.Deployable != nil {
		job = *d.Deployable
	}
	// The job is what was asked for; GitLab writes its deployment down a moment later.
	r.CreatedAt = first(job.CreatedAt, d.CreatedAt)
	r.URL, r.Trigger = job.WebURL, trigger(job.Pipeline.Source, job.Manual)
	if r.Status != metrics.Pending {
		r.StartedAt = job.StartedAt.Time
	}
	if finished(r.Status) {
		// Without a job, an external tool said how it ended, and that was its last change.
		r.FinishedAt = first(job.FinishedAt, d.UpdatedAt)
	}
	return r, endless(r)
}

// endless says of what ought to have ended that nobody knows when.
func endless(r metrics.Deployment) string {
	if finished(r.Status) && r.FinishedAt.IsZero() {
		return "field finished_at: it has ended, and nothing says when"
	}
	return ""
}

func finished(status metrics.Status) bool {
	return status != metrics.Pending && status != metrics.Running
}

// kindLabel is how the host's tier of an environment is passed on. "other" says nothing.
func kindLabel(tier string) map[string]string {
	switch tier {
	case "production", "staging", "testing", "development":
		return map[string]string{"environment_kind": tier}
	}
	return nil
}

func (p *project) deployments() list {
	return list{host: p.host, path: p.at("deployments"), size: most, options: func(page sdk.ListOptions, after time.Time) any {
		order, sort := byChange()
		return &sdk.ListProjectDeploymentsOptions{ListOptions: page, OrderBy: order, Sort: sort, UpdatedAfter: &after}
	}}
}

func (p *project) deploymentFeed() collector.Feed {
	feed := p.feed("deployments", p.readDeployments)
	feed.Again = func(ctx context.Context, id string) (batch collector.Batch, err error) {
		var raw json.RawMessage
		if _, err := p.host.get(ctx, p.at("deployments/"+id), nil, &raw); err != nil {
			return batch, err
		}
		return batch, p.takeDeployments(ctx, &batch, []row{{raw: raw}})
	}
	return feed
}

func (p *project) readDeployments(ctx context.Context, from collector.Position) (collector.Batch, error) {
	rows, batch, err := p.deployments().read(ctx, from.Page, p.start(from))
	if err == nil {
		err = p.takeDeployments(ctx, &batch, rows)
	}
	return batch, err
}

// takeDeployments reads records in full. Running ones stay open; those that stand in a pipeline and wait for somebody to press a
// button or to approve do not, for most of them wait for ever, and the list shows it when one goes on.
func (p *project) takeDeployments(ctx context.Context, batch *collector.Batch, rows []row) error {
	all := make([]wireDeployment, len(rows))
	faults := make([]error, len(rows))
	var environments []int64
	for i, r := range rows {
		if faults[i] = json.Unmarshal(r.raw, &all[i]); faults[i] == nil && all[i].Environment.ID != 0 {
			environments = append(environments, all[i].Environment.ID)
		}
	}
	if err := p.learnKinds(ctx, environments); err != nil {
		return err
	}
	for i, d := range all {
		id := strconv.FormatInt(d.ID, 10)
		if faults[i] != nil {
			leave(batch, p.record("deployment", id), "it cannot be read: "+faults[i].Error())
			continue
		}
		if d.Status == "running" {
			batch.Open = append(batch.Open, id)
		} else {
			batch.Closed = append(batch.Closed, id)
		}
		r, reason := d.deployment(p.Path, p.kinds[d.Environment.ID])
		if reason != "" {
			leave(batch, p.record("deployment", id), reason)
			continue
		}
		batch.Take(p.record("deployment", id), event(p.host.name, r, d.UpdatedAt.Time, fromAnswer))
	}
	return nil
}
