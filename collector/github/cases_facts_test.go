package github

import (
	"encoding/json"
	"fmt"
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
