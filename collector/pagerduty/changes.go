package pagerduty

import (
	"context"
	"encoding/json"
	"net/url"
	"strings"
	"time"

	"shiphabit/collector"
	"shiphabit/metrics"
)

const (
	// changesKept is how long PagerDuty keeps change events.
	changesKept = 90 * 24 * time.Hour
	// changesAtOnce is the span of one question.
	changesAtOnce = 30 * 24 * time.Hour
	// changeOverlap covers what arrives late. A change event never changes.
	changeOverlap = time.Hour
)

// changes reads one page of change events.
func (s *source) changes(ctx context.Context, from collector.Position) (collector.Batch, error) {
	var batch collector.Batch
	w, err := s.changeWindow(from)
	if err != nil {
		return batch, err
	}
	var answer struct {
		Events []json.RawMessage `json:"change_events"`
		More   bool              `json:"more"`
	}
	if _, err := s.client.JSON(ctx, "change_events", w.query(), &answer); err != nil {
		return batch, err
	}
	for _, raw := range answer.Events {
		if err := s.takeChange(ctx, &batch, raw); err != nil {
			return batch, err
		}
	}
	next, full := w.next(got{held: len(answer.Events), more: answer.More}, changesAtOnce, s.Clock())
	if batch.Next = next; full {
		batch.SetAside = append(batch.SetAside, unread("change events", w))
	}
	return batch, nil
}

func (s *source) changeWindow(from collector.Position) (window, error) {
	if from.Page != "" {
		w, err := parseWindow(from.Page)
		if err != nil {
			return w, &collector.Error{Trouble: collector.Outdated, Place: s.Name, Problem: "the place where reading stopped cannot be read", Err: err}
		}
		return w, nil
	}
	start := s.Clock().Add(-changesKept)
	for _, other := range []time.Time{s.Since, from.Since} {
		if other.After(start) {
			start = other
		}
	}
	return first(start, changesAtOnce, s.Clock()), nil
}

func (s *source) takeChange(ctx context.Context, batch *collector.Batch, raw json.RawMessage) error {
	var c change
	if err := json.Unmarshal(raw, &c); err != nil {
		batch.SetAside = append(batch.SetAside, identified("change event", raw, err))
		return nil
	}
	if c.Timestamp.After(batch.Newest) {
		batch.Newest = c.Timestamp
	}
	d, reason := s.deployment(c)
	if reason != "" {
		batch.SetAside = append(batch.SetAside, collector.SetAside{Record: "change event " + c.ID, Reason: reason})
		return nil
	}
	if d.Service == "" && len(c.Services) > 0 {
		name, err := s.lookUp(ctx, c.Services[0])
		if err != nil {
			return err
		}
		d.Service = name
	}
	e := metrics.NewEvent(s.Name, d)
	e.UpdatedAt = c.Timestamp
	batch.Take("change event "+c.ID, e)
	return nil
}

// deployment is a change event as a deployment, or why it is none. The service is left out where only its id is known.
func (s *source) deployment(c change) (d metrics.Deployment, reason string) {
	said := detailsOf(c.CustomDetails)
	d = metrics.Deployment{
		ID: c.ID, Revision: said.text("revision", "commit", "commit_sha"), Environment: said.text("environment", "env"),
		Repository: said.text("repository"), Service: said.text("service"), Version: said.text("version"), Ref: said.text("ref", "branch"),
		FinishedAt: c.Timestamp,
	}
	switch {
	case d.Revision == "":
		return d, "a deployment needs a revision and an environment, and its custom details carry no revision"
	case d.Environment == "":
		return d, "a deployment needs a revision and an environment, and its custom details carry no environment"
	}
	if d.Status = changeStatus(said.text("status", "result", "build_state")); d.Status == "" {
		return d, "its custom details give it a status that says neither that it succeeded nor that it failed"
	}
	if len(c.Links) > 0 {
		d.URL = c.Links[0].Href
	}
	if d.Service == "" && len(c.Services) > 0 {
		if r := c.Services[0]; r.Summary != "" || s.Services[r.ID] != "" {
			d.Service = s.service(r)
		}
	}
	return d, ""
}

// changeStatus reads the tool's word; a change that says nothing of it was made. A change event is sent once, so one that is under way
// would be so for ever.
func changeStatus(word string) metrics.Status {
	switch strings.ToLower(word) {
	case "", "succeeded", "success", "successful", "passed", "finished", "completed", "deployed", "ok":
		return metrics.Succeeded
	case "failed", "failure", "error", "broken":
		return metrics.Failed
	case "cancelled", "canceled", "aborted":
		return metrics.Cancelled
	}
	return ""
}

// lookUp asks for the name of a service that a change event names by its id alone.
func (s *source) lookUp(ctx context.Context, r reference) (string, error) {
	if s.names[r.ID] == "" {
		var answer struct {
			Service reference `json:"service"`
		}
		_, err := s.client.JSON(ctx, "services/"+url.PathEscape(r.ID), nil, &answer)
		if err != nil && collector.TroubleOf(err) != collector.Missing {
			return "", err
		}
		answer.Service.ID = r.ID
		s.names[r.ID] = s.service(answer.Service)
	}
	return s.names[r.ID], nil
}
