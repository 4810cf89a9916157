package assessments

import (
	"fmt"
	"time"

	"shiphabit/metrics"
)

// SignalEvidence is E4 of a team's services at an instant: TTD50, the median time from a failed deployment's finish to its
// detection; A, the share of failures noticed by a machine; V, the share of deployments with a health verdict in time. An
// automatic stop is in no record yet, so level 5 is out of reach.
func SignalEvidence(facts []metrics.Facts, to time.Time, cal metrics.Calendar, t SignalThresholds) Evidence {
	s := spanBefore(to, responseWeeks, cal)
	e := Evidence{ID: "E4", Window: s.window, Grade: GradeNone, NOf: "deployments"}
	failures := failuresOf(facts, s.window)
	verdicts := 0
	for _, f := range facts {
		for _, r := range inProduction(f, s.window) {
			e.N++
			e.Rows = append(e.Rows, r.ID)
			if after := r.VerdictAt.Sub(r.FinishedAt); r.Verdict != "" && after <= t.Within {
				verdicts++
			}
		}
	}
	detection := fractionOf(failures, func(f failure) bool { return f.detect != nil && f.machine != nil })
	if verdicts == 0 && detection == 0 {
		e.Missing = "neither health verdicts nor the detection of failures are known; a monitoring source (Prometheus, Alertmanager) or incidents with detected_at and detected_by would supply them"
		e.Says = "Not measured: " + e.Missing + "."
		return e
	}
	e.Missing = "automatic stops: no collector supplies them yet, so level 5 cannot be shown"
	seen := share(verdicts, e.N)
	e.Coverage = new(max(seen, detection))
	e.Grade = grade(e.N >= 20 || len(failures) >= 5, e.N >= 6 || len(failures) >= 2, *e.Coverage)
	machine, detect := machineShare(failures), median(failures, func(f failure) *time.Duration { return f.detect })
	e.Figures = []Figure{
		{Name: "TTD50", Means: "median time to detect a failed deployment", Value: detect, Unit: "seconds"},
		{Name: "A", Means: "share of failures noticed by a machine, of those where it is known", Value: machine, Unit: "share"},
		{Name: "V", Means: "share of deployments with a health verdict in time", Value: &seen, Unit: "share"},
	}
	e.Level = signalLevel(seen, machine, detect, t)
	e.Says = fmt.Sprintf("%d of %s had a health verdict within %.0f minutes; ", verdicts, plural(e.N, "deployment"), t.Within.Minutes())
	if detect == nil {
		e.Says += "when failures were noticed is not known."
	} else {
		e.Says += "half of the failures were noticed within " + spell(detect) + "."
	}
	return e
}

func signalLevel(verdicts float64, machine, detect *float64, t SignalThresholds) int {
	switch {
	case verdicts >= t.Verdict4, reaches(machine, t.Machine4) && within(detect, t.Detect4, true):
		return 4
	case reaches(machine, t.Machine3) && within(detect, t.Detect3, true):
		return 3
	case within(detect, t.Detect2, true):
		return 2
	}
	return 1
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
