package gitlab

import (
	"context"
	"encoding/json"
	"slices"
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
	Type         string   `json:"issue_type"`
	Labels       []string `json:"labels"`
	Author       person   `json:"author"`
	WebURL       string   `json:"web_url"`
	CreatedAt    moment   `json:"created_at"`
	UpdatedAt    moment   `json:"updated_at"`
	ClosedAt     moment   `json:"closed_at"`

	lost bool // it was an incident and is none any longer
}

// unlabelled is a label of ours, on an incident that ended because its issue is one no longer.
const unlabelled = "no longer labelled as an incident"

// alertBot is GitLab's own user that makes incidents of alerts.
const alertBot = "alert-bot"

// incident is an issue as an incident of the service built from its project. The title of a confidential one stays where it is.
func (w wireIssue) incident(service string) metrics.Incident {
	r := metrics.Incident{
		ID: strconv.FormatInt(w.ID, 10), Service: service, StartedAt: w.CreatedAt.Time, Severity: severity(w.Severity, w.Labels),
		Title: w.Title, Labels: w.Labels, URL: w.WebURL,
	}
	switch {
	case w.State == "closed":
		r.ResolvedAt = first(w.ClosedAt, w.UpdatedAt)
	case w.lost:
		r.ResolvedAt, r.Labels = w.UpdatedAt.Time, append(slices.Clone(w.Labels), unlabelled)
	}
	if w.Confidential {
		r.Title = ""
	}
	if strings.HasPrefix(w.Author.Username, alertBot) {
		r.DetectedBy = "monitor"
	}
	return r
}

// event states of what the issue does not show any longer that it is gone: its end when it was opened again, what was made
// confidential, its last label.
func (w wireIssue) event(source, service string, sequence int64) metrics.Event {
	r := w.incident(service)
	e := event(source, r, w.UpdatedAt.Time, sequence)
	for _, field := range []struct {
		name string
		gone bool
	}{
		{"resolved_at", r.ResolvedAt.IsZero()}, {"title", w.Confidential}, {"labels", w.Labels != nil && len(r.Labels) == 0},
		{"severity", w.Severity != "" && r.Severity == 0},
	} {
		if field.gone {
			e = collector.Clear(e, field.name)
		}
	}
	return e
}

// labelled reports whether an issue has a label of incidents.
func (c Choice) labelled(labels []string) bool {
	return slices.ContainsFunc(labels, func(label string) bool {
		return slices.ContainsFunc(c.IncidentLabels, func(own string) bool { return strings.EqualFold(own, label) })
	})
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
	feed := p.feed(name, func(ctx context.Context, from collector.Position) (collector.Batch, error) {
		rows, batch, err := issues.read(ctx, from.Page, p.start(from))
		for _, r := range rows {
			var w wireIssue
			if decoded(&batch, p.record("issue", r.key), r.raw, &w) {
				p.takeIssue(&batch, w)
			}
		}
		return batch, err
	})
	feed.Again = func(ctx context.Context, id string) (batch collector.Batch, err error) {
		var raw json.RawMessage
		if _, err := p.host.get(ctx, p.at("issues/"+id), nil, &raw); err != nil {
			return batch, err
		}
		w := wireIssue{}
		if !decoded(&batch, p.record("issue", id), raw, &w) {
			return batch, nil
		}
		w.lost = w.Type != "incident" && !p.labelled(w.Labels)
		p.takeIssue(&batch, w)
		return batch, nil
	}
	return feed
}

// takeIssue reads an issue. An open one is asked for again, for the list does not show it when it loses its label.
func (p *project) takeIssue(batch *collector.Batch, w wireIssue) {
	if id := strconv.FormatInt(w.IID, 10); w.State == "closed" || w.lost {
		batch.Closed = append(batch.Closed, id)
	} else {
		batch.Open = append(batch.Open, id)
	}
	batch.Take(p.record("issue", w.IID), w.event(p.host.name, p.Path, fromAnswer))
}
