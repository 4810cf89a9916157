package metrics

import (
	"cmp"
	"slices"
	"time"
)

// correctionsIn are the corrections among the events, each once, by number.
func correctionsIn(events []Event) []*Correction {
	var out []*Correction
	for i := range events {
		if c := events[i].Correction; c != nil {
			out = append(out, c)
		}
	}
	slices.SortFunc(out, func(a, b *Correction) int { return cmp.Or(cmp.Compare(a.ID, b.ID), compareKeys(a.Record, b.Record)) })
	return slices.CompactFunc(out, func(a, b *Correction) bool { return a.ID == b.ID && a.Record == b.Record })
}

func withoutCorrections(events []Event) []Event {
	return slices.DeleteFunc(slices.Clone(events), func(e Event) bool { return e.Correction != nil })
}

// remember keeps the production rollouts that corrections changed, as they were known until then.
func (f *Facts) remember(before Facts, given []*Correction) {
	now, was := byAttempt(f.Rollouts), byAttempt(before.Rollouts)
	kept := map[string]bool{}
	for i := range before.Rollouts {
		r := &before.Rollouts[i]
		s := standsIn(r, now)
		if s != nil && kept[s.ID] {
			s = nil // another one went on as it
		}
		if s != nil {
			kept[s.ID] = true
		}
		production := r.EnvironmentKind == Production || s != nil && s.EnvironmentKind == Production
		if !production || s != nil && r.countsLike(s) || movedHere(r, given) {
			continue
		}
		w := Was{Rollout: *r, Until: changedAt(r, s, was, given)}
		w.Changes, w.Reapplied, w.Approvals, w.Labels, w.Waits, w.Hands = nil, nil, nil, nil, Waits{}, Hands{}
		if s != nil {
			w.Now = s.ID
		}
		f.Was = append(f.Was, w)
	}
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
		r.Verdict == o.Verdict && r.VerdictAt.Equal(o.VerdictAt) &&
		slices.EqualFunc(r.Failures, o.Failures, func(a, b Failure) bool { return a.same(b) && a.KnownAt.Equal(b.KnownAt) }) &&
		(r.Recovery == nil) == (o.Recovery == nil) && (r.Recovery == nil || *r.Recovery == *o.Recovery)
}

// same reports whether two causes are one, whatever is known of their times.
func (c Failure) same(other Failure) bool {
	return c.Cause == other.Cause && c.Evidence == other.Evidence
}

// movedHere reports whether a correction brought the rollout to this service: until then nothing of it was known here.
func movedHere(r *Rollout, given []*Correction) bool {
	return slices.ContainsFunc(given, func(c *Correction) bool { return c.arrives() && c.Record.Type == TypeDeployment && r.holds(c.Record) })
}

func (r *Rollout) holds(k Key) bool {
	return slices.ContainsFunc(r.Attempts, func(a Attempt) bool { return a.ID == k.Source+"/"+k.ID })
}

// changedAt is when a rollout became what it is since. One whose attempts were all left out was so when the last of them was; else it is
// when the last correction was made of its own records and those that its failures rest on. Where the connection is a longer one it is when
// the last correction of all was made.
func changedAt(r, now *Rollout, was map[string]*Rollout, given []*Correction) time.Time {
	if now == nil {
		if at, all := leftOutAt(r, given); all {
			return at
		}
	}
	names := namesBehind(r, was)
	if now != nil {
		for name := range namesBehind(now, was) {
			names[name] = true
		}
	}
	var near, last time.Time
	for _, c := range given {
		last = later(last, c.At)
		if names[c.Record.Source+"/"+c.Record.ID] {
			near = later(near, c.At)
		}
	}
	return cmpTime(near, last).UTC()
}

// leftOutAt is when the last of a rollout's attempts was left out, false when not all of them were.
func leftOutAt(r *Rollout, given []*Correction) (last time.Time, all bool) {
	for _, a := range r.Attempts {
		first := time.Time{}
		for _, c := range given { // in their order
			if c.Exclude && c.Record.Type == TypeDeployment && c.Record.Source+"/"+c.Record.ID == a.ID {
				first = c.At
				break
			}
		}
		if first.IsZero() {
			return time.Time{}, false
		}
		last = later(last, first)
	}
	return last.UTC(), len(r.Attempts) > 0
}

// namesBehind are the records that a rollout's outcome rests on, "source/id": its attempts, the evidence of its failures, and where that is
// a rollout its attempts too.
func namesBehind(r *Rollout, was map[string]*Rollout) map[string]bool {
	names := map[string]bool{}
	for _, a := range r.Attempts {
		names[a.ID] = true
	}
	for _, f := range r.Failures {
		names[f.Evidence] = true
		if by := was[f.Evidence]; by != nil {
			for _, a := range by.Attempts {
				names[a.ID] = true
			}
		}
	}
	return names
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
