package protection

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"shiphabit/collector"
	"shiphabit/internal/identity"
	"shiphabit/internal/protection/fakehub"
)

// Whatever is delivered, what is kept of it can be asked about, and its answer goes to one address of GitHub's and to no other.
func FuzzGitHubRead(f *testing.F) {
	hub := fakehub.New(f, time.Now)
	app, err := identity.NewAssertion(fakehub.App, hub.Key)
	if err != nil {
		f.Fatal(err)
	}
	rule, err := NewGitHub(GitHubOptions{Name: "app", Host: collector.Host{Name: "app", URL: "https://api.github.com"}, App: app, Clock: time.Now})
	if err != nil {
		f.Fatal(err)
	}
	good := hub.Body(fakehub.Request{Run: 1003, Deployment: 103, Environment: "live", Commit: "c0ffee", Event: "push"})
	f.Add(strings.ReplaceAll(good, hub.URL, "https://api.github.com"))
	f.Add(strings.ReplaceAll(good, hub.URL, "https://api.github.com.evil.example"))
	f.Add(strings.ReplaceAll(good, hub.URL+"/repos", "https://api.github.com/repos/../user"))
	f.Add(strings.ReplaceAll(good, hub.URL+"/repos/acme/", "https://api.github.com/repos/../"))
	f.Add(strings.ReplaceAll(good, "requested", "completed"))
	f.Add(`{"action":"requested","deployment":null}`)
	f.Fuzz(func(t *testing.T, body string) {
		ticket, ignored, err := rule.Read(http.Header{"X-Github-Event": {"deployment_protection_rule"}}, []byte(body))
		if err != nil || ignored != "" {
			return
		}
		if ticket.ID == "" || ticket.Body == "" {
			t.Fatalf("%+v", ticket)
		}
		again, _, err := rule.Read(http.Header{"X-Github-Event": {"deployment_protection_rule"}}, []byte(body))
		if err != nil || again != ticket {
			t.Fatalf("read twice: %+v and %+v", ticket, again)
		}
		var unmapped Unmapped
		if _, err := rule.Ask(ticket.Body); !asUnmapped(err, &unmapped) {
			t.Fatalf("what was kept cannot be asked about: %v", err)
		}
		if path, _, err := rule.callback("https://api.github.com/" + callbackOf(t, ticket.Body)); err != nil || !strings.HasSuffix(path, "/deployment_protection_rule") || strings.Contains(path, "/../") {
			t.Fatalf("the answer would go to %q: %v", path, err)
		}
	})
}

// Whatever is delivered, a merge request is told from every other, and its answer goes to it.
func FuzzGitLabRead(f *testing.F) {
	check, err := NewGitLab(GitLabOptions{Name: "checks", Host: collector.Host{Name: "checks", URL: StandardGitLab}})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(`{"object_kind":"merge_request","project":{"id":6,"path_with_namespace":"a/b"},"object_attributes":{"iid":4,"target_project_id":6,"state":"opened","last_commit":{"id":"c0ffee"}},"external_approval_rule":{"id":1}}`)
	f.Add(`{"object_kind":"merge_request","object_attributes":{"last_commit":null}}`)
	f.Fuzz(func(t *testing.T, body string) {
		ticket, ignored, err := check.Read(nil, []byte(body))
		if err != nil || ignored != "" {
			return
		}
		var unmapped Unmapped
		if _, err := check.Ask(ticket.Body); ticket.ID == "" || !asUnmapped(err, &unmapped) {
			t.Fatalf("%+v: %v", ticket, err)
		}
	})
}

// Whatever is sent, a hook names a service and what is rolled out, and the same hook has the same key.
func FuzzFlaggerRead(f *testing.F) {
	hooks := NewFlagger(FlaggerOptions{Name: "flagger", Secrets: []string{"secret"}})
	f.Add(`{"name":"podinfo","namespace":"test","phase":"Succeeded","checksum":"85d557f47b","metadata":{"token":"secret","commit":"c0ffee"}}`)
	f.Add(`{"name":"podinfo","metadata":null}`)
	f.Add(`{"name":"","metadata":{"version":"1"}}`)
	f.Fuzz(func(t *testing.T, body string) {
		canary, err := hooks.Read([]byte(body))
		if err != nil {
			return
		}
		again, err := hooks.Read([]byte(body))
		switch {
		case canary.Service == "", canary.Commit == "" && canary.Artifact.Digest == "" && canary.Artifact.Version == "":
			t.Fatalf("it names nothing: %+v", canary)
		case err != nil, again.Key != canary.Key:
			t.Fatalf("keys %q and %q: %v", canary.Key, again.Key, err)
		}
		if hooks.Authentic(nil, []byte(body)) != strings.Contains(canaryToken(t, body), "secret") {
			t.Fatalf("authentic without the secret: %s", body)
		}
	})
}
