package metrics

import (
	"testing"
	"time"
)

func TestWaitsAreCountedPerRolloutAndPlace(t *testing.T) {
	t.Parallel()
	f := Facts{Service: "api"}
	for i := range 6 {
		r := rollout("r", july().Add(time.Duration(i)*time.Hour), 5)
		r.Waits = Waits{Outside: time.Duration(i) * time.Hour, DecidedOutside: 2, Refused: 1}
		if i == 0 {
			r.Waits = Waits{Inside: time.Minute, DecidedInside: 1}
		}
		r.Changes[0].Handoffs = &Handoffs{People: i, Teams: i / 3}
		f.Rollouts = append(f.Rollouts, r)
	}
	w := MeasureAll([]Facts{f}, Query{Window: Window{From: july(), To: july().AddDate(0, 0, 1)}}).Waiting
	if w.Outside.N != 5 || w.Inside.N != 1 || w.Inside.State != NotEnoughData || w.Unplaced.State != NoData {
		t.Errorf("got %+v", w)
	}
	value(t, "median wait outside", w.Outside.Median, 3*3600)
	if want := (Decisions{Inside: 1, Outside: 10, Refused: 5}); w.Decisions != want {
		t.Errorf("decisions %+v, want %+v", w.Decisions, want)
	}
	h := w.Handoffs // 0 to 5 people, 0 0 0 1 1 1 teams
	value(t, "people", h.People, 2.5)
	value(t, "teams", h.Teams, 0.5)
	value(t, "between teams", h.Between, 0.5)
}

func TestBetweenTeamsIsNotKnownWhereNobodyOwnsTheService(t *testing.T) {
	t.Parallel()
	f := Facts{Service: "api"}
	for i := range 6 {
		r := rollout("r", july().Add(time.Duration(i)*time.Hour), 5)
		r.Changes[0].Handoffs = &Handoffs{People: 2, Unowned: true}
		f.Rollouts = append(f.Rollouts, r)
	}
	h := MeasureAll([]Facts{f}, Query{Window: Window{From: july(), To: july().AddDate(0, 0, 1)}}).Waiting.Handoffs
	if value(t, "people", h.People, 2); h.Teams != nil || h.Between != nil || h.N != 6 || h.Owned != 0 {
		t.Errorf("got %+v", h)
	}
}
