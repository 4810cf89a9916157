package metrics

import (
	"cmp"
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
	Settling  int `json:"settling,omitempty"`
	Baselines int `json:"baselines,omitempty"`
	// Kinds counts rollouts, redeploys not among them. Causes counts failed rollouts per cause; one may have several.
	Kinds  map[Kind]int  `json:"kinds,omitempty"`
	Causes map[Cause]int `json:"causes,omitempty"`
	// Days counts rollouts per civil day of the query's zone, numbered from 1 January 1970.
	Days   map[int]int `json:"days,omitempty"`
	LastAt time.Time   `json:"last_at,omitzero"`
	// LeadTimes has one span per change, Typical the median of each rollout's changes, both sorted.
	LeadTimes []time.Duration `json:"lead_times,omitempty"`
	Typical   []time.Duration `json:"typical,omitempty"`
	// Stages are the parts of lead time that are known, by name, sorted.
	Stages map[string][]time.Duration `json:"stages,omitempty"`
	// Recoveries are of failed rollouts, Restores of incidents.
	Recoveries   Spans          `json:"recoveries,omitzero"`
	Restores     Spans          `json:"restores,omitzero"`
	Incidents    int            `json:"incidents,omitempty"`
	Unattributed int            `json:"unattributed,omitempty"`
	LeftOut      map[string]int `json:"left_out,omitempty"` // reason → records
}

// Spans are spans of time some of which have not ended: of those only the start is kept, because their length depends on when
// one looks. Both are sorted.
type Spans struct {
	Ended []time.Duration `json:"ended,omitempty"`
	Open  []time.Time     `json:"open,omitempty"`
}

// IsZero reports that there is none.
func (s Spans) IsZero() bool { return len(s.Ended)+len(s.Open) == 0 }

// TallyOf summarises what the facts of one service hold in the query's window, as known at its AsOf.
func TallyOf(f Facts, q Query) Tally {
	q = q.complete()
	var t Tally
	newCounter(f, q).add(&t)
	t.sort()
	return t
}

// Merge is the tally of both sets of facts together, which must not overlap. It is associative and commutative, the zero
// Tally is neutral, and neither side is changed.
func (t Tally) Merge(o Tally) Tally {
	m := Tally{
		Rollouts:     t.Rollouts + o.Rollouts,
		Failed:       t.Failed + o.Failed,
		Settling:     t.Settling + o.Settling,
		Baselines:    t.Baselines + o.Baselines,
		Kinds:        addCounts(t.Kinds, o.Kinds),
		Causes:       addCounts(t.Causes, o.Causes),
		Days:         addCounts(t.Days, o.Days),
		LastAt:       t.LastAt,
		LeadTimes:    mergeSorted(t.LeadTimes, o.LeadTimes, cmp.Compare),
		Typical:      mergeSorted(t.Typical, o.Typical, cmp.Compare),
		Recoveries:   t.Recoveries.merge(o.Recoveries),
		Restores:     t.Restores.merge(o.Restores),
		Incidents:    t.Incidents + o.Incidents,
		Unattributed: t.Unattributed + o.Unattributed,
		LeftOut:      addCounts(t.LeftOut, o.LeftOut),
	}
	if o.LastAt.After(m.LastAt) {
		m.LastAt = o.LastAt
	}
	for _, stages := range []map[string][]time.Duration{t.Stages, o.Stages} {
		for name, spans := range stages {
			m.addStage(name, mergeSorted(m.Stages[name], spans, cmp.Compare))
		}
	}
	return m
}

// Sum merges many tallies, neighbours first, so that a year of days costs little more than one long merge.
func Sum(tallies []Tally) Tally {
	switch n := len(tallies); n {
	case 0:
		return Tally{}
	case 1:
		return tallies[0]
	default:
		return Sum(tallies[:n/2]).Merge(Sum(tallies[n/2:]))
	}
}

func (s Spans) merge(o Spans) Spans {
	return Spans{
		Ended: mergeSorted(s.Ended, o.Ended, cmp.Compare),
		Open:  mergeSorted(s.Open, o.Open, time.Time.Compare),
	}
}

// addStage sets a stage's spans, making the map at the first.
func (t *Tally) addStage(name string, spans []time.Duration) {
	if t.Stages == nil {
		t.Stages = map[string][]time.Duration{}
	}
	t.Stages[name] = spans
}

// sort brings the spans into the order that every finished tally has.
func (t *Tally) sort() {
	slices.Sort(t.LeadTimes)
	slices.Sort(t.Typical)
	for _, spans := range t.Stages {
		slices.Sort(spans)
	}
	for _, s := range []*Spans{&t.Recoveries, &t.Restores} {
		slices.Sort(s.Ended)
		slices.SortFunc(s.Open, time.Time.Compare)
	}
}

// addCounts is the sum of two counts in a map of its own; nil when there is nothing in either.
func addCounts[K comparable](a, b map[K]int) map[K]int {
	if len(a)+len(b) == 0 {
		return nil
	}
	sum := make(map[K]int, max(len(a), len(b)))
	maps.Copy(sum, a)
	for k, n := range b {
		sum[k] += n
	}
	return sum
}

// count adds one to a map that may not be there yet.
func count[K comparable](m *map[K]int, k K) {
	if *m == nil {
		*m = map[K]int{}
	}
	(*m)[k]++
}
