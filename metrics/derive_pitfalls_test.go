package metrics

import (
	"testing"
	"time"
)

// reviewed is a tale of one request with the given reviews, authored at 1:00, opened at 2:00, merged at 8:00 and live at 9:00.
func reviewed(t *testing.T, reviews ...Review) Change {
	t.Helper()
	work := commitOf("c2", "", "c1")
	work.AuthoredAt = clock(1, 0)
	f := newTale().commit("c1").deploy("d0", "c1", clock(-9, 0)).add(work).
		add(PullRequest{ID: "7", Repository: "acme/api", Author: "ada", CreatedAt: clock(2, 0), MergedAt: clock(8, 0), Commits: []string{"c2"}, Reviews: reviews}).
		deploy("d1", "c2", clock(9, 0)).derive(t)
	return f.Rollouts[1].Changes[0]
}

func TestABotsReviewBeforeAHumansIsNone(t *testing.T) {
	t.Parallel()
	ch := reviewed(t,
		Review{At: clock(2, 1), Author: "quality-gate", Bot: true, State: "approved"},
		Review{At: clock(2, 2), Author: "renovate[bot]", State: "approved"},
		Review{At: clock(2, 3), Author: "ada", State: "approved"},
		Review{At: clock(5, 0), Author: "bob", State: "approved"})
	if !ch.ReviewedAt.Equal(clock(5, 0)) || !ch.ApprovedAt.Equal(clock(5, 0)) || ch.Handoffs.People != 1 {
		t.Errorf("the change is %+v with handoffs %+v", ch, ch.Handoffs)
	}
	ch = reviewed(t, Review{At: clock(2, 1), Author: "quality-gate", Bot: true, State: "approved"})
	if !ch.ReviewedAt.IsZero() || !ch.ApprovedAt.IsZero() || ch.Handoffs.People != 0 {
		t.Errorf("reviewed by a program alone it is %+v with handoffs %+v", ch, ch.Handoffs)
	}
}

func TestHostsWhoseClocksDifferTellOfOneRollout(t *testing.T) {
	t.Parallel()
	s := newTale().line("c1", "c2").deploy("d1", "c1", clock(9, 0)).deploy("d2", "c2", clock(12, 0))
	for id, at := range map[string]time.Time{"d1": clock(8, 58), "d2": clock(11, 58)} { // its clock is two minutes late
		revision := map[string]string{"d1": "c1", "d2": "c2"}[id]
		s.events = append(s.events, NewEvent("argo", deployment("sync-"+id, revision, at)))
	}
	f := s.derive(t)
	if len(f.Rollouts) != 2 || len(f.Rollouts[0].Attempts) != 2 || len(f.Rollouts[1].Changes) != 1 {
		t.Errorf("the rollouts are\n%s", tell(f))
	}
}

func TestAHostThatIsAheadMakesNoNegativeWaitAndLosesNoDeployment(t *testing.T) {
	t.Parallel()
	ahead := approval("a1", "red", clock(8, 59), clock(8, 58)) // decided before it was asked for
	f := owned().line("c1", "c2").deploy("d0", "c1", clock(1, 0)).deploy("d1", "c2", clock(9, 0)).add(ahead).
		add(Verdict{ID: "v1", Deployment: "d1", At: clock(8, 0), Result: "unhealthy"}).
		incident("i1", clock(9, 0).Add(-time.Second)).derive(t)
	r := f.Rollouts[1]
	if r.Waits.Total != 0 || r.Waits.DecidedInside != 1 || len(r.Failures) != 2 || f.Incidents[0].Reason != "the rollout was running when it started" {
		t.Errorf("the rollout is %+v, the incident %+v", r, f.Incidents[0])
	}
}

func TestADeploymentThatFinishedBeforeItStartedIsLeftOut(t *testing.T) {
	t.Parallel()
	d := deployment("d2", "c2", clock(12, 0))
	d.StartedAt = clock(12, 1)
	f := newTale().line("c1", "c2").deploy("d1", "c1", clock(9, 0)).add(d).expect(t, "d1 planned baseline")
	if len(f.LeftOut) != 1 || f.LeftOut[0].Reason != "it finished before it started" {
		t.Errorf("left out: %+v", f.LeftOut)
	}
}

func TestAnIncidentThatIsOpenAtTheWindowsEndLeavesTheFailureOpenUntilItIsResolved(t *testing.T) {
	t.Parallel()
	open := Incident{ID: "i1", Service: "api", Environment: "production", StartedAt: clock(10, 0)}
	s := newTale().line("c1").deploy("d1", "c1", clock(9, 0)).add(open)
	if r := s.derive(t).Rollouts[0]; !r.Failed() || r.Recovery != nil {
		t.Errorf("while it is open the rollout is %+v", r)
	}
	open.ResolvedAt = clock(200, 0)
	resolved := NewEvent("ci", open)
	resolved.Sequence = 1
	s.events = append(s.events, resolved)
	if r := s.derive(t).Rollouts[0]; r.Recovery == nil || !r.Recovery.At.Equal(clock(200, 0)) || r.Recovery.By != byIncident {
		t.Errorf("once it is resolved the rollout is %+v", r)
	}
}

func TestAStatedRollbackOfARollbackFailsNoRollback(t *testing.T) {
	t.Parallel()
	forward := deployment("d4", "c2", clock(16, 0))
	forward.RollbackOf = "d3"
	newTale().line("c1", "c2").
		deploy("d1", "c1", clock(9, 0)).deploy("d2", "c2", clock(12, 0)).deploy("d3", "c1", clock(14, 0)).add(forward).expect(t,
		"d1 planned baseline",
		"d2 planned brings c2; rolled back (d3, inferred); recovered by rollback d3 after 2h0m0s",
		"d3 rollback of d2",
		"d4 rollback of d3 reapplies c2")
}

func TestTheSameDeploymentAgainAfterAnotherIsNoRetry(t *testing.T) {
	t.Parallel()
	newTale().line("c1", "c2").deploy("d1", "c1", clock(9, 0)).failedDeploy("d2", "c2", clock(12, 0)).
		deploy("d3", "c1", clock(12, 10)).deploy("d4", "c2", clock(12, 20)).expect(t,
		"d1 planned baseline",
		"d2 planned brings c2; run failed (d2, stated); recovered by fix d3 after 10m0s",
		"d3 redeploy of d1",
		"d4 planned brings c2")
}

func TestServicesOfOneRepositoryDoNotBlameEachOther(t *testing.T) {
	t.Parallel()
	s := newTale().line("c1", "c2")
	for i, service := range []string{"api", "web"} {
		d := deployment(service+"-1", "c1", clock(9+i, 0))
		d.Service = service
		s.add(d)
	}
	s.add(Incident{ID: "i1", Service: "api", StartedAt: clock(10, 30)})
	s.expect(t, "api-1 planned baseline; incident (i1, inferred)")
	for _, f := range DeriveAll(s.events, s.rules) {
		if f.Service == "web" && (len(f.Incidents) > 0 || f.Rollouts[0].Failed()) {
			t.Errorf("web has\n%s", tell(f))
		}
	}
}
