package github

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-github/v88/github"

	"shiphabit/collector"
	"shiphabit/metrics"
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

// facts are what a delivery states, of any kind.
type facts struct {
	Repo, SHA, Ref, Environment, State, Status, Branch, Tag, Head any
	DeploymentID                                                  int64     `json:"deployment_id"`
	RunID                                                         int64     `json:"run_id"`
	RunAttempt                                                    int       `json:"run_attempt"`
	Number                                                        int64     `json:"number"`
	CreatedAt                                                     time.Time `json:"created_at"`
	StartedAt                                                     time.Time `json:"started_at"`
	CompletedAt                                                   time.Time `json:"completed_at"`
	FinishedAt                                                    time.Time `json:"finished_at"`
	PublishedAt                                                   time.Time `json:"published_at"`
	MergedAt                                                      time.Time `json:"merged_at"`
	ClosedAt                                                      time.Time `json:"closed_at"`
	Conclusion, Author, Base                                      string
	Deployed                                                      bool `json:"counts_as_deployment"`
	Released                                                      bool `json:"counts_as_deployment_when_releases_mean_deploys"`
	Succeeded                                                     bool `json:"successful_finished_run"`
	IsTag                                                         bool `json:"is_tag"`
	Deleted                                                       bool
	Labels                                                        []string
	Commits                                                       []struct {
		ID    string
		At    time.Time
		Files []string
	}
}

func (c *tally) exampleFacts() {
	all := recorded[struct {
		Cases []struct {
			Event  string
			Index  int
			Expect facts
		}
	}](c.t, "peers/octokit_webhook_facts.json").Cases
	known := map[string]json.RawMessage{}
	if _, err := os.Stat(filepath.Join(judgeFolder, "node_modules", "@octokit", "webhooks-examples")); err == nil {
		for _, x := range examples(c.t) {
			known[fmt.Sprint(x.kind, x.n)] = x.body
		}
	}
	for _, one := range all {
		c.do(fmt.Sprintf("octokit %s %d", one.Event, one.Index), func(t *testing.T) string {
			body, found := known[fmt.Sprint(one.Event, one.Index)]
			if !found {
				return "its payload is in the npm package @octokit/webhooks-examples, which is not installed"
			}
			holds(t, one.Event, body, one.Expect)
			return ""
		})
	}
}

// holds compares what a delivery is read as with the facts that somebody else read in it.
func holds(t *testing.T, kind string, body json.RawMessage, want facts) {
	t.Helper()
	var d delivery
	if err := json.Unmarshal(body, &d); err != nil {
		t.Fatal(err)
	}
	if want.Repo != nil && d.Repository.FullName != want.Repo {
		t.Errorf("the repository is %q, want %v", d.Repository.FullName, want.Repo)
	}
	rules := rulesFor(d.Repository.FullName)
	if kind == "workflow_job" {
		rules.Workflows, rules.Jobs = nil, []string{"*"}
	}
	if kind == "issues" {
		rules.IncidentLabels = append(rules.IncidentLabels, want.Labels...)
	}
	p := deliver(rules, kind, body)
	if len(p.SetAside) > 0 {
		t.Fatalf("it is set aside: %+v", p.SetAside)
	}
	checks := map[string]func(*testing.T, collector.Pushed, facts){
		"deployment": holdsDeployment, "deployment_status": holdsDeployment, "workflow_run": holdsRun, "workflow_job": holdsRun,
		"push": holdsPush, "release": holdsRelease, "issues": holdsIssue, "pull_request": holdsPull,
	}
	if checks[kind] == nil {
		t.Fatalf("nothing compares a %s", kind)
	}
	if p.Ignored == "it is a pull request" { // it has the labels of an issue and impairs nothing; what it says is compared all the same
		body, err := part[struct{ Issue *github.Issue }](delivery{body: body})
		if err != nil {
			t.Fatal(err)
		}
		e, _ := rules.incidentOf(d.Repository.FullName, body.Issue, pushed)
		p.Events = append(p.Events, e)
	}
	checks[kind](t, p, want)
}

func onlyDeployment(t *testing.T, p collector.Pushed) metrics.Deployment {
	t.Helper()
	if len(p.Events) == 0 {
		t.Fatalf("it is of no interest: %s", p.Ignored)
	}
	d, err := p.Events[0].Deployment()
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// equal reports a difference where the fact is stated.
func equal(t *testing.T, what string, got, want any) {
	t.Helper()
	switch w := want.(type) {
	case nil:
		return
	case string:
		if w == "" {
			return
		}
	case time.Time:
		if g, ok := got.(time.Time); ok && g.Equal(w) || w.IsZero() {
			return
		}
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("%s is %v, want %v", what, got, want)
	}
}

func holdsDeployment(t *testing.T, p collector.Pushed, want facts) {
	t.Helper()
	if want.State == "inactive" {
		if len(p.Events) > 0 {
			t.Errorf("supersession is a deployment: %s", p.Events[0].Payload)
		}
		return
	}
	d := onlyDeployment(t, p)
	if want.DeploymentID != 0 {
		equal(t, "id", d.ID, want.DeploymentID)
	}
	equal(t, "revision", d.Revision, want.SHA)
	equal(t, "ref", d.Ref, want.Ref)
	equal(t, "environment", d.Environment, want.Environment)
	equal(t, "creation", d.CreatedAt, want.CreatedAt)
	equal(t, "end", d.FinishedAt, want.FinishedAt)
	if want.State != nil {
		equal(t, "status", d.Status, meaning(fmt.Sprint(want.State)))
	}
	if deployed := d.Status == metrics.Succeeded; want.State != nil && want.DeploymentID != 0 && deployed != want.Deployed {
		t.Errorf("it counts as deployed: %v", deployed)
	}
}

func holdsRun(t *testing.T, p collector.Pushed, want facts) {
	t.Helper()
	succeeded := false
	if len(p.Events) > 0 {
		d := onlyDeployment(t, p)
		succeeded = d.Status == metrics.Succeeded
		equal(t, "revision", d.Revision, want.SHA)
		equal(t, "branch", d.Ref, want.Branch)
		equal(t, "creation", d.CreatedAt, want.CreatedAt)
		if d.Status != metrics.Pending {
			equal(t, "beginning", d.StartedAt, want.StartedAt)
		}
		equal(t, "end", d.FinishedAt, want.CompletedAt)
		if want.RunAttempt > 0 {
			equal(t, "id", d.ID, runID(want.RunID, want.RunAttempt))
		}
		if over(d.Status) != (want.Status == "completed") {
			t.Errorf("its status is %s, of one that is %v", d.Status, want.Status)
		}
	} else if want.Conclusion != "action_required" {
		t.Errorf("it is of no interest: %s", p.Ignored)
	}
	if wanted := want.Succeeded || want.RunAttempt == 0 && want.Conclusion == "success"; succeeded != wanted {
		t.Errorf("it succeeded: %v", succeeded)
	}
}

func holdsPush(t *testing.T, p collector.Pushed, want facts) {
	t.Helper()
	if want.IsTag || want.Deleted {
		if len(p.Events) > 0 {
			t.Errorf("it brings %d events", len(p.Events))
		}
		return
	}
	if want.Commits == nil { // only the head is stated
		last, _ := p.Events[len(p.Events)-1].Commit()
		equal(t, "head", last.ID, want.Head)
		return
	}
	if len(p.Events) != len(want.Commits) {
		t.Fatalf("it brings %d commits, want %d", len(p.Events), len(want.Commits))
	}
	for i, wanted := range want.Commits {
		got, _ := p.Events[i].Commit()
		equal(t, "commit", got.ID, wanted.ID)
		equal(t, "its time", got.AuthoredAt, wanted.At)
		if !slices.Equal(got.Paths, wanted.Files) {
			t.Errorf("its files are %v, want %v", got.Paths, wanted.Files)
		}
	}
}

func holdsRelease(t *testing.T, p collector.Pushed, want facts) {
	t.Helper()
	if deployed := len(p.Events) > 0; deployed != want.Released {
		t.Fatalf("it is a deployment: %v; %s", deployed, p.Ignored)
	}
	if want.Released {
		d := onlyDeployment(t, p)
		equal(t, "tag", d.Version, want.Tag)
		equal(t, "time", d.FinishedAt, want.PublishedAt)
	}
}

func holdsIssue(t *testing.T, p collector.Pushed, want facts) {
	t.Helper()
	if len(want.Labels) == 0 || len(p.Events) == 0 {
		if len(want.Labels) > 0 || len(p.Events) > 0 {
			t.Errorf("of %v labels it is %d incidents: %s", want.Labels, len(p.Events), p.Ignored)
		}
		return
	}
	i, _ := p.Events[0].Incident()
	equal(t, "beginning", i.StartedAt, want.CreatedAt)
	equal(t, "end", i.ResolvedAt, want.ClosedAt)
	if !slices.Equal(i.Labels, want.Labels) || i.ResolvedAt.IsZero() != want.ClosedAt.IsZero() || !strings.HasSuffix(i.URL, fmt.Sprint("/", want.Number)) {
		t.Errorf("it reads %+v", i)
	}
}

func holdsPull(t *testing.T, p collector.Pushed, want facts) {
	t.Helper()
	if len(p.Events) == 0 {
		t.Fatalf("it is of no interest: %s", p.Ignored)
	}
	r, _ := p.Events[0].PullRequest()
	equal(t, "number", r.Number, want.Number)
	equal(t, "head", r.Head, want.Head)
	equal(t, "base", r.Base, want.Base)
	equal(t, "author", r.Author, want.Author)
	equal(t, "merge", r.MergedAt, want.MergedAt)
	if r.MergedAt.IsZero() != want.MergedAt.IsZero() || r.MergeCommit != "" && r.MergedAt.IsZero() {
		t.Errorf("it reads %+v", r)
	}
}

// moduleFacts are about payloads among the test data of a Go module, which is read where the module lies in the cache of modules.
func (c *tally) moduleFacts() {
	all := recorded[struct {
		Cases []struct {
			Module, File, Kind string
			Expect             facts
		}
	}](c.t, "peers/gomod_webhook_facts.json").Cases
	for _, one := range all {
		kind, hub := strings.CutPrefix(one.Kind, "github ")
		if !hub {
			continue
		}
		c.do("gomod "+one.Kind, func(t *testing.T) string {
			module, _, _ := strings.Cut(one.Module, " ")
			folder := moduleFolder(t, module)
			if folder == "" {
				return "the module " + module + " is not in the cache of modules: go mod download " + module
			}
			body, err := os.ReadFile(filepath.Join(folder, filepath.FromSlash(one.File)))
			if err != nil {
				t.Fatal(err)
			}
			holds(t, strings.ReplaceAll(kind, "-", "_"), body, one.Expect)
			return ""
		})
	}
}

// moduleFolder is where the cache of modules keeps a module, "" where it does not. It asks nobody.
func moduleFolder(t *testing.T, module string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", "env", "GOMODCACHE").Output()
	if err != nil {
		return ""
	}
	folder := filepath.Join(strings.TrimSpace(string(out)), filepath.FromSlash(module))
	if _, err := os.Stat(folder); err != nil {
		return ""
	}
	return folder
}

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
		c.do(one.ID, func(t *testing.T) string {
			switch {
			case !strings.Contains(one.Source.Path, "github"):
				return "it is not about GitHub (" + one.Source.Path + ")"
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
		c.do(one.ID, func(t *testing.T) string {
			if !strings.HasPrefix(one.Convention, "GitHub") && !strings.HasPrefix(one.Convention, "HMAC-SHA1") {
				host, _, _ := strings.Cut(one.Convention, ":")
				return "it is about the signature of another host (" + host + ")"
			}
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
