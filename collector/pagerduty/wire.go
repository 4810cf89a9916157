package pagerduty

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"

	"shiphabit/collector"
)

// reference names another of PagerDuty's records.
type reference struct {
	ID      string `json:"id"`
	Type    string `json:"type"`
	Summary string `json:"summary"`
}

// incident is what is read of an incident, from the interface or from a webhook, which leaves much out.
type incident struct {
	ID                 string    `json:"id"`
	Title              string    `json:"title"`
	HTMLURL            string    `json:"html_url"`
	Status             string    `json:"status"`
	Urgency            string    `json:"urgency"`
	CreatedAt          time.Time `json:"created_at"`
	UpdatedAt          time.Time `json:"updated_at"`
	LastStatusChangeAt time.Time `json:"last_status_change_at"`
	ResolvedAt         time.Time `json:"resolved_at"`
	Service            reference `json:"service"`
	Priority           reference `json:"priority"`
	Acknowledgements   []struct {
		At time.Time `json:"at"`
	} `json:"acknowledgements"`
	FirstTrigger struct {
		Agent   reference `json:"agent"`
		Channel struct {
			Type string `json:"type"`
			// Details are an object, or a text where a person wrote them.
			Details json.RawMessage `json:"details"`
		} `json:"channel"`
	} `json:"first_trigger_log_entry"`
	// ResolveReason is an object; in webhooks of version 2 it was a text.
	ResolveReason json.RawMessage `json:"resolve_reason"`
}

// mergedInto is the incident that this one was merged into, "" when it was not.
func (i incident) mergedInto() string {
	var reason struct {
		Type     string    `json:"type"`
		Incident reference `json:"incident"`
	}
	if json.Unmarshal(i.ResolveReason, &reason) != nil || reason.Type != "merge_resolve_reason" {
		return ""
	}
	return reason.Incident.ID
}

// logEntry is one line of an incident's log.
type logEntry struct {
	Type      string    `json:"type"`
	CreatedAt time.Time `json:"created_at"`
}

// change is a change event.
type change struct {
	ID            string          `json:"id"`
	Timestamp     time.Time       `json:"timestamp"`
	Services      []reference     `json:"services"`
	CustomDetails json.RawMessage `json:"custom_details"`
	Links         []struct {
		Href string `json:"href"`
	} `json:"links"`
}

// details are what a tool told PagerDuty in its own words.
type details map[string]any

func detailsOf(raw json.RawMessage) details {
	var d details
	as := json.NewDecoder(bytes.NewReader(raw))
	as.UseNumber()    // a revision or version of digits alone is kept as it is written
	_ = as.Decode(&d) // what is no object tells nothing by name
	return d
}

// text is the value under the first of several names that holds a text or a number.
func (d details) text(names ...string) string {
	for _, name := range names {
		switch value := d[name].(type) {
		case string:
			if value != "" {
				return value
			}
		case json.Number:
			return value.String()
		}
	}
	return ""
}

// identified is a record's id alone, for the message about a record that cannot be read whole.
func identified(what string, raw json.RawMessage, err error) collector.SetAside {
	var r struct {
		ID any `json:"id"`
	}
	_ = json.Unmarshal(raw, &r) // without an id it is still told
	return collector.SetAside{Record: fmt.Sprintf("%s %v", what, r.ID), Reason: "it is not what PagerDuty documents: " + err.Error()}
}
