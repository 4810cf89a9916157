package identity

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// noon is when the tests begin.
var noon = time.Date(2026, 3, 3, 12, 0, 0, 0, time.UTC)

// The keys of the tests: making one takes a while.
var (
	rsaKey  = sync.OnceValue(func() *rsa.PrivateKey { k, _ := rsa.GenerateKey(rand.Reader, 2048); return k })
	nextKey = sync.OnceValue(func() *rsa.PrivateKey { k, _ := rsa.GenerateKey(rand.Reader, 2048); return k })
	ecKey   = sync.OnceValue(func() *ecdsa.PrivateKey { k, _ := ecdsa.GenerateKey(elliptic.P256(), rand.Reader); return k })
)

// provider is an issuer on this machine whose keys, document and health a test sets.
type provider struct {
	*testing.T
	url string

	mu       sync.Mutex
	now      time.Time
	keys     []jose.JSONWebKey
	down     bool
	claimsTo string // the issuer that its document names; "" is itself
	asked    int    // how often for the keys
}

func newProvider(t *testing.T) *provider {
	t.Helper()
	p := &provider{T: t, now: noon, keys: []jose.JSONWebKey{public(rsaKey(), "r1", "RS256"), public(ecKey(), "e1", "ES256")}}
	server := httptest.NewServer(p)
	t.Cleanup(server.Close)
	p.url = server.URL
	return p
}

func public(key any, id, algorithm string) jose.JSONWebKey {
	k := jose.JSONWebKey{Key: key, KeyID: id, Algorithm: algorithm, Use: "sig"}
	return k.Public()
}

func (p *provider) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.down {
		http.Error(w, "down", http.StatusBadGateway)
		return
	}
	if r.URL.Path == "/.well-known/openid-configuration" {
		name := p.claimsTo
		if name == "" {
			name = p.url
		}
		_ = json.NewEncoder(w).Encode(map[string]string{"issuer": name, "jwks_uri": p.url + "/keys"})
		return
	}
	p.asked++
	_ = json.NewEncoder(w).Encode(jose.JSONWebKeySet{Keys: p.keys})
}

// set changes the provider.
func (p *provider) set(change func(*provider)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	change(p)
}

func (p *provider) clock() time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.now
}

func (p *provider) advance(d time.Duration) { p.set(func(p *provider) { p.now = p.now.Add(d) }) }

// verifier accepts this provider's tokens as those of a kind.
func (p *provider) verifier(kind Kind) *Verifier {
	p.Helper()
	client, err := NewClient("")
	if err != nil {
		p.Fatal(err)
	}
	v, err := New([]Issuer{{
		Name: "ci", URL: p.url, Audience: "shiphabit", Kind: kind, Client: client,
		Services: []Service{{Project: "42", Owner: "7", Name: "payments"}, {Project: "42", Name: "ledger", Environments: []string{"staging"}}, {Project: "43", Owner: "7", Name: "search"}},
	}}, p.clock)
	if err != nil {
		p.Fatal(err)
	}
	return v
}

// github is the payload of a token of GitHub's that is in order now.
func (p *provider) github(change ...func(map[string]any)) map[string]any {
	c := map[string]any{
		"iss": p.url, "aud": "shiphabit", "sub": "repo:acme/payments:environment:production", "jti": "token-1",
		"iat": p.clock().Unix(), "nbf": p.clock().Unix(), "exp": p.clock().Add(5 * time.Minute).Unix(),
		"repository_id": "42", "repository_owner_id": "7", "run_id": "8123", "run_attempt": "2", "environment": "production",
		"sha": "c0ffee", "ref_protected": "true", "event_name": "push",
	}
	for _, f := range change {
		f(c)
	}
	return c
}

func with(name string, value any) func(map[string]any) {
	return func(c map[string]any) {
		if c[name] = value; value == nil {
			delete(c, name)
		}
	}
}

// sign makes a token.
func sign(t *testing.T, algorithm jose.SignatureAlgorithm, key any, id string, payload any) string {
	t.Helper()
	options := (&jose.SignerOptions{}).WithType("JWT")
	if id != "" {
		options.WithHeader("kid", id)
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: algorithm, Key: key}, options)
	if err != nil {
		t.Fatal(err)
	}
	text, err := json.Marshal(payload)
	if err != nil {
		t.Fatal(err)
	}
	signed, err := signer.Sign(text)
	if err != nil {
		t.Fatal(err)
	}
	token, err := signed.CompactSerialize()
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func (p *provider) token(payload map[string]any) string {
	p.Helper()
	return sign(p.T, jose.RS256, rsaKey(), "r1", payload)
}

// reason is why a token is refused, "" when it is not.
func reason(t *testing.T, err error) Reason {
	t.Helper()
	var r *Refusal
	switch {
	case err == nil:
		return ""
	case !errors.As(err, &r) || r.Says == "":
		t.Fatalf("refused without a reason: %v", err)
	}
	return r.Reason
}
