package metrics

import "time"

// The parts of lead time in the order in which a change passes them. All but the last are per pull request.
const (
	stageCoding = "coding" // first commit authored → pull request opened
	stagePickup = "pickup" // opened → first review by a human who is not the author
	stageReview = "review" // first review → merged
	stageWait   = "wait"   // merged → deployment started
	stageDeploy = "deploy" // deployment started → first success, per rollout
)

func stageNames() []string {
	return []string{stageCoding, stagePickup, stageReview, stageWait, stageDeploy}
}

// addStages counts the stages whose two ends are known. A stage that would be negative (a pull request opened before its
// first commit was amended, a merge after the deployment began) is not measured by these times and is skipped: the lead time
// of its changes counts all the same.
func (c counter) addStages(t *Tally, r *Rollout) {
	t.addPart(stageDeploy, r.StartedAt, r.SucceededAt)
	for _, p := range c.pullRequests(r) {
		t.addPart(stageCoding, p.AuthoredAt, p.OpenedAt)
		t.addPart(stagePickup, p.OpenedAt, p.ReviewedAt)
		t.addPart(stageReview, p.ReviewedAt, p.MergedAt)
		t.addPart(stageWait, p.MergedAt, r.StartedAt)
	}
}

func (t *Tally) addPart(name string, from, to time.Time) {
	if from.IsZero() || to.IsZero() || to.Before(from) {
		return
	}
	t.addStage(name, to.Sub(from))
}

// pullRequests are the rollout's pull requests, each as the first authored of its changes that have a lead time.
func (c counter) pullRequests(r *Rollout) []Change {
	var firsts []Change
	at := map[string]int{}
	for _, change := range r.Changes {
		if _, reason := c.leadTime(r, change); reason != "" || change.PullRequest == "" {
			continue
		}
		i, seen := at[change.PullRequest]
		switch {
		case !seen:
			at[change.PullRequest] = len(firsts)
			firsts = append(firsts, change)
		case change.AuthoredAt.Before(firsts[i].AuthoredAt):
			firsts[i] = change
		}
	}
	return firsts
}
