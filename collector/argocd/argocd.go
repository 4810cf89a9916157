// Package argocd reads what Argo CD deploys: the syncs of its applications as deployments, and their degraded health as incidents. It
// asks Argo CD's interface only, changes nothing there, and knows neither database nor metrics.
package argocd

import (
	"cmp"
	"context"
	"encoding/json"
	"net/url"
	"path"
	"slices"
	"time"

	"shiphabit/collector"
)

// Access is what a token needs, in Argo CD's own words.
const Access = "the permission \"applications, get\""

// Options say what to read and under which names.
type Options struct {
	// Name of the source.
	Name string
	// Applications and Projects are patterns (path.Match) of those to read; none reads all that the token may see.
	Applications, Projects []string
	// ServiceLabel names the label of an application that holds its service; without it the application's name is the service.
	ServiceLabel string
	// EnvironmentLabel names the label of an application that holds its environment; Environment is that of all which carry none. Without
	// either it is the namespace deployed to, else the cluster.
	EnvironmentLabel, Environment string
	// Pages is where people find Argo CD, when that is not where the program does.
	Pages string
	// Since leaves out what ended before it; zero reads everything.
	Since time.Time
	Clock func() time.Time
}

// source is an Argo CD as a list of feeds.
type source struct {
	client *collector.Client
	Options
}

// New returns the source.
func New(client *collector.Client, o Options) (*collector.Feeds, error) {
	for _, pattern := range slices.Concat(o.Applications, o.Projects) {
		if _, err := path.Match(pattern, ""); err != nil {
			return nil, &collector.Error{
				Trouble: collector.Unreadable, Place: o.Name, Problem: "the pattern " + pattern + " is none", Remedy: "write it like shop-*", Err: err,
			}
		}
	}
	s := &source{client: client, Options: o}
	return &collector.Feeds{Source: o.Name, List: s.feeds, Budget: client.Budget, Clock: o.Clock}, nil
}

// overviewFields are all that the list of applications is asked for. Argo CD's list cannot be asked for the history alone, so that is
// read from an application by itself, and only once the list shows that something happened there.
const overviewFields = "items.metadata.name,items.metadata.namespace,items.metadata.labels,items.spec.destination,items.spec.project," +
	"items.status.health,items.status.operationState.startedAt,items.status.operationState.finishedAt"

// feeds lists the applications: a feed for the syncs of each, and one for the health of all.
func (s *source) feeds(ctx context.Context) ([]collector.Feed, error) {
	var answer struct {
		Items []json.RawMessage `json:"items"`
	}
	if _, err := s.client.JSON(ctx, "api/v1/applications", url.Values{"fields": {overviewFields}}, &answer); err != nil {
		return nil, err
	}
	all := overview{}
	for i, item := range answer.Items {
		var app application
		if err := json.Unmarshal(item, &app); err != nil || app.Metadata.Name == "" {
			all.unread = append(all.unread, unreadable("application", i, err))
			continue
		}
		if s.wants(app) {
			all.apps = append(all.apps, app)
		}
	}
	slices.SortFunc(all.apps, func(a, b application) int { return cmp.Compare(a.key(), b.key()) })
	list := make([]collector.Feed, 0, len(all.apps)+1)
	for _, app := range all.apps {
		list = append(list, s.syncs(app))
	}
	return append(list, s.health(all)), nil
}

// overview is what the list of applications shows.
type overview struct {
	apps   []application
	unread []collector.SetAside
}

func (s *source) wants(app application) bool {
	return matches(s.Applications, app.Metadata.Name) && matches(s.Projects, cmp.Or(app.Spec.Project, "default"))
}

func matches(patterns []string, name string) bool {
	return len(patterns) == 0 || slices.ContainsFunc(patterns, func(p string) bool {
		ok, _ := path.Match(p, name) // New has checked the patterns
		return ok
	})
}

// place says which service an application is and where it runs.
func (s *source) place(app application) (service, environment string) {
	labels, to := app.Metadata.Labels, app.Spec.Destination
	return cmp.Or(labels[s.ServiceLabel], app.Metadata.Name),
		cmp.Or(labels[s.EnvironmentLabel], s.Environment, to.Namespace, to.Name, to.Server)
}

// page is the application's page for people.
func (s *source) page(app application) string {
	page, err := url.JoinPath(cmp.Or(s.Pages, s.client.Base.String()), "applications", app.Metadata.Namespace, app.Metadata.Name)
	if err != nil {
		return ""
	}
	return page
}
