package metrics

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
)

// at is an instant of March 2026, UTC. 1 March 2026 is a Sunday.
func at(dayOfMonth, hour int) time.Time {
	return time.Date(2026, 3, dayOfMonth, hour, 0, 0, 0, time.UTC)
}

func march() Query {
	return Query{Slice: "service api", Window: Window{From: at(2, 0), To: at(30, 0)}, AsOf: at(30, 0)}
}

// rollout is a planned production rollout that finished well, with changes authored so many hours before.
func rollout(id string, finished time.Time, hours ...int) Rollout {
	r := Rollout{
		ID: "ci/" + id, Service: "api", Environment: "production", EnvironmentKind: Production, Repository: "api",
		StartedAt: finished.Add(-10 * time.Minute), FinishedAt: finished, SucceededAt: finished, Kind: Planned, KnownAt: finished,
	}
	for i, h := range hours {
		r.Changes = append(r.Changes, Change{SHA: id + string(rune('a'+i)), AuthoredAt: finished.Add(-time.Duration(h) * time.Hour)})
	}
	return r
}

func failed(r Rollout, cause Cause, after time.Duration) Rollout {
	when := r.FinishedAt.Add(after)
	r.Failures = append(r.Failures, Failure{Cause: cause, At: when, KnownAt: when, Evidence: "pager/1", Confidence: Inferred})
	return r
}

func recovered(r Rollout, after time.Duration) Rollout {
	r.Recovery = &Recovery{At: r.FinishedAt.Add(after), By: "rollback", Evidence: "ci/9"}
	return r
}

func value(t *testing.T, what string, got *float64, want float64) {
	t.Helper()
	if got == nil {
		t.Errorf("%s is not known, want %v", what, want)
		return
	}
	near(t, what, *got, want, 1e-9)
}

// story is a service over four weeks, Monday 2 to Sunday 29 March, small enough to count on paper.
func story() Facts {
	rework := rollout("4", at(11, 12), 2)
	rework.Kind = Rework
	back := rollout("6", at(17, 11))
	back.Kind = Rollback
	again := rollout("7", at(18, 10))
	again.Kind = Redeploy
	staging := rollout("s", at(19, 10), 1)
	staging.Environment, staging.EnvironmentKind = "staging", Staging
	odd := rollout("8", at(24, 10), 30)
	odd.Changes = append(odd.Changes, Change{SHA: "8x", AuthoredAt: at(25, 0), Fault: "authored after it was deployed"})
	return Facts{
		Service: "api",
		Rollouts: []Rollout{
			rollout("0", at(1, 10), 1), // before the window
			rollout("1", at(2, 10), 10, 20),
			rollout("2", at(4, 10), 4),
			recovered(failed(rollout("3", at(11, 10), 6, 8, 100), CauseIncident, time.Hour), 2*time.Hour),
			rework,
			recovered(failed(failed(rollout("5", at(17, 10), 48), CauseRollback, time.Hour), CauseIncident, 30*time.Minute), time.Hour),
			back, again, staging, odd,
			failed(rollout("9", at(29, 12), 12), CauseVerdict, time.Minute),
		},
		Incidents: []IncidentLink{
			{ID: "pager/1", EnvironmentKind: Production, Confidence: Inferred, Rollout: "ci/3", Incident: Incident{StartedAt: at(11, 11), ResolvedAt: at(11, 12)}},
			{ID: "pager/2", EnvironmentKind: Production, Confidence: Unattributed, Incident: Incident{StartedAt: at(20, 11)}},
			{ID: "pager/3", EnvironmentKind: Staging, Confidence: Unattributed, Incident: Incident{StartedAt: at(20, 11)}},
		},
		LeftOut: []LeftOut{
			{Record: "ci/deployment/c", At: at(5, 0), Reason: "cancelled"},
			{Record: "ci/deployment/d", At: at(31, 0), Reason: "cancelled"},
		},
	}
}

func TestEveryFigureOfASmallStoryIsTheOneCountedOnPaper(t *testing.T) {
	t.Parallel()
	card := MeasureAll([]Facts{story()}, march())

	// Rollouts 1, 2, 3, 4, 5, 6, 8, 9 in 28 days; 2, 1, 1 and 2 days with one in the four weeks from Monday.
	f := card.Frequency
	if f.State != OK || f.Rollouts != 8 || f.Weeks != 4 || f.Interval != nil {
		t.Errorf("frequency %+v", f)
	}
	value(t, "per day", f.PerDay, 8.0/28)
	value(t, "per week", f.PerWeek, 2)
	value(t, "days per week", f.DaysPerWeek, 1.5)
	value(t, "median working day", f.MedianWorkingDay, 0)
	value(t, "open gap", f.OpenGap, 12*3600)

	// Hours 2, 4, 6, 8, 10, 12, 20, 30, 48, 100 of ten changes in seven rollouts, whose medians are 15, 4, 8, 2, 48, 30, 12.
	l := card.LeadTime
	if l.State != OK || l.N != 10 || l.Rollouts != 7 {
		t.Errorf("lead time %+v", l)
	}
	value(t, "median", l.Median, 11*3600)
	value(t, "P75", l.P75, 27.5*3600) // rank 6.75: 20 + 0.75·10
	value(t, "P90", l.P90, 53.2*3600) // rank 8.1: 48 + 0.1·52
	value(t, "P95", l.P95, 76.6*3600) // rank 8.55: 48 + 0.55·52
	value(t, "typical rollout", l.TypicalRollout, 12*3600)
	if l.Interval == nil || *l.Interval != (Interval{Low: 2 * 3600, High: 48 * 3600, Coverage: 1 - 2.0/128}) {
		t.Errorf("interval %+v, want the smallest and largest of seven", l.Interval)
	}

	// Failed: 3, 5 and 9.
	if s := card.FailRate; s.Count != 3 || s.Of != 8 || s.Settling != 0 {
		t.Errorf("fail rate %+v", s)
	}
	value(t, "fail rate", card.FailRate.Value, 0.375)
	if s := card.Rework; s.Count != 1 || s.Of != 8 {
		t.Errorf("rework %+v", s)
	}
	if card.Causes[CauseIncident] != 2 || card.Causes[CauseRollback] != 1 || card.Causes[CauseVerdict] != 1 {
		t.Errorf("causes %v", card.Causes)
	}
	if card.Kinds[Planned] != 6 || card.Kinds[Rework] != 1 || card.Kinds[Rollback] != 1 || card.Kinds[Redeploy] != 0 {
		t.Errorf("kinds %v", card.Kinds)
	}

	// Two recoveries and an open one are fewer than five.
	if r := card.Recovery; r.State != NotEnoughData || r.N != 3 || r.Censored != 1 || r.Median != nil || r.Interval != nil {
		t.Errorf("recovery %+v", r)
	}
	value(t, "longest open", card.Recovery.Longest, 12*3600)
	if card.Incidents != 2 || card.Unattributed != 1 || card.Restore.N != 2 || card.Restore.Censored != 1 {
		t.Errorf("incidents %+v %+v", card.Incidents, card.Restore)
	}
	for reason, n := range map[string]int{"cancelled": 1, leftRedeploy: 1, "authored after it was deployed": 1} {
		if card.LeftOut[reason] != n {
			t.Errorf("left out: %q %d times, want %d", reason, card.LeftOut[reason], n)
		}
	}
}

func TestWithALowerFloorTheRecoveryCurveIsRead(t *testing.T) {
	t.Parallel()
	q := march()
	q.Definition = DORA()
	q.Definition.Floor = 1
	r := MeasureAll([]Facts{story()}, q).Recovery
	// Ended after 1 and 2 hours, open since 12: S falls to 2/3 and then 1/3, so the median is 2 h and P90 is not reached.
	value(t, "median", r.Median, 2*3600)
	if r.P90 != nil {
		t.Errorf("P90 %v is reached", *r.P90)
	}
}

func TestAsOfCutsKnowledge(t *testing.T) {
	t.Parallel()
	q := march()
	q.AsOf = at(17, 10).Add(45 * time.Minute)
	card := MeasureAll([]Facts{story()}, q)
	// The rollback at 11 and what came later are not known. Rollout 5 has failed by its incident and is still open.
	if card.Frequency.Rollouts != 5 || card.FailRate.Count != 2 || card.Causes[CauseRollback] != 0 || card.Recovery.Censored != 1 {
		t.Errorf("got %+v, causes %v, recovery %+v", card.FailRate, card.Causes, card.Recovery)
	}
	value(t, "per day", card.Frequency.PerDay, 5/(15+10.75/24))

	q.AsOf = at(17, 10).Add(15 * time.Minute)
	card = MeasureAll([]Facts{story()}, q)
	if card.FailRate.Count != 1 || card.FailRate.Settling != 1 {
		t.Errorf("a rollout 15 minutes old is not settling: %+v", card.FailRate)
	}
}

func TestAChangeCountsInTheFirstEnvironmentItReaches(t *testing.T) {
	t.Parallel()
	west, east := rollout("w", at(3, 10), 5), rollout("e", at(4, 10), 29)
	east.Environment = "production-east"
	east.Changes[0].SHA = west.Changes[0].SHA
	card := MeasureAll([]Facts{{Service: "api", Rollouts: []Rollout{west, east}}}, march())
	if card.Frequency.Rollouts != 2 || card.LeadTime.N != 1 || card.LeftOut[leftElsewhere] != 1 {
		t.Errorf("%d rollouts, %d lead times, left out %v", card.Frequency.Rollouts, card.LeadTime.N, card.LeftOut)
	}
}

func TestBotsAreLeftOutWhereTheDefinitionSaysSo(t *testing.T) {
	t.Parallel()
	r := rollout("1", at(3, 10), 5, 6)
	r.Changes[0].Bot = true
	q := march()
	q.Definition = DORA()
	if n := TallyOf(Facts{Rollouts: []Rollout{r}}, q); n.LeadTimes.Len() != 2 {
		t.Errorf("by default a bot's change counts, got %d", n.LeadTimes.Len())
	}
	q.Definition.WithoutBots = true
	if n := TallyOf(Facts{Rollouts: []Rollout{r}}, q); n.LeadTimes.Len() != 1 || n.LeftOut[leftBot] != 1 {
		t.Errorf("got %d lead times, left out %v", n.LeadTimes.Len(), n.LeftOut)
	}
}

func TestStagesSplitLeadTimePerPullRequest(t *testing.T) {
	t.Parallel()
	var fs Facts
	for i := range 5 {
		r := rollout("r"+string(rune('0'+i)), at(3+i, 12), 10, 9, 1)
		start := r.FinishedAt.Add(-10 * time.Hour)
		for j := range r.Changes[:2] {
			c := &r.Changes[j]
			c.PullRequest, c.OpenedAt, c.ReviewedAt, c.MergedAt = "7", start.Add(2*time.Hour), start.Add(5*time.Hour), start.Add(6*time.Hour)
		}
		fs.Rollouts = append(fs.Rollouts, r)
	}
	want := map[string]float64{stageCoding: 2, stagePickup: 3, stageReview: 1, stageWait: 4 - 1.0/6, stageDeploy: 1.0 / 6}
	stages := MeasureAll([]Facts{fs}, march()).Stages
	if len(stages) != len(want) {
		t.Fatalf("%d stages", len(stages))
	}
	for _, s := range stages {
		if s.N != 5 {
			t.Errorf("%s: %d spans, want one per pull request", s.Name, s.N)
		}
		value(t, s.Name, s.Median, want[s.Name]*3600)
	}
}

func TestWithoutDataNothingIsZero(t *testing.T) {
	t.Parallel()
	for name, fs := range map[string][]Facts{
		"no data":         nil,
		"not enough data": {{Rollouts: []Rollout{recovered(failed(rollout("1", at(3, 10), 5), CauseRun, 0), time.Hour)}}},
	} {
		card := MeasureAll(fs, march())
		text, err := json.Marshal(card)
		if err != nil {
			t.Fatal(err)
		}
		if n := strings.Count(string(text), `"state":"`+name+`"`); n < 5 {
			t.Errorf("%s: stated %d times in %s", name, n, text)
		}
		for _, key := range []string{"per_day", "per_week", "days_per_week", "median_working_day", "median_s", "p75_s", "p90_s", "p95_s", "value", "interval"} {
			if strings.Count(string(text), `"`+key+`":`) != strings.Count(string(text), `"`+key+`":null`) {
				t.Errorf("%s: %s is not null in %s", name, key, text)
			}
		}
	}
}
