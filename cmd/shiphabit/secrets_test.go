package main

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// indiscreet is a host that repeats in its answer every credential that it was sent.
func indiscreet(t *testing.T, code int) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		var said []string
		for name, values := range r.Header {
			said = append(said, name+": "+strings.Join(values, ","))
		}
		_, password, _ := r.BasicAuth()
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("X-Echo", strings.Join(said, "; "))
		w.WriteHeader(code)
		fmt.Fprintf(w, `{"message":%q,"error":%q}`, "you sent "+strings.Join(said, "; "), "password "+password)
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// secretSource is a source with a secret of its own.
type secretSource struct{ name, kind, settings string }

// secretSources are sources of every kind that takes a secret, each with a host that answers in one way.
func secretSources(t *testing.T) []secretSource {
	t.Helper()
	var list []secretSource
	for _, code := range []int{http.StatusOK, http.StatusUnauthorized, http.StatusForbidden, http.StatusNotFound} {
		url := indiscreet(t, code)
		for kind, settings := range map[string]string{
			"git": "url: " + url + "/shop.git", "gitlab": "url: " + url + ", projects: [acme/shop]", "github": "url: " + url + ", repositories: [acme/shop]",
			"gitea": "url: " + url + ", repositories: [acme/shop]", "jenkins": "url: " + url + ", user: ada, jobs: ['*']", "argocd": "url: " + url,
			"pagerduty": "url: " + url, "jira": "url: " + url + ", user: ada, incidents: project = OPS",
			"prometheus": "url: " + url + ", signals: ['errors=up']", "alertmanager": "url: " + url,
		} {
			list = append(list, secretSource{fmt.Sprintf("%s-%d", kind, code), kind, settings})
		}
	}
	slices.SortFunc(list, func(a, b secretSource) int { return strings.Compare(a.name, b.name) })
	return list
}

// pushed are the kinds whose deliveries are signed.
var pushed = []string{"gitlab", "github", "gitea", "pagerduty", "jira", "alertmanager", "webhook", "cdevents"}

// TestNoSecretIsFoundInAnythingTheProgramLeaves runs every source against hosts that repeat what they are sent, and looks for the secrets in
// what the program prints, logs, serves, stores and leaves behind when it is killed.
func TestNoSecretIsFoundInAnythingTheProgramLeaves(t *testing.T) {
	t.Parallel()
	p := newProcess(t)
	secret := func(name string) string { return "s3cret-" + name + "-0123456789abcdef" }
	var yaml strings.Builder
	var secrets []string
	yaml.WriteString("sources:\n")
	for _, s := range secretSources(t) {
		variable := "TOKEN_" + strings.ToUpper(strings.ReplaceAll(s.name, "-", "_"))
		p.env = append(p.env, variable+"="+secret(s.name))
		secrets = append(secrets, secret(s.name))
		fmt.Fprintf(&yaml, "  - {name: %s, type: %s, settings: {%s, token: '${%s}'}}\n", s.name, s.kind, s.settings, variable)
	}
	refusing := indiscreet(t, http.StatusUnauthorized)
	for _, kind := range pushed {
		variable := "HOOK_" + strings.ToUpper(kind)
		p.env = append(p.env, variable+"="+secret("hook-"+kind))
		secrets = append(secrets, secret("hook-"+kind))
		fmt.Fprintf(&yaml, "  - {name: hook-%s, type: %s, settings: {webhook_secret: '${%s}'%s}}\n", kind, kind, variable, pushOnly(kind, refusing))
	}
	settings, db := filepath.Join(p.home, "s.yaml"), filepath.Join(p.home, "s.db")
	write(t, settings, yaml.String())
	left := map[string]string{}
	note := func(what string, args ...string) {
		out, errs, _ := p.run(args...)
		left[what] = out + errs
	}
	note("config check", "config", "check", settings)
	note("collect", "collect", "-v", "--config", settings, "--db", db)
	if !strings.Contains(left["collect"], "gitlab-401") {
		t.Fatalf("the sources were not read:\n%s", left["collect"])
	}
	note("doctor", "doctor", "--config", settings, "--db", db)
	note("doctor as JSON", "doctor", "--config", settings, "--db", db, "--format", "json")
	note("export", "export", "--config", settings, "--db", db)
	p.served(t, settings, db, secret, left)
	for _, name := range []string{"s.db", "s.db-wal"} {
		text, err := os.ReadFile(filepath.Join(p.home, name))
		if err != nil && !os.IsNotExist(err) {
			t.Fatal(err)
		}
		left[name] = string(text)
	}
	for what, text := range left {
		for _, s := range secrets {
			for _, form := range []string{s, base64.StdEncoding.EncodeToString([]byte("ada:" + s)), base64.StdEncoding.EncodeToString([]byte("git:" + s))} {
				if at := strings.Index(text, form); at >= 0 {
					t.Errorf("%s holds the secret %s: …%s…", what, s, text[max(0, at-120):min(len(text), at+60)])
				}
			}
		}
	}
}

// pushOnly are the settings that a kind cannot do without although it is only pushed to.
func pushOnly(kind, url string) string {
	switch kind {
	case "gitea":
		return ", url: " + url + ", repositories: [a/b]"
	case "pagerduty":
		return ", url: " + url + ", token: '${HOOK_PAGERDUTY}'"
	case "jira":
		return ", url: " + url + ", token: '${HOOK_JIRA}', incidents: project = OPS"
	}
	return ""
}

// served runs the server, pushes to it, looks at its pages, and kills it so that it tells where it stood.
func (p process) served(t *testing.T, settings, db string, secret func(string) string, left map[string]string) {
	t.Helper()
	command := p.command(context.WithoutCancel(t.Context()), "serve", "-v", "--config", settings, "--db", db, "--listen", "127.0.0.1:0")
	log := &lockedBuffer{}
	command.Stdout, command.Stderr = log, log
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- command.Wait() }()
	url := ""
	for deadline := time.Now().Add(time.Minute); url == ""; url = address.FindString(log.String()) {
		if time.Now().After(deadline) {
			t.Fatalf("it does not serve:\n%s", log)
		}
		select {
		case err := <-ended:
			t.Fatalf("it ended with %v:\n%s", err, log)
		case <-time.After(20 * time.Millisecond): // nothing tells when a line is printed
		}
	}
	for _, kind := range pushed {
		for _, given := range []string{secret("hook-" + kind), "a wrong secret"} {
			request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url+"/hooks/hook-"+kind, strings.NewReader(`{"broken":`))
			if err != nil {
				t.Fatal(err)
			}
			request.Header.Set("X-Gitlab-Token", given)
			request.Header.Set("X-Gitlab-Event", "Deployment Hook")
			request.Header.Set("Authorization", "Bearer "+given)
			left["delivery to "+kind+" with "+given[:7]] = answered(t, request)
		}
	}
	for _, path := range []string{"/", "/sources", "/doctor", "/api/v1/sources", "/api/v1/doctor", "/api/v1/sources/hook-gitlab/deliveries", "/sources/hook-gitlab", "/sources/gitlab-401", "/sources/github-403", "/metrics", "/openapi.json", "/nothing"} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		left["page "+path] = answered(t, request)
	}
	if err := command.Process.Signal(syscall.SIGQUIT); err != nil {
		t.Fatal(err)
	}
	<-ended
	left["log and crash"] = log.String()
	if !strings.Contains(left["log and crash"], "goroutine ") {
		t.Errorf("it did not tell where it stood:\n%.300s", left["log and crash"])
	}
}

func answered(t *testing.T, request *http.Request) string {
	t.Helper()
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer answer.Body.Close()
	text, err := io.ReadAll(answer.Body)
	if err != nil {
		t.Fatal(err)
	}
	var all bytes.Buffer
	_ = answer.Header.Write(&all)
	return all.String() + string(text)
}

// lockedBuffer is a buffer that a process writes to while a test reads it.
type lockedBuffer struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.String()
}
