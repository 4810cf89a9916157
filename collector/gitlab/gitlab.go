// Package gitlab reads GitLab: deployments with their jobs, merge requests, commits, approvals, incidents and, where teams have no
// environments, jobs, pipelines and releases. It may ask the one host that it is given and nothing else, and it decides nothing
// about metrics.
package gitlab

import (
	"path"
	"time"

	sdk "github.com/xanzy/go-gitlab"

	"shiphabit/collector"
)

// Choice says what counts as a deployment or an incident beside what GitLab itself calls so. Polling and hooks share it.
type Choice struct {
	// Jobs is a pattern of names of CI jobs that deploy without an environment ("deploy*").
	Jobs string
	// Pipelines is a pattern of branches and tags whose successful pipelines are deployments.
	Pipelines string
	// Releases counts releases as deployments.
	Releases bool
	// Environment is where those jobs, pipelines and releases go; "production" when empty.
	Environment string
	// IncidentLabels are labels of issues that are incidents.
	IncidentLabels []string
}

func (c Choice) environment() string {
	if c.Environment == "" {
		return "production"
	}
	return c.Environment
}

// Options say what to read and from where.
type Options struct {
	Choice
	// Host is how GitLab is reached; its URL has no "/api/v4".
	Host collector.Host
	// Projects are paths ("acme/shop") or ids; Groups likewise, with everything in them that is not archived.
	Projects, Groups []string
	// Since leaves out what did not change after it, in the first reading.
	Since time.Time
}

// source is GitLab as the feeds see it.
type source struct {
	Options
	host *host
}

// New checks the options and makes a source; it asks the host nothing yet.
func New(o Options) (*collector.Feeds, error) {
	if len(o.Projects)+len(o.Groups) == 0 {
		return nil, wrong(o.Host.Name, "it names neither projects nor groups", "add projects: [acme/shop] or groups: [acme] to its settings")
	}
	for _, pattern := range []string{o.Jobs, o.Pipelines} {
		if _, err := path.Match(pattern, ""); err != nil {
			return nil, wrong(o.Host.Name, "the pattern "+pattern+" cannot be read", `write it like deploy* or release/*; "[" needs its "]"`)
		}
	}
	client, err := collector.NewClient(o.Host)
	if err != nil {
		return nil, err
	}
	// The engine waits and tries again, by what the guard of the client reads from the answers: the library is to do neither.
	options := []sdk.ClientOptionFunc{sdk.WithHTTPClient(client.Client), sdk.WithBaseURL(client.Base.String()), sdk.WithoutRetries(), sdk.WithCustomLimiter(unlimited{})}
	api, err := sdk.NewClient("", options...) //nolint:staticcheck // the owner's choice of library, docs/decisions/0013
	if err != nil {
		return nil, wrong(o.Host.Name, "its url is no address", "write it like https://gitlab.example.com")
	}
	s := &source{Options: o, host: &host{name: o.Host.Name, client: client, api: api}}
	return &collector.Feeds{Source: o.Host.Name, List: s.feeds, Budget: client.Budget, Clock: clockOf(o.Host)}, nil
}

func clockOf(h collector.Host) func() time.Time {
	if h.Clock == nil {
		return time.Now
	}
	return h.Clock
}

func wrong(place, problem, remedy string) error {
	return &collector.Error{Trouble: collector.Unreadable, Place: place, Problem: problem, Remedy: remedy}
}

// start is the time after which records are wanted.
func (s *source) start(from collector.Position) time.Time {
	if from.Since.IsZero() {
		return s.Since
	}
	return from.Since
}
