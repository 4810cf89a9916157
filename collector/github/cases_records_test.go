package github

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-github/v88/github"

	"shiphabit/metrics"
)

// deployments are recorded answers of GraphQL. Where the payload tells no statuses but the last, and that is the moment of
// supersession, the other tool took it for the end; we set the record aside.
func (c *tally) deployments() {
	type recordedDeployment struct {
		Task, ID, CommitOid, Environment, State string
		DatabaseID                              int64
		Ref                                     struct{ Name, Prefix string }
		Statuses                                *struct {
			Nodes []struct {
				State     string
				UpdatedAt time.Time
			}
		}
		LatestStatus *struct {
			State     string
			UpdatedAt time.Time
		}
		CreatedAt, UpdatedAt time.Time
	}
	all := recorded[struct {
		Input    struct{ Payloads []recordedDeployment }
		Expected struct {
			Deployments []struct {
				ID, Commit, Ref, Result, Status, Environment string
				CreatedAt                                    time.Time `json:"created_at"`
			}
		}
	}](c.t, "devlake/collect_github_deployments.json")
	for _, payload := range all.Input.Payloads {
		c.do("devlake deployment "+payload.ID, func(t *testing.T) string {
			at := slices.IndexFunc(all.Expected.Deployments, func(e struct {
				ID, Commit, Ref, Result, Status, Environment string
				CreatedAt                                    time.Time `json:"created_at"`
			}) bool {
				return e.ID == payload.ID
			})
			if at < 0 {
				return "the other tool made nothing of it"
			}
			want := all.Expected.Deployments[at]
			a := attempt{id: payload.DatabaseID, sha: payload.CommitOid, ref: payload.Ref.Name, task: payload.Task, environment: payload.Environment, created: payload.CreatedAt, updated: payload.UpdatedAt}
			if payload.Statuses != nil {
				for _, s := range payload.Statuses.Nodes {
					a.statuses = append(a.statuses, status{state: strings.ToLower(s.State), at: s.UpdatedAt})
				}
			} else if payload.LatestStatus != nil {
				a.statuses = []status{{state: strings.ToLower(payload.LatestStatus.State), at: payload.LatestStatus.UpdatedAt}}
			}
			slices.Reverse(a.statuses)
			course, known := courseOf(a.sorted().statuses)
			if !known {
				return "its payload tells only when it was superseded, which the other tool takes for its end"
			}
			e := testRules().deploymentOf("facebook/OpenBIC", a, course, polled)
			d, _ := e.Deployment()
			equal(t, "revision", d.Revision, want.Commit)
			equal(t, "ref", d.Ref, want.Ref)
			equal(t, "environment", d.Environment, want.Environment)
			equal(t, "creation", d.CreatedAt, want.CreatedAt)
			equal(t, "result", map[metrics.Status]string{metrics.Succeeded: "success", metrics.Failed: "failure"}[d.Status], strings.ToLower(want.Result))
			if want.Status == "done" != over(d.Status) {
				t.Errorf("its status is %s, want %s", d.Status, want.Status)
			}
			if slices.ContainsFunc(a.statuses, func(s status) bool { return s.state == "inactive" && !s.at.After(d.FinishedAt) }) {
				t.Errorf("it ends with its supersession at %v", d.FinishedAt)
			}
			return ""
		})
	}
}

// pipeline is what the other tool made of a workflow run.
type pipeline struct {
	ID, Result, Status string
	CreatedAt          time.Time `json:"created_at"`
	StartedAt          time.Time `json:"started_at"`
	FinishedAt         time.Time `json:"finished_at"`
}

// holdsPipeline compares a run with it. The other tool calls a cancelled run failed, and gives one that goes on an end.
func holdsPipeline(t *testing.T, w *github.WorkflowRun, want pipeline) {
	t.Helper()
	e, deployed := testRules().deployedBy(w.GetRepository().GetFullName(), fromRun(w), polled)
	if !deployed {
		if want.Status != "other" {
			t.Error("it is no deployment")
		}
		return
	}
	d, _ := e.Deployment()
	equal(t, "revision", d.Revision, w.GetHeadSHA())
	equal(t, "creation", d.CreatedAt, want.CreatedAt)
	if d.Status != metrics.Pending {
		equal(t, "beginning", d.StartedAt, want.StartedAt)
	}
	if over(d.Status) {
		equal(t, "end", d.FinishedAt, want.FinishedAt)
	}
	words := map[metrics.Status]string{metrics.Succeeded: "success", metrics.Failed: "failure", metrics.Cancelled: "failure"}
	equal(t, "result", words[d.Status], want.Result)
	if ended := want.Status == "done"; over(d.Status) != ended && want.Status != "other" || want.Status == "other" && (d.Status == metrics.Succeeded || d.Status == metrics.Failed) {
		t.Errorf("its status is %s, want %s", d.Status, want.Status)
	}
}

func (c *tally) runs() {
	all := recorded[struct {
		Config   map[string]string
		Input    struct{ Payloads []json.RawMessage }
		Expected map[string][]pipeline
	}](c.t, "devlake/collect_github_runs.json")
	for _, payload := range all.Input.Payloads {
		var w github.WorkflowRun
		if err := json.Unmarshal(payload, &w); err != nil {
			c.t.Fatal(err)
		}
		c.do(fmt.Sprintf("devlake run %d", w.GetID()), func(t *testing.T) string {
			for _, list := range all.Expected {
				for _, want := range list {
					if !strings.HasSuffix(want.ID, fmt.Sprint(w.GetID())) {
						continue
					}
					holdsPipeline(t, &w, want)
					return ""
				}
			}
			return "the other tool made nothing of it"
		})
	}
}
