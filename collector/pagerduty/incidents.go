package pagerduty

import (
	"context"
	"encoding/json"
	"net/url"
	"slices"
	"strconv"
	"time"

	"shiphabit/collector"
)

const (
	// widest is a little less than the six months that PagerDuty lists incidents for at once.
	widest = 180 * 24 * time.Hour
	// incidentOverlap is how far back incidents are listed again: PagerDuty lists by creation, and one that was resolved may be reopened,
	// merged or given another priority.
	incidentOverlap = 7 * 24 * time.Hour
	// settledFor is how long before the latest known change an incident must have changed last to be taken for known.
	settledFor = time.Hour
)

// incidents reads one page of the incidents that were created since a time.
func (s *source) incidents(ctx context.Context, from collector.Position) (collector.Batch, error) {
	var batch collector.Batch
	w, err := s.window(ctx, from)
	if err != nil || w.span == 0 {
		return batch, err
	}
	query := w.query()
	query["time_zone"], query["sort_by"], query["include[]"] = []string{"UTC"}, []string{"created_at:asc"}, []string{"first_trigger_log_entries"}
	var answer struct {
		Incidents []json.RawMessage `json:"incidents"`
		More      bool              `json:"more"`
	}
	if _, err := s.client.JSON(ctx, "incidents", query, &answer); err != nil {
		return batch, err
	}
	for _, raw := range answer.Incidents {
		if err := s.take(ctx, &batch, raw, from); err != nil {
			return batch, err
		}
	}
	next, full := w.next(got{len(answer.Incidents), answer.More, lastOf(answer.Incidents)}, widest, s.Clock())
	if batch.Next = next; full {
		batch.SetAside = append(batch.SetAside, unread("incidents", w))
	}
	return batch, nil
}

// window is where to read on. A first reading without a beginning begins with the account's first incident; there may be none.
func (s *source) window(ctx context.Context, from collector.Position) (window, error) {
	start := from.Since
	switch {
	case from.Page != "":
		w, err := parseWindow(from.Page)
		if err != nil {
			return w, &collector.Error{Trouble: collector.Outdated, Place: s.Name, Problem: "the place where reading stopped cannot be read", Err: err}
		}
		return w, nil
	case start.IsZero() && s.Since.IsZero():
		var answer struct {
			Incidents []incident `json:"incidents"`
		}
		query := url.Values{"date_range": {"all"}, "sort_by": {"created_at:asc"}, "time_zone": {"UTC"}, "limit": {"1"}}
		if _, err := s.client.JSON(ctx, "incidents", query, &answer); err != nil || len(answer.Incidents) == 0 {
			return window{}, err
		}
		start = answer.Incidents[0].CreatedAt
	case start.IsZero():
		start = s.Since
	}
	return first(start, widest, s.Clock()), nil
}

// take takes an incident of the list. One that was known as resolved and did not change since costs no further question.
func (s *source) take(ctx context.Context, batch *collector.Batch, raw json.RawMessage, from collector.Position) error {
	var i incident
	if err := json.Unmarshal(raw, &i); err != nil {
		batch.SetAside = append(batch.SetAside, identified("incident", raw, err))
		return nil
	}
	if i.changedAt().After(batch.Newest) {
		batch.Newest = i.changedAt()
	}
	known := !from.Since.IsZero() && i.changedAt().Before(from.Since.Add(incidentOverlap-settledFor)) && !slices.Contains(from.Open, i.ID)
	if known && i.Status == "resolved" {
		return nil
	}
	return s.add(ctx, batch, i)
}

// add adds an incident to the batch. Of a resolved one PagerDuty no longer says when it was acknowledged, but its log does.
func (s *source) add(ctx context.Context, batch *collector.Batch, i incident) error {
	var acknowledged time.Time
	for _, a := range i.Acknowledgements {
		acknowledged = earlier(acknowledged, a.At)
	}
	e := s.event(i, acknowledged)
	if i.Status == "resolved" {
		at, err := s.acknowledged(ctx, i.ID)
		if err != nil {
			return err
		}
		e = s.event(i, at)
		batch.Closed = append(batch.Closed, i.ID)
	} else {
		e = open(e)
		batch.Open = append(batch.Open, i.ID)
	}
	batch.Take("incident "+i.ID, e)
	return nil
}

// incident reads one that was open when it was read last.
func (s *source) incident(ctx context.Context, id string) (collector.Batch, error) {
	var batch collector.Batch
	var answer struct {
		Incident json.RawMessage `json:"incident"`
	}
	query := url.Values{"include[]": {"first_trigger_log_entries"}}
	if _, err := s.client.JSON(ctx, "incidents/"+url.PathEscape(id), query, &answer); err != nil {
		return batch, err
	}
	err := s.take(ctx, &batch, answer.Incident, collector.Position{})
	return batch, err
}

// acknowledged is when somebody took the incident up first, by its log; zero when nobody did.
func (s *source) acknowledged(ctx context.Context, id string) (time.Time, error) {
	var at time.Time
	for offset, more := 0, true; more && offset+pageSize <= deepest; {
		var answer struct {
			Entries []logEntry `json:"log_entries"`
			More    bool       `json:"more"`
		}
		query := url.Values{"is_overview": {"true"}, "time_zone": {"UTC"}, "limit": {strconv.Itoa(pageSize)}, "offset": {strconv.Itoa(offset)}}
		_, err := s.client.JSON(ctx, "incidents/"+url.PathEscape(id)+"/log_entries", query, &answer)
		if err != nil {
			return at, err
		}
		for _, e := range answer.Entries {
			if e.Type == "acknowledge_log_entry" || e.Type == "acknowledgement_log_entry" { // the documents have both
				at = earlier(at, e.CreatedAt)
			}
		}
		offset, more = offset+len(answer.Entries), answer.More && len(answer.Entries) > 0
	}
	return at, nil
}

// earlier is the earlier of two times, where zero is none.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// lastOf is when the last of a list was created.
func lastOf(list []json.RawMessage) time.Time {
	var last incident
	if len(list) > 0 {
		_ = json.Unmarshal(list[len(list)-1], &last) // one that cannot be read is set aside, and says nothing here
	}
	return last.CreatedAt
}

func unread(what string, w window) collector.SetAside {
	return collector.SetAside{Record: what + " from " + w.start.Format(time.RFC3339), Reason: "there are more within a minute than PagerDuty lets be listed"}
}
