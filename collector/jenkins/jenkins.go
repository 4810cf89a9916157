// Package jenkins reads the builds of a Jenkins controller that deploy, and who approved them. It decides nothing about metrics,
// stores nothing, starts nothing on the controller, and asks no other host.
package jenkins

import (
	"context"
	"encoding/base64"
	"net/url"
	"slices"
	"strings"
	"time"

	"shiphabit/collector"
)

// Access is what a token needs, for messages.
const Access = "the permissions Overall/Read and Job/Read"

// Options say what a source reads and what it takes for what.
type Options struct {
	// Name of the source.
	Name string
	// Jobs are patterns of the full names of jobs whose builds deploy: "deploy-shop", "platform/*/main", "teams/**".
	Jobs []string
	// Environment is where builds deploy to, "production" when empty; EnvironmentParameter names the build parameter that goes before it.
	Environment, EnvironmentParameter string
	// Service is what is deployed; empty for the repository that was built, or else the job.
	Service string
	// RevisionParameter names the build parameter that holds the commit to deploy, before what the build checked out.
	RevisionParameter string
	// Libraries are patterns of repositories that builds check out beside what they deploy.
	Libraries []string
	// Parameters are kept as labels.
	Parameters []string
	// Since is when the first reading begins; zero reads everything.
	Since time.Time
	Clock func() time.Time
	// Page is how many builds are asked for at once; 0 leaves it to the source.
	Page int
}

// source asks the controller.
type source struct {
	rules
	client   *collector.Client
	patterns []jobPattern
	since    time.Time
	page     int
	// noPipelines tells that the controller has no interface to the steps of pipelines, so that none is asked for again.
	noPipelines bool
}

// Authorization is the header by which the controller lets a user in with an API token.
func Authorization(user, token string) string {
	return "Basic " + base64.StdEncoding.EncodeToString([]byte(user+":"+token))
}

// New makes a source that asks through a client, whose base is the controller's address.
func New(client *collector.Client, o Options) (*collector.Feeds, error) {
	s := &source{rules: newRules(o), client: client, since: o.Since, page: o.Page}
	if s.page <= 0 {
		s.page = 100
	}
	for _, p := range o.Jobs {
		pattern, err := newJobPattern(p)
		if err != nil {
			return nil, &collector.Error{Trouble: collector.Unreadable, Place: o.Name, Problem: "jobs: " + p + " is no pattern", Remedy: "write it like platform/*/main", Err: err}
		}
		s.patterns = append(s.patterns, pattern)
	}
	if len(s.patterns) == 0 {
		return nil, &collector.Error{Trouble: collector.Unreadable, Place: o.Name, Problem: "nothing says which jobs deploy", Remedy: "name them with jobs"}
	}
	return &collector.Feeds{Source: o.Name, List: s.feeds, Budget: client.Budget, Clock: o.Clock}, nil
}

// item is a job or a folder of jobs; a multibranch project is a folder of its branches.
type item struct {
	Name string  `json:"name"`
	Jobs *[]item `json:"jobs"`
}

// feeds finds the jobs: the builds of each are a feed. Patterns that no job fits say so when their turn comes.
func (s *source) feeds(ctx context.Context) ([]collector.Feed, error) {
	var feeds []collector.Feed
	used := make([]bool, len(s.patterns))
	if err := s.walk(ctx, "", &feeds, used); err != nil {
		return nil, err
	}
	for i, p := range s.patterns {
		if !used[i] {
			feeds = append(feeds, lostFeed("jobs "+p.text, &collector.Error{
				Trouble: collector.Missing, Place: s.name, Problem: "no job fits " + p.text, Remedy: "check the pattern, and that the user may read the job",
			}))
		}
	}
	return feeds, nil
}

// deepest is how deep folders are followed; nobody nests them so far.
const deepest = 30

// walk lists a folder, and those in it where a pattern may still fit. One that was taken away meanwhile has no jobs; one that is
// kept from us says so when its turn comes.
func (s *source) walk(ctx context.Context, folder string, feeds *[]collector.Feed, used []bool) error {
	var answer item
	_, err := s.client.JSON(ctx, jobPath(folder)+"api/json", url.Values{"tree": {"jobs[name,jobs[name]]"}}, &answer)
	switch trouble := collector.TroubleOf(err); {
	case folder != "" && (trouble == collector.Missing || trouble == collector.Forbidden):
		s.useWithin(folder, used)
		*feeds = append(*feeds, lostFeed("folder "+folder, err))
		return nil
	case err != nil:
		return err
	case answer.Jobs == nil:
		return s.noJobs(folder)
	}
	for _, j := range *answer.Jobs {
		name := strings.TrimPrefix(folder+"/"+j.Name, "/")
		switch {
		case j.Name == "":
		case j.Jobs == nil && s.fits(name, used):
			*feeds = append(*feeds, s.builds(name))
		case j.Jobs != nil && strings.Count(name, "/") < deepest && s.within(name):
			if err := s.walk(ctx, name, feeds, used); err != nil {
				return err
			}
		}
	}
	return nil
}

// useWithin notes the patterns that may fit in a folder that cannot be read, which says so itself.
func (s *source) useWithin(folder string, used []bool) {
	for i, p := range s.patterns {
		used[i] = used[i] || p.within(folder)
	}
}

// within reports whether a folder may hold a job that deploys.
func (s *source) within(folder string) bool {
	return slices.ContainsFunc(s.patterns, func(p jobPattern) bool { return p.within(folder) })
}

func (s *source) noJobs(folder string) error {
	return &collector.Error{Trouble: collector.Unreadable, Place: s.name, Problem: "what " + jobPath(folder) + "api/json answers lists no jobs", Remedy: "check that the url of the source is a Jenkins controller"}
}

// fits reports whether a job is one of those that deploy, and notes the patterns it fits.
func (s *source) fits(job string, used []bool) bool {
	fits := false
	for i, p := range s.patterns {
		if p.matches(job) {
			used[i], fits = true, true
		}
	}
	return fits
}

// jobPath is the path of a job or folder below the controller's address. Names are escaped once more: that of a branch has a
// slash that is escaped already.
func jobPath(fullName string) string {
	if fullName == "" {
		return ""
	}
	var b strings.Builder
	for part := range strings.SplitSeq(fullName, "/") {
		b.WriteString("job/" + url.PathEscape(part) + "/")
	}
	return b.String()
}

// lostFeed tells of what could not be listed when its turn comes.
func lostFeed(title string, err error) collector.Feed {
	return collector.Feed{
		Name: "lost " + title, Title: title,
		Read: func(context.Context, collector.Position) (collector.Batch, error) { return collector.Batch{}, err },
	}
}
