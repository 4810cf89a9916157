package jira

import (
	"cmp"
	"encoding/json"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"shiphabit/collector"
	"shiphabit/metrics"
)

// reader makes neutral events of tickets, for the search and for webhooks alike.
type reader struct{ Options }

// incident is a ticket as an incident, by its whole history.
func (r reader) incident(i issue) (metrics.Event, string) {
	return r.incidentOf(i, i.acknowledged(r.Acknowledged)), ""
}

func (r reader) incidentOf(i issue, acknowledgedAt time.Time) metrics.Event {
	record := metrics.Incident{
		ID: i.ID, Service: r.service(i), Environment: cmp.Or(i.text(r.EnvironmentField), r.Environment),
		StartedAt: i.instant("created"), DetectedAt: i.instant("created"), DetectedBy: i.detectedBy(), AcknowledgedAt: acknowledgedAt,
		Severity: r.severity(i.named("priority").Name), Title: i.text("summary"), URL: r.page(i), Labels: i.labels(),
		Deployment: i.text(r.DeploymentField), Revision: i.text(r.RevisionField),
	}
	var over bool
	record.ResolvedAt, over = i.resolved()
	e := metrics.NewEvent(r.Name, record)
	e.UpdatedAt = i.instant("updated")
	if !over {
		e = collector.Clear(e, "resolved_at") // one that was resolved may be open again
	}
	return e
}

// acknowledged is when a ticket came into one of the statuses first, as far as its history is told; zero when it did not.
func (i issue) acknowledged(statuses []string) time.Time {
	if come := i.came(statuses); len(come) > 0 {
		return come[0].Created.Time
	}
	return time.Time{}
}

// approval is a change ticket as an approval. Who moved it into a status that decides has decided, the last one if there were several.
func (r reader) approval(i issue) (metrics.Event, string) {
	record := metrics.Approval{ID: i.ID, Deployment: i.text(r.DeploymentField), RequestedAt: i.instant("created"), Ticket: i.Key}
	if record.Deployment == "" {
		return metrics.Event{}, "it names no deployment in " + r.DeploymentField
	}
	if come := i.came(slices.Concat(r.Approved, r.Rejected)); len(come) > 0 {
		last := come[len(come)-1]
		record.DecidedAt, record.Approver, record.Decision = last.Created.Time, last.Author.id(), "refused"
		if last.into(r.Approved) {
			record.Decision = "granted"
		}
	}
	e := metrics.NewEvent(r.Name, record)
	e.UpdatedAt = i.instant("updated")
	return e, ""
}

// came are the changes by which a ticket came into one of the statuses, oldest first.
func (i issue) came(statuses []string) []history {
	var list []history
	for _, h := range i.Changelog.Histories {
		if !h.Created.IsZero() && h.into(statuses) {
			list = append(list, h)
		}
	}
	slices.SortStableFunc(list, func(a, b history) int { return a.Created.Compare(b.Created.Time) })
	return list
}

// into reports whether a change brings a ticket into one of the statuses; none named stands for any.
func (h history) into(statuses []string) bool {
	return slices.ContainsFunc(h.Items, func(i item) bool {
		return i.Field == "status" && (len(statuses) == 0 || slices.ContainsFunc(statuses, func(s string) bool { return strings.EqualFold(s, i.ToString) }))
	})
}

// resolved is when a ticket was resolved, and whether it is. Where a workflow sets no resolution, it is once its status is among those that
// Jira counts as done.
func (i issue) resolved() (at time.Time, over bool) {
	if at := i.instant("resolutiondate"); !at.IsZero() {
		return at, true
	}
	if i.named("status").Category.Key != "done" {
		return time.Time{}, false
	}
	if moves := i.came(nil); len(moves) > 0 {
		return moves[len(moves)-1].Created.Time, true
	}
	return time.Time{}, true
}

// service is where the options say.
func (r reader) service(i issue) string {
	project := i.named("project").Key
	prefix, byLabel := strings.CutPrefix(r.ServiceField, "label:")
	switch {
	case byLabel:
		for _, label := range i.labels() {
			if name, found := strings.CutPrefix(label, prefix); found && name != "" {
				return name
			}
		}
		return project
	case r.ServiceField == "project":
		return project
	case r.ServiceField == "", r.ServiceField == "component":
		return cmp.Or(i.text("components"), project)
	}
	return cmp.Or(i.text(r.ServiceField), project)
}

// detectedBy is who reported it. The cloud tells programs from people; a data centre does not.
func (i issue) detectedBy() string {
	var reporter user
	_ = json.Unmarshal(i.Fields["reporter"], &reporter) // nobody has no account
	switch reporter.AccountType {
	case "app":
		return "monitor"
	case "atlassian", "customer":
		return "human"
	}
	return ""
}

// severity is what the options say of a priority, else what its name says.
func (r reader) severity(priority string) int {
	for name, level := range r.Severities {
		if strings.EqualFold(name, priority) {
			n, _ := strconv.Atoi(level) // the configuration has checked it
			return n
		}
	}
	switch strings.ToLower(priority) {
	case "highest", "blocker", "critical":
		return 1
	case "high", "major":
		return 2
	case "medium", "moderate":
		return 3
	case "low", "lowest", "minor", "trivial":
		return 4
	}
	for _, c := range priority {
		if c >= '1' && c <= '9' {
			return min(int(c-'0'), 4)
		}
	}
	return 0
}

// page is the ticket's page for people.
func (r reader) page(i issue) string {
	if r.Pages == "" {
		return ""
	}
	page, err := url.JoinPath(r.Pages, "browse", i.Key)
	if err != nil {
		return ""
	}
	return page
}
