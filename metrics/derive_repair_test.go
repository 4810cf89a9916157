package metrics

import (
	"testing"
	"time"
)

func yes() *bool { v := true; return &v }

// sha makes a full object name of a few hexadecimal digits.
func sha(digits string) string {
	return digits + "0000000000000000000000000000000000000000"[len(digits):]
}

func TestARevertFailsTheDeploymentWhoseCommitItTakesBack(t *testing.T) {
	t.Parallel()
	newTale().line("c1", sha("beef01"), "c3").message("r", "Revert \"work\"\n\nThis reverts commit "+sha("beef01")+".", "c3").
		deploy("d1", "c1", clock(9, 0)).deploy("d2", sha("beef01"), clock(12, 0)).deploy("d3", "c3", clock(14, 0)).deploy("d4", "r", clock(16, 0)).expect(t,
		"d1 planned baseline",
		"d2 planned brings "+sha("beef01")+"; reverted (d4, stated); recovered by fix d4 after 4h0m0s",
		"d3 planned brings c3",
		"d4 rework of d2 brings r")
}

func TestARevertDeployedWithWhatItRevertsIsNothing(t *testing.T) {
	t.Parallel()
	newTale().line("c1", sha("beef01")).message("r", "This reverts commit beef010.", sha("beef01")).
		deploy("d1", "c1", clock(9, 0)).deploy("d2", "r", clock(12, 0)).expect(t,
		"d1 planned baseline",
		"d2 planned brings "+sha("beef01")+",r")
}

func TestARevertOfARevertIsAReapplyAndFailsNothing(t *testing.T) {
	t.Parallel()
	newTale().line("c1", sha("beef01")).
		message(sha("dead01"), "This reverts commit "+sha("beef01")+".", sha("beef01")).
		message("rr", "Reapply\n\nThis reverts commit "+sha("dead01")+".", sha("dead01")).
		deploy("d1", "c1", clock(9, 0)).deploy("d2", sha("beef01"), clock(12, 0)).deploy("d3", sha("dead01"), clock(14, 0)).deploy("d4", "rr", clock(16, 0)).expect(t,
		"d1 planned baseline",
		"d2 planned brings "+sha("beef01")+"; reverted (d3, stated); recovered by fix d3 after 2h0m0s",
		"d3 rework of d2 brings "+sha("dead01"),
		"d4 reapply brings rr")
}

func TestARevertOfWhatIsNotInItsPastIsNone(t *testing.T) {
	t.Parallel()
	newTale().line("c1", "c2").commit(sha("beef01"), "c1").message("r", "This reverts commit "+sha("beef01")+".", "c2").
		deploy("d1", "c1", clock(9, 0)).deploy("d2", sha("beef01"), clock(12, 0)).deploy("d3", "r", clock(14, 0)).expect(t,
		"d1 planned baseline",
		"d2 planned brings "+sha("beef01"),
		"d3 planned brings c2,r")
}

func TestARevertOfACherryPickedCommitOnABackPortLineFindsTheCopy(t *testing.T) {
	t.Parallel()
	newTale().line("c1", sha("beef01")).
		message("copy", "Work\n\n(cherry picked from commit "+sha("beef01")+")", "c1").
		message("r", "This reverts commit "+sha("beef01")+".", "copy").
		deploy("d1", "c1", clock(9, 0)).deploy("d2", sha("beef01"), clock(12, 0)).deploy("d3", "copy", clock(14, 0)).deploy("d4", "r", clock(16, 0)).expect(t,
		"d1 planned baseline",
		"d2 planned brings "+sha("beef01"),
		"d3 planned brings copy; reverted (d4, stated); recovered by fix d4 after 2h0m0s",
		"d4 rework of d3 brings r")
}

func TestARevertRequestIsRecognisedByTitleOrBranch(t *testing.T) {
	t.Parallel()
	for name, revert := range map[string]PullRequest{
		"title with the number":       {Title: `Revert "Add tax (#7)"`},
		"title that names the number": {Title: "Revert PR #7 for now"},
		"GitHub's branch":             {Title: "Back it out", Head: "revert-7-add-tax"},
		"GitLab's branch":             {Title: "Back it out", Head: "revert-beef0100"},
		"title of the commit":         {Title: `Revert "work on ` + sha("beef01") + `"`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			revert.ID, revert.Number, revert.Repository, revert.MergeCommit, revert.MergedAt = "8", 8, "acme/api", "c3", clock(13, 0)
			newTale().line("c1", sha("beef01"), "c3").add(revert).
				add(PullRequest{ID: "7", Number: 7, Repository: "acme/api", Title: "Add tax", MergeCommit: sha("beef01"), MergedAt: clock(11, 0)}).
				deploy("d1", "c1", clock(9, 0)).deploy("d2", sha("beef01"), clock(12, 0)).deploy("d3", "c3", clock(14, 0)).expect(t,
				"d1 planned baseline",
				"d2 planned brings "+sha("beef01")+"; reverted (d3, stated); recovered by fix d3 after 2h0m0s",
				"d3 rework of d2 brings c3")
		})
	}
}

func TestAHotfixBlamesTheLastRolloutThatCanHaveBrokenSomething(t *testing.T) {
	t.Parallel()
	fix := deployment("d4", "c4", clock(16, 0))
	fix.Hotfix = yes()
	newTale().line("c1", "c2", "c3", "c4").deploy("d1", "c1", clock(9, 0)).deploy("d2", "c2", clock(12, 0)).deploy("d3", "c1", clock(14, 0)).add(fix).expect(t,
		"d1 planned baseline",
		"d2 planned brings c2; rolled back (d3, inferred); followed by a hotfix (d4, inferred); recovered by rollback d3 after 2h0m0s",
		"d3 rollback of d2",
		"d4 rework of d2 brings c3,c4 reapplies c2")
}

func TestAHotfixThatNamesWhatItFixesBlamesThat(t *testing.T) {
	t.Parallel()
	fix := deployment("d4", "c4", clock(16, 0))
	fix.Fixes = []string{"d2"}
	newTale().line("c1", "c2", "c3", "c4").deploy("d1", "c1", clock(9, 0)).deploy("d2", "c2", clock(12, 0)).deploy("d3", "c3", clock(14, 0)).add(fix).expect(t,
		"d1 planned baseline",
		"d2 planned brings c2; followed by a hotfix (d4, stated); recovered by fix d4 after 4h0m0s",
		"d3 planned brings c3",
		"d4 rework of d2 brings c4")
}

func TestAFixThatNamesAnIncidentAndADeploymentLinksThem(t *testing.T) {
	t.Parallel()
	fix := deployment("d4", "c4", clock(16, 0))
	fix.Fixes = []string{"i1", "d2"}
	s := newTale().line("c1", "c2", "c3", "c4").deploy("d1", "c1", clock(9, 0)).deploy("d2", "c2", clock(12, 0)).deploy("d3", "c3", clock(14, 0)).
		incident("i1", clock(14, 30)).add(fix)
	f := s.expect(t,
		"d1 planned baseline",
		"d2 planned brings c2; incident (i1, stated); followed by a hotfix (d4, stated); recovered by fix d4 after 4h0m0s",
		"d3 planned brings c3",
		"d4 rework of d2 brings c4")
	if r := f.Incidents[0].Reason; r != "named by the deployment that fixed it, ci/d4" {
		t.Errorf("the reason is %q", r)
	}
}

func TestARollbackOfWhatAnotherRepositoryBroughtIsBelieved(t *testing.T) {
	t.Parallel()
	s := newTale()
	for _, id := range []string{"x1", "x2", "x3", "x4", "x5", "x6"} {
		s.events = append(s.events, NewEvent("git", Commit{ID: id, Repository: "acme/other", AuthoredAt: clock(1, 0)}))
	}
	s.line("c1", "c2").deploy("d1", "c1", clock(9, 0))
	other, back := deployment("d2", "x6", clock(10, 0)), deployment("d3", "c2", clock(11, 0))
	other.Repository, back.RollbackOf = "acme/other", "d2"
	f := s.add(other).add(back).derive(t)
	if len(f.Rollouts) != 3 || f.Rollouts[2].Kind != Rollback || f.Rollouts[2].Of != "ci/d2" {
		t.Errorf("%s", tell(f))
	}
}

func TestAStatedRollbackIsBelieved(t *testing.T) {
	t.Parallel()
	back := deployment("d3", "old", clock(14, 0))
	back.Rollback = yes()
	newTale().line("c1", "c2").deploy("d1", "c1", clock(9, 0)).deploy("d2", "c2", clock(12, 0)).add(back).expect(t,
		"d1 planned baseline",
		"d2 planned brings c2; rolled back (d3, stated); recovered by rollback d3 after 2h0m0s",
		"d3 rollback of d2 baseline")
}

func TestAStatedRollbackToWhatIsLiveDoesNotFailWhatWasReplacedBefore(t *testing.T) {
	t.Parallel()
	off, back := deployment("d3", "c3", clock(14, 0)), deployment("d4", "c2", clock(15, 0))
	off.Status = Cancelled
	back.Rollback, back.RollbackOf = yes(), "d3"
	newTale().line("c1", "c2", "c3").deploy("d1", "c1", clock(9, 0)).deploy("d2", "c2", clock(12, 0)).add(off).add(back).expect(t,
		"d1 planned baseline",
		"d2 planned brings c2",
		"d4 rollback")
}

func TestAStatedRollbackThatNamesNothingFailsTheRunSinceItsRevisionWasLive(t *testing.T) {
	t.Parallel()
	back := deployment("d4", "c2", clock(15, 0))
	back.Rollback = yes()
	newTale().line("c1", "c2", "c3").deploy("d1", "c1", clock(9, 0)).deploy("d2", "c2", clock(12, 0)).failedDeploy("d3", "c3", clock(14, 0)).add(back).expect(t,
		"d1 planned baseline",
		"d2 planned brings c2",
		"d3 planned brings c3; run failed (d3, stated); rolled back (d4, stated); recovered by rollback d4 after 1h0m0s",
		"d4 rollback of d3")
}

func TestARollbackAcrossCommitsThatNobodyToldOfIsOne(t *testing.T) {
	t.Parallel()
	newTale().line("c1", "c2").commit("c4", "c3").commit("c5", "c4").
		deploy("d1", "c1", clock(9, 0)).deploy("d2", "c2", clock(12, 0)).deploy("d3", "c5", clock(14, 0)).deploy("d4", "c2", clock(16, 0)).expect(t,
		"d1 planned baseline",
		"d2 planned brings c2",
		"d3 planned baseline; rolled back (d4, inferred); recovered by rollback d4 after 2h0m0s",
		"d4 rollback of d3")
}

func TestTwoLinesThatEndAtTheSameUnknownCommitStayApart(t *testing.T) {
	t.Parallel()
	newTale().commit("c1", "c0").commit("c2", "c1").commit("b2", "c1").
		deploy("d1", "c1", clock(9, 0)).deploy("d2", "c2", clock(12, 0)).deploy("d3", "b2", clock(14, 0)).deploy("d4", "c2", clock(16, 0)).expect(t,
		"d1 planned baseline",
		"d2 planned brings c2",
		"d3 planned brings b2",
		"d4 redeploy of d2")
}

func TestARollbackIsNeverFailedByBeingReplaced(t *testing.T) {
	t.Parallel()
	newTale().line("c1", "c2", "c3").deploy("d1", "c1", clock(9, 0)).deploy("d2", "c2", clock(12, 0)).deploy("d3", "c3", clock(14, 0)).
		deploy("d4", "c2", clock(16, 0)).deploy("d5", "c1", clock(18, 0)).expect(t,
		"d1 planned baseline",
		"d2 planned brings c2 removed",
		"d3 planned brings c3; rolled back (d4, inferred); recovered by rollback d4 after 2h0m0s",
		"d4 rollback of d3",
		"d5 rollback of d4")
}

func TestWithoutAGraphAnEnvironmentIsOneReleaseLine(t *testing.T) {
	t.Parallel()
	newTale().deploy("d1", "c1", clock(9, 0)).deploy("d2", "c2", clock(12, 0)).deploy("d3", "c3", clock(14, 0)).deploy("d4", "c1", clock(16, 0)).expect(t,
		"d1 planned baseline",
		"d2 planned baseline removed",
		"d3 planned baseline; rolled back (d4, inferred); recovered by rollback d4 after 2h0m0s",
		"d4 rollback of d3 baseline")
}

func TestAnUnhealthyVerdictFailsARolloutAndARedeployOfTheOldRevisionDoesNotHideIt(t *testing.T) {
	t.Parallel()
	newTale().line("c1", "c2").deploy("d1", "c1", clock(9, 0)).deploy("d2", "c2", clock(12, 0)).
		add(Verdict{ID: "v1", Deployment: "d2", At: clock(12, 20), Result: "unhealthy"}).
		add(Verdict{ID: "v2", Deployment: "ci/d2", At: clock(12, 40), Result: "healthy"}).expect(t,
		"d1 planned baseline",
		"d2 planned brings c2; unhealthy verdict (v1, stated)")
}

func TestAnIncidentAfterARollbackBelongsToTheRolloutThatIsStillLive(t *testing.T) {
	t.Parallel()
	newTale().line("c1", "c2").deploy("d1", "c1", clock(9, 0)).deploy("d2", "c2", clock(12, 0)).deploy("d3", "c1", clock(14, 0)).incident("i1", clock(15, 0)).expect(t,
		"d1 planned baseline; incident (i1, inferred)",
		"d2 planned brings c2; rolled back (d3, inferred); recovered by rollback d3 after 2h0m0s",
		"d3 rollback of d2")
}

func TestAnIncidentThatNamesAVersionIsLinkedByIt(t *testing.T) {
	t.Parallel()
	d := deployment("d2", "c2", clock(12, 0))
	d.Version = "v2.4.0"
	for name, incident := range map[string]Incident{
		"in its revision": {Revision: "v2.4.0"},
		"in a label":      {Labels: []string{"team:x", "version: v2.4.0"}},
		"in its title":    {Title: "Checkout is slow (since v2.4.0)"},
		"as a deployment": {Deployment: "d2"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			incident.ID, incident.Service, incident.StartedAt, incident.ResolvedAt = "i1", "api", clock(80, 0), clock(81, 0)
			newTale().line("c1", "c2", "c3").deploy("d1", "c1", clock(9, 0)).add(d).deploy("d3", "c3", clock(79, 0)).add(incident).expect(t,
				"d1 planned baseline",
				"d2 planned brings c2; incident (i1, stated); recovered by incident resolved i1 after 69h0m0s",
				"d3 planned brings c3")
		})
	}
}

func TestWhileADeploymentRunsNoEarlierOneIsBlamed(t *testing.T) {
	t.Parallel()
	running := deployment("d2", "c2", clock(12, 0))
	running.Status, running.FinishedAt = Running, time.Time{}
	f := newTale().line("c1", "c2").deploy("d1", "c1", clock(9, 0)).add(running).incident("i1", clock(11, 55)).expect(t, "d1 planned baseline")
	if l := f.Incidents[0]; l.Confidence != Unattributed || l.Reason != "ci/d2 was running when it started and has not finished" {
		t.Errorf("the link is %+v", l)
	}
	if len(f.Running) != 1 || f.Running[0] != "ci/d2" {
		t.Errorf("running: %v", f.Running)
	}
}

func TestOnlyCountedCausesAndSeveritiesFailARollout(t *testing.T) {
	t.Parallel()
	s := newTale().line("c1", "c2").deploy("d1", "c1", clock(9, 0)).failedDeploy("d2", "c2", clock(12, 0)).
		add(Incident{ID: "i1", Service: "api", StartedAt: clock(9, 5), Severity: 3}).
		add(Incident{ID: "i2", Service: "api", StartedAt: clock(9, 6), Severity: 2})
	s.rules.MaxSeverity = 2
	s.rules.Causes = []Cause{CauseIncident}
	s.expect(t, "d1 planned baseline; incident (i2, inferred)", "d2 planned brings c2")
}
