package metrics

import "time"

// since is the earliest instant of any deployment, incident or change that counts. A change whose dates are at fault says nothing.
func (d *derivation) since() time.Time {
	var e earliest
	for _, r := range d.drafts {
		for _, a := range r.attempts {
			e.note(a.Value.CreatedAt, a.Value.StartedAt, a.Value.FinishedAt)
		}
		for i := range r.Changes {
			if r.Changes[i].Fault == "" {
				e.note(r.Changes[i].AuthoredAt)
			}
		}
	}
	for _, r := range d.running {
		e.note(r.Value.CreatedAt, r.Value.StartedAt)
	}
	for _, l := range d.links {
		e.note(l.Value.StartedAt, l.Value.DetectedAt)
	}
	return e.at
}

// earliest remembers the first of the instants that it is told; zero ones are not known.
type earliest struct{ at time.Time }

func (e *earliest) note(times ...time.Time) {
	for _, t := range times {
		if !t.IsZero() && (e.at.IsZero() || t.Before(e.at)) {
			e.at = t
		}
	}
}
