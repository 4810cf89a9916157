package identity

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
)

func TestKeysAreAskedForOnceAnHour(t *testing.T) {
	t.Parallel()
	p := newProvider(t)
	v := p.verifier(GitHub)
	for range 5 {
		if _, err := v.Verify(t.Context(), p.token(p.github())); err != nil {
			t.Fatal(err)
		}
		p.advance(14 * time.Minute)
	}
	if p.asked != 1 {
		t.Errorf("within the hour the keys were asked for %d times", p.asked)
	}
	if _, err := v.Verify(t.Context(), p.token(p.github())); err != nil || p.asked != 2 {
		t.Errorf("after the hour: asked for %d times, %v", p.asked, err)
	}
}

func TestAnUnknownKeyIdAsksAgainAtMostOnceAMinute(t *testing.T) {
	t.Parallel()
	p := newProvider(t)
	v := p.verifier(GitHub)
	rotated := func() string { return sign(t, jose.RS256, nextKey(), "r2", p.github()) }
	for range 10 {
		if _, err := v.Verify(t.Context(), rotated()); reason(t, err) != UnknownKey {
			t.Fatal(err)
		}
	}
	if p.asked != 1 {
		t.Errorf("ten tokens with a key id of nobody's asked for the keys %d times", p.asked)
	}
	p.set(func(p *provider) { p.keys = []jose.JSONWebKey{public(nextKey(), "r2", "")} })
	p.advance(59 * time.Second)
	if _, err := v.Verify(t.Context(), rotated()); reason(t, err) != UnknownKey {
		t.Errorf("before the minute is over: %v", err)
	}
	p.advance(time.Second)
	if _, err := v.Verify(t.Context(), rotated()); err != nil {
		t.Errorf("a new key, a minute later: %v", err)
	}
	if _, err := v.Verify(t.Context(), p.token(p.github())); reason(t, err) != UnknownKey {
		t.Errorf("a key that the issuer took back: %v", err)
	}
}

func TestTheLastKeysServeADayWhileTheIssuerIsDown(t *testing.T) {
	t.Parallel()
	p := newProvider(t)
	v := p.verifier(GitHub)
	verify := func() Reason {
		_, err := v.Verify(t.Context(), p.token(p.github()))
		return reason(t, err)
	}
	p.set(func(p *provider) { p.down = true })
	if got := verify(); got != IssuerDown {
		t.Errorf("down from the start: %q", got)
	}
	p.set(func(p *provider) { p.down = false })
	if got := verify(); got != IssuerDown {
		t.Errorf("up again, and tried less than a minute ago: %q", got)
	}
	p.advance(time.Minute)
	if got := verify(); got != "" {
		t.Errorf("a minute later: %q", got)
	}
	p.set(func(p *provider) { p.down = true })
	p.advance(24*time.Hour - time.Second)
	if got := verify(); got != "" {
		t.Errorf("down for nearly a day: %q", got)
	}
	if _, err := v.Verify(t.Context(), sign(t, jose.RS256, nextKey(), "r2", p.github())); reason(t, err) != IssuerDown {
		t.Errorf("an unknown key while it is down: %v", err)
	}
	p.advance(time.Second)
	if got := verify(); got != IssuerDown {
		t.Errorf("down for a day: %q", got)
	}
	p.set(func(p *provider) { p.down = false })
	p.advance(time.Minute)
	if got := verify(); got != "" {
		t.Errorf("up again: %q", got)
	}
}

func TestKeysAreKeptFreshAheadOfTheRequests(t *testing.T) {
	t.Parallel()
	p := newProvider(t)
	v := p.verifier(GitHub)
	v.keepFresh(t.Context())
	p.advance(49 * time.Minute)
	v.keepFresh(t.Context())
	if p.asked != 1 {
		t.Errorf("keys of 49 minutes were fetched again")
	}
	p.advance(time.Minute)
	v.keepFresh(t.Context())
	p.advance(50 * time.Minute)
	if _, err := v.Verify(t.Context(), p.token(p.github())); err != nil || p.asked != 2 {
		t.Errorf("asked for %d times, %v", p.asked, err)
	}
}

func TestManyRequestsAtOnceAskTheIssuerOnce(t *testing.T) {
	t.Parallel()
	p := newProvider(t)
	v, token := p.verifier(GitHub), p.token(p.github())
	var all sync.WaitGroup
	for range 20 {
		all.Go(func() {
			if _, err := v.Verify(t.Context(), token); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	if p.asked != 1 {
		t.Errorf("asked %d times", p.asked)
	}
}

func TestKeysAreOnlyTakenFromTheIssuerItself(t *testing.T) {
	t.Parallel()
	p := newProvider(t)
	p.set(func(p *provider) { p.claimsTo = "https://elsewhere.example" })
	if _, err := p.verifier(GitHub).Verify(t.Context(), p.token(p.github())); reason(t, err) != IssuerDown {
		t.Errorf("a document of another issuer: %v", err)
	}
	p.set(func(p *provider) { p.claimsTo = "" })
	away := httptest.NewServer(http.RedirectHandler(p.url+"/.well-known/openid-configuration", http.StatusFound))
	t.Cleanup(away.Close)
	client, _ := NewClient("")
	if _, err := fetchKeys(t.Context(), client, away.URL); err == nil || !strings.Contains(err.Error(), "redirects") {
		t.Errorf("an issuer that redirects: %v", err)
	}
	for text, fine := range map[string]bool{
		`{"issuer":"https://a.example","jwks_uri":"https://keys.example/k"}`: true,
		`{"issuer":"https://a.example","jwks_uri":"http://keys.example/k"}`:  false,
		`{"issuer":"https://a.example","jwks_uri":"http://127.0.0.1/k"}`:     false,
		`{"issuer":"https://a.example","jwks_uri":"file:///etc/passwd"}`:     false,
		`{"issuer":"https://a.example"}`:                                     false,
		`[]`:                                                                 false,
	} {
		if _, err := parseDiscovery([]byte(text), "https://a.example"); (err == nil) != fine {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func TestKeysThatCannotBeUsedAreLeftOut(t *testing.T) {
	t.Parallel()
	good, err := public(ecKey(), "e1", "ES256").MarshalJSON()
	if err != nil {
		t.Fatal(err)
	}
	encryption, _ := jose.JSONWebKey{Key: &rsaKey().PublicKey, KeyID: "r1", Use: "enc"}.MarshalJSON()
	keys, err := parseKeys([]byte(`{"keys":[{"kty":"oct","kid":"s","k":"c2VjcmV0"},{"kty":"new","kid":"n"},null,7,` + string(encryption) + `,` + string(good) + `]}`))
	if err != nil || len(keys) != 1 || len(keys["e1"]) != 1 {
		t.Errorf("%v, %v", keys, err)
	}
	for _, text := range []string{``, `{}`, `{"keys":[]}`, `{"keys":[{"kty":"oct","kid":"s","k":"c2VjcmV0"}]}`} {
		if _, err := parseKeys([]byte(text)); err == nil {
			t.Errorf("%q is taken for a key set", text)
		}
	}
}
