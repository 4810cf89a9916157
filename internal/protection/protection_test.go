package protection

import (
	"encoding/json"
	"errors"
	"net/http"
	"strings"
	"testing"
	"time"

	"shiphabit/collector"
	"shiphabit/internal/identity"
	"shiphabit/internal/protection/fakehub"
	"shiphabit/metrics/gate"
)

func asUnmapped(err error, into *Unmapped) bool { return errors.As(err, into) }

func callbackOf(t *testing.T, body string) string {
	t.Helper()
	var kept githubTicket
	if err := json.Unmarshal([]byte(body), &kept); err != nil {
		t.Fatal(err)
	}
	return kept.Callback
}

func canaryToken(t *testing.T, body string) string {
	t.Helper()
	var hook flaggerHook
	if err := json.Unmarshal([]byte(body), &hook); err != nil {
		t.Fatal(err)
	}
	if hook.Metadata["token"] != "secret" {
		return ""
	}
	return "secret"
}

var noon = time.Date(2026, 3, 3, 12, 0, 0, 0, time.UTC)

func ruleAt(t *testing.T, hub *fakehub.Hub, services ...Mapping) *GitHub {
	t.Helper()
	app, err := identity.NewAssertion(fakehub.App, hub.Key)
	if err != nil {
		t.Fatal(err)
	}
	now := func() time.Time { return noon }
	rule, err := NewGitHub(GitHubOptions{
		Name: "app", Host: collector.Host{Name: "app", URL: hub.URL, Clock: now}, App: app, Secrets: []string{fakehub.Secret}, Services: services, Clock: now,
	})
	if err != nil {
		t.Fatal(err)
	}
	return rule
}

func TestARepositoryIsKnownByItsNumberOrItsName(t *testing.T) {
	t.Parallel()
	hub := fakehub.New(t, func() time.Time { return noon })
	rule := ruleAt(t, hub,
		Mapping{Project: "17", Service: "api", Environments: []string{"prod-api"}, As: "production"},
		Mapping{Project: "Acme/Shop", Service: "web", Environments: []string{"prod-web"}},
		Mapping{Project: "18", Service: "other"},
	)
	for environment, want := range map[string]gate.Request{
		"PROD-API": {Service: "api", Environment: "production"},
		"prod-web": {Service: "web", Environment: "prod-web"},
		"staging":  {},
	} {
		body := hub.Body(fakehub.Request{Run: 1003, Deployment: 103, Environment: environment, Commit: "c0ffee", Event: "pull_request_target"})
		ticket, ignored, err := rule.Read(fakehub.Signed(body, fakehub.Secret), []byte(body))
		if err != nil || ignored != "" {
			t.Fatal(ignored, err)
		}
		q, err := rule.Ask(ticket.Body)
		if q.Service != want.Service || q.Environment != want.Environment || (err == nil) != (want.Service != "") {
			t.Errorf("%s: %s in %q, %v", environment, q.Service, q.Environment, err)
		}
		if err == nil && (q.Commit != "c0ffee" || q.Foreign != "pull_request_target" || q.Run.ID != "1003" || q.Run.URL != "https://github.example/acme/shop/actions/runs/1003") {
			t.Errorf("asked %+v", q)
		}
	}
}

func TestOnlyADeploymentThatIsAskedAboutIsAnswered(t *testing.T) {
	t.Parallel()
	hub := fakehub.New(t, func() time.Time { return noon })
	rule := ruleAt(t, hub)
	body := hub.Body(fakehub.Request{Run: 1, Deployment: 2, Environment: "live"})
	if _, ignored, err := rule.Read(http.Header{"X-Github-Event": {"ping"}}, []byte(`{"zen":"x"}`)); ignored == "" || err != nil {
		t.Errorf("a ping: %q, %v", ignored, err)
	}
	header := fakehub.Signed(body, fakehub.Secret)
	if _, ignored, err := rule.Read(header, []byte(strings.Replace(body, "requested", "completed", 1))); ignored == "" || err != nil {
		t.Errorf("another action: %q, %v", ignored, err)
	}
	if _, _, err := rule.Read(header, []byte(strings.Replace(body, `"installation":{"id":777}`, `"installation":null`, 1))); err == nil || !strings.Contains(err.Error(), "webhook of a GitHub App") {
		t.Errorf("a repository's webhook: %v", err)
	}
	if !rule.Authentic(header, []byte(body)) || rule.Authentic(fakehub.Signed(body, "guessed"), []byte(body)) || rule.Authentic(http.Header{}, []byte(body)) {
		t.Error("the signature is not looked at")
	}
}

func TestACommentIsNoLongerThanGitHubTakes(t *testing.T) {
	t.Parallel()
	hub := fakehub.New(t, func() time.Time { return noon })
	rule := ruleAt(t, hub)
	body := hub.Body(fakehub.Request{Run: 1, Deployment: 2, Environment: "live"})
	ticket, _, err := rule.Read(fakehub.Signed(body, fakehub.Secret), []byte(body))
	if err != nil {
		t.Fatal(err)
	}
	for _, says := range []string{"short", strings.Repeat("a line of it\n", 200), strings.Repeat("ü", 3000)} {
		if err := rule.Answer(t.Context(), ticket.Body, Answer{gate.Hold, says}); err != nil {
			t.Error(err)
		}
	}
	for _, r := range hub.Reviews(1, "live")[1:] {
		if len(r.Comment) > longestReport || !strings.HasSuffix(r.Comment, "…") {
			t.Errorf("%d bytes: %s", len(r.Comment), r.Comment[len(r.Comment)-20:])
		}
	}
}

func TestACanaryIsMappedOrNamesItsServiceItself(t *testing.T) {
	t.Parallel()
	hook := func(metadata string) []byte {
		return []byte(`{"name":"podinfo","namespace":"shop","phase":"Waiting","metadata":{"commit":"c",` + metadata + `}}`)
	}
	free := NewFlagger(FlaggerOptions{Name: "flagger"})
	bound := NewFlagger(FlaggerOptions{Name: "flagger", Services: []Mapping{{Project: "shop/podinfo", Service: "shop", As: "live"}}})
	for sentence, c := range map[string]struct {
		hooks                *Flagger
		metadata             string
		service, environment string
	}{
		"by the canary's name": {free, `"a":"b"`, "podinfo", ""},
		"by the metadata":      {free, `"service":"api","environment":"staging"`, "api", "staging"},
		"by the mapping":       {bound, `"service":"api"`, "shop", "live"},
	} {
		got, err := c.hooks.Read(hook(c.metadata))
		if err != nil || got.Service != c.service || got.Environment != c.environment {
			t.Errorf("%s: %s in %q, %v", sentence, got.Service, got.Environment, err)
		}
	}
	other := NewFlagger(FlaggerOptions{Name: "flagger", Services: []Mapping{{Project: "shop/other", Service: "shop"}}})
	var unmapped Unmapped
	if _, err := other.Read(hook(`"a":"b"`)); !asUnmapped(err, &unmapped) || !strings.Contains(err.Error(), "shop/podinfo") {
		t.Errorf("a canary that is not mapped: %v", err)
	}
}
