package assessments

import (
	"errors"
	"math"
	"strings"
	"testing"
)

func repeat(n int, a Answers) []Answers {
	all := make([]Answers, n)
	for i := range all {
		all[i] = a
	}
	return all
}

func mustResult(t *testing.T, r Round, c Counts, e ...Evidence) Result {
	t.Helper()
	result, err := ResultOf(r, c, e)
	if err != nil {
		t.Fatal(err)
	}
	return result
}

func TestVerdictFollowsFromTheLowerMedians(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]struct {
		answers Answers
		verdict Verdict
	}{
		"three that lean event leave room":               {levelsOf(3, 2, 1, 5, 5), RoomToShift},
		"weekly is still an event":                       {levelsOf(3, 2, 2, 4, 4), RoomToShift},
		"level 3 leans event in the first question only": {levelsOf(4, 3, 3, 3, 3), MostlyHabit},
		"two that lean event do not":                     {levelsOf(3, 2, 5, 5, 5), MostlyHabit},
		"all at four or above":                           {levelsOf(4, 4, 4, 5, 5), Habit},
		"four scored are enough for habit":               {levelsOf(4, 4, 4, 5, 0), Habit},
		"three scored are not":                           {levelsOf(5, 5, 5, 0, 0), MostlyHabit},
		"three scored can leave room":                    {levelsOf(1, 1, 1, 0, 0), RoomToShift},
		"two scored say nothing":                         {levelsOf(1, 1, 0, 0, 0), NotEnoughAnswers},
		"one below four is no habit":                     {levelsOf(5, 5, 5, 5, 3), MostlyHabit},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, c := held(t, Plan{Size: 5}, repeat(5, want.answers)...)
			if got := mustResult(t, r, c).Verdict.Verdict; got != want.verdict {
				t.Errorf("got %s, want %s", got, want.verdict)
			}
		})
	}
}

func TestAMedianOfAnEvenNumberIsTheLower(t *testing.T) {
	t.Parallel()
	r, c := held(t, Plan{Size: 6}, append(repeat(3, levelsOf(3, 3, 3, 3, 3)), repeat(3, levelsOf(4, 4, 4, 4, 4))...)...)
	if got := *mustResult(t, r, c).Questions[0].Median; got != 3 {
		t.Errorf("got %d", got)
	}
}

func TestFoundationsAreWeightedMeansShownWithTheirInputs(t *testing.T) {
	t.Parallel()
	r, c := held(t, Plan{Size: 5}, repeat(5, levelsOf(1, 3, 1, 5, 4))...)
	f := mustResult(t, r, c).Foundations
	// risk: q2 50·2 + q5 75·2 + q1 0·1 = 250 over 5; feedback: q4 100·2 + q2 50·1 = 250 over 3.
	if *f[0].Score != 50 || math.Abs(*f[1].Score-83.3) > 1e-9 || len(f[0].Inputs) != 3 || *f[0].Inputs[1].Score != 50 || f[0].Inputs[1].Weight != 2 {
		t.Errorf("got %+v", f)
	}
	// Without q2 and q5 only 1 of 5 weight is known for risk; without q2, 2 of 3 for feedback.
	r, c = held(t, Plan{Size: 5}, repeat(5, levelsOf(1, 0, 1, 5, 0))...)
	f = mustResult(t, r, c).Foundations
	if f[0].Score != nil || *f[1].Score != 100 || !strings.Contains(f[1].Says, "2 of 3 weight") {
		t.Errorf("got %+v", f)
	}
}

func TestDontKnowIsAFindingAndNeverScored(t *testing.T) {
	t.Parallel()
	r, c := held(t, Plan{Size: 6}, append(repeat(4, levelsOf(0, 5, 5, 5, 5)), repeat(2, levelsOf(5, 5, 5, 5, 5))...)...)
	q := mustResult(t, r, c).Questions[0]
	if q.DontKnow != 4 || q.Scored != 2 || *q.Median != 5 || q.Favourable.Of != 2 || q.DontKnowSays != "4 of 6 don't know or can't see it." {
		t.Errorf("got %+v", q)
	}
	if q.Options[5].Count != 4 || math.Abs(q.Options[5].Share-4.0/6) > 1e-9 {
		t.Errorf("the distribution shows it: %+v", q.Options[5])
	}
}

func TestFavourableShareHasAnEightyPercentWilsonInterval(t *testing.T) {
	t.Parallel()
	r, c := held(t, Plan{Size: 10}, append(repeat(7, levelsOf(4, 5, 5, 5, 5)), repeat(3, levelsOf(3, 1, 1, 1, 1))...)...)
	f := mustResult(t, r, c).Questions[0].Favourable
	// z = 1.281552: centre (0.7 + z²/20)/(1 + z²/10), half-width z·√(0.7·0.3/10 + z²/400)/(1 + z²/10).
	if f.Count != 7 || *f.Value != 0.7 || math.Abs(f.Interval.Low-0.4974) > 5e-5 || math.Abs(f.Interval.High-0.8462) > 5e-5 || f.Interval.Coverage != 0.8 {
		t.Errorf("got %+v %+v", f, f.Interval)
	}
}

func TestNothingIsShownBeforeClosingOrBelowTheFloor(t *testing.T) {
	t.Parallel()
	open, _ := mustRound(t, Plan{Size: 6}).Open(noon)
	counts := Counts{}
	for range 6 {
		open, counts, _ = open.Submit(counts, levelsOf(1, 2, 3, 4, 5))
	}
	small, few := held(t, Plan{Size: 6}, repeat(4, levelsOf(1, 2, 3, 4, 5))...)
	nobody, none := held(t, Plan{Size: 6})
	higher, some := held(t, Plan{Size: 9, Floor: 7}, repeat(6, levelsOf(1, 2, 3, 4, 5))...)
	for name, of := range map[string]struct {
		round  Round
		counts Counts
		says   string
	}{
		"an open round":              {open, counts, "only participation is shown before closing"},
		"four of six answered":       {small, few, "fewer than 5 people answered"},
		"six below a floor of seven": {higher, some, "fewer than 7 people answered"},
		"nobody answered":            {nobody, none, "nobody answered"},
	} {
		got := mustResult(t, of.round, of.counts, Evidence{ID: "E1", Level: 3, Grade: GradeA})
		if got.Shown || !strings.Contains(got.Hidden, of.says) || got.Questions != nil || got.Verdict != nil || got.Foundations != nil || got.Comparisons != nil || got.Comments {
			t.Errorf("%s: %+v", name, got)
		}
		if got.Respondents != of.round.Respondents || len(got.Evidence) != 1 {
			t.Errorf("%s: participation and evidence stay: %+v", name, got)
		}
	}
}

func TestAConsensusIsShownAndMarked(t *testing.T) {
	t.Parallel()
	r, c := held(t, Plan{Size: 3, Consensus: true}, levelsOf(4, 4, 4, 4, 4))
	got := mustResult(t, r, c, Evidence{ID: "E1", Level: 2, Grade: GradeB})
	if !got.Shown || got.Verdict.Verdict != Habit || len(got.Marks) != 1 || got.Marks[0] != "consensus" {
		t.Errorf("got %+v", got)
	}
	if q := got.Questions[0]; q.Favourable.Interval != nil || q.Agreement.Value != nil {
		t.Errorf("one answer is no sample: %+v", q)
	}
	if c := got.Comparisons[0]; !c.Compared || !c.Consensus || *c.Gap != 2 {
		t.Errorf("it is compared with the mark: %+v", c)
	}
}

func TestAnOpenLinkIsMarked(t *testing.T) {
	t.Parallel()
	r, c := held(t, Plan{Size: 5, OpenLink: true}, repeat(5, levelsOf(4, 4, 4, 4, 4))...)
	if got := mustResult(t, r, c); len(got.Marks) != 1 || got.Marks[0] != "open link: one answer per person not ensured" {
		t.Errorf("got %v", got.Marks)
	}
}

func TestCommentsNeedTwiceTheFloor(t *testing.T) {
	t.Parallel()
	for n, want := range map[int]bool{5: false, 9: false, 10: true} {
		r, c := held(t, Plan{Size: 10}, repeat(n, levelsOf(4, 4, 4, 4, 4))...)
		if got := mustResult(t, r, c).Comments; got != want {
			t.Errorf("%d respondents: %v", n, got)
		}
	}
}

func TestCountsThatCannotBeTheRoundsAreRefused(t *testing.T) {
	t.Parallel()
	for name, spoil := range map[string]func(Counts){
		"one answer too many":     func(c Counts) { c["q1"]["l1"]++ },
		"a question nobody asked": func(c Counts) { c["q9"] = map[string]int{"l1": 5} },
		"an option that is none":  func(c Counts) { c["q1"]["l9"] = 0 },
		"a missing question":      func(c Counts) { delete(c, "q5") },
		"fewer than nobody":       func(c Counts) { c["q1"]["l1"] = -1; c["q1"]["l2"] = 6 },
	} {
		r, c := held(t, Plan{Size: 5}, repeat(5, levelsOf(1, 2, 3, 4, 5))...)
		spoil(c)
		if _, err := ResultOf(r, c, nil); !errors.Is(err, ErrInvalid) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestSaysVersusShows(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]struct {
		level    int // of all five answers
		evidence Evidence
		distance string
		words    string
		why      string
	}{
		"both high":            {5, Evidence{Level: 5, Grade: GradeA}, Agree, ThisIsAHabit, ""},
		"both low":             {2, Evidence{Level: 2, Grade: GradeB}, Agree, YouAlreadySeeThis, ""},
		"both in between":      {3, Evidence{Level: 3, Grade: GradeB}, Agree, YouAlreadySeeThis, ""},
		"said a level higher":  {4, Evidence{Level: 3, Grade: GradeB}, WorthALook, DifferentPicture, ""},
		"said two levels more": {5, Evidence{Level: 3, Grade: GradeB}, Differ, DifferentPicture, ""},
		"said a level lower":   {3, Evidence{Level: 4, Grade: GradeA}, WorthALook, BetterThanItFeels, ""},
		"said far lower":       {1, Evidence{Level: 5, Grade: GradeA}, Differ, BetterThanItFeels, ""},
		"thin evidence":        {5, Evidence{Level: 1, Grade: GradeC}, "", "", "too thin (grade C)"},
		"no evidence":          {5, Evidence{Grade: GradeNone, Missing: "incidents"}, "", "", "not measured: incidents"},
		"indirect evidence":    {5, Evidence{Level: 5, Grade: GradeC, Indirect: true}, "", "", "never compared"},
		"nobody could tell":    {0, Evidence{Level: 5, Grade: GradeA}, "", "", "nobody gave a scored answer"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			want.evidence.ID = "E1"
			r, c := held(t, Plan{Size: 5}, repeat(5, levelsOf(want.level, 3, 3, 3, 3))...)
			got := mustResult(t, r, c, want.evidence).Comparisons[0]
			if got.Distance != want.distance || got.Words != want.words || !strings.Contains(got.Why, want.why) || got.Compared != (want.why == "") {
				t.Errorf("got %+v", got)
			}
		})
	}
}

func TestThePictureAgreesBelowOneLevelOfDistance(t *testing.T) {
	t.Parallel()
	// 3,3,4,4,4: the interpolated median is 3.5 + (2.5 − 2)/3 = 3.67; against level 3 the gap is 0.67.
	r, c := held(t, Plan{Size: 5}, append(repeat(2, levelsOf(3, 3, 3, 3, 3)), repeat(3, levelsOf(4, 3, 3, 3, 3))...)...)
	got := mustResult(t, r, c, Evidence{ID: "E1", Level: 3, Grade: GradeB}).Comparisons[0]
	if got.Distance != Agree || got.Words != YouAlreadySeeThis || math.Abs(*got.Gap-2.0/3) > 1e-9 {
		t.Errorf("got %+v", got)
	}
	if got := mustResult(t, r, c, Evidence{ID: "E1", Level: 4, Grade: GradeB}).Comparisons[0]; got.Words != ThisIsAHabit {
		t.Errorf("got %+v", got)
	}
}

func TestASplitTeamIsToldSoInPlaceOfAnyGap(t *testing.T) {
	t.Parallel()
	r, c := held(t, Plan{Size: 6}, append(repeat(3, levelsOf(1, 3, 3, 3, 3)), repeat(3, levelsOf(5, 3, 3, 3, 3))...)...)
	got := mustResult(t, r, c, Evidence{ID: "E1", Level: 5, Grade: GradeA}).Comparisons[0]
	if !got.Split || got.Words != SeenDifferently || got.Gap != nil || got.Distance != "" {
		t.Errorf("got %+v", got)
	}
}

func TestAChangeIsCalledOneOnlyWhenItIsClear(t *testing.T) {
	t.Parallel()
	result := func(plan Plan, answers ...Answers) Result {
		r, c := held(t, plan, answers...)
		return mustResult(t, r, c)
	}
	ten := Plan{Size: 10}
	mixed := func(high int) Result {
		return result(ten, append(repeat(high, levelsOf(4, 3, 3, 3, 3)), repeat(10-high, levelsOf(3, 3, 3, 3, 3))...)...)
	}
	// The lower median of 10 is the fifth answer: 3 with up to 5 at level 4.
	for name, want := range map[string]struct {
		before, after Result
		direction     string
	}{
		"the median moved up":                    {mixed(2), mixed(8), "up"},
		"the median moved down":                  {mixed(8), mixed(2), "down"},
		"the favourable share moved clear of it": {mixed(0), mixed(5), "up"},
		"one more of ten is no change":           {mixed(2), mixed(3), ""},
		"a consensus and a survey":               {result(Plan{Size: 4, Consensus: true}, levelsOf(1, 1, 1, 1, 1)), mixed(8), ""},
		"nobody could tell before":               {result(ten, repeat(10, levelsOf(0, 3, 3, 3, 3))...), mixed(8), ""},
	} {
		changes := Changes(want.before, want.after)
		if len(changes) != 5 || changes[0].Direction != want.direction || changes[0].Says == "" {
			t.Errorf("%s: %+v", name, changes)
		}
	}
	if got := Changes(Result{}, mixed(1)); got != nil {
		t.Errorf("a round of which nothing is shown: %+v", got)
	}
}
