package main

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"shiphabit/collector"
	"shiphabit/internal/config"
	"shiphabit/internal/store"
	"shiphabit/metrics"
)

// shop is an application whose answers can be spoilt. Each scrape finds a hundred more of them.
type shop struct {
	broken    atomic.Bool
	good, bad atomic.Int64
}

func (s *shop) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	if s.broken.Load() {
		s.bad.Add(50)
		s.good.Add(50)
	} else {
		s.good.Add(100)
	}
	metricsPage(w, s.good.Load(), s.bad.Load())
}

// receiver takes what a host pushes and stores it.
type receiver struct {
	hook    collector.Hook
	secrets []string
	db      *store.DB

	mu      sync.Mutex
	refused int
	aside   []collector.SetAside
	faults  []error
}

func (r *receiver) ServeHTTP(w http.ResponseWriter, request *http.Request) {
	body, err := io.ReadAll(request.Body)
	if err != nil || !r.hook.Authentic(request.Header, body, r.secrets) {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.refused++
		http.Error(w, "who are you?", http.StatusUnauthorized)
		return
	}
	pushed := r.hook.Parse(request.Header, body)
	for i := range pushed.Events {
		pushed.Events[i].Live = true
	}
	_, err = r.db.Append(request.Context(), pushed.Events)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.aside = append(r.aside, pushed.SetAside...)
	if err != nil {
		r.faults = append(r.faults, err)
	}
}

// openDB opens a database of its own under the default rules.
func openDB(t *testing.T) *store.DB {
	t.Helper()
	db, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "s.db"), store.Options{Rules: metrics.DefaultRules(), Clock: time.Now})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return db
}

// alerting starts Prometheus over the application and Alertmanager over the receiver, with the snippets of the documentation, and returns
// Alertmanager's address.
func alerting(t *testing.T, app, hooks string) string {
	t.Helper()
	folder := t.TempDir()
	in := func(name string) string { return filepath.Join(folder, name) }
	page := snippets(t, "alertmanager.md")
	write(t, in("secret"), "a secret of thirty-two characters!\n")
	write(t, in("alertmanager.yml"), altered(t, page[1], "https://shiphabit.example", hooks, "/etc/alertmanager/shiphabit.secret", in("secret"),
		"group_wait: 30s", "group_wait: 0s", "group_interval: 1m", "group_interval: 1s"))
	write(t, in("rules.yml"), altered(t, page[2], "[5m]", "[5s]", "for: 2m", "for: 0s"))
	alertmanager := daemon(t, "prometheus-alertmanager", func(port string) []string {
		return []string{"--config.file=" + in("alertmanager.yml"), "--storage.path=" + in("alertmanager"), "--web.listen-address=127.0.0.1:" + port, "--cluster.listen-address="}
	})
	write(t, in("prometheus.yml"), fmt.Sprintf(`
global: {scrape_interval: 500ms, scrape_timeout: 500ms, evaluation_interval: 250ms}
rule_files: [%s]
alerting: {alertmanagers: [{static_configs: [{targets: [%s]}]}]}
scrape_configs: [{job_name: shop, static_configs: [{targets: [%s]}]}]
`, in("rules.yml"), strings.TrimPrefix(alertmanager, "http://"), strings.TrimPrefix(app, "http://")))
	daemon(t, "prometheus", func(port string) []string {
		return []string{"--config.file=" + in("prometheus.yml"), "--storage.tsdb.path=" + in("data"), "--web.listen-address=127.0.0.1:" + port, "--rules.alert.resend-delay=1s"}
	})
	return alertmanager
}

func TestAnAlertOfARealAlertmanagerFailsTheDeploymentThatCausedItUntilItIsResolved(t *testing.T) {
	t.Parallel()
	needs(t, "prometheus", "prometheus-alertmanager")
	settings := settingsOf(t, snippets(t, "alertmanager.md")[0], map[string]string{"ALERTS_SECRET": "a secret of thirty-two characters!"})
	source := settings.Sources[0]
	db, app := openDB(t), &shop{}
	hooks := &receiver{hook: sourceKinds()[source.Type].hook(source), secrets: []string{source.Secrets["webhook_secret"].Reveal()}, db: db}
	appServer, mux := httptest.NewServer(app), http.NewServeMux()
	defer appServer.Close()
	mux.Handle("POST /hooks/"+source.Name, hooks)
	hookServer := httptest.NewServer(mux)
	t.Cleanup(hookServer.Close)
	now := time.Now().UTC()
	shipped := metrics.NewEvent("ci", metrics.Deployment{
		ID: "7", Service: "shop", Environment: "production", Status: metrics.Succeeded, Revision: "abc",
		StartedAt: now.Add(-3 * time.Minute), FinishedAt: now.Add(-time.Minute),
	})
	if _, err := db.Append(t.Context(), []metrics.Event{shipped}); err != nil {
		t.Fatal(err)
	}
	facts := func() metrics.Facts {
		f, err := db.Facts(t.Context(), "shop")
		if err != nil {
			t.Fatal(err)
		}
		return f
	}
	if f := facts(); f.Rollouts[0].Failed() || len(f.Incidents) != 0 {
		t.Fatalf("before anything happens: %+v", f)
	}

	alertmanager := alerting(t, appServer.URL, hookServer.URL)
	app.broken.Store(true)
	eventually(t, "the alert", func() bool { return len(facts().Incidents) == 1 })
	f := facts()
	i, r := f.Incidents[0], f.Rollouts[0]
	if i.Rollout != "ci/7" || i.Confidence != metrics.Inferred || i.DetectedBy != "monitor" || i.Severity != 1 || i.Title != "shop answers too many requests with an error" || !i.ResolvedAt.IsZero() {
		t.Errorf("the incident is %+v", i)
	}
	if len(r.Failures) != 1 || r.Failures[0].Cause != metrics.CauseIncident || r.Failures[0].Assumed || r.Recovery != nil {
		t.Errorf("the rollout has %+v, recovery %+v", r.Failures, r.Recovery)
	}
	askedFor(t, source, alertmanager, db)

	app.broken.Store(false)
	eventually(t, "the resolution", func() bool { return !facts().Incidents[0].ResolvedAt.IsZero() })
	f = facts()
	if r := f.Rollouts[0]; len(f.Incidents) != 1 || r.Recovery == nil || r.Recovery.By != "incident resolved" || !r.Recovery.At.Equal(f.Incidents[0].ResolvedAt) {
		t.Errorf("%d incidents; recovery %+v", len(f.Incidents), r.Recovery)
	}

	app.broken.Store(true) // it fires again, with the same fingerprint
	eventually(t, "the second firing", func() bool { return len(facts().Incidents) == 2 })
	hooks.mu.Lock()
	defer hooks.mu.Unlock()
	if hooks.refused > 0 || len(hooks.aside) > 0 || len(hooks.faults) > 0 {
		t.Errorf("%d refused, set aside %v, faults %v", hooks.refused, hooks.aside, hooks.faults)
	}
}

// askedFor checks that an alert which was pushed is the same when it is asked for.
func askedFor(t *testing.T, s config.Source, address string, db *store.DB) {
	t.Helper()
	s.Settings["url"] = []string{address}
	p := &program{}
	source, _, err := p.openAlertmanager(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	page, err := source.Pull(t.Context(), "")
	if err != nil || len(page.Events) != 1 {
		t.Fatalf("asked for there are %d incidents, %v", len(page.Events), err)
	}
	if done, err := db.Append(t.Context(), page.Events); err != nil || done.New != 0 {
		t.Errorf("asked for it is another one: %s %s, %v", page.Events[0].Key, page.Events[0].Payload, err)
	}
}
