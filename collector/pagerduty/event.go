package pagerduty

import (
	"cmp"
	"strings"
	"time"

	"shiphabit/collector"
	"shiphabit/metrics"
)

// event is an incident as a neutral event, acknowledged when the caller knows.
func (o Options) event(i incident, acknowledgedAt time.Time) metrics.Event {
	said := detailsOf(i.FirstTrigger.Channel.Details)
	record := metrics.Incident{
		ID: i.ID, Service: o.service(i.Service), Environment: cmp.Or(said.text("environment", "env"), o.Environment),
		StartedAt: i.CreatedAt, DetectedAt: i.CreatedAt, DetectedBy: i.detectedBy(), AcknowledgedAt: acknowledgedAt,
		Severity: severity(i.Priority.Summary, i.Urgency), Title: i.Title, URL: i.HTMLURL,
		Revision: said.text("revision", "commit", "commit_sha"), Deployment: said.text("deployment", "deployment_id"),
	}
	if i.Status == "resolved" {
		record.ResolvedAt = i.ResolvedAt
		if record.ResolvedAt.IsZero() {
			record.ResolvedAt = i.LastStatusChangeAt
		}
	}
	if into := i.mergedInto(); into != "" {
		record.Labels = []string{"merged into " + into}
	}
	e := metrics.NewEvent(o.Name, record)
	e.UpdatedAt = i.changedAt()
	return e
}

// changedAt is when the incident changed last.
func (i incident) changedAt() time.Time {
	at := i.CreatedAt
	for _, t := range []time.Time{i.LastStatusChangeAt, i.ResolvedAt, i.UpdatedAt} {
		if t.After(at) {
			at = t
		}
	}
	return at
}

// detectedBy is who triggered it. PagerDuty names the agent: a user, or a service or integration. The channel decides where it does not;
// an e-mail may be from either.
func (i incident) detectedBy() string {
	agent := i.FirstTrigger.Agent.Type
	switch {
	case strings.HasPrefix(agent, "user"):
		return "human"
	case agent != "":
		return "monitor"
	}
	switch i.FirstTrigger.Channel.Type {
	case "website", "web_trigger", "sms", "note", "mobile":
		return "human"
	case "api", "auto", "nagios", "timeout":
		return "monitor"
	}
	return ""
}

// severity is that of the priority: the number in its name (P1, SEV-2), or a word. Without a priority the urgency stands in.
func severity(priority, urgency string) int {
	for _, c := range priority {
		if c >= '1' && c <= '9' {
			return min(int(c-'0'), 4)
		}
	}
	for word, level := range map[string]int{"critical": 1, "high": 2, "major": 2, "medium": 3, "moderate": 3, "low": 4, "minor": 4} {
		if strings.EqualFold(priority, word) {
			return level
		}
	}
	switch urgency {
	case "high":
		return 2
	case "low":
		return 4
	}
	return 0
}

// open states that an incident is not resolved, whatever was said before: one that was resolved can be reopened.
func open(e metrics.Event) metrics.Event { return collector.Clear(e, "resolved_at") }
