package assessments_test

import (
	"fmt"
	"strconv"
	"time"

	"shiphabit/assessments"
	"shiphabit/metrics"
)

// exampleSet asks four questions with the shortest of words.
func exampleSet() assessments.Set {
	set := assessments.Set{ID: "example", Version: 1, Title: "Event or habit?"}
	for _, id := range []string{"frequency", "response", "autonomy", "signals"} {
		q := assessments.Question{ID: id, Name: id, Text: id + "?", EventUpTo: 2}
		for level := 1; level <= 5; level++ {
			q.Options = append(q.Options, assessments.Option{ID: strconv.Itoa(level), Level: level, Text: strconv.Itoa(level)})
		}
		q.Options = append(q.Options,
			assessments.Option{ID: assessments.DontKnow, Text: "I don't know"}, assessments.Option{ID: assessments.DoesNotApply, Text: "Does not apply"})
		set.Questions = append(set.Questions, q)
	}
	return set
}

func ExampleResultOf() {
	now := time.Date(2026, 7, 6, 12, 0, 0, 0, time.UTC)
	round, _ := assessments.NewRound(exampleSet(), assessments.Plan{ID: "r1", Team: "payments", Size: 4, Consensus: true})
	round, _ = round.Open(now)
	round, counts, _ := round.Submit(assessments.Counts{}, assessments.Answers{"frequency": "2", "response": "1", "autonomy": "2", "signals": "4"})
	round, _ = round.Close(now.Add(time.Hour))
	result, _ := assessments.ResultOf(round, counts, nil)
	fmt.Println(result.Marks, result.Verdict.Verdict, "-", result.Verdict.Says)
	// Output: [consensus] room to shift - 3 of 4 answered questions lean towards deployment as an event.
}

func ExampleFrequencyEvidence() {
	to := time.Date(2026, 7, 6, 0, 0, 0, 0, time.UTC)
	facts := metrics.Facts{Service: "api"}
	for week := 13; week >= 1; week-- {
		facts.Rollouts = append(facts.Rollouts, metrics.Rollout{
			EnvironmentKind: metrics.Production, Kind: metrics.Planned, FinishedAt: to.AddDate(0, 0, -7*week).Add(15 * time.Hour),
		})
	}
	e := assessments.FrequencyEvidence(facts, to, metrics.DefaultCalendar(time.UTC), assessments.DefaultThresholds().Frequency)
	fmt.Println(e.Level, e.Grade, e.Says)
	// Output: 3 B 12 planned deployments in 12 working weeks, 1.0 a week; every week had one.
}

func ExampleRollUp() {
	_, err := assessments.RollUp("2026-Q3", nil, time.Date(2026, 9, 30, 0, 0, 0, 0, time.UTC))
	fmt.Println(err)
	// Output: the roll-up of 2026-Q3 can be made from 2026-10-08 on: teams see their result a week before; ask again then
}
