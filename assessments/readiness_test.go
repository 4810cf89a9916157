package assessments

import (
	"math"
	"strings"
	"testing"
	"time"

	"shiphabit/metrics"
)

// fiveFailures were each noticed a minute after their deployment finished and rolled back three minutes later.
func fiveFailures() metrics.Facts {
	f := planned(400, 170, 170, 150, 150, 140, 140, 130, 130, 120, 120, 3)
	for i := 1; i < 11; i += 2 {
		failing(f, i, metrics.CauseRun, metrics.Rollback, 6*time.Minute)
		r := f.Rollouts[i]
		f.Incidents = append(f.Incidents, metrics.IncidentLink{Rollout: r.ID, Incident: metrics.Incident{DetectedAt: r.FinishedAt.Add(time.Minute), DetectedBy: "monitor"}})
	}
	return f
}

func daysBack(n int) time.Time { return monday.AddDate(0, 0, -n) }

func TestE2Level5NeedsAPracticedQuickAndEvenWayBack(t *testing.T) {
	t.Parallel()
	drilled := []Readiness{{Service: "api", DrilledOn: []time.Time{daysBack(200), daysBack(90)}}}
	for name, want := range map[string]struct {
		change    func(*metrics.Facts)
		readiness []Readiness
		level     int
	}{
		"drilled ninety days ago":                    {nil, drilled, 5},
		"drilled ninety-one days ago":                {nil, []Readiness{{DrilledOn: []time.Time{daysBack(91)}}}, 4},
		"drilled after the window ended":             {nil, []Readiness{{DrilledOn: []time.Time{daysBack(-1)}}}, 4},
		"never drilled":                              {nil, nil, 4},
		"noticed, then looked at for eleven minutes": {func(f *metrics.Facts) { later(f, 15*time.Minute) }, drilled, 4},
		"acted upon after exactly ten minutes":       {func(f *metrics.Facts) { later(f, 13*time.Minute) }, drilled, 5},
		"one of five was left to be fixed later":     {func(f *metrics.Facts) { f.Rollouts[2].Kind, f.Rollouts[1].Recovery.By = metrics.Rework, "fix" }, drilled, 5},
		"two of five were": {func(f *metrics.Facts) {
			f.Rollouts[2].Kind, f.Rollouts[1].Recovery.By = metrics.Rework, "fix"
			f.Rollouts[4].Kind, f.Rollouts[3].Recovery.By = metrics.Rework, "fix"
		}, drilled, 4},
		"one took a day": {func(f *metrics.Facts) { f.Rollouts[1].Recovery.At = f.Rollouts[1].FinishedAt.Add(24 * time.Hour) }, drilled, 4},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := fiveFailures()
			if want.change != nil {
				want.change(&f)
			}
			records := recordsOf(f)
			records.Readiness = want.readiness
			if e := ResponseEvidence(records, monday, weekdays, DefaultThresholds().Response); e.Level != want.level || e.Grade != GradeA {
				t.Errorf("level %d grade %s: %+v", e.Level, e.Grade, e.Tried)
			}
		})
	}
}

// later ends every failure so long after its deployment.
func later(f *metrics.Facts, after time.Duration) {
	for i := 1; i < 11; i += 2 {
		failing(*f, i, metrics.CauseRun, metrics.Rollback, after)
	}
}

// Repaired within hours by repairs alone is level 2, and level 3 when the way back is ready besides.
func TestE2Level3NeedsAWayBackThatIsReady(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]struct {
		readiness Readiness
		rollback  int // days before the end; 0 for none
		level     int
	}{
		"nothing is declared and nothing was rolled back": {Readiness{}, 0, 2},
		"a rollback ran ninety days ago":                  {Readiness{}, 90, 3},
		"a rollback ran ninety-one days ago":              {Readiness{}, 91, 2},
		"a runbook was touched 180 days ago":              {Readiness{Runbook: "https://wiki.example.org/back", TouchedOn: daysBack(180)}, 0, 3},
		"a runbook was touched 181 days ago":              {Readiness{Runbook: "https://wiki.example.org/back", TouchedOn: daysBack(181)}, 0, 2},
		"a date without a runbook is none":                {Readiness{TouchedOn: daysBack(5)}, 0, 2},
		"a runbook of which nobody says when":             {Readiness{Runbook: "https://wiki.example.org/back"}, 0, 2},
		"a drill ninety days ago":                         {Readiness{DrilledOn: []time.Time{daysBack(90)}}, 0, 3},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := planned(400, 170, 170, 150, 150)
			failing(f, 1, metrics.CauseRun, metrics.Rework, 5*time.Hour)
			failing(f, 3, metrics.CauseRun, metrics.Rework, 5*time.Hour)
			if want.rollback > 0 {
				at := daysBack(want.rollback)
				f.Rollouts = append(f.Rollouts, metrics.Rollout{
					ID: "git/back", EnvironmentKind: metrics.Production, Kind: metrics.Rollback, FinishedAt: at, SucceededAt: at,
				})
			}
			records := recordsOf(f)
			records.Readiness = []Readiness{want.readiness}
			if e := ResponseEvidence(records, monday, weekdays, DefaultThresholds().Response); e.Level != want.level {
				t.Errorf("level %d: %+v", e.Level, e.Figures)
			}
		})
	}
}

func TestE4Level5NeedsAnAutomaticStop(t *testing.T) {
	t.Parallel()
	unhealthy := func(r *metrics.Rollout, after time.Duration) {
		r.Verdict, r.VerdictAt = "unhealthy", r.FinishedAt.Add(after)
		r.Failures = []metrics.Failure{{Cause: metrics.CauseVerdict, At: r.VerdictAt}}
	}
	// back makes the rollout after the failed one its rollback.
	back := func(f *metrics.Facts, trigger string, after time.Duration) {
		last := len(f.Rollouts) - 1
		r, failed := &f.Rollouts[last], f.Rollouts[last-1]
		r.Kind, r.Of, r.Trigger, r.StartedAt = metrics.Rollback, failed.ID, trigger, failed.FinishedAt.Add(after)
		r.FinishedAt = r.StartedAt.Add(time.Minute)
		r.VerdictAt = r.FinishedAt
	}
	for name, want := range map[string]struct {
		change func(f *metrics.Facts, failed *metrics.Rollout)
		level  int
	}{
		"an unhealthy verdict, and an automatic rollback": {func(f *metrics.Facts, r *metrics.Rollout) {
			unhealthy(r, 4*time.Minute)
			back(f, "automatic", 30*time.Minute)
		}, 5},
		"an unhealthy verdict, and somebody's rollback": {func(f *metrics.Facts, r *metrics.Rollout) {
			unhealthy(r, 4*time.Minute)
			back(f, "manual", 5*time.Minute)
		}, 4},
		"an automatic rollback before the verdict came": {func(f *metrics.Facts, r *metrics.Rollout) {
			unhealthy(r, 5*time.Minute)
			back(f, "automatic", 2*time.Minute)
		}, 5},
		"an automatic run that failed after its verdict": {func(_ *metrics.Facts, r *metrics.Rollout) {
			unhealthy(r, -time.Minute)
			r.Trigger = "automatic"
			r.Failures = append(r.Failures, metrics.Failure{Cause: metrics.CauseRun, At: r.FinishedAt})
		}, 5},
		"a run by hand that failed after its verdict": {func(_ *metrics.Facts, r *metrics.Rollout) {
			unhealthy(r, -time.Minute)
			r.Trigger = "manual"
			r.Failures = append(r.Failures, metrics.Failure{Cause: metrics.CauseRun, At: r.FinishedAt})
		}, 4},
		"an automatic deployment that was cancelled after its verdict": {func(f *metrics.Facts, r *metrics.Rollout) {
			unhealthy(r, time.Minute)
			f.LeftOut = []metrics.LeftOut{{Record: "watch/verdict/1", At: r.FinishedAt, Reason: metrics.LeftStopped}}
		}, 5},
		"such a cancelled deployment long ago": {func(f *metrics.Facts, r *metrics.Rollout) {
			unhealthy(r, time.Minute)
			f.LeftOut = []metrics.LeftOut{{Record: "watch/verdict/1", At: daysBack(91), Reason: metrics.LeftStopped}}
		}, 4},
		"detected after more than five minutes": {func(f *metrics.Facts, r *metrics.Rollout) {
			unhealthy(r, 6*time.Minute)
			back(f, "automatic", 8*time.Minute)
		}, 4},
		"an automatic rollback long after, without a verdict, may be somebody's push": {func(f *metrics.Facts, r *metrics.Rollout) {
			r.Failures = []metrics.Failure{{Cause: metrics.CauseRun}}
			f.Incidents = []metrics.IncidentLink{{Rollout: r.ID, Incident: metrics.Incident{DetectedAt: r.FinishedAt.Add(time.Minute), DetectedBy: "monitor"}}}
			back(f, "automatic", 16*time.Minute)
		}, 4},
		"nothing ever failed": {func(*metrics.Facts, *metrics.Rollout) {}, 4},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f := planned(each(12, 7, 4)...)
			for i := range f.Rollouts {
				f.Rollouts[i].Verdict, f.Rollouts[i].VerdictAt = "healthy", f.Rollouts[i].FinishedAt.Add(5*time.Minute)
			}
			want.change(&f, &f.Rollouts[len(f.Rollouts)-2])
			e := SignalEvidence(recordsOf(f), monday, weekdays, DefaultThresholds().Signals)
			if e.Level != want.level || math.IsNaN(figure(e, "V")) {
				t.Errorf("level %d: %+v", e.Level, e.Figures)
			}
			if stop := !math.IsNaN(figure(e, "stop")); stop == strings.Contains(e.Missing, "automatic stops") {
				t.Errorf("stop seen: %v, missing %q", stop, e.Missing)
			}
		})
	}
}

func TestAnUnhealthyVerdictIsADetectionByAMachine(t *testing.T) {
	t.Parallel()
	f := planned(400, 60, 3)
	r := &f.Rollouts[1]
	r.Failures = []metrics.Failure{{Cause: metrics.CauseVerdict, At: r.FinishedAt.Add(4 * time.Minute)}}
	f.Incidents = []metrics.IncidentLink{{Rollout: r.ID, Incident: metrics.Incident{DetectedAt: r.FinishedAt.Add(time.Hour), DetectedBy: "human"}}}
	e := SignalEvidence(recordsOf(f), monday, weekdays, DefaultThresholds().Signals)
	if figure(e, "TTD50") != 240 || figure(e, "A") != 1 {
		t.Errorf("%+v", e.Figures)
	}
	f.Incidents[0].DetectedAt = r.FinishedAt.Add(time.Minute) // somebody was quicker
	if e := SignalEvidence(recordsOf(f), monday, weekdays, DefaultThresholds().Signals); figure(e, "TTD50") != 60 || figure(e, "A") != 0 {
		t.Errorf("%+v", e.Figures)
	}
}
