package main

import (
	"bufio"
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"shiphabit/internal/protection/fakehub"
)

// guarded is a database with the gate's services, and a configuration under which hosts ask about them.
func guarded(t *testing.T, protection string, env ...string) (p process, serve []string) {
	t.Helper()
	p = newProcess(t)
	p.env = append(p.env, env...)
	settings, events, db := filepath.Join(p.home, "shiphabit.yaml"), filepath.Join(p.home, "events.jsonl"), filepath.Join(p.home, "gate.db")
	write(t, settings, "services:\n  - {name: vault, tier: critical}\nprotection:\n"+protection)
	write(t, events, history("steady", strings.Repeat(".", 40), 2*time.Hour)+history("shaky", strings.Repeat(".", 20)+".x.x.x.x", 2*time.Hour)+
		history("vault", strings.Repeat(".", 20), 5*time.Minute))
	p.must("import", "--db", db, "--config", settings, events)
	return p, []string{"serve", "--db", db, "--config", settings}
}

// until waits for something that a running server does by itself.
func until(t *testing.T, what string, done func() bool) {
	t.Helper()
	for end := time.Now().Add(time.Minute); !done(); {
		if time.Now().After(end) {
			t.Fatalf("%s: not within a minute", what)
		}
		select {
		case <-t.Context().Done():
			t.Fatal(what)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func TestAServerThatIsKilledTellsGitHubAfterItsRestart(t *testing.T) {
	t.Parallel()
	hub := fakehub.New(t, time.Now)
	p, serve := guarded(t, fmt.Sprintf(`
  - name: github-app
    kind: github
    url: %s
    app_id: %q
    private_key_file: app.pem
    webhook_secret: ${APP_SECRET}
    services:
      - {repository: acme/shop, environments: [live], as: production, service: shaky}
      - {repository_id: "17", service: steady}
`, hub.URL, fakehub.App), "APP_SECRET="+fakehub.Secret)
	write(t, filepath.Join(p.home, "app.pem"), string(hub.Key))
	hub.Trouble("deployment_protection_rule", http.StatusBadGateway, nil, "")
	url, kill := p.serveUntilKilled(serve...)
	body := hub.Body(fakehub.Request{Run: 1, Deployment: 101, Environment: "live", Commit: "c0ffee", Event: "push"})
	if status, took := hub.Deliver(url+"/hooks/github-app", body, fakehub.Secret); status != http.StatusAccepted || took > 3*time.Second {
		t.Errorf("answered with %d after %s", status, took)
	}
	until(t, "the first try fails", func() bool {
		return strings.Contains(fetched(t, url+"/api/v1/gate/waiting"), `"attempts":1`)
	})
	kill()
	if got := hub.Reviews(1, "live"); len(got) != 0 {
		t.Fatalf("told %v", got)
	}
	url, _ = p.serve(serve...)
	until(t, "GitHub is told", func() bool { return len(hub.Reviews(1, "live")) == 1 })
	if got := hub.Reviews(1, "live")[0]; got.State != "rejected" || !strings.Contains(got.Comment, "failure-meter") {
		t.Errorf("told %+v", got)
	}
	body = hub.Body(fakehub.Request{Run: 2, Deployment: 102, Environment: "production", Commit: "c0ffee", Event: "push"})
	if status, _ := hub.Deliver(url+"/hooks/github-app", body, fakehub.Secret); status != http.StatusAccepted {
		t.Errorf("answered with %d", status)
	}
	until(t, "GitHub is told", func() bool { return len(hub.Reviews(2, "production")) == 1 })
	if got := hub.Reviews(2, "production")[0]; got.State != "approved" {
		t.Errorf("told %+v", got)
	}
	if status, _ := hub.Deliver(url+"/hooks/github-app", body, "guessed"); status != http.StatusUnauthorized {
		t.Errorf("a stranger is answered with %d", status)
	}
}

func TestAServerWithoutTheAppsKeyDoesNotStart(t *testing.T) {
	t.Parallel()
	p, serve := guarded(t, "  - {name: github-app, kind: github, app_id: \"1\", private_key_file: app.pem, webhook_secret: \"${APP_SECRET}\"}\n", "APP_SECRET=x")
	if said := p.exits(exitUsage, serve...); !strings.Contains(said, "protection github-app: private_key_file") {
		t.Errorf("it says %q", said)
	}
	write(t, filepath.Join(p.home, "app.pem"), "not-a-key")
	if said := p.exits(exitUsage, serve...); !strings.Contains(said, "no PEM text") || strings.Contains(said, "not-a-key") {
		t.Errorf("it says %q", said)
	}
}

// serveUntilKilled starts a server that can be killed as a machine that loses its power does.
func (p process) serveUntilKilled(args ...string) (url string, kill func()) {
	p.t.Helper()
	command := p.command(context.WithoutCancel(p.t.Context()), append(args, "--listen", "127.0.0.1:0")...)
	out, err := command.StdoutPipe()
	if err != nil {
		p.t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		p.t.Fatal(err)
	}
	kill = sync.OnceFunc(func() { _ = command.Process.Kill(); _ = command.Wait() })
	p.t.Cleanup(kill)
	lines := bufio.NewScanner(out)
	for lines.Scan() {
		if url = address.FindString(lines.Text()); url != "" {
			return url, kill
		}
	}
	p.t.Fatal("the server ended without an address")
	return "", nil
}

func fetched(t *testing.T, url string) string {
	t.Helper()
	response, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// canaryWebhook is one of a Canary's.
type canaryWebhook struct {
	kind, url string
	metadata  map[string]string
}

var webhookForm = regexp.MustCompile(`type: (\S+)\n\s+url: (\S+)\n\s+metadata: \{(.*)\}`)

func TestFlaggersSnippetAsksAndReports(t *testing.T) {
	t.Parallel()
	p, serve := guarded(t, "  - {name: flagger, kind: flagger, webhook_secret: \"${FLAGGER_TOKEN}\"}\n", "FLAGGER_TOKEN=a-long-secret")
	url, _ := p.serve(serve...)
	for service, status := range map[string]int{"steady": http.StatusOK, "shaky": http.StatusForbidden, "vault": http.StatusForbidden} {
		hooks := map[string]canaryWebhook{}
		text := strings.NewReplacer("https://gate.example.com", url, "FLAGGER_TOKEN", "a-long-secret", "COMMIT", "c0ffee").Replace(snippet(t, "flagger.yaml", service))
		for _, found := range webhookForm.FindAllStringSubmatch(text, -1) {
			hook := canaryWebhook{found[1], found[2], map[string]string{}}
			for pair := range strings.SplitSeq(found[3], ", ") {
				name, value, _ := strings.Cut(pair, ": ")
				hook.metadata[name] = value
			}
			hooks[hook.kind] = hook
		}
		if len(hooks) != 3 {
			t.Fatalf("the snippet has the hooks %v", hooks)
		}
		// The phases and checksums are those that Flagger sends: at confirm-rollout still those of the revision before.
		if got, said := hooks["confirm-rollout"].call(t, service, "Succeeded", "before"); got != status {
			t.Errorf("%s: confirm-rollout is answered with %d: %s", service, got, said)
		}
		if got, said := hooks["confirm-promotion"].call(t, service, "Progressing", "now"); got != status {
			t.Errorf("%s: confirm-promotion is answered with %d: %s", service, got, said)
		}
		want := http.StatusOK
		if status != http.StatusOK {
			want = http.StatusConflict
		}
		if got, said := hooks["post-rollout"].call(t, service, "Succeeded", "now"); got != want {
			t.Errorf("%s: post-rollout is answered with %d: %s", service, got, said)
		}
	}
}

// call sends a hook as pkg/controller/webhook.go of Flagger does.
func (w canaryWebhook) call(t *testing.T, canary, phase, checksum string) (status int, said string) {
	t.Helper()
	body, err := json.Marshal(map[string]any{"name": canary, "namespace": "shop", "phase": phase, "checksum": checksum, "metadata": w.metadata})
	if err != nil {
		t.Fatal(err)
	}
	response, err := http.Post(w.url, "application/json", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	text, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response.StatusCode, string(text)
}

func TestAMergeRequestsStatusCheckSaysHowTheGateStands(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	said := map[string]string{} // status by merge request
	gitlab := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock()
		var body struct {
			SHA    string `json:"sha"`
			Check  int    `json:"external_status_check_id"`
			Status string `json:"status"`
		}
		if err := json.NewDecoder(r.Body).Decode(&body); err != nil || r.Header.Get("PRIVATE-TOKEN") != "glpat-x" || body.SHA != "c0ffee" || body.Check != 3 {
			w.WriteHeader(http.StatusBadRequest)
			return
		}
		said[r.URL.Path] = body.Status
		w.WriteHeader(http.StatusCreated)
		fmt.Fprint(w, `{"id":1,"merge_request":{"id":1},"external_status_check":{"id":3}}`)
	}))
	t.Cleanup(gitlab.Close)
	p, serve := guarded(t, fmt.Sprintf(`
  - name: checks
    kind: gitlab
    url: %s/api/v4
    token: ${GITLAB_TOKEN}
    webhook_secret: ${CHECK_SECRET}
    services:
      - {project_id: "6", service: steady}
      - {project_id: "7", service: shaky}
      - {project_id: "8", service: vault}
`, gitlab.URL), "GITLAB_TOKEN=glpat-x", "CHECK_SECRET=shared")
	url, _ := p.serve(serve...)
	send := func(project int, state, secret string) int {
		body := fmt.Sprintf(`{"object_kind":"merge_request","project":{"id":%d,"path_with_namespace":"acme/x"},"object_attributes":{"iid":4,"target_project_id":%d,
			"state":%q,"url":"https://gitlab.example/acme/x/-/merge_requests/4","last_commit":{"id":"c0ffee"}},"external_approval_rule":{"id":3,"name":"gate"}}`, project, project, state)
		mac := hmac.New(sha256.New, []byte(secret))
		mac.Write([]byte(body))
		request, err := http.NewRequest(http.MethodPost, url+"/hooks/checks", strings.NewReader(body))
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("X-Gitlab-Signature", hex.EncodeToString(mac.Sum(nil)))
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		_ = response.Body.Close()
		return response.StatusCode
	}
	want := map[int]string{6: "passed", 7: "failed", 8: "pending"}
	for project := range want {
		if status := send(project, "opened", "shared"); status != http.StatusAccepted {
			t.Errorf("project %d is answered with %d", project, status)
		}
	}
	for project, status := range want {
		path := fmt.Sprintf("/api/v4/projects/%d/merge_requests/4/status_check_responses", project)
		until(t, path, func() bool { mu.Lock(); defer mu.Unlock(); return said[path] == status })
	}
	if status := send(6, "merged", "shared"); status != http.StatusOK {
		t.Errorf("one that is merged is answered with %d", status)
	}
	if status := send(6, "opened", "guessed"); status != http.StatusUnauthorized {
		t.Errorf("a stranger is answered with %d", status)
	}
	if log := p.must("gate", "log", "--server", url); !strings.Contains(log, "No decisions yet") && strings.Contains(log, "gd_") {
		t.Errorf("a look at the gate was logged as a decision:\n%s", log)
	}
}
