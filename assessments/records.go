package assessments

import (
	"strings"
	"time"

	"shiphabit/metrics"
)

// Reasons for which a record of the window is not used, beside those of the facts.
const (
	leftRedeploy  = "puts the live revision out again"
	leftUnplanned = "not planned: a rollback, a repair, or the return of what was rolled back"
	leftUnknown   = "neither who approved nor who started it is known"
	leftUnmerged  = "when its changes were merged is not known"
	leftUnstarted = "when it started is not known"
	leftEarly     = "it started before its changes were merged"
)

// inProduction are the rollouts of the window that count, in the order of the facts: D of the definitions.
func inProduction(f metrics.Facts, w metrics.Window) []metrics.Rollout {
	var rollouts []metrics.Rollout
	for _, r := range f.Rollouts {
		if r.EnvironmentKind == metrics.Production && r.Counts() && w.Contains(r.FinishedAt) {
			rollouts = append(rollouts, r)
		}
	}
	return rollouts
}

// firstRollout is when the records of production begin.
func firstRollout(f metrics.Facts) (first time.Time, known bool) {
	for _, r := range f.Rollouts {
		if r.EnvironmentKind == metrics.Production && (!known || r.FinishedAt.Before(first)) {
			first, known = r.FinishedAt, true
		}
	}
	return first, known
}

// leftOut are the deployments of the window that enter no figure: those that the facts leave out, and repeats of the live revision.
func leftOut(f metrics.Facts, w metrics.Window) []metrics.LeftOut {
	var left []metrics.LeftOut
	for _, l := range f.LeftOut {
		if strings.Contains(l.Record, "/"+string(metrics.TypeDeployment)+"/") && w.Contains(l.At) {
			left = append(left, l)
		}
	}
	for _, r := range f.Rollouts {
		if r.EnvironmentKind == metrics.Production && !r.Counts() && w.Contains(r.FinishedAt) {
			left = append(left, unused(r, leftRedeploy))
		}
	}
	return left
}

func unused(r metrics.Rollout, reason string) metrics.LeftOut {
	return metrics.LeftOut{Record: r.ID, At: r.FinishedAt, Reason: reason}
}

// grade of direct evidence: A with many records that nearly all carry what is needed, B with some records and a coverage of
// 60% or more, C when either is thinner than that.
func grade(many, some bool, coverage float64) Grade {
	switch {
	case many && coverage >= 0.9:
		return GradeA
	case some && coverage >= 0.6:
		return GradeB
	}
	return GradeC
}
