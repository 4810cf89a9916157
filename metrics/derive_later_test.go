package metrics

import (
	"fmt"
	"testing"
	"time"
)

func TestWhatASourceSaysOtherwiseLaterIsKeptAsItWasKnown(t *testing.T) {
	t.Parallel()
	told := func(after time.Duration, change func(*Deployment)) Event {
		d := deployment("1", "a1", clock(10, 0))
		if change != nil {
			change(&d)
		}
		e := NewEvent("ci", d)
		e.Live, e.RecordedAt = true, clock(10, 0).Add(after)
		e.UpdatedAt = e.RecordedAt
		return e
	}
	f := Derive(Service{Name: "api"}, []Event{told(0, nil), told(time.Hour, func(d *Deployment) { d.Status = Failed })}, DefaultRules())
	if !f.Rollouts[0].Failed() || len(f.Was) != 1 || !f.Was[0].Told || f.Was[0].Rollout.Failed() || !f.Was[0].Until.Equal(clock(11, 0)) {
		t.Errorf("another outcome: %+v", f.Was)
	}
	for _, since := range []Status{Cancelled, Running} {
		f := Derive(Service{Name: "api"}, []Event{told(0, nil), told(time.Hour, func(d *Deployment) { d.Status = since })}, DefaultRules())
		if len(f.Rollouts) != 0 || len(f.Was) != 1 || !f.Was[0].Told || f.Was[0].Now != "" {
			t.Errorf("that it is %s after all: %+v", since, f.Was)
		}
	}
	for sentence, change := range map[string]func(*Deployment){
		"the same": nil,
		"a finish by another clock, and a version beside the revision": func(d *Deployment) { d.FinishedAt, d.Version = d.FinishedAt.Add(2*time.Second), "v2" },
		"another page, and a label that nothing goes by":               func(d *Deployment) { d.URL, d.Labels = "https://ci/2", map[string]string{"took": "9"} },
	} {
		if f := Derive(Service{Name: "api"}, []Event{told(0, nil), told(time.Hour, change)}, DefaultRules()); len(f.Was) != 0 {
			t.Errorf("%s: %+v", sentence, f.Was)
		}
	}
	running := told(-time.Minute, func(d *Deployment) { d.Status, d.FinishedAt = Running, time.Time{} })
	if f := Derive(Service{Name: "api"}, []Event{running, told(0, nil)}, DefaultRules()); len(f.Was) != 0 {
		t.Errorf("that it ended is nothing else: %+v", f.Was)
	}
}

func TestADeploymentThatIsKnownAfterWhatFollowedItWasNotKnownBefore(t *testing.T) {
	t.Parallel()
	at := func(e Event, recorded time.Time) Event {
		e.Live, e.RecordedAt = true, recorded
		return e
	}
	first := at(NewEvent("ci", deployment("1", "a1", clock(9, 0))), clock(9, 0))
	late := at(NewEvent("ci", deployment("2", "b2", clock(10, 0))), clock(12, 0))
	incident := at(NewEvent("pd", Incident{ID: "i", Service: "api", Environment: "production", Severity: 1, StartedAt: clock(10, 30)}), clock(10, 30))
	f := Derive(Service{Name: "api"}, []Event{first, late, incident}, DefaultRules())
	before, after := f.AsOf(clock(11, 0)), f.AsOf(clock(12, 0))
	if len(before.Rollouts) != 1 || !before.Rollouts[0].Failed() {
		t.Errorf("until the second was known the incident was the first one's: %+v", before.Rollouts)
	}
	if len(after.Rollouts) != 2 || after.Rollouts[0].Failed() || !after.Rollouts[1].Failed() {
		t.Errorf("since then it is the second one's: %+v", after.Rollouts)
	}
}

func TestOfManyThingsThatAreToldLaterTheLatestAreKeptApart(t *testing.T) {
	t.Parallel()
	var events []Event
	for n := range mostTold + 50 {
		d := deployment(fmt.Sprint(n), fmt.Sprintf("%040x", n), clock(10, 0).Add(time.Duration(n)*time.Hour))
		e := NewEvent("ci", d)
		e.Live, e.RecordedAt = true, d.FinishedAt
		d.Status = Failed
		again := NewEvent("ci", d)
		again.Live, again.RecordedAt, again.UpdatedAt = true, e.RecordedAt.AddDate(1, 0, 0), e.RecordedAt.AddDate(1, 0, 0)
		events = append(events, e, again)
	}
	if f := Derive(Service{Name: "api"}, events, DefaultRules()); len(f.Readings(endOfTime)) != mostTold+1 {
		t.Errorf("%d readings", len(f.Readings(endOfTime)))
	}
}

func TestWhatWasKnownOfARolloutBeforeItsLastAttemptIsKept(t *testing.T) {
	t.Parallel()
	attempt := func(id string, minute int, s Status) Event {
		d := deployment(id, "a1", clock(10, minute))
		d.Status = s
		e := NewEvent("ci", d)
		e.Live, e.RecordedAt = true, clock(10, minute)
		return e
	}
	verdict := func(id string, minute int, result string) Event {
		e := NewEvent("ci", Verdict{ID: id, Deployment: "1", At: clock(10, minute), Result: result})
		e.Live, e.RecordedAt = true, clock(10, minute+1)
		return e
	}
	for _, c := range []struct {
		sentence string
		events   []Event
		want     string
	}{
		{"one attempt and one verdict", []Event{attempt("1", 0, Succeeded), verdict("v", 5, "healthy")}, ""},
		{"a verdict that is repeated", []Event{attempt("1", 0, Succeeded), verdict("v", 5, "healthy"), verdict("w", 9, "healthy")}, ""},
		{"a verdict that changes", []Event{attempt("1", 0, Succeeded), verdict("v", 5, "inconclusive"), verdict("w", 9, "healthy")}, "10:10 inconclusive since 10:06; "},
		{"a retry", []Event{attempt("1", 0, Failed), attempt("2", 20, Succeeded)}, "10:20 failed; "},
		{"a retry that fails too", []Event{attempt("1", 0, Failed), attempt("2", 20, Failed)}, "10:20 failed; "},
		{"a retry and its verdict", []Event{attempt("1", 0, Failed), attempt("2", 20, Succeeded), verdict("v", 30, "healthy")}, "10:20 failed; "},
	} {
		got := ""
		r := Derive(Service{Name: "api"}, c.events, DefaultRules()).Rollouts[0]
		for _, p := range r.Progress {
			if got += p.Until.Format("15:04"); p.Failure != nil {
				got += " failed"
			}
			if p.Verdict != "" {
				got += " " + p.Verdict + " since " + p.VerdictSince.Format("15:04")
			}
			got += "; "
		}
		if got != c.want {
			t.Errorf("%s: %q, want %q", c.sentence, got, c.want)
		}
	}
}

func TestOnlyWhatMovesAnIncidentIsToldOtherwise(t *testing.T) {
	t.Parallel()
	told := func(minute int, change func(*Incident)) Event {
		i := Incident{ID: "i", Service: "api", Environment: "production", Severity: 1, StartedAt: clock(10, 30), Title: "checkout is slow", Labels: []string{"team:pay"}}
		change(&i)
		e := NewEvent("pd", i)
		e.Live, e.RecordedAt = true, clock(10, 30+minute)
		e.UpdatedAt = e.RecordedAt
		return e
	}
	first := NewEvent("ci", deployment("1", "a1", clock(9, 0)))
	second := NewEvent("ci", deployment("2", "b2", clock(10, 0)))
	for sentence, c := range map[string]struct {
		change func(*Incident)
		moves  bool
	}{
		"another title and labels":  {func(i *Incident) { i.Title, i.Labels = "checkout is down", nil }, false},
		"its end":                   {func(i *Incident) { i.ResolvedAt = clock(10, 40) }, false},
		"a severity that counts no": {func(i *Incident) { i.Severity = 5 }, false}, // all severities count by default
		"a cause":                   {func(i *Incident) { i.Deployment = "1" }, true},
		"a revision in its title":   {func(i *Incident) { i.Title = "checkout is slow since 1.2.3" }, false}, // which nobody deployed
	} {
		f := Derive(Service{Name: "api"}, []Event{first, second, told(0, func(*Incident) {}), told(5, c.change)}, DefaultRules())
		if (len(f.Was) > 0) != c.moves {
			t.Errorf("%s: %+v", sentence, f.Was)
		}
	}
}
