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
