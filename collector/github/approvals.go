package github

import (
	"context"
	"regexp"
	"slices"
	"strconv"
	"time"

	"github.com/google/go-github/v88/github"

	"shiphabit/collector"
	"shiphabit/metrics"
)

// environment is what protects an environment.
type environment struct {
	reviewed bool   // somebody has to agree
	timed    bool   // a timer has to run out
	team     string // the team that has to agree, where it is one team and nobody else
}

// review is somebody's decision on a run that waited. The host does not say when it was taken.
type review struct {
	State        string `json:"state"`
	Environments []struct {
		Name string `json:"name"`
	} `json:"environments"`
	User struct {
		Login string `json:"login"`
	} `json:"user"`
}

// runInAddress finds the workflow run that a deployment belongs to in the address of its log.
var runInAddress = regexp.MustCompile(`/actions/runs/(\d{1,19})(?:/|$)`)

// takeApproval adds what a deployment waited for: asked when it began to wait, decided when it went on. Its id is the deployment's,
// so that what is pushed of it meets what is asked for.
func (r *repository) takeApproval(ctx context.Context, batch *collector.Batch, a attempt, c course) error {
	if c.asked.IsZero() {
		return nil
	}
	protection, err := r.protection(ctx, batch, a.environment)
	if err != nil {
		return err
	}
	decision, err := r.decision(ctx, batch, a)
	if err != nil {
		return err
	}
	if decision.State == "" && protection.timed && !protection.reviewed {
		return nil // it waited for a clock
	}
	id := strconv.FormatInt(a.id, 10)
	record := metrics.Approval{ID: id, Deployment: id, RequestedAt: c.asked, Approver: decision.User.Login}
	if protection.reviewed {
		yes := true
		record.Required, record.ApproverTeam = &yes, protection.team
	}
	switch {
	case c.decided.IsZero():
		record.Approver, record.ApproverTeam = "", ""
	case decision.State == "rejected":
		record.Decision, record.DecidedAt = refused, c.decided
	case c.status != metrics.Failed || !c.started.IsZero():
		record.Decision, record.DecidedAt = granted, c.decided
	}
	batch.Take("approval of deployment "+id+" of "+r.full, r.event(record, latestOf(record), polled))
	return nil
}

const (
	granted = "granted"
	refused = "refused"
)

func latestOf(a metrics.Approval) time.Time { return later(a.RequestedAt, a.DecidedAt) }

// decision is what was decided on the run of a deployment. With several decisions on one environment nobody can say which was whose.
func (r *repository) decision(ctx context.Context, batch *collector.Batch, a attempt) (review, error) {
	run := ""
	for _, s := range a.statuses {
		if found := runInAddress.FindStringSubmatch(s.log); found != nil {
			run = found[1]
		}
	}
	if run == "" {
		return review{}, nil
	}
	var reviews []review
	if _, err := r.fetch(ctx, r.path("actions/runs/"+run+"/approvals"), &reviews); err != nil {
		return review{}, r.without(batch, "approvals of run "+run+" of "+r.full, err)
	}
	var found []review
	for _, v := range reviews {
		if v.State != "pending" && slices.ContainsFunc(v.Environments, func(e struct {
			Name string `json:"name"`
		}) bool {
			return e.Name == a.environment
		}) {
			found = append(found, v)
		}
	}
	if len(found) == 0 || slices.ContainsFunc(found, func(v review) bool { return v.State != found[0].State || v.User.Login != found[0].User.Login }) {
		return review{}, nil
	}
	return found[0], nil
}

// without goes on without what is kept from us or gone, and says so once.
func (r *repository) without(batch *collector.Batch, what string, err error) error {
	switch collector.TroubleOf(err) {
	case collector.Missing:
		return nil
	case collector.Forbidden:
		batch.SetAside = append(batch.SetAside, collector.SetAside{Record: what, Reason: err.Error() + " (permission Actions: read)"})
		return nil
	default:
		return err
	}
}

// protection is what protects an environment; all of a repository are asked for once in a reading.
func (r *repository) protection(ctx context.Context, batch *collector.Batch, name string) (environment, error) {
	if r.rules != nil {
		return r.rules[name], nil
	}
	found := map[string]environment{}
	for page := 1; page > 0; {
		some, answer, err := r.rest.Repositories.ListEnvironments(ctx, r.owner, r.name, &github.EnvironmentListOptions{
			ListOptions: github.ListOptions{Page: page, PerPage: r.perPage},
		})
		if err := r.cause(ctx, "the environments", err); err != nil {
			if err = r.without(batch, "environments of "+r.full, err); err != nil {
				return environment{}, err
			}
			break
		}
		for _, e := range some.Environments {
			found[e.GetName()] = protectionOf(e.ProtectionRules)
		}
		if page, err = r.next(answer); err != nil {
			return environment{}, err
		}
	}
	r.rules = found
	return found[name], nil
}

func protectionOf(rules []*github.ProtectionRule) environment {
	var e environment
	for _, rule := range rules {
		switch rule.GetType() {
		case "wait_timer":
			e.timed = true
		case "required_reviewers":
			e.reviewed, e.team = true, soleTeam(rule.Reviewers)
		}
	}
	return e
}

// soleTeam is the team whose member an approver must be: the only one that is asked.
func soleTeam(reviewers []*github.RequiredReviewer) string {
	if len(reviewers) != 1 {
		return ""
	}
	team, _ := reviewers[0].Reviewer.(*github.Team)
	return team.GetSlug()
}
