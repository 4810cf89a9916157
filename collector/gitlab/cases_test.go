package gitlab

import (
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"shiphabit/metrics"
)

// casesFolder is where other tools' recorded cases lie, where they are at hand.
func casesFolder() string {
	return cmp.Or(os.Getenv("SHIPHABIT_CASES"), filepath.Join("..", "..", "..", "shared", "cases"))
}

// tally counts cases; those left out stand in it with the reason.
type tally struct {
	ran, passed int
	left        []string
}

func (s *tally) run(t *testing.T, id, fault string) {
	t.Helper()
	s.ran++
	if fault == "" {
		s.passed++
		return
	}
	t.Errorf("%s: %s", id, fault)
}

func (s *tally) leave(id, reason string) { s.left = append(s.left, id+": "+reason) }

func (s *tally) log(t *testing.T) {
	t.Helper()
	t.Logf("recorded cases: %d run, %d passed, %d left out", s.ran, s.passed, len(s.left))
	slices.Sort(s.left)
	for _, one := range s.left {
		t.Log("recorded cases: left out " + one)
	}
}

// caseFile reads a file of cases; false where it is not at hand.
func caseFile(t *testing.T, name string, into any) bool {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(casesFolder(), filepath.FromSlash(name)))
	if err != nil {
		t.Logf("recorded cases: %s is not at hand in %s", name, casesFolder())
		return false
	}
	if err := json.Unmarshal(text, into); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return true
}

// collected is a file of answers of GitLab with what another tool made of them.
type collected struct {
	Config struct {
		Deployment string `json:"deployment_pattern"`
	}
	Input    struct{ Payloads []json.RawMessage }
	Expected map[string][]expectation
}

type expectation struct {
	ID, Commit, Ref, Environment, Result, Status, Type string
	CreatedAt                                          moment `json:"created_at"`
	StartedAt                                          moment `json:"started_at"`
	FinishedAt                                         moment `json:"finished_at"`
}

// read fills a wire struct with the payload of an id.
func (c collected) read(t *testing.T, id string, into any) {
	t.Helper()
	for _, payload := range c.Input.Payloads {
		var head struct{ ID json.Number }
		if err := json.Unmarshal(payload, &head); err == nil && head.ID.String() == id {
			if err := json.Unmarshal(payload, into); err != nil {
				t.Fatal(err)
			}
			return
		}
	}
	t.Fatalf("there is no payload %s", id)
}

// against says where a deployment differs from what the other tool made of it. Times that it gives to what has not ended are not held
// against us, nor a missing end to what has.
func (e expectation) against(d metrics.Deployment) string {
	switch {
	case e.Commit != "" && d.Revision != e.Commit, e.Ref != "" && d.Ref != e.Ref, e.Environment != "" && d.Environment != e.Environment:
		return fmt.Sprintf("%+v is not %+v", d, e)
	case (e.Result == "success") != (d.Status == metrics.Succeeded), (e.Status == "done") != finished(d.Status):
		return fmt.Sprintf("%s is not %s, %s", d.Status, e.Status, e.Result)
	case !d.CreatedAt.Equal(e.CreatedAt.Time):
		return fmt.Sprintf("created %s, not %s", d.CreatedAt, e.CreatedAt)
	case finished(d.Status) && !d.StartedAt.Equal(e.StartedAt.Time), finished(d.Status) && !e.FinishedAt.IsZero() && !d.FinishedAt.Equal(e.FinishedAt.Time):
		return fmt.Sprintf("from %s to %s, not from %s to %s", d.StartedAt, d.FinishedAt, e.StartedAt, e.FinishedAt)
	}
	return ""
}

func TestRecordedDeployments(t *testing.T) {
	t.Parallel()
	var c collected
	if !caseFile(t, "devlake/collect_gitlab_deployments.json", &c) {
		return
	}
	var sum tally
	for _, e := range c.Expected["deployments"] {
		var w wireDeployment
		c.read(t, e.ID, &w)
		d, reason := w.deployment("acme/shop", "")
		switch {
		case reason != "":
			sum.leave(e.ID, "set aside here, "+reason)
		case d.Status == metrics.Cancelled:
			sum.leave(e.ID, "counted among the failures there; here what was cancelled is kept apart")
		default:
			sum.run(t, e.ID, e.against(d))
		}
	}
	sum.log(t)
}

func TestRecordedPipelines(t *testing.T) {
	t.Parallel()
	var c collected
	if !caseFile(t, "devlake/collect_gitlab_pipelines.json", &c) {
		return
	}
	var sum tally
	for _, e := range c.Expected["pipelines"] {
		var w wirePipeline
		c.read(t, e.ID, &w)
		d, reason := w.deployment("acme/shop", "production")
		if reason != "" && e.Result != "success" {
			sum.leave(e.ID, "a pipeline that did not succeed is no deployment here")
			continue
		}
		sum.run(t, e.ID, cmp.Or(reason, e.against(d)))
	}
	sum.log(t)
}

func TestRecordedJobs(t *testing.T) {
	t.Parallel()
	var c collected
	if !caseFile(t, "devlake/collect_gitlab_jobs.json", &c) {
		return
	}
	var sum tally
	pattern := regexp.MustCompile(c.Config.Deployment)
	for _, e := range c.Expected["jobs"] {
		var j wireJob
		c.read(t, e.ID, &j)
		d, reason := j.deployment("acme/shop", "production")
		switch deploys := pattern.MatchString(j.Name); {
		case deploys != (e.Type == "deployment"), deploys != matches("*ompile*", j.Name):
			sum.run(t, e.ID, fmt.Sprintf("a job named %s deploys: %v", j.Name, deploys))
		case notBegun(j.Status):
			sum.leave(e.ID, "set aside here, "+reason)
		case d.Status == metrics.Cancelled:
			sum.leave(e.ID, "counted among the failures there; here what was cancelled is kept apart")
		default:
			sum.run(t, e.ID, cmp.Or(reason, e.against(d)))
		}
	}
	sum.log(t)
}

// webhookFacts are facts about deliveries that stand as test data in a Go module.
type webhookFacts struct {
	Cases []struct {
		Module, File, Kind string
		Expect             struct {
			DeploymentID int64   `json:"deployment_id"`
			PipelineID   int64   `json:"pipeline_id"`
			IID          int64   `json:"iid"`
			Status       string  `json:"status"`
			State        string  `json:"state"`
			Action       string  `json:"action"`
			Environment  string  `json:"environment"`
			Repo         string  `json:"repo"`
			SHA          string  `json:"sha"`
			Ref          *string `json:"ref"`
			Tag          string  `json:"tag"`
			Source       string  `json:"source"`
			Target       string  `json:"target"`
			At           moment  `json:"at"`
			CreatedAt    moment  `json:"created_at"`
			FinishedAt   moment  `json:"finished_at"`
			ReleasedAt   moment  `json:"released_at"`
			Commits      []struct {
				ID    string   `json:"id"`
				At    moment   `json:"at"`
				Files []string `json:"files"`
			} `json:"commits"`
		}
	}
}

// moduleCache is where the modules lie that Go has fetched.
func moduleCache(t *testing.T) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", "env", "GOMODCACHE").Output()
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(out))
}

func TestRecordedWebhooks(t *testing.T) {
	t.Parallel()
	var facts webhookFacts
	if !caseFile(t, "peers/gomod_webhook_facts.json", &facts) {
		return
	}
	var sum tally
	cache := moduleCache(t)
	for _, c := range facts.Cases {
		if !strings.HasPrefix(c.Kind, "gitlab ") {
			continue
		}
		module, _, _ := strings.Cut(c.Module, " ")
		body, err := os.ReadFile(filepath.Join(cache, filepath.FromSlash(module), filepath.FromSlash(c.File)))
		if err != nil {
			sum.leave(c.Kind, "its delivery is not at hand; fetch it with: go mod download "+module)
			continue
		}
		e := c.Expect
		h := Hook{Source: "lab", Choice: Choice{Pipelines: "*", Releases: true}}
		pushed := h.Parse(http.Header{}, body)
		var deployed metrics.Deployment
		var request metrics.PullRequest
		if len(pushed.Events) > 0 {
			deployed, _ = pushed.Events[0].Deployment()
			request, _ = pushed.Events[0].PullRequest()
		}
		held := false
		switch c.Kind {
		case "gitlab deployment":
			held = deployed.ID == fmt.Sprint(e.DeploymentID) && deployed.Status == metrics.Succeeded && deployed.Environment == e.Environment &&
				deployed.FinishedAt.Equal(e.At.Time) && deployed.Repository == e.Repo && deployed.Revision == e.SHA && deployed.Ref == ""
		case "gitlab pipeline":
			held = deployed.ID == fmt.Sprintf("pipeline/%d", e.PipelineID) && deployed.Ref == *e.Ref && deployed.Revision == e.SHA && deployed.Repository == e.Repo &&
				deployed.CreatedAt.Equal(e.CreatedAt.Time) && deployed.FinishedAt.Equal(e.FinishedAt.Time)
		case "gitlab push":
			held = len(pushed.Events) == len(e.Commits)
			for i, want := range e.Commits {
				commit, _ := pushed.Events[i].Commit()
				held = held && commit.ID == want.ID && commit.AuthoredAt.Equal(want.At.Time) && slices.Equal(commit.Paths, want.Files) && commit.Repository == e.Repo
			}
		case "gitlab issue":
			var w hookIssue
			err := json.Unmarshal(body, &w)
			held = err == nil && w.Attributes.IID == e.IID && w.Attributes.State == e.State && w.Attributes.CreatedAt.Equal(e.CreatedAt.Time) && pushed.Ignored != ""
		case "gitlab release":
			held = deployed.Version == e.Tag && deployed.FinishedAt.Equal(e.ReleasedAt.Time) && deployed.Revision == e.SHA
		case "gitlab merge request":
			held = request.Number == e.IID && request.Head == e.Source && request.Base == e.Target && request.CreatedAt.Equal(e.CreatedAt.Time) && request.MergedAt.IsZero()
		default:
			t.Fatalf("nothing runs %s", c.Kind)
		}
		fault := ""
		if !held {
			fault = fmt.Sprintf("%+v is not read from\n%+v %+v", e, pushed, deployed)
		}
		sum.run(t, c.Kind, fault)
	}
	sum.log(t)
}

func TestRecordedIdentities(t *testing.T) {
	t.Parallel()
	var file struct {
		Cases []struct {
			ID     string
			Source struct{ Path string }
			Input  map[string]any
			Expect struct {
				EventID string `json:"event_id"`
			}
		}
	}
	if !caseFile(t, "peers/fourkeys_parsers.json", &file) {
		return
	}
	var sum tally
	for _, c := range file.Cases {
		if !strings.Contains(c.Source.Path, "gitlab") {
			continue
		}
		c.Input["project"] = map[string]any{"id": 17, "path_with_namespace": "acme/shop", "default_branch": "main"}
		body, err := json.Marshal(c.Input)
		if err != nil {
			t.Fatal(err)
		}
		pushed := Hook{Source: "lab", Choice: Choice{Jobs: "*", Pipelines: "*", Releases: true}}.Parse(http.Header{}, body)
		if len(pushed.Events) == 0 {
			sum.leave(c.ID, fmt.Sprintf("its input is shortened and says nothing here: %s%v", pushed.Ignored, pushed.SetAside))
			continue
		}
		fault := ""
		if !slices.ContainsFunc(pushed.Events, func(e metrics.Event) bool { return path.Base(e.ID) == c.Expect.EventID }) {
			fault = fmt.Sprintf("%s is not among %+v", c.Expect.EventID, pushed.Events)
		}
		sum.run(t, c.ID, fault)
	}
	sum.log(t)
}

// TestRecordedTimes runs the times that neutral events refuse and a host may send.
func TestRecordedTimes(t *testing.T) {
	t.Parallel()
	var file struct {
		Cases []struct {
			ID     string
			Input  struct{ Text string }
			Expect struct {
				Unix *int64
				UTC  *time.Time
			}
		}
	}
	if !caseFile(t, "peers/timestamps.json", &file) {
		return
	}
	var sum tally
	for _, c := range file.Cases {
		if _, err := time.Parse(time.RFC3339Nano, c.Input.Text); err == nil {
			continue // run with the neutral events
		}
		var at moment
		text, err := json.Marshal(c.Input.Text)
		if err == nil {
			err = at.UnmarshalJSON(text)
		}
		fault := ""
		if err != nil || c.Expect.Unix != nil && at.Unix() != *c.Expect.Unix || c.Expect.UTC != nil && !at.Equal(*c.Expect.UTC) {
			fault = fmt.Sprintf("%s is read as %s (%v)", c.Input.Text, at, err)
		}
		sum.run(t, c.ID, fault)
	}
	sum.log(t)
}

// TestRecordedSignatures runs what is recorded of GitLab's own way of signing.
func TestRecordedSignatures(t *testing.T) {
	t.Parallel()
	var file struct {
		Cases []struct {
			ID, Convention string
			Input          struct {
				Secret, Body string
				Headers      map[string]string
			}
			Expect struct{ Valid bool }
		}
	}
	if !caseFile(t, "peers/watchops_signatures.json", &file) {
		return
	}
	var sum tally
	for _, c := range file.Cases {
		if !strings.HasPrefix(c.Convention, "GitLab") {
			continue // another host's, run beside it
		}
		header := http.Header{}
		for name, value := range c.Input.Headers {
			header.Set(name, value)
		}
		fault := ""
		if got := (Hook{}).Authentic(header, []byte(c.Input.Body), []string{c.Input.Secret}); got != c.Expect.Valid {
			fault = fmt.Sprintf("authentic is %v", got)
		}
		sum.run(t, c.ID, fault)
	}
	sum.log(t)
}
