package assessments

import (
	"strings"
	"testing"
	"time"
)

func TestTheOnlyTeamThatDidNotPublishIsInNoSum(t *testing.T) {
	t.Parallel()
	published := []TeamCounts{team(t, "a", 9, Published), team(t, "b", 6, Published), team(t, "c", 7, Published)}
	own := team(t, "d", 8, Closed, repeat(8, levelsOf(1, 1, 1, 1, 1))...)
	got := rollUp(t, append(published, own)...)
	if got.PooledTeams != 3 || got.PooledRespondents != 22 || got.LeftOut != 1 || got.Questions[0].Options[0].Count != 0 || len(got.Verdicts) != 1 || got.Teams != 4 {
		t.Errorf("its answers are in the sums: %+v", got)
	}
	if got := rollUp(t, append(published, own, team(t, "e", 5, Closed))...); got.PooledTeams != 5 || got.LeftOut != 0 {
		t.Errorf("two that did not publish protect each other: %+v", got)
	}
	if got := rollUp(t, append(published[:2:2], own)...); got.Shown || !strings.Contains(got.Hidden, "there are 2, without the only one that did not publish") {
		t.Errorf("two teams are shown: %+v", got)
	}
}

func TestPublishingLateNeverLeavesOneTeamAloneInWhatWasTold(t *testing.T) {
	t.Parallel()
	late, early := time.Date(2026, 10, 8, 0, 0, 0, 0, time.UTC), time.Date(2026, 10, 7, 23, 59, 0, 0, time.UTC)
	a, b, c, d := team(t, "a", 9, Published).Round, team(t, "b", 6, Closed).Round, team(t, "c", 7, Closed).Round, team(t, "d", 8, Closed).Round
	small := team(t, "e", 4, Closed).Round
	for sentence, c := range map[string]struct {
		of   Round
		all  []Round
		at   time.Time
		want bool
	}{
		"one other would be left":                        {b, []Round{a, b, c}, late, true},
		"the week is not over and nothing was told":      {b, []Round{a, b, c}, early, false},
		"two others are left":                            {b, []Round{a, b, c, d}, late, false},
		"none is left, as it was in no sum itself":       {b, []Round{a, b}, late, false},
		"one below the group size is in no sum":          {b, []Round{a, b, c, small}, late, true},
		"one below the group size may always publish":    {small, []Round{a, b, small}, late, false},
		"a round of another quarter is no part of it":    {b, []Round{a, b, moved(c, 100)}, late, false},
		"a later one of the team took its place in sums": {b, []Round{a, b, c, moved(renamed(b), 1)}, late, false},
	} {
		if got := LeavesAlone(c.of, c.all, c.at); got != c.want {
			t.Errorf("%s: %t", sentence, got)
		}
	}
}

// moved is a round that closed days later.
func moved(r Round, days int) Round {
	r.ClosedAt = r.ClosedAt.AddDate(0, 0, days)
	return r
}

func renamed(r Round) Round {
	r.ID += "-2"
	return r
}

func TestPublishingLateNeverLeavesOneTeamAloneInACountOfPatternsOrReplies(t *testing.T) {
	t.Parallel()
	a, b, c := told(team(t, "a", 9, Published)), told(team(t, "b", 8, Published)), told(team(t, "c", 7, Published))
	d, e, f := told(team(t, "d", 6, Closed)), told(team(t, "e", 6, Closed)), team(t, "f", 6, Closed)
	only := func(c TeamCounts, evidence, replies bool) TeamCounts {
		if !evidence {
			c.Evidence = nil
		}
		if !replies {
			c.Replies = nil
		}
		return c
	}
	for sentence, want := range map[string]struct {
		of   TeamCounts
		all  []TeamCounts
		what string
	}{
		"one other that can be compared would be left": {d, []TeamCounts{a, b, c, d, only(e, true, false), only(f, false, false)}, "how answers compare with records"},
		"of each count two others are left":            {d, []TeamCounts{a, b, c, d, only(e, false, true), told(f), only(told(team(t, "g", 6, Closed)), true, false)}, ""},
		"one other that replied would be left":         {d, []TeamCounts{a, b, c, only(d, false, true), only(e, false, true), f}, "replies"},
		"two others are left in both":                  {d, []TeamCounts{a, b, c, d, e, told(f)}, ""},
		"it is in no count itself":                     {f, []TeamCounts{a, b, c, d, e, f, team(t, "g", 6, Closed)}, ""},
		"the counts of so few were not shown":          {d, []TeamCounts{a, team(t, "b", 8, Published), team(t, "c", 7, Published), only(d, true, false), f, team(t, "g", 6, Closed)}, ""},
	} {
		var rounds []Round
		for _, one := range want.all {
			rounds = append(rounds, one.Round)
		}
		if got := rollUp(t, want.all...).CountsLeaveAlone(want.of.Round, rounds); got != want.what {
			t.Errorf("%s: %q", sentence, got)
		}
	}
}
