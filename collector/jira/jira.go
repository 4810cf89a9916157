// Package jira reads tickets of a Jira: incidents by a query, and change tickets as approvals of deployments. It asks Jira's REST
// interface, of the cloud or of a data centre, and takes its webhooks; it changes nothing there and knows neither database nor metrics.
package jira

import (
	"cmp"
	"context"
	"encoding/base64"
	"net/url"
	"regexp"
	"slices"
	"strings"
	"time"

	"shiphabit/collector"
)

// Access is what a token needs.
const Access = "read:jira-work, of a user who may browse the projects of the query"

// Jira has two interfaces: that of the cloud pages by tokens, that of a data centre by numbers.
const (
	Cloud  = "cloud"
	Server = "server"
)

// Options say what to read and how tickets are understood.
type Options struct {
	// Name of the source.
	Name string
	// API is Cloud or Server; "" goes by the address.
	API string
	// Incidents and Approvals are queries (JQL); either may be empty.
	Incidents, Approvals string
	// ServiceField is where the service stands: component, project, label:PREFIX or the id of a field. Without it the first component is the
	// service, else the project's key.
	ServiceField string
	// EnvironmentField is the id of a field that holds the environment; Environment stands for it where that is empty.
	EnvironmentField, Environment string
	// DeploymentField and RevisionField are ids of fields that name the deployment and the revision that a ticket is about.
	DeploymentField, RevisionField string
	// Severities gives names of priorities a severity from 1 to 4.
	Severities map[string]string
	// Acknowledged, Approved and Rejected are names of statuses. Coming into one of them is what counts.
	Acknowledged, Approved, Rejected []string
	// IncidentTypes and ChangeTypes are names of issue types, by which a webhook knows what it is about.
	IncidentTypes, ChangeTypes []string
	// Pages is where people find Jira, when that is not where the program does.
	Pages string
	// Since leaves out tickets that did not change after it; zero reads everything.
	Since time.Time
	Clock func() time.Time
}

// Headers are those of every request: a user's token, or a personal access token alone.
func Headers(user, token string) map[string]string {
	if user != "" {
		return map[string]string{"Authorization": "Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+token))}
	}
	return map[string]string{"Authorization": "Bearer " + token}
}

// standard fills in what is left out. The names are those that Jira and Jira Service Management come with.
func (o Options) standard() Options {
	for names, usual := range map[*[]string][]string{
		&o.Acknowledged:  {"In Progress", "Work in progress", "Investigating"},
		&o.Approved:      {"Approved", "Awaiting implementation"},
		&o.Rejected:      {"Rejected", "Declined"},
		&o.IncidentTypes: {"Incident", "[System] Incident"},
		&o.ChangeTypes:   {"Change", "[System] Change"},
	} {
		if len(*names) == 0 {
			*names = usual
		}
	}
	return o
}

// source is a Jira as a list of feeds.
type source struct {
	client *collector.Client
	reader
}

var ordered = regexp.MustCompile(`(?i)\border\s+by\b`)

// New returns the source.
func New(client *collector.Client, o Options) (*collector.Feeds, error) {
	wrong := func(problem, remedy string) error {
		return &collector.Error{Trouble: collector.Unreadable, Place: o.Name, Problem: problem, Remedy: remedy}
	}
	switch {
	case o.Incidents == "" && o.Approvals == "":
		return nil, wrong("it has no query", "give it incidents, approvals or both")
	case ordered.MatchString(o.Incidents + "\n" + o.Approvals):
		return nil, wrong("a query has an order of its own", "leave ORDER BY out: the source reads in the order of creation")
	case o.Approvals != "" && o.DeploymentField == "":
		return nil, wrong("approvals belong to deployments, and no field names those", "set deployment_field to the id of the field, like customfield_10050")
	case !slices.Contains([]string{"", Cloud, Server}, o.API):
		return nil, wrong("api "+o.API+" is none", "write cloud or server")
	}
	o = o.standard()
	if o.API == "" {
		o.API = apiOf(client.Base)
	}
	o.Pages = cmp.Or(o.Pages, client.Base.String())
	s := &source{client: client, reader: reader{o}}
	return &collector.Feeds{Source: o.Name, Budget: client.Budget, Clock: o.Clock, List: s.feeds}, nil
}

// apiOf knows the cloud by its addresses.
func apiOf(base *url.URL) string {
	for _, domain := range []string{".atlassian.net", ".jira.com", "api.atlassian.com"} {
		if strings.HasSuffix(base.Hostname(), domain) {
			return Cloud
		}
	}
	return Server
}

func (s *source) feeds(context.Context) ([]collector.Feed, error) {
	var list []collector.Feed
	if s.Incidents != "" {
		list = append(list, s.feed("incidents", s.Incidents, s.incident))
	}
	if s.Approvals != "" {
		list = append(list, s.feed("approvals", s.Approvals, s.approval))
	}
	return list, nil
}
