// Package github reads GitHub and GitHub Enterprise: deployments with all their statuses, workflow runs and jobs, releases, pull
// requests, commits, approvals of environments and labelled issues, asked for or pushed. It decides nothing about metrics, serves no
// HTTP and writes nothing to the host.
package github

import (
	"cmp"
	"net/http"
	"strings"
	"time"

	"github.com/google/go-github/v88/github"

	"shiphabit/collector"
)

// Standard is the address of github.com's interface.
const Standard = "https://api.github.com"

// Access is what a token needs, for messages.
const Access = "read access to Contents, Metadata, Deployments, Actions, Pull requests and Issues (classic: the scope repo)"

// Options say which repositories are read, and how.
type Options struct {
	// Host is how GitHub is reached; its headers carry the token.
	Host  collector.Host
	Rules Rules
	// Since leaves out what is older.
	Since time.Time
}

// source asks one GitHub.
type source struct {
	Rules
	since time.Time
	clock func() time.Time
	// rest and graph have limits of their own at the host, so each has a client of its own.
	rest    *github.Client
	core    *collector.Client
	graph   *collector.Client
	address string // of GraphQL
	secrets []string
	perPage int
	// small are the repositories of which a large page was too much for the host, by number.
	small map[int64]bool
}

const (
	// fullPage is the largest page that GitHub gives.
	fullPage = 100
	// mostPages keeps a list whose links never end from being read for ever.
	mostPages = 20_000
)

// New checks what it is told; it asks nothing yet.
func New(o Options) (collector.Source, error) {
	s, err := open(o)
	if err != nil {
		return nil, err
	}
	return s.feeds(), nil
}

func open(o Options) (*source, error) {
	if err := o.Rules.check(); err != nil {
		return nil, err
	}
	o.Host.URL = cmp.Or(o.Host.URL, Standard)
	core, err := collector.NewClient(o.Host)
	if err != nil {
		return nil, err
	}
	graph, err := collector.NewClient(o.Host)
	if err != nil {
		return nil, err
	}
	if core.Base.Host == "github.com" {
		return nil, o.Rules.wrong("its url is that of the pages", "write "+Standard+", or leave it out")
	}
	if len(o.Host.Headers) == 0 {
		return nil, o.Rules.wrong("there is no token", "set token or token_file: GitHub needs one with "+Access)
	}
	s := &source{Rules: o.Rules, since: o.Since, clock: o.Host.Clock, core: core, graph: graph, address: graphAddress(core), perPage: fullPage, small: map[int64]bool{}}
	if s.clock == nil {
		s.clock = time.Now
	}
	for _, value := range o.Host.Headers {
		s.secrets = append(s.secrets, value, value[strings.LastIndex(value, " ")+1:])
	}
	base := core.Base.String()
	client := *core.Client
	client.Transport = &conditional{below: client.Transport}
	s.rest, err = github.NewClient(github.WithHTTPClient(&client), github.WithURLs(&base, nil), github.WithDisableRateLimitCheck(),
		github.WithUserAgent("shiphabit"))
	return s, err
}

// graphAddress is where GraphQL is asked: beside the REST interface on github.com, beside its version on GitHub Enterprise.
func graphAddress(c *collector.Client) string {
	at := *c.Base
	if path, versioned := strings.CutSuffix(at.Path, "/v3/"); versioned {
		at.Path = path + "/"
	}
	return at.JoinPath("graphql").String()
}

func (s *source) feeds() *collector.Feeds {
	return &collector.Feeds{Source: s.Source, Clock: s.clock, Budget: s.budget, List: s.list}
}

// budget is the scarcer of the two limits.
func (s *source) budget() collector.Budget {
	core, graph := s.core.Budget(), s.graph.Budget()
	if graph.Limit > 0 && (core.Limit == 0 || graph.Left*core.Limit < core.Left*graph.Limit) {
		return graph
	}
	return core
}

// from is the time at which a reading begins: where the one before ended, and not before what is wanted at all.
func (s *source) from(p collector.Position) time.Time {
	if s.since.After(p.Since) {
		return s.since
	}
	return p.Since
}

// longest is how long a run or a deployment can stay open: GitHub ends what has not ended after 35 days.
const longest = 36 * 24 * time.Hour

// mayEnd reports whether something that began then may still come to its end. What was abandoned is not asked for for ever.
func (s *source) mayEnd(began time.Time) bool { return s.clock().Sub(began) < longest }

var _ http.RoundTripper = (*conditional)(nil)
