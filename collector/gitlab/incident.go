package gitlab

import (
	"context"
	"strconv"
	"strings"
	"time"

	sdk "github.com/xanzy/go-gitlab"

	"shiphabit/collector"
	"shiphabit/metrics"
)

// wireIssue is an issue in answers.
type wireIssue struct {
	ID           int64    `json:"id"`
	IID          int64    `json:"iid"`
	Title        string   `json:"title"`
	State        string   `json:"state"`
	Severity     string   `json:"severity"`
	Confidential bool     `json:"confidential"`
	Labels       []string `json:"labels"`
	Author       person   `json:"author"`
	WebURL       string   `json:"web_url"`
	CreatedAt    moment   `json:"created_at"`
	UpdatedAt    moment   `json:"updated_at"`
	ClosedAt     moment   `json:"closed_at"`
}

// alertBot is GitLab's own user that makes incidents of alerts.
const alertBot = "alert-bot"

// incident is an issue as an incident of the service built from its project. The title of a confidential one stays where it is.
func (w wireIssue) incident(service string) metrics.Incident {
	r := metrics.Incident{
		ID: strconv.FormatInt(w.ID, 10), Service: service, StartedAt: w.CreatedAt.Time, Severity: severity(w.Severity, w.Labels),
		Title: w.Title, Labels: w.Labels, URL: w.WebURL,
	}
	if w.State == "closed" {
		r.ResolvedAt = first(w.ClosedAt, w.UpdatedAt)
	}
	if w.Confidential {
		r.Title = ""
	}
	if strings.HasPrefix(w.Author.Username, alertBot) {
		r.DetectedBy = "monitor"
	}
	return r
}

// severity is 1 to 4, 0 when not stated: GitLab's own word, else that of a label "severity::1" or "severity::critical".
func severity(word string, labels []string) int {
	ranks := map[string]int{"critical": 1, "high": 2, "medium": 3, "low": 4, "1": 1, "2": 2, "3": 3, "4": 4}
	rank := ranks[strings.ToLower(word)]
	for _, label := range labels {
		scoped, found := strings.CutPrefix(strings.ToLower(label), "severity::")
		if found && rank == 0 {
			rank = ranks[scoped]
		}
	}
	return rank
}

func (p *project) incidentFeed(name string, which *sdk.ListProjectIssuesOptions) collector.Feed {
	issues := list{host: p.host, path: p.at("issues"), size: most, byIID: true, options: func(page sdk.ListOptions, after time.Time) any {
		options := *which
		options.ListOptions, options.UpdatedAfter = page, &after
		options.OrderBy, options.Sort = byChange()
		return &options
	}}
	return p.feed(name, func(ctx context.Context, from collector.Position) (collector.Batch, error) {
		rows, batch, err := issues.read(ctx, from.Page, p.start(from))
		for _, r := range rows {
			var w wireIssue
			if decoded(&batch, p.record("issue", r.key), r.raw, &w) {
				batch.Take(p.record("issue", r.key), event(p.host.name, w.incident(p.Path), w.UpdatedAt.Time, fromAnswer))
			}
		}
		return batch, err
	})
}
