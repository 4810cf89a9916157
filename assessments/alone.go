package assessments

import (
	"slices"
	"time"
)

// inPool reports whether the answers of a round that is over are in the sums of a roll-up.
func (r Round) inPool() bool { return !r.Consensus && r.hidden() == "" }

// onlyUnpublished is the index of the one round in the pool that was not published, where it is exactly one; else -1. Whoever takes the published
// results off the sums would have its answers, so they are in none.
func onlyUnpublished(rounds []TeamCounts) int {
	alone := -1
	for i, t := range rounds {
		if !t.Round.inPool() || t.Round.State == Published {
			continue
		}
		if alone >= 0 {
			return -1
		}
		alone = i
	}
	return alone
}

// LeavesAlone reports whether publishing a round at an instant would give another team's answers away: its quarter may have been told by
// then, with two rounds in the pool that were not published, and this is one of them.
func LeavesAlone(r Round, all []Round, now time.Time) bool {
	if now.Before(r.TeamFirstUntil()) || !r.inPool() {
		return false
	}
	others, counted := 0, false
	for _, other := range LastOfQuarter(r.Quarter(), all) {
		switch {
		case other.ID == r.ID:
			counted = true
		case other.inPool() && other.State != Published:
			others++
		}
	}
	return counted && others == 1
}

// CountsLeaveAlone says which count of a roll-up that was told would be that of one other team if this round was published, too: whoever takes
// what the published results show off it would have it. Empty where none would. A team that is in the sums may be missing here, as not every
// one can be compared and not every one replies.
func (r Rollup) CountsLeaveAlone(of Round, all []Round) string {
	open := map[string]bool{}
	for _, other := range all {
		open[other.ID] = other.State != Published && other.ID != of.ID
	}
	alone := func(tellers []string) bool {
		rest := slices.DeleteFunc(slices.Clone(tellers), func(id string) bool { return !open[id] })
		return slices.Contains(tellers, of.ID) && len(rest) == 1
	}
	switch {
	case len(r.Patterns) > 0 && alone(r.Tellers.Compared):
		return "how answers compare with records"
	case len(r.Tags) > 0 && alone(r.Tellers.Replied):
		return "replies"
	}
	return ""
}
