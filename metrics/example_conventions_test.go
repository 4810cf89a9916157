package metrics_test

import (
	"fmt"
	"time"

	"shiphabit/metrics"
)

// paired are two production environments of one service. "eu" had a rollout on Monday and one on Tuesday; an hour after the first an
// incident began that lasted ninety minutes. "us" had one on Wednesday that succeeded at the second attempt.
func paired() metrics.Facts {
	f := metrics.Facts{Service: "shop"}
	add := func(id, environment string, at time.Time, attempts ...metrics.Attempt) {
		f.Rollouts = append(f.Rollouts, metrics.Rollout{
			ID: id, Service: "shop", Environment: environment, EnvironmentKind: metrics.Production, Kind: metrics.Planned,
			Repository: "shop/" + environment, Ref: "main", Labels: map[string]string{"ring": environment},
			FinishedAt: at, SucceededAt: at, Attempts: attempts,
		})
	}
	monday := week().Window.From
	noon := func(day int) time.Time { return monday.AddDate(0, 0, day).Add(12 * time.Hour) }
	for day, id := range []string{"ci/1", "ci/2"} {
		add(id, "eu", noon(day), metrics.Attempt{ID: id, FinishedAt: noon(day), Status: metrics.Succeeded})
	}
	add("ci/3", "us", noon(2), metrics.Attempt{ID: "ci/3", FinishedAt: noon(2).Add(-time.Hour), Status: metrics.Failed},
		metrics.Attempt{ID: "ci/3b", FinishedAt: noon(2), Status: metrics.Succeeded})
	f.Incidents = []metrics.IncidentLink{{
		ID: "pager/7", EnvironmentKind: metrics.Production, Rollout: "ci/1", Confidence: metrics.Stated,
		Incident: metrics.Incident{Environment: "eu", StartedAt: noon(0).Add(time.Hour), ResolvedAt: noon(0).Add(150 * time.Minute)},
	}}
	f.Rollouts[0].Failures = []metrics.Failure{{Cause: metrics.CauseIncident, At: noon(0).Add(time.Hour), Evidence: "pager/7", Confidence: metrics.Stated}}
	return f
}

// Under a convention that counts attempts that succeeded, the failed first attempt of the third rollout is left out and the second one is
// a deployment by itself.
func ExampleRecast() {
	q := week()
	q.Definition, _ = metrics.DefinitionNamed("gitlab")
	f := metrics.Recast([]metrics.Facts{paired()}, q)[0]
	for _, r := range f.Rollouts {
		fmt.Println(r.ID)
	}
	fmt.Println(f.LeftOut[0].Record+":", f.LeftOut[0].Reason)
	// Output:
	// ci/1
	// ci/2
	// ci/3b
	// ci/3: it did not succeed, and the definition counts successes only
}

// By our definition the middle change took 3.5 h of coding, 1 of pickup, 3 of review, 7 of waiting and five minutes of deploying: 14.6 h.
// GitLab counts from the merge: 7.1 h. Of the rules on the way only one makes a difference here.
func ExampleCompareDefinitions() {
	gitlab, err := metrics.DefinitionNamed("gitlab")
	if err != nil {
		fmt.Println(err)
	}
	c := metrics.CompareDefinitions([]metrics.Facts{waited()}, week(), []metrics.Definition{metrics.DORA(), gitlab})
	lead := c.Figures[1]
	for _, v := range lead.Values {
		fmt.Printf("%s by %s: %s, n = %d\n", lead.Figure, v.Definition, v.Says, v.N)
	}
	for _, s := range lead.Walks[0].Steps {
		fmt.Printf("  %s, %s instead of %s: %s, by %s\n", s.Rule, s.To, s.From, s.Says, s.ChangesBy)
	}
	// Output:
	// change_lead_time by dora/1: 14.6 h, n = 6
	// change_lead_time by gitlab/1: 7.1 h, n = 6
	//   change_lead_time.from, from the merge of the pull request instead of from the author date: 14.6 h → 7.1 h, by −7.5 h
}

// Only what went to "us". The incident was of a rollout in "eu" and goes with it.
func ExampleFilter_Of() {
	f := metrics.Filter{Environments: []string{"us"}}.Of(paired())
	fmt.Println(len(f.Rollouts), f.Rollouts[0].ID, len(f.Incidents))
	f = metrics.Filter{Refs: []string{"main"}, Labels: map[string]string{"ring": "eu"}}.Of(paired())
	fmt.Println(len(f.Rollouts), len(f.Incidents))
	// Output:
	// 1 ci/3 0
	// 2 1
}

// An organisation's own convention: ours, but its lead time begins with the merge. The words that a rule knows come with what they mean.
func ExampleRule_Set() {
	own := metrics.DORA()
	own.Name = "from-merge"
	for _, r := range metrics.DefinitionRules() {
		if r.Name == "change_lead_time.from" {
			r.Set(&own, "merged")
		}
	}
	fmt.Println(own.LeadTime.From, own.Validate())
	own.LeadTime.From = "lunch"
	fmt.Println(own.Validate() != nil)
	// Output:
	// merged <nil>
	// true
}
