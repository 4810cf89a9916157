package assessments

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
)

var afterQuarter = time.Date(2026, 10, 9, 0, 0, 0, 0, time.UTC)

// team is a closed round of the third quarter with so many equal answers, published or not.
func team(t *testing.T, name string, n int, state RoundState, answers ...Answers) TeamCounts {
	t.Helper()
	if len(answers) == 0 {
		answers = repeat(n, levelsOf(4, 4, 4, 4, 4))
	}
	r, c := held(t, Plan{ID: "r-" + name, Team: name, Size: max(n, 5)}, answers...)
	if state == Published {
		var err error
		if r, err = r.Publish(noon.AddDate(0, 0, 2)); err != nil {
			t.Fatal(err)
		}
	}
	return TeamCounts{Round: r, Counts: c}
}

func rollUp(t *testing.T, teams ...TeamCounts) Rollup {
	t.Helper()
	r, err := RollUp("2026-Q3", teams, afterQuarter)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func names(r Rollup) string {
	var names []string
	for _, n := range r.Named {
		names = append(names, n.Team)
	}
	return strings.Join(names, " ")
}

func TestARollUpNamesThoseWhoPublishedAndHidesASecondBesideOneHidden(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]struct {
		teams []TeamCounts
		named string
	}{
		"all published": {[]TeamCounts{team(t, "a", 5, Published), team(t, "b", 6, Published), team(t, "c", 7, Published)}, "a b c"},
		"one below the floor takes the smallest with it": {
			[]TeamCounts{team(t, "a", 5, Published), team(t, "b", 6, Published), team(t, "c", 7, Published), team(t, "d", 4, Published)}, "b c"},
		"one unpublished is in no sum and takes the smallest with it": {
			[]TeamCounts{team(t, "a", 9, Published), team(t, "b", 6, Published), team(t, "e", 8, Published), team(t, "c", 7, Closed)}, "a e"},
		"two hidden in the pool protect each other": {
			[]TeamCounts{team(t, "a", 9, Published), team(t, "b", 6, Published), team(t, "c", 7, Closed), team(t, "d", 8, Closed)}, "a b"},
		"one below the floor does not protect one in the pool": {
			[]TeamCounts{team(t, "a", 9, Published), team(t, "b", 6, Published), team(t, "e", 8, Published), team(t, "c", 7, Closed), team(t, "d", 3, Closed)}, "a e"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := rollUp(t, want.teams...)
			if !got.Shown || names(got) != want.named || got.HiddenTeams != len(want.teams)-len(got.Named) {
				t.Errorf("named %q, hidden %d: %+v", names(got), got.HiddenTeams, got.Hidden)
			}
		})
	}
}

// told gives a team evidence that its first answer is compared with, and a reply.
func told(c TeamCounts) TeamCounts {
	c.Evidence = []Evidence{{ID: "E1", Level: 4, Grade: GradeA}}
	c.Replies = []Reply{{Question: "q1", Tag: ServicesDiffer, At: noon}, {Question: "q2", Tag: OtherReason, At: noon}, {Question: "q3", Tag: OtherReason, At: noon}}
	return c
}

func TestCountsOfPatternsAndTagsAreNeverThoseOfOneTeam(t *testing.T) {
	t.Parallel()
	a, b, c, d := team(t, "a", 9, Published), team(t, "b", 8, Published), team(t, "c", 7, Closed), team(t, "d", 6, Closed)
	e := team(t, "e", 9, Published)
	for name, want := range map[string]struct {
		teams          []TeamCounts
		patterns, tags int // the counts of the one pattern and of the most common tag; 0 where they are hidden
		why            string
	}{
		"all can be compared":                              {[]TeamCounts{told(a), told(b), told(c), told(d)}, 4, 8, ""},
		"only two can be compared":                         {[]TeamCounts{told(a), b, told(c), d}, 0, 0, "at least 3 teams"},
		"of those that can be compared one kept it back":   {[]TeamCounts{told(a), told(b), told(c), d, e}, 0, 0, "exactly one did not publish"},
		"of those that can be compared all published":      {[]TeamCounts{told(a), told(b), c, d, told(e)}, 3, 6, ""},
		"the only one that kept it back is in no count":    {[]TeamCounts{told(a), told(b), told(c), told(e)}, 3, 6, ""},
		"one is unnamed and can be read by everybody":      {[]TeamCounts{told(a), told(b), c, told(e)}, 3, 6, ""},
		"a consensus is compared, and is part of no count": {[]TeamCounts{told(a), told(b), c, d, told(agreed(t, 4))}, 0, 0, "at least 3 teams"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := rollUp(t, want.teams...)
			if got.Patterns[ThisIsAHabit] != want.patterns || got.Tags[OtherReason] != want.tags || (want.tags > 0) != (got.Tags != nil) || (want.patterns > 0) != (got.Patterns != nil) {
				t.Errorf("patterns %v, tags %v", got.Patterns, got.Tags)
			}
			if !strings.Contains(got.PatternsHidden, want.why) || !strings.Contains(got.TagsHidden, want.why) || (want.why == "") != (got.PatternsHidden == "") {
				t.Errorf("hidden because %q and %q", got.PatternsHidden, got.TagsHidden)
			}
			if tags := got.CommonTags(); want.tags > 0 && (len(tags) != 2 || tags[0] != OtherReason) {
				t.Errorf("common tags %v", tags)
			}
		})
	}
}

// A closed round takes replies for ever: one that came after the first roll-up would tell, by the difference, what its team replied.
func TestAReplyThatCameAfterTheFirstRollUpMovesNoCount(t *testing.T) {
	t.Parallel()
	first := time.Date(2026, 10, 8, 0, 0, 0, 0, time.UTC)
	replies := func(list ...Reply) Rollup {
		c, d := told(team(t, "c", 7, Closed)), team(t, "d", 6, Closed)
		d.Replies = list
		return rollUp(t, told(team(t, "a", 9, Published)), told(team(t, "b", 8, Published)), c, d, told(team(t, "e", 5, Closed)))
	}
	none := replies()
	if late := replies(Reply{Question: "q1", Tag: ImpressionDiffers, At: first}); !maps.Equal(late.Tags, none.Tags) || late.TagsHidden != "" || len(none.Tags) != 2 {
		t.Errorf("a late reply tells %v (%s), without it %v", late.Tags, late.TagsHidden, none.Tags)
	}
	if last := replies(Reply{Question: "q1", Tag: ImpressionDiffers, At: first.Add(-time.Millisecond)}); last.Tags[ImpressionDiffers] != 1 {
		t.Errorf("a reply of the last moment is not counted: %v", last.Tags)
	}
	late := told(team(t, "d", 6, Closed))
	for i := range late.Replies {
		late.Replies[i].At = first
	}
	two := []TeamCounts{told(team(t, "a", 9, Published)), told(team(t, "b", 8, Published)), team(t, "c", 7, Closed), late}
	if got := rollUp(t, two...); got.Tags != nil || !strings.Contains(got.TagsHidden, "there are 2") {
		t.Errorf("a team that replied late is among those that tell: %v (%s)", got.Tags, got.TagsHidden)
	}
}

// agreed is a published round in consensus mode.
func agreed(t *testing.T, level int) TeamCounts {
	t.Helper()
	r, c := held(t, Plan{ID: "r-x", Team: "x", Size: 4, Consensus: true}, levelsOf(level, level, level, level, level))
	r, err := r.Publish(noon.AddDate(0, 0, 2))
	if err != nil {
		t.Fatal(err)
	}
	return TeamCounts{Round: r, Counts: c}
}

func TestTheLastQuarterThatMayBeToldIsFound(t *testing.T) {
	t.Parallel()
	closed := func(at string) Round {
		when, err := time.Parse(time.DateOnly, at)
		if err != nil {
			t.Fatal(err)
		}
		return Round{State: Closed, ClosedAt: when}
	}
	all := []Round{closed("2026-02-03"), {State: Open}, closed("2026-08-01"), closed("2026-03-01")}
	if got := strings.Join(Quarters(all), " "); got != "2026-Q3 2026-Q1" {
		t.Error(got)
	}
	for now, want := range map[string]string{"2026-10-07": "2026-Q1", "2026-10-08": "2026-Q3"} {
		if got := LastTold(all, closed(now).ClosedAt); got != want {
			t.Errorf("on %s it is %s, want %s", now, got, want)
		}
	}
	if got := LastTold(all[:1], closed("2026-04-07").ClosedAt); got != "2026-Q1" {
		t.Errorf("where nothing may be told yet: %s", got)
	}
	if got := LastTold([]Round{closed("2026-03-31"), closed("2026-04-02")}, closed("2026-04-07").ClosedAt); got != "2026-Q1" {
		t.Errorf("the first that will be told: %s", got)
	}
	if got := LastTold(nil, closed("2026-01-31").ClosedAt); got != "2025-Q4" {
		t.Error(got)
	}
}

func TestConsensusAnswersAreInNoPool(t *testing.T) {
	t.Parallel()
	got := rollUp(t, team(t, "a", 5, Published), team(t, "b", 6, Published), team(t, "c", 7, Published), agreed(t, 1))
	if got.PooledTeams != 3 || got.PooledRespondents != 18 || got.Questions[0].Options[0].Count != 0 || names(got) != "a b c x" || got.Respondents != 18 || got.Asked != 18 || got.Agreed != 1 || got.Teams != 4 {
		t.Errorf("got %+v", got)
	}
}

func TestARollUpNeedsThreeTeamsAWholeQuarterAndAWeek(t *testing.T) {
	t.Parallel()
	three := []TeamCounts{team(t, "a", 5, Published), team(t, "b", 6, Published), team(t, "c", 7, Published)}
	if got := rollUp(t, three[:2]...); got.Shown || got.Questions != nil || got.Named != nil || !strings.Contains(got.Hidden, "at least 3 teams") || got.Respondents != 11 {
		t.Errorf("got %+v", got)
	}
	if _, err := RollUp("2026-Q3", three, time.Date(2026, 10, 7, 23, 59, 0, 0, time.UTC)); !errors.Is(err, ErrState) || !strings.Contains(err.Error(), "2026-10-08") {
		t.Errorf("a roll-up too early: %v", err)
	}
	for _, quarter := range []string{"2026", "2026-Q5", "2026-Q0", "26-Q3", "2026-Q3x", ""} {
		if _, err := RollUp(quarter, three, afterQuarter); !errors.Is(err, ErrInvalid) {
			t.Errorf("%q: %v", quarter, err)
		}
	}
	if got, err := RollUp("2026-Q2", three, afterQuarter); err != nil || got.Teams != 0 || got.Shown {
		t.Errorf("rounds of another quarter: %+v, %v", got, err)
	}
	other := team(t, "d", 5, Published)
	other.Round.Set.Version++
	if _, err := RollUp("2026-Q3", append(three, other), afterQuarter); !errors.Is(err, ErrInvalid) {
		t.Errorf("different questions in one pool: %v", err)
	}
	if _, err := RollUp("2026-Q3", append(three, three[0]), afterQuarter); !errors.Is(err, ErrInvalid) {
		t.Errorf("a team that is in the pool twice: %v", err)
	}
}

func random(rng *rand.Rand) Answers {
	return levelsOf(rng.IntN(6), rng.IntN(6), rng.IntN(6), rng.IntN(6), rng.IntN(6))
}

// Whoever sees everything that is shown learns nothing of a group below the floor: whatever its members answer, every result,
// every roll-up and every later roll-up reads the same to the last byte.
func TestNoAnswerOfASmallGroupCanBeRecovered(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(7, 11))
	for range 60 {
		var shared, one, two []TeamCounts
		for i := range 3 + rng.IntN(4) {
			state := []RoundState{Closed, Published}[rng.IntN(2)]
			var answers []Answers
			for range 5 + rng.IntN(4) {
				answers = append(answers, random(rng))
			}
			shared = append(shared, team(t, fmt.Sprintf("t%d", i), len(answers), state, answers...))
		}
		small := 1 + rng.IntN(4)
		for _, world := range []*[]TeamCounts{&one, &two} {
			var answers []Answers
			for range small {
				answers = append(answers, random(rng))
			}
			*world = append(append(*world, shared...), team(t, "small", 5, Published, answers...))
		}
		if a, b := everythingShown(t, one), everythingShown(t, two); a != b {
			t.Fatalf("what is shown depends on the answers of %d people:\n%s\n%s", small, a, b)
		}
	}
}

// everythingShown is what an attacker may collect: each team's result, the roll-up, and the roll-up from before the small team
// closed its round.
func everythingShown(t *testing.T, teams []TeamCounts) string {
	t.Helper()
	var shown []any
	for _, team := range teams {
		shown = append(shown, mustResult(t, team.Round, team.Counts))
	}
	shown = append(shown, rollUp(t, teams...), rollUp(t, teams[:len(teams)-1]...))
	text, err := json.Marshal(shown)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// The pool less the cells that are named is never the answers of one team, nor of fewer people than the floor.
func TestDifferencesOfSumsNeverSingleOutATeam(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(3, 5))
	for range 120 {
		var teams []TeamCounts
		for i := range 3 + rng.IntN(5) {
			n := 1 + rng.IntN(9)
			teams = append(teams, team(t, fmt.Sprintf("t%d", i), n, []RoundState{Closed, Published}[rng.IntN(2)]))
		}
		r := rollUp(t, teams...)
		if !r.Shown {
			continue
		}
		left, unnamed := r.PooledRespondents, map[string]bool{}
		for _, team := range teams {
			unnamed[team.Round.Team] = true
		}
		for _, n := range r.Named {
			delete(unnamed, n.Team)
			left -= n.Respondents
			if n.Respondents < n.Floor {
				t.Fatalf("%s is named with %d answers", n.Team, n.Respondents)
			}
		}
		pooled, kept := 0, false
		for _, team := range teams {
			if unnamed[team.Round.Team] && team.Round.Respondents >= DefaultFloor {
				pooled++
				kept = kept || team.Round.State == Closed
			}
		}
		own := 0 // answers of teams that did not publish: whoever reads the published results takes the others off the sums
		for _, team := range teams {
			if team.Round.Respondents >= DefaultFloor && team.Round.State == Published {
				own -= team.Round.Respondents
			}
		}
		if own += r.PooledRespondents; own != 0 {
			closed := slices.DeleteFunc(slices.Clone(teams), func(t TeamCounts) bool { return t.Round.State == Published || t.Round.Respondents < DefaultFloor })
			if len(closed) < 2 {
				t.Fatalf("%d answers of one team are left when the published results are taken off: %+v", own, r)
			}
		}
		if len(unnamed) == 1 || kept && pooled == 1 || left > 0 && left < DefaultFloor {
			t.Fatalf("%d teams and %d answers are left when the named cells are taken off: %+v", pooled, left, r)
		}
	}
}
