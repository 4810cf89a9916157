package metrics

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"
)

// correct adds a correction of one of the tale's records, stated on the third day.
func (s *tale) correct(id int64, record string, change Correction) *tale {
	kind, name, _ := strings.Cut(record, " ")
	change.ID, change.Record, change.Reason = id, Key{Source: "ci", Type: EventType(kind), ID: name}, cmpText(change.Reason, "by the review")
	if change.At.IsZero() {
		change.At = clock(48, 0)
	}
	if change.Record.Type == TypeCommit || change.Record.Type == TypePullRequest {
		change.Record.Repository = "acme/api"
	}
	if e, holds := change.Event(); holds {
		s.events = append(s.events, e)
	}
	return s
}

func cmpText(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// was compares what is kept of before the corrections, all of which hold since one instant: "id: causes (evidence)", with what it is now
// where that has another name.
func was(t *testing.T, f Facts, since time.Time, want ...string) {
	t.Helper()
	var got []string
	for _, w := range f.Was {
		name := "nothing"
		var causes []string
		if w.Rollout != nil {
			name = w.Rollout.ID
			for _, c := range w.Rollout.Failures {
				causes = append(causes, fmt.Sprintf("%s (%s)", c.Cause, strings.TrimPrefix(c.Evidence, "ci/")))
			}
		}
		if w.Now != name {
			name += " → " + cmpText(w.Now, "nothing")
		}
		got = append(got, name+": "+strings.Join(causes, ", "))
		if !w.Until.Equal(since) {
			t.Errorf("%s was so until %s", name, w.Until)
		}
	}
	if !slices.Equal(got, want) {
		t.Errorf("kept of before: %q, want %q", got, want)
	}
}

func fields(text string) Correction { return Correction{Fields: json.RawMessage(text)} }

func live(e Event, at time.Time) Event { e.RecordedAt, e.Live = at, true; return e }

func TestACorrectionGoesBeforeWhateverSourcesSayLater(t *testing.T) {
	t.Parallel()
	s := newTale().line("c1", "c2").deploy("d1", "c1", clock(9, 0)).deploy("d2", "c2", clock(12, 0)).
		correct(1, "deployment d2", fields(`{"status":"failed"}`))
	later := NewEvent("ci", deployment("d2", "c2", clock(12, 0)))
	later.UpdatedAt, later.Sequence = clock(90, 0), 99
	s.events = append(s.events, later)
	f := s.expect(t, "d1 planned baseline", "d2 planned brings c2; run failed (d2, stated)")
	if c := f.Rollouts[1].Failures[0]; !c.KnownAt.Equal(clock(48, 0)) || c.Assumed {
		t.Errorf("known at %s, assumed %t", c.KnownAt, c.Assumed)
	}
}

func TestOfTwoCorrectionsTheLaterWinsFieldByField(t *testing.T) {
	t.Parallel()
	f := newTale().line("c1", "c2").deploy("d1", "c1", clock(9, 0)).deploy("d2", "c2", clock(12, 0)).
		correct(2, "deployment d2", fields(`{"status":"succeeded"}`)).
		correct(1, "deployment d2", fields(`{"status":"failed","version":"v2"}`)).
		expect(t, "d1 planned baseline", "d2 planned brings c2")
	if got := f.Rollouts[1].Version; got != "v2" {
		t.Errorf("the version is %q", got)
	}
}

func TestAWithdrawnCorrectionCountsAsIfItHadNeverBeen(t *testing.T) {
	t.Parallel()
	s := newTale().line("c1", "c2").deploy("d1", "c1", clock(9, 0)).deploy("d2", "c2", clock(12, 0)).incident("i1", clock(13, 0))
	want := asJSON(t, s.derive(t))
	s.correct(1, "incident i1", Correction{Unlinked: true, WithdrawnAt: clock(50, 0)}).
		correct(2, "deployment d2", Correction{Fields: json.RawMessage(`{"status":"failed"}`), WithdrawnAt: clock(50, 0)})
	if got := asJSON(t, s.derive(t)); got != want {
		t.Errorf("%s", firstDifference(got, want))
	}
}

func TestACorrectionThatNamesTheCauseOfAnIncidentSaysSo(t *testing.T) {
	t.Parallel()
	s := newTale().line("c1", "c2").deploy("d1", "c1", clock(9, 0)).deploy("d2", "c2", clock(12, 0)).incident("i1", clock(13, 0))
	s.events[len(s.events)-1] = live(s.events[len(s.events)-1], clock(13, 5))
	f := s.correct(1, "incident i1", fields(`{"deployment":"d1"}`)).
		expect(t, "d1 planned baseline; incident (i1, stated)", "d2 planned brings c2")
	if l := f.Incidents[0]; l.Confidence != Stated || l.Reason != "corrected by hand: by the review" || l.Rollout != "ci/d1" {
		t.Errorf("the link is %+v", l)
	}
	if c := f.Rollouts[0].Failures[0]; !c.KnownAt.Equal(clock(48, 0)) || c.Assumed {
		t.Errorf("known at %s, assumed %t", c.KnownAt, c.Assumed)
	}
	was(t, f, clock(48, 0), "ci/d1: ", "ci/d2: incident (i1)")
	if known := f.Was[1].Rollout.Failures[0].KnownAt; !known.Equal(clock(13, 5)) {
		t.Errorf("what d2 was blamed for was known at %s", known)
	}
}

func TestACorrectionCanSayThatNoDeploymentCausedAnIncident(t *testing.T) {
	t.Parallel()
	s := newTale().line("c1").deploy("d1", "c1", clock(9, 0)).
		add(Incident{ID: "i1", Service: "api", Environment: "production", Deployment: "d1", StartedAt: clock(10, 0)}).
		correct(1, "incident i1", Correction{Unlinked: true, Reason: "the provider was down"})
	f := s.expect(t, "d1 planned baseline")
	if l := f.Incidents[0]; l.Rollout != "" || l.Confidence != Stated || l.Reason != "corrected by hand: the provider was down" {
		t.Errorf("the link is %+v", l)
	}
	was(t, f, clock(48, 0), "ci/d1: incident (i1)")
	s.correct(2, "incident i1", fields(`{"deployment":"d1"}`)).expect(t, "d1 planned baseline; incident (i1, stated)")
}

func TestALinkThatIsClearedIsInferredAgain(t *testing.T) {
	t.Parallel()
	newTale().line("c1", "c2").deploy("d1", "c1", clock(9, 0)).deploy("d2", "c2", clock(12, 0)).
		add(Incident{ID: "i1", Service: "api", Environment: "production", Deployment: "d1", StartedAt: clock(13, 0)}).
		correct(1, "incident i1", fields(`{"deployment":null}`)).
		expect(t, "d1 planned baseline", "d2 planned brings c2; incident (i1, inferred)")
}

func TestACorrectionLeavesARecordOutOfAllFigures(t *testing.T) {
	t.Parallel()
	exclude := Correction{Exclude: true, Reason: "a drill"}
	s := newTale().line("c1", "c2", "c3").deploy("d1", "c1", clock(9, 0)).deploy("d2", "c2", clock(12, 0)).deploy("d3", "c3", clock(15, 0)).
		incident("i1", clock(15, 30)).
		add(Verdict{ID: "v1", Deployment: "d3", At: clock(15, 20), Result: "unhealthy"}).
		add(Approval{ID: "a1", Deployment: "d3", RequestedAt: clock(14, 0), DecidedAt: clock(14, 30)}).
		add(PullRequest{ID: "7", Repository: "acme/api", Commits: []string{"c3"}, MergedAt: clock(13, 0)}).
		correct(1, "deployment d2", exclude).correct(2, "incident i1", exclude).correct(3, "verdict v1", exclude).
		correct(4, "approval a1", exclude).correct(5, "pull_request 7", exclude).correct(6, "commit c2", exclude)
	f := s.expect(t,
		"d1 planned baseline",
		"d3 planned brings c3")
	want := map[string]time.Time{"ci/deployment/d2": clock(12, 0), "ci/incident/i1": clock(15, 30), "ci/verdict/v1": clock(15, 20),
		"ci/approval/a1": clock(14, 30), "ci/pull_request/acme/api/7": clock(13, 0), "ci/commit/acme/api/c2": clock(-1, 0)}
	if len(f.LeftOut) != len(want) {
		t.Errorf("left out: %+v", f.LeftOut)
	}
	for _, l := range f.LeftOut {
		if l.Reason != "left out by a correction: a drill" || !l.At.Equal(want[l.Record]) {
			t.Errorf("left out: %+v", l)
		}
	}
	if f.Incidents != nil || len(f.Rollouts[1].Approvals) != 0 || f.Rollouts[1].Changes[0].PullRequest != "" {
		t.Errorf("something remains: %+v", f)
	}
	was(t, f, clock(48, 0), "ci/d2 → nothing: ", "ci/d3: unhealthy verdict (v1), incident (i1)")
}

func TestACorrectedServiceMovesTheDeploymentAndWhatFollowsIt(t *testing.T) {
	t.Parallel()
	s := newTale().deploy("d1", "c1", clock(9, 0)).deploy("d2", "c2", clock(12, 0)).
		add(Verdict{ID: "v1", Deployment: "d2", At: clock(12, 20), Result: "unhealthy"}).
		correct(1, "deployment d2", fields(`{"repository":"acme/shop","service":"shop"}`))
	was(t, s.expect(t, "d1 planned baseline"), clock(48, 0), "ci/d2 → nothing: unhealthy verdict (v1)")
	all := DeriveAll(s.events, s.rules)
	was(t, all[1], clock(48, 0), "nothing → ci/d2: ")
	if len(all) != 2 || all[1].Service != "shop" || strings.TrimSpace(tell(all[1])) != "ci/d2 planned baseline; unhealthy verdict (ci/v1, stated)" {
		t.Errorf("got %+v", all)
	}
}

func TestACorrectedServiceThatMovesNothingKeepsWhatWasKnown(t *testing.T) {
	t.Parallel()
	for _, text := range []string{`{"service":"api"}`, `{"repository":"acme/other"}`} {
		s := newTale()
		d := deployment("d1", "r1", clock(9, 0))
		d.Service, d.Status = "api", Failed
		s.events = append(s.events, live(NewEvent("ci", d), clock(9, 1)))
		f := DeriveAll(s.correct(1, "deployment d1", fields(text)).events, s.rules)
		was(t, f[0], clock(48, 0), "ci/d1: run failed (d1)")
	}
}

func TestASourceServesAServiceWhileARecordOfItIsThere(t *testing.T) {
	t.Parallel()
	s := newTale().deploy("d1", "c1", clock(9, 0))
	d := deployment("d2", "c2", clock(12, 0))
	s.events = append(s.events, live(NewEvent("cd", d), clock(12, 1)))
	s.rules.Services = []Service{{Name: "api"}, {Name: "shop"}}
	told := func() string {
		var all []string
		for _, part := range Split(s.events, s.rules) {
			all = append(all, part.Service.Name+": "+strings.Join(part.Sources(), " "))
		}
		return strings.Join(all, "; ")
	}
	service := cmpText(d.Service, d.Repository)
	s.rules.Services[0].Name = service
	if got := told(); got != service+": cd ci; shop: " {
		t.Errorf("before: %s", got)
	}
	c := Correction{ID: 1, Record: Key{Source: "cd", Type: TypeDeployment, ID: "d2"}, Fields: json.RawMessage(`{"service":"shop"}`), Reason: "it was the shop's", At: clock(48, 0)}
	stated, _ := c.Event()
	s.events = append(s.events, stated)
	if got := told(); got != service+": ci; shop: cd" {
		t.Errorf("since: %s", got)
	}
}

func TestEachOfSeveralCorrectionsKeepsWhatWasKnownUntilIt(t *testing.T) {
	t.Parallel()
	s := newTale().deploy("d1", "r1", clock(9, 0)).deploy("d2", "r2", clock(12, 0))
	for n, text := range []string{`{"status":"failed"}`, `{"status":"succeeded"}`} {
		s.correct(int64(n+1), "deployment d2", Correction{Fields: json.RawMessage(text), At: clock(48+n, 0)})
	}
	f := s.expect(t, "d1 planned baseline", "d2 planned baseline")
	for at, failed := range map[time.Time]bool{clock(47, 0): false, clock(48, 0): true, clock(48, 59): true, clock(49, 0): false} {
		if got := f.AsOf(at); len(got.Rollouts) != 2 || got.Rollouts[1].Failed() != failed {
			t.Errorf("at %s: %s", at, tell(got))
		}
	}
}

func TestADeploymentThatCorrectionsMoveToAndFroIsKnownWhereItWas(t *testing.T) {
	t.Parallel()
	s := newTale().deploy("d1", "c1", clock(9, 0)).deploy("d2", "c2", clock(12, 0)).
		add(Incident{ID: "i1", Service: "api", Deployment: "d2", StartedAt: clock(13, 0)}).
		correct(1, "deployment d2", Correction{Fields: json.RawMessage(`{"service":"shop"}`), At: clock(48, 0)}).
		correct(2, "deployment d2", Correction{Fields: json.RawMessage(`{"service":"api"}`), At: clock(50, 0)})
	s.rules.Services = []Service{{Name: "api"}, {Name: "shop"}}
	all := DeriveAll(s.events, s.rules)
	if len(all) != 2 {
		t.Fatalf("%d services", len(all))
	}
	for hour, want := range map[int][2]int{47: {2, 0}, 48: {1, 1}, 49: {1, 1}, 50: {2, 0}} {
		for n, f := range all {
			if got := f.AsOf(clock(hour, 0)).Rollouts; len(got) != want[n] {
				t.Errorf("%s at %d:00 has %d rollouts, want %d", f.Service, hour, len(got), want[n])
			}
		}
	}
	var told []string
	for _, k := range all[0].Incidents[0].KnownAs() {
		told = append(told, fmt.Sprintf("%s %t", k.At.Sub(clock(0, 0)), k.Uncounted))
	}
	if want := []string{"13h0m0s false", "48h0m0s true", "50h0m0s false"}; !slices.Equal(told, want) {
		t.Errorf("the incident is told of as %q, want %q", told, want)
	}
	if told := all[1].TakenBack; len(told) != 1 || !told[0].KnownAs()[0].At.Equal(clock(48, 0)) || !told[0].KnownAs()[1].Uncounted {
		t.Errorf("the other service knows %+v", told)
	}
}

func TestACorrectionOfWhatIsNotThereChangesNothing(t *testing.T) {
	t.Parallel()
	s := newTale().line("c1").deploy("d1", "c1", clock(9, 0))
	want := asJSON(t, DeriveAll(s.events, s.rules))
	s.correct(1, "deployment gone", fields(`{"status":"failed"}`)).correct(2, "incident gone", Correction{Exclude: true})
	if got := asJSON(t, DeriveAll(s.events, s.rules)); got != want {
		t.Errorf("%s", firstDifference(got, want))
	}
	if got := asJSON(t, []Facts{Derive(Service{Name: "api", Tier: Standard, Repositories: []string{"acme/api"}}, s.events, s.rules)}); got != want {
		t.Errorf("%s", firstDifference(got, want))
	}
}

func TestADeploymentCorrectedToARollbackIsKnownToBeOneFromThenOn(t *testing.T) {
	t.Parallel()
	s := newTale()
	for _, d := range []Deployment{deployment("d1", "r1", clock(9, 0)), deployment("d2", "r2", clock(12, 0)), deployment("d3", "r3", clock(14, 0))} {
		s.events = append(s.events, live(NewEvent("ci", d), d.FinishedAt))
	}
	f := s.correct(1, "deployment d3", fields(`{"rollback_of":"d2"}`)).expect(t,
		"d1 planned baseline",
		"d2 planned baseline; rolled back (d3, stated); recovered by rollback d3 after 2h0m0s",
		"d3 rollback of d2 baseline")
	if c := f.Rollouts[1].Failures[0]; !c.KnownAt.Equal(clock(48, 0)) || c.Assumed || !c.At.Equal(clock(14, 0)) {
		t.Errorf("the failure is %+v", c)
	}
	if r := f.Rollouts[0]; !r.KnownAt.Equal(clock(9, 0)) {
		t.Errorf("d1, which nobody corrected, was known at %s", r.KnownAt)
	}
}

func TestACorrectionOfAPageOnlyMovesNoKnownAt(t *testing.T) {
	t.Parallel()
	s := newTale()
	s.events = append(s.events, live(NewEvent("ci", deployment("d1", "r1", clock(9, 0))), clock(9, 1)))
	f := s.correct(1, "deployment d1", fields(`{"url":"https://ci.example.org/1"}`)).expect(t, "d1 planned baseline")
	if r := f.Rollouts[0]; !r.KnownAt.Equal(clock(9, 1)) || r.URL != "https://ci.example.org/1" {
		t.Errorf("the rollout is %+v", r)
	}
}

func TestWhatIsLeftOfARolloutKeepsWhatWasTakenBack(t *testing.T) {
	t.Parallel()
	exclude := Correction{Exclude: true, Reason: "a drill"}
	s := newTale().deploy("d1", "r1", clock(9, 0)).deploy("d2", "r1", clock(9, 20)).incident("i1", clock(10, 0)).
		correct(1, "deployment d1", exclude).correct(2, "incident i1", exclude)
	f := s.expect(t, "d2 planned baseline")
	was(t, f, clock(48, 0), "ci/d1 → ci/d2: incident (i1)")
}

func TestCorrectionsAreCheckedAsEventsAre(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		kind     EventType
		fields   string
		reason   string
		exclude  bool
		unlinked bool
		want     string // the field of the first fault, or the canonical fields
		fault    string
	}{
		"fields in any order":        {kind: TypeDeployment, fields: `{"status":"failed", "finished_at":"2026-03-02T10:00:00+01:00"}`, want: `{"finished_at":"2026-03-02T09:00:00Z","status":"failed"}`},
		"clearing an optional field": {kind: TypeIncident, fields: `{"deployment":null}`, want: `{"deployment":null}`},
		"excluding":                  {kind: TypeCommit, exclude: true},
		"unlinking":                  {kind: TypeIncident, unlinked: true},
		"an unknown field":           {kind: TypeDeployment, fields: `{"colour":"red"}`, want: "colour", fault: "unknown key"},
		"a wrong value":              {kind: TypeDeployment, fields: `{"status":"fine"}`, want: "status", fault: "not one of its values"},
		"an identity":                {kind: TypeCommit, fields: `{"repository":"x"}`, want: "repository", fault: "identifies the record"},
		"clearing a required field":  {kind: TypeDeployment, fields: `{"status":null}`, want: "status", fault: "cannot be cleared"},
		"times in disorder":          {kind: TypeIncident, fields: `{"started_at":"2026-03-02T10:00:00Z","resolved_at":"2026-03-02T09:00:00Z"}`, want: "resolved_at", fault: "is before"},
		"no object":                  {kind: TypeDeployment, fields: `[1]`, want: "fields", fault: "array"},
		"nothing":                    {kind: TypeDeployment, want: "fields", fault: "says nothing"},
		"no reason":                  {kind: TypeDeployment, exclude: true, reason: " ", want: "reason", fault: "missing"},
		"a reason of two lines":      {kind: TypeDeployment, exclude: true, reason: "a\nb", want: "reason", fault: "one line"},
		"a long reason":              {kind: TypeDeployment, exclude: true, reason: strings.Repeat("x", 501), want: "reason", fault: "too long"},
		"unlinking no incident":      {kind: TypeDeployment, unlinked: true, want: "unlinked", fault: "no incident"},
		"unlinking and a cause":      {kind: TypeIncident, unlinked: true, fields: `{"deployment":"d1"}`, want: "unlinked", fault: "name a cause"},
		"an unknown type":            {kind: "party", exclude: true, want: "record", fault: "no known type"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got, faults := NewCorrection(Correction{Record: Key{Source: "ci", Type: c.kind, ID: "1"}, Fields: json.RawMessage(c.fields),
				Reason: cmpText(c.reason, "why"), Exclude: c.exclude, Unlinked: c.unlinked})
			if c.fault == "" {
				if len(faults) > 0 || string(got.Fields) != c.want {
					t.Errorf("fields %s, faults %v", got.Fields, faults)
				}
				return
			}
			if len(faults) == 0 || faults[0].Field != c.want || !strings.Contains(faults[0].Problem, c.fault) || faults[0].Remedy == "" {
				t.Errorf("the faults are %+v", faults)
			}
		})
	}
}
