package metrics

import (
	"slices"
	"time"
)

// Reliability is the share of the time in which a service was observed during which no incident of a counted severity was open.
// Of several services it is the share of their times together. It counts all there is, so that it has no interval. Where no incident
// was ever recorded nobody looks, and nothing is known.
type Reliability struct {
	State State `json:"state"`
	// Value is a share in [0,1], nil when nothing was observed, or no incident is known from before AsOf.
	Value *float64 `json:"value"`
	// Observed and Down are spans of service time in seconds: of two services an hour is two hours.
	Observed float64 `json:"observed_s"`
	Down     float64 `json:"down_s"`
}

// Outage is the time in which an incident of a counted severity lasted. To is zero while it is open.
type Outage = Window

// Outages are the incidents of a counted severity in environments of a kind, by their start.
func (f Facts) Outages(kind EnvironmentKind) []Outage {
	var out []Outage
	for _, i := range f.Incidents {
		if i.EnvironmentKind == kind && !i.Uncounted && !i.StartedAt.IsZero() {
			out = append(out, Outage{From: i.StartedAt, To: i.ResolvedAt})
		}
	}
	slices.SortStableFunc(out, func(a, b Outage) int { return a.From.Compare(b.From) })
	return out
}

// FirstIncident is when the first incident of the service began, of whatever severity and environment; zero where none is known.
func (f Facts) FirstIncident() time.Time {
	var first time.Time
	for _, i := range f.Incidents {
		if first.IsZero() || i.StartedAt.Before(first) {
			first = cmpTime(i.StartedAt, first)
		}
	}
	return first
}

// Observed is since when a service is observed, and when its first incident began; zero where none is known.
type Observed struct{ Since, FirstIncident time.Time }

func (t *Tally) firstIncident(at time.Time) {
	if !at.IsZero() && (t.FirstIncident.IsZero() || at.Before(t.FirstIncident)) {
		t.FirstIncident = at.UTC()
	}
}

func reliability(t Tally, q Query) Reliability {
	r := Reliability{State: NoData, Observed: t.Observed.Seconds(), Down: t.Down.Seconds()}
	if t.Observed > 0 && !t.FirstIncident.IsZero() && q.knows(t.FirstIncident) {
		r.State = OK
		r.Value = new(1 - t.Down.Seconds()/t.Observed.Seconds())
	}
	return r
}
