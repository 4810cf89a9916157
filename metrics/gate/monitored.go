package gate

import (
	"cmp"
	"maps"
	"slices"
	"strings"
	"time"
)

// Monitored is what a source of signals showed of a service in an environment when it was read last.
type Monitored struct {
	Source      string `json:"source"`
	Environment string `json:"environment"`
	// At is when it was asked.
	At time.Time `json:"at"`
	// Signals are the signals that were asked for, in order of their names.
	Signals []SignalSeen `json:"signals"`
	// BudgetLeftPPM is what is left of the error budget of 28 days, below 0 when it is overspent; nil where nothing is known of it.
	BudgetLeftPPM *int64 `json:"error_budget_left_ppm,omitempty"`
}

// SignalSeen is when a signal had a value last; the zero time where it had none.
type SignalSeen struct {
	Name string    `json:"name"`
	At   time.Time `json:"at,omitzero"`
}

// budgetLife is how long a measured error budget counts: it changes slowly, and is no older than its source was read.
const budgetLife = 24 * time.Hour

// monitoredHere are the readings about an environment, in order of their sources, in UTC to the millisecond.
func monitoredHere(all []Monitored, environment string) []Monitored {
	var here []Monitored
	for _, m := range all {
		if !strings.EqualFold(m.Environment, environment) {
			continue
		}
		signals := make([]SignalSeen, len(m.Signals))
		for i, s := range m.Signals {
			signals[i] = SignalSeen{s.Name, s.At.UTC().Truncate(time.Millisecond)}
		}
		slices.SortFunc(signals, func(a, b SignalSeen) int { return strings.Compare(a.Name, b.Name) })
		m.At, m.Signals = m.At.UTC().Truncate(time.Millisecond), signals
		here = append(here, m)
	}
	slices.SortFunc(here, func(a, b Monitored) int {
		return cmp.Or(strings.Compare(a.Source, b.Source), strings.Compare(a.Environment, b.Environment))
	})
	return here
}

// signalsSeen is when each signal was seen last. What a source measured goes before what the request states: a pipeline cannot make a silent
// signal live.
func (q question) signalsSeen() map[string]time.Time {
	seen := map[string]time.Time{}
	maps.Copy(seen, q.r.Evidence.SignalsSeen)
	measured := map[string]time.Time{}
	for _, m := range q.s.Monitored {
		for _, s := range m.Signals {
			measured[s.Name] = latest(measured[s.Name], s.At)
		}
	}
	maps.Copy(seen, measured)
	return seen
}

// budgetLeft is what is left of the error budget, and the reading that says so: the least of what sources measured within a day, else what the
// request states; nil where nobody says.
func (q question) budgetLeft() (left *int64, by *Monitored) {
	for i := range q.s.Monitored {
		m := &q.s.Monitored[i]
		if m.BudgetLeftPPM != nil && q.s.Now.Sub(m.At) <= budgetLife && (by == nil || *m.BudgetLeftPPM < *by.BudgetLeftPPM) {
			by = m
		}
	}
	if by != nil {
		return by.BudgetLeftPPM, by
	}
	return q.r.Evidence.ErrorBudgetLeftPPM, nil
}
