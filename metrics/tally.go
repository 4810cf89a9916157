package metrics

import (
	"maps"
	"slices"
	"time"
)

// Tally is the exact, mergeable summary of a set of facts in a window: every count a figure needs, and every span itself, so
// that quantiles and intervals stay exact after any merge. It holds no estimate; Measure makes those. Its JSON is the same
// bytes however the facts were split and in whatever order the parts were merged.
type Tally struct {
	Rollouts  int `json:"rollouts,omitempty"`
	Failed    int `json:"failed,omitempty"`
	Baselines int `json:"baselines,omitempty"`
	// Young are the finishes of the rollouts of which no failure is known, as far back as one may still become known; sorted.
	Young []time.Time `json:"young,omitempty"`
	// Kinds counts rollouts, redeploys not among them. Causes counts failed rollouts per cause; one may have several.
	Kinds  map[Kind]int  `json:"kinds,omitempty"`
	Causes map[Cause]int `json:"causes,omitempty"`
	// Days counts rollouts per civil day of the query's zone, numbered from 1 January 1970.
	Days   map[int]int `json:"days,omitempty"`
	LastAt time.Time   `json:"last_at,omitzero"`
	// LeadTimes has one span per change, Typical the median of each rollout's changes.
	LeadTimes Sample `json:"lead_times,omitzero"`
	Typical   Sample `json:"typical,omitzero"`
	// Stages are the parts of lead time that are known, by name.
	Stages map[string]Sample `json:"stages,omitempty"`
	// Recoveries are of failed rollouts, Restores of incidents.
	Recoveries   Spans          `json:"recoveries,omitzero"`
	Restores     Spans          `json:"restores,omitzero"`
	Incidents    int            `json:"incidents,omitempty"`
	Unattributed int            `json:"unattributed,omitempty"`
	LeftOut      map[string]int `json:"left_out,omitempty"` // reason → records
	// Waits are the waits for decisions, and the hands that changes passed through.
	Waits waitTally `json:"waits,omitzero"`
	// Observed is the service time in the window, Down the part of it in an outage.
	Observed ServiceTime `json:"observed_ms,omitempty"`
	Down     ServiceTime `json:"down_ms,omitempty"`
	// FirstIncident is when the first incident known of any of the services began: before, nobody may have looked.
	FirstIncident time.Time `json:"first_incident,omitzero"`
	// What follows is filled only for definitions that ask for it. Linked counts the incidents blamed on rollouts, Known the rollouts
	// whose commit is known and KnownFailed those of them that failed. Groups holds a day's or a service's share by "day 20500" or
	// "service api".
	Linked      int              `json:"linked,omitempty"`
	Known       int              `json:"known,omitempty"`
	KnownFailed int              `json:"known_failed,omitempty"`
	Groups      map[string]Group `json:"groups,omitempty"`
}

// Spans are spans of time some of which have not ended: of those only the start is kept, because their length depends on when
// one looks. The starts are sorted.
type Spans struct {
	Ended Sample      `json:"ended,omitzero"`
	Open  []time.Time `json:"open,omitempty"`
}

// IsZero reports that there is none.
func (s Spans) IsZero() bool { return s.Len() == 0 }

// Len is the number of spans, ended or not.
func (s Spans) Len() int { return s.Ended.Len() + len(s.Open) }

// TallyOf summarises what the facts of one service hold in the query's window, as known at its AsOf.
func TallyOf(f Facts, q Query) Tally {
	return TallyOfAll([]Facts{f}, q)
}

// TallyOfAll summarises the facts of several services, as if their tallies were merged.
func TallyOfAll(fs []Facts, q Query) Tally { return TalliesOfAll(fs, q, []Window{q.Window})[0] }

// TalliesOfAll is TallyOfAll for several windows, which reads the facts once.
func TalliesOfAll(fs []Facts, q Query, windows []Window) []Tally {
	q = q.complete()
	tallies := make([]Tally, len(windows))
	var observation Observation
	for _, f := range Recast(fs, q) {
		if q.Filter.Empty() { // how long a part of a service was observed is not known
			observation.Add(f.observed(), f.Outages(q.Kind))
		}
		c := newCounter(f, q)
		for i, w := range windows {
			c.query.Window = w
			c.add(&tallies[i])
			c.addLeftOut(&tallies[i])
		}
	}
	observation.Sort()
	for i, w := range windows {
		q.Window = w
		tallies[i].Observe(&observation, q)
		tallies[i].sort()
	}
	return tallies
}

// Merge is the tally of both sets of facts together, which must not overlap. It is associative and commutative, the zero
// Tally is neutral, and neither side is changed.
func (t Tally) Merge(o Tally) Tally { return Sum([]Tally{t, o}) }

// Sum merges many tallies. Its cost grows with their number and not with that of the spans, which stay where they are.
func Sum(tallies []Tally) Tally {
	var sum Tally
	for i := range tallies {
		sum.gather(&tallies[i])
	}
	sum.order()
	return sum
}

// gather adds another tally in place. Times are in no order afterwards; order puts them right.
func (t *Tally) gather(o *Tally) {
	t.Rollouts += o.Rollouts
	t.Failed += o.Failed
	t.Baselines += o.Baselines
	t.Young = append(t.Young, o.Young...)
	addCounts(&t.Kinds, o.Kinds)
	addCounts(&t.Causes, o.Causes)
	addCounts(&t.Days, o.Days)
	if o.LastAt.After(t.LastAt) {
		t.LastAt = o.LastAt
	}
	t.LeadTimes.gather(o.LeadTimes)
	t.Typical.gather(o.Typical)
	for name, spans := range o.Stages {
		t.gatherStage(name, spans)
	}
	t.Recoveries.gather(o.Recoveries)
	t.Restores.gather(o.Restores)
	t.Incidents += o.Incidents
	t.Unattributed += o.Unattributed
	addCounts(&t.LeftOut, o.LeftOut)
	t.Waits.gather(o.Waits)
	t.Observed += o.Observed
	t.Down += o.Down
	t.firstIncident(o.FirstIncident)
	t.Linked += o.Linked
	t.Known += o.Known
	t.KnownFailed += o.KnownFailed
	for key, g := range o.Groups {
		t.inGroup(key, func(own *Group) { own.gather(g) })
	}
}

func (s *Spans) gather(o Spans) {
	s.Ended.gather(o.Ended)
	s.Open = append(s.Open, o.Open...)
}

func (t *Tally) gatherStage(name string, spans Sample) {
	if t.Stages == nil {
		t.Stages = map[string]Sample{}
	}
	stage := t.Stages[name]
	stage.gather(spans)
	t.Stages[name] = stage
}

// addStage takes a span into a tally that is being made.
func (t *Tally) addStage(name string, span time.Duration) {
	if t.Stages == nil {
		t.Stages = map[string]Sample{}
	}
	stage := t.Stages[name]
	stage.add(span)
	t.Stages[name] = stage
}

// sort brings spans and times into the order that every finished tally has.
func (t *Tally) sort() {
	t.LeadTimes.sort()
	t.Typical.sort()
	for name, spans := range t.Stages {
		spans.sort()
		t.Stages[name] = spans
	}
	t.Recoveries.Ended.sort()
	t.Restores.Ended.sort()
	t.Waits.sort()
	for _, g := range t.Groups {
		g.sort()
	}
	t.order()
}

// order sorts the times.
func (t *Tally) order() {
	for _, times := range [][]time.Time{t.Young, t.Recoveries.Open, t.Restores.Open} {
		slices.SortFunc(times, time.Time.Compare)
	}
}

// addCounts adds counts to those of a map, which is made when there is something to hold.
func addCounts[K comparable](to *map[K]int, more map[K]int) {
	if len(more) == 0 {
		return
	}
	if *to == nil {
		*to = maps.Clone(more)
		return
	}
	for k, n := range more {
		(*to)[k] += n
	}
}

// count adds one to a map that may not be there yet.
func count[K comparable](m *map[K]int, k K) { countN(m, k, 1) }

func countN[K comparable](m *map[K]int, k K, n int) {
	if *m == nil {
		*m = map[K]int{}
	}
	(*m)[k] += n
}
