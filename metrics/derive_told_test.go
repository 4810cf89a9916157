package metrics

import (
	"testing"
	"time"
)

// incidentRevision is one telling of incident i1, which began at ten o'clock.
func incidentRevision(sequence int64, recorded time.Time, change func(*Incident)) Event {
	i := Incident{ID: "i1", Service: "api", Environment: "production", StartedAt: clock(10, 0), Severity: 1}
	if change != nil {
		change(&i)
	}
	e := NewEvent("pd", i)
	e.Sequence, e.RecordedAt, e.Live = sequence, recorded, !recorded.IsZero()
	return e
}

func TestWhatWasKnownOfAnIncidentIsKeptWithWhenItWasKnown(t *testing.T) {
	t.Parallel()
	over := func(i *Incident) { i.ResolvedAt = clock(10, 30) }
	open, resolved := incidentRevision(1, clock(10, 1), nil), incidentRevision(2, clock(14, 0), over)
	derive := func(events ...Event) Facts { return Derive(Service{Name: "api"}, events, DefaultRules()) }
	for _, events := range [][]Event{{open, resolved}, {resolved, open}} {
		told := derive(events...).Incidents[0].Told
		if len(told) != 2 || !told[0].At.Equal(clock(10, 1)) || !told[0].ResolvedAt.IsZero() || !told[1].At.Equal(clock(14, 0)) || !told[1].ResolvedAt.Equal(clock(10, 30)) {
			t.Errorf("told live: %+v", told)
		}
	}
	imported := derive(incidentRevision(1, time.Time{}, func(i *Incident) { over(i); i.DetectedAt = clock(10, 5) })).Incidents[0]
	if known := imported.KnownAs(); imported.Told != nil || len(known) != 1 || !known[0].At.Equal(clock(10, 5)) {
		t.Errorf("imported: %+v", imported)
	}
	same := incidentRevision(3, clock(15, 0), func(i *Incident) { over(i); i.Title = "checkout" })
	if told := derive(open, resolved, same).Incidents[0].Told; len(told) != 2 {
		t.Errorf("a new title tells nothing new here: %+v", told)
	}
	moved := incidentRevision(3, clock(15, 0), func(i *Incident) { over(i); i.Environment = "staging" })
	if told := derive(open, resolved, moved).Incidents[0].Told; len(told) != 3 || told[1].EnvironmentKind != Production || told[2].EnvironmentKind != Staging {
		t.Errorf("told of another environment: %+v", told)
	}
}

func TestAnIncidentThatACorrectionLeavesOutIsKeptAsItWasKnownUntilThen(t *testing.T) {
	t.Parallel()
	excluding := func(withdrawn time.Time) []Event {
		events := []Event{incidentRevision(1, clock(10, 1), nil)}
		c := Correction{ID: 1, Record: events[0].Key, Exclude: true, Reason: "a drill", At: clock(48, 0), WithdrawnAt: withdrawn}
		if e, holds := c.Event(); holds {
			events = append(events, e)
		}
		return events
	}
	f := Derive(Service{Name: "api"}, excluding(time.Time{}), DefaultRules())
	if len(f.Incidents) != 0 || len(f.TakenBack) != 1 {
		t.Fatalf("%+v", f)
	}
	told := f.TakenBack[0].KnownAs()
	if len(told) != 2 || told[0].Uncounted || !told[1].Uncounted || !told[1].At.Equal(clock(48, 0)) {
		t.Errorf("%+v", told)
	}
	if f := Derive(Service{Name: "api"}, excluding(clock(50, 0)), DefaultRules()); len(f.Incidents) != 1 || len(f.TakenBack) != 0 {
		t.Errorf("a withdrawn correction counts: %+v", f)
	}
}
