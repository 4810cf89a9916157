package jira

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"net/http"
	"slices"
	"strings"

	"shiphabit/collector"
	"shiphabit/metrics"
)

// hook reads Jira's webhooks.
type hook struct{ reader }

// NewHook returns the reader of a Jira's webhooks.
func NewHook(o Options) collector.Hook { return hook{reader{o.standard()}} }

// Authentic checks X-Hub-Signature, which holds sha256=HEX.
func (hook) Authentic(header http.Header, body []byte, secrets []string) bool {
	text, known := strings.CutPrefix(header.Get("X-Hub-Signature"), "sha256=")
	given, err := hex.DecodeString(text)
	if !known || err != nil {
		return false
	}
	fits := false
	for _, secret := range secrets {
		mac := hmac.New(sha256.New, []byte(secret))
		mac.Write(body)
		fits = hmac.Equal(given, mac.Sum(nil)) && secret != "" || fits
	}
	return fits
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
	switch {
	case h.Incidents != "" && slices.ContainsFunc(h.IncidentTypes, is):
		e, reason = h.incident(i)
	case h.Approvals != "" && slices.ContainsFunc(h.ChangeTypes, is):
		e, reason = h.approval(i)
	default:
		pushed.Ignored = "its issue type is none of those of incidents or changes"
		return
	}
	if reason == "" && e.UpdatedAt.IsZero() {
		reason = "it does not say when the ticket changed"
	}
	if reason != "" {
		pushed.SetAside = append(pushed.SetAside, collector.SetAside{Record: "ticket " + i.Key, Reason: reason})
		return
	}
	pushed.Take("ticket "+i.Key, e)
}
