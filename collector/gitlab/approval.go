package gitlab

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"time"

	sdk "github.com/xanzy/go-gitlab"

	"shiphabit/collector"
	"shiphabit/metrics"
)

// wireApproval is somebody's decision on a deployment.
type wireApproval struct {
	User      person `json:"user"`
	Status    string `json:"status"`
	CreatedAt moment `json:"created_at"`
}

// approvals are the decisions on a deployment in the order in which they were taken, then those that it waits for still. GitLab gives
// them no ids, so they are numbered in that order: one that is waited for keeps its number when it is given. Once the deployment is over
// nobody waits for those that were not given.
func (d wireDeployment) approvals() []metrics.Approval {
	taken := slices.Clone(d.Approvals)
	slices.SortStableFunc(taken, func(a, b wireApproval) int { return a.CreatedAt.Compare(b.CreatedAt.Time) })
	asked := first(d.CreatedAt)
	var all []metrics.Approval
	slot := func() metrics.Approval {
		return metrics.Approval{
			ID: fmt.Sprintf("%d/%d", d.ID, len(all)+1), Deployment: strconv.FormatInt(d.ID, 10), RequestedAt: asked, Required: sdk.Ptr(true),
		}
	}
	for _, given := range taken {
		a := slot()
		a.Approver, a.DecidedAt, a.Decision = given.User.Username, given.CreatedAt.Time, "granted"
		if given.Status == "rejected" {
			a.Decision = "refused"
		}
		all = append(all, a)
	}
	status, _ := deploymentStatus(d.Status)
	for range min(d.Pending, most) {
		open := slot()
		open.Required = sdk.Ptr(!finished(status))
		all = append(all, open)
	}
	return all
}

// protectedEnvironment is an environment that deployments may enter only when approved.
type protectedEnvironment struct {
	Name     string `json:"name"`
	Required int    `json:"required_approval_count"`
	Rules    []struct {
		Required int `json:"required_approvals"`
	} `json:"approval_rules"`
}

// protected lists the environments of the project that need approvals. Hosts without a licence for them have none, and keep the list
// from everybody; a token may also be too weak to see it.
func (p *project) protected(ctx context.Context) ([]string, error) {
	raws, err := p.host.all(ctx, p.at("protected_environments"), func(page sdk.ListOptions) any {
		return (*sdk.ListProtectedEnvironmentsOptions)(&page)
	})
	if trouble := collector.TroubleOf(err); trouble == collector.Missing || trouble == collector.Forbidden {
		return nil, nil
	}
	var names []string
	for _, raw := range raws {
		var e protectedEnvironment
		if json.Unmarshal(raw, &e) == nil && e.Name != "" && (e.Required > 0 || len(e.Rules) > 0) {
			names = append(names, e.Name)
		}
	}
	return names, err
}

// detailed is how many records are on a page when each takes calls of its own.
const detailed = 20

// approvalFeed reads the decisions on the deployments of a protected environment, each with a call of its own: the list lacks them.
func (p *project) approvalFeed(environment string) collector.Feed {
	deployments := list{host: p.host, path: p.at("deployments"), size: detailed, options: func(page sdk.ListOptions, after time.Time) any {
		order, sort := byChange()
		return &sdk.ListProjectDeploymentsOptions{ListOptions: page, OrderBy: order, Sort: sort, UpdatedAfter: &after, Environment: &environment}
	}}
	feed := p.feed("approvals for "+environment, func(ctx context.Context, from collector.Position) (collector.Batch, error) {
		rows, batch, err := deployments.read(ctx, from.Page, p.start(from))
		for _, r := range rows {
			if err == nil {
				err = later(&batch, p.record("approvals of deployment", r.key), r.key, p.takeApprovals(ctx, &batch, r))
			}
		}
		return p.settled(batch, err)
	})
	feed.Again = func(ctx context.Context, id string) (batch collector.Batch, err error) {
		key, _ := strconv.ParseInt(id, 10, 64)
		return batch, p.takeApprovals(ctx, &batch, row{key: key})
	}
	return feed
}

// takeApprovals asks for a deployment and reads the decisions on it. One that still waits need not be asked for again: the last
// decision changes its status, and so the list shows it.
func (p *project) takeApprovals(ctx context.Context, batch *collector.Batch, r row) error {
	id := strconv.FormatInt(r.key, 10)
	found, err := p.remember("approvals "+id+r.updated.String(), func() ([]json.RawMessage, error) {
		found := make([]json.RawMessage, 1)
		_, err := p.host.get(ctx, p.at("deployments/"+id), nil, &found[0])
		return found, err
	})
	if err != nil {
		return err
	}
	var d wireDeployment
	if !decoded(batch, p.record("approvals of deployment", id), found[0], &d) {
		return nil
	}
	batch.Closed = append(batch.Closed, id)
	for _, a := range d.approvals() {
		batch.Take(p.record("approval", a.ID), event(p.host.name, a, first(moment{a.DecidedAt}, d.UpdatedAt), fromAnswer))
	}
	return nil
}
