package pagerduty

import (
	"encoding/json"
	"math"
	"net/http"
	"strings"
	"time"

	"shiphabit/collector"
	"shiphabit/metrics"
)

// hook reads PagerDuty's webhooks, version 3.
type hook struct{ Options }

// NewHook returns the reader of an account's webhooks.
func NewHook(o Options) collector.Hook { return hook{o} }

// Authentic checks X-PagerDuty-Signature: one or more of v1=HEX, of which any may fit.
func (hook) Authentic(header http.Header, body []byte, secrets []string) bool {
	for signature := range strings.SplitSeq(strings.Join(header.Values("X-PagerDuty-Signature"), ","), ",") {
		if text, v1 := strings.CutPrefix(strings.TrimSpace(signature), "v1="); v1 && collector.Signed(text, body, secrets) {
			return true
		}
	}
	return false
}

// delivery is the body of a webhook.
type delivery struct {
	Event struct {
		ID         string          `json:"id"`
		Type       string          `json:"event_type"`
		Resource   string          `json:"resource_type"`
		OccurredAt time.Time       `json:"occurred_at"`
		Agent      *reference      `json:"agent"`
		Data       json.RawMessage `json:"data"`
	} `json:"event"`
}

// Delivery is the event's id, which a repeated delivery carries again.
func (hook) Delivery(_ http.Header, body []byte) string {
	var d delivery
	_ = json.Unmarshal(body, &d) // Parse tells what is wrong with it
	return d.Event.ID
}

// Parse reads a delivery about an incident.
func (h hook) Parse(_ http.Header, body []byte) collector.Pushed {
	var d delivery
	if err := json.Unmarshal(body, &d); err != nil {
		return collector.Pushed{SetAside: []collector.SetAside{{Record: "webhook", Reason: "it is not what PagerDuty documents: " + err.Error()}}}
	}
	pushed := collector.Pushed{Kind: d.Event.Type}
	var kind reference
	_ = json.Unmarshal(d.Event.Data, &kind) // what has no type is no incident
	switch {
	case d.Event.Type == "pagey.ping":
		pushed.Ignored = "it is a test"
	case !strings.HasPrefix(d.Event.Type, "incident."):
		pushed.Ignored = "it is not about an incident"
	case kind.Type != "incident":
		pushed.Ignored = "it is about something that belongs to an incident"
	default:
		h.take(&pushed, d)
	}
	return pushed
}

// take reads the incident. The event adds what the incident itself does not hold: when it was acknowledged or resolved, and by what it
// was triggered.
func (h hook) take(pushed *collector.Pushed, d delivery) {
	var i incident
	if err := json.Unmarshal(d.Event.Data, &i); err != nil {
		pushed.SetAside = append(pushed.SetAside, identified("incident", d.Event.Data, err))
		return
	}
	at := d.Event.OccurredAt.Truncate(time.Second) // as the interface states it
	switch d.Event.Type {
	case "incident.triggered":
		i.FirstTrigger.Agent = reference{Type: "automation"}
		if d.Event.Agent != nil {
			i.FirstTrigger.Agent = *d.Event.Agent
		}
	case "incident.resolved":
		i.Status, i.ResolvedAt = "resolved", at
	}
	e := h.event(i, time.Time{})
	if d.Event.Type == "incident.reopened" {
		e = open(e)
	}
	if e.UpdatedAt = d.Event.OccurredAt; e.UpdatedAt.IsZero() {
		pushed.SetAside = append(pushed.SetAside, collector.SetAside{Record: "incident " + i.ID, Reason: "the webhook does not say when it happened"})
		return
	}
	if pushed.Take("incident "+i.ID, e); d.Event.Type == "incident.acknowledged" && len(pushed.SetAside) == 0 {
		pushed.Revise("incident "+i.ID, h.acknowledged(i.ID, at))
	}
}

// acknowledged says that somebody took an incident up. The first time counts, so it is a revision by itself, of which an earlier one goes
// before a later one, and whatever states an order goes before both.
func (h hook) acknowledged(id string, at time.Time) metrics.Event {
	e := metrics.NewEvent(h.Name, metrics.Incident{ID: id, AcknowledgedAt: at})
	e.Sequence = math.MaxInt64 - max(0, at.Unix())
	return e
}
