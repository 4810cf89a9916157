// Package pagerduty reads a PagerDuty account: its incidents, and those of its change events that are deployments. It asks PagerDuty's
// REST interface and takes its webhooks, changes nothing there, and knows neither database nor metrics.
package pagerduty

import (
	"cmp"
	"context"
	"time"

	"shiphabit/collector"
)

// Address is where PagerDuty's interface begins; accounts in Europe have another.
const Address = "https://api.pagerduty.com"

// Access is what a token needs: a read-only key of the account, or these scopes.
const Access = "incidents.read, change_events.read and services.read (a read-only API key has them)"

// Headers are those of every request. The version is a header, too.
func Headers(token string) map[string]string {
	return map[string]string{"Authorization": "Token token=" + token, "Accept": "application/vnd.pagerduty+json;version=2"}
}

// Options say what to read and under which names.
type Options struct {
	// Name of the source.
	Name string
	// Services gives PagerDuty's services, by name or id, the names that they have here; one that is not listed keeps its own.
	Services map[string]string
	// Environment is that of incidents which state none.
	Environment string
	// Since is when the first reading begins; zero reads everything.
	Since time.Time
	Clock func() time.Time
}

// source is an account as a list of feeds.
type source struct {
	client *collector.Client
	Options
	// names of services that were looked up, by id.
	names map[string]string
}

// New returns the source.
func New(client *collector.Client, o Options) *collector.Feeds {
	s := &source{client: client, Options: o, names: map[string]string{}}
	return &collector.Feeds{Source: o.Name, Budget: client.Budget, Clock: o.Clock, List: func(context.Context) ([]collector.Feed, error) {
		return []collector.Feed{
			{Name: "incidents", Title: "incidents", Overlap: incidentOverlap, Read: s.incidents, Again: s.incident},
			{Name: "change events", Title: "change events", Overlap: changeOverlap, Read: s.changes},
		}, nil
	}}
}

// service is the name of a service here.
func (o Options) service(r reference) string {
	return cmp.Or(o.Services[r.ID], o.Services[r.Summary], r.Summary, r.ID)
}
