package metrics

import "time"

// complete fills in what the query leaves open: production, UTC, the DORA definition, seen at the end of the window.
func (q Query) complete() Query {
	if q.AsOf.IsZero() {
		q.AsOf = q.Window.To
	}
	if q.Zone == nil {
		q.Zone = time.UTC
	}
	if q.Kind == "" {
		q.Kind = Production
	}
	if q.Definition.Name == "" {
		q.Definition = DORA()
	}
	if !q.Definition.ours() {
		q.Definition = q.Definition.normal()
	}
	if q.Definition.UTC {
		q.Zone = time.UTC
	}
	return q
}

// Completed is the query with everything that it leaves open filled in, as every figure is made with.
func (q Query) Completed() Query { return q.complete() }

// passed is the part of the window that lies before AsOf.
func (q Query) passed() Window {
	w := q.Window
	if q.AsOf.Before(w.To) {
		w.To = q.AsOf
	}
	return w
}

// knows reports whether something that happened at t is known at AsOf.
func (q Query) knows(t time.Time) bool { return !t.After(q.AsOf) }

// holds reports whether t lies in the window and is known at AsOf.
func (q Query) holds(t time.Time) bool { return q.Window.Contains(t) && q.knows(t) }

// settles reports that the outcome of a rollout that finished then may still change: it is newer than the settling time.
func (q Query) settles(finished time.Time) bool { return q.AsOf.Sub(finished) < q.Definition.Settling }

// state is the state of a figure with n observations.
func (d Definition) state(n int) State {
	switch {
	case n == 0:
		return NoData
	case n < d.Floor:
		return NotEnoughData
	default:
		return OK
	}
}
