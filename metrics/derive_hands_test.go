package metrics

import (
	"slices"
	"testing"
	"time"
)

// written is a tale in which ada wrote what d1 brings and cleo what d2 brings, after a baseline.
func written() *tale {
	s := owned().commit("c1").deploy("d0", "c1", clock(1, 0))
	for i, by := range []string{"ada", "cleo"} {
		c := commitOf([]string{"c2", "c3"}[i], "", []string{"c1", "c2"}[i])
		c.Author = by
		s.add(c)
	}
	return s
}

func TestTheStarterOfARolloutIsKnownByWhatTheyHaveToDoWithItsCode(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		actor, trigger string
		want           Hand
	}{
		"an automatic start, whoever pushed":    {"dan", "automatic", HandProgram},
		"an automatic start that names nobody":  {"", "automatic", HandProgram},
		"a program":                             {"deploy[bot]", "manual", HandProgram},
		"who wrote the change":                  {"ada", "manual", HandAuthor},
		"who wrote a change of another rollout": {"cleo", "manual", HandContributor},
		"somebody else":                         {"dan", "manual", HandOther},
		"somebody, by a trigger not stated":     {"ada", "", HandAuthor},
		"by hand, and nobody is named":          {"", "manual", ""},
		"nothing is stated":                     {"", "", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := deployment("d1", "c2", clock(9, 0))
			d.Actor, d.Trigger = c.actor, c.trigger
			f := written().add(d).deploy("d2", "c3", clock(11, 0)).derive(t)
			if got := f.Rollouts[1].Hands.Starter; got != c.want {
				t.Errorf("the starter is %q, want %q", got, c.want)
			}
		})
	}
}

func TestARequestsAuthorWroteItsCommits(t *testing.T) {
	t.Parallel()
	d := deployment("d1", "c2", clock(9, 0))
	d.Actor, d.Trigger = "ada-of-the-host", "manual"
	f := written().add(d).add(PullRequest{ID: "7", Repository: "acme/api", CreatedAt: clock(2, 0), Author: "ada-of-the-host", Commits: []string{"c2"}, MergedAt: clock(3, 0)}).derive(t)
	if got := f.Rollouts[1].Hands.Starter; got != HandAuthor {
		t.Errorf("the starter is %q", got)
	}
}

func TestDecidersStandInTheOrderOfTheirApprovals(t *testing.T) {
	t.Parallel()
	s := written().deploy("d1", "c2", clock(9, 0))
	for _, a := range []struct {
		id, by string
		open   bool
	}{{"a1", "", false}, {"a2", "ada", false}, {"a3", "eve", true}, {"a4", "dan", false}, {"a5", "", false}} {
		one := approval(a.id, "", clock(5, 0), clock(6, 0))
		if one.Approver = a.by; a.open {
			one.DecidedAt, one.Decision = time.Time{}, ""
		}
		s.add(one)
	}
	r := s.derive(t).Rollouts[1]
	if want := []Hand{"", HandAuthor, "", HandOther}; !slices.Equal(r.Hands.Deciders, want) || len(r.Approvals) != 5 {
		t.Errorf("the deciders are %q, want %q", r.Hands.Deciders, want)
	}
}

func TestNothingIsSaidOfHandsWhereNobodyIsNamed(t *testing.T) {
	t.Parallel()
	if r := written().deploy("d1", "c2", clock(9, 0)).derive(t).Rollouts[1]; !r.Hands.IsZero() {
		t.Errorf("the hands are %+v", r.Hands)
	}
}

// What kept a deployment from production is told apart from what names a deployment that nobody knows.
func TestRefusalsAndStopsThatKeptADeploymentFromProductionAreTold(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		status           Status
		environment      string
		trigger, named   string
		decision, result string
		refused, stopped string
	}{
		"cancelled after a refusal and an unhealthy verdict": {Cancelled, "production", "automatic", "d9", "refused", "unhealthy", LeftRefused, LeftStopped},
		"named with its source":                              {Cancelled, "production", "automatic", "ci/d9", "refused", "unhealthy", LeftRefused, LeftStopped},
		"pending still":                                      {Pending, "production", "automatic", "d9", "refused", "unhealthy", LeftRefused, leftNoDeployment},
		"started by hand":                                    {Cancelled, "production", "manual", "d9", "refused", "unhealthy", LeftRefused, leftNoDeployment},
		"granted, and healthy":                               {Cancelled, "production", "automatic", "d9", "granted", "healthy", leftNoDeployment, leftNoDeployment},
		"on its way to staging":                              {Cancelled, "staging", "automatic", "d9", "refused", "unhealthy", leftNoDeployment, leftNoDeployment},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			d := deployment("d9", "c2", clock(9, 0))
			d.Status, d.Environment, d.Trigger = c.status, c.environment, c.trigger
			a := approval("a9", "board", clock(5, 0), clock(6, 0))
			a.Deployment, a.Decision = c.named, c.decision
			f := written().add(d).add(a).add(Verdict{ID: "v9", Deployment: c.named, At: clock(9, 0), Result: c.result}).derive(t)
			reasons := map[string]string{}
			for _, l := range f.LeftOut {
				reasons[l.Record] = l.Reason
			}
			if reasons["ci/approval/a9"] != c.refused || reasons["ci/verdict/v9"] != c.stopped {
				t.Errorf("left out: %v", reasons)
			}
		})
	}
}
