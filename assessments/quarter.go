package assessments

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"time"
)

// TeamFirstUntil is when a closed round may enter a roll-up at the earliest: a week after its quarter (UTC) has ended, which is
// a week after it closed or later.
func (r Round) TeamFirstUntil() time.Time {
	closed := r.ClosedAt.UTC()
	first := time.Date(closed.Year(), (closed.Month()-1)/3*3+1, 1, 0, 0, 0, 0, time.UTC)
	return first.AddDate(0, 3, 0).Add(TeamFirst)
}

// Quarter names the quarter (UTC) in which the round closed, "2026-Q3"; empty before.
func (r Round) Quarter() string {
	if r.ClosedAt.IsZero() {
		return ""
	}
	closed := r.ClosedAt.UTC()
	return fmt.Sprintf("%04d-Q%d", closed.Year(), (int(closed.Month())+2)/3)
}

// Previous is the round of the same team that closed last before this one opened (now, for a draft), among those that are over.
func (r Round) Previous(all []Round) (Round, bool) {
	var last Round
	for _, other := range all {
		done := other.State == Closed || other.State == Published
		before := r.OpenedAt.IsZero() || !other.ClosedAt.After(r.OpenedAt)
		if done && before && other.ID != r.ID && other.Team == r.Team && other.ClosedAt.After(last.ClosedAt) {
			last = other
		}
	}
	return last, last.ID != ""
}

// LastOfQuarter are the rounds that closed in a quarter ("2026-Q3"), of each team the last one, by team.
func LastOfQuarter(quarter string, all []Round) []Round {
	last := map[string]Round{}
	for _, r := range all {
		if r.Quarter() == quarter && (r.State == Closed || r.State == Published) && r.ClosedAt.After(last[r.Team].ClosedAt) {
			last[r.Team] = r
		}
	}
	return slices.SortedFunc(maps.Values(last), func(a, b Round) int { return cmp.Compare(a.Team, b.Team) })
}

// Quarters are those in which rounds closed, the newest first.
func Quarters(all []Round) []string {
	var quarters []string
	for _, r := range all {
		if r.State == Closed || r.State == Published {
			quarters = append(quarters, r.Quarter())
		}
	}
	slices.Sort(quarters)
	quarters = slices.Compact(quarters)
	slices.Reverse(quarters)
	return quarters
}

// LastTold is the newest quarter with a round that may be rolled up already; where there is none the first that will be, and before the
// first round the last whole quarter.
func LastTold(all []Round, now time.Time) string {
	quarters := Quarters(all)
	for _, quarter := range quarters {
		if window, err := quarterWindow(quarter); err == nil && !now.Before(window.To.Add(TeamFirst)) {
			return quarter
		}
	}
	if len(quarters) > 0 {
		return quarters[len(quarters)-1]
	}
	first := time.Date(now.UTC().Year(), now.UTC().Month(), 1, 0, 0, 0, 0, time.UTC)
	return Round{ClosedAt: first.AddDate(0, -3, 0)}.Quarter()
}
