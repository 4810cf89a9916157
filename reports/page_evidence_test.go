package reports

import (
	"testing"

	"shiphabit/assessments"
)

func TestFiguresOfEvidenceAreWordedInTheirUnit(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		value *float64
		unit  string
		want  string
	}{
		{nil, assessments.UnitShare, "not known"},
		{new(.104), assessments.UnitShare, "10.4%"},
		{new(.1), assessments.UnitShare, "10%"},
		{new(600.0), assessments.UnitSeconds, "10 min"},
		{new(97200.0), assessments.UnitWorked, "27 h of working time"},
		{new(1.0), assessments.UnitYes, "yes"},
		{new(0.0), assessments.UnitYes, "no"},
		{new(3.04), assessments.UnitRatio, "3.04"},
		{new(1.0), assessments.UnitWorkingDays, "1 working day"},
		{new(90.0), assessments.UnitDays, "90 days"},
	} {
		if got := Quantity(c.value, c.unit); got != c.want {
			t.Errorf("%q, want %q", got, c.want)
		}
	}
}

func TestAStepSaysOfEachConditionWhetherItHolds(t *testing.T) {
	t.Parallel()
	share := func(figure string, r assessments.Relation, limit float64, value *float64, holds bool) assessments.Condition {
		return assessments.Condition{Figure: figure, Relation: r, Limit: limit, Value: value, Unit: assessments.UnitShare, Holds: holds}
	}
	step := assessments.Step{Level: 4, Ways: [][]assessments.Condition{
		{share("V", assessments.AtLeast, .6, new(.5), false)},
		{share("A", assessments.AtLeast, .8, new(.9), true), {Figure: "TTD50", Relation: assessments.AtMost, Limit: 900, Unit: assessments.UnitSeconds}},
	}}
	want := "V ≥ 60%: fails with 50% — or — A ≥ 80%: holds with 90%; TTD50 ≤ 15 min: not known"
	if got := whyStep(step); got != want {
		t.Errorf("%q, want %q", got, want)
	}
	if got := whyStep(assessments.Step{Level: 1, Holds: true}); got != "nothing before it holds" {
		t.Error(got)
	}
}
