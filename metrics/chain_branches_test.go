package metrics

import (
	"testing"
	"time"
)

// branchTale deploys branches of a repository of which only pull requests are known.
type branchTale struct{ *tale }

func (s branchTale) merged(id, head, base string, at time.Time, commits ...string) branchTale {
	s.add(PullRequest{ID: id, Repository: "acme/api", Head: head, Base: base, CreatedAt: at.Add(-time.Hour), MergedAt: at, MergeCommit: "m" + id, Commits: commits})
	return s
}

func (s branchTale) deployed(id, revision, ref string, at time.Time, change ...func(*Deployment)) branchTale {
	d := deployment(id, revision, at)
	d.Ref = ref
	for _, c := range change {
		c(&d)
	}
	s.add(d)
	return s
}

func thatFailed(d *Deployment) { d.Status = Failed }

func TestWithoutCommitsADeploymentOfABranchBringsTheRequestsMergedIntoIt(t *testing.T) {
	t.Parallel()
	f := branchTale{newTale()}.
		merged("1", "old", "main", clock(1, 0)).
		deployed("d1", "r1", "main", clock(9, 0)).
		merged("2", "fix", "main", clock(10, 0), "a", "b").
		merged("3", "part", "topic", clock(10, 30)).merged("4", "topic", "main", clock(11, 0)).
		deployed("d2", "r2", "refs/heads/main", clock(12, 0)).
		merged("5", "late", "main", clock(11, 55)).
		deployed("d3", "r3", "main", clock(15, 0)).
		deployed("d4", "r4", "main", clock(18, 0)).expect(t,
		"d1 planned baseline",
		"d2 planned brings a,b,m3,m4",
		"d3 planned brings m5",
		"d4 planned baseline")
	if got := f.Rollouts[0].BaselineReason; got != "first deployment known" {
		t.Errorf("d1: %q", got)
	}
	if got := f.Rollouts[3].BaselineReason; got != "no pull request was merged into main since what was deployed before" {
		t.Errorf("d4: %q", got)
	}
	ch := f.Rollouts[1].Changes[0]
	if ch.PullRequest != "ci/acme/api/2" || !ch.OpenedAt.Equal(clock(9, 0)) || !ch.MergedAt.Equal(clock(10, 0)) || ch.Fault != "its authored time is not known" {
		t.Errorf("the change is %+v", ch)
	}
}

func TestWithoutCommitsAFailedDeploymentTakesNoRequestsAwayAndARollbackBringsNone(t *testing.T) {
	t.Parallel()
	branchTale{newTale()}.
		deployed("d1", "r1", "main", clock(9, 0)).
		merged("2", "part", "topic", clock(9, 30)).merged("3", "topic", "main", clock(10, 0)).
		deployed("d2", "r2", "main", clock(12, 0), thatFailed).
		deployed("d3", "r3", "main", clock(15, 0)).
		merged("4", "more", "main", clock(16, 0)).
		deployed("d4", "r1", "main", clock(18, 0)).
		deployed("d5", "r5", "main", clock(20, 0)).expect(t,
		"d1 planned baseline",
		"d2 planned brings m2,m3; run failed (d2, stated); recovered by fix d3 after 3h0m0s",
		"d3 planned brings m2,m3; rolled back (d4, inferred); recovered by rollback d4 after 3h0m0s",
		"d4 rollback of d3 baseline",
		"d5 planned brings m4")
}

func TestWithoutCommitsABranchDeployedForTheFirstTimeDoesNotBringItsPast(t *testing.T) {
	t.Parallel()
	branchTale{newTale()}.
		merged("1", "x", "release", clock(1, 0)).merged("2", "y", "release", clock(2, 0)).
		deployed("d1", "r1", "main", clock(9, 0)).
		merged("3", "z", "release", clock(10, 0)).
		deployed("d2", "r2", "release", clock(12, 0)).expect(t,
		"d1 planned baseline",
		"d2 planned brings m3")
}

func TestWithoutCommitsTheMergeThatIsDeployedEndsTheRange(t *testing.T) {
	t.Parallel()
	branchTale{newTale()}.
		deployed("d1", "r1", "main", clock(9, 0)).
		merged("2", "a", "main", clock(10, 0)).merged("3", "b", "main", clock(11, 0)).
		deployed("d2", "m2", "main", clock(12, 0)).
		deployed("d3", "m3", "main", clock(15, 0)).expect(t,
		"d1 planned baseline",
		"d2 planned brings m2",
		"d3 planned brings m3")
}

func TestWithoutCommitsStatedOnesAreBroughtWithTheirRequestAndNotAgain(t *testing.T) {
	t.Parallel()
	f := branchTale{newTale()}.
		deployed("d1", "r1", "main", clock(9, 0)).
		merged("2", "a", "main", clock(10, 0), "a1").
		deployed("d2", "r2", "main", clock(12, 0), func(d *Deployment) { d.Commits = []string{"a1", "a2"} }).
		merged("3", "b", "main", clock(13, 0)).
		deployed("d3", "r3", "main", clock(15, 0)).expect(t,
		"d1 planned baseline",
		"d2 planned brings a1,a2",
		"d3 planned brings m3")
	if got := f.Rollouts[1].Changes[0].PullRequest; got != "ci/acme/api/2" {
		t.Errorf("a1 came with %q", got)
	}
}

func TestWithoutCommitsADeploymentThatStatesNoBranchStaysABaseline(t *testing.T) {
	t.Parallel()
	f := branchTale{newTale()}.
		deployed("d1", "r1", "main", clock(9, 0)).
		merged("2", "a", "main", clock(10, 0)).
		deployed("d2", "r2", "", clock(12, 0)).
		deployed("d3", "r3", "v1.2", clock(15, 0)).expect(t,
		"d1 planned baseline",
		"d2 planned baseline",
		"d3 planned baseline")
	if got := f.Rollouts[2].BaselineReason; got != "no commits of its repository are known" {
		t.Errorf("d3: %q", got)
	}
}

func TestWithAKnownGraphARevisionMissingFromItBringsNoRequests(t *testing.T) {
	t.Parallel()
	s := branchTale{newTale().line("c1", "c2")}
	s.deployed("d1", "c1", "main", clock(9, 0)).
		merged("2", "a", "main", clock(10, 0)).
		deployed("d2", "lost", "main", clock(12, 0)).expect(t,
		"d1 planned baseline",
		"d2 planned baseline")
}

func TestARequestThatTwoSourcesTellOfIsBroughtOnce(t *testing.T) {
	t.Parallel()
	s := branchTale{newTale()}.deployed("d1", "r1", "main", clock(9, 0))
	for _, source := range []string{"ci", "mirror"} {
		s.events = append(s.events, NewEvent(source, PullRequest{ID: source, Number: 7, Repository: "acme/api", Base: "main", MergedAt: clock(10, 0)}))
	}
	s.deployed("d2", "r2", "main", clock(12, 0)).expect(t,
		"d1 planned baseline",
		"d2 planned brings acme/api/ci") // a request without any commit stands for itself; "ci/" is left away here
}

func TestBranchesThatMergeIntoOneAnotherEndTheSearch(t *testing.T) {
	t.Parallel()
	branchTale{newTale()}.
		deployed("d1", "r1", "main", clock(9, 0)).
		merged("2", "main", "next", clock(10, 0)).merged("3", "next", "main", clock(11, 0)).merged("4", "main", "main", clock(11, 30)).
		deployed("d2", "r2", "main", clock(12, 0)).expect(t,
		"d1 planned baseline",
		"d2 planned brings m2,m3,m4")
}
