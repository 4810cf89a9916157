package api_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"shiphabit/api"
	"shiphabit/internal/store"
)

// grant makes a token with scopes and an end, zero for none.
func (s site) grant(name string, until time.Time, scopes ...string) string {
	s.Helper()
	secret := "shp_secret_of_" + name
	token := store.Token{ID: name, Name: name, Scopes: scopes, ExpiresAt: until}
	if err := s.db.CreateToken(s.Context(), token, api.HashToken(secret), "test"); err != nil {
		s.Fatal(err)
	}
	return secret
}

func requireTokens(o *api.Options) { o.RequireTokens = true }

func TestATokenMayDoWhatItsScopesSay(t *testing.T) {
	t.Parallel()
	s := newSite(t, requireTokens)
	reader := s.grant("reader", time.Time{}, "read")
	importer := s.grant("importer", noon.Add(time.Hour), "ingest")
	admin := s.grant("admin", time.Time{}, "admin")
	ask := func(secret, method, path, body string) answer {
		return s.ask(method, path, body, "Authorization", "Bearer "+secret)
	}
	s.get("/api/v1/services").is(http.StatusUnauthorized, "shiphabit token create")
	s.get("/healthz").is(http.StatusOK)
	ask(reader, "GET", "/api/v1/services", "").is(http.StatusOK)
	ask(reader, "POST", "/api/v1/events", oneIncident).is(http.StatusForbidden, "lacks the scope ingest")
	ask(importer, "POST", "/api/v1/events", oneIncident).is(http.StatusOK)
	ask(importer, "GET", "/api/v1/services", "").is(http.StatusForbidden)
	ask(admin, "POST", "/api/v1/events", oneIncident).is(http.StatusOK)
	s.clock.advance(time.Hour)
	ask(importer, "POST", "/api/v1/events", oneIncident).is(http.StatusUnauthorized)
	if err := s.db.RevokeToken(t.Context(), "reader", "test"); err != nil {
		t.Fatal(err)
	}
	refused := ask(reader, "GET", "/api/v1/services", "").is(http.StatusUnauthorized)
	if refused.header.Get("WWW-Authenticate") == "" {
		t.Error("the refusal names no scheme")
	}
}

func TestABrowserSendsItsTokenAsThePassword(t *testing.T) {
	t.Parallel()
	s := newSite(t, requireTokens)
	s.grant("reader", time.Time{}, "read")
	refused := s.get("/no-such-page").is(http.StatusUnauthorized)
	if got := refused.header.Get("WWW-Authenticate"); !strings.HasPrefix(got, "Basic ") {
		t.Errorf("a browser is asked with %q", got)
	}
	s.ask("GET", "/no-such-page", "", "Authorization", "Basic bWU6c2hwX3NlY3JldF9vZl9yZWFkZXI=").is(http.StatusNotFound) // me:shp_secret_of_reader
	s.get("/assess/some-link").is(http.StatusNotFound)
}

func TestATokenThatIsSentMustBeValidEvenWhereNoneIsNeeded(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.get("/api/v1/services").is(http.StatusOK)
	s.ask("GET", "/api/v1/services", "", "Authorization", "Bearer shp_nonsense").is(http.StatusUnauthorized)
}

func TestAnIdempotencyKeyBelongsToItsCaller(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	first := s.ask("POST", decisions, askFor("a", "sha256:1"), "Idempotency-Key", "k", "Authorization", "Bearer "+s.grant("one", time.Time{}, "gate")).is(http.StatusOK)
	second := s.ask("POST", decisions, askFor("a", "sha256:2"), "Idempotency-Key", "k", "Authorization", "Bearer "+s.grant("two", time.Time{}, "gate")).is(http.StatusOK)
	if first.body == second.body {
		t.Error("two callers share a key")
	}
}

func TestAForeignPageReachesNothing(t *testing.T) {
	t.Parallel()
	s := newSite(t, func(o *api.Options) { o.Hosts = []string{"habits.example.org"} })
	own := strings.TrimPrefix(s.url, "http://")
	for _, c := range []struct {
		sentence, method string
		headers          []string
		status           int
	}{
		{"a rebound name is refused", "GET", []string{"Host", "evil.example"}, http.StatusForbidden},
		{"a name that only begins like ours is refused", "GET", []string{"Host", "localhost.evil.example"}, http.StatusForbidden},
		{"localhost is ours, on any port", "GET", []string{"Host", "localhost:9999"}, http.StatusOK},
		{"so is the loopback of IPv6", "GET", []string{"Host", "[::1]:8080"}, http.StatusOK},
		{"a configured name is ours", "GET", []string{"Host", "habits.example.org"}, http.StatusOK},
		{"a program posts without an origin", "POST", nil, http.StatusOK},
		{"our own page posts", "POST", []string{"Origin", "http://" + own}, http.StatusOK},
		{"a foreign page may not post", "POST", []string{"Origin", "https://evil.example"}, http.StatusForbidden},
		{"nor one on another port of this machine", "POST", []string{"Origin", "http://127.0.0.1:1"}, http.StatusForbidden},
		{"nor one that hides its origin", "POST", []string{"Origin", "null"}, http.StatusForbidden},
		{"nor one whose browser says so", "POST", []string{"Sec-Fetch-Site", "cross-site"}, http.StatusForbidden},
	} {
		path, body := "/api/v1/services", ""
		if c.method == "POST" {
			path, body = "/api/v1/events", oneIncident
		}
		if got := s.ask(c.method, path, body, c.headers...); got.status != c.status {
			t.Errorf("%s: status %d, want %d: %s", c.sentence, got.status, c.status, got.body)
		}
	}
}

func TestEveryAnswerForbidsWhatAPageOfOursNeverNeeds(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	for _, path := range []string{"/api", "/api/v1/services", "/healthz", "/no-such-page", "/api/v1/none"} {
		h := s.get(path).header
		policy := h.Get("Content-Security-Policy")
		for _, part := range []string{"default-src 'none'", "frame-ancestors 'none'", "base-uri 'none'", "form-action 'self'"} {
			if !strings.Contains(policy, part) {
				t.Errorf("%s: the policy %q lacks %s", path, policy, part)
			}
		}
		if strings.Contains(policy, "unsafe") || h.Get("X-Content-Type-Options") != "nosniff" || h.Get("Referrer-Policy") == "" {
			t.Errorf("%s: headers %v", path, h)
		}
	}
	if got := s.get("/assess/a-link").header.Get("Referrer-Policy"); got != "no-referrer" {
		t.Errorf("an answer link would be told on as referrer: %q", got)
	}
}

func TestSecretsAreNeverLogged(t *testing.T) {
	t.Parallel()
	s := newSite(t, requireTokens)
	secret := s.grant("reader", time.Time{}, "read")
	s.ask("GET", "/api/v1/metrics?branch=query-is-not-logged", "", "Authorization", "Bearer "+secret).is(http.StatusOK)
	s.ask("GET", "/api/v1/services", "", "Authorization", "Bearer shp_wrong_secret").is(http.StatusUnauthorized)
	s.get("/assess/link-secret").is(http.StatusNotFound)
	s.ask("POST", "/assess/link-secret", "q1=o1")
	for _, word := range []string{secret, "shp_wrong_secret", "link-secret", "query-is-not-logged", "o1"} {
		if strings.Contains(s.log.String(), word) {
			t.Errorf("the log holds %q:\n%s", word, s.log)
		}
	}
	if !strings.Contains(s.log.String(), "/api/v1/services") {
		t.Errorf("requests are not logged at all:\n%s", s.log)
	}
}

func TestATroubleOfOursIsLoggedInFullAndShownAsNoMore(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	s.get("/readyz").is(http.StatusOK, "ready")
	if err := s.db.Close(); err != nil {
		t.Fatal(err)
	}
	got := s.get("/api/v1/services").is(http.StatusInternalServerError, "Internal error")
	if strings.Contains(got.body, "database") || !strings.Contains(s.log.String(), "database is closed") {
		t.Errorf("shown: %s\nlogged: %s", got.body, s.log)
	}
	s.get("/readyz").is(http.StatusServiceUnavailable)
	s.get("/healthz").is(http.StatusOK)
}
