package main

import (
	"bufio"
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// mint is an issuer of job tokens: its address, and how it makes one.
type mint struct {
	url  string
	make func(claims map[string]any) string
}

// localMint is an issuer of ours.
func localMint(t *testing.T) mint {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	part := base64.RawURLEncoding.EncodeToString
	var m mint
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if strings.HasSuffix(r.URL.Path, "/openid-configuration") {
			fmt.Fprintf(w, `{"issuer":%q,"jwks_uri":%q}`, m.url, m.url+"/keys")
			return
		}
		fmt.Fprintf(w, `{"keys":[{"kty":"RSA","kid":"k","alg":"RS256","use":"sig","n":%q,"e":"AQAB"}]}`, part(key.N.Bytes()))
	}))
	t.Cleanup(server.Close)
	m.url = server.URL
	m.make = func(claims map[string]any) string {
		all := map[string]any{"iss": m.url, "exp": time.Now().Add(5 * time.Minute).Unix()}
		maps.Copy(all, claims)
		payload, _ := json.Marshal(all)
		signed := part([]byte(`{"alg":"RS256","kid":"k"}`)) + "." + part(payload)
		sum := sha256.Sum256([]byte(signed))
		signature, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, sum[:])
		if err != nil {
			t.Error(err)
		}
		return signed + "." + part(signature)
	}
	return m
}

// foreignMint is oauth2-mock-server as the issuer.
func foreignMint(t *testing.T) mint {
	t.Helper()
	folder := filepath.Join("..", "..", "internal", "identity", "npm")
	if _, err := os.Stat(filepath.Join(folder, "node_modules")); err != nil {
		t.Skip("identity providers are not installed: 'make issuers' does so")
	}
	command := exec.CommandContext(t.Context(), "node", "mock.mjs")
	command.Dir = folder
	in, err := command.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := command.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := command.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = command.Process.Kill(); _ = command.Wait() })
	lines := bufio.NewScanner(out)
	line := func() string {
		if !lines.Scan() {
			t.Errorf("the issuer ended: %v", lines.Err())
		}
		return lines.Text()
	}
	return mint{url: line(), make: func(claims map[string]any) string {
		order, _ := json.Marshal(map[string]any{"claims": claims})
		_, _ = in.Write(append(order, '\n'))
		return line()
	}}
}

// identified serves the gate's three services, each the business of one project, to an issuer's jobs alone.
func identified(t *testing.T, m mint, kind string) (process, string) {
	t.Helper()
	p := newProcess(t)
	settings := filepath.Join(p.home, "shiphabit.yaml")
	write(t, settings, "require_tokens: true\nidentity:\n  - name: ci\n    kind: "+kind+"\n    issuer: "+m.url+`
    services:
      - {project_id: "42", owner_id: "7", service: steady}
      - {project_id: "42", owner_id: "7", service: shaky, environments: [production]}
`)
	events, db := filepath.Join(p.home, "events.jsonl"), filepath.Join(p.home, "gate.db")
	write(t, events, history("steady", strings.Repeat(".", 40), 2*time.Hour)+history("shaky", strings.Repeat(".", 20)+".x.x.x.x", 2*time.Hour))
	p.must("import", "--db", db, "--config", settings, events)
	url, _ := p.serve("serve", "--db", db, "--config", settings)
	p.env = append(p.env, "SHIPHABIT_URL="+url)
	return p, url
}

// job is what a token of GitHub's says of the job that deploys.
func job(change ...any) map[string]any {
	c := map[string]any{
		"aud": "shiphabit", "jti": rand.Text(), "repository_id": "42", "repository_owner_id": "7", "run_id": "8123", "run_attempt": "1",
		"environment": "production", "sha": "c0ffee", "event_name": "push",
	}
	for i := 0; i+1 < len(change); i += 2 {
		c[change[i].(string)] = change[i+1]
	}
	return c
}

// runner stands for GitHub's: it gives the job tokens with these claims, for the audience asked for. It returns the environment
// of the job, and the number of tokens given.
func runner(t *testing.T, m mint, claims map[string]any) (env []string, given *atomic.Int64) {
	t.Helper()
	given = &atomic.Int64{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer request-secret" || r.URL.Query().Get("api-version") != "2.0" {
			http.Error(w, "no", http.StatusForbidden)
			return
		}
		given.Add(1)
		all := map[string]any{}
		maps.Copy(all, claims)
		all["jti"], all["aud"] = rand.Text(), r.URL.Query().Get("audience")
		_ = json.NewEncoder(w).Encode(map[string]any{"count": 1, "value": m.make(all)})
	}))
	t.Cleanup(server.Close)
	return []string{
		"ACTIONS_ID_TOKEN_REQUEST_URL=" + server.URL + "/token?api-version=2.0", "ACTIONS_ID_TOKEN_REQUEST_TOKEN=request-secret",
		"GITHUB_RUN_ID=8123", "GITHUB_RUN_ATTEMPT=1", "GITHUB_SERVER_URL=https://github.example", "GITHUB_REPOSITORY=acme/pay",
	}, given
}

func TestAJobOfGitHubAsksAndReportsWithoutAStoredSecret(t *testing.T) {
	t.Parallel()
	m := localMint(t)
	p, _ := identified(t, m, "github")
	env, given := runner(t, m, job())
	p.env = append(p.env, env...)
	if err := os.WriteFile(filepath.Join(p.home, "gate.json"), nil, 0o644); err != nil { // #nosec G306 -- as an earlier step may leave it
		t.Fatal(err)
	}
	p.must("gate", "check", "--service", "steady", "--digest", built("new"), "--commit", "c0ffee")
	if got := answer(t, p); got.Decision.ID == "" || got.Source != "server" || got.ReportToken == "" {
		t.Errorf("%+v", got)
	}
	info, err := os.Stat(filepath.Join(p.home, "gate.json"))
	if err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("gate.json, which holds a secret, may be read by others: %v, %v", info.Mode(), err)
	}
	p.must("gate", "report", "--outcome", "success")
	if given.Load() != 2 {
		t.Errorf("the runner gave %d tokens, want one for each question", given.Load())
	}
	p.exits(exitBlocked, "gate", "check", "--service", "shaky", "--commit", "c0ffee")
	if out := p.must("gate", "check", "--service", "steady", "--format", "json", "--digest", built("next")); strings.Contains(out, "shr_") {
		t.Errorf("what is printed holds a secret:\n%s", out)
	}
	if said := p.exits(exitForbidden, "gate", "check", "--service", "vault"); !strings.Contains(said, "may not ask for the service") {
		t.Errorf("it says %q", said)
	}
	if said := p.exits(exitForbidden, "gate", "check", "--service", "steady", "--audience", "elsewhere"); !strings.Contains(said, "issued for somebody else") {
		t.Errorf("it says %q", said)
	}
}

func TestAReportAfterTheTokensEndCarriesTheDecisionsOwn(t *testing.T) {
	t.Parallel()
	m := localMint(t)
	p, _ := identified(t, m, "gitlab")
	gitlab := job("project_id", "42", "namespace_id", "7", "job_id", "77", "pipeline_source", "push")
	base := p.env
	p.env = append(base, "SHIPHABIT_ID_TOKEN="+m.make(gitlab), "CI_JOB_ID=77", "CI_JOB_URL=https://gitlab.example/acme/pay/-/jobs/77")
	p.must("gate", "check", "--service", "steady", "--digest", built("new"))
	gitlab["exp"] = time.Now().Add(-time.Hour).Unix()
	p.env = append(base, "SHIPHABIT_ID_TOKEN="+m.make(gitlab))
	if said := p.exits(exitForbidden, "gate", "check", "--service", "steady", "--digest", built("new"), "--out", ""); !strings.Contains(said, "expired") {
		t.Errorf("it says %q", said)
	}
	p.must("gate", "report", "--outcome", "success")
	p.env = base
	p.must("gate", "report", "--outcome", "success")
	if err := os.Remove(filepath.Join(p.home, "gate.json")); err != nil {
		t.Fatal(err)
	}
	p.exits(exitForbidden, "gate", "check", "--service", "steady")
}

func TestARunnerThatGivesNoTokenIsTold(t *testing.T) {
	t.Parallel()
	m := localMint(t)
	p, _ := identified(t, m, "github")
	base := p.env
	env, _ := runner(t, m, job())
	p.env = append(base, append(env, "ACTIONS_ID_TOKEN_REQUEST_TOKEN=forged")...)
	if said := p.exits(exitForbidden, "gate", "check", "--service", "steady"); !strings.Contains(said, "403") || strings.Contains(said, "forged") {
		t.Errorf("it says %q", said)
	}
	down := []string{"ACTIONS_ID_TOKEN_REQUEST_URL=http://127.0.0.1:9/?a=b", "ACTIONS_ID_TOKEN_REQUEST_TOKEN=x"}
	p.env = append(base, down...)
	if said := p.exits(exitUnreachable, "gate", "check", "--service", "steady", "--unreachable", "closed"); !strings.Contains(said, "gives the job no token") {
		t.Errorf("it says %q", said)
	}
	p.must("gate", "check", "--service", "steady", "--kind", "rollback", "--commit", "r3")
	secret := strings.TrimSpace(p.must("token", "create", "ci", "--scope", "gate", "-q", "--db", filepath.Join(p.home, "gate.db")))
	p.env = append(base, append(down, "SHIPHABIT_TOKEN="+secret)...)
	p.must("gate", "check", "--service", "steady")
	if got := answer(t, p); got.Source != "server" || got.ReportToken != "" {
		t.Errorf("with an API token: %+v", got)
	}
	env, _ = runner(t, mint{make: func(map[string]any) string { return "e.not-ours.s" }}, nil)
	p.env = append(base, append(env, "SHIPHABIT_TOKEN="+secret)...)
	p.must("gate", "check", "--service", "steady")
}

func TestTheServerRefusesWhatARealIssuerVouchesForAndTheRequestDoesNotFit(t *testing.T) {
	t.Parallel()
	m := foreignMint(t)
	p, url := identified(t, m, "github")
	once := m.make(job("jti", "one"))
	for _, c := range []struct {
		sentence, token, body string
		status                int
		says                  string
	}{
		{"in order", once, `{"service":"steady","commit":"c0ffee","run":{"id":"8123","attempt":1}}`, http.StatusOK, `"report_token":"shr_`},
		{"the same token in the same run", once, `{"service":"steady","commit":"c0ffee"}`, http.StatusOK, ""},
		{"the token stated in another run", once, `{"service":"steady","run":{"id":"8124","attempt":1}}`, http.StatusForbidden, "is used in run 8124"},
		{"its id in another run", m.make(job("jti", "one", "run_id", "8124")), `{"service":"steady"}`, http.StatusForbidden, "another run before"},
		{"a foreign environment", m.make(job("environment", "staging")), `{"service":"steady","environment":"production"}`, http.StatusForbidden, "must be the same"},
		{"a pull request to production", m.make(job("event_name", "pull_request")), `{"service":"steady"}`, http.StatusForbidden, "fork"},
		{"another commit", m.make(job()), `{"service":"steady","commit":"badc0de"}`, http.StatusForbidden, "runs at commit"},
		{"another project", m.make(job("repository_id", "43")), `{"service":"steady"}`, http.StatusForbidden, "mapped to no service"},
		{"the project in other hands", m.make(job("repository_owner_id", "8")), `{"service":"steady"}`, http.StatusForbidden, "another owner"},
		{"expired", m.make(job("exp", time.Now().Add(-2*time.Minute).Unix())), `{"service":"steady"}`, http.StatusUnauthorized, "expired"},
		{"for somebody else", m.make(job("aud", "sigstore")), `{"service":"steady"}`, http.StatusUnauthorized, "somebody else"},
	} {
		request, err := http.NewRequestWithContext(t.Context(), http.MethodPost, url+"/api/v1/gate/decisions", strings.NewReader(c.body))
		if err != nil {
			t.Fatal(err)
		}
		request.Header.Set("Authorization", "Bearer "+c.token)
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(response.Body)
		response.Body.Close()
		if response.StatusCode != c.status || !strings.Contains(string(body), c.says) {
			t.Errorf("%s: status %d, want %d with %q: %s", c.sentence, response.StatusCode, c.status, c.says, body)
		}
	}
	env, _ := runner(t, m, job())
	p.env = append(p.env, env...)
	p.must("gate", "check", "--service", "steady", "--commit", "c0ffee")
}

// Whatever a runner answers, a header can carry what is taken for its token.
func FuzzReadJobToken(f *testing.F) {
	f.Add([]byte(`{"count":1,"value":"a.b.c"}`))
	f.Add([]byte(`{"value":"a\r\nX-Evil: 1"}`))
	f.Add([]byte(`{"value":7}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		token, err := readJobToken(text)
		if err == nil && (token == "" || strings.ContainsFunc(token, func(c rune) bool { return c <= ' ' || c > '~' })) {
			t.Fatalf("taken for a token: %q", token)
		}
	})
}
