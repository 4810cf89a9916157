package metrics

import (
	"fmt"
	"iter"
	"time"
)

// The parts of lead time in the order in which a change passes them. All but the last are per pull request.
const (
	stageCoding   = "coding"   // first commit authored → pull request opened
	stagePickup   = "pickup"   // opened → first review by a human who is not the author
	stageRework   = "rework"   // first review → first approval
	stageReview   = "review"   // first review → merged
	stageMerge    = "merge"    // first approval → merged
	stageWait     = "wait"     // merged → deployment started
	stageDelivery = "delivery" // merged → first success
	stageDeploy   = "deploy"   // deployment started → first success, per rollout
)

// stageNames are the stages of all definitions; one definition uses some.
func stageNames() []string {
	return []string{stageCoding, stagePickup, stageRework, stageReview, stageMerge, stageWait, stageDelivery, stageDeploy}
}

// StageNames are the stages that the definition splits lead time into, in the order in which a change passes them.
func (d Definition) StageNames() []string {
	switch d.LeadTime.Parts {
	case "":
		return []string{stageCoding, stagePickup, stageReview, stageWait, stageDeploy}
	case partsRequested:
		return []string{stageCoding, stagePickup, stageReview, stageDelivery}
	default:
		return []string{stageCoding, stagePickup, stageRework, stageMerge, stageDelivery}
	}
}

// addStages counts the stages whose two ends are known. A stage that would be negative (a pull request opened before its
// first commit was amended, a merge after the deployment began) is not measured by these times and is left out: the lead time
// of its changes counts all the same.
func (c *counter) addStages(t *Tally, r *Rollout) {
	for s := range c.stages(r) {
		if s.reason != "" {
			count(&t.LeftOut, s.reason)
			continue
		}
		t.addStage(s.name, s.took)
	}
}

// stageSpan is one span of a stage, or one that is left out with the reason.
type stageSpan struct {
	record string // the pull request, or for the last stage the rollout
	name   string
	took   time.Duration
	reason string
}

// stages are the stages of a rollout whose two ends are known. One that brought nothing with a lead time has none.
func (c *counter) stages(r *Rollout) iter.Seq[stageSpan] {
	if !c.brought(r) {
		return func(func(stageSpan) bool) {}
	}
	if c.query.Definition.LeadTime.Parts != "" {
		return c.partStages(r)
	}
	return func(yield func(stageSpan) bool) {
		if !yieldStage(yield, r.ID, stageDeploy, r.StartedAt, r.SucceededAt) {
			return
		}
		for _, p := range c.pullRequests(r) {
			ends := [...]time.Time{c.begun(p), p.OpenedAt, p.ReviewedAt, p.MergedAt, r.StartedAt}
			for i, name := range [...]string{stageCoding, stagePickup, stageReview, stageWait} {
				if !yieldStage(yield, p.PullRequest, name, ends[i], ends[i+1]) {
					return
				}
			}
		}
	}
}

// brought reports whether anything of the rollout has a lead time.
func (c *counter) brought(r *Rollout) bool {
	for l := range c.leads(r) {
		if l.reason == "" {
			return true
		}
	}
	return false
}

// begun is when work on a pull request began: its first commit, or the first by a human where the definition leaves out bots.
func (c *counter) begun(first *Change) time.Time {
	if c.query.Definition.WithoutBots {
		return first.AuthoredAt
	}
	return cmpTime(first.FirstOfRequest, first.AuthoredAt)
}

func yieldStage(yield func(stageSpan) bool, record, name string, from, to time.Time) bool {
	switch {
	case from.IsZero() || to.IsZero():
		return true
	case to.Before(from):
		return yield(stageSpan{record: record, name: name, reason: fmt.Sprintf(leftStage, name)})
	}
	return yield(stageSpan{record: record, name: name, took: to.Sub(from)})
}

// pullRequests are the rollout's pull requests, each as the first authored of its changes that have a lead time.
func (c *counter) pullRequests(r *Rollout) []*Change {
	var firsts []*Change
	at := map[string]int{}
	for i := range r.Changes {
		change := &r.Changes[i]
		if change.PullRequest == "" {
			continue
		}
		if _, _, reason := c.leadTime(r, change); reason != "" {
			continue
		}
		j, seen := at[change.PullRequest]
		switch {
		case !seen:
			at[change.PullRequest] = len(firsts)
			firsts = append(firsts, change)
		case change.AuthoredAt.Before(firsts[j].AuthoredAt):
			firsts[j] = change
		}
	}
	return firsts
}

// stagePart is one span of a lead time that is a sum. Known is false where an end is missing or they stand in the wrong order; the
// part is then 0 in the sum.
type stagePart struct {
	name   string // of its stage, empty for a part of the sum that is no stage
	took   time.Duration
	known  bool
	summed bool
}

// parts splits the way of a pull request, each part rounded by itself.
func (l *LeadTimeRules) parts(r *Rollout, change *Change) []stagePart {
	begun := cmpTime(change.FirstOfRequest, change.AuthoredAt)
	if l.Parts == partsRequested {
		return []stagePart{
			l.part(stageCoding, begun, change.OpenedAt),
			l.part(stagePickup, change.OpenedAt, change.ReviewedAt).shown(),
			l.part(stageReview, change.ReviewedAt, change.MergedAt).shown(),
			l.part("", change.OpenedAt, change.MergedAt),
			l.part(stageDelivery, change.MergedAt, r.SucceededAt),
		}
	}
	return []stagePart{
		l.part(stageCoding, begun, change.OpenedAt),
		l.part(stagePickup, change.OpenedAt, change.ReviewedAt),
		l.part(stageRework, change.ReviewedAt, change.ApprovedAt),
		l.part(stageMerge, change.ApprovedAt, change.MergedAt),
		l.part(stageDelivery, change.MergedAt, r.SucceededAt),
	}
}

func (l *LeadTimeRules) part(name string, from, to time.Time) stagePart {
	p := stagePart{name: name, summed: true, known: !from.IsZero() && !to.IsZero() && !to.Before(from)}
	if p.known {
		p.took = rounded(to.Sub(from), l.Rounding)
	}
	return p
}

// shown is a part that is a stage but does not enter the sum.
func (p stagePart) shown() stagePart {
	p.summed = false
	return p
}

// partStages are the stages of a definition that sums them: a part that is not known counts as 0 where the sum of the means is to
// be the mean of the sums, and not at all where medians are taken.
func (c *counter) partStages(r *Rollout) iter.Seq[stageSpan] {
	rules := &c.query.Definition.LeadTime
	return func(yield func(stageSpan) bool) {
		for l := range c.leads(r) {
			if l.reason != "" {
				continue
			}
			for _, p := range rules.parts(r, l.change) {
				if p.name != "" && (p.known || rules.Parts == partsApproved) && !yield(stageSpan{record: l.record, name: p.name, took: p.took}) {
					return
				}
			}
		}
	}
}
