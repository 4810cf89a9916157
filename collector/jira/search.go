package jira

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"shiphabit/collector"
	"shiphabit/metrics"
)

const (
	pageSize = 100
	// overlap covers what Jira's search shows late: it does not promise to show a change at once.
	overlap = time.Hour
)

// feed is the feed of a query. It is read in the order of creation, which stays as it is while tickets change; in the order of change a
// ticket that changes during the reading would move another one across the border of two pages. All changes of a ticket show, so that none
// is asked for again.
func (s *source) feed(name, jql string, read func(issue) (metrics.Event, string)) collector.Feed {
	return collector.Feed{
		Name: name, Title: name, Overlap: overlap,
		Read: func(ctx context.Context, from collector.Position) (collector.Batch, error) {
			since := from.Since
			if since.IsZero() {
				since = s.Since
			}
			found, err := s.search(ctx, query(jql, since), from.Page)
			if err != nil {
				return collector.Batch{}, err
			}
			batch := collector.Batch{Next: found.next, Total: found.total}
			for _, raw := range found.issues {
				if err := s.take(ctx, &batch, raw, read); err != nil {
					return collector.Batch{}, err
				}
			}
			return batch, nil
		},
	}
}

// query is a query narrowed to what changed since a time. Times in words are in the time zone of the token's user and end at the minute;
// milliseconds since 1970 are the same instant everywhere.
func query(jql string, since time.Time) string {
	jql = "(" + jql + ")"
	if !since.IsZero() {
		jql += fmt.Sprintf(" AND updated >= %d", since.UnixMilli())
	}
	return jql + " ORDER BY created ASC, key ASC"
}

// page is one page of a search.
type page struct {
	issues []json.RawMessage
	next   string
	total  int
}

func (s *source) search(ctx context.Context, jql, from string) (page, error) {
	if s.API == Cloud {
		return s.searchCloud(ctx, jql, from)
	}
	return s.searchServer(ctx, jql, from)
}

func (s *source) searchCloud(ctx context.Context, jql, from string) (page, error) {
	var answer struct {
		Issues        []json.RawMessage `json:"issues"`
		NextPageToken string            `json:"nextPageToken"`
		IsLast        bool              `json:"isLast"`
	}
	body := map[string]any{"jql": jql, "fields": s.fields(), "expand": "changelog", "maxResults": pageSize}
	if from != "" {
		body["nextPageToken"] = from
	}
	if _, err := s.client.PostJSON(ctx, "rest/api/3/search/jql", body, &answer); err != nil {
		return page{}, err
	}
	if answer.IsLast || answer.NextPageToken == from {
		answer.NextPageToken = ""
	}
	return page{issues: answer.Issues, next: answer.NextPageToken}, nil
}

// searchServer pages by numbers. Tickets may leave the query while it is read, and those after them move up: each page begins with the
// last ticket of the one before it, and where another one stands in its place, reading goes back.
func (s *source) searchServer(ctx context.Context, jql, from string) (page, error) {
	var answer struct {
		Issues []json.RawMessage `json:"issues"`
		Total  int               `json:"total"`
	}
	number, last, _ := strings.Cut(from, "/")
	start, _ := strconv.Atoi(number) // "" begins the list
	parameters := url.Values{
		"jql": {jql}, "fields": {strings.Join(s.fields(), ",")}, "expand": {"changelog"},
		"maxResults": {strconv.Itoa(pageSize)}, "startAt": {strconv.Itoa(start)},
	}
	if _, err := s.client.JSON(ctx, "rest/api/2/search", parameters, &answer); err != nil {
		return page{}, err
	}
	found := page{issues: answer.Issues, total: answer.Total}
	if last != "" && (len(answer.Issues) == 0 || idOf(answer.Issues[0]) != last) {
		found.next = strconv.Itoa(max(0, start-pageSize))
		return found, nil
	}
	if last != "" {
		found.issues = answer.Issues[1:]
	}
	if n := len(answer.Issues); n > 0 && start+n < answer.Total {
		found.next = after(start, answer.Issues)
	}
	return found, nil
}

// after is the page that begins with the last ticket of this one; with the one after it where that would not go on, or it has no id.
func after(start int, issues []json.RawMessage) string {
	n := len(issues)
	if id := idOf(issues[n-1]); id != "" && n > 1 {
		return fmt.Sprintf("%d/%s", start+n-1, id)
	}
	return strconv.Itoa(start + n)
}

// idOf is the id of a ticket, "" where it cannot be read.
func idOf(raw json.RawMessage) string {
	i, _ := parseIssue(raw) // one that cannot be read is set aside when it is taken
	return i.ID
}

// fields are those that a ticket is asked for.
func (o Options) fields() []string {
	list := []string{"summary", "created", "updated", "resolutiondate", "status", "priority", "components", "labels", "project", "reporter", "issuetype"}
	for _, own := range []string{o.ServiceField, o.EnvironmentField, o.DeploymentField, o.RevisionField} {
		if own != "" && own != "component" && !strings.HasPrefix(own, "label:") && !slices.Contains(list, own) {
			list = append(list, own)
		}
	}
	return list
}

// take reads one ticket of a page.
func (s *source) take(ctx context.Context, batch *collector.Batch, raw json.RawMessage, read func(issue) (metrics.Event, string)) error {
	i, err := parseIssue(raw)
	if err != nil {
		batch.SetAside = append(batch.SetAside, unreadable(raw, err))
		return nil
	}
	if at := i.instant("updated"); at.After(batch.Newest) {
		batch.Newest = at
	}
	if s.API == Cloud && i.Changelog.Total > len(i.Changelog.Histories) {
		if i.Changelog.Histories, err = s.histories(ctx, i.ID); err != nil {
			return err
		}
	}
	e, reason := read(i)
	if reason != "" {
		batch.SetAside = append(batch.SetAside, collector.SetAside{Record: "ticket " + i.Key, Reason: reason})
		return nil
	}
	batch.Take("ticket "+i.Key, asked(e))
	return nil
}

// asked marks what the interface said: it knows the whole history of a ticket, and goes before a webhook about the same change.
func asked(e metrics.Event) metrics.Event {
	e.Sequence = 1
	return e
}

// histories reads the whole history of a ticket whose page holds the latest part only.
func (s *source) histories(ctx context.Context, id string) ([]history, error) {
	var all []history
	for last := false; !last; {
		var answer struct {
			Values []history `json:"values"`
			IsLast bool      `json:"isLast"`
		}
		parameters := url.Values{"startAt": {strconv.Itoa(len(all))}, "maxResults": {strconv.Itoa(pageSize)}}
		if _, err := s.client.JSON(ctx, "rest/api/3/issue/"+url.PathEscape(id)+"/changelog", parameters, &answer); err != nil {
			return nil, err
		}
		all = append(all, answer.Values...)
		last = answer.IsLast || len(answer.Values) == 0
	}
	return all, nil
}
