package main

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/cgi"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"shiphabit/internal/rollback"
	"shiphabit/metrics/gate"
)

// withTools skips a test where a tool is not there that snippets use.
func withTools(t *testing.T, tools ...string) {
	t.Helper()
	for _, tool := range tools {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("%s is not there", tool)
		}
	}
}

// doorman lets a handler be named after its server is up.
type doorman struct {
	mu     sync.Mutex
	behind http.Handler
	seen   []*http.Request
	bodies []string
}

func (d *doorman) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	d.mu.Lock()
	d.seen, d.bodies = append(d.seen, r), append(d.bodies, string(body))
	behind := d.behind
	d.mu.Unlock()
	behind.ServeHTTP(w, r)
}

func TestAPipelineThatIsToldOfAFailedWatchRollsBackThroughTheGate(t *testing.T) {
	t.Parallel()
	withTools(t, "openssl", "jq")
	door := &doorman{}
	receiver := httptest.NewServer(door)
	t.Cleanup(receiver.Close)
	p := newProcess(t)
	p.env = append(p.env, "HOOK="+receiver.URL+"/rollback", "HOOK_SECRET="+hookSecret)
	settings := p.write("shiphabit.yaml", `
services: [{name: shop, rollback: {url: "${HOOK}", secret: "${HOOK_SECRET}"}}]
notify: {public_url: https://ship.example.org}
`)
	db := filepath.Join(p.home, "gate.db")
	p.must("import", "--config", settings, "--db", db, p.write("events.jsonl", history("shop", "...", 2*time.Hour)))
	url, _ := p.serve("serve", "--config", settings, "--db", db)
	w := p.workplace(url, "CI_JOB_ID=1")

	// What the receiver begins asks the gate, which lets a rollback through at once.
	begin := filepath.Join(w.folder, "begin.sh")
	executable(t, begin, "#!/bin/sh\nset -e\nshiphabit gate check --service \"$1\" --environment \"$2\" --digest \"$3\" --kind rollback\n./deploy.sh back to \"$3\"\nshiphabit gate report --outcome succeeded\n")
	folder := t.TempDir()
	program, err := filepath.Abs(filepath.Join("..", "..", "deploy", "pipelines", "rollback.sh"))
	if err != nil {
		t.Fatal(err)
	}
	door.mu.Lock()
	door.behind = &cgi.Handler{
		Path: program, Dir: w.folder, Stderr: os.Stderr,
		Env: append(slices.Clone(w.env), "ROLLBACK_SECRET="+hookSecret, "ROLLBACK_FOLDER="+folder, "ROLLBACK_COMMAND="+begin),
	}
	door.mu.Unlock()

	output, code := w.shell("shiphabit gate check --service shop --digest " + built("bad") + " --commit bad && ./deploy.sh bad && shiphabit gate report --outcome succeeded && cp gate.json bad.json")
	failed := regexp.MustCompile(`gate/gd_[0-9A-Z]+`).FindString(output)
	if code != 0 || failed == "" {
		t.Fatalf("%d %s", code, output)
	}
	verdict := fmt.Sprintf(`{"type":"verdict","id":"v1","deployment":%q,"result":"unhealthy","at":%q}`, failed, time.Now().UTC().Format("2006-01-02T15:04:05.000Z"))
	answer, err := http.Post(url+"/api/v1/events", "application/json", strings.NewReader(verdict+"\n")) //nolint:noctx // a test
	if err != nil || answer.StatusCode != http.StatusOK {
		t.Fatalf("%v, %v", answer, err)
	}
	_ = answer.Body.Close()
	said, code := w.shell("shiphabit gate report --in bad.json --outcome succeeded --watch 1m")
	if code != exitBlocked || !strings.Contains(said, "its rollback hook was told and took it: it answered 202") {
		t.Errorf("it ends with %d:\n%s", code, said)
	}
	deployed, _ := os.ReadFile(filepath.Join(w.folder, "deployed"))
	if want := fmt.Sprintf("bad\nback to sha256:%064d\n", 2); string(deployed) != want {
		t.Fatalf("deployed is %q, want %q", deployed, want)
	}
	if log := p.must("gate", "log", "--server", url, "--format", "json", "--service", "shop"); strings.Count(log, `"kind": "rollback"`) == 0 {
		t.Errorf("the gate was not asked for a rollback:\n%s", log)
	}
	page, err := http.Get(url + "/services/shop/gate") //nolint:noctx // a test
	if err != nil {
		t.Fatal(err)
	}
	text, _ := io.ReadAll(page.Body)
	_ = page.Body.Close()
	if !strings.Contains(string(text), "<h3>Rollback hook</h3>") || !strings.Contains(string(text), "</span> took it</span> it answered 202") || strings.Contains(string(text), receiver.URL) {
		t.Errorf("the page of the service says\n%s", text)
	}
	if len(door.seen) != 1 {
		t.Fatalf("it was told %d times", len(door.seen))
	}
	door.verifiedAsDocumented(t, w)
	door.tryForged(t, receiver.URL)
}

// verifiedAsDocumented runs the commands of the document on what was delivered, and on a body that was changed.
func (d *doorman) verifiedAsDocumented(t *testing.T, w workplace) {
	t.Helper()
	text, err := os.ReadFile(filepath.Join("..", "..", "docs", "gate.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(text), "\n## Rolling back by itself\n")
	settings := yamlBlock.FindStringSubmatch(section)[1]
	settingsOf(t, settings, map[string]string{"ROLLBACK_URL": "https://ci.example.org/x", "ROLLBACK_SECRET": hookSecret})
	h := d.seen[0].Header
	for body, genuine := range map[string]bool{d.bodies[0]: true, d.bodies[0] + " ": false} {
		write(t, filepath.Join(w.folder, "body"), body)
		said, _ := w.shell(shBlock.FindStringSubmatch(section)[1], "body=body", "time="+h.Get(rollback.TimeHeader), "signature="+h.Get(rollback.SignatureHeader), "ROLLBACK_SECRET="+hookSecret)
		if (said == "genuine\n") != genuine {
			t.Errorf("genuine: %v, and the commands of the document say %q", genuine, said)
		}
	}
}

// tryForged sends what the receiver may not take, and what it took already.
func (d *doorman) tryForged(t *testing.T, url string) {
	t.Helper()
	body := `{"kind":"rollback","service":"shop","environment":"production","good":{"digest":"sha256:evil"}}`
	for sentence, c := range map[string]struct {
		secret, key string
		ago         time.Duration
		status      int
	}{
		"another secret":        {"another", "rb_1", 0, http.StatusUnauthorized},
		"signed long ago":       {hookSecret, "rb_1", 6 * time.Minute, http.StatusUnauthorized},
		"signed by and by":      {hookSecret, "rb_1", -6 * time.Minute, http.StatusUnauthorized},
		"no key":                {hookSecret, "", 0, http.StatusBadRequest},
		"a key that leads away": {hookSecret, "../x", 0, http.StatusBadRequest},
		"told before":           {hookSecret, d.seen[0].Header.Get(rollback.KeyHeader), 0, http.StatusOK},
	} {
		stamp := strconv.FormatInt(time.Now().Add(-c.ago).Unix(), 10)
		mac := hmac.New(sha256.New, []byte(c.secret))
		mac.Write([]byte(stamp + "." + body))
		r, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url, strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		for name, value := range map[string]string{rollback.SignatureHeader: "sha256=" + hex.EncodeToString(mac.Sum(nil)), rollback.TimeHeader: stamp, rollback.KeyHeader: c.key} {
			r.Header.Set(name, value)
		}
		answer, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		said, _ := io.ReadAll(answer.Body)
		_ = answer.Body.Close()
		if answer.StatusCode != c.status {
			t.Errorf("%s: %d %s, want %d", sentence, answer.StatusCode, said, c.status)
		}
	}
}

// triggered is the address of a pipeline trigger of GitLab, as its documentation and source tell: the token stands in the address, what is sent
// is laid into the file TRIGGER_PAYLOAD, with the parameters of the address over it and without the token.
type triggered struct {
	t *testing.T
	w workplace

	output string
	failed bool
}

func (g *triggered) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var payload map[string]any
	if r.URL.Path != "/api/v4/projects/9/ref/main/trigger/pipeline" || r.URL.Query().Get("token") != "glptt-1" || json.NewDecoder(r.Body).Decode(&payload) != nil {
		http.NotFound(w, r)
		return
	}
	delete(payload, "token")
	payload["id"], payload["ref"], payload["variables"] = "9", "main", map[string]any{}
	text, _ := json.Marshal(payload)
	file := filepath.Join(g.t.TempDir(), "TRIGGER_PAYLOAD")
	if err := os.WriteFile(file, text, 0o600); err != nil {
		g.t.Error(err)
	}
	job := snippet(g.t, "rollback-gitlab.yml", "steady")
	output, code := g.w.shell(script(g.t, job, "rollback", "script"), "TRIGGER_PAYLOAD="+file)
	status := map[bool]string{true: "success", false: "failed"}[code == 0]
	after, _ := g.w.shell(script(g.t, job, "rollback", "after_script"), "CI_JOB_STATUS="+status)
	g.output, g.failed = output+after, code != 0
	w.WriteHeader(http.StatusCreated)
}

func TestAPipelineTriggerOfGitLabIsARollbackHook(t *testing.T) {
	t.Parallel()
	withTools(t, "jq")
	p, url := gateServer(t)
	for service, deploys := range map[string]bool{"steady": true, "shaky": false} {
		g := &triggered{t: t, w: p.workplace(url, "CI_JOB_ID=8", "CI_COMMIT_SHA=c0ffee")}
		server := httptest.NewServer(g)
		t.Cleanup(server.Close)
		hook, err := rollback.New(rollback.Options{
			URL: server.URL + "/api/v4/projects/9/ref/main/trigger/pipeline?token=glptt-1", Secret: hookSecret, Clock: time.Now, Timeout: time.Minute,
		})
		if err != nil {
			t.Fatal(err)
		}
		good := gate.Deployed{ID: service + "-38", Digest: fmt.Sprintf("sha256:%064d", 38), Revision: "r38"}
		body, err := rollback.Document(gate.FailedWatch{Service: service, Environment: "production", Failed: gate.Deployed{ID: service + "-39"}, Good: &good}, "https://ship.example.org")
		if err != nil {
			t.Fatal(err)
		}
		if answer := hook.Tell(t.Context(), "rb_1", body); !answer.Took {
			t.Fatalf("%+v", answer)
		}
		if g.failed == deploys || g.w.deployed() != deploys || deploys != strings.Contains(g.output, "succeeded, booked as gate/gd_") {
			t.Errorf("%s: failed %v, deployed %v:\n%s", service, g.failed, g.w.deployed(), g.output)
		}
		if deploys && !strings.Contains(g.output, "ALLOW") {
			t.Errorf("%s", g.output)
		}
	}
}
