package github

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// casesFolder is where the recorded cases of other tools lie, where they are at hand.
func casesFolder() string {
	return cmp.Or(os.Getenv("SHIPHABIT_CASES"), filepath.Join("..", "..", "..", "shared", "cases"))
}

// tally counts the recorded cases.
type tally struct {
	t           *testing.T
	run, passed int
	left        []string
}

// do runs a case; what it returns is why the case is left out.
func (c *tally) do(id string, f func(t *testing.T) string) {
	left := ""
	passed := c.t.Run(id, func(t *testing.T) { left = f(t) }) //nolint:paralleltest // in order, so that the summary comes last
	if left != "" {
		c.left = append(c.left, id+": "+left)
		return
	}
	if c.run++; passed {
		c.passed++
	}
}

// TestRecordedCases runs what other tools make of GitHub's records, and sums up. Without the folder it says so and passes.
func TestRecordedCases(t *testing.T) {
	t.Parallel()
	if _, err := os.Stat(casesFolder()); err != nil {
		t.Logf("recorded cases: none at hand in %s", casesFolder())
		return
	}
	c := &tally{t: t}
	c.exampleFacts()
	c.moduleFacts()
	c.deployments()
	c.runs()
	c.identities()
	c.signatures("fourkeys_webhook.json")
	c.signatures("watchops_signatures.json")
	c.issues()
	t.Logf("recorded cases: %d run, %d passed, %d left out", c.run, c.passed, len(c.left))
	for _, left := range c.left {
		t.Logf("recorded cases: left out: %s", left)
	}
}

// recorded decodes a file of cases; one that is not there has none.
func recorded[T any](t *testing.T, name string) T {
	t.Helper()
	var v T
	text, err := os.ReadFile(filepath.Join(casesFolder(), name))
	if err != nil {
		t.Logf("recorded cases: %s is not at hand", name)
		return v
	}
	if err := json.Unmarshal(text, &v); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return v
}

func (c *tally) identities() {
	all := recorded[struct {
		Cases []struct {
			ID     string
			Source struct{ Path string }
			Input  struct {
				Event      string
				Number     int
				Repository string
				HeadCommit struct {
					ID        string
					Timestamp string
				} `json:"head_commit"`
			}
			Expect struct {
				EventID string `json:"event_id"`
				Time    time.Time
			}
		}
	}](c.t, "peers/fourkeys_parsers.json").Cases
	for _, one := range all {
		if !strings.Contains(one.Source.Path, "github") {
			continue // another host's, run beside it
		}
		c.do(one.ID, func(t *testing.T) string {
			switch {
			case one.Input.Event == "push":
				body := fmt.Sprintf(`{"ref":"refs/heads/main","repository":{"full_name":"acme/shop","default_branch":"main"},"commits":[{"id":%q,"timestamp":%q}]}`, one.Input.HeadCommit.ID, one.Input.HeadCommit.Timestamp)
				e := deliver(testRules(), "push", []byte(body))
				commit, _ := e.Events[0].Commit()
				equal(t, "id", commit.ID, one.Expect.EventID)
				equal(t, "time", commit.AuthoredAt, one.Expect.Time)
			case one.Input.Event == "issues":
				// The other tool makes an id of repository and number; GitHub's own id is as unique, and stays when the repository is renamed.
				of := func(id int, repository string) string {
					body := fmt.Sprintf(`{"repository":{"full_name":"globex/%s"},"issue":{"id":%d,"number":%d,"created_at":%q,"labels":[{"name":"incident"}]}}`, repository, id, one.Input.Number, at(2, 8))
					return deliver(testRules(), "issues", []byte(body)).Events[0].Key.String()
				}
				if of(1, one.Input.Repository) == of(2, "another") {
					t.Error("issues of two repositories with one number are one incident")
				}
			default:
				return "its event " + one.Input.Event + " is not one that is read"
			}
			return ""
		})
	}
}

// signatures run under our rule: only X-Hub-Signature-256 proves anything.
func (c *tally) signatures(file string) {
	all := recorded[struct {
		Cases []struct {
			ID, Convention string
			Input          struct {
				Secret, Body string
				Headers      map[string]string
			}
			Expect struct {
				Valid  *bool
				Status int
			}
			Also struct {
				Header string `json:"sha256_header_for_same_body"`
			}
		}
	}](c.t, "peers/"+file).Cases
	for _, one := range all {
		if !strings.HasPrefix(one.Convention, "GitHub") && !strings.HasPrefix(one.Convention, "HMAC-SHA1") {
			continue // another host's, run beside it
		}
		c.do(one.ID, func(t *testing.T) string {
			header := http.Header{}
			for name, value := range one.Input.Headers {
				header.Set(name, value)
			}
			hook, body, secrets := NewHook(testRules()), []byte(one.Input.Body), []string{one.Input.Secret}
			authentic := hook.Authentic(header, body, secrets)
			wanted := one.Expect.Valid != nil && *one.Expect.Valid || one.Expect.Status/100 == 2
			if old := header.Get("X-Hub-Signature"); wanted && old != "" && header.Get("X-Hub-Signature-256") == "" {
				if authentic {
					t.Error("a signature in the old header is accepted")
				}
				t.Logf("recorded cases: %s is refused as it stands: its signature is in X-Hub-Signature, which is the one made with SHA-1", one.ID)
				if strings.HasPrefix(old, "sha256=") { // the signature itself is one that we take, in its own header
					equal(t, "the signature in its own header", hook.Authentic(http.Header{"X-Hub-Signature-256": {old}}, body, secrets), true)
				}
			} else if authentic != wanted {
				t.Errorf("it is authentic: %v", authentic)
			}
			if one.Also.Header != "" && !hook.Authentic(http.Header{"X-Hub-Signature-256": {one.Also.Header}}, body, secrets) {
				t.Error("the signature of the same body by SHA-256 is refused")
			}
			return ""
		})
	}
}

func (c *tally) issues() {
	all := recorded[struct {
		Cases []struct {
			ID    string
			Input struct {
				Issue struct {
					Number    int
					CreatedAt string  `json:"created_at"`
					ClosedAt  *string `json:"closed_at"`
					Labels    []string
				}
				FailureLabel string `json:"failure_label"`
				AppLabel     string `json:"app_label"`
			}
			Expect struct {
				Incident *struct {
					App, Issue string
					Opened     int64
					Resolved   *int64
				}
			}
		}
	}](c.t, "peers/pelorus_github_issues.json").Cases
	for _, one := range all {
		c.do(one.ID, func(t *testing.T) string {
			issue := object{"id": one.Input.Issue.Number, "number": one.Input.Issue.Number, "created_at": one.Input.Issue.CreatedAt, "closed_at": one.Input.Issue.ClosedAt, "state": "open"}
			if one.Input.Issue.ClosedAt != nil {
				issue["state"] = "closed"
			}
			labels := []object{}
			for _, l := range one.Input.Issue.Labels {
				labels = append(labels, object{"name": l})
			}
			issue["labels"] = labels
			body, _ := json.Marshal(object{"repository": object{"full_name": "acme/shop"}, "issue": issue})
			rules := testRules()
			rules.IncidentLabels, rules.ServiceLabel = []string{one.Input.FailureLabel}, one.Input.AppLabel
			p := deliver(rules, "issues", body)
			if one.Expect.Incident == nil {
				if len(p.Events) > 0 {
					t.Errorf("it is an incident: %s", p.Events[0].Payload)
				}
				return ""
			}
			if len(p.Events) != 1 {
				t.Fatalf("it is no incident: %+v", p)
			}
			i, _ := p.Events[0].Incident()
			equal(t, "service", i.Service, one.Expect.Incident.App)
			equal(t, "issue", i.ID, one.Expect.Incident.Issue)
			equal(t, "beginning", i.StartedAt.Unix(), one.Expect.Incident.Opened)
			if resolved := one.Expect.Incident.Resolved; resolved != nil {
				equal(t, "end", i.ResolvedAt.Unix(), *resolved)
			} else if !i.ResolvedAt.IsZero() {
				t.Errorf("it is resolved at %v", i.ResolvedAt)
			}
			return ""
		})
	}
}
