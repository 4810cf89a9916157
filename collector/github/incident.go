package github

import (
	"context"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/go-github/v88/github"

	"shiphabit/collector"
	"shiphabit/metrics"
)

// incidents is the list of a repository's issues with a label, by their latest change: closing is one.
func (r *repository) incidents(label string) collector.Feed {
	f := r.feed("issues " + label)
	f.Title, f.Overlap = "issues labelled "+label+" of "+r.full, time.Hour
	f.Optional = true // a repository may have its issues switched off
	f.Read = needing("Issues: read", func(ctx context.Context, from collector.Position) (collector.Batch, error) {
		return r.readIssues(ctx, label, from)
	})
	f.Again = func(ctx context.Context, id string) (collector.Batch, error) { return r.issueAgain(ctx, label, id) }
	return f
}

func (r *repository) readIssues(ctx context.Context, label string, from collector.Position) (collector.Batch, error) {
	at := issuesPageOf(from.Page, r.from(from))
	list, answer, err := r.rest.Issues.ListByRepo(ctx, r.owner, r.name, &github.IssueListByRepoOptions{
		State: "all", Labels: []string{label}, Sort: "updated", Direction: "asc", Since: at.since.UTC(),
		ListOptions: github.ListOptions{Page: at.number, PerPage: r.perPage},
	})
	if err := r.cause(ctx, "the issues", err); err != nil {
		return collector.Batch{}, err
	}
	next, err := r.next(answer)
	var batch collector.Batch
	if next > 0 && len(list) > 0 {
		batch.Next = at.after(instant(list[len(list)-1].UpdatedAt)).text()
	}
	for _, issue := range list {
		if !issue.IsPullRequest() {
			r.takeIssue(&batch, issue)
		}
	}
	return batch, err
}

func (r *repository) takeIssue(batch *collector.Batch, issue *github.Issue) {
	number := strconv.Itoa(issue.GetNumber())
	batch.Newest = later(batch.Newest, instant(issue.UpdatedAt))
	if issue.GetState() == "closed" || !r.isIncident(labelsOf(issue)) {
		batch.Closed = append(batch.Closed, number)
	} else {
		batch.Open = append(batch.Open, number)
	}
	record := "issue " + number + " of " + r.full
	e, reason := r.incidentOf(r.full, issue, polled)
	if reason != "" {
		batch.SetAside = append(batch.SetAside, collector.SetAside{Record: record, Reason: reason})
		return
	}
	batch.Take(record, e)
}

// issuesPage is where the reading of the issues stands. Each page is asked for by the time of the last change on the page before and
// not by its number, so that an issue that leaves the list while it is read does not take another's place with it.
type issuesPage struct {
	since  time.Time
	number int // above 1 only while more issues changed in those seconds than a page holds
}

func issuesPageOf(text string, since time.Time) issuesPage {
	p := issuesPage{since: since, number: 1}
	at, number, _ := strings.Cut(text, " ")
	if t, err := time.Parse(time.RFC3339, at); err == nil {
		p.since, p.number = t, pageNumber(number)
	}
	return p
}

func (p issuesPage) after(last time.Time) issuesPage {
	since := last.Add(-time.Second) // GitHub does not say whether "since" takes in its own second
	if !since.After(p.since) {
		return issuesPage{since: p.since, number: p.number + 1}
	}
	return issuesPage{since: since, number: 1}
}

func (p issuesPage) text() string {
	return p.since.UTC().Format(time.RFC3339) + " " + strconv.Itoa(p.number)
}

// issueAgain asks for an issue that was open. One that lost its label, or went to another repository, is followed no longer.
func (r *repository) issueAgain(ctx context.Context, label, number string) (collector.Batch, error) {
	var issue github.Issue
	if _, err := r.fetch(ctx, r.path("issues/"+number), &issue); err != nil {
		return collector.Batch{}, err
	}
	batch := collector.Batch{Closed: []string{number}}
	if strconv.Itoa(issue.GetNumber()) != number || !strings.HasSuffix(strings.ToLower(issue.GetRepositoryURL()), strings.ToLower("/"+r.full)) {
		batch.SetAside = []collector.SetAside{{Record: "issue " + number + " of " + r.full, Reason: "it went to another repository"}}
		return batch, nil
	}
	labels := labelsOf(&issue)
	if r.isIncident(labels) && !slices.ContainsFunc(labels, func(l string) bool { return strings.EqualFold(l, label) }) {
		return batch, nil // the list of its other label follows it
	}
	batch.Closed = nil
	r.takeIssue(&batch, &issue)
	return batch, nil
}

func labelsOf(issue *github.Issue) []string {
	var names []string
	for _, l := range issue.Labels {
		names = append(names, l.GetName())
	}
	return names
}

// isIncident reports whether the labels of an issue make it an incident.
func (r Rules) isIncident(labels []string) bool {
	return slices.ContainsFunc(labels, func(l string) bool {
		return slices.ContainsFunc(r.IncidentLabels, func(wanted string) bool { return strings.EqualFold(l, wanted) })
	})
}

// unlabelled is a label of ours, on an incident that ended because its issue lost the label of one.
const unlabelled = "no longer labelled as an incident"

// incidentOf makes an incident of an issue, or says why it cannot. One whose issue has no label of an incident any longer was over
// when the issue changed last.
func (r Rules) incidentOf(repository string, issue *github.Issue, order int64) (metrics.Event, string) {
	labels := labelsOf(issue)
	service := repository
	if r.ServiceLabel != "" {
		if service = valueOf(labels, r.ServiceLabel); service == "" {
			return metrics.Event{}, "it names no service: it has no label " + r.ServiceLabel + "=…"
		}
	}
	by := "human"
	if program(issue.GetUser().GetLogin(), issue.GetUser().GetType()) != nil {
		by = "monitor"
	}
	record := metrics.Incident{
		ID: strconv.FormatInt(issue.GetID(), 10), Service: service, StartedAt: instant(issue.CreatedAt), DetectedAt: instant(issue.CreatedAt),
		DetectedBy: by, Severity: severityOf(labels), Title: issue.GetTitle(), URL: webPage(issue.GetHTMLURL()), Labels: labels,
	}
	if issue.GetState() == "closed" {
		record.ResolvedAt = instant(issue.ClosedAt)
	} else if !r.isIncident(labels) {
		record.ResolvedAt, record.Labels = instant(issue.UpdatedAt), append(labels, unlabelled)
	}
	e := r.event(record, instant(issue.UpdatedAt), order)
	if record.ResolvedAt.IsZero() { // it may have been closed before
		e = collector.Clear(e, "resolved_at")
	}
	if record.Severity == 0 {
		e = collector.Clear(e, "severity")
	}
	return e, ""
}

// valueOf is what stands behind "key=" in one of the labels.
func valueOf(labels []string, key string) string {
	for _, l := range labels {
		if name, value, both := strings.Cut(l, "="); both && strings.TrimSpace(name) == key {
			return strings.TrimSpace(value)
		}
	}
	return ""
}

var (
	severityNumber = regexp.MustCompile(`(?i)^(?:sev|severity|s|p|prio|priority)[\s:_/-]*([0-5])$`)
	severityWord   = regexp.MustCompile(`(?i)^(?:sev|severity|prio|priority)[\s:_/-]+([a-z]+)$`)
)

// severityOf reads the usual labels: sev1, severity::2, P1, priority: high. Zero means that none says it.
func severityOf(labels []string) int {
	words := map[string]int{"critical": 1, "blocker": 1, "urgent": 1, "high": 2, "major": 2, "medium": 3, "moderate": 3, "low": 4, "minor": 4}
	for _, l := range labels {
		if m := severityNumber.FindStringSubmatch(l); m != nil {
			return min(4, max(1, int(m[1][0]-'0')))
		}
		if m := severityWord.FindStringSubmatch(l); m != nil && words[strings.ToLower(m[1])] > 0 {
			return words[strings.ToLower(m[1])]
		}
	}
	return 0
}
