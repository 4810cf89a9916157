package gitea

import (
	"regexp"
	"slices"
	"strings"

	"shiphabit/collector"
)

// rules say what of the server's records stands for what. Reading and hooks share them, so that both make the same events.
type rules struct {
	name        string
	environment string
	deployments []string
	workflows   []*regexp.Regexp
	contexts    []*regexp.Regexp
	tag         *regexp.Regexp
	labels      []string // in lower case
}

func newRules(o Options) (rules, error) {
	r := rules{name: o.Name, environment: o.Environment, deployments: o.Deployments, workflows: patterns(o.Workflows), contexts: patterns(o.Contexts)}
	if r.environment == "" {
		r.environment = "production"
	}
	if o.Tags != "" {
		r.tag = pattern(o.Tags)
	}
	for _, label := range o.IncidentLabels {
		r.labels = append(r.labels, strings.ToLower(label))
	}
	if len(r.deployments) == 0 {
		r.deployments = r.implied()
	}
	return r, r.check()
}

// implied are the records that stand for deployments where the settings do not say.
func (r rules) implied() []string {
	var kinds []string
	if len(r.workflows) > 0 {
		kinds = append(kinds, Actions)
	}
	if len(r.contexts) > 0 {
		kinds = append(kinds, Statuses)
	}
	if len(kinds) == 0 {
		kinds = []string{Releases}
	}
	return kinds
}

// check refuses settings that would count nothing, or the same thing twice.
func (r rules) check() error {
	fault := func(problem, remedy string) error {
		return &collector.Error{Trouble: collector.Unreadable, Place: r.name, Problem: problem, Remedy: remedy}
	}
	for _, kind := range r.deployments {
		if !slices.Contains([]string{Releases, Tags, Actions, Statuses}, kind) {
			return fault("deployments cannot be "+kind, "use releases, tags, actions or statuses")
		}
	}
	switch {
	case r.deploys(Releases) && r.deploys(Tags):
		return fault("releases and tags would count the same deployment twice", "leave one of them out of deployments")
	case r.deploys(Actions) && len(r.workflows) == 0:
		return fault("deployments are runs of Actions, and nothing says which", "name the workflow files that deploy with workflows")
	case r.deploys(Statuses) && len(r.contexts) == 0:
		return fault("deployments are commit statuses, and nothing says which", "name their contexts with status_context")
	}
	return nil
}

func (r rules) deploys(kind string) bool { return slices.Contains(r.deployments, kind) }

// labelled reports whether one of an issue's labels makes it an incident.
func (r rules) labelled(labels []string) bool {
	return slices.ContainsFunc(labels, func(label string) bool { return slices.Contains(r.labels, strings.ToLower(label)) })
}

// released reports whether a tag is one of those that are released.
func (r rules) released(tag string) bool { return r.tag == nil || r.tag.MatchString(tag) }

// goesTo is the environment of a version: one that calls itself preliminary does not go to production.
func (r rules) goesTo(preliminary bool) (environment string, labels map[string]string) {
	if preliminary {
		return "staging", map[string]string{"environment_kind": "staging"}
	}
	return r.environment, nil
}

// patterns make regular expressions of patterns in which * stands for any characters and ? for one.
func patterns(list []string) []*regexp.Regexp {
	var all []*regexp.Regexp
	for _, p := range list {
		all = append(all, pattern(p))
	}
	return all
}

func pattern(p string) *regexp.Regexp {
	quoted := regexp.QuoteMeta(p)
	quoted = strings.ReplaceAll(strings.ReplaceAll(quoted, `\*`, `.*`), `\?`, `.`)
	return regexp.MustCompile(`(?s)^` + quoted + `$`)
}

func matches(list []*regexp.Regexp, text string) bool {
	return slices.ContainsFunc(list, func(r *regexp.Regexp) bool { return r.MatchString(text) })
}
