package metrics

import (
	"cmp"
	"slices"
	"strings"
	"time"
)

// Recast gives facts the shape in which the query's definition counts them: attempts in place of rollouts, incidents blamed as it
// blames them, the causes that it knows. It is a pure function of all the slice's facts over all time, because an incident may be
// blamed on a deployment long before the window; under the default definition it changes nothing but what the query's filter narrows. What counts is then counted by
// the same counter as ever.
func Recast(fs []Facts, q Query) []Facts {
	q = q.complete()
	d := q.Definition
	fs = q.Filter.ofAll(fs)
	if d.ours() {
		return fs
	}
	out := make([]Facts, len(fs))
	for i, f := range fs {
		out[i] = f
		out[i].Incidents = slices.Clone(f.Incidents)
		if d.Deployments == "" {
			out[i].Rollouts = slices.Clone(f.Rollouts)
			continue
		}
		e := exploder{query: q, of: map[string][]*Rollout{}}
		e.explode(&out[i])
	}
	b := blamer{rules: d, facts: out}
	b.blame()
	return out
}

// ours reports a definition that follows the default rules in everything that is stated in words.
func (d Definition) ours() bool {
	return d.Deployments == "" && d.Frequency == FrequencyRules{} && d.LeadTime == LeadTimeRules{} && d.Incidents == IncidentRules{} &&
		d.FailRate == FailRateRules{} && d.Recovery == RecoveryRules{}
}

// exploder takes the rollouts of a service apart.
type exploder struct {
	query Query
	of    map[string][]*Rollout // rollout → what became of it, in order of finish
}

func (e *exploder) explode(f *Facts) {
	f.LeftOut = slices.Clone(f.LeftOut)
	var all []*Rollout
	for i := range f.Rollouts {
		r := &f.Rollouts[i]
		parts := e.parts(r)
		e.of[r.ID] = parts
		for _, p := range parts {
			if e.counted(p) {
				all = append(all, p)
			} else if p.EnvironmentKind == e.query.Kind {
				f.LeftOut = append(f.LeftOut, LeftOut{Record: p.ID, At: p.FinishedAt, Reason: leftUnsuccessful})
			}
		}
	}
	f.Rollouts = make([]Rollout, len(all))
	for i, p := range all {
		f.Rollouts[i] = *p
	}
	slices.SortFunc(f.Rollouts, compareRollouts)
	for i := range f.Incidents {
		e.relink(&f.Incidents[i])
	}
}

func compareRollouts(a, b Rollout) int {
	return cmp.Or(a.FinishedAt.Compare(b.FinishedAt), cmp.Compare(a.ID, b.ID))
}

func (e *exploder) counted(r *Rollout) bool {
	return e.query.Definition.Deployments == countAttempts || !r.SucceededAt.IsZero()
}

// parts makes a rollout of each attempt. The changes go with the first success, the causes that became known later with the last
// one, where there is any; a failed run stays with the attempt that failed.
func (e *exploder) parts(r *Rollout) []*Rollout {
	attempts := attemptsOf(r)
	parts := make([]*Rollout, len(attempts))
	first, last := 0, len(attempts)-1
	found := false
	for i, a := range attempts {
		p := *r
		p.ID, p.StartedAt, p.FinishedAt, p.SucceededAt = a.ID, a.StartedAt, a.FinishedAt, time.Time{}
		p.Changes, p.Reapplied, p.Failures, p.Recovery, p.Retried = nil, nil, nil, nil, false
		p.Baseline = false
		p.Attempts = []Attempt{a}
		if a.Status == Succeeded {
			p.SucceededAt = a.FinishedAt
			if !found {
				first, found = i, true
			}
			last = i
		}
		parts[i] = &p
	}
	parts[first].Changes, parts[first].Reapplied, parts[first].Baseline = r.Changes, r.Reapplied, r.Baseline
	parts[last].Recovery = r.Recovery
	for _, f := range r.Failures {
		if f.Cause != CauseRun {
			parts[last].Failures = append(parts[last].Failures, f)
		}
	}
	blameRuns(parts, r)
	return parts
}

// blameRuns gives every attempt that failed its cause, with what is known of the one that decided.
func blameRuns(parts []*Rollout, r *Rollout) {
	for _, p := range parts {
		if p.Attempts[0].Status != Failed {
			continue
		}
		f := Failure{Cause: CauseRun, At: p.FinishedAt, KnownAt: p.FinishedAt, Assumed: true, Evidence: p.ID, Confidence: Stated}
		for _, known := range r.Failures {
			if known.Cause == CauseRun && known.Evidence == p.ID {
				f = known
			}
		}
		p.Failures = append([]Failure{f}, p.Failures...)
		p.Recovery = r.Recovery
	}
}

// attemptsOf are the attempts of a rollout in order of finish. Where several sources tell of them, those of the source that tells
// of most count, so that nothing counts twice. A rollout whose attempts are not known is its own attempt.
func attemptsOf(r *Rollout) []Attempt {
	if len(r.Attempts) == 0 {
		a := Attempt{ID: r.ID, StartedAt: r.StartedAt, FinishedAt: r.FinishedAt, Status: Failed}
		if !r.SucceededAt.IsZero() {
			a.FinishedAt, a.Status = r.SucceededAt, Succeeded
		}
		return []Attempt{a}
	}
	told := map[string]int{}
	best := ""
	for _, a := range r.Attempts {
		told[sourceOf(a.ID)]++
	}
	for _, a := range r.Attempts {
		if s := sourceOf(a.ID); told[s] > told[best] {
			best = s
		}
	}
	var out []Attempt
	for _, a := range r.Attempts {
		if sourceOf(a.ID) == best {
			out = append(out, a)
		}
	}
	slices.SortFunc(out, func(a, b Attempt) int { return cmp.Or(a.FinishedAt.Compare(b.FinishedAt), cmp.Compare(a.ID, b.ID)) })
	return out
}

func sourceOf(id string) string {
	source, _, _ := strings.Cut(id, "/")
	return source
}

// relink moves an incident's link from the rollout to the attempt that was live when it started: the last counted one that had
// finished then, else the first.
func (e *exploder) relink(i *IncidentLink) {
	var best *Rollout
	for _, p := range e.of[i.Rollout] {
		if e.counted(p) && (best == nil || !p.FinishedAt.After(i.StartedAt)) {
			best = p
		}
	}
	if best == nil {
		i.Rollout, i.Confidence = "", Unattributed
		return
	}
	i.Rollout = best.ID
}

// blamer decides which deployment each incident is blamed on, over all services of a slice.
type blamer struct {
	rules Definition
	facts []Facts
}

// candidate is a deployment that may be to blame.
type candidate struct {
	at      time.Time
	rollout *Rollout
}

// blame goes through the incidents first, then judges every deployment by what it is blamed for.
func (b *blamer) blame() {
	blamed := map[string][]*IncidentLink{}
	all := b.candidates()
	for i := range b.facts {
		own := all
		if b.rules.Incidents.Among == "" {
			one := blamer{rules: b.rules, facts: b.facts[i : i+1]}
			own = one.candidates()
		}
		for j := range b.facts[i].Incidents {
			link := &b.facts[i].Incidents[j]
			b.relink(link, own)
			if link.Rollout != "" {
				blamed[link.Rollout] = append(blamed[link.Rollout], link)
			}
		}
	}
	for i := range b.facts {
		for j := range b.facts[i].Rollouts {
			b.judge(&b.facts[i].Rollouts[j], blamed)
		}
	}
}

// candidates are the deployments that count, per kind of environment, in order of finish.
func (b *blamer) candidates() map[EnvironmentKind][]candidate {
	all := map[EnvironmentKind][]candidate{}
	for i := range b.facts {
		for j := range b.facts[i].Rollouts {
			if r := &b.facts[i].Rollouts[j]; b.rules.counts(r) {
				all[r.EnvironmentKind] = append(all[r.EnvironmentKind], candidate{r.FinishedAt, r})
			}
		}
	}
	for _, list := range all {
		slices.SortFunc(list, func(a, b candidate) int { return compareRollouts(*a.rollout, *b.rollout) })
	}
	return all
}

// counts reports whether a rollout is a deployment by the definition: redeploys are none where attempts are grouped.
func (d Definition) counts(r *Rollout) bool { return d.Deployments != "" || r.Counts() }

func (b *blamer) relink(i *IncidentLink, candidates map[EnvironmentKind][]candidate) {
	switch b.rules.Incidents.Blame {
	case blameStated:
		if i.Confidence != Stated {
			i.unlink("no record states a deployment")
		}
	case blameNone:
		i.unlink("the definition blames no deployment")
	case blameLatest, blameLatestBefore:
		b.latest(i, candidates[i.EnvironmentKind])
	}
}

func (i *IncidentLink) unlink(reason string) {
	i.Rollout, i.Confidence, i.Reason = "", Unattributed, reason
}

func (b *blamer) latest(i *IncidentLink, candidates []candidate) {
	if i.StartedAt.IsZero() {
		i.unlink("it does not say when it started")
		return
	}
	n, exact := slices.BinarySearchFunc(candidates, i.StartedAt, func(c candidate, t time.Time) int { return c.at.Compare(t) })
	if exact && b.rules.Incidents.Blame == blameLatest {
		for n < len(candidates) && candidates[n].at.Equal(i.StartedAt) {
			n++
		}
	}
	if n == 0 {
		i.unlink("no deployment finished before it")
		return
	}
	i.Rollout, i.Confidence, i.Reason = candidates[n-1].rollout.ID, Inferred, "the latest deployment before it, however old"
}

// judge sets the causes of failure that the definition knows, and the recovery that goes with them. A rollback or fix that a
// resolved incident came before is not known any more; the resolution of another incident then takes its place.
func (b *blamer) judge(r *Rollout, blamed map[string][]*IncidentLink) {
	links := blamed[r.ID]
	for _, i := range links {
		i.DeployedAt = r.FinishedAt
	}
	blame := b.rules.Incidents.Blame
	if blame == "" && b.rules.FailRate.Causes == "" {
		return
	}
	r.Failures = slices.DeleteFunc(slices.Clone(r.Failures), func(f Failure) bool {
		if f.Cause == CauseIncident {
			return blame != "" && (blame != blameStated || f.Confidence != Stated)
		}
		return b.rules.FailRate.Causes == causesIncident
	})
	if blame == blameLatest || blame == blameLatestBefore {
		for _, i := range links {
			r.Failures = append(r.Failures, Failure{Cause: CauseIncident, At: i.StartedAt, KnownAt: i.StartedAt, Assumed: true, Evidence: i.ID, Confidence: i.Confidence})
		}
	}
	r.Recovery = recoveryAmong(r, links)
}

func recoveryAmong(r *Rollout, links []*IncidentLink) *Recovery {
	if len(r.Failures) == 0 {
		return nil
	}
	best := r.Recovery
	if best != nil && best.By == byIncident {
		best = nil
	}
	for _, i := range links {
		if !i.ResolvedAt.IsZero() && (best == nil || i.ResolvedAt.Before(best.At)) {
			best = &Recovery{At: i.ResolvedAt, By: byIncident, Evidence: i.ID}
		}
	}
	return best
}
