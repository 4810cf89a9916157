// Package gitea reads a Gitea or Forgejo server: what was released and deployed, the code behind it, and the issues that stand for
// incidents. It decides nothing about metrics, stores nothing, and asks no other host.
package gitea

import (
	"context"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	sdk "code.gitea.io/sdk/gitea"

	"shiphabit/collector"
)

// Access is what a token needs, for messages.
const Access = "read:repository, read:issue, read:organization and read:user"

// The records that can stand for deployments; the server has none that is called so.
const (
	Releases = "releases"
	Tags     = "tags"
	Actions  = "actions"
	Statuses = "statuses"
)

// Options say what a source reads and what it takes for what.
type Options struct {
	// Name of the source.
	Name string
	// Repositories ("acme/shop") and Organisations are read; with neither, every repository that the token's user owns or works on.
	Repositories, Organisations []string
	// Deployments lists the records that stand for deployments; empty: Actions where there are Workflows, Statuses where there are
	// Contexts, else Releases.
	Deployments []string
	// Workflows and Contexts are patterns of the workflow files, and of the contexts of commit statuses, that deploy. Tags is the
	// pattern of tags that are released; "" takes every one.
	Workflows, Contexts []string
	Tags                string
	// Environment is where deployments go; "production" when empty.
	Environment string
	// IncidentLabels are the labels of issues that stand for incidents.
	IncidentLabels []string
	// Since is when the first reading begins; zero reads everything.
	Since time.Time
	Clock func() time.Time
	// Page is how many records are asked for at once; 0 leaves it to the source.
	Page int
}

// source asks the server.
type source struct {
	rules
	client *collector.Client
	clock  func() time.Time
	since  time.Time
	page   int
	repos  []string
	orgs   []string
}

// BaseURL is where the server's interface begins, whether or not the operator wrote the interface's own path.
func BaseURL(server string) string {
	return strings.TrimSuffix(strings.TrimSuffix(strings.TrimSuffix(server, "/"), "/api/v1"), "/") + "/api/v1"
}

// New makes a source that asks through a client, whose base is BaseURL of the server.
func New(client *collector.Client, o Options) (*collector.Feeds, error) {
	r, err := newRules(o)
	if err != nil {
		return nil, err
	}
	s := &source{rules: r, client: client, clock: o.Clock, since: o.Since, page: o.Page, repos: o.Repositories, orgs: o.Organisations}
	if s.page <= 0 {
		s.page = 50 // what a server gives at most as it comes
	}
	return &collector.Feeds{Source: o.Name, List: s.feeds, Budget: client.Budget, Clock: o.Clock}, nil
}

// api is the library's client for calls under ctx. It neither asks for the server's version nor refuses one: Forgejo counts its
// versions in its own way.
func (s *source) api(ctx context.Context) (*sdk.Client, error) {
	server := strings.TrimSuffix(s.client.Base.String(), "/api/v1/")
	return sdk.NewClient(server, sdk.SetHTTPClient(s.client.Client), sdk.SetContext(ctx), sdk.SetGiteaVersion(""))
}

// feeds finds the repositories and what is read of each.
func (s *source) feeds(ctx context.Context) ([]collector.Feed, error) {
	found, lost, err := s.repositories(ctx)
	if err != nil {
		return nil, err
	}
	feeds := lost
	for _, r := range found {
		feeds = append(feeds, s.feedsOf(r)...)
	}
	return feeds, nil
}

// feedsOf lists what is read of a repository: only what it has switched on.
func (s *source) feedsOf(r sdk.Repository) []collector.Feed {
	var feeds []collector.Feed
	at := placeOf(r)
	if !r.Empty {
		feeds = append(feeds, s.commits(at))
	}
	if r.HasPullRequests && !r.Empty {
		feeds = append(feeds, s.pulls(at))
	}
	if r.HasReleases && s.deploys(Releases) {
		feeds = append(feeds, s.releases(at))
	}
	if !r.Empty && s.deploys(Tags) {
		feeds = append(feeds, s.tags(at))
	}
	if r.HasActions && s.deploys(Actions) {
		feeds = append(feeds, s.runs(at))
	}
	if !r.Empty && s.deploys(Statuses) {
		feeds = append(feeds, s.statuses(at))
	}
	if r.HasIssues && len(s.labels) > 0 {
		feeds = append(feeds, s.issues(at))
	}
	return feeds
}

// repositories finds those of the settings. What cannot be had alone comes back as a feed that says so when its turn comes, so that
// the others are read.
func (s *source) repositories(ctx context.Context) (found []sdk.Repository, lost []collector.Feed, err error) {
	seen := map[int64]bool{}
	take := func(list []sdk.Repository) {
		for _, r := range list {
			if r.ID != 0 && !seen[r.ID] {
				seen[r.ID] = true
				found = append(found, r)
			}
		}
	}
	for _, name := range s.repos {
		r, err := s.repository(ctx, name)
		switch {
		case collector.Alone(err):
			lost = append(lost, lostFeed("repository "+name, err))
		case err != nil:
			return nil, nil, err
		default:
			take([]sdk.Repository{*r})
		}
	}
	for _, org := range s.orgs {
		list, err := s.allRepositories(ctx, "orgs/"+url.PathEscape(org)+"/repos")
		switch {
		case collector.Alone(err):
			lost = append(lost, lostFeed("organisation "+org, err))
		case err != nil:
			return nil, nil, err
		default:
			take(list)
		}
	}
	if len(s.repos)+len(s.orgs) == 0 {
		list, err := s.allRepositories(ctx, "user/repos")
		if err != nil {
			return nil, nil, err
		}
		take(list)
	}
	slices.SortFunc(found, func(a, b sdk.Repository) int { return int(a.ID - b.ID) })
	return found, lost, nil
}

// repository asks for one by its path; the server redirects from a former path to the present one.
func (s *source) repository(ctx context.Context, name string) (*sdk.Repository, error) {
	owner, short, ok := strings.Cut(name, "/")
	if !ok || owner == "" || short == "" || strings.Contains(short, "/") {
		return nil, &collector.Error{Trouble: collector.Unreadable, Place: s.name, Problem: "repository " + name + " is no path of a repository", Remedy: "write it like acme/shop"}
	}
	api, err := s.api(ctx)
	if err != nil {
		return nil, err
	}
	r, _, err := api.GetRepo(owner, short)
	if err == nil && (r.ID == 0 || r.FullName == "") {
		err = &collector.Error{Trouble: collector.Unreadable, Place: s.name, Problem: "the answer for repository " + name + " names no repository", Remedy: "check the url of the source"}
	}
	return r, s.fault(ctx, "repository "+name, err)
}

// allRepositories reads a whole list of repositories.
func (s *source) allRepositories(ctx context.Context, path string) ([]sdk.Repository, error) {
	var all []sdk.Repository
	for at := (place{}); ; {
		records, next, err := s.list(ctx, path, nil, at)
		if err != nil {
			return nil, err
		}
		for _, record := range records {
			var r sdk.Repository
			if into(record, &r) == nil {
				all = append(all, r)
			}
		}
		if next == "" {
			return all, nil
		}
		at = parsePlace(next)
	}
}

// fault makes a *collector.Error of what the library returns.
func (s *source) fault(ctx context.Context, what string, err error) error {
	if err == nil {
		return nil
	}
	if cause := collector.Cause(ctx, err); ctx.Err() != nil || collector.TroubleOf(cause) != "" {
		return cause
	}
	return s.client.Unreadable(ctx, what, err)
}

// lostFeed tells of what could not be listed when its turn comes.
func lostFeed(title string, err error) collector.Feed {
	return collector.Feed{
		Name: "lost " + title, Title: title,
		Read: func(context.Context, collector.Position) (collector.Batch, error) { return collector.Batch{}, err },
	}
}

// repository is what events need to know of one.
type repository struct {
	id                 int64
	path, page, branch string // "acme/shop", its page for browsers, its default branch
}

func placeOf(r sdk.Repository) repository {
	return repository{id: r.ID, path: r.FullName, page: r.HTMLURL, branch: r.DefaultBranch}
}

// api is the path of the repository in the interface.
func (r repository) api() string {
	owner, name, _ := strings.Cut(r.path, "/")
	return "repos/" + url.PathEscape(owner) + "/" + url.PathEscape(name)
}

// split is the owner and the name.
func (r repository) split() (owner, name string) {
	owner, name, _ = strings.Cut(r.path, "/")
	return owner, name
}

// feed is a list of the repository: it keeps its name when the repository is renamed.
func (r repository) feed(what string) collector.Feed {
	return collector.Feed{Name: "repository " + strconv.FormatInt(r.id, 10) + " " + what, Title: what + " of " + r.path}
}

// later is the later of two times.
func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// newest is the later of two times, where a commit's, which is what somebody's clock said, counts only once it has come.
func (s *source) newest(so, at time.Time) time.Time {
	if at.After(s.clock()) {
		return so
	}
	return later(so, known(at))
}

// known is a time that the server states; the beginning of 1970 and of year 1 stand for none.
func known(at time.Time) time.Time {
	if at.Unix() <= 0 {
		return time.Time{}
	}
	return at.UTC()
}
