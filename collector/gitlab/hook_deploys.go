package gitlab

import (
	"encoding/json"
	"fmt"
	"path"
	"regexp"
	"strings"
	"time"

	"shiphabit/metrics"
)

// hookDeployment is a delivery about a deployment.
type hookDeployment struct {
	Status      string `json:"status"`
	ChangedAt   moment `json:"status_changed_at"`
	ID          int64  `json:"deployment_id"`
	JobURL      string `json:"deployable_url"`
	Environment string `json:"environment"`
	Tier        string `json:"environment_tier"`
	Ref         string `json:"ref"`
	User        person `json:"user"`
	CommitURL   string `json:"commit_url"`
}

var objectName = regexp.MustCompile(`^([0-9a-f]{40}|[0-9a-f]{64})$`)

// revision is the full name of the commit: it stands only in the commit's address.
func (w hookDeployment) revision() string {
	if name := path.Base(w.CommitURL); objectName.MatchString(name) {
		return name
	}
	return ""
}

func (d *delivery) readDeployment() error {
	var w hookDeployment
	if err := json.Unmarshal(d.body, &w); err != nil {
		return err
	}
	known := wireDeployment{ID: w.ID, Ref: w.Ref, SHA: w.revision(), Status: w.Status, UpdatedAt: w.ChangedAt, User: w.User, Deployable: &wireJob{WebURL: w.JobURL}}
	known.Environment.Name = w.Environment
	record := fmt.Sprintf("deployment %d of %s", w.ID, d.project.Path)
	r, reason := known.deployment(d.project.Path, w.Tier)
	if reason != "" {
		leave(&d.batch, record, reason)
		return nil
	}
	if r.Status == metrics.Running {
		r.StartedAt = w.ChangedAt.Time
	}
	d.batch.Take(record, event(d.Source, r, w.ChangedAt.Time, fromHook))
	return nil
}

// hookPipeline is a delivery about a pipeline and its jobs.
type hookPipeline struct {
	Attributes wirePipeline `json:"object_attributes"`
	User       person       `json:"user"`
	Builds     []wireJob    `json:"builds"`
}

func (d *delivery) readPipeline() error {
	if d.Pipelines == "" && d.Jobs == "" {
		d.ignored = "the source counts neither pipelines nor jobs as deployments"
		return nil
	}
	var w hookPipeline
	if err := json.Unmarshal(d.body, &w); err != nil {
		return err
	}
	p := w.Attributes
	p.User = w.User
	if d.Pipelines != "" && p.Status == "success" && matches(d.Pipelines, p.Ref) {
		d.takePipeline(p)
	}
	for _, job := range w.Builds {
		job.Ref, job.Pipeline.SHA, job.Pipeline.Source = p.Ref, p.SHA, p.Source
		job.WebURL = d.jobURL(job.ID)
		d.takeJob(job)
	}
	if len(d.batch.Events)+len(d.batch.SetAside) == 0 {
		d.ignored = "the patterns of the source match neither the pipeline nor a job of it that has begun"
	}
	return nil
}

// hookJob is a delivery about a job.
type hookJob struct {
	ID         int64  `json:"build_id"`
	Name       string `json:"build_name"`
	Status     string `json:"build_status"`
	CreatedAt  moment `json:"build_created_at"`
	StartedAt  moment `json:"build_started_at"`
	FinishedAt moment `json:"build_finished_at"`
	Ref        string `json:"ref"`
	SHA        string `json:"sha"`
	User       person `json:"user"`
}

func (d *delivery) readJob() error {
	var w hookJob
	if err := json.Unmarshal(d.body, &w); err != nil {
		return err
	}
	job := wireJob{
		ID: w.ID, Name: w.Name, Status: w.Status, Ref: w.Ref, CreatedAt: w.CreatedAt, StartedAt: w.StartedAt, FinishedAt: w.FinishedAt,
		User: w.User, WebURL: d.jobURL(w.ID),
	}
	job.Pipeline.SHA = w.SHA
	d.takeJob(job)
	if len(d.batch.Events)+len(d.batch.SetAside) == 0 {
		d.ignored = "the source does not count this job as a deployment, or it has not begun"
	}
	return nil
}

func (d *delivery) jobURL(id int64) string {
	if d.project.WebURL == "" {
		return ""
	}
	return fmt.Sprintf("%s/-/jobs/%d", strings.TrimSuffix(d.project.WebURL, "/"), id)
}

func (d *delivery) takeJob(job wireJob) {
	if d.Jobs == "" || !matches(d.Jobs, job.Name) || notBegun(job.Status) {
		return
	}
	record := fmt.Sprintf("job %d of %s", job.ID, d.project.Path)
	r, reason := job.deployment(d.project.Path, d.environment())
	if reason != "" {
		leave(&d.batch, record, reason)
		return
	}
	d.batch.Take(record, event(d.Source, r, job.changed(), fromHook))
}

func (d *delivery) takePipeline(p wirePipeline) {
	record := fmt.Sprintf("pipeline %d of %s", p.ID, d.project.Path)
	r, reason := p.deployment(d.project.Path, d.environment())
	if reason != "" {
		leave(&d.batch, record, reason)
		return
	}
	d.batch.Take(record, p.event(d.Source, r, fromHook))
}

// hookRelease is a delivery about a release.
type hookRelease struct {
	wireRelease
	HookTag string `json:"tag"`
	Action  string `json:"action"`
	URL     string `json:"url"`
}

func (d *delivery) readRelease() error {
	if !d.Releases {
		d.ignored = "the source does not count releases as deployments"
		return nil
	}
	var w hookRelease
	if err := json.Unmarshal(d.body, &w); err != nil {
		return err
	}
	if w.Action == "delete" {
		d.ignored = "a release was deleted; what it put out stays out"
		return nil
	}
	w.Tag, w.Links.Self = w.HookTag, w.URL
	at := first(w.ReleasedAt, w.CreatedAt)
	if at.After(w.CreatedAt.Time.Add(time.Minute)) {
		d.ignored = "the release is dated later than it was made; it is read when its day has come"
		return nil
	}
	d.batch.Take("release "+w.Tag+" of "+d.project.Path, event(d.Source, w.deployment(d.project.ID, d.project.Path, d.environment()), at, fromHook))
	return nil
}
