package metrics

import (
	"slices"
	"testing"
	"time"
)

func TestSeveralSourcesThatSeeOneRolloutAreCountedOnceAndTheConfiguredOrderDecides(t *testing.T) {
	t.Parallel()
	s := newTale().line("c1", "c2").deploy("d1", "c1", clock(9, 0)).deploy("d2", "c2", clock(12, 0))
	other := deployment("sync-1", "c2", clock(12, 4))
	other.Status = Failed
	s.events = append(s.events, NewEvent("argo", other))
	s.rules.SourceOrder = []string{"ci", "argo"}
	f := s.expect(t, "d1 planned baseline", "d2 planned brings c2")
	if got, want := f.Rollouts[1].Attempts, []Attempt{
		{ID: "ci/d2", StartedAt: clock(11, 50), FinishedAt: clock(12, 0), Status: Succeeded},
		{ID: "argo/sync-1", StartedAt: clock(11, 54), FinishedAt: clock(12, 4), Status: Failed},
	}; !slices.Equal(got, want) {
		t.Errorf("the attempts are %v, want %v", got, want)
	}
	s.rules.SourceOrder = []string{"argo"}
	s.expect(t, "d1 planned baseline", "d2 planned brings c2; run failed (argo/sync-1, stated)")
}

func TestASecondSourceThatReportsLateMakesNoRollback(t *testing.T) {
	t.Parallel()
	s := newTale().line("c1", "c2", "c3").deploy("d1", "c1", clock(9, 0)).deploy("d2", "c2", clock(12, 0)).deploy("d3", "c3", clock(12, 15))
	for id, d := range map[string]Deployment{"s2": deployment("s2", "c2", clock(12, 20)), "s3": deployment("s3", "c3", clock(12, 40))} {
		d.ID = id
		s.events = append(s.events, NewEvent("argo", d))
	}
	s.expect(t,
		"d1 planned baseline",
		"d2 planned brings c2",
		"d3 planned brings c3")
}

func TestARequestThatListsNoCommitsHasThoseThatItsMergeBroughtIn(t *testing.T) {
	t.Parallel()
	f := newTale().line("c1", "c2").commit("b1", "c1").commit("b2", "b1").commit("m", "c2", "b2").
		add(PullRequest{ID: "7", Repository: "acme/api", MergedAt: clock(11, 0), MergeCommit: "m"}).
		deploy("d1", "c1", clock(9, 0)).deploy("d2", "m", clock(12, 0)).expect(t,
		"d1 planned baseline",
		"d2 planned brings b1,b2,c2")
	for i, want := range []string{"ci/acme/api/7", "ci/acme/api/7", ""} {
		if got := f.Rollouts[1].Changes[i].PullRequest; got != want {
			t.Errorf("change %d came with %q, want %q", i, got, want)
		}
	}
}

func TestADigestStandsForTheRevisionThatItWasBuiltFrom(t *testing.T) {
	t.Parallel()
	built := deployment("d2", "c2", clock(12, 0))
	built.Digest = "sha256:22"
	s := newTale().line("c1", "c2").deploy("d1", "c1", clock(9, 0)).add(built)
	synced := deployment("sync-1", "manifest-commit", clock(12, 4))
	synced.Digest, synced.Repository = "sha256:22", "acme/manifests"
	s.events = append(s.events, NewEvent("argo", synced))
	s.expect(t, "d1 planned baseline", "d2 planned brings c2")
}

func TestAnAbbreviatedRevisionIsResolvedWhenOnlyOneCommitHasIt(t *testing.T) {
	t.Parallel()
	f := newTale().line(sha("aaaaaaa1"), sha("bbbbbbb1"), sha("bbbbbbb2")).
		deploy("d1", "aaaaaaa", clock(9, 0)).deploy("d2", "bbbbbbb", clock(12, 0)).deploy("d3", "BBBBBBB2", clock(14, 0)).derive(t)
	if got := f.Rollouts[1]; !got.Baseline {
		t.Errorf("an ambiguous revision was resolved: %+v", got)
	}
	if got := f.Rollouts[2]; got.Revision != sha("bbbbbbb2") || len(got.Changes) != 2 {
		t.Errorf("got revision %s with %d changes", got.Revision, len(got.Changes))
	}
}

func TestWhatDidNotRunToAnEndIsLeftOutWithTheReason(t *testing.T) {
	t.Parallel()
	s := newTale().line("c1").deploy("d1", "c1", clock(9, 0))
	for id, change := range map[string]func(*Deployment){
		"pending":   func(d *Deployment) { d.Status = Pending },
		"cancelled": func(d *Deployment) { d.Status = Cancelled },
		"endless":   func(d *Deployment) { d.FinishedAt = time.Time{} },
	} {
		d := deployment(id, "c1", clock(12, 0))
		change(&d)
		s.add(d)
	}
	s.add(Verdict{ID: "v", Deployment: "cancelled", At: clock(13, 0), Result: "unhealthy"})
	f := s.expect(t, "d1 planned baseline")
	var got []string
	for _, l := range f.LeftOut {
		got = append(got, l.Record+": "+l.Reason)
	}
	if want := []string{
		"ci/deployment/cancelled: cancelled",
		"ci/deployment/endless: finished, but the source does not say when",
		"ci/deployment/pending: pending: it has not begun",
		"ci/verdict/v: names a deployment that is not counted",
	}; !slices.Equal(got, want) {
		t.Errorf("left out:\n%q\nwant\n%q", got, want)
	}
}

func TestAFailedDeploymentWithoutAStartCountsAsBegun(t *testing.T) {
	t.Parallel()
	d := deployment("d1", "c1", clock(9, 0))
	d.Status, d.StartedAt = Failed, time.Time{}
	f := newTale().line("c1").add(d).expect(t, "d1 planned baseline; run failed (d1, stated)")
	if !f.Rollouts[0].StartedAt.IsZero() {
		t.Errorf("an unknown start became %s", f.Rollouts[0].StartedAt)
	}
}

func TestASquashMergeCountsAsItsRequestsOwnCommits(t *testing.T) {
	t.Parallel()
	newTale().line("c1", "squash").commit("own1", "c1").commit("own2", "own1").
		add(PullRequest{ID: "7", Repository: "acme/api", MergedAt: clock(11, 0), MergeCommit: "squash", Commits: []string{"own1", "own2", "lost"}}).
		deploy("d1", "c1", clock(9, 0)).deploy("d2", "squash", clock(12, 0)).expect(t,
		"d1 planned baseline",
		"d2 planned brings lost,own1,own2")
}

func TestASquashMergeOfUnknownCommitsCountsAsItself(t *testing.T) {
	t.Parallel()
	newTale().line("c1", "squash").
		add(PullRequest{ID: "7", Repository: "acme/api", MergedAt: clock(11, 0), MergeCommit: "squash", Commits: []string{"lost1", "lost2"}}).
		deploy("d1", "c1", clock(9, 0)).deploy("d2", "squash", clock(12, 0)).expect(t,
		"d1 planned baseline",
		"d2 planned brings squash")
}

func TestRebasedCommitsCountAsTheRequestsOwnAndOnlyOnce(t *testing.T) {
	t.Parallel()
	newTale().line("c1", "c2").commit("own1", "c1").commit("own2", "own1").
		message("copy1", "work on own1", "c2").message("copy2", "work on own2", "copy1").
		add(PullRequest{ID: "7", Repository: "acme/api", MergedAt: clock(11, 0), MergeCommit: "copy2", Commits: []string{"own1", "own2"}}).
		deploy("d1", "c1", clock(9, 0)).deploy("d2", "own1", clock(12, 0)).deploy("d3", "copy2", clock(14, 0)).expect(t,
		"d1 planned baseline",
		"d2 planned brings own1",
		"d3 planned brings c2,own2")
}

func TestMergeCommitsAreNoChanges(t *testing.T) {
	t.Parallel()
	newTale().line("c1", "c2").commit("b", "c1").commit("m", "c2", "b").
		deploy("d1", "c1", clock(9, 0)).deploy("d2", "m", clock(12, 0)).expect(t,
		"d1 planned baseline",
		"d2 planned brings b,c2")
}

func TestStatedCommitsAndBaseAreHonoured(t *testing.T) {
	t.Parallel()
	listed := deployment("d1", "c3", clock(9, 0))
	listed.Commits = []string{"c2", "unheard"}
	based := deployment("d2", "c5", clock(12, 0))
	based.BaseRevision = "c4"
	newTale().line("c1", "c2", "c3", "c4", "c5").add(listed).add(based).expect(t,
		"d1 planned brings unheard,c2",
		"d2 planned brings c5")
}

func TestKnownAtIsWhenALiveEventWasRecordedElseAssumed(t *testing.T) {
	t.Parallel()
	running, done := deployment("d1", "c1", clock(9, 0)), deployment("d1", "c1", clock(9, 0))
	running.Status = Running
	early, late, again := NewEvent("ci", running), NewEvent("ci", done), NewEvent("ci", done)
	early.RecordedAt, late.RecordedAt, again.RecordedAt = clock(8, 51), clock(9, 2), clock(20, 0)
	early.Live, late.Live, again.Live = true, true, true
	again.Sequence = 1
	f := Derive(Service{Name: "api"}, []Event{again, early, late}, DefaultRules())
	if r := f.Rollouts[0]; !r.KnownAt.Equal(clock(9, 2)) || r.Assumed {
		t.Errorf("known at %s, assumed %t", r.KnownAt, r.Assumed)
	}
	late.Live = false
	f = Derive(Service{Name: "api"}, []Event{early, late, again}, DefaultRules())
	if r := f.Rollouts[0]; !r.KnownAt.Equal(clock(9, 0)) || !r.Assumed {
		t.Errorf("imported: known at %s, assumed %t", r.KnownAt, r.Assumed)
	}
}

func TestJoinedEnvironmentsAreOneRollout(t *testing.T) {
	t.Parallel()
	s := newTale().line("c1", "c2")
	s.rules.Environments = append([]EnvironmentRule{{Pattern: "prod-*", Kind: Production, As: "production"}}, s.rules.Environments...)
	for i, name := range []string{"prod-eu", "prod-us"} {
		d := deployment(name, "c2", clock(12, 5*i))
		d.Environment = name
		s.add(d)
	}
	if f := s.expect(t, "prod-eu planned baseline"); f.Rollouts[0].Environment != "production" || len(f.Rollouts[0].Attempts) != 2 {
		t.Errorf("got %+v", f.Rollouts[0])
	}
}

func TestEnvironmentsAreKnownByTheirNames(t *testing.T) {
	t.Parallel()
	rules := DefaultRules()
	for name, want := range map[string]EnvironmentKind{
		"": Production, "Production": Production, "prod": Production, "prod-eu-1": Production, "eu-prod": Production, "live": Production,
		"pre-prod": Staging, "preprod-2": Staging, "staging": Staging, "non-prod": Staging, "qa": Testing, "integration-test": Testing,
		"review/prod-fix": Development, "product-docs": Development, "sandbox": Development, "whatever": Development,
	} {
		if got := rules.KindOf(name); got != want {
			t.Errorf("%q is %s, want %s", name, got, want)
		}
	}
}

func TestAHostSaysWhatAnEnvironmentIsForAndTheOrganisationsOwnRulesSayOtherwise(t *testing.T) {
	t.Parallel()
	rules := DefaultRules()
	rules.Environments = append([]EnvironmentRule{{Pattern: "eu-2", Kind: Testing}}, rules.Environments...)
	labelled := func(id, environment, kind string, at time.Time) Record {
		d := deployment(id, id, at)
		d.Environment, d.Labels = environment, map[string]string{KindLabel: kind}
		return d
	}
	for sentence, c := range map[string]struct {
		records []Record
		want    []EnvironmentKind
	}{
		"a name that no rule knows is what the host says":       {[]Record{labelled("a", "eu-1", "production", clock(9, 0))}, []EnvironmentKind{Production}},
		"what a name usually means gives way to the host":       {[]Record{labelled("a", "staging", "Production", clock(9, 0))}, []EnvironmentKind{Production}},
		"the organisation's own rule does not":                  {[]Record{labelled("a", "eu-2", "production", clock(9, 0))}, []EnvironmentKind{Testing}},
		"a kind that there is not says nothing":                 {[]Record{labelled("a", "prod", "other", clock(9, 0))}, []EnvironmentKind{Production}},
		"one source's word holds for what another source saw":   {[]Record{labelled("a", "eu-1", "production", clock(9, 0)), labelled("b", "eu-1", "", clock(12, 0))}, []EnvironmentKind{Production, Production}},
		"the later word holds, for earlier deployments as well": {[]Record{labelled("a", "eu-1", "staging", clock(9, 0)), labelled("b", "eu-1", "production", clock(12, 0))}, []EnvironmentKind{Production, Production}},
	} {
		for _, backwards := range []bool{false, true} {
			var events []Event
			for _, r := range c.records {
				events = append(events, NewEvent("ci", r))
			}
			if backwards {
				slices.Reverse(events)
			}
			var got []EnvironmentKind
			for _, r := range DeriveAll(events, rules)[0].Rollouts {
				got = append(got, r.EnvironmentKind)
			}
			if !slices.Equal(got, c.want) {
				t.Errorf("%s: got %v, want %v", sentence, got, c.want)
			}
		}
	}
}

func TestAnIncidentIsOfTheKindThatTheHostStatesOfItsEnvironment(t *testing.T) {
	t.Parallel()
	s := newTale().line("c1", "c2").deploy("d0", "c1", clock(8, 0))
	d := deployment("d1", "c2", clock(9, 0))
	d.Environment, d.Labels = "eu-1", map[string]string{KindLabel: "production"}
	s.add(d).add(Incident{ID: "i", Service: "api", Environment: "eu-1", StartedAt: clock(10, 0)})
	f := s.derive(t)
	if got := f.Incidents[0]; got.EnvironmentKind != Production || got.Rollout != "ci/d1" {
		t.Errorf("got %s blamed on %q", got.EnvironmentKind, got.Rollout)
	}
}

func TestEventsFindTheirService(t *testing.T) {
	t.Parallel()
	rules := DefaultRules()
	rules.Services = []Service{{Name: "pay", Team: "red", Tier: Critical, Repositories: []string{"acme/pay"}}}
	ci := func(r Record) Event { return NewEvent("ci", r) }
	events := []Event{
		ci(Deployment{ID: "1", Repository: "acme/pay", Environment: "production"}),
		ci(Deployment{ID: "2", Service: "web", Repository: "acme/web", Environment: "production"}),
		ci(Deployment{ID: "3", Repository: "acme/docs", Environment: "production"}),
		ci(Deployment{ID: "4", Environment: "production"}),
		ci(Commit{ID: "a", Repository: "acme/web"}),
		ci(Commit{ID: "b", Repository: "acme/lib"}),
		ci(Incident{ID: "i", Service: "acme/pay"}),
		NewEvent("watch", Verdict{ID: "v", Deployment: "ci/2"}),
		ci(Approval{ID: "p", Deployment: "99"}),
	}
	got := map[string]int{}
	for _, s := range Split(events, rules) {
		got[s.Service.Name] = len(s.Events)
		if s.Service.Name == "pay" && (s.Service.Tier != Critical || s.Service.Team != "red") {
			t.Errorf("the declared service is %+v", s.Service)
		}
		if s.Service.Name == "web" && (s.Service.Tier != Standard || !slices.Equal(s.Service.Repositories, []string{"acme/web"})) {
			t.Errorf("the found service is %+v", s.Service)
		}
	}
	want := map[string]int{"": 2, "pay": 2, "web": 3, "acme/docs": 1, "acme/lib": 1}
	if asJSON(t, got) != asJSON(t, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	none := DeriveAll(events, rules)[0]
	if none.Service != "" || len(none.LeftOut) != 2 || none.LeftOut[0].Record != "ci/approval/p" {
		t.Errorf("what belongs to no service: %+v", none)
	}
}

func TestARolloutCarriesLabelsTriggerOwnerAndTheInstantFromWhichItsServiceIsObserved(t *testing.T) {
	t.Parallel()
	s := newTale().commit("c1").deploy("d1", "c1", clock(9, 0)).incident("i1", clock(20, 0))
	s.rules.Services = []Service{{Name: "api", Team: "red", Repositories: []string{"acme/api"}}}
	for i, region := range []string{"eu", "us"} {
		d := deployment("r-"+region, "c2", clock(12, 2*i))
		d.Labels = map[string]string{"region": region, "line-" + region: "yes"}
		d.Trigger = []string{"", "manual"}[i]
		s.add(d)
	}
	s.add(Commit{ID: "c2", Repository: "acme/api", AuthoredAt: clock(-30, 0), Parents: []string{"c1"}})
	f := s.derive(t)
	r := f.Rollouts[1]
	if got := asJSON(t, r.Labels); got != `{"line-eu":"yes","line-us":"yes","region":"eu"}` || r.Trigger != "manual" {
		t.Errorf("labels %s, trigger %q", got, r.Trigger)
	}
	if f.Team != "red" || !f.Since.Equal(clock(-30, 0)) {
		t.Errorf("team %q, since %s", f.Team, f.Since)
	}
}

func TestWhatDoesNotCountDoesNotMoveTheInstantFromWhichAServiceIsObserved(t *testing.T) {
	t.Parallel()
	cancelled := deployment("d0", "c1", clock(1, 0))
	cancelled.Status = Cancelled
	never := commitOf("c2", "", "c1")
	never.AuthoredAt = time.Unix(0, 0)
	s := newTale().commit("c1").add(never).add(cancelled).deploy("d1", "c1", clock(9, 0)).deploy("d2", "c2", clock(12, 0))
	if f := s.derive(t); !f.Since.Equal(clock(8, 50)) {
		t.Errorf("since %s", f.Since)
	}
	running := deployment("d3", "c2", clock(20, 0))
	running.Status, running.FinishedAt, running.StartedAt = Running, time.Time{}, clock(7, 0)
	if f := s.add(running).derive(t); !f.Since.Equal(clock(7, 0)) {
		t.Errorf("with one that runs: since %s", f.Since)
	}
}
