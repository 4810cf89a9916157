package gitea

import (
	"context"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	sdk "code.gitea.io/sdk/gitea"

	"shiphabit/collector"
	"shiphabit/metrics"
)

// lateIssue is how far back issues are looked at again.
const lateIssue = time.Hour

// issues is the feed of issues with a label of incidents. All issues that changed are listed and looked at here: the server passes
// over labels that a repository does not have, and does not look among those of its organisation. Incidents that go on stand among the
// open records, so that one whose label is taken away ends.
func (s *source) issues(at repository) collector.Feed {
	feed := at.feed("incidents")
	feed.Overlap = lateIssue
	feed.Read = func(ctx context.Context, from collector.Position) (collector.Batch, error) {
		var b collector.Batch
		query := url.Values{"state": {"all"}, "type": {"issues"}}
		if since := s.from(from); !since.IsZero() {
			query.Set("since", since.UTC().Format(time.RFC3339))
		}
		records, next, err := s.list(ctx, at.api()+"/issues", query, parsePlace(from.Page))
		if err != nil {
			return b, err
		}
		for _, record := range records {
			var v sdk.Issue
			if err := into(record, &v); err != nil {
				unread(&b, "issue", record, err)
				continue
			}
			if v.PullRequest == nil {
				s.takeIssue(&b, at, v, from.Open)
			}
			b.Newest = later(b.Newest, known(v.Updated))
		}
		b.Next = next
		return b, nil
	}
	return feed
}

func (s *source) takeIssue(b *collector.Batch, at repository, v sdk.Issue, open []string) {
	id := strconv.FormatInt(v.ID, 10)
	record := "issue " + strconv.FormatInt(v.Index, 10) + " of " + at.path
	switch labelled := s.labelled(labelsOf(v.Labels)); {
	case labelled && v.State == sdk.StateOpen:
		b.Open = append(b.Open, id)
		b.Take(record, s.incident(at, v))
	case labelled:
		b.Closed = append(b.Closed, id)
		b.Take(record, s.incident(at, v))
	case slices.Contains(open, id):
		b.Closed = append(b.Closed, id)
		b.Take(record, s.notAnIncident(at, v))
	}
}

// notAnIncident ends the incident of an issue whose label was taken away: then, unless it was closed before.
func (r rules) notAnIncident(at repository, v sdk.Issue) metrics.Event {
	if v.State == sdk.StateOpen || v.Closed == nil {
		v.State, v.Closed = sdk.StateClosed, &v.Updated
	}
	v.Labels = append(slices.Clone(v.Labels), &sdk.Label{Name: "no longer labelled as an incident"})
	return r.incident(at, v)
}

// incident is what an issue stands for. While it is open its end is stated to be none, so that one that is opened anew is not over.
func (r rules) incident(at repository, v sdk.Issue) metrics.Event {
	i := metrics.Incident{
		ID: strconv.FormatInt(v.ID, 10), Service: at.path, Title: v.Title, URL: v.HTMLURL, Labels: labelsOf(v.Labels),
		Severity: severity(labelsOf(v.Labels)), StartedAt: known(v.Created), ResolvedAt: when(v.Closed),
	}
	if v.State == sdk.StateOpen {
		i.ResolvedAt = time.Time{}
	}
	e := metrics.NewEvent(r.name, i)
	if i.ResolvedAt.IsZero() {
		e = collector.Clear(e, "resolved_at")
	}
	e.UpdatedAt = known(v.Updated)
	return e
}

// severities reads labels like severity/high, severity: 2, sev-1 or P3.
var severities = regexp.MustCompile(`^(?:(?:severity|sev|priority)\s*[-/:_ ]?\s*|p)(critical|high|medium|low|[1-4])$`)

func severity(labels []string) int {
	for _, label := range labels {
		found := severities.FindStringSubmatch(strings.ToLower(label))
		if found == nil {
			continue
		}
		for i, word := range []string{"critical", "high", "medium", "low"} {
			if found[1] == word || found[1] == strconv.Itoa(i+1) {
				return i + 1
			}
		}
	}
	return 0
}
