package assessments

import (
	"fmt"
	"slices"
	"time"

	"shiphabit/metrics"
)

// SignalEvidence is E4 of a team's services at an instant: TTD50, the median time from a failed deployment's finish to its
// detection; A, the share of failures noticed by a machine; V, the share of deployments with a health verdict in time; and how
// long ago a deployment was last stopped or taken back automatically.
func SignalEvidence(records Records, to time.Time, cal metrics.Calendar, t SignalThresholds) Evidence {
	s := spanBefore(to, responseWeeks, cal)
	e := Evidence{ID: "E4", Window: s.window, Grade: GradeNone, NOf: "deployments"}
	failures := failuresOf(records.Services, s.window)
	verdicts := 0
	for _, f := range records.Services {
		for _, r := range inProduction(f, s.window) {
			e.N++
			if inTime(r, t.Within) {
				verdicts++
			}
			e.row(f.Service, r, watched(r, failures))
		}
		e.exclude(leftOut(f, s.window)...)
	}
	detection := fractionOf(failures, func(f failure) bool { return f.detect != nil && f.machine != nil })
	if verdicts == 0 && detection == 0 {
		e.notMeasured("neither health verdicts nor the detection of failures are known; a monitoring source (Prometheus, Alertmanager) or incidents with detected_at and detected_by would supply them")
		return e
	}
	seen := share(verdicts, e.N)
	e.Coverage = new(max(seen, detection))
	e.Grade = grade(e.N >= 20 || len(failures) >= 5, e.N >= 6 || len(failures) >= 2, *e.Coverage)
	detect := median(failures, func(f failure) *time.Duration { return f.detect })
	stopped := daysSince(lastStop(records.Services, to, t.Within), to)
	e.figure("TTD50", "median time to detect a failed deployment", detect, UnitSeconds)
	e.figure("A", "share of failures noticed by a machine, of those where it is known", machineShare(failures), UnitShare)
	e.figure("V", "share of deployments with a health verdict in time", &seen, UnitShare)
	e.figure("stop", "days since a deployment was last stopped or taken back automatically", stopped, UnitDays)
	e.climb(
		onlyIf(5, atLeast("V", t.Verdict5), within("stop", t.Stopped), soon("TTD50", t.Detect5)),
		rung{4, [][]limit{{atLeast("V", t.Verdict4)}, {atLeast("A", t.Machine4), soon("TTD50", t.Detect4)}}},
		onlyIf(3, atLeast("A", t.Machine3), soon("TTD50", t.Detect3)),
		onlyIf(2, soon("TTD50", t.Detect2)),
		rung{level: 1},
	)
	if stopped == nil {
		e.Missing = "automatic stops: no deployment is known to have been stopped or taken back by its signals, and without one level 5 cannot be shown"
	}
	e.Says = fmt.Sprintf("%d of %s had a health verdict within %.0f minutes; ", verdicts, plural(e.N, "deployment"), t.Within.Minutes())
	if detect == nil {
		e.Says += "when failures were noticed is not known."
	} else {
		e.Says += "half of the failures were noticed within " + spell(detect) + "."
	}
	return e
}

func inTime(r metrics.Rollout, limit time.Duration) bool {
	return r.Verdict != "" && r.VerdictAt.Sub(r.FinishedAt) <= limit
}

// watched tells what the signals showed of a rollout.
func watched(r metrics.Rollout, failures []failure) string {
	said := "no health verdict"
	if r.Verdict != "" {
		after := r.VerdictAt.Sub(r.FinishedAt).Seconds()
		said = fmt.Sprintf("%s %s after it finished", r.Verdict, spell(&after))
	}
	i := slices.IndexFunc(failures, func(f failure) bool { return f.rollout.ID == r.ID && f.rollout.Service == r.Service })
	if i < 0 {
		return said
	}
	switch f := failures[i]; {
	case f.detect == nil:
		return said + "; failed, and when that was noticed is not known"
	case f.machine == nil:
		return said + "; failed, noticed after " + spell(new(f.detect.Seconds()))
	case *f.machine:
		return said + "; failed, noticed by a machine after " + spell(new(f.detect.Seconds()))
	default:
		return said + "; failed, noticed by a person after " + spell(new(f.detect.Seconds()))
	}
}

// lastStop is when a deployment to production was last stopped or taken back automatically before an instant; zero when none is
// known: an automatic run that failed after its verdict, one that was cancelled after it, or an automatic rollback.
func lastStop(facts []metrics.Facts, to time.Time, within time.Duration) time.Time {
	var last time.Time
	for _, f := range facts {
		byID := map[string]metrics.Rollout{}
		for _, r := range f.Rollouts {
			byID[r.ID] = r
		}
		for _, r := range f.Rollouts {
			if r.EnvironmentKind == metrics.Production && (failedByVerdict(r) || takenBack(byID[r.Of], r, within)) {
				last = latest(last, r.FinishedAt, to)
			}
		}
		for _, l := range f.LeftOut {
			if l.Reason == metrics.LeftStopped {
				last = latest(last, l.At, to)
			}
		}
	}
	return last
}

// failedByVerdict reports whether an automatic run ended as failed after its signals were found unhealthy.
func failedByVerdict(r metrics.Rollout) bool {
	unhealthy, _ := unhealthyAt(r)
	return r.Trigger == "automatic" && !unhealthy.IsZero() && !unhealthy.After(r.FinishedAt) &&
		slices.ContainsFunc(r.Failures, func(c metrics.Failure) bool { return c.Cause == metrics.CauseRun })
}

// takenBack reports whether a rollback was the machine's: started automatically, and after an unhealthy verdict on what it
// replaced, or so soon that nobody will have ordered it. Later, an automatic start may be somebody's push.
func takenBack(replaced, r metrics.Rollout, within time.Duration) bool {
	if r.Kind != metrics.Rollback || r.Trigger != "automatic" || replaced.ID == "" {
		return false
	}
	began := r.StartedAt
	if began.IsZero() {
		began = r.FinishedAt
	}
	if unhealthy, known := unhealthyAt(replaced); known && !unhealthy.After(began) {
		return true
	}
	return began.Sub(replaced.FinishedAt) <= within
}

// unhealthyAt is when the signals of a rollout were first found unhealthy.
func unhealthyAt(r metrics.Rollout) (at time.Time, known bool) {
	for _, c := range r.Failures {
		if c.Cause == metrics.CauseVerdict && (!known || c.At.Before(at)) {
			at, known = c.At, true
		}
	}
	return at, known
}

// machineShare is over the failures of which it is known who noticed; nil when that is none.
func machineShare(failures []failure) *float64 {
	known, byMachine := 0, 0
	for _, f := range failures {
		if f.machine != nil {
			known++
			if *f.machine {
				byMachine++
			}
		}
	}
	if known == 0 {
		return nil
	}
	return new(share(byMachine, known))
}
