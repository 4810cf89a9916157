package main

import (
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"shiphabit/internal/protection/fakehub"
)

// unheld is a policy under which no change has to wait for the watch of the one before it, nor for signals.
const unheld = "policies: [{apiVersion: shiphabit/v1, kind: Policy, metadata: {name: unheld}, criteria: {previous-change: {mode: observe}, monitoring-live: {mode: observe}}}]\n"

// heldService is a running server with a service whose last change is still watched, and the rest of its configuration.
func heldService(t *testing.T, rest string, env ...string) (r running, reload func(with string)) {
	t.Helper()
	p := newProcess(t)
	p.env = append(p.env, env...)
	settings, events, db := filepath.Join(p.home, "s.yaml"), filepath.Join(p.home, "events.jsonl"), filepath.Join(p.home, "s.db")
	text := "services: [{name: vault, tier: high}]\n" + rest
	write(t, settings, text)
	write(t, events, history("vault", strings.Repeat(".", 20), 5*time.Minute))
	p.must("import", "--db", db, "--config", settings, events)
	r = p.running("serve", "--config", settings, "--db", db)
	return r, func(with string) {
		write(t, settings, text+with)
		r.hangUp("in force")
	}
}

func TestAQuestionHeldOpenDuringAReloadIsAnsweredByTheNewPolicy(t *testing.T) {
	t.Parallel()
	r, reload := heldService(t, "")
	answered := make(chan string, 1)
	go func() {
		ask, err := http.NewRequestWithContext(t.Context(), http.MethodPost, r.url+"/api/v1/gate/decisions?wait=30", strings.NewReader(`{"service":"vault","artifact":{"digest":"`+built("new")+`"}}`))
		if err != nil {
			t.Error(err)
			return
		}
		ask.Header.Set("Content-Type", "application/json")
		ask.Header.Set("Idempotency-Key", "k")
		response, err := http.DefaultClient.Do(ask)
		if err != nil {
			t.Error(err)
			return
		}
		defer response.Body.Close()
		text, err := io.ReadAll(response.Body)
		if err != nil {
			t.Error(err)
		}
		answered <- string(text)
	}()
	r.until("it is on hold", func() bool {
		return strings.Contains(fetched(t, r.url+"/api/v1/gate/decisions?service=vault"), `"verdict":"hold"`)
	})
	reload(unheld)
	select {
	case said := <-answered:
		if strings.Contains(said, `"verdict":"hold"`) || !strings.Contains(said, `"verdict":`) {
			t.Errorf("it is answered %s", said)
		}
	case <-time.After(time.Minute):
		t.Fatalf("it is not answered within a minute\n%s", r.said())
	}
}

func TestADeploymentOnHoldAtGitHubGoesOnAfterAReloadThatEndsIt(t *testing.T) {
	t.Parallel()
	hub := fakehub.New(t, time.Now)
	key := filepath.Join(t.TempDir(), "app.pem")
	write(t, key, string(hub.Key))
	r, reload := heldService(t, fmt.Sprintf("protection:\n  - {name: app, kind: github, url: %s, app_id: %q, private_key_file: %s, webhook_secret: '${APP_SECRET}', services: [{repository_id: \"17\", service: vault}]}\n",
		hub.URL, fakehub.App, key), "APP_SECRET="+fakehub.Secret)
	body := hub.Body(fakehub.Request{Run: 1, Deployment: 101, Environment: "production", Commit: "c0ffee", Event: "push"})
	if status, _ := hub.Deliver(r.url+"/hooks/app", body, fakehub.Secret); status != http.StatusAccepted {
		t.Fatalf("answered with %d", status)
	}
	r.until("GitHub is told why it waits", func() bool { return len(hub.Reviews(1, "production")) == 1 })
	reload(unheld)
	r.until("GitHub is told to go on", func() bool { return len(hub.Reviews(1, "production")) == 2 })
	if got := hub.Reviews(1, "production")[1]; got.State != "approved" {
		t.Errorf("told %+v", got)
	}
}
