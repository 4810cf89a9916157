// Package alertmanager reads what a Prometheus Alertmanager pushes, and what it holds now, as incidents that a monitor detected. It
// serves no HTTP, knows no database, and decides nothing about which deployment is to blame.
package alertmanager

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"

	"shiphabit/collector"
)

// Hook reads the webhooks of an Alertmanager. Alertmanager cannot sign them and gives them no id: the secret is the bearer token or
// the password, and a repeated delivery is known by the ids of its incidents.
type Hook struct{ options Options }

// NewHook returns a hook that reads alerts by the options.
func NewHook(o Options) Hook { return Hook{o.withDefaults()} }

// Authentic compares the bearer token, or the password of basic authentication, with every secret.
func (Hook) Authentic(header http.Header, _ []byte, secrets []string) bool {
	return collector.Bears(header, secrets)
}

// Delivery is empty: Alertmanager numbers nothing.
func (Hook) Delivery(http.Header, []byte) string { return "" }

// notification is what Alertmanager posts, version 4.
type notification struct {
	Version         string  `json:"version"`
	GroupKey        string  `json:"groupKey"`
	Status          string  `json:"status"`
	ExternalURL     string  `json:"externalURL"`
	TruncatedAlerts int     `json:"truncatedAlerts"`
	Alerts          []alert `json:"alerts"`
}

// Parse reads a group of alerts: one incident each.
func (h Hook) Parse(_ http.Header, body []byte) collector.Pushed {
	pushed := collector.Pushed{Kind: "alerts"}
	var n notification
	if err := json.Unmarshal(body, &n); err != nil {
		pushed.SetAside = append(pushed.SetAside, collector.SetAside{Record: "a delivery of alerts", Reason: "it is not the JSON of an Alertmanager: " + err.Error()})
		return pushed
	}
	if n.Version != "4" {
		reason := fmt.Sprintf("its version is %q, and only version 4 is known; send Alertmanager's own webhook", n.Version)
		pushed.SetAside = append(pushed.SetAside, collector.SetAside{Record: "a delivery of alerts", Reason: reason})
		return pushed
	}
	pushed.Kind = strings.TrimSpace("alerts " + clean(n.Status))
	left := map[string]bool{}
	for _, a := range n.Alerts {
		if h.options.ignores(a) {
			left[a.name()] = true
			continue
		}
		h.options.take(&pushed, a, n.ExternalURL)
	}
	if n.TruncatedAlerts > 0 {
		reason := fmt.Sprintf("Alertmanager left out %d of its alerts: set max_alerts of the receiver to 0", n.TruncatedAlerts)
		pushed.SetAside = append(pushed.SetAside, collector.SetAside{Record: "group " + clean(n.GroupKey), Reason: reason})
	}
	if len(pushed.Events)+len(pushed.SetAside) == 0 {
		pushed.Ignored = ignored(left)
	}
	return pushed
}
