package metrics

import (
	"testing"
	"time"
)

func TestAFilterKeepsWhatFitsEveryFieldAndTheIncidentsOfIt(t *testing.T) {
	t.Parallel()
	f := Facts{Service: "api", Since: july()}
	for i, r := range []Rollout{
		{Environment: "eu", Repository: "org/api", Ref: "main", Labels: map[string]string{"risk": "low"}},
		{Environment: "us", Repository: "org/api", Ref: "main", Labels: map[string]string{"risk": "high"}},
		{Environment: "eu", Repository: "org/lib", Ref: "v2"},
	} {
		r.ID, r.EnvironmentKind, r.Kind = string(rune('a'+i)), Production, Planned
		r.FinishedAt = july().Add(time.Duration(i) * time.Hour)
		f.Rollouts = append(f.Rollouts, r)
	}
	f.Incidents = []IncidentLink{
		{ID: "1", Rollout: "b"}, {ID: "2", Incident: Incident{Environment: "eu"}}, {ID: "3", Rollout: "c", Incident: Incident{Environment: "eu"}},
	}
	f.LeftOut = []LeftOut{{Record: "ci/deployment/x", Reason: "cancelled"}}
	for says, c := range map[string]struct {
		filter              Filter
		rollouts, incidents string
	}{
		"nothing asked keeps everything":               {Filter{}, "abc", "123"},
		"an environment, with incidents of no rollout": {Filter{Environments: []string{"eu"}}, "ac", "23"},
		"several environments":                         {Filter{Environments: []string{"eu", "us"}}, "abc", "123"},
		"a repository":                                 {Filter{Repositories: []string{"org/api"}}, "ab", "1"},
		"a branch and an environment":                  {Filter{Environments: []string{"eu"}, Refs: []string{"main"}}, "a", ""},
		"a label":                                      {Filter{Labels: map[string]string{"risk": "high"}}, "b", "1"},
		"a label that none has":                        {Filter{Labels: map[string]string{"colour": ""}}, "", ""},
	} {
		got := c.filter.Of(f)
		rollouts, incidents := "", ""
		for _, r := range got.Rollouts {
			rollouts += r.ID
		}
		for _, i := range got.Incidents {
			incidents += i.ID
		}
		if rollouts != c.rollouts || incidents != c.incidents || len(got.LeftOut) != 1 || !got.Since.Equal(f.Since) {
			t.Errorf("%s: rollouts %q, incidents %q, %d left out", says, rollouts, incidents, len(got.LeftOut))
		}
	}
	if len(f.Rollouts) != 3 {
		t.Error("the facts themselves were changed")
	}
}
