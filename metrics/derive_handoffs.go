package metrics

import (
	"slices"
	"strings"
	"time"
)

// review is what a pull request's reviews say, programs left aside.
type review struct {
	read     bool
	first    time.Time // by a human who is not the author
	reviewer string
	approved time.Time // first approved by such a human
}

// reviewOf reads the reviews of a request, once.
func (c *chain) reviewOf(request int) *review {
	v := &c.requests.reviews[request]
	if v.read {
		return v
	}
	v.read = true
	pr := c.requests.all[request].Value
	for _, told := range pr.Reviews {
		if told.Bot || told.At.IsZero() || told.Author == pr.Author && told.Author != "" || c.of.bot(told.Author) {
			continue
		}
		if v.first.IsZero() || told.At.Before(v.first) || told.At.Equal(v.first) && told.Author < v.reviewer {
			v.first, v.reviewer = told.At, told.Author
		}
		if strings.EqualFold(told.State, "approved") && (v.approved.IsZero() || told.At.Before(v.approved)) {
			v.approved = told.At
		}
	}
	return v
}

// course is the end of the way that all changes of a rollout share: who approved it, for which teams, and who set it off.
type course struct {
	approvers []string
	teams     []string
	deployer  string // of a deployment set off by hand
}

// courseOf reads the way's end from the approvals that were decided and from the deployments that a person started.
func (d *derivation) courseOf(r *draft) *course {
	way := &course{}
	for _, a := range r.approvals {
		if !a.decided() {
			continue
		}
		if a.Approver != "" && !d.bot(a.Approver) {
			way.approvers = append(way.approvers, a.Approver)
		}
		if a.ApproverTeam != "" {
			way.teams = append(way.teams, a.ApproverTeam)
		}
	}
	for _, a := range r.deciding {
		if a.Value.Trigger == "manual" && a.Value.Actor != "" && !d.bot(a.Value.Actor) {
			way.deployer = a.Value.Actor
			break
		}
	}
	return way
}

// handoffs counts those of one change. Only the owning team is known of author, reviewer and deployer. Where nothing but the author is
// on record, nothing is known of the way.
func (c *chain) handoffs(r *draft, author, reviewer string, requested bool) *Handoffs {
	if r.course == nil {
		r.course = c.of.courseOf(r)
	}
	if way := r.course; !requested && len(way.approvers)+len(way.teams) == 0 && way.deployer == "" {
		return nil
	}
	var room [8]string // spares nearly every change an allocation
	people := append(room[:0], author, reviewer, r.course.deployer)
	owners := distinct(people) > 0
	people = append(people, r.course.approvers...)
	teams := r.course.teams
	if owners {
		teams = append(slices.Clone(teams), c.of.service.Team)
	}
	h := Handoffs{People: max(0, distinct(people)-1), Teams: max(0, distinct(teams)-1), Unowned: c.of.service.Team == ""}
	if h.Unowned {
		h.Teams = 0
	}
	return c.of.shared(h)
}

// distinct counts different names; an empty one is not known. The lists are short.
func distinct(names []string) int {
	n := 0
	for i, name := range names {
		if name != "" && !slices.Contains(names[:i], name) {
			n++
		}
	}
	return n
}

// shared is one value for all changes that have the same handoffs: there are few different ones and many changes.
func (d *derivation) shared(h Handoffs) *Handoffs {
	if d.handoffs[h] == nil {
		d.handoffs[h] = &h
	}
	return d.handoffs[h]
}

// authorOf is who began a change: the author of its pull request, whose name is of the kind that reviewers have, else that of the
// commit. The name is empty for a program, and nothing is known where neither is stated.
func (c *chain) authorOf(commit *toldCommit, program bool, pr *PullRequest) (name string, known bool) {
	if pr != nil && (pr.Author != "" || pr.Bot != nil && *pr.Bot) {
		if known = true; !(pr.Bot != nil && *pr.Bot) && !c.of.bot(pr.Author) {
			return pr.Author, true
		}
	}
	if commit != nil && commit.Author != "" {
		if known = true; !program {
			return commit.Author, true
		}
	}
	return "", known || program
}
