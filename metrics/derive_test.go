package metrics

import (
	"testing"
	"time"
)

func TestNoDataAtAllGivesNoFacts(t *testing.T) {
	t.Parallel()
	if got := DeriveAll(nil, DefaultRules()); len(got) != 0 {
		t.Errorf("got %v", got)
	}
	f := Derive(Service{Name: "api"}, nil, DefaultRules())
	if asJSON(t, f) != `{"service":"api","rollouts":[]}` {
		t.Errorf("got %s", asJSON(t, f))
	}
}

func TestTheFirstDeploymentIsABaselineAndNeverSwallowsHistory(t *testing.T) {
	t.Parallel()
	f := newTale().line("c1", "c2", "c3", "c4").deploy("d1", "c3", clock(9, 0)).deploy("d2", "c4", clock(12, 0)).expect(t,
		"d1 planned baseline",
		"d2 planned brings c4")
	if f.Rollouts[0].BaselineReason != "first deployment known" {
		t.Errorf("the reason is %q", f.Rollouts[0].BaselineReason)
	}
}

func TestAFailedDeploymentBetweenTwoGoodOnesTakesNoChangesAway(t *testing.T) {
	t.Parallel()
	newTale().line("c1", "c2", "c3").deploy("d1", "c1", clock(9, 0)).failedDeploy("d2", "c2", clock(12, 0)).deploy("d3", "c3", clock(15, 0)).expect(t,
		"d1 planned baseline",
		"d2 planned brings c2; run failed (d2, stated); recovered by fix d3 after 3h0m0s",
		"d3 planned brings c2,c3")
}

func TestARevisionMissingFromTheGraphIsABaselineAndTheNextUsesTheLastKnownOne(t *testing.T) {
	t.Parallel()
	newTale().line("c1", "c2", "c3").deploy("d1", "c1", clock(9, 0)).deploy("d2", "lost", clock(12, 0)).deploy("d3", "c3", clock(15, 0)).expect(t,
		"d1 planned baseline",
		"d2 planned baseline",
		"d3 planned brings c2,c3")
}

func TestUnrelatedHistoryIsABaseline(t *testing.T) {
	t.Parallel()
	s := newTale().line("c1", "c2").line("x1", "x2", "x3", "x4").deploy("d1", "c2", clock(9, 0)).deploy("d2", "x2", clock(12, 0)).deploy("d3", "x3", clock(15, 0))
	f := s.expect(t,
		"d1 planned baseline",
		"d2 planned baseline",
		"d3 planned brings x3")
	if f.Rollouts[1].BaselineReason != "shares no history with what was deployed before" {
		t.Errorf("the reason is %q", f.Rollouts[1].BaselineReason)
	}
}

func TestARollbackOfTheLiveDeploymentFailsIt(t *testing.T) {
	t.Parallel()
	newTale().line("c1", "c2", "c3").
		deploy("d1", "c1", clock(9, 0)).deploy("d2", "c2", clock(12, 0)).deploy("d3", "c1", clock(14, 0)).deploy("d4", "c3", clock(16, 0)).expect(t,
		"d1 planned baseline",
		"d2 planned brings c2; rolled back (d3, inferred); recovered by rollback d3 after 2h0m0s",
		"d3 rollback of d2",
		"d4 planned brings c3 reapplies c2")
}

func TestARollbackTwoVersionsBackFailsTheLiveOneOnly(t *testing.T) {
	t.Parallel()
	newTale().line("c1", "c2", "c3").
		deploy("d1", "c1", clock(9, 0)).deploy("d2", "c2", clock(12, 0)).deploy("d3", "c3", clock(14, 0)).deploy("d4", "c1", clock(16, 0)).expect(t,
		"d1 planned baseline",
		"d2 planned brings c2 removed",
		"d3 planned brings c3; rolled back (d4, inferred); recovered by rollback d4 after 2h0m0s",
		"d4 rollback of d3")
}

func TestARollbackOfARollbackIsAReapply(t *testing.T) {
	t.Parallel()
	newTale().line("c1", "c2").
		deploy("d1", "c1", clock(9, 0)).deploy("d2", "c2", clock(12, 0)).deploy("d3", "c1", clock(14, 0)).deploy("d4", "c2", clock(16, 0)).expect(t,
		"d1 planned baseline",
		"d2 planned brings c2; rolled back (d3, inferred); recovered by rollback d3 after 2h0m0s",
		"d3 rollback of d2",
		"d4 reapply of d2 reapplies c2")
}

func TestRedeployingTheLiveRevisionCountsNowhere(t *testing.T) {
	t.Parallel()
	f := newTale().line("c1", "c2").deploy("d1", "c1", clock(9, 0)).deploy("d2", "c2", clock(12, 0)).deploy("d3", "c2", clock(24, 0)).expect(t,
		"d1 planned baseline",
		"d2 planned brings c2",
		"d3 redeploy of d2")
	if f.Rollouts[2].Counts() {
		t.Error("it counts")
	}
}

func TestARetriedPipelineIsOneRollout(t *testing.T) {
	t.Parallel()
	newTale().line("c1", "c2").deploy("d1", "c1", clock(9, 0)).failedDeploy("d2", "c2", clock(12, 0)).deploy("d3", "c2", clock(12, 50)).expect(t,
		"d1 planned baseline",
		"d2 planned brings c2 retried")
}

func TestARetryMoreThanAnHourLaterIsARolloutOfItsOwn(t *testing.T) {
	t.Parallel()
	newTale().line("c1", "c2").deploy("d1", "c1", clock(9, 0)).failedDeploy("d2", "c2", clock(12, 0)).deploy("d3", "c2", clock(13, 11)).expect(t,
		"d1 planned baseline",
		"d2 planned brings c2; run failed (d2, stated); recovered by fix d3 after 1h11m0s",
		"d3 planned brings c2")
}

func TestFiveRegionsWithinTenMinutesAreOneRollout(t *testing.T) {
	t.Parallel()
	s := newTale().line("c1", "c2").deploy("d1", "c1", clock(9, 0))
	for i, region := range []string{"eu", "us", "ap", "sa", "af"} {
		d := deployment("r-"+region, "c2", clock(12, 2*i))
		d.Labels = map[string]string{"region": region}
		s.add(d)
	}
	f := s.expect(t, "d1 planned baseline", "r-eu planned brings c2")
	r := f.Rollouts[1]
	if len(r.Attempts) != 5 || !r.SucceededAt.Equal(clock(12, 0)) || !r.FinishedAt.Equal(clock(12, 8)) {
		t.Errorf("%d attempts, first success %s, last finish %s", len(r.Attempts), r.SucceededAt, r.FinishedAt)
	}
}

func TestARegionThatFailsForGoodFailsTheRollout(t *testing.T) {
	t.Parallel()
	s := newTale().line("c1", "c2").deploy("d1", "c1", clock(9, 0))
	for i, region := range []string{"eu", "us", "ap"} {
		d := deployment("r-"+region, "c2", clock(12, 2*i))
		d.Labels = map[string]string{"region": region}
		if region == "us" {
			d.Status = Failed
		}
		s.add(d)
	}
	s.expect(t, "d1 planned baseline", "r-eu planned brings c2; run failed (r-us, stated)")
}

func TestTheSameCommitInTwoParallelLinesIsOneChange(t *testing.T) {
	t.Parallel()
	newTale().line("c1", "c2").commit("a", "c2").commit("b", "c2").
		deploy("d1", "c1", clock(9, 0)).deploy("d2", "a", clock(12, 0)).deploy("d3", "b", clock(15, 0)).expect(t,
		"d1 planned baseline",
		"d2 planned brings a,c2",
		"d3 planned brings b")
}

func TestABackPortAfterANewerReleaseIsNoRollback(t *testing.T) {
	t.Parallel()
	newTale().line("c1", "v1", "v2").commit("v1.1", "v1").commit("v1.2", "v1.1").
		deploy("d1", "v1", clock(9, 0)).deploy("d2", "v2", clock(12, 0)).deploy("d3", "v1.1", clock(24, 0)).
		deploy("d4", "v1.2", clock(30, 0)).deploy("d5", "v1.1", clock(40, 0)).expect(t,
		"d1 planned baseline",
		"d2 planned brings v2",
		"d3 planned brings v1.1",
		"d4 planned brings v1.2; rolled back (d5, inferred); recovered by rollback d5 after 10h0m0s",
		"d5 rollback of d4")
}

func TestClockSkewIsAFaultOfTheChange(t *testing.T) {
	t.Parallel()
	s := newTale().commit("c1").deploy("d1", "c1", clock(9, 0)).deploy("d2", "c2", clock(12, 0))
	late := commitOf("c2", "", "c1")
	late.AuthoredAt = clock(12, 1)
	f := s.add(late).expect(t, "d1 planned baseline", "d2 planned brings c2")
	if got := f.Rollouts[1].Changes[0].Fault; got != "authored after it was deployed" {
		t.Errorf("the fault is %q", got)
	}
}

func TestADeploymentFinishedBeforeItsPullRequestMergedKeepsTheChange(t *testing.T) {
	t.Parallel()
	s := newTale().line("c1", "c2").deploy("d1", "c1", clock(9, 0)).deploy("d2", "c2", clock(12, 0)).
		add(PullRequest{ID: "7", Repository: "acme/api", CreatedAt: clock(8, 0), MergedAt: clock(13, 0), Commits: []string{"c2"}, MergeCommit: "s2"}).
		commit("s2", "c1").commit("c3", "s2").deploy("d3", "c3", clock(15, 0))
	f := s.expect(t,
		"d1 planned baseline",
		"d2 planned brings c2",
		"d3 planned brings c3")
	ch := f.Rollouts[1].Changes[0]
	if ch.PullRequest != "ci/acme/api/7" || !ch.MergedAt.Equal(clock(13, 0)) || ch.Fault != "" {
		t.Errorf("the change is %+v", ch)
	}
}

func TestAnIncidentAtTheExactSecondOfAFinishBelongsToThatDeployment(t *testing.T) {
	t.Parallel()
	s := newTale().line("c1", "c2").deploy("d1", "c1", clock(9, 0)).deploy("d2", "c2", clock(12, 0)).incident("i1", clock(12, 0))
	s.expect(t,
		"d1 planned baseline",
		"d2 planned brings c2; incident (i1, inferred)")
}

func TestAnIncidentWhileADeploymentRunsBelongsToIt(t *testing.T) {
	t.Parallel()
	newTale().line("c1", "c2").deploy("d1", "c1", clock(9, 0)).failedDeploy("d2", "c2", clock(12, 0)).incident("i1", clock(11, 55)).expect(t,
		"d1 planned baseline",
		"d2 planned brings c2; incident (i1, inferred); run failed (d2, stated)")
}

func TestAnIncidentOfAnotherServiceBlamesNobodyHere(t *testing.T) {
	t.Parallel()
	s := newTale().line("c1", "c2").deploy("d1", "c1", clock(9, 0)).
		add(Incident{ID: "i1", Service: "shop", StartedAt: clock(9, 30)})
	f := s.expect(t, "d1 planned baseline")
	if len(f.Incidents) != 0 {
		t.Errorf("it has incidents %v", f.Incidents)
	}
	if all := DeriveAll(s.events, s.rules); len(all) != 2 || all[1].Incidents[0].Confidence != Unattributed {
		t.Errorf("the other service has %v", all)
	}
}

func TestAnOpenIncidentLeavesTheFailureOpen(t *testing.T) {
	t.Parallel()
	f := newTale().line("c1").deploy("d1", "c1", clock(9, 0)).incident("i1", clock(10, 0)).expect(t,
		"d1 planned baseline; incident (i1, inferred)")
	if f.Rollouts[0].Recovery != nil {
		t.Error("it recovered")
	}
}

func TestAnIncidentLaterThanTheWindowIsKeptUnattributed(t *testing.T) {
	t.Parallel()
	s := newTale().line("c1").deploy("d1", "c1", clock(9, 0)).incident("edge", clock(33, 0)).incident("late", clock(33, 0).Add(time.Millisecond))
	f := s.expect(t, "d1 planned baseline; incident (edge, inferred)")
	if l := f.Incidents[1]; l.Confidence != Unattributed || l.Reason != "no live rollout finished within 24h0m0s before it" {
		t.Errorf("the link is %+v", l)
	}
}

func TestTwoServicesInOneRepositoryShareItsCommitsButNotTheirChanges(t *testing.T) {
	t.Parallel()
	s := newTale()
	s.rules.SkipUnchanged = true
	s.rules.Services = []Service{
		{Name: "api", Repositories: []string{"acme/mono"}, Paths: []string{"services/api"}},
		{Name: "web", Repositories: []string{"acme/mono"}, Paths: []string{"services/web"}},
	}
	paths := []string{"README.md", "services/api/a.go", "services/web/b.go", "services/apix/c.go"}
	for i, path := range paths {
		c := Commit{ID: string(rune('a' + i)), Repository: "acme/mono", AuthoredAt: clock(0, i), Paths: []string{path}}
		if i > 0 {
			c.Parents = []string{string(rune('a' + i - 1))}
		}
		s.add(c)
		d := deployment(c.ID, c.ID, clock(3*(i+1), 0))
		d.Service, d.Repository, d.ID = "", "acme/mono", "d"+c.ID
		s.add(d)
	}
	f := s.expect(t,
		"da planned baseline",
		"db planned brings b")
	if len(f.LeftOut) != 2 || f.LeftOut[0].Record != "ci/deployment/dc" {
		t.Errorf("left out: %v", f.LeftOut)
	}
	for _, other := range DeriveAll(s.events, s.rules) {
		if other.Service == "web" && (len(other.Rollouts) != 2 || other.Rollouts[1].ID != "ci/dc") {
			t.Errorf("web has\n%s", tell(other))
		}
	}
}
