package gitea_test

import (
	"cmp"
	"encoding/json"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"shiphabit/collector/gitea"
)

// webhookCase is a delivery in the test data of another module, and what it says.
type webhookCase struct {
	Module, File, Kind string
	Expect             struct {
		Action      string
		Tag         string
		Prerelease  bool
		PublishedAt time.Time `json:"published_at"`
	}
}

func TestRecordedCases(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join(cmp.Or(os.Getenv("SHIPHABIT_CASES"), "../../../shared/cases"), "peers", "gomod_webhook_facts.json"))
	if err != nil {
		t.Skip("recorded cases are not at hand")
	}
	var file struct{ Cases []webhookCase }
	if err := json.Unmarshal(text, &file); err != nil {
		t.Fatal(err)
	}
	run, passed, left := 0, 0, 0
	for _, c := range file.Cases {
		if !strings.HasPrefix(c.Kind, "gitea ") && !strings.HasPrefix(c.Kind, "gogs ") {
			continue
		}
		switch body, reason := c.body(); {
		case reason != "":
			left++
			t.Logf("recorded cases: left out %s: %s", c.File, reason)
		default:
			run++
			if c.check(t, body); !t.Failed() {
				passed++
			}
		}
	}
	t.Logf("recorded cases: %d run, %d passed, %d left out", run, passed, left)
}

// body is the delivery, from the module's copy on this machine. The module is no dependency of ours: nothing else is wanted of it.
func (c webhookCase) body() (body []byte, left string) {
	module, _, _ := strings.Cut(c.Module, " ")
	cache, err := exec.Command("go", "env", "GOMODCACHE").Output()
	if err != nil {
		return nil, "there is no go command"
	}
	body, err = os.ReadFile(filepath.Join(strings.TrimSpace(string(cache)), filepath.FromSlash(module), filepath.FromSlash(c.File)))
	if err != nil {
		return nil, "its payload is not on this machine; fetch it with: go mod download " + module
	}
	return body, ""
}

// check holds a release against what is expected. The delivery names a branch and no commit, so the hook passes it on to the next
// reading; the deployment is that which the release becomes there.
func (c webhookCase) check(t *testing.T, body []byte) {
	t.Helper()
	event, _, _ := strings.Cut(strings.TrimPrefix(c.Kind, "gitea "), "-")
	o := gitea.Options{Name: "forge"}
	p := gitea.NewHook(o).Parse(http.Header{"X-Gitea-Event": {event}}, body)
	if p.Kind != event+" "+c.Expect.Action || len(p.SetAside) != 0 || !strings.Contains(p.Ignored, "does not say which commit") {
		t.Errorf("%s: pushed it gives %+v", c.File, p)
	}
	var d struct {
		Release    object
		Repository object
	}
	if err := json.Unmarshal(body, &d); err != nil {
		t.Fatal(err)
	}
	path := d.Repository["full_name"].(string)
	d.Repository["has_releases"], d.Repository["empty"], d.Repository["has_pull_requests"] = true, true, false
	s := &server{cap: 50, lists: map[string][]object{"repos/" + path + "/releases": {d.Release}}, records: map[string]object{
		"repos/" + path: d.Repository, "repos/" + path + "/tags/" + c.Expect.Tag: tag(c.Expect.Tag, 1, c.Expect.PublishedAt),
	}}
	o.Repositories = []string{path}
	r := begin(t, s, o)
	found := 0
	for _, e := range r.Must() {
		v, err := e.Deployment()
		if err != nil {
			continue
		}
		found++
		if v.Version != c.Expect.Tag || !v.FinishedAt.Equal(c.Expect.PublishedAt) || (v.Environment == "staging") != c.Expect.Prerelease {
			t.Errorf("%s: read it gives %+v", c.File, v)
		}
	}
	if found != 1 {
		t.Errorf("%s: %d deployments", c.File, found)
	}
}
