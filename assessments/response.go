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
	rollout metrics.Rollout
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
// exactly one remedy. Drills and runbooks are in no record yet, so level 5 is out of reach and readiness rests on rollbacks.
func ResponseEvidence(facts []metrics.Facts, to time.Time, cal metrics.Calendar, t ResponseThresholds) Evidence {
	s := spanBefore(to, responseWeeks, cal)
	e := Evidence{ID: "E2", Window: s.window, Grade: GradeNone, NOf: "failed deployments"}
	failures := failuresOf(facts, s.window)
	if e.N = len(failures); e.N == 0 {
		e.Missing = "no failed deployment is known; deployments with their status, or incidents, would show one"
		e.Says = "Not measured: " + e.Missing + "."
		return e
	}
	e.Missing = "drills and the age of runbooks: no collector supplies them yet, so level 5 cannot be shown"
	e.Coverage = new(fractionOf(failures, recorded))
	e.Grade = grade(e.N >= 5, e.N >= 2, *e.Coverage)
	for _, f := range failures {
		e.Rows = append(e.Rows, f.rollout.ID)
	}
	back, once := fractionOf(failures, func(f failure) bool { return f.wentBack }), fractionOf(failures, func(f failure) bool { return f.remedies == 1 })
	act := median(failures, func(f failure) *time.Duration { return f.act })
	recovery := recoveryOf(facts, s.window, cal)
	e.Figures = []Figure{
		{Name: "R", Means: "share of failures ended by going back", Value: &back, Unit: "share"},
		{Name: "T_act", Means: "median time from detection to the first remedy", Value: act, Unit: "seconds"},
		{Name: "P50", Means: "median recovery, open failures counted as such", Value: recovery.Median, Unit: "seconds"},
		{Name: "U", Means: "one in ten takes so many times the median", Value: quotient(recovery.P90, recovery.Median), Unit: "ratio"},
		{Name: "O", Means: "share ended by exactly one remedy", Value: &once, Unit: "share"},
	}
	e.Level = responseLevel(back, once, recovery.Median, wentBackSince(facts, to.Add(-t.Exercised), to), t)
	e.Says = fmt.Sprintf("%s in 26 weeks, %.0f%% ended by going back, median recovery %s.", plural(e.N, "failed deployment"), 100*back, spell(recovery.Median))
	return e
}

func responseLevel(back, once float64, p50 *float64, exercised bool, t ResponseThresholds) int {
	quick := within(p50, t.Recovery2, false)
	switch {
	case back >= t.WayBack4 && within(p50, t.Recovery4, true) && once >= t.Once4:
		return 4
	case exercised && (back >= t.WayBack3 || quick):
		return 3
	case quick:
		return 2
	}
	return 1
}

// within compares seconds with a limit, unknown being outside of it.
func within(seconds *float64, limit time.Duration, inclusive bool) bool {
	if seconds == nil {
		return false
	}
	return *seconds < limit.Seconds() || inclusive && *seconds == limit.Seconds()
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

// wentBackSince reports whether a rollback ran in production between two instants: the way back has been exercised.
func wentBackSince(facts []metrics.Facts, from, to time.Time) bool {
	for _, f := range facts {
		for _, r := range inProduction(f, metrics.Window{From: from, To: to}) {
			if r.Kind == metrics.Rollback && !r.SucceededAt.IsZero() {
				return true
			}
		}
	}
	return false
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
	f := failure{rollout: r}
	detectedAt := f.detection(facts, asOf)
	if r.Recovery == nil || !r.Recovery.At.Before(asOf) {
		return f
	}
	f.wentBack = r.Recovery.By == "rollback"
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

// detection fills in how the failure was noticed, from the incident of the rollout that was detected first.
func (f *failure) detection(facts metrics.Facts, asOf time.Time) time.Time {
	var at time.Time
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
