package metrics

import (
	"maps"
	"slices"
	"time"
)

// Waiting is what changes wait for besides work: decisions on their deployments, and hands that they pass through.
type Waiting struct {
	// Outside, Inside and Unplaced are the waits for decisions per rollout that had any of that place, in seconds: by another team
	// than the owning one, by the owning team, and by a team that nobody named. Decisions asked for at the same time count once.
	Outside  Duration `json:"approval_outside"`
	Inside   Duration `json:"approval_inside"`
	Unplaced Duration `json:"approval_unplaced"`
	// Decisions counts decided approvals by place, and those of all that refused.
	Decisions Decisions `json:"decisions"`
	// Handoffs is the number of hands a change passed through after its author's.
	Handoffs HandoffCount `json:"handoffs"`
}

// Decisions counts decided approvals: by the owning team, by another, by one that nobody named; and the refusals among them all.
type Decisions struct {
	Inside   int `json:"inside"`
	Outside  int `json:"outside"`
	Unplaced int `json:"unplaced"`
	Refused  int `json:"refused"`
}

// HandoffCount says through how many hands changes pass from author by first reviewer and approvers to deployer. A handoff between
// teams is one between people too.
type HandoffCount struct {
	State State `json:"state"`
	N     int   `json:"n"` // changes of which the author is known
	// Owned counts those of them of whose service the owning team is declared: only there are teams known.
	Owned int `json:"owned"`
	// People and Teams are medians over changes, Between the share of changes that passed from one team to another; nil where there
	// are too few. Changes of one rollout are not independent, so that they have no interval.
	People  *float64 `json:"people"`
	Teams   *float64 `json:"teams"`
	Between *float64 `json:"between_teams"`
}

// waitTally is the part of a tally that Waiting is made of.
type waitTally struct {
	Outside   Sample    `json:"outside,omitzero"`
	Inside    Sample    `json:"inside,omitzero"`
	Unplaced  Sample    `json:"unplaced,omitzero"`
	Decisions Decisions `json:"decisions,omitzero"`
	// People and Teams count changes by their number of handoffs.
	People map[int]int `json:"people,omitempty"`
	Teams  map[int]int `json:"teams,omitempty"`
}

// IsZero reports that nothing waited, as far as is known.
func (w waitTally) IsZero() bool {
	return w.Outside.IsZero() && w.Inside.IsZero() && w.Unplaced.IsZero() && w.Decisions == Decisions{} && len(w.People) == 0
}

func (w *waitTally) gather(o waitTally) {
	w.Outside.gather(o.Outside)
	w.Inside.gather(o.Inside)
	w.Unplaced.gather(o.Unplaced)
	w.Decisions.Inside += o.Decisions.Inside
	w.Decisions.Outside += o.Decisions.Outside
	w.Decisions.Unplaced += o.Decisions.Unplaced
	w.Decisions.Refused += o.Decisions.Refused
	addCounts(&w.People, o.People)
	addCounts(&w.Teams, o.Teams)
}

func (w *waitTally) sort() {
	w.Outside.sort()
	w.Inside.sort()
	w.Unplaced.sort()
}

// addWaits counts the decisions on a rollout.
func (c *counter) addWaits(t *Tally, r *Rollout) {
	w := r.Waits
	for _, place := range []struct {
		decided int
		took    time.Duration
		waits   *Sample
		count   *int
	}{
		{w.DecidedOutside, w.Outside, &t.Waits.Outside, &t.Waits.Decisions.Outside},
		{w.DecidedInside, w.Inside, &t.Waits.Inside, &t.Waits.Decisions.Inside},
		{w.DecidedUnknown, w.Unknown, &t.Waits.Unplaced, &t.Waits.Decisions.Unplaced},
	} {
		if place.decided > 0 {
			place.waits.add(place.took)
			*place.count += place.decided
		}
	}
	t.Waits.Decisions.Refused += w.Refused
}

// addHandoffs counts the hands of a change that counts.
func (t *Tally) addHandoffs(change *Change) {
	if change != nil && change.Handoffs != nil {
		count(&t.Waits.People, change.Handoffs.People)
		if !change.Handoffs.Unowned {
			count(&t.Waits.Teams, change.Handoffs.Teams)
		}
	}
}

func waiting(t Tally, d Definition) Waiting {
	w := Waiting{
		Outside: durationOf(t.Waits.Outside, d), Inside: durationOf(t.Waits.Inside, d), Unplaced: durationOf(t.Waits.Unplaced, d),
		Decisions: t.Waits.Decisions,
	}
	for _, n := range t.Waits.People {
		w.Handoffs.N += n
	}
	for _, n := range t.Waits.Teams {
		w.Handoffs.Owned += n
	}
	if w.Handoffs.State = d.state(w.Handoffs.N); w.Handoffs.State == OK {
		w.Handoffs.People = new(countedQuantile(t.Waits.People, 0.5))
	}
	if d.state(w.Handoffs.Owned) == OK {
		w.Handoffs.Teams = new(countedQuantile(t.Waits.Teams, 0.5))
		w.Handoffs.Between = new(float64(w.Handoffs.Owned-t.Waits.Teams[0]) / float64(w.Handoffs.Owned))
	}
	return w
}

// countedQuantile is the q-quantile of values of which it is known how often each occurs; there must be one.
func countedQuantile(counts map[int]int, q float64) float64 {
	n := 0
	for _, k := range counts {
		n += k
	}
	below, share := rankOf(n, q)
	low := countedAt(counts, below)
	if share == 0 {
		return float64(low)
	}
	return mixed(low, countedAt(counts, below+1), share)
}

func countedAt(counts map[int]int, rank int) int {
	last := 0
	for _, value := range slices.Sorted(maps.Keys(counts)) {
		last = value
		if rank -= counts[value]; rank < 0 {
			break
		}
	}
	return last
}
