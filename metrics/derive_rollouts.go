package metrics

import (
	"cmp"
	"maps"
	"slices"
	"time"
)

// draft is a rollout in the making, with what the passes need to know of it.
type draft struct {
	Rollout
	attempts []*attempt // in order of start
	deciding []*attempt // those of the source that decides, in order of finish
	begin    time.Time  // the first start known, else the first finish
	node     node
	identity string

	of         *draft   // what it replaced, repaired or repeats
	repairs    []*draft // every rollout that a rework repaired
	takes      []*draft // every rollout that a rollback removed, the replaced one included
	approvals  []Approval
	course     *course   // made when a change asks for it
	undeclared Kind      // what it would be if none of its attempts said that it is a rollback or a fix
	watched    []watched // the verdicts about it, in order of their own times
	authors    []string  // of its changes, as their pull requests and commits name them
	incidents  []string  // those that its deployments say they fixed
	goneAt     time.Time
	stated     []node // the commits that its deployments list
	raw        []node // the commits that its walk met for the first time, merges included
	returned   []node // the commits that it brought back after a rollback
	dropped    string // why the whole rollout is left out
}

// at is when the rollout took its place in the order of things: went live, or failed to.
func (r *draft) at() time.Time { return cmpTime(r.SucceededAt, r.FinishedAt) }

func (r *draft) succeeded() bool { return !r.SucceededAt.IsZero() }

func compareDrafts(a, b *draft) int {
	return cmp.Or(a.at().Compare(b.at()), cmp.Compare(a.ID, b.ID))
}

// rollouts groups the attempts at one place. Each source's attempts of one identity, with no other between and each starting
// within the gap after the previous ones ended, are a run; runs of several sources that tell of the same are one rollout.
func (d *derivation) rollouts(attempts []*attempt) []*draft {
	var out []*draft
	for _, run := range d.acrossSources(d.runs(attempts)) {
		out = append(out, d.draft(run.attempts))
	}
	slices.SortFunc(out, compareDrafts)
	return out
}

// run is a succession of attempts of one identity.
type run struct {
	attempts []*attempt
	sources  []string
	end      time.Time
}

func (r *run) add(a *attempt) {
	r.attempts = append(r.attempts, a)
	if a.Value.FinishedAt.After(r.end) {
		r.end = a.Value.FinishedAt
	}
}

// goesOn reports whether something that begins then can belong to the run.
func (d *derivation) goesOn(r *run, a *attempt) bool {
	return r.attempts[0].identity == a.identity && a.begin().Sub(r.end) <= d.rules.RolloutGap
}

// runs follows each source by itself, in order of start: one that reports late must not come between another's attempts.
func (d *derivation) runs(attempts []*attempt) []*run {
	var out []*run
	open := map[string]*run{}
	for _, a := range attempts {
		r := open[a.Source]
		if r == nil || !d.goesOn(r, a) {
			r = &run{sources: []string{a.Source}}
			open[a.Source] = r
			out = append(out, r)
		}
		r.add(a)
	}
	return out
}

// acrossSources joins each run with the latest one of the same identity that other sources told of at about the same time.
func (d *derivation) acrossSources(runs []*run) []*run {
	latest := map[string]*run{} // by identity
	return slices.DeleteFunc(runs, func(r *run) bool {
		first := r.attempts[0]
		before := latest[first.identity]
		if before == nil || slices.Contains(before.sources, first.Source) || !d.goesOn(before, first) {
			latest[first.identity] = r
			return false
		}
		before.sources = append(before.sources, first.Source)
		for _, a := range r.attempts {
			before.add(a)
		}
		slices.SortFunc(before.attempts, compareAttempts)
		return true
	})
}

func (d *derivation) draft(attempts []*attempt) *draft {
	first := attempts[0]
	r := &draft{attempts: attempts, deciding: deciding(attempts), node: first.node, identity: first.identity, begin: first.begin()}
	r.ID = first.name()
	r.Service, r.Environment, r.Repository = d.service.Name, first.environment, first.repository
	r.EnvironmentKind = d.environment(first.Value.Environment).kind
	r.Revision, r.Kind = first.revision, Planned
	r.describe()
	r.conclude()
	return r
}

// deciding picks the attempts of the source that the configuration ranks first, all when it ranks none of them.
func deciding(attempts []*attempt) []*attempt {
	best := attempts[0].rank
	for _, a := range attempts {
		best = min(best, a.rank)
	}
	out := make([]*attempt, 0, len(attempts))
	for _, a := range attempts {
		if a.rank == best {
			out = append(out, a)
		}
	}
	slices.SortFunc(out, func(a, b *attempt) int {
		return cmp.Or(a.Value.FinishedAt.Compare(b.Value.FinishedAt), compareAttempts(a, b))
	})
	return out
}

// describe takes each descriptive field from the first attempt that states it, those of the deciding source before others.
func (r *draft) describe() {
	for _, a := range slices.Concat(r.deciding, r.attempts) {
		r.Version = cmp.Or(r.Version, a.Value.Version)
		r.Digest = cmp.Or(r.Digest, a.Value.Digest)
		r.Ref = cmp.Or(r.Ref, a.Value.Ref)
		r.URL = cmp.Or(r.URL, a.Value.URL)
	}
	for _, a := range r.deciding {
		r.Trigger = cmp.Or(r.Trigger, a.Value.Trigger)
		r.label(a.Value.Labels)
	}
	r.Attempts = make([]Attempt, len(r.attempts))
	for i, a := range r.attempts {
		r.Attempts[i] = Attempt{ID: a.name(), StartedAt: a.Value.StartedAt, FinishedAt: a.Value.FinishedAt, Status: a.Value.Status}
	}
}

// label adds what is not labelled yet. The map of a single attempt is shared with it, since nobody changes either.
func (r *draft) label(labels map[string]string) {
	if len(r.Labels) == 0 {
		r.Labels = labels
		return
	}
	all := maps.Clone(r.Labels)
	for name, value := range labels {
		if _, given := all[name]; !given {
			all[name] = value
		}
	}
	r.Labels = all
}

// conclude works out times and outcome. The last attempt at each target decides; two sources' reports of one attempt are no retry.
func (r *draft) conclude() {
	type lane struct{ source, target string }
	failedBefore := map[lane]bool{}
	last := map[string]*attempt{}
	for _, a := range r.deciding {
		r.span(a)
		l := lane{a.Source, a.target}
		r.Retried = r.Retried || failedBefore[l] && a.Value.Status == Succeeded
		failedBefore[l] = a.Value.Status == Failed
		last[a.target] = a
	}
	for _, a := range slices.Backward(r.deciding) {
		if last[a.target] == a && a.Value.Status == Failed {
			at, assumed := a.outcomeKnownAt()
			r.fail(Failure{Cause: CauseRun, At: a.Value.FinishedAt, KnownAt: at, Assumed: assumed, Evidence: a.name(), Confidence: Stated})
			return
		}
	}
}

// span extends the rollout's times by those of an attempt; they come in order of finish.
func (r *draft) span(a *attempt) {
	v := a.Value
	if !v.StartedAt.IsZero() && (r.StartedAt.IsZero() || v.StartedAt.Before(r.StartedAt)) {
		r.StartedAt = v.StartedAt
	}
	r.FinishedAt = v.FinishedAt
	if v.Status == Succeeded {
		r.SucceededAt = cmpTime(r.SucceededAt, v.FinishedAt)
	}
	r.know(a)
}

func (r *draft) fail(f Failure) { r.Failures = append(r.Failures, f) }

// know moves the rollout's known-at on to when the outcome of this attempt was known, if later.
func (r *draft) know(a *attempt) {
	at, assumed := a.outcomeKnownAt()
	switch {
	case at.After(r.KnownAt):
		r.KnownAt, r.Assumed = at, assumed
	case at.Equal(r.KnownAt):
		r.Assumed = r.Assumed && assumed
	}
}

// firstKnown is when the first of those attempts was known that show something, else when all of the rollout was.
func (r *draft) firstKnown(shows func(*attempt) bool) (at time.Time, assumed bool) {
	at, assumed = r.KnownAt, r.Assumed
	for _, a := range r.attempts {
		if known, is := a.outcomeKnownAt(); shows(a) && known.Before(at) {
			at, assumed = known, is
		}
	}
	return at, assumed
}

// outcomeKnownAt is when the attempt's outcome was known, and whatever else a figure takes from it.
func (a *attempt) outcomeKnownAt() (time.Time, bool) {
	if !a.asked {
		a.known, a.assumed = a.readKnownAt()
		a.asked = true
	}
	return a.known, a.assumed
}

func (a *attempt) readKnownAt() (time.Time, bool) {
	at, assumed := knownAt(a.revisions, func(e Event) bool {
		v, err := e.Deployment()
		return err == nil && v.Status == a.Value.Status
	}, a.Value.FinishedAt)
	if len(a.revisions) == 1 {
		return at, assumed
	}
	return knownLater(at, assumed, correctedAt(a.revisions, "environment", "finished_at", "fixes", "hotfix", "repository", "revision",
		"rollback", "rollback_of", "service", "status"))
}
