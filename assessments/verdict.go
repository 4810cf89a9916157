package assessments

import "fmt"

// Verdict is the answer to the product's question for one team.
type Verdict string

// The verdicts.
const (
	RoomToShift      Verdict = "room to shift"
	Habit            Verdict = "habit"
	MostlyHabit      Verdict = "mostly habit"
	NotEnoughAnswers Verdict = "not enough answers"
)

// Verdicts are all of them, from habit on.
func Verdicts() []Verdict { return []Verdict{Habit, MostlyHabit, RoomToShift, NotEnoughAnswers} }

// verdictOf follows from the lower medians: three or more that lean event leave room to shift; habit needs all of at least
// four at level 4 or above; fewer than three scored questions say nothing.
func verdictOf(questions []QuestionResult) VerdictResult {
	v := VerdictResult{LeansEvent: []string{}}
	habitual := true
	for _, q := range questions {
		if q.Median == nil {
			continue
		}
		v.Scored++
		habitual = habitual && *q.Median >= favourableFrom
		if q.LeansEvent {
			v.LeansEvent = append(v.LeansEvent, q.ID)
		}
	}
	switch {
	case v.Scored < 3:
		v.Verdict = NotEnoughAnswers
	case len(v.LeansEvent) >= 3:
		v.Verdict = RoomToShift
	case habitual && v.Scored >= 4:
		v.Verdict = Habit
	default:
		v.Verdict = MostlyHabit
	}
	v.Says = v.says(len(questions))
	return v
}

func (v VerdictResult) says(asked int) string {
	if v.Verdict == NotEnoughAnswers {
		return fmt.Sprintf("%d of %d questions have a scored answer; a verdict needs three.", v.Scored, asked)
	}
	return fmt.Sprintf("%d of %d answered questions lean towards deployment as an event.", len(v.LeansEvent), v.Scored)
}
