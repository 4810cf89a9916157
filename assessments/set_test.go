package assessments

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
)

// five is a set of five questions with the ids, leanings, evidence and foundations of the default set.
func five() Set {
	s := Set{ID: "test", Version: 1, Title: "Event or habit?"}
	for i := range 5 {
		q := Question{ID: fmt.Sprintf("q%d", i+1), Name: "n", Text: "t", EventUpTo: 2, Evidence: fmt.Sprintf("E%d", i+1)}
		if i == 0 {
			q.EventUpTo = 3
		}
		for level := 1; level <= 5; level++ {
			q.Options = append(q.Options, Option{ID: fmt.Sprintf("l%d", level), Level: level, Text: "o"})
		}
		q.Options = append(q.Options, Option{ID: DontKnow, Text: "?"}, Option{ID: DoesNotApply, Text: "-"})
		s.Questions = append(s.Questions, q)
	}
	s.Foundations = []Foundation{
		{ID: "risk", Name: "risk", Weights: map[string]int{"q2": 2, "q5": 2, "q1": 1}},
		{ID: "feedback", Name: "feedback", Weights: map[string]int{"q4": 2, "q2": 1}},
	}
	return s
}

// levelsOf is one submission; level 0 means "I don't know".
func levelsOf(levels ...int) Answers {
	a := Answers{}
	for i, level := range levels {
		a[fmt.Sprintf("q%d", i+1)] = fmt.Sprintf("l%d", level)
		if level == 0 {
			a[fmt.Sprintf("q%d", i+1)] = DontKnow
		}
	}
	return a
}

func TestValidateReportsEveryFaultOfASetWithItsPlace(t *testing.T) {
	t.Parallel()
	if err := Validate(five()); err != nil {
		t.Fatal(err)
	}
	for name, of := range map[string]struct {
		spoil func(*Set)
		place string
	}{
		"no version":                     {func(s *Set) { s.Version = 0 }, "version"},
		"no title":                       {func(s *Set) { s.Title = " " }, "title"},
		"an id that fits no address":     {func(s *Set) { s.ID = "My set" }, "id"},
		"three questions":                {func(s *Set) { s.Questions = s.Questions[:3]; s.Foundations = nil }, "questions"},
		"two questions of one id":        {func(s *Set) { s.Questions[1].ID = "q1"; s.Foundations = nil }, "questions[1].id"},
		"an empty question":              {func(s *Set) { s.Questions[2].Text = "" }, "questions[2].text"},
		"a leaning that takes in habit":  {func(s *Set) { s.Questions[2].EventUpTo = 4 }, "questions[2].event_up_to"},
		"evidence that does not exist":   {func(s *Set) { s.Questions[2].Evidence = "E9" }, "questions[2].evidence"},
		"four options":                   {func(s *Set) { s.Questions[2].Options = s.Questions[2].Options[1:] }, "questions[2].options"},
		"levels out of order":            {func(s *Set) { s.Questions[2].Options[1].Level = 3 }, "questions[2].options[1].level"},
		"don't know with another id":     {func(s *Set) { s.Questions[2].Options[5].ID = "unsure" }, "questions[2].options[5].id"},
		"two options of one id":          {func(s *Set) { s.Questions[2].Options[1].ID = "l1" }, "questions[2].options[1].id"},
		"a foundation of no questions":   {func(s *Set) { s.Foundations[0].Weights = nil }, "foundations[0].weights"},
		"a foundation of other question": {func(s *Set) { s.Foundations[0].Weights = map[string]int{"q9": 1} }, "foundations[0].weights.q9"},
		"a weight of three":              {func(s *Set) { s.Foundations[0].Weights = map[string]int{"q1": 3} }, "foundations[0].weights.q1"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := five()
			of.spoil(&s)
			var faults Faults
			err := Validate(s)
			if !errors.As(err, &faults) || !errors.Is(err, ErrInvalid) || len(faults) != 1 || faults[0].Place != of.place || faults[0].Remedy == "" {
				t.Errorf("got %v, want one fault at %s", err, of.place)
			}
		})
	}
}

func TestCheckAnswersListsEachFaultyQuestionInTheOrderOfTheForm(t *testing.T) {
	t.Parallel()
	if err := CheckAnswers(five(), levelsOf(1, 2, 3, 0, 5)); err != nil {
		t.Errorf("a complete submission with a don't know is refused: %v", err)
	}
	var faults Faults
	err := CheckAnswers(five(), Answers{"q1": "l9", "q2": "l1", "q4": "", "q9": "l1"})
	if !errors.As(err, &faults) {
		t.Fatal(err)
	}
	var places []string
	for _, f := range faults {
		places = append(places, f.Place)
	}
	if got := strings.Join(places, " "); got != "q1 q3 q4 q5 q9" {
		t.Errorf("got %s\n%v", got, err)
	}
}

func TestAddingAnAnswerLeavesTheCountsAlone(t *testing.T) {
	t.Parallel()
	before := Counts{}.Add(levelsOf(1, 1, 1, 1, 1))
	after := before.Add(levelsOf(1, 2, 3, 4, 5))
	if before["q1"]["l1"] != 1 || after["q1"]["l1"] != 2 || after["q5"]["l5"] != 1 {
		t.Errorf("before %v after %v", before, after)
	}
	if keys := slices.Sorted(maps.Keys(after["q2"])); strings.Join(keys, " ") != "l1 l2" {
		t.Errorf("got %v", keys)
	}
}
