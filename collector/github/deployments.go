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

// statusesAtOnce are the statuses asked for with each deployment; the few that have more are asked for again.
const statusesAtOnce = 20

// deploymentsQuery brings a page of deployments with their statuses, newest first; REST would take a call for each.
const deploymentsQuery = `query($owner: String!, $name: String!, $first: Int!, $after: String, $statuses: Int!) {
  rateLimit { cost remaining resetAt }
  repository(owner: $owner, name: $name) {
    deployments(first: $first, after: $after, orderBy: {field: CREATED_AT, direction: DESC}) {
      pageInfo { hasNextPage endCursor }
      nodes {
        databaseId commitOid environment task payload createdAt updatedAt
        creator { login __typename }
        ref { name prefix }
        statuses(first: $statuses) { pageInfo { hasNextPage endCursor } nodes { state createdAt logUrl } }
      }
    }
  }
}`

// graphDeployment is a deployment as GraphQL writes it.
type graphDeployment struct {
	DatabaseID  int64      `json:"databaseId"`
	CommitOid   string     `json:"commitOid"`
	Environment string     `json:"environment"`
	Task        string     `json:"task"`
	Payload     string     `json:"payload"`
	CreatedAt   time.Time  `json:"createdAt"`
	UpdatedAt   time.Time  `json:"updatedAt"`
	Creator     graphActor `json:"creator"`
	Ref         *struct {
		Name   string `json:"name"`
		Prefix string `json:"prefix"`
	} `json:"ref"`
	Statuses struct {
		PageInfo pageInfo      `json:"pageInfo"`
		Nodes    []graphStatus `json:"nodes"`
	} `json:"statuses"`
}

type graphStatus struct {
	State     string    `json:"state"`
	CreatedAt time.Time `json:"createdAt"`
	LogURL    string    `json:"logUrl"`
}

func (d graphDeployment) attempt() attempt {
	payload, err := json.Marshal(d.Payload)
	if err != nil {
		payload = nil // a text can always be written
	}
	a := attempt{
		id: d.DatabaseID, sha: d.CommitOid, task: d.Task, actor: d.Creator.name(), environment: d.Environment, payload: payload,
		created: d.CreatedAt, updated: d.UpdatedAt,
	}
	if d.Ref != nil {
		if a.ref = d.Ref.Name; d.Ref.Prefix == "refs/tags/" {
			a.version = d.Ref.Name
		}
	}
	for _, s := range slices.Backward(d.Statuses.Nodes) { // they come newest first
		a.statuses = append(a.statuses, status{state: strings.ToLower(s.State), at: s.CreatedAt, log: s.LogURL})
	}
	return a.sorted()
}

// sorted puts the statuses into the order of their times; those of one second stay in the order of the list.
func (a attempt) sorted() attempt {
	slices.SortStableFunc(a.statuses, func(x, y status) int { return x.at.Compare(y.at) })
	return a
}

// deployments is the list of a repository's deployments. It is ordered by creation, so those that go on are asked for again one by one.
func (r *repository) deployments() collector.Feed {
	f := r.feed("deployments")
	f.Overlap = 24 * time.Hour
	f.Read = needing("Deployments: read", r.readDeployments)
	f.Again = r.deploymentAgain
	return f
}

func (r *repository) readDeployments(ctx context.Context, from collector.Position) (collector.Batch, error) {
	var answer struct {
		Repository struct {
			Deployments struct {
				PageInfo pageInfo           `json:"pageInfo"`
				Nodes    []*graphDeployment `json:"nodes"`
			} `json:"deployments"`
		} `json:"repository"`
	}
	variables := r.variables(r.atOnce(fullPage), from.Page)
	variables["statuses"] = statusesAtOnce
	var batch collector.Batch
	var err error
	if batch.SetAside, err = r.toldOf(ctx, deploymentsQuery, variables, &answer); err != nil {
		return collector.Batch{}, err
	}
	list, since := answer.Repository.Deployments, r.from(from)
	if len(list.Nodes) > 0 {
		if err := r.learnKinds(ctx, from); err != nil {
			return collector.Batch{}, err
		}
	}
	batch.Next = list.PageInfo.next()
	for _, node := range list.Nodes {
		if node == nil {
			continue // its fault is told beside it
		}
		if node.CreatedAt.Before(since) {
			batch.Next = ""
			break
		}
		if err := r.take(ctx, &batch, *node); err != nil {
			return collector.Batch{}, err
		}
	}
	return batch, nil
}

func (r *repository) take(ctx context.Context, batch *collector.Batch, node graphDeployment) error {
	a := node.attempt()
	if node.Statuses.PageInfo.HasNextPage {
		all, err := r.statuses(ctx, a.id)
		if err != nil {
			return err
		}
		a.statuses = all
	}
	a.kind = r.kinds[a.environment]
	return r.takeAttempt(ctx, batch, a)
}

// takeAttempt adds a deployment to the batch, and what it waited for.
func (r *repository) takeAttempt(ctx context.Context, batch *collector.Batch, a attempt) error {
	id := strconv.FormatInt(a.id, 10)
	batch.Newest = later(batch.Newest, a.created)
	c, known := courseOf(a.statuses)
	switch {
	case !known:
		batch.SetAside = append(batch.SetAside, collector.SetAside{Record: "deployment " + id + " of " + r.full, Reason: superseded})
		batch.Closed = append(batch.Closed, id)
		return nil
	case over(c.status) || !r.mayEnd(a.created):
		batch.Closed = append(batch.Closed, id)
	default:
		batch.Open = append(batch.Open, id)
	}
	batch.Take("deployment "+id+" of "+r.full, r.deploymentOf(r.full, a, c, polled))
	return r.takeApproval(ctx, batch, a, c)
}

// learnKinds asks once in a reading what kinds of environment the latest deployments went to, which GraphQL does not tell.
func (r *repository) learnKinds(ctx context.Context, from collector.Position) error {
	if r.kinds != nil && from.Page != "" {
		return nil
	}
	var latest []deployment
	if _, err := r.fetch(ctx, r.path("deployments?per_page="+strconv.Itoa(r.perPage)), &latest); err != nil {
		return err
	}
	r.kinds = map[string]string{}
	for _, d := range slices.Backward(latest) {
		r.kinds[d.GetEnvironment()] = kindOf(d.Production, d.Transient)
	}
	return nil
}

// deploymentAgain asks for one deployment by REST, where an answer that has not changed costs nothing.
func (r *repository) deploymentAgain(ctx context.Context, id string) (collector.Batch, error) {
	var d deployment
	if _, err := r.fetch(ctx, r.path("deployments/"+id), &d); err != nil {
		return collector.Batch{}, err
	}
	a := d.attempt()
	var err error
	if a.statuses, err = r.statuses(ctx, a.id); err != nil {
		return collector.Batch{}, err
	}
	var batch collector.Batch
	return batch, r.takeAttempt(ctx, &batch, a)
}

// statuses are all statuses of a deployment, oldest first.
func (r *repository) statuses(ctx context.Context, id int64) ([]status, error) {
	var a attempt
	for page := 1; page > 0; {
		some, answer, err := r.rest.Repositories.ListDeploymentStatuses(ctx, r.owner, r.name, id, &github.ListOptions{Page: page, PerPage: r.perPage})
		if err := r.cause(ctx, "the statuses of a deployment", err); err != nil {
			return nil, err
		}
		for _, s := range some {
			a.statuses = append(a.statuses, restStatus(s))
		}
		if page, err = r.next(answer); err != nil {
			return nil, err
		}
	}
	slices.Reverse(a.statuses)
	return a.sorted().statuses, nil
}
