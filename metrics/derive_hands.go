package metrics

import "slices"

// writtenBy notes who wrote a change. A pull request and a commit may name the same person in two ways, and either may be the one
// that hosts give for who starts and approves.
func (r *draft) writtenBy(commit *toldCommit, pr *PullRequest) {
	if commit != nil && commit.Author != "" && !slices.Contains(r.authors, commit.Author) {
		r.authors = append(r.authors, commit.Author)
	}
	if pr != nil && pr.Author != "" && !slices.Contains(r.authors, pr.Author) {
		r.authors = append(r.authors, pr.Author)
	}
}

// hand says what somebody has to do with the code of a rollout.
func (d *derivation) hand(name string, r *draft) Hand {
	switch {
	case name == "":
		return ""
	case d.bot(name):
		return HandProgram
	case slices.Contains(r.authors, name):
		return HandAuthor
	case d.writesCode(name):
		return HandContributor
	}
	return HandOther
}

// writesCode reports whether somebody wrote a change that any rollout of the service brought.
func (d *derivation) writesCode(name string) bool {
	if d.writers == nil {
		d.writers = map[string]bool{}
		for _, r := range d.drafts {
			for _, author := range r.authors {
				d.writers[author] = true
			}
		}
	}
	return d.writers[name]
}

// decidedBy notes the hand behind an approval that is about to be added to the rollout.
func (d *derivation) decidedBy(r *draft, a Approval) {
	if a.decided() && a.Approver != "" {
		unnamed := len(r.Approvals) - len(r.Hands.Deciders)
		r.Hands.Deciders = append(append(r.Hands.Deciders, make([]Hand, unnamed)...), d.hand(a.Approver, r))
	}
}

// nameStarters says of each rollout who started it, by the first of its deciding attempts that tells.
func (d *derivation) nameStarters() {
	for _, r := range d.drafts {
		for _, a := range r.deciding {
			hand := d.hand(a.Value.Actor, r)
			if a.Value.Trigger == "automatic" {
				hand = HandProgram
			}
			if hand != "" {
				r.Hands.Starter = hand
				break
			}
		}
	}
}

// whyUnlinked tells a refusal that kept a deployment from production from an approval of one that is not known.
func (d *derivation) whyUnlinked(a record[Approval]) string {
	if a.Value.Decision == "refused" && d.neverRan(a.Source, a.Value.Deployment, Cancelled, Pending) {
		return LeftRefused
	}
	return leftNoDeployment
}

// whyUnwatched tells the verdict that stopped an automatic deployment from one on a deployment that is not known.
func (d *derivation) whyUnwatched(v record[Verdict]) string {
	if v.Value.Result == "unhealthy" && d.neverRan(v.Source, v.Value.Deployment, Cancelled) && d.stoppable(v.Source, v.Value.Deployment).Trigger == "automatic" {
		return LeftStopped
	}
	return leftNoDeployment
}

// neverRan reports whether the deployment named was one to production that ended, or waits, in one of the states.
func (d *derivation) neverRan(source, ref string, states ...Status) bool {
	v := d.stoppable(source, ref)
	return slices.Contains(states, v.Status) && d.environment(v.Environment).kind == Production
}

// stoppable finds a deployment that never ran, by the id of the same source or "source/id".
func (d *derivation) stoppable(source, ref string) Deployment {
	if d.neverRun == nil {
		d.neverRun = map[string]Deployment{}
		for _, r := range d.deployments {
			if r.Value.Status == Cancelled || r.Value.Status == Pending {
				d.neverRun[r.name()] = r.Value
			}
		}
	}
	if v, own := d.neverRun[source+"/"+ref]; own {
		return v
	}
	return d.neverRun[ref]
}
