package github

import (
	"context"
	"errors"
	"strconv"

	"github.com/google/go-github/v88/github"

	"shiphabit/collector"
)

// repository is one repository under its present name, with what is asked once in a reading.
type repository struct {
	*source
	id                        int64
	owner, name, full, branch string
	issues, empty             bool

	kinds map[string]string      // of environments, by name; nil until asked
	rules map[string]environment // of environments that somebody waited for; nil until asked
}

// list finds the lists to read: those of every repository, under its number, which stays when it is renamed. A repository or an
// organisation that cannot be found is a list that says so, and does not keep the others from being read.
func (s *source) list(ctx context.Context) ([]collector.Feed, error) {
	var feeds []collector.Feed
	seen := map[int64]bool{}
	add := func(found ...*github.Repository) {
		for _, r := range found {
			if id := r.GetID(); id != 0 && !seen[id] {
				seen[id] = true
				feeds = append(feeds, s.repository(r).feeds()...)
			}
		}
	}
	for _, name := range s.Repositories {
		var r github.Repository
		_, err := s.fetch(ctx, "repos/"+name, &r)
		if err != nil && !collector.Alone(err) {
			return nil, err
		}
		if add(&r); err != nil {
			feeds = append(feeds, lost(name, err))
		}
	}
	for _, name := range s.Organisations {
		found, err := s.organisation(ctx, name)
		if err != nil && !collector.Alone(err) {
			return nil, err
		}
		if add(found...); err != nil {
			feeds = append(feeds, lost(name, err))
		}
	}
	return feeds, nil
}

// lost is the list that stands for a name that cannot be found.
func lost(name string, err error) collector.Feed {
	return collector.Feed{Name: "named " + name, Title: name, Read: func(context.Context, collector.Position) (collector.Batch, error) {
		return collector.Batch{}, err
	}}
}

// organisation lists the repositories of an organisation that are still worked on.
func (s *source) organisation(ctx context.Context, name string) ([]*github.Repository, error) {
	var found []*github.Repository
	for page := 1; page > 0; {
		some, answer, err := s.rest.Repositories.ListByOrg(ctx, name, &github.RepositoryListByOrgOptions{
			Type: "all", Sort: "full_name", ListOptions: github.ListOptions{Page: page, PerPage: s.perPage},
		})
		if err := s.cause(ctx, "the repositories of "+name, err); err != nil {
			return nil, err
		}
		for _, r := range some {
			if !r.GetArchived() && !r.GetDisabled() {
				found = append(found, r)
			}
		}
		if page, err = s.next(answer); err != nil {
			return nil, err
		}
	}
	return found, nil
}

func (s *source) repository(r *github.Repository) *repository {
	return &repository{
		source: s, id: r.GetID(), owner: r.GetOwner().GetLogin(), name: r.GetName(), full: r.GetFullName(), branch: r.GetDefaultBranch(),
		issues: r.HasIssues == nil || r.GetHasIssues(), empty: r.GetSize() == 0,
	}
}

// feeds are the lists of a repository that the rules ask for.
func (r *repository) feeds() []collector.Feed {
	feeds := []collector.Feed{r.deployments()}
	if len(r.Workflows)+len(r.Jobs) > 0 {
		feeds = append(feeds, r.runs())
	}
	if r.Releases {
		feeds = append(feeds, r.releases())
	}
	if r.branch != "" {
		feeds = append(feeds, r.commits())
	}
	feeds = append(feeds, r.pulls())
	if r.issues {
		for _, label := range r.IncidentLabels {
			feeds = append(feeds, r.incidents(label))
		}
	}
	return feeds
}

// feed begins a list of the repository.
func (r *repository) feed(what string) collector.Feed {
	return collector.Feed{Name: "repository " + strconv.FormatInt(r.id, 10) + " " + what, Title: what + " of " + r.full}
}

// path is an address below the repository's.
func (r *repository) path(rest string) string { return "repos/" + r.owner + "/" + r.name + "/" + rest }

// variables are those of a GraphQL query over the repository.
func (r *repository) variables(first int, cursor string) map[string]any {
	return map[string]any{"owner": r.owner, "name": r.name, "first": first, "after": after(cursor)}
}

// atOnce is how many records of a GraphQL list are asked for.
func (r *repository) atOnce(most int) int {
	if r.small[r.id] {
		most /= 5
	}
	return min(most, r.perPage)
}

// toldOf asks a GraphQL query over the repository. When the host gives up on it, the next try asks for less.
func (r *repository) toldOf(ctx context.Context, query string, variables map[string]any, into any) ([]collector.SetAside, error) {
	partly, err := r.ask(ctx, query, variables, into)
	var e *collector.Error
	if errors.As(err, &e) && e.Trouble == collector.Passing && e.RetryAt.IsZero() {
		r.small[r.id] = true
	}
	return partly, err
}
