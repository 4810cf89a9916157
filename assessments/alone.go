package assessments

import "time"

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
