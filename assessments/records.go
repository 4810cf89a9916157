package assessments

import (
	"strings"
	"time"

	"shiphabit/metrics"
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
func firstRollout(f metrics.Facts) (time.Time, bool) {
	for _, r := range f.Rollouts {
		if r.EnvironmentKind == metrics.Production {
			return r.FinishedAt, true
		}
	}
	return time.Time{}, false
}

// leftOut counts the deployments of the window that entered no figure, by reason.
func leftOut(f metrics.Facts, w metrics.Window) map[string]int {
	var counts map[string]int
	for _, l := range f.LeftOut {
		if !strings.Contains(l.Record, "/"+string(metrics.TypeDeployment)+"/") || !w.Contains(l.At) {
			continue
		}
		if counts == nil {
			counts = map[string]int{}
		}
		counts[l.Reason]++
	}
	return counts
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
