package gitea_test

import (
	"bytes"
	"cmp"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"shiphabit/collector/gitea"
	"shiphabit/metrics"
)

// samples is the folder of what real servers answered and pushed; the test is skipped where it is not at hand.
func samples(t *testing.T) string {
	t.Helper()
	folder := cmp.Or(os.Getenv("SHIPHABIT_SAMPLES"), "../../../shared/samples")
	if _, err := os.Stat(filepath.Join(folder, "gitea")); err != nil {
		t.Skip("recorded samples are not at hand")
	}
	return folder
}

// sampled are the options for the recorded repository.
func sampled() gitea.Options {
	return gitea.Options{
		Name: "forge", Repositories: []string{"shop/checkout"}, Deployments: []string{gitea.Releases, gitea.Actions, gitea.Statuses},
		Workflows: []string{"deploy.yml"}, Contexts: []string{"deploy/*"}, IncidentLabels: []string{"incident"},
	}
}

func TestRecordedDeliveriesAreSignedAndUnderstood(t *testing.T) {
	t.Parallel()
	folder := samples(t)
	lines, err := os.ReadFile(filepath.Join(folder, "gitea-webhooks.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	hook, read, kinds := gitea.NewHook(sampled()), 0, map[string]int{}
	for record := range bytes.Lines(lines) {
		read++
		var line struct {
			Headers map[string]string `json:"headers"`
			Body    string            `json:"body"`
		}
		if err := json.Unmarshal(record, &line); err != nil {
			t.Fatal(err)
		}
		header, body := http.Header{}, []byte(line.Body)
		for name, value := range line.Headers {
			header.Set(name, value)
		}
		// The secret of the recording is not stated: what can be told is that the signatures agree, and that one of ours over the
		// same bytes is taken.
		if header.Get("X-Hub-Signature-256") != "sha256="+header.Get("X-Gitea-Signature") || len(header.Get("X-Gitea-Signature")) != 64 {
			t.Errorf("delivery %d: the signatures differ", read)
		}
		if hook.Authentic(header, body, []string{secret}) {
			t.Errorf("delivery %d is taken with a secret that it was not signed with", read)
		}
		ours := header.Clone()
		for _, name := range []string{"X-Gitea-Signature", "X-Gogs-Signature"} {
			ours.Set(name, signature(body, secret))
		}
		if !hook.Authentic(ours, body, []string{secret}) || hook.Delivery(header, body) == "" {
			t.Errorf("delivery %d is refused with our signature, or has no id", read)
		}
		p := hook.Parse(header, body)
		if len(p.SetAside) != 0 || len(p.Events) == 0 && p.Ignored == "" || len(p.Events) > 0 && p.Ignored != "" {
			t.Errorf("delivery %d, %s: %+v", read, p.Kind, p)
		}
		for _, e := range p.Events {
			kinds[string(e.Type)]++
		}
		t.Logf("%2d %-28s %d events %s", read, p.Kind, len(p.Events), p.Ignored)
	}
	if read != 22 || kinds["deployment"] != 6 || kinds["pull_request"] != 3 || kinds["incident"] != 3 {
		t.Errorf("of %d deliveries come %v", read, kinds)
	}
}

// recorded serves the recorded answers under the paths at which they were asked for.
func recorded(t *testing.T) *server {
	t.Helper()
	folder := filepath.Join(samples(t), "gitea")
	load := func(name string, v any) {
		text, err := os.ReadFile(filepath.Join(folder, name))
		if err == nil {
			err = json.Unmarshal(text, v)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	list := func(name string) (l []object) { load(name, &l); return l }
	s := &server{cap: 50, lists: map[string][]object{}, records: map[string]object{}}
	at := "repos/shop/checkout"
	var one object
	load("repo.json", &one)
	s.records[at] = one
	for path, file := range map[string]string{"/commits": "commits.json", "/pulls": "pulls.json", "/issues": "issues.json", "/releases": "releases.json", "/tags": "tags.json"} {
		s.lists[at+path] = list(file)
	}
	var runs struct {
		Runs []object `json:"workflow_runs"`
	}
	load("actions-runs.json", &runs)
	s.lists[at+"/actions/runs"] = runs.Runs
	for _, c := range s.lists[at+"/commits"] {
		s.lists[at+"/commits/"+c["sha"].(string)+"/statuses"] = list("commit-statuses.json")
		s.records[at+"/git/commits/"+c["sha"].(string)] = c
	}
	for _, tag := range s.lists[at+"/tags"] {
		s.records[at+"/tags/"+tag["name"].(string)] = tag
	}
	for _, p := range s.lists[at+"/pulls"] {
		path := at + "/pulls/" + strings.Split(p["url"].(string), "/pulls/")[1]
		s.lists[path+"/commits"], s.lists[path+"/reviews"] = list("pull-commits.json"), []object{}
	}
	return s
}

func TestRecordedAnswersBecomeEvents(t *testing.T) {
	t.Parallel()
	r := begin(t, recorded(t), sampled())
	got := r.Must()
	if d := r.Deployment(got, "release/13"); d.Revision != "f2da3940c33eb92d38579aac9fc7dfb8a51c59ee" || d.Version != "v1.10.0" || !d.FinishedAt.Equal(time.Date(2026, 11, 11, 12, 0, 0, 0, time.UTC)) {
		t.Errorf("the release reads %+v", d)
	}
	if d := r.Deployment(got, "run/14"); d.Status != metrics.Failed || d.Ref != "v1.7.1" || d.Version != "v1.7.1" || d.Actor != "lab" {
		t.Errorf("the run reads %+v", d)
	}
	p, _ := got["pull_request 10"].PullRequest()
	if p.MergeCommit != "f2da3940c33eb92d38579aac9fc7dfb8a51c59ee" || len(p.Commits) != 3 || p.Head != "feature/12" {
		t.Errorf("the pull request reads %+v", p)
	}
	if p, _ := got["pull_request 11"].PullRequest(); !p.MergedAt.IsZero() {
		t.Errorf("what was dropped reads %+v", p)
	}
	over, _ := got["incident 15"].Incident()
	still, _ := got["incident 16"].Incident()
	if over.ResolvedAt.Sub(over.StartedAt) != 24*time.Hour || !still.ResolvedAt.IsZero() || still.Severity != 2 || still.Service != "shop/checkout" {
		t.Errorf("the incidents read %+v and %+v", over, still)
	}
	states := map[metrics.Status]int{}
	for key, e := range got {
		if d, err := e.Deployment(); err == nil && strings.HasPrefix(key, "deployment status/") {
			states[d.Status]++
		}
	}
	// Two commits are served with the same statuses: on each the first try failed and the second went well.
	if states[metrics.Failed] != 2 || states[metrics.Succeeded] != 2 || len(states) != 2 {
		t.Errorf("the statuses read %v", states)
	}
	if len(r.Store.SetAside()) != 0 {
		t.Errorf("set aside %v", r.Store.SetAside())
	}
}

func TestRecordedTagsBecomeEvents(t *testing.T) {
	t.Parallel()
	o := sampled()
	o.Deployments = []string{gitea.Tags}
	r := begin(t, recorded(t), o)
	if d := r.Deployment(r.Must(), "tag/1/v1.7.1/bdaabc85d7d8e88951b033bf310ae0f8a42f3ccc"); !d.FinishedAt.Equal(time.Date(2026, 10, 21, 10, 36, 0, 0, time.UTC)) {
		t.Errorf("it reads %+v", d)
	}
}
