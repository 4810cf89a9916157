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
	slices.SortFunc(out, func(a, b *Correction) int { return cmp.Compare(a.ID, b.ID) })
	return slices.CompactFunc(out, func(a, b *Correction) bool { return a.ID == b.ID })
}

func withoutCorrections(events []Event) []Event {
	return slices.DeleteFunc(slices.Clone(events), func(e Event) bool { return e.Correction != nil })
}

// withdraw notes with each rollout the causes of failure that its sources showed and corrections took back.
func (f *Facts) withdraw(before Facts, given []*Correction) {
	old := map[string]*Rollout{} // by attempt: what is left of a rollout may be named by another one than before
	for i := range before.Rollouts {
		for _, a := range before.Rollouts[i].Attempts {
			old[a.ID] = &before.Rollouts[i]
		}
	}
	for i := range f.Rollouts {
		now := &f.Rollouts[i]
		var last *Rollout
		for _, a := range now.Attempts {
			if was := old[a.ID]; was != nil && was != last {
				now.withdraw(was.Failures, func(c Failure) time.Time { return takenBackAt(c, now, old[c.Evidence], given) })
				last = was
			}
		}
	}
}

// withdraw notes the causes of before that do not hold any more and were known when that was stated.
func (r *Rollout) withdraw(before []Failure, at func(Failure) time.Time) {
	for _, cause := range before {
		if slices.ContainsFunc(r.Failures, cause.same) || slices.ContainsFunc(r.Withdrawn, cause.same) {
			continue
		}
		if cause.WithdrawnAt = at(cause); cause.KnownAt.Before(cause.WithdrawnAt) {
			r.Withdrawn = append(r.Withdrawn, cause)
		}
	}
}

// same reports whether two causes are one, whatever is known of their times.
func (c Failure) same(other Failure) bool {
	return c.Cause == other.Cause && c.Evidence == other.Evidence
}

// takenBackAt is when the last correction was made of the records that the cause rests on: the rollout's own, those of its evidence.
// Where the connection is a longer one it is when the last correction of all was made.
func takenBackAt(cause Failure, of, by *Rollout, given []*Correction) time.Time {
	names := map[string]bool{cause.Evidence: true}
	for _, r := range []*Rollout{of, by} {
		if r == nil {
			continue
		}
		for _, a := range r.Attempts {
			names[a.ID] = true
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

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
