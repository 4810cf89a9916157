package metrics

import (
	"cmp"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// casesOf reads a file of other tools' recorded cases; the test is skipped where that folder is not at hand.
func casesOf[T any](t *testing.T, file string) []T {
	t.Helper()
	folder := cmp.Or(os.Getenv("SHIPHABIT_CASES"), filepath.Join("..", "..", "shared", "cases"))
	text, err := os.ReadFile(filepath.Join(folder, "peers", file))
	if err != nil {
		t.Skipf("no recorded cases: %v", err)
	}
	var content struct{ Cases []T }
	if err := json.Unmarshal(text, &content); err != nil {
		t.Fatal(err)
	}
	return content.Cases
}

func TestRecordedLoginsOfProgramsAndPeople(t *testing.T) {
	t.Parallel()
	for _, c := range casesOf[struct {
		ID     string
		Input  struct{ Login string }
		Expect struct{ Bot bool }
	}](t, "middleware_bots.json") {
		t.Run(c.ID, func(t *testing.T) {
			t.Parallel()
			if got := isBot(c.Input.Login); got != c.Expect.Bot {
				t.Errorf("%q is a program's: %t, want %t", c.Input.Login, got, c.Expect.Bot)
			}
		})
	}
}

// The rule is the whole answer there: nothing was deployed before.
func TestRecordedPullRequestsOfADeployedBranch(t *testing.T) {
	t.Parallel()
	for _, c := range casesOf[struct {
		ID    string
		Input struct {
			Requests []struct {
				ID, Head, Base, State string
				MergedAt              time.Time `json:"merged_at"`
			} `json:"pull_requests"`
			Deployment struct {
				Branch     string
				FinishedAt time.Time `json:"finished_at"`
			}
		}
		Expect struct {
			Requests []string `json:"pull_requests"`
		}
	}](t, "middleware_pr_to_deployment.json") {
		t.Run(c.ID, func(t *testing.T) {
			t.Parallel()
			var all []record[PullRequest]
			for _, r := range c.Input.Requests {
				pr := PullRequest{ID: r.ID, Head: r.Head, Base: r.Base}
				if r.State == "merged" {
					pr.MergedAt = r.MergedAt
				}
				all = append(all, record[PullRequest]{Key: Key{ID: r.ID}, Value: pr})
			}
			b := newBranches(newRequests(newAncestry(newGraph(nil, nil)), all))
			got := []string{}
			for _, i := range b.contained(c.Input.Deployment.Branch, c.Input.Deployment.FinishedAt) {
				got = append(got, all[i].ID)
			}
			slices.Sort(got)
			if !slices.Equal(got, c.Expect.Requests) {
				t.Errorf("it contains %v, want %v", got, c.Expect.Requests)
			}
		})
	}
}

// The range of the first deployment begins at the first parent of its merge, which therefore is stated as its base.
func TestRecordedRangesOfDeployedMerges(t *testing.T) {
	t.Parallel()
	for _, c := range casesOf[struct {
		ID    string
		Input struct {
			Commits []struct {
				SHA     string
				At      time.Time
				Parents []string
			}
			Deployments []struct {
				SHA        string
				FinishedAt time.Time `json:"finished_at"`
			}
		}
		Expect struct {
			First []string  `json:"first_commits"`
			Lead  []float64 `json:"lead_seconds"`
		}
	}](t, "unn_commit_ranges.json") {
		t.Run(c.ID, func(t *testing.T) {
			t.Parallel()
			s := newTale()
			base := map[string]string{}
			for _, commit := range c.Input.Commits {
				s.add(Commit{ID: commit.SHA, Repository: "acme/api", AuthoredAt: commit.At, Parents: commit.Parents})
				base[commit.SHA] = commit.Parents[0]
			}
			for i, one := range c.Input.Deployments {
				d := deployment(one.SHA, one.SHA, one.FinishedAt)
				if i == 0 {
					d.BaseRevision = base[one.SHA]
				}
				s.add(d)
			}
			var got []string
			var lead []float64
			for _, r := range s.derive(t).Rollouts {
				got = append(got, r.Changes[0].SHA)
				lead = append(lead, r.SucceededAt.Sub(r.Changes[0].AuthoredAt).Seconds())
			}
			if !slices.Equal(got, c.Expect.First) || !slices.Equal(lead, c.Expect.Lead) {
				t.Errorf("the first commits are %v after %v, want %v after %v", got, lead, c.Expect.First, c.Expect.Lead)
			}
		})
	}
}

type caseRequest struct {
	ID, Repo   string
	Number     int64
	HeadBranch string `json:"head_branch"`
	Title      string
}

func TestRecordedRevertForms(t *testing.T) {
	t.Parallel()
	for _, c := range casesOf[struct {
		ID, Metric string
		Input      struct {
			HeadBranch string        `json:"head_branch"`
			Reverts    []caseRequest `json:"candidate_reverts"`
			Merged     []caseRequest `json:"merged_pull_requests"`
		}
		Expect struct {
			Prefix   *string  `json:"reverted_commit_prefix"`
			Requests []string `json:"incident_pull_requests"`
		}
	}](t, "middleware_reverts.json") {
		t.Run(c.ID, func(t *testing.T) {
			t.Parallel()
			if c.Metric == "gitlab_revert_branch" {
				want := []string(nil)
				if c.Expect.Prefix != nil {
					want = []string{*c.Expect.Prefix}
				}
				if got := revertedByRequest(PullRequest{Head: c.Input.HeadBranch}).commits; !slices.Equal(got, want) {
					t.Errorf("%q reverts %v, want %v", c.Input.HeadBranch, got, want)
				}
				return
			}
			var got []string
			for _, merged := range c.Input.Merged {
				for _, r := range c.Input.Reverts {
					taken := revertedByRequest(PullRequest{Repository: r.Repo, Head: r.HeadBranch, Title: r.Title})
					if r.Repo == merged.Repo && slices.Contains(taken.numbers, merged.Number) {
						got = append(got, merged.ID)
					}
				}
			}
			if !slices.Equal(got, c.Expect.Requests) {
				t.Errorf("reverted are %v, want %v", got, c.Expect.Requests)
			}
		})
	}
}

// The cases attribute without a limit in time and count a deployment from its finish; both are rules here.
func TestRecordedIncidentAttributions(t *testing.T) {
	t.Parallel()
	for _, c := range casesOf[struct {
		ID    string
		Input struct {
			Deployments []struct {
				ID, Service, Environment string
				FinishedAt               time.Time `json:"finished_at"`
			}
			Incidents []struct {
				ID, Service, Environment string
				OpenedAt                 time.Time `json:"opened_at"`
			}
		}
		Expect struct {
			Incidents map[string][]string `json:"deployment_incidents"`
		}
	}](t, "middleware_incident_attribution.json") {
		t.Run(c.ID, func(t *testing.T) {
			t.Parallel()
			rules := DefaultRules()
			rules.AttributionWindow = 365 * 24 * time.Hour
			var events []Event
			want := map[string][]string{}
			for _, d := range c.Input.Deployments {
				want[d.ID] = append([]string{}, c.Expect.Incidents[d.ID]...)
				events = append(events, NewEvent("ci", Deployment{ID: d.ID, Service: d.Service, Environment: d.Environment,
					Revision: d.ID, Status: Succeeded, FinishedAt: d.FinishedAt}))
			}
			for _, i := range c.Input.Incidents {
				events = append(events, NewEvent("ci", Incident{ID: i.ID, Service: i.Service, Environment: i.Environment, StartedAt: i.OpenedAt}))
			}
			got := map[string][]string{}
			for _, f := range DeriveAll(events, rules) {
				for _, r := range f.Rollouts {
					got[strings.TrimPrefix(r.ID, "ci/")] = []string{}
				}
				for _, l := range f.Incidents {
					if l.Rollout != "" {
						id := strings.TrimPrefix(l.Rollout, "ci/")
						got[id] = append(got[id], strings.TrimPrefix(l.ID, "ci/"))
					}
				}
			}
			if asJSON(t, got) != asJSON(t, want) {
				t.Errorf("got %v, want %v", got, want)
			}
		})
	}
}
