package assessments

import (
	"slices"

	"shiphabit/metrics"
)

// place is where somebody stands: in the owning team or its pipeline, outside of it, or unknown.
type place int

const (
	unknown place = iota
	inside
	outside
)

// control is who let a deployment go and who started it, as far as records tell.
type control struct {
	approver, starter place
	approved          bool // somebody was asked
	stated            bool // what or who started it is on record
	strict            place
}

// controlOf places the required approvers and the starter of a rollout. A team that is named goes before what somebody has to do
// with the code; who wrote code of the service counts as of the team, and a program as its pipeline. Somebody who is neither is
// not known to be outside: names differ between systems.
func controlOf(owner string, r metrics.Rollout) control {
	c := control{stated: r.Hands.Starter != "" || r.Labels["actor_team"] != ""}
	c.starter = placed(owner, r.Labels["actor_team"], r.Hands.Starter)
	strict := []place{strictly(r, c.starter, r.Hands.Starter)}
	var approvers []place
	for i, a := range r.Approvals {
		if a.DecidedAt.IsZero() || a.Required != nil && !*a.Required {
			continue
		}
		var hand metrics.Hand
		if i < len(r.Hands.Deciders) {
			hand = r.Hands.Deciders[i]
		}
		at := placed(owner, a.ApproverTeam, hand)
		approvers = append(approvers, at)
		strict = append(strict, strictly(r, at, hand))
	}
	c.approved, c.approver, c.strict = len(approvers) > 0, farthest(approvers), farthest(strict)
	return c
}

func placed(owner, team string, hand metrics.Hand) place {
	switch {
	case team != "" && owner != "" && team != owner:
		return outside
	case team != "" && owner != "":
		return inside
	case hand == metrics.HandProgram || hand == metrics.HandAuthor || hand == metrics.HandContributor:
		return inside
	}
	return unknown
}

// strictly places by the changes alone: only who wrote one of them, or a program, is inside.
func strictly(r metrics.Rollout, at place, hand metrics.Hand) place {
	switch {
	case at == outside:
		return outside
	case hand == "" || hand == metrics.HandOther && len(r.Changes) == 0:
		return unknown
	case hand == metrics.HandProgram || hand == metrics.HandAuthor:
		return inside
	}
	return outside
}

// farthest is the place of all together: outside when one is, else unknown when one is.
func farthest(places []place) place {
	switch {
	case slices.Contains(places, outside):
		return outside
	case slices.Contains(places, unknown):
		return unknown
	}
	return inside
}

// decided is where the deployment was decided. Nobody outside may have been asked when no approval is on record and its start
// is: what tells of starts tells of approvals too.
func (c control) decided() place {
	if !c.approved {
		return c.starter
	}
	return farthest([]place{c.approver, c.starter})
}

// says words it, without who it was.
func (c control) says(r metrics.Rollout) string {
	said := "no approval on record"
	if c.approved {
		said = map[place]string{unknown: "approved by somebody whose team is not known", inside: "approved in the team", outside: "approved outside the team"}[c.approver]
	}
	if waited := r.Waits.Outside.Seconds(); waited > 0 {
		said += " after " + spell(&waited)
	}
	switch {
	case c.starter == outside:
		said += "; started outside the team"
	case c.starter == unknown:
		said += "; who started it is not known"
	case r.Hands.Starter == metrics.HandProgram && r.Labels["actor_team"] == "":
		said += "; started by its pipeline"
	default:
		said += "; started in the team"
	}
	if class := r.Labels["risk"]; class != "" {
		said += "; risk " + class
	}
	return said
}
