// Package protection speaks with hosts that ask the gate before they let a deployment go on: it reads what they ask, and tells them the
// answer. It decides nothing, and keeps nothing but tokens that hosts gave it for a while.
package protection

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"shiphabit/metrics/gate"
)

// Ticket is a deployment that waits for an answer.
type Ticket struct {
	// ID is the same whenever the host asks about the same deployment.
	ID string
	// Kind is the host's word for the delivery.
	Kind string
	// Body is what it takes to ask and to answer.
	Body string
}

// Question is what the gate is asked about a ticket.
type Question struct {
	gate.Request
	// Foreign names the event when the change may come from a fork.
	Foreign string
	// Look wants to know how things stand: nothing is promoted by the answer, and it may change.
	Look bool
}

// Answer is what a host is told: a verdict, and why in Markdown.
type Answer struct {
	Verdict gate.Result
	Says    string
}

// Mapping says which service a project deploys: one project may deploy several, each to environments of its own.
type Mapping struct {
	// Project is the host's number or name of it; of Flagger namespace/name of the canary.
	Project string
	Service string
	// Environments are those of the host that the mapping is for; none means all.
	Environments []string
	// As is the environment that the gate is asked about; the host's own when empty.
	As string
}

// Unmapped says that nobody told which service a deployment is of.
type Unmapped struct{ Name, Project, Environment string }

func (u Unmapped) Error() string {
	where := ""
	if u.Environment != "" {
		where = fmt.Sprintf(" and environment %q", u.Environment)
	}
	return fmt.Sprintf("no service is mapped to %s%s: add it to services of %s under protection", u.Project, where, u.Name)
}

// mapped finds the service of a project, known under any of some names, and the environment the gate is asked about.
func mapped(name string, mappings []Mapping, projects []string, environment string) (service, as string, err error) {
	for _, m := range mappings {
		knows := slices.ContainsFunc(projects, func(p string) bool { return p != "" && strings.EqualFold(p, m.Project) })
		fits := len(m.Environments) == 0 || slices.ContainsFunc(m.Environments, func(e string) bool { return strings.EqualFold(e, environment) })
		if knows && fits {
			return m.Service, cmp.Or(m.As, environment), nil
		}
	}
	return "", "", Unmapped{name, projects[len(projects)-1], environment}
}
