package github

import (
	"strconv"

	"github.com/google/go-github/v88/github"

	"shiphabit/collector"
	"shiphabit/metrics"
)

func (r Rules) pushedDeployment(d delivery, p *collector.Pushed) error {
	body, err := part[struct {
		Deployment *deployment `json:"deployment"`
	}](d)
	switch {
	case err != nil:
		return err
	case body.Deployment == nil:
		return missing("deployment")
	}
	r.takePushed(d, body.Deployment.attempt(), p)
	return nil
}

func (r Rules) pushedStatus(d delivery, p *collector.Pushed) error {
	body, err := part[struct {
		Deployment *deployment              `json:"deployment"`
		Status     *github.DeploymentStatus `json:"deployment_status"`
	}](d)
	switch {
	case err != nil:
		return err
	case body.Deployment == nil:
		return missing("deployment")
	case body.Status == nil:
		return missing("deployment_status")
	}
	a := body.Deployment.attempt()
	a.statuses = []status{restStatus(body.Status)}
	if meaning(a.statuses[0].state) == "" {
		p.Ignored = "state " + strconv.Quote(a.statuses[0].state) + " is no end of a deployment: a later one took its place"
		return nil
	}
	r.takePushed(d, a, p)
	return nil
}

// takePushed adds a deployment. Whether one that waits does so for a person or for a clock is not pushed with it.
func (r Rules) takePushed(d delivery, a attempt, p *collector.Pushed) {
	c, _ := courseOf(a.statuses)
	p.Take("deployment "+strconv.FormatInt(a.id, 10), r.deploymentOf(d.Repository.FullName, a, c, pushed))
}

// pushedProtection takes a rule of an environment that an app has to decide on: the deployment waits for it.
func (r Rules) pushedProtection(d delivery, p *collector.Pushed) error {
	body, err := part[struct {
		Deployment *deployment `json:"deployment"`
	}](d)
	switch {
	case err != nil:
		return err
	case body.Deployment == nil:
		p.Ignored = "it names no deployment"
		return nil
	}
	id, yes := strconv.FormatInt(body.Deployment.GetID(), 10), true
	at := later(instant(body.Deployment.CreatedAt), instant(body.Deployment.UpdatedAt))
	p.Take("approval of deployment "+id, r.event(metrics.Approval{ID: id, Deployment: id, RequestedAt: at, Required: &yes}, at, pushed))
	return nil
}

func (r Rules) pushedRun(d delivery, p *collector.Pushed) error {
	body, err := part[struct {
		Run *github.WorkflowRun `json:"workflow_run"`
	}](d)
	switch {
	case err != nil:
		return err
	case body.Run == nil:
		return missing("workflow_run")
	case len(r.Jobs) > 0:
		p.Ignored = "jobs are the deployments, not runs"
	case !r.workflow(body.Run.GetName(), body.Run.GetPath()):
		p.Ignored = "the workflow is not one that deploys"
	default:
		r.takeExecution(d, fromRun(body.Run), p)
	}
	return nil
}

func (r Rules) pushedJob(d delivery, p *collector.Pushed) error {
	body, err := part[struct {
		Job *github.WorkflowJob `json:"workflow_job"`
	}](d)
	switch {
	case err != nil:
		return err
	case body.Job == nil:
		return missing("workflow_job")
	case !matches(r.Jobs, body.Job.GetName()):
		p.Ignored = "the job is not one that deploys"
	case len(r.Workflows) > 0 && !r.workflow(body.Job.GetWorkflowName(), ""):
		p.Ignored = "the workflow is not one that deploys, by its name"
	default:
		r.takeExecution(d, fromJob(body.Job), p)
	}
	return nil
}

func (r Rules) takeExecution(d delivery, x execution, p *collector.Pushed) {
	e, deployed := r.deployedBy(d.Repository.FullName, x, pushed)
	if !deployed {
		p.Ignored = x.nothingDeployed()
		return
	}
	p.Take(x.id, e)
}

func (r Rules) pushedRelease(d delivery, p *collector.Pushed) error {
	body, err := part[struct {
		Release *pushedRelease `json:"release"`
	}](d)
	switch {
	case err != nil:
		return err
	case body.Release == nil:
		return missing("release")
	case !r.Releases:
		p.Ignored = "releases are no deployments here"
		return nil
	case d.Action != "published" && d.Action != "released":
		p.Ignored = "only publishing a release is a deployment"
		return nil
	}
	release := body.Release.published()
	if p.Ignored = release.reason(); p.Ignored == "" {
		p.Take("release "+release.tag, r.deploymentOfRelease(d.Repository.FullName, release, pushed))
	}
	return nil
}

// pushedRelease is a release as REST writes it; the time of its latest change is not among go-github's fields.
type pushedRelease struct {
	github.RepositoryRelease
	UpdatedAt *github.Timestamp `json:"updated_at"`
}

func (r pushedRelease) published() published {
	p := published{
		id: r.GetID(), tag: r.GetTagName(), actor: r.GetAuthor().GetLogin(), url: r.GetHTMLURL(), draft: r.GetDraft(), preview: r.GetPrerelease(),
		created: instant(r.CreatedAt), publishedAt: instant(r.PublishedAt), latest: instant(r.UpdatedAt),
	}
	if objectName.MatchString(r.GetTargetCommitish()) {
		p.commit = r.GetTargetCommitish()
	}
	return p
}
