package metrics

import (
	"testing"
	"time"
)

// owned is a tale in which the team red owns the service.
func owned() *tale {
	s := newTale()
	s.rules.Services = []Service{{Name: "api", Team: "red", Repositories: []string{"acme/api"}}}
	return s
}

func approval(id, team string, from, to time.Time) Approval {
	a := Approval{ID: id, Deployment: "d1", ApproverTeam: team, RequestedAt: from, DecidedAt: to, Decision: "granted"}
	if to.IsZero() {
		a.Decision = ""
	}
	return a
}

func TestApprovalWaitsAreTheUnionOfTheirSpansByPlace(t *testing.T) {
	t.Parallel()
	refused := approval("a3", "board", clock(6, 0), clock(6, 30))
	refused.Decision = "refused"
	s := owned().line("c1").deploy("d1", "c1", clock(9, 0)).
		add(approval("a1", "red", clock(5, 0), clock(6, 0))).
		add(approval("a2", "board", clock(5, 30), clock(7, 0))).
		add(refused).
		add(approval("a4", "", clock(8, 0), clock(8, 10))).
		add(approval("a5", "board", clock(4, 0), time.Time{}))
	r := s.derive(t).Rollouts[0]
	want := Waits{Total: 130 * time.Minute, Inside: time.Hour, Outside: 90 * time.Minute, Unknown: 10 * time.Minute,
		DecidedInside: 1, DecidedOutside: 2, DecidedUnknown: 1, Refused: 1}
	if r.Waits != want {
		t.Errorf("the waits are %+v, want %+v", r.Waits, want)
	}
	if len(r.Approvals) != 5 {
		t.Errorf("%d approvals are kept, want all 5", len(r.Approvals))
	}
}

func TestWithoutAnOwnerEveryApprovalIsOfUnknownPlace(t *testing.T) {
	t.Parallel()
	r := newTale().line("c1").deploy("d1", "c1", clock(9, 0)).add(approval("a1", "red", clock(5, 0), clock(6, 0))).derive(t).Rollouts[0]
	if want := (Waits{Total: time.Hour, Unknown: time.Hour, DecidedUnknown: 1}); r.Waits != want {
		t.Errorf("the waits are %+v, want %+v", r.Waits, want)
	}
}

func TestADecisionBeforeItsRequestIsADecisionAndNoWait(t *testing.T) {
	t.Parallel()
	r := owned().line("c1").deploy("d1", "c1", clock(9, 0)).add(approval("a1", "red", clock(7, 0), clock(6, 0))).
		add(approval("a2", "red", time.Time{}, clock(6, 0))).derive(t).Rollouts[0]
	if want := (Waits{DecidedInside: 2}); r.Waits != want {
		t.Errorf("the waits are %+v, want %+v", r.Waits, want)
	}
}

func TestAWaitOfAnyAttemptIsTheRollouts(t *testing.T) {
	t.Parallel()
	again := approval("a2", "red", clock(9, 5), clock(9, 15))
	again.Deployment = "d2"
	s := owned().line("c1").failedDeploy("d1", "c1", clock(9, 0)).deploy("d2", "c1", clock(9, 30)).
		add(approval("a1", "red", clock(8, 0), clock(8, 5))).add(again)
	if f := s.derive(t); len(f.Rollouts) != 1 || f.Rollouts[0].Waits.Inside != 15*time.Minute {
		t.Errorf("the rollouts are %+v", f.Rollouts)
	}
}

func TestHandoffsCountDistinctPeopleAndTeamsFromAuthorToDeployer(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		author, reviewer, approver, team, actor, trigger string
		bot, noOwner                                     bool
		want                                             string
	}{
		"alone":                              {author: "ada", want: `{"people":0,"teams":0}`},
		"reviewed":                           {author: "ada", reviewer: "bob", want: `{"people":1,"teams":0}`},
		"approved by another team":           {author: "ada", reviewer: "bob", approver: "eve", team: "board", want: `{"people":2,"teams":1}`},
		"approved by the reviewer":           {author: "ada", reviewer: "bob", approver: "bob", team: "red", want: `{"people":1,"teams":0}`},
		"deployed by hand":                   {author: "ada", actor: "dan", trigger: "manual", want: `{"people":1,"teams":0}`},
		"deployed by its author":             {author: "ada", reviewer: "bob", actor: "ada", trigger: "manual", want: `{"people":1,"teams":0}`},
		"deployed by a schedule":             {author: "ada", actor: "dan", trigger: "automatic", want: `{"people":0,"teams":0}`},
		"a program's deploys are no handoff": {author: "ada", actor: "deploy-bot", trigger: "manual", want: `{"people":0,"teams":0}`},
		"a program's work":                   {author: "renovate[bot]", reviewer: "bob", approver: "eve", team: "board", want: `{"people":1,"teams":1}`},
		"a program's work that nobody saw":   {author: "renovate[bot]", want: `{"people":0,"teams":0}`},
		"flagged as a program's":             {author: "ada", bot: true, reviewer: "bob", want: `{"people":0,"teams":0}`},
		"nobody owns the service":            {author: "ada", approver: "eve", team: "board", noOwner: true, want: `{"people":1,"teams":0,"unowned":true}`},
		"nobody knows who":                   {reviewer: "bob", want: `null`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := owned().commit("c1").deploy("d0", "c1", clock(1, 0))
			if c.noOwner {
				s = newTale().commit("c1").deploy("d0", "c1", clock(1, 0))
			}
			pr := PullRequest{ID: "7", Repository: "acme/api", CreatedAt: clock(2, 0), MergedAt: clock(4, 0), Author: c.author, Commits: []string{"c2"}}
			if c.bot {
				pr.Bot = yes()
			}
			if c.reviewer != "" {
				pr.Reviews = []Review{{At: clock(3, 0), Author: c.reviewer, State: "commented"}, {At: clock(3, 30), Author: "zoe", State: "approved"}}
			}
			d := deployment("d1", "c2", clock(9, 0))
			d.Actor, d.Trigger = c.actor, c.trigger
			s.commit("c2", "c1").add(pr).add(d)
			if c.approver != "" {
				a := approval("a1", c.team, clock(5, 0), clock(6, 0))
				a.Approver = c.approver
				s.add(a)
			}
			if got := asJSON(t, s.derive(t).Rollouts[1].Changes[0].Handoffs); got != c.want {
				t.Errorf("the handoffs are %s, want %s", got, c.want)
			}
		})
	}
}

func TestWithoutARequestTheCommitsAuthorBeginsTheWay(t *testing.T) {
	t.Parallel()
	d := deployment("d1", "c2", clock(9, 0))
	d.Actor, d.Trigger = "dan", "manual"
	c := commitOf("c2", "", "c1")
	c.Author = "ada"
	if got := asJSON(t, owned().commit("c1").deploy("d0", "c1", clock(1, 0)).add(c).add(d).derive(t).Rollouts[1].Changes[0].Handoffs); got != `{"people":1,"teams":0}` {
		t.Errorf("the handoffs are %s", got)
	}
}

func TestAnApprovalThatIsOpenIsNoHandoff(t *testing.T) {
	t.Parallel()
	c := commitOf("c2", "", "c1")
	c.Author = "ada"
	open := approval("a1", "board", clock(5, 0), time.Time{})
	open.Approver = "eve"
	s := owned().commit("c1").deploy("d0", "c1", clock(1, 0)).add(c).deploy("d1", "c2", clock(9, 0)).add(open)
	if got := asJSON(t, s.derive(t).Rollouts[1].Changes[0].Handoffs); got != "null" {
		t.Errorf("only the author is on record, and the handoffs are %s", got)
	}
	s.add(approval("a2", "board", clock(5, 0), clock(6, 0)))
	if got := asJSON(t, s.derive(t).Rollouts[1].Changes[0].Handoffs); got != `{"people":0,"teams":1}` {
		t.Errorf("with a decision of another team the handoffs are %s", got)
	}
}

func TestNoNameStandsInFacts(t *testing.T) {
	t.Parallel()
	d := deployment("d1", "c2", clock(9, 0))
	d.Actor, d.Trigger = "dan", "manual"
	c := commitOf("c2", "", "c1")
	c.Author = "ada"
	eve := approval("a1", "board", clock(5, 0), clock(6, 0))
	eve.Approver = "eve"
	s := owned().commit("c1").deploy("d0", "c1", clock(1, 0)).add(c).add(d).add(eve).
		add(PullRequest{ID: "7", Repository: "acme/api", CreatedAt: clock(2, 0), Author: "ada", Commits: []string{"c2"}, MergedAt: clock(3, 0),
			Reviews: []Review{{At: clock(2, 30), Author: "bob"}}})
	text := asJSON(t, s.derive(t))
	for _, name := range []string{"ada", "bob", "dan", "eve"} {
		if containsWord(text, name) {
			t.Errorf("%q stands in %s", name, text)
		}
	}
}

func TestAChangeKnowsItsCommitterDateItsRequestsFirstCommitItsApprovalAndWhetherItIsTheHead(t *testing.T) {
	t.Parallel()
	at := func(sha string, hours int, parents ...string) Commit {
		return Commit{ID: sha, Repository: "acme/api", AuthoredAt: clock(hours, 0), CommittedAt: clock(hours, 30), Parents: parents}
	}
	never := at("own0", 0, "c1")
	never.AuthoredAt = time.Unix(0, 0)
	s := newTale().add(at("c1", 0)).add(never).add(at("own1", 1, "c1")).add(at("own2", 2, "own1")).add(at("c3", 12, "own2")).
		add(PullRequest{ID: "7", Repository: "acme/api", CreatedAt: clock(3, 0), MergedAt: clock(11, 0), Author: "ada", Commits: []string{"own0", "own1", "own2"},
			Reviews: []Review{
				{At: clock(4, 0), Author: "ada", State: "approved"}, {At: clock(5, 0), Author: "ci-bot", State: "approved"},
				{At: clock(6, 0), Author: "bob", State: "changes_requested"}, {At: clock(7, 0), Author: "eve", State: "APPROVED"}, {At: clock(8, 0), Author: "bob", State: "approved"},
			}}).
		deploy("d0", "own1", clock(10, 0)).deploy("d1", "c3", clock(13, 0))
	changes := s.derive(t).Rollouts[1].Changes
	if len(changes) != 2 {
		t.Fatalf("the changes are %+v", changes)
	}
	own2, c3 := changes[0], changes[1]
	if !own2.CommittedAt.Equal(clock(2, 30)) || !own2.FirstOfRequest.Equal(clock(1, 0)) || own2.Head {
		t.Errorf("own2 is %+v", own2)
	}
	if !own2.ReviewedAt.Equal(clock(6, 0)) || !own2.ApprovedAt.Equal(clock(7, 0)) {
		t.Errorf("own2 was reviewed %s, approved %s", own2.ReviewedAt, own2.ApprovedAt)
	}
	if !c3.Head || c3.PullRequest != "" || !c3.FirstOfRequest.IsZero() || !c3.ApprovedAt.IsZero() {
		t.Errorf("c3 is %+v", c3)
	}
}
