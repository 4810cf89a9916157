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

// exampleFacts are twenty deployments of the team pay over the last twenty days, the newest a day old.
func exampleFacts(to time.Time, each func(day int, r *metrics.Rollout)) metrics.Facts {
	facts := metrics.Facts{Service: "api", Team: "pay"}
	for day := 20; day >= 1; day-- {
		at := to.AddDate(0, 0, -day).Add(10 * time.Hour)
		r := metrics.Rollout{
			ID: "ci/" + strconv.Itoa(day), Service: "api", EnvironmentKind: metrics.Production, Kind: metrics.Planned,
			StartedAt: at, FinishedAt: at.Add(time.Minute), SucceededAt: at.Add(time.Minute),
		}
		each(day, &r)
		facts.Rollouts = append(facts.Rollouts, r)
	}
	return facts
}

var exampleEnd = time.Date(2026, 7, 6, 0, 0, 0, 0, time.UTC)

func ExampleResponseEvidence() {
	facts := exampleFacts(exampleEnd, func(day int, r *metrics.Rollout) {
		switch day % 4 {
		case 0:
			r.Failures = []metrics.Failure{{Cause: metrics.CauseRun, At: r.FinishedAt}}
			r.Recovery = &metrics.Recovery{At: r.FinishedAt.AddDate(0, 0, 1), By: "rollback", Evidence: "ci/" + strconv.Itoa(day-1)}
		case 3:
			r.Kind = metrics.Rollback
		}
	})
	e := assessments.ResponseEvidence(assessments.Records{Services: []metrics.Facts{facts}}, exampleEnd,
		metrics.DefaultCalendar(time.UTC), assessments.DefaultThresholds().Response)
	fmt.Println(e.Level, e.Grade, e.Says)
	// Output: 3 A 5 failed deployments in 26 weeks, 100% ended by going back, median recovery 24.0 h.
}

func ExampleAutonomyEvidence() {
	facts := exampleFacts(exampleEnd, func(day int, r *metrics.Rollout) {
		r.Hands.Starter = metrics.HandProgram
		if day%10 == 0 {
			r.Approvals = []metrics.Approval{{ApproverTeam: "release board", Decision: "granted", DecidedAt: r.StartedAt}}
			r.Waits.DecidedOutside = 1
		}
	})
	e := assessments.AutonomyEvidence(assessments.Records{Services: []metrics.Facts{facts}}, exampleEnd,
		metrics.DefaultCalendar(time.UTC), assessments.DefaultThresholds().Autonomy)
	fmt.Println(e.Level, e.Grade, e.Says)
	// Output: 4 A 2 of 20 deployments went through somebody outside the team; none of 2 approvals was refused: the refusal rate is below about 100% (95%).
}

func ExampleSignalEvidence() {
	facts := exampleFacts(exampleEnd, func(day int, r *metrics.Rollout) {
		if day > 5 {
			r.Verdict, r.VerdictAt = "healthy", r.FinishedAt.Add(10*time.Minute)
		}
	})
	e := assessments.SignalEvidence(assessments.Records{Services: []metrics.Facts{facts}}, exampleEnd,
		metrics.DefaultCalendar(time.UTC), assessments.DefaultThresholds().Signals)
	fmt.Println(e.Level, e.Grade, e.Says)
	// Output: 4 B 15 of 20 deployments had a health verdict within 15 minutes; when failures were noticed is not known.
}

func ExampleCeremonyEvidence() {
	facts := exampleFacts(exampleEnd, func(_ int, r *metrics.Rollout) {
		r.Changes = []metrics.Change{{SHA: "c", MergedAt: r.StartedAt.Add(-30 * time.Minute)}}
		r.Labels = map[string]string{"coordination": "none"}
	})
	night := exampleEnd.AddDate(0, 0, -2).Add(3 * time.Hour)
	neighbours := assessments.NeighboursOf("pay", []string{"api"},
		[]metrics.Service{{Name: "web", Team: "front"}, {Name: "shop", Team: "front"}}, map[string][]time.Time{"web": {night}, "shop": {night}})
	e := assessments.CeremonyEvidence(assessments.Records{Services: []metrics.Facts{facts}, Neighbours: neighbours}, exampleEnd,
		metrics.DefaultCalendar(time.UTC), assessments.DefaultThresholds().Ceremony)
	fmt.Println(e.Level, e.Grade, e.Says)
	// Output: 5 C Half of 20 changes began to go out within 30 min of working time after the merge; 6 of 20 shipped in the two busiest two-hour cells of the week.
}

func ExampleExplain() {
	facts := exampleFacts(exampleEnd, func(int, *metrics.Rollout) {})
	all := assessments.EvidenceOf(assessments.Records{Services: []metrics.Facts{facts}}, exampleEnd, metrics.DefaultCalendar(time.UTC), assessments.DefaultThresholds())
	x, _ := assessments.Explain(all, "E1")
	for _, step := range x.Tried {
		fmt.Println("level", step.Level, "holds:", step.Holds)
	}
	fmt.Println(len(x.Records), "records, the last", x.Records[len(x.Records)-1].Record)
	// Output:
	// level 5 holds: false
	// level 4 holds: false
	// level 3 holds: true
	// 20 records, the last ci/1
}
