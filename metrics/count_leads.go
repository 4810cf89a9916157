package metrics

import (
	"iter"
	"time"
)

// lead is one lead time, or a record that has none with the reason. Change is the one whose times it has; zero for a deployment
// that is counted by its own revision.
type lead struct {
	record string
	change *Change
	start  time.Time
	took   time.Duration
	reason string
}

// leads are the lead times of a rollout as the definition counts them: per change, pull request or deployment.
func (c *counter) leads(r *Rollout) iter.Seq[lead] {
	switch c.query.Definition.LeadTime.Per {
	case perRequest:
		return c.requestLeads(r)
	case perDeployment:
		return c.deploymentLeads(r)
	}
	return func(yield func(lead) bool) {
		for i := range r.Changes {
			change := &r.Changes[i]
			start, took, reason := c.leadTime(r, change)
			if !yield(lead{change.SHA, change, start, took, reason}) {
				return
			}
		}
	}
}

// requestLeads has one span for each pull request, which begins with the earliest of its changes that have a lead time.
func (c *counter) requestLeads(r *Rollout) iter.Seq[lead] {
	return func(yield func(lead) bool) {
		var found []lead
		at := map[string]int{}
		for i := range r.Changes {
			change := &r.Changes[i]
			start, took, reason := c.leadTime(r, change)
			if reason == "" && change.PullRequest == "" {
				reason = leftNoRequest
			}
			if reason != "" {
				if !yield(lead{record: change.SHA, change: change, reason: reason}) {
					return
				}
				continue
			}
			j, seen := at[change.PullRequest]
			if !seen {
				at[change.PullRequest] = len(found)
				found = append(found, lead{change.PullRequest, change, start, took, ""})
			} else if start.Before(found[j].start) {
				found[j].change, found[j].start, found[j].took = change, start, took
			}
		}
		for _, l := range found {
			if !yield(c.inParts(r, l)) {
				return
			}
		}
	}
}

// deploymentLeads has one span for each deployment: from its own revision, or from the earliest of its changes.
func (c *counter) deploymentLeads(r *Rollout) iter.Seq[lead] {
	return func(yield func(lead) bool) {
		first := lead{record: r.ID, reason: leftNoStart}
		if c.query.Definition.LeadTime.From == fromRevision {
			first.start, first.took, first.reason = c.leadTime(r, &Change{})
			yield(first)
			return
		}
		for i := range r.Changes {
			change := &r.Changes[i]
			start, took, reason := c.leadTime(r, change)
			if reason == "" && (first.reason != "" || start.Before(first.start)) {
				first = lead{r.ID, change, start, took, ""}
			}
		}
		if first.reason == "" || r.SucceededAt.IsZero() || len(r.Changes) > 0 {
			yield(first)
		}
	}
}

// leadTime is the span from where the definition begins to the first success of its rollout, or the reason why it has none.
func (c *counter) leadTime(r *Rollout, change *Change) (start time.Time, took time.Duration, reason string) {
	rules := &c.query.Definition.LeadTime
	switch {
	case r.SucceededAt.IsZero():
		return start, 0, leftUnsuccess
	case change.Fault != "" && rules.Parts == "" && (rules.From == "" || rules.From == fromFirstCommit && change.FirstOfRequest.IsZero()):
		return start, 0, change.Fault
	case change.Bot && c.query.Definition.WithoutBots:
		return start, 0, leftBot
	case c.first != nil && change.SHA != "" && c.first[shipped{r.Repository, change.SHA}].Before(r.SucceededAt):
		return start, 0, leftElsewhere
	}
	start, missing := rules.start(r, change)
	if rules.Parts != "" {
		return start, 0, "" // the parts tell
	}
	if start.IsZero() {
		return start, 0, missing
	}
	took = r.SucceededAt.Sub(start)
	if took < 0 {
		if rules.From == "" {
			return start, 0, leftEarlyChange
		}
		return start, 0, leftLateStart
	}
	if took = rounded(took, rules.Rounding); took <= 0 && rules.Keeps == aboveZero {
		return start, 0, leftZero
	}
	return start, took, ""
}

// start is where lead time begins, and the reason if that is not known.
func (l *LeadTimeRules) start(r *Rollout, change *Change) (at time.Time, missing string) {
	switch l.From {
	case fromCommitted:
		return change.CommittedAt, leftNoCommit
	case fromFirstCommit:
		return cmpTime(change.FirstOfRequest, change.AuthoredAt), leftNoStart
	case fromOpened:
		return change.OpenedAt, requestOr(change, leftNoStart)
	case fromMerged:
		return change.MergedAt, requestOr(change, leftNoStart)
	case fromRevision:
		return r.RevisionAt, leftNoRevision
	}
	return change.AuthoredAt, leftNoStart
}

func requestOr(change *Change, reason string) string {
	if change.PullRequest == "" {
		return leftNoRequest
	}
	return reason
}

// inParts makes a lead time the sum of its parts where the definition says so.
func (c *counter) inParts(r *Rollout, l lead) lead {
	rules := &c.query.Definition.LeadTime
	if rules.Parts == "" {
		return l
	}
	l.took = 0
	for _, p := range rules.parts(r, l.change) {
		if p.summed {
			l.took += p.took
		}
	}
	if l.took <= 0 && rules.Keeps == aboveZero {
		l.took, l.reason = 0, leftZero
	}
	return l
}

// rounded brings a span into the unit in which a definition keeps it.
func rounded(d time.Duration, rule string) time.Duration {
	switch rule {
	case minutesUp:
		if whole := d.Truncate(time.Minute); whole < d {
			return whole + time.Minute
		}
		return d.Truncate(time.Minute)
	case minutesDown:
		return d.Truncate(time.Minute)
	case hoursDown:
		return d.Truncate(time.Hour)
	}
	return d
}
