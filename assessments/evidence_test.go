package assessments

import (
	"fmt"
	"math"
	"strings"
	"testing"
	"time"

	"shiphabit/metrics"
)

// Monday 6 July 2026 ends every window below; twelve weeks before it is Monday 13 April.
var monday = time.Date(2026, 7, 6, 0, 0, 0, 0, time.UTC)

var weekdays = metrics.DefaultCalendar(time.UTC)

// planned are planned rollouts at noon so many days before the end of the window.
func planned(daysBefore ...int) metrics.Facts {
	f := metrics.Facts{Service: "api"}
	for i, d := range daysBefore {
		at := monday.AddDate(0, 0, -d).Add(12 * time.Hour)
		f.Rollouts = append(f.Rollouts, metrics.Rollout{
			ID: fmt.Sprintf("git/%d", i), Service: "api", Environment: "production", EnvironmentKind: metrics.Production,
			Kind: metrics.Planned, StartedAt: at.Add(-time.Minute), FinishedAt: at, SucceededAt: at,
		})
	}
	return f
}

// each repeats the days of a week, counted back from its end, over the weeks of the window; 400 days before it the records begin.
func each(weeks int, daysOfWeek ...int) []int {
	days := []int{400}
	for w := weeks - 1; w >= 0; w-- {
		for _, d := range daysOfWeek {
			days = append(days, 7*w+d)
		}
	}
	return days
}

func recordsOf(f metrics.Facts) Records { return Records{Services: []metrics.Facts{f}} }

func frequencyOf(f metrics.Facts) Evidence {
	return FrequencyEvidence(f, monday, weekdays, DefaultThresholds().Frequency)
}

func figure(e Evidence, name string) float64 {
	for _, f := range e.Figures {
		if f.Name == name && f.Value != nil {
			return *f.Value
		}
	}
	return math.NaN()
}

func TestE1LevelsFollowFrequencyAndEvenness(t *testing.T) {
	t.Parallel()
	// A week before the window's end, counted back: 7 is Monday, 6 Tuesday, … 3 Friday, 2 Saturday.
	twice := func(days []int) []int { return append(days[:1:1], append(days[1:], days[1:]...)...) }
	for name, want := range map[string]struct {
		days        []int
		level       int
		grade       Grade
		f, g50, g90 float64
	}{
		"every working day":                    {each(12, 7, 6, 5, 4, 3), 5, GradeA, 5, 1, 1},
		"every working day but one whole week": {each(11, 7, 6, 5, 4, 3), 4, GradeA, 55.0 / 12, 1, 1},
		"twice a week":                         {each(12, 7, 4), 4, GradeA, 2, 2.5, 3},
		"once a week":                          {each(12, 5), 3, GradeB, 1, 5, 5},
		"every other Wednesday":                {[]int{400, 75, 61, 47, 33, 19, 5}, 2, GradeB, 0.5, 10, 10},
		"twice in twelve weeks":                {[]int{400, 61, 5}, 1, GradeC, 2.0 / 12, 21, 36.2},
		"never in the window":                  {[]int{400}, 1, GradeC, 0, 60, 60},
		// 24 in one day: f = 2 would be level 4, but then 54 working days of silence follow.
		"many on one day, then silence": {twice(twice(twice([]int{400, 77, 77, 77}))), 3, GradeA, 2, 54, 54},
		// Nothing lies between a Friday and the Saturday after it, five working days until the next Friday.
		"Saturdays count with Friday": {each(12, 3, 2), 3, GradeA, 2, 5, 5},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := frequencyOf(planned(want.days...))
			if e.Level != want.level || e.Grade != want.grade || math.Abs(figure(e, "f")-want.f) > 1e-9 ||
				math.Abs(figure(e, "G50")-want.g50) > 1e-9 || math.Abs(figure(e, "G90")-want.g90) > 1e-9 || e.N != len(want.days)-1 || len(e.Rows) != e.N {
				t.Errorf("level %d grade %s f %.3f G50 %.2f G90 %.2f n %d\n%s", e.Level, e.Grade, figure(e, "f"), figure(e, "G50"), figure(e, "G90"), e.N, e.Says)
			}
		})
	}
}

func TestE1CountsPlannedProductionRolloutsOnly(t *testing.T) {
	t.Parallel()
	f := planned(each(12, 5)...)
	for i, kind := range []metrics.Kind{metrics.Rollback, metrics.Rework, metrics.Redeploy, metrics.Reapply} {
		f.Rollouts[len(f.Rollouts)-1-i].Kind = kind
	}
	f.Rollouts[1].EnvironmentKind = metrics.Staging
	if e := frequencyOf(f); e.N != 7 {
		t.Errorf("n %d", e.N)
	}
}

func TestE1GapsAreThoseOfTheIndex(t *testing.T) {
	t.Parallel()
	for _, days := range [][]int{each(12, 7, 4), each(12, 3, 2), {400, 77, 60, 41, 40, 3, 2}, {70, 69, 68, 67, 20, 1}} {
		f := planned(days...)
		e, index := frequencyOf(f), metrics.HabitIndex(f, monday, weekdays)
		if !e.Window.From.Equal(index.Window.From) || !e.Window.To.Equal(index.Window.To) || e.N != index.N {
			t.Errorf("window %v against %v, n %d against %d", e.Window, index.Window, e.N, index.N)
		}
		for _, p := range index.Parts {
			if strings.Contains(p.Name, "quiet") && p.Known && math.Abs(p.Input-figure(e, "G90")) > 1e-9 {
				t.Errorf("%v: G90 %v, the index says %v", days, figure(e, "G90"), p.Input)
			}
		}
	}
}

func TestHolidaysAreNoWorkingDays(t *testing.T) {
	t.Parallel()
	cal := weekdays
	cal.Holidays = map[string]bool{}
	for d := range 7 { // the last week of the window is free
		cal.Holidays[monday.AddDate(0, 0, d-7).Format(time.DateOnly)] = true
	}
	f := planned(each(12, 7, 6, 5, 4, 3)[:56]...)
	e := FrequencyEvidence(f, monday, cal, DefaultThresholds().Frequency)
	if e.Level != 5 || figure(e, "f") != 5 || figure(e, "z") != 0 || figure(e, "G90") != 1 {
		t.Errorf("a free week counts against the team: %+v", e.Says)
	}
}

func TestWithoutRecordsThereIsNoLevel(t *testing.T) {
	t.Parallel()
	for _, e := range EvidenceOf(Records{}, monday, weekdays, DefaultThresholds()) {
		if e.Grade != GradeNone || e.Level != 0 || e.Missing == "" || !strings.HasPrefix(e.Says, "Not measured") {
			t.Errorf("%+v", e)
		}
	}
	late := planned(-3)
	if e := frequencyOf(late); e.Grade != GradeNone {
		t.Errorf("a first deployment after the window is no evidence: %+v", e)
	}
	var noWork metrics.Calendar
	if e := FrequencyEvidence(planned(400, 5), monday, noWork, DefaultThresholds().Frequency); e.Grade != GradeNone || !strings.Contains(e.Missing, "calendar") {
		t.Errorf("a calendar without working days: %+v", e)
	}
}

func TestRecordsThatBeginInTheWindowCoverOnlyAPart(t *testing.T) {
	t.Parallel()
	e := frequencyOf(planned(each(6, 7, 6, 5, 4, 3)[1:]...))
	if math.Abs(*e.Coverage-0.5) > 1e-9 || e.Grade != GradeC {
		t.Errorf("coverage %v grade %s", *e.Coverage, e.Grade)
	}
}

func TestATeamIsItsMedianServiceTheLowerOfTwo(t *testing.T) {
	t.Parallel()
	daily, weekly := planned(each(12, 7, 6, 5, 4, 3)...), planned(each(12, 5)...)
	daily.Service, weekly.Service = "daily", "weekly"
	unknown := metrics.Facts{Service: "unknown"}
	for name, want := range map[string]struct {
		facts []metrics.Facts
		is    string
	}{
		"two":                      {[]metrics.Facts{daily, weekly}, "weekly"},
		"three":                    {[]metrics.Facts{daily, weekly, daily}, "daily"},
		"one of them not measured": {[]metrics.Facts{unknown, daily}, "daily"},
		"none of them measured":    {[]metrics.Facts{unknown}, "unknown"},
	} {
		if got := EvidenceOf(Records{Services: want.facts}, monday, weekdays, DefaultThresholds())[0]; got.Service != want.is {
			t.Errorf("%s: %s (%s)", name, got.Service, got.Says)
		}
	}
}

// failing gives the rollout at the index a failure, ended after a while by the next rollout, of the kind given.
func failing(f metrics.Facts, i int, cause metrics.Cause, kind metrics.Kind, after time.Duration) {
	r, next := &f.Rollouts[i], &f.Rollouts[i+1]
	next.Kind = kind
	next.FinishedAt = r.FinishedAt.Add(after)
	next.StartedAt = next.FinishedAt.Add(-2 * time.Minute)
	next.SucceededAt = next.FinishedAt
	r.Failures = []metrics.Failure{{Cause: cause, At: r.FinishedAt, Evidence: next.ID}}
	by := "fix"
	if kind == metrics.Rollback {
		by = "rollback"
	}
	r.Recovery = &metrics.Recovery{At: next.FinishedAt, By: by, Evidence: next.ID}
}

func TestE2LevelsFollowTheWayBack(t *testing.T) {
	t.Parallel()
	days := []int{400, 170, 170, 150, 150, 120, 120, 90, 90, 60, 60, 3}
	for name, want := range map[string]struct {
		cause metrics.Cause
		kind  metrics.Kind
		after time.Duration
		level int
		grade Grade
		back  float64
	}{
		"rolled back within the hour":            {metrics.CauseRun, metrics.Rollback, 30 * time.Minute, 4, GradeA, 1},
		"rolled back within the day":             {metrics.CauseRun, metrics.Rollback, 5 * time.Hour, 3, GradeA, 1},
		"repaired within the day":                {metrics.CauseRun, metrics.Rework, 5 * time.Hour, 2, GradeA, 0},
		"repaired after days":                    {metrics.CauseRun, metrics.Rework, 50 * time.Hour, 1, GradeA, 0},
		"reverted, and known only from the code": {metrics.CauseRevert, metrics.Rework, 30 * time.Minute, 4, GradeC, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := planned(days...)
			for i := 1; i < 11; i += 2 {
				failing(f, i, want.cause, want.kind, want.after)
			}
			e := ResponseEvidence(recordsOf(f), monday, weekdays, DefaultThresholds().Response)
			if e.N != 5 || e.Level != want.level || e.Grade != want.grade || figure(e, "R") != want.back || figure(e, "P50") != want.after.Seconds() || figure(e, "O") != 1 {
				t.Errorf("%+v\n%s", e.Figures, e.Says)
			}
			if !strings.Contains(e.Missing, "level 5 cannot be shown") {
				t.Errorf("it says what is missing: %s", e.Missing)
			}
		})
	}
}

func TestE2CountsAnOpenFailureAsNotEnded(t *testing.T) {
	t.Parallel()
	f := planned(400, 100, 50)
	f.Rollouts[1].Failures = []metrics.Failure{{Cause: metrics.CauseIncident}}
	f.Rollouts[2].Failures = []metrics.Failure{{Cause: metrics.CauseIncident}}
	e := ResponseEvidence(recordsOf(f), monday, weekdays, DefaultThresholds().Response)
	if e.Level != 1 || figure(e, "R") != 0 || !math.IsNaN(figure(e, "P50")) || !strings.Contains(e.Says, "median recovery not reached") {
		t.Errorf("level %d: %s", e.Level, e.Says)
	}
}

func TestE4LevelsFollowDetection(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]struct {
		after time.Duration
		by    string
		level int
		grade Grade
	}{
		"a monitor within minutes": {10 * time.Minute, "monitor", 4, GradeA},
		"a monitor within an hour": {50 * time.Minute, "monitor", 3, GradeA},
		"a person within minutes":  {10 * time.Minute, "human", 2, GradeA},
		"a person after two days":  {48 * time.Hour, "human", 1, GradeA},
		"nobody knows who":         {10 * time.Minute, "", 0, GradeNone},
		"before the rollout ended": {-10 * time.Minute, "monitor", 4, GradeA},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := planned(400, 100, 90, 80, 70, 60)
			for i := 1; i < 6; i++ {
				r := &f.Rollouts[i]
				r.Failures = []metrics.Failure{{Cause: metrics.CauseIncident}}
				f.Incidents = append(f.Incidents, metrics.IncidentLink{
					Rollout: r.ID, Incident: metrics.Incident{DetectedAt: r.FinishedAt.Add(want.after), DetectedBy: want.by},
				})
			}
			e := SignalEvidence(recordsOf(f), monday, weekdays, DefaultThresholds().Signals)
			if e.Level != want.level || e.Grade != want.grade {
				t.Errorf("level %d grade %s: %s", e.Level, e.Grade, e.Says)
			}
		})
	}
}

func TestE4CountsHealthVerdictsInTime(t *testing.T) {
	t.Parallel()
	f := planned(each(12, 7, 4)...)
	for i := range f.Rollouts {
		r := &f.Rollouts[i]
		r.Verdict, r.VerdictAt = "healthy", r.FinishedAt.Add(5*time.Minute)
		if i%4 == 0 {
			r.VerdictAt = r.FinishedAt.Add(time.Hour) // too late
		}
	}
	e := SignalEvidence(recordsOf(f), monday, weekdays, DefaultThresholds().Signals)
	if e.Level != 4 || e.Grade != GradeB || math.Abs(figure(e, "V")-0.75) > 1e-9 {
		t.Errorf("level %d grade %s V %v: %s", e.Level, e.Grade, figure(e, "V"), e.Says)
	}
}
