package metrics

import (
	"slices"
	"time"
)

// Progress is a rollout as it was known until more of it was: another attempt of it, or a verdict that says something else. It enters no figure:
// the gate's meters, which never take back a step, go by it until then.
type Progress struct {
	Until       time.Time `json:"until"`
	FinishedAt  time.Time `json:"finished_at"`
	SucceededAt time.Time `json:"succeeded_at,omitzero"`
	KnownAt     time.Time `json:"known_at"`
	Kind        Kind      `json:"kind"`
	// Failure is that of its run then, nil where that did not fail.
	Failure      *Failure  `json:"failure,omitempty"`
	Verdict      string    `json:"verdict,omitempty"`
	VerdictSince time.Time `json:"verdict_since,omitzero"`
}

// watched is a verdict about a rollout, and when it was known.
type watched struct {
	at, known time.Time
	result    string
}

// hear takes a verdict; they come in order of their own times.
func (r *draft) hear(v watched) {
	r.watched = append(r.watched, v)
	r.Verdict, r.VerdictAt = v.result, v.at
}

// knownAs is when the first of its attempts was known that a record of a source may name so.
func (r *draft) knownAs(source, ref string) time.Time {
	var first time.Time
	for _, a := range r.attempts {
		if a.ID == ref || a.name() == ref || a.name() == source+"/"+ref || a.Value.URL == ref {
			if at := a.knownAt(); first.IsZero() || at.Before(first) {
				first = at
			}
		}
	}
	return first
}

// verdictBy is the last verdict that was known by an instant, in order of their own times; "" where there was none.
func (r *draft) verdictBy(at time.Time) string {
	for _, v := range slices.Backward(r.watched) {
		if !v.known.After(at) {
			return v.result
		}
	}
	return ""
}

// followProgress notes what was known of each rollout to production before all of it was.
func (d *derivation) followProgress() {
	for _, r := range d.drafts {
		for _, v := range r.watched {
			r.VerdictSince = later(r.VerdictSince, v.known)
		}
		if len(r.attempts) == 1 && len(r.watched) < 2 || r.EnvironmentKind != Production && !r.declaredRepair() {
			continue
		}
		var learned []time.Time
		for _, a := range r.attempts {
			learned = append(learned, a.knownAt())
		}
		for _, v := range r.watched {
			learned = append(learned, v.known)
		}
		slices.SortFunc(learned, time.Time.Compare)
		r.progress(slices.CompactFunc(learned, time.Time.Equal), d.rules.counts(CauseRun))
	}
}

// progress goes through the instants at which more of the rollout was known.
func (r *draft) progress(learned []time.Time, countsRun bool) {
	said, since := "", time.Time{}
	for n, at := range learned {
		if now := r.verdictBy(at); now != said {
			said, since = now, at
		}
		known := r.by(at)
		if known == nil {
			continue // a verdict came before what it is about
		}
		p := Progress{FinishedAt: known.FinishedAt, SucceededAt: known.SucceededAt, KnownAt: known.KnownAt, Kind: r.Kind, Verdict: said, VerdictSince: since}
		if r.declared() && !known.declared() {
			p.Kind = r.undeclared
		}
		if countsRun && len(known.Failures) > 0 {
			p.Failure = &known.Failures[0]
		}
		if last := len(r.Progress) - 1; last >= 0 && r.Progress[last].goesOnAs(p) {
			r.Progress = r.Progress[:last]
		}
		if n+1 < len(learned) {
			p.Until = learned[n+1]
			r.Progress = append(r.Progress, p)
		}
	}
	if r.VerdictSince = since; len(r.Progress) == 0 {
		r.Progress = nil
	}
}

// by is the rollout of those of its attempts whose outcome was known by an instant, nil where none was.
func (r *draft) by(at time.Time) *draft {
	attempts := slices.DeleteFunc(slices.Clone(r.attempts), func(a *attempt) bool { return a.knownAt().After(at) })
	if len(attempts) == 0 {
		return nil
	}
	known := &draft{attempts: attempts, deciding: deciding(attempts)}
	known.conclude()
	return known
}

// knownAt is when the attempt's outcome was known.
func (a *attempt) knownAt() time.Time {
	at, _ := a.outcomeKnownAt()
	return at
}

// equal reports whether the same was known until the same instant.
func (p Progress) equal(other Progress) bool {
	return p.Until.Equal(other.Until) && p.Verdict == other.Verdict && p.VerdictSince.Equal(other.VerdictSince) && p.sameRun(other)
}

// goesOnAs reports whether nothing of it has changed by what was known next; a first verdict says itself since when it is known.
func (p Progress) goesOnAs(next Progress) bool {
	return p.sameRun(next) && (p.Verdict == "" || p.Verdict == next.Verdict)
}

func (p Progress) sameRun(other Progress) bool {
	failure, its := p.Failure, other.Failure
	return p.FinishedAt.Equal(other.FinishedAt) && p.SucceededAt.Equal(other.SucceededAt) && p.KnownAt.Equal(other.KnownAt) && p.Kind == other.Kind &&
		(failure == nil) == (its == nil) && (failure == nil || failure.same(*its) && failure.KnownAt.Equal(its.KnownAt))
}

// Then are the parts of what was known of the rollout, oldest first: the last is the rollout itself, those before hold until their Progress says.
func (r *Rollout) Then() []*Rollout {
	all := make([]*Rollout, 0, len(r.Progress)+1)
	for n, p := range r.Progress {
		all = append(all, r.then(n, p))
	}
	return append(all, r)
}

// AsOf is the rollout as it was known at an instant.
func (r *Rollout) AsOf(at time.Time) *Rollout {
	for n, p := range r.Progress {
		if p.Until.After(at) {
			return r.then(n, p)
		}
	}
	return r
}

func (r *Rollout) then(n int, p Progress) *Rollout {
	then := *r
	then.Progress, then.Failures = r.Progress[:n:n], nil
	then.FinishedAt, then.SucceededAt, then.KnownAt, then.Kind = p.FinishedAt, p.SucceededAt, p.KnownAt, p.Kind
	then.Verdict, then.VerdictSince, then.VerdictAt = p.Verdict, p.VerdictSince, p.VerdictSince
	for _, f := range r.Failures {
		if f.Cause != CauseRun && f.KnownAt.Before(p.Until) {
			then.Failures = append(then.Failures, f)
		}
	}
	if p.Failure != nil {
		then.Failures = append(then.Failures, *p.Failure)
	}
	if !then.Failed() {
		then.Recovery = nil
	}
	return &then
}
