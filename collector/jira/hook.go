package jira

import (
	"encoding/json"
	"math"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"time"

	"shiphabit/collector"
	"shiphabit/metrics"
)

// hook reads Jira's webhooks.
type hook struct{ reader }

// NewHook returns the reader of a Jira's webhooks.
func NewHook(o Options) collector.Hook { return hook{reader{o.standard()}} }

// Authentic checks X-Hub-Signature, which holds sha256=HEX.
func (hook) Authentic(header http.Header, body []byte, secrets []string) bool {
	return collector.Signed(header.Get("X-Hub-Signature"), body, secrets)
}

// Delivery is Jira's id of the delivery, which stays when it is tried again.
func (hook) Delivery(header http.Header, _ []byte) string {
	return header.Get("X-Atlassian-Webhook-Identifier")
}

// Parse reads a delivery about a ticket. It knows incidents and change tickets by their issue type, since it cannot ask the query.
func (h hook) Parse(_ http.Header, body []byte) collector.Pushed {
	var d struct {
		Event     string          `json:"webhookEvent"`
		User      user            `json:"user"`
		Issue     json.RawMessage `json:"issue"`
		Changelog struct {
			Items []item `json:"items"`
		} `json:"changelog"`
	}
	if err := json.Unmarshal(body, &d); err != nil {
		return collector.Pushed{SetAside: []collector.SetAside{{Record: "webhook", Reason: "it is not what Jira documents: " + err.Error()}}}
	}
	pushed := collector.Pushed{Kind: d.Event}
	if d.Event != "jira:issue_created" && d.Event != "jira:issue_updated" {
		pushed.Ignored = "it tells of no ticket that came or changed"
		return pushed
	}
	i, err := parseIssue(d.Issue)
	if err != nil {
		pushed.SetAside = append(pushed.SetAside, unreadable(d.Issue, err))
		return pushed
	}
	// The one change that is told belongs to the ticket's last update. What was before it is not told.
	i.Changelog.Histories = []history{{Created: instant{i.instant("updated")}, Author: d.User, Items: d.Changelog.Items}}
	h.take(&pushed, i)
	return pushed
}

func (h hook) take(pushed *collector.Pushed, i issue) {
	kind := i.named("issuetype").Name
	is := func(name string) bool { return strings.EqualFold(name, kind) }
	var e metrics.Event
	var reason string
	var acknowledged time.Time
	switch {
	case h.Incidents != "" && slices.ContainsFunc(h.IncidentTypes, is) && inProjects(h.Incidents, i):
		e, acknowledged = h.incidentOf(i, time.Time{}), i.acknowledged(h.Acknowledged)
	case h.Approvals != "" && slices.ContainsFunc(h.ChangeTypes, is) && inProjects(h.Approvals, i):
		e, reason = h.approval(i)
	default:
		pushed.Ignored = "its issue type is none of those of incidents or changes, or its project none of those of the query"
		return
	}
	if reason == "" && e.UpdatedAt.IsZero() {
		reason = "it does not say when the ticket changed"
	}
	if reason != "" {
		pushed.SetAside = append(pushed.SetAside, collector.SetAside{Record: "ticket " + i.Key, Reason: reason})
		return
	}
	if pushed.Take("ticket "+i.Key, e); !acknowledged.IsZero() && len(pushed.SetAside) == 0 {
		pushed.Revise("ticket "+i.Key, h.taken(i.ID, acknowledged))
	}
}

// taken says that somebody took an incident up. The first time counts, so it is a revision by itself, of which an earlier one goes before a
// later one, and whatever states an order goes before both.
func (h hook) taken(id string, at time.Time) metrics.Event {
	e := metrics.NewEvent(h.Name, metrics.Incident{ID: id, AcknowledgedAt: at})
	e.Sequence = math.MaxInt64 - max(0, at.UnixMilli())
	return e
}

var (
	// narrowed finds the projects that a query names, one or several.
	narrowed = regexp.MustCompile(`(?i)\bproject\s*(?:=\s*("[^"]*"|'[^']*'|[^\s()"',]+)|\s+in\s*\(([^()]*)\))`)
	// loosened finds what may take in tickets of other projects.
	loosened = regexp.MustCompile(`(?i)\b(or|not)\b|[|!]`)
)

// inProjects reports whether a ticket is of one of the projects that a query is narrowed to; true where it names none, or may take in others.
func inProjects(query string, i issue) bool {
	found := narrowed.FindAllStringSubmatch(query, -1)
	if len(found) == 0 || loosened.MatchString(query) {
		return true
	}
	project := i.named("project")
	key, _, _ := strings.Cut(i.Key, "-")
	for _, names := range found {
		for name := range strings.SplitSeq(names[1]+","+names[2], ",") {
			name = strings.Trim(name, " \t\r\n\"'")
			if name != "" && slices.ContainsFunc([]string{key, project.Key, project.Name, project.ID}, func(own string) bool { return strings.EqualFold(own, name) }) {
				return true
			}
		}
	}
	return false
}
