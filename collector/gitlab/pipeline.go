package gitlab

import (
	"context"
	"encoding/json"
	"strconv"
	"time"

	sdk "github.com/xanzy/go-gitlab"

	"shiphabit/collector"
	"shiphabit/metrics"
)

// wirePipeline is a pipeline in answers, and in hooks beside its jobs.
type wirePipeline struct {
	ID         int64  `json:"id"`
	Status     string `json:"status"`
	Ref        string `json:"ref"`
	SHA        string `json:"sha"`
	Source     string `json:"source"`
	CreatedAt  moment `json:"created_at"`
	UpdatedAt  moment `json:"updated_at"`
	StartedAt  moment `json:"started_at"`
	FinishedAt moment `json:"finished_at"`
	WebURL     string `json:"web_url"`
	URL        string `json:"url"` // in hooks
	User       person `json:"user"`
}

// deployment is a successful pipeline as a deployment. One that did not succeed may have failed at anything, a test say.
func (w wirePipeline) deployment(repository, environment string) (metrics.Deployment, string) {
	r := metrics.Deployment{
		ID: "pipeline/" + strconv.FormatInt(w.ID, 10), Repository: repository, Environment: environment, Status: metrics.Succeeded,
		Revision: w.SHA, Ref: w.Ref, CreatedAt: w.CreatedAt.Time, StartedAt: w.StartedAt.Time, FinishedAt: first(w.FinishedAt, w.UpdatedAt),
		Actor: w.User.Username, Trigger: trigger(w.Source, nil), URL: firstText(w.WebURL, w.URL),
	}
	switch {
	case w.ID == 0:
		return r, "it has no id"
	case w.Status != "success":
		return r, "it did not succeed, and that need not have to do with deploying"
	}
	return r, endless(r)
}

// event orders the successes of a pipeline so that the first stays: when a job is started again later, GitLab moves the pipeline's end.
func (w wirePipeline) event(source string, r metrics.Deployment, origin int64) metrics.Event {
	const above = 1 << 40 // the numbers are to be positive
	e := event(source, r, w.CreatedAt.Truncate(time.Second), 0)
	e.Sequence = max(0, above-2*r.FinishedAt.Unix()+origin)
	return e
}

// readPipelines reads the successful pipelines of some branches and tags, each with a call of its own: the list lacks its times.
func (p *project) readPipelines(ctx context.Context, from collector.Position) (collector.Batch, error) {
	rows, batch, err := p.pipelines(detailed, sdk.Ptr(sdk.Success)).read(ctx, from.Page, p.start(from))
	for _, r := range rows {
		if err == nil {
			err = p.takePipeline(ctx, &batch, r)
		}
	}
	return p.settled(batch, err)
}

func (p *project) takePipeline(ctx context.Context, batch *collector.Batch, r row) error {
	var w wirePipeline
	if !decoded(batch, p.record("pipeline", r.key), r.raw, &w) || !matches(p.Pipelines, w.Ref) {
		return nil
	}
	id := strconv.FormatInt(r.key, 10)
	found, err := p.remember("pipeline "+id+r.updated.String(), func() ([]json.RawMessage, error) {
		found := make([]json.RawMessage, 1)
		_, err := p.host.get(ctx, p.at("pipelines/"+id), nil, &found[0])
		return found, err
	})
	if err != nil {
		return err
	}
	if !decoded(batch, p.record("pipeline", id), found[0], &w) {
		return nil
	}
	deployed, reason := w.deployment(p.Path, p.environment())
	if reason != "" {
		return nil // it was started again since it was listed; the list will show how that ends
	}
	batch.Take(p.record("pipeline", id), w.event(p.host.name, deployed, fromAnswer))
	return nil
}
