package api_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"shiphabit/api"
	"shiphabit/metrics/gate"
	"shiphabit/metrics/gate/attest"
)

// artifact is a digest that can be signed for.
var artifact = "sha256:" + strings.Repeat("4f5c", 16)

func newRing(t *testing.T) *attest.Ring {
	t.Helper()
	key, err := attest.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	return &attest.Ring{Current: key}
}

func keysOf(t *testing.T, a answer) attest.Keys {
	t.Helper()
	keys, err := attest.ParseKeys([]byte(a.is(http.StatusOK).body))
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

func TestADecisionCarriesAStatementThatThePublishedKeysCheck(t *testing.T) {
	t.Parallel()
	ring := newRing(t)
	s := newSite(t, func(o *api.Options) { o.Signing = ring })
	s.post("/api/v1/events", history("steady", strings.Repeat(".", 40))+history("shaky", strings.Repeat(".", 20)+".x.x.x.x")).is(http.StatusOK)
	keys := keysOf(t, s.get("/api/v1/gate/keys"))
	for service, stopped := range map[string]bool{"steady": false, "shaky": true} {
		d := into[gate.Decision](s.post(decisions, askFor(service, artifact)).is(http.StatusOK))
		statement, err := attest.Open(d.Token, keys, s.clock.Now())
		if err != nil {
			t.Fatalf("%s: %v", service, err)
		}
		v := statement.Predicate
		if v.Decision != d.ID || v.Policy != d.Policy.Digest || v.Verdict != d.Verdict || !v.ValidUntil.Equal(d.ValidUntil) || v.Service != service {
			t.Errorf("the statement of %+v says %+v", d, v)
		}
		err = statement.Check(attest.Want{Digest: artifact, Environment: "production", Now: s.clock.Now()})
		if (err != nil) != stopped {
			t.Errorf("%s: %v", service, err)
		}
		s.get(decisions+"/"+d.ID+"/replay").is(http.StatusOK, `"same":true`)
		if logged := s.get(decisions + "/" + d.ID); strings.Contains(logged.body, d.Token) {
			t.Error("the token is kept in the log")
		}
	}
	if d := into[gate.Decision](s.post(decisions, `{"service":"steady","commit":"c0ffee"}`).is(http.StatusOK)); d.Token != "" {
		t.Error("a token for an artifact that neither a digest nor a full commit names")
	}
}

func TestARepeatedAnswerIsTheSameToTheByteWithItsToken(t *testing.T) {
	t.Parallel()
	ring := newRing(t)
	s := newSite(t, func(o *api.Options) { o.Signing = ring })
	ask := func() string {
		return s.ask("POST", decisions, askFor("steady", artifact), "Idempotency-Key", "run/1").is(http.StatusOK, `"token":"`).body
	}
	first := ask()
	s.clock.advance(20 * time.Hour)
	if again := ask(); again != first {
		t.Errorf("first %s\nthen  %s", first, again)
	}
}

func TestKeysAreReadWithoutAToken(t *testing.T) {
	t.Parallel()
	old := newRing(t).Current.Public()
	ring := newRing(t)
	ring.Previous, ring.RotatedAt = &old, noon
	s := newSite(t, func(o *api.Options) { o.Signing, o.RequireTokens = ring, true })
	if keys := keysOf(t, s.get("/api/v1/gate/keys")); len(keys) != 2 || keys[1].ID != old.ID || !keys[1].ValidUntil.Equal(noon.Add(24*time.Hour)) {
		t.Errorf("keys after the rotation: %v", keys)
	}
	s.clock.advance(24 * time.Hour)
	if keys := keysOf(t, s.get("/api/v1/gate/keys")); len(keys) != 1 || keys[0].ID != ring.Current.Public().ID {
		t.Errorf("keys after a day: %v", keys)
	}
	newSite(t).get("/api/v1/gate/keys").is(http.StatusOK, `{"keys":[]}`)
	s.get("/api/v1/policies").is(http.StatusUnauthorized)
}
