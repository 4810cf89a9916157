package github

import (
	"path"
	"slices"
	"strings"
	"time"

	"shiphabit/collector"
	"shiphabit/metrics"
)

// Rules say what GitHub's records mean. Asking and being pushed share them, so that both make the same events.
type Rules struct {
	// Source is the name of the source.
	Source string
	// Repositories are read by their full names; of Organisations every repository that is not archived.
	Repositories, Organisations []string
	// Workflows are patterns of names and paths of workflows whose runs are deployments to Environment. With Jobs, patterns of
	// jobs' names, those jobs are deployments and their runs are not.
	Workflows, Jobs []string
	Environment     string
	// Releases tells that publishing a release is a deployment to Environment.
	Releases bool
	// IncidentLabels make an issue an incident. ServiceLabel is the part before "=" of a label that names the service impaired.
	IncidentLabels []string
	ServiceLabel   string
}

// The order of what is told at the same moment: what was asked for is more complete than what was pushed.
const (
	pushed int64 = iota
	polled
)

func (r Rules) wrong(problem, remedy string) error {
	return &collector.Error{Trouble: collector.Unreadable, Place: r.Source, Problem: problem, Remedy: remedy}
}

func (r Rules) check() error {
	if len(r.Repositories)+len(r.Organisations) == 0 {
		return r.wrong("it names no repository", "list them under repositories as OWNER/NAME, or under organisations")
	}
	for _, name := range r.Repositories {
		if owner, repo, both := strings.Cut(name, "/"); !both || owner == "" || repo == "" || strings.ContainsAny(repo, "/ ?#%") {
			return r.wrong("its repository "+name+" is no name", "write it as OWNER/NAME")
		}
	}
	for _, name := range r.Organisations {
		if name == "" || strings.ContainsAny(name, "/ ?#%") {
			return r.wrong("its organisation "+name+" is no name", "write the last part of its address")
		}
	}
	for _, pattern := range slices.Concat(r.Workflows, r.Jobs) {
		if _, err := path.Match(pattern, ""); err != nil {
			return r.wrong("its pattern "+pattern+" cannot be read", "write one like deploy*")
		}
	}
	return nil
}

// reads reports whether a repository is among those that are read.
func (r Rules) reads(fullName string) bool {
	owner, _, _ := strings.Cut(fullName, "/")
	same := func(of string) func(string) bool { return func(s string) bool { return strings.EqualFold(s, of) } }
	return slices.ContainsFunc(r.Repositories, same(fullName)) || slices.ContainsFunc(r.Organisations, same(owner))
}

// environment is where runs, jobs and releases deploy to.
func (r Rules) environment() string {
	if r.Environment == "" {
		return "production"
	}
	return r.Environment
}

// workflow reports whether a workflow is one that deploys, by its name or its path, in full or its last part.
func (r Rules) workflow(name, file string) bool {
	file, _, _ = strings.Cut(file, "@") // a reusable one carries its ref
	return matches(r.Workflows, name) || file != "" && (matches(r.Workflows, file) || matches(r.Workflows, path.Base(file)))
}

func matches(patterns []string, name string) bool {
	return slices.ContainsFunc(patterns, func(pattern string) bool {
		found, _ := path.Match(pattern, name) // they were checked
		return found || pattern == name
	})
}

// event makes an event of a record, with what orders its revisions.
func (r Rules) event(record metrics.Record, updated time.Time, order int64) metrics.Event {
	e := metrics.NewEvent(r.Source, record)
	e.UpdatedAt, e.Sequence = updated.UTC(), order
	if updated.IsZero() {
		e.UpdatedAt = time.Time{}
	}
	return e
}

// person is somebody's login as REST writes it; GraphQL leaves a program's mark out.
func person(login, kind string) string {
	if kind == "Bot" && login != "" && !strings.HasSuffix(login, "[bot]") {
		return login + "[bot]"
	}
	return login
}

// program is true for a program, and says nothing of others: programs have accounts made for people too.
func program(login, kind string) *bool {
	if kind == "Bot" || strings.HasSuffix(login, "[bot]") {
		yes := true
		return &yes
	}
	return nil
}

// webPage is an address for a browser, "" for anything else.
func webPage(address string) string {
	if strings.HasPrefix(address, "https://") || strings.HasPrefix(address, "http://") {
		return address
	}
	return ""
}

// unless is the text, "" where it is what it may not be.
func unless(text, unwanted string) string {
	if text == unwanted {
		return ""
	}
	return text
}
