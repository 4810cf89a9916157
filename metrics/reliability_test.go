package metrics

import (
	"testing"
	"time"
)

func TestReliabilityCountsOverlappingIncidentsOnceAndOpenOnesUntilNow(t *testing.T) {
	t.Parallel()
	hour := func(h int) time.Time { return july().Add(time.Duration(h) * time.Hour) }
	f := Facts{Service: "api", Since: hour(0)}
	for _, o := range []Outage{{hour(-5), hour(2)}, {hour(10), hour(14)}, {hour(12), hour(16)}, {hour(40), time.Time{}}} {
		f.Incidents = append(f.Incidents, IncidentLink{EnvironmentKind: Production, Incident: Incident{StartedAt: o.From, ResolvedAt: o.To}})
	}
	f.Incidents = append(f.Incidents, IncidentLink{EnvironmentKind: Production, Uncounted: true, Incident: Incident{StartedAt: hour(20), ResolvedAt: hour(30)}})
	q := Query{Window: Window{From: hour(-24), To: hour(100)}, AsOf: hour(50)}
	r := MeasureAll([]Facts{f}, q).Reliability
	// Observed from 0 to 50: down 0–2, 10–16 and 40–50.
	if r.Observed != 50*3600 || r.Down != 18*3600 || r.State != OK {
		t.Errorf("got %+v", r)
	}
	value(t, "reliability", r.Value, 1-18.0/50)
	q.AsOf = hour(13) // the incidents of 10 and 12 are still open then
	if r = MeasureAll([]Facts{f}, q).Reliability; r.Observed != 13*3600 || r.Down != 5*3600 {
		t.Errorf("seen from 13: %+v", r)
	}
}

func TestWhereNothingWasObservedOrNoIncidentEverRecordedNothingIsKnown(t *testing.T) {
	t.Parallel()
	q := Query{Window: Window{From: july(), To: july().AddDate(0, 1, 0)}}
	late := []IncidentLink{{EnvironmentKind: Production, Incident: Incident{StartedAt: july().AddDate(2, 0, 0)}}}
	for _, f := range []Facts{{}, {Since: july().AddDate(1, 0, 0)}, {Since: july()}, {Since: july(), Incidents: late}} {
		if r := MeasureAll([]Facts{f}, q).Reliability; r.State != NoData || r.Value != nil {
			t.Errorf("since %v: %+v", f.Since, r)
		}
	}
}

func TestTheTimesOfSeveralServicesArePooled(t *testing.T) {
	t.Parallel()
	day := func(d int) time.Time { return july().AddDate(0, 0, d) }
	q := Query{Window: Window{From: day(0), To: day(10)}}
	down := Facts{Service: "a", Since: day(8), Incidents: []IncidentLink{{EnvironmentKind: Production, Incident: Incident{StartedAt: day(9), ResolvedAt: day(10)}}}}
	r := MeasureAll([]Facts{down, {Service: "b", Since: day(-3)}}, q).Reliability
	value(t, "reliability", r.Value, 1-1.0/12)
}

func TestOfAPartOfAServiceNoReliabilityIsKnown(t *testing.T) {
	t.Parallel()
	f := Facts{Service: "a", Since: july(), Incidents: []IncidentLink{{EnvironmentKind: Production, Incident: Incident{StartedAt: july()}}}}
	q := Query{Window: Window{From: july(), To: july().AddDate(0, 1, 0)}, Filter: Filter{Repositories: []string{"org/a"}}}
	if r := MeasureAll([]Facts{f}, q).Reliability; r.State != NoData || r.Value != nil {
		t.Errorf("got %+v", r)
	}
}
