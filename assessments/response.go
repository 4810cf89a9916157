package assessments

import (
	"fmt"
	"slices"
	"time"

	"shiphabit/metrics"
)

// responseWeeks is the window of E2 and E4: failures are rare, so it is longer than that of the deployments.
const responseWeeks = 26

// failure is a failed rollout with what its service's records tell of the way out of it. A nil duration is not known.
type failure struct {
	service string
	rollout metrics.Rollout
	over    bool // it has ended by the instant it is looked at
	// wentBack: ended by a rollback or a revert. remedies counts the rollbacks and reworks up to the recovery, and the
	// deployment that ended it.
	wentBack bool
	remedies int
	// act is detection to the start of the first remedy, detect the deployment's finish to detection.
	act, detect *time.Duration
	machine     *bool // noticed by a monitor
}

// ResponseEvidence is E2 of a team's services at an instant: R, the share of failures ended by going back; T_act, the median
// time from detection to the first remedy; recovery P50 and U = P90 ÷ P50, open failures censored; O, the share ended by
// exactly one remedy; whether the way back is ready, and how long ago it was last drilled.
func ResponseEvidence(records Records, to time.Time, cal metrics.Calendar, t ResponseThresholds) Evidence {
	s := spanBefore(to, responseWeeks, cal)
	e := Evidence{ID: "E2", Window: s.window, Grade: GradeNone, NOf: "failed deployments"}
	failures := failuresOf(records.Services, s.window)
	for _, f := range records.Services {
		e.exclude(leftOut(f, s.window)...)
	}
	if e.N = len(failures); e.N == 0 {
		e.notMeasured("no failed deployment is known; deployments with their status, or incidents, would show one")
		return e
	}
	e.Coverage = new(fractionOf(failures, recorded))
	e.Grade = grade(e.N >= 5, e.N >= 2, *e.Coverage)
	for _, f := range failures {
		e.row(f.service, f.rollout, f.says())
	}
	back, once := fractionOf(failures, func(f failure) bool { return f.wentBack }), fractionOf(failures, func(f failure) bool { return f.remedies == 1 })
	recovery := recoveryOf(records.Services, s.window, cal)
	e.figure("R", "share of failures ended by going back", &back, UnitShare)
	e.figure("T_act", "median time from detection to the first remedy", median(failures, func(f failure) *time.Duration { return f.act }), UnitSeconds)
	e.figure("P50", "median recovery, open failures counted as such", recovery.Median, UnitSeconds)
	e.figure("U", "one in ten takes so many times the median", quotient(recovery.P90, recovery.Median), UnitRatio)
	e.figure("O", "share ended by exactly one remedy", &once, UnitShare)
	e.readiness(records, to, t)
	e.climb(
		onlyIf(5, atLeast("R", t.WayBack5), soon("T_act", t.Act5), atMost("U", t.Spread5), within("drill", t.Drill)),
		onlyIf(4, atLeast("R", t.WayBack4), soon("P50", t.Recovery4), atLeast("O", t.Once4)),
		rung{3, [][]limit{{yes("ready"), atLeast("R", t.WayBack3)}, {yes("ready"), sooner("P50", t.Recovery2)}}},
		onlyIf(2, sooner("P50", t.Recovery2)),
		rung{level: 1},
	)
	e.Says = fmt.Sprintf("%s in 26 weeks, %.0f%% ended by going back, median recovery %s.", plural(e.N, "failed deployment"), 100*back, spell(recovery.Median))
	return e
}

// says tells what became of the failure.
func (f failure) says() string {
	said := "still open"
	if f.over {
		took := f.rollout.Recovery.At.Sub(f.rollout.FinishedAt).Seconds()
		said = fmt.Sprintf("over after %s by %s; remedies tried: %d", spell(&took), f.rollout.Recovery.By, f.remedies)
		if f.wentBack && f.rollout.Recovery.By != "rollback" {
			said += ", a revert"
		}
	}
	if f.act != nil {
		seconds := f.act.Seconds()
		said += "; the first began " + spell(&seconds) + " after it was noticed"
	}
	if !recorded(f) {
		said += "; known from the code alone"
	}
	return said
}

// recorded tells a failure that some system recorded as one from a failure known only from the code: from a later revert
// or hotfix, which shows nothing of the failures that were mended otherwise.
func recorded(f failure) bool {
	return slices.ContainsFunc(f.rollout.Failures, func(c metrics.Failure) bool {
		return c.Cause != metrics.CauseRevert && c.Cause != metrics.CauseHotfix
	})
}

// recoveryOf is the product's own figure over the window, with a floor of one: the evidence has its own grade.
func recoveryOf(facts []metrics.Facts, w metrics.Window, cal metrics.Calendar) metrics.Survival {
	definition := metrics.DORA()
	definition.Floor = 1
	return metrics.MeasureAll(facts, metrics.Query{Window: w, AsOf: w.To, Zone: zoneOf(cal), Definition: definition}).Recovery
}

func failuresOf(facts []metrics.Facts, w metrics.Window) []failure {
	var failures []failure
	for _, f := range facts {
		for _, r := range inProduction(f, w) {
			if r.Failed() {
				failures = append(failures, failureOf(f, r, w.To))
			}
		}
	}
	return failures
}

func failureOf(facts metrics.Facts, r metrics.Rollout, asOf time.Time) failure {
	f := failure{service: facts.Service, rollout: r}
	detectedAt := f.detection(facts, asOf)
	if r.Recovery == nil || !r.Recovery.At.Before(asOf) {
		return f
	}
	f.over, f.wentBack = true, r.Recovery.By == "rollback"
	for _, other := range facts.Rollouts {
		ended := other.ID == r.Recovery.Evidence
		if !ended && !remedy(r, other) {
			continue
		}
		f.remedies++
		f.wentBack = f.wentBack || ended && revertedBy(r, other.ID)
		if span := other.StartedAt.Sub(detectedAt); !detectedAt.IsZero() && span >= 0 && (f.act == nil || span < *f.act) {
			f.act = &span
		}
	}
	return f
}

// remedy reports whether the other rollout tried to end the failure of r before it ended.
func remedy(r, other metrics.Rollout) bool {
	repairs := other.Kind == metrics.Rollback || other.Kind == metrics.Rework
	return repairs && other.Environment == r.Environment && other.FinishedAt.After(r.FinishedAt) && !other.FinishedAt.After(r.Recovery.At)
}

// revertedBy reports whether the rollout counts as failed because the other one reverts its commits.
func revertedBy(r metrics.Rollout, other string) bool {
	return slices.ContainsFunc(r.Failures, func(c metrics.Failure) bool {
		return c.Cause == metrics.CauseRevert && c.Evidence == other
	})
}

// detection fills in how the failure was noticed: by an unhealthy verdict, or from the incident of the rollout that was detected
// first, whichever came before.
func (f *failure) detection(facts metrics.Facts, asOf time.Time) time.Time {
	var at time.Time
	if unhealthy, known := unhealthyAt(f.rollout); known && unhealthy.Before(asOf) {
		at = unhealthy
		f.detect, f.machine = new(max(0, at.Sub(f.rollout.FinishedAt))), new(true)
	}
	for _, i := range facts.Incidents {
		if i.Rollout != f.rollout.ID || i.DetectedAt.IsZero() || !i.DetectedAt.Before(asOf) || !at.IsZero() && !i.DetectedAt.Before(at) {
			continue
		}
		at = i.DetectedAt
		// A failure noticed while the rollout still ran was noticed at once.
		f.detect = new(max(0, at.Sub(f.rollout.FinishedAt)))
		f.machine = nil
		if i.DetectedBy != "" {
			f.machine = new(i.DetectedBy == "monitor")
		}
	}
	return at
}

func fractionOf(failures []failure, holds func(failure) bool) float64 {
	count := 0
	for _, f := range failures {
		if holds(f) {
			count++
		}
	}
	return share(count, len(failures))
}

// median of the spans that are known, in seconds.
func median(failures []failure, of func(failure) *time.Duration) *float64 {
	var spans []float64
	for _, f := range failures {
		if d := of(f); d != nil {
			spans = append(spans, d.Seconds())
		}
	}
	return quantile(spans, 0.5)
}

func quotient(a, b *float64) *float64 {
	if a == nil || b == nil || *b == 0 {
		return nil
	}
	return new(*a / *b)
}

// spell writes seconds as people say them.
func spell(seconds *float64) string {
	switch {
	case seconds == nil:
		return "not reached"
	case *seconds < 90*60:
		return fmt.Sprintf("%.0f min", *seconds/60)
	case *seconds < 48*3600:
		return fmt.Sprintf("%.1f h", *seconds/3600)
	}
	return fmt.Sprintf("%.1f d", *seconds/86400)
}
