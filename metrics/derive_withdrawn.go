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
	old := map[string]*Rollout{}
	for i := range before.Rollouts {
		old[before.Rollouts[i].ID] = &before.Rollouts[i]
	}
	for i := range f.Rollouts {
		now := &f.Rollouts[i]
		was := old[now.ID]
		if was == nil {
			continue
		}
		for _, cause := range was.Failures {
			if slices.ContainsFunc(now.Failures, cause.same) {
				continue
			}
			at := takenBackAt(cause, now, old[cause.Evidence], given)
			if cause.KnownAt.Before(at) {
				cause.WithdrawnAt = at
				now.Withdrawn = append(now.Withdrawn, cause)
			}
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
