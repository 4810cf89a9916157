package assessments

import (
	"time"

	"shiphabit/metrics"
)

// Readiness is what a team declares of one service's way back; no system records it. Days are civil days, at midnight UTC.
type Readiness struct {
	Service string
	// Runbook is the page that tells how to go back, empty when none is linked; TouchedOn the day it was last gone over.
	Runbook   string
	TouchedOn time.Time
	DrilledOn []time.Time
}

// readiness adds the figures of a practiced way back: days since the last rollback that ran, since a linked runbook was touched
// and since the last drill, each of any of the services. The way back is ready when one of them is recent enough. What is dated
// after the instant says nothing of it.
func (e *Evidence) readiness(records Records, to time.Time, t ResponseThresholds) {
	var touched, drilled time.Time
	for _, r := range records.Readiness {
		if r.Runbook != "" {
			touched = latest(touched, r.TouchedOn, to)
		}
		for _, day := range r.DrilledOn {
			drilled = latest(drilled, day, to)
		}
	}
	back := daysSince(lastWayBack(records.Services, to), to)
	runbook, drill := daysSince(touched, to), daysSince(drilled, to)
	ready := 0.0
	for _, one := range []struct {
		days  *float64
		limit time.Duration
	}{{back, t.Exercised}, {runbook, t.Runbook}, {drill, t.Drill}} {
		if one.days != nil && *one.days <= one.limit.Hours()/24 {
			ready = 1
		}
	}
	e.figure("rollback", "days since a rollback last ran", back, UnitDays)
	e.figure("runbook", "days since a linked runbook was touched", runbook, UnitDays)
	e.figure("drill", "days since the last drill", drill, UnitDays)
	e.figure("ready", "the way back is ready: it ran, was written up or was drilled recently", &ready, UnitYes)
	if drill == nil {
		e.Missing = "drills: none is declared (services[].drills in the configuration), and without one level 5 cannot be shown"
	}
}

// lastWayBack is when a rollback last ran in production before an instant; zero when none is known.
func lastWayBack(facts []metrics.Facts, to time.Time) time.Time {
	var last time.Time
	for _, f := range facts {
		for _, r := range f.Rollouts {
			if r.EnvironmentKind == metrics.Production && r.Kind == metrics.Rollback && !r.SucceededAt.IsZero() {
				last = latest(last, r.FinishedAt, to)
			}
		}
	}
	return last
}

// latest is the later of two instants of which the second counts only before the end.
func latest(a, b, end time.Time) time.Time {
	if b.Before(end) && b.After(a) {
		return b
	}
	return a
}

func daysSince(at, to time.Time) *float64 {
	if at.IsZero() {
		return nil
	}
	return new(to.Sub(at).Hours() / 24)
}
