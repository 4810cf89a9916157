package reports

import (
	"net/url"

	"shiphabit/metrics/gate"
)

// Proposals are the criteria of a service that only observe or warn in production, and what the record says of their next step.
type Proposals struct {
	List []gate.Graduation
	// Amendment is what to write into the policy for those that are ready, nil when none is, or when nobody knows the file.
	Amendment *gate.Amendment
	Needed    int
	JSON      string // the address of the same for programs
}

// ProposalGroup are proposals that stand alike.
type ProposalGroup struct {
	Title string
	List  []ProposalView
	// Folded ones are shown on demand.
	Folded bool
}

// ProposalView is one criterion with its next step.
type ProposalView struct {
	gate.Graduation
	Title, Shape, Class, Step string
}

// ProposalsJSON is the address of a service's proposals for programs.
func ProposalsJSON(service string) string {
	return "/api/v1/gate/proposals?" + url.Values{"service": {service}}.Encode()
}

// Groups are those that are proposed, and those that are not yet: folded where any is.
func (p Proposals) Groups() []ProposalGroup {
	ready, waiting := ProposalGroup{Title: "Proposed"}, ProposalGroup{Title: "Not yet"}
	for _, g := range p.List {
		v := ProposalView{Graduation: g, Title: criterionTitle(g.Criterion), Step: stepWords(g.Mode, g.Next), Shape: "○", Class: "none"}
		if g.Ready {
			v.Shape, v.Class = "●", "good"
			ready.List = append(ready.List, v)
			continue
		}
		waiting.List = append(waiting.List, v)
	}
	waiting.Folded = len(ready.List) > 0
	var groups []ProposalGroup
	for _, g := range []ProposalGroup{ready, waiting} {
		if len(g.List) > 0 {
			groups = append(groups, g)
		}
	}
	return groups
}

// Head is the state of them all in a sentence.
func (p Proposals) Head() string {
	ready := 0
	for _, g := range p.List {
		if g.Ready {
			ready++
		}
	}
	switch {
	case len(p.List) == 0:
		return "No criterion is left to do more: those in force may stop already, or only warn by their nature."
	case ready == 0:
		return "None is proposed yet."
	case ready == 1:
		return "The record speaks for one next step, or at least not against it."
	default:
		return "The record speaks for " + Count(ready) + " next steps, or at least not against them."
	}
}

func stepWords(now, next gate.Mode) string {
	if next == gate.WarnOnly {
		return modeWords(now) + "; next it would warn"
	}
	return modeWords(now) + "; next it could stop"
}
