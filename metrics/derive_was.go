package metrics

import (
	"cmp"
	"encoding/json"
	"maps"
	"slices"
	"time"
)

// correctedAtTimes are the instants at which corrections of these records were made, each once, in order.
func correctedAtTimes(events []Event) []time.Time {
	var times []time.Time
	for i := range events {
		if c := events[i].Correction; c != nil {
			times = append(times, c.At.UTC())
		}
	}
	slices.SortFunc(times, time.Time.Compare)
	return slices.CompactFunc(times, time.Time.Equal)
}

// instants are those of corrections and of what sources told later, each once, in order.
func instants(corrected []time.Time, since map[*Event]time.Time) []time.Time {
	times := slices.AppendSeq(slices.Clone(corrected), maps.Values(since))
	slices.SortFunc(times, time.Time.Compare)
	return slices.CompactFunc(times, time.Time.Equal)
}

// revised are the records of a service at any time: those that neither a correction nor a source has changed are read once.
type revised struct {
	service   Service
	rules     Rules
	same      records
	corrected []Event
	since     []time.Time         // from when on each of those was known, zero for always
	histories map[string]*history // nil where corrections of commits or pull requests may change them
	// passing are the repositories from which the service is built only while a deployment that was corrected names them.
	passing map[string]bool
}

func newRevised(service Service, events []Event, since map[*Event]time.Time, rules Rules) revised {
	changed, code := map[Key]bool{}, false
	for i := range events {
		_, later := since[&events[i]]
		if k := events[i].Key; later || events[i].Correction != nil {
			changed[k], code = true, code || k.Type == TypeCommit || k.Type == TypePullRequest
		}
	}
	known := revised{service: service, rules: rules}
	var same []Event
	for i, e := range events {
		if changed[e.Key] {
			known.corrected, known.since = append(known.corrected, e), append(known.since, since[&events[i]])
		} else {
			same = append(same, e)
		}
	}
	if known.same = readRecords(same); !code {
		known.histories = known.same.histories(rules)
	}
	known.passing = repositoriesNamed(known.corrected)
	for _, d := range known.same.deployments {
		delete(known.passing, d.Value.Repository)
	}
	for _, declared := range rules.Services {
		for _, name := range declared.Repositories {
			if declared.Name == service.Name {
				delete(known.passing, name)
			}
		}
	}
	return known
}

// repositoriesNamed are those that any revision or correction of a deployment names.
func repositoriesNamed(events []Event) map[string]bool {
	named := map[string]bool{}
	for _, e := range events {
		var says struct{ Repository string }
		if e.Type == TypeDeployment && json.Unmarshal(e.Payload, &says) == nil && says.Repository != "" {
			named[says.Repository] = true
		}
	}
	return named
}

// derive makes facts of them as they were corrected by an instant.
func (k *revised) derive(at time.Time) Facts {
	var known []Event
	for i, since := range k.since {
		if !since.After(at) {
			known = append(known, k.corrected[i])
		}
	}
	then := readRecords(asOf(known, at))
	service, of, histories := k.service, k.same.and(then), k.histories
	elsewhere := maps.Clone(k.passing)
	for _, d := range then.deployments {
		delete(elsewhere, d.Value.Repository)
	}
	if len(elsewhere) > 0 { // their code was none of the service's then
		service.Repositories = slices.DeleteFunc(slices.Clone(service.Repositories), func(name string) bool { return elsewhere[name] })
		of.commits = slices.DeleteFunc(slices.Clone(of.commits), func(c toldCommit) bool { return elsewhere[c.Repository] })
		of.requests = slices.DeleteFunc(of.requests, func(r record[PullRequest]) bool { return elsewhere[r.Repository] })
		histories = maps.Clone(histories)
		maps.DeleteFunc(histories, func(name string, _ *history) bool { return elsewhere[name] })
	}
	return derive(service, of, histories, k.rules)
}

// asOf are the events with the corrections that were made by an instant, and of the records that later ones brought to the service none.
func asOf(events []Event, at time.Time) []Event {
	came, last := map[Key]bool{}, map[Key]*Correction{}
	for _, c := range marksIn(events) {
		if _, known := came[c.Record]; !known {
			came[c.Record] = c.arrives()
		}
		if !c.At.After(at) {
			last[c.Record] = c
		}
	}
	return slices.DeleteFunc(slices.Clone(events), func(e Event) bool {
		switch c := e.Correction; {
		case last[e.Key] == nil && came[e.Key]: // it was another service's still
			return true
		case c == nil:
			return false
		case c.isMark():
			return last[e.Key] == nil || last[e.Key].arrives() || !last[e.Key].At.Equal(c.At)
		default:
			return c.At.After(at)
		}
	})
}

// marksIn are what says that records came from other services and left for them, in order of time.
func marksIn(events []Event) []*Correction {
	var marks []*Correction
	for i := range events {
		if c := events[i].Correction; c != nil && c.isMark() {
			marks = append(marks, c)
		}
	}
	slices.SortFunc(marks, func(a, b *Correction) int { return a.At.Compare(b.At) })
	return marks
}

// turned is what corrections that were made at an instant, or sources that told more then, made of the rollouts that were known before.
func turned(before, now []Rollout, at time.Time, told bool) []Was {
	var all []Was
	attempts, taken := byAttempt(now), map[string]bool{}
	for i := range before {
		r := &before[i]
		s := standsIn(r, attempts)
		if s != nil && taken[s.ID] {
			s = nil // another one went on as it
		}
		switch {
		case s == nil:
			all = append(all, Was{Until: at, Rollout: r.metered(), Told: told})
			continue
		case !r.countsLike(s):
			all = append(all, Was{Until: at, Rollout: r.metered(), Now: s.ID, Told: told})
		}
		taken[s.ID] = true
	}
	for i := range now {
		if s := &now[i]; !taken[s.ID] {
			all = append(all, Was{Until: at, Now: s.ID, Told: told})
		}
	}
	return all
}

// metered is the rollout without what no meter goes by.
func (r Rollout) metered() *Rollout {
	r.Changes, r.Reapplied, r.Approvals, r.Labels, r.Waits, r.Hands = nil, nil, nil, nil, Waits{}, Hands{}
	return &r
}

func byAttempt(rollouts []Rollout) map[string]*Rollout {
	by := map[string]*Rollout{}
	for i := range rollouts {
		for _, a := range rollouts[i].Attempts {
			by[a.ID] = &rollouts[i]
		}
	}
	return by
}

// standsIn is the rollout that the first of these attempts stands in that any does; nil where none is left.
func standsIn(r *Rollout, rollouts map[string]*Rollout) *Rollout {
	for _, a := range r.Attempts {
		if s := rollouts[a.ID]; s != nil {
			return s
		}
	}
	return nil
}

// countsLike reports whether the gate takes two for the same, in every regard that moves a meter.
func (r *Rollout) countsLike(o *Rollout) bool {
	return r.ID == o.ID && r.Environment == o.Environment && r.EnvironmentKind == o.EnvironmentKind && r.Kind == o.Kind &&
		r.Revision == o.Revision && r.Digest == o.Digest &&
		r.FinishedAt.Equal(o.FinishedAt) && r.SucceededAt.Equal(o.SucceededAt) && r.KnownAt.Equal(o.KnownAt) &&
		r.Verdict == o.Verdict && r.VerdictSince.Equal(o.VerdictSince) && slices.EqualFunc(r.Progress, o.Progress, Progress.equal) &&
		slices.EqualFunc(r.Failures, o.Failures, func(a, b Failure) bool { return a.same(b) && a.KnownAt.Equal(b.KnownAt) }) &&
		(r.Recovery == nil) == (o.Recovery == nil) && (r.Recovery == nil || *r.Recovery == *o.Recovery)
}

// same reports whether two causes are one, whatever is known of their times.
func (c Failure) same(other Failure) bool {
	return c.Cause == other.Cause && c.Evidence == other.Evidence
}

// Reading is the rollouts of a service as they were known from one instant at which they changed until the next.
type Reading struct {
	From     time.Time  // zero for what was known before any
	Rollouts []*Rollout // by FinishedAt, then ID; those of the facts, which must not be changed
	Changed  []Was      // what changed then
	Told     bool       // by what sources told, and no correction
}

// Readings are those of the record by an instant, oldest first. The last is what is known of it then.
func (f *Facts) Readings(by time.Time) []Reading {
	now := make([]*Rollout, len(f.Rollouts))
	for i := range f.Rollouts {
		now[i] = &f.Rollouts[i]
	}
	inTime := func(a, b Was) int { return a.Until.Compare(b.Until) }
	was := f.Was
	if !slices.IsSortedFunc(was, inTime) {
		was = slices.SortedStableFunc(slices.Values(was), inTime)
	}
	var all []Reading
	for to := len(was); to > 0; {
		from := to - 1
		for from > 0 && was[from-1].Until.Equal(was[to-1].Until) {
			from--
		}
		if changed := was[from:to]; !changed[0].Until.After(by) {
			all = append(all, Reading{changed[0].Until, now, changed, changed[0].Told})
		}
		now, to = before(now, was[from:to]), from
	}
	all = append(all, Reading{Rollouts: now})
	slices.Reverse(all)
	return all
}

// before is what the rollouts were before corrections that were made at one instant.
func before(now []*Rollout, was []Was) []*Rollout {
	since := make(map[string]bool, len(was))
	var again []*Rollout
	for i := range was {
		since[was[i].Now] = true
		if was[i].Rollout != nil {
			again = append(again, was[i].Rollout)
		}
	}
	slices.SortFunc(again, inOrder)
	out := make([]*Rollout, 0, len(now)+len(again))
	for _, r := range now {
		if since[r.ID] {
			continue
		}
		for len(again) > 0 && inOrder(again[0], r) < 0 {
			out, again = append(out, again[0]), again[1:]
		}
		out = append(out, r)
	}
	return append(out, again...)
}

// FirstPlanned is when the first planned deployment to production finished, of those that were known at any time, and when it was known; zero where
// there was none. No correction changes it but one that brings the first of all.
func (f *Facts) FirstPlanned() (at, known time.Time) {
	var since time.Time
	readings := f.Readings(endOfTime)
	for n, reading := range readings {
		r := firstPlanned(reading.Rollouts)
		if r == nil {
			continue
		}
		counts := later(r.FinishedAt, reading.From)
		if n+1 < len(readings) && !counts.Before(readings[n+1].From) || !since.IsZero() && !counts.Before(since) {
			continue
		}
		since, at, known = counts, r.FinishedAt, later(counts, r.KnownAt)
	}
	return at, known
}

// firstPlanned is the first of the rollouts that was planned when it was known first, as it was known then.
func firstPlanned(rollouts []*Rollout) *Rollout {
	for _, r := range rollouts {
		if r.EnvironmentKind != Production {
			continue
		}
		for _, then := range r.Then() {
			if then.Kind == Planned || then.Kind == Reapply {
				return then
			}
		}
	}
	return nil
}

// AsOf are the facts without what corrections changed that were made after an instant, nor what was told after it of rollouts known before, in every
// regard that moves a meter; incidents say themselves what was known of them when.
func (f Facts) AsOf(at time.Time) Facts {
	return f.uncorrected(at).progressed(at)
}

// progressed has each rollout as it had come on by an instant.
func (f Facts) progressed(at time.Time) Facts {
	under := func(r Rollout) bool { return len(r.Progress) > 0 && r.Progress[len(r.Progress)-1].Until.After(at) }
	if !slices.ContainsFunc(f.Rollouts, under) {
		return f
	}
	f.Rollouts = slices.Clone(f.Rollouts)
	for i := range f.Rollouts {
		if under(f.Rollouts[i]) {
			f.Rollouts[i] = *f.Rollouts[i].AsOf(at)
		}
	}
	slices.SortFunc(f.Rollouts, func(a, b Rollout) int { return inOrder(&a, &b) })
	return f
}

func (f Facts) uncorrected(at time.Time) Facts {
	if !slices.ContainsFunc(f.Was, func(w Was) bool { return w.Until.After(at) }) {
		return f
	}
	readings := f.Readings(at)
	last := readings[len(readings)-1].Rollouts
	rollouts := make([]Rollout, len(last))
	for i, r := range last {
		rollouts[i] = *r
	}
	f.Rollouts = rollouts
	f.Was = slices.DeleteFunc(slices.Clone(f.Was), func(w Was) bool { return w.Until.After(at) })
	return f
}

func inOrder(a, b *Rollout) int {
	return cmp.Or(a.FinishedAt.Compare(b.FinishedAt), cmp.Compare(a.ID, b.ID))
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
