package identity

import (
	"bufio"
	"encoding/base64"
	"encoding/json"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// foreignProvider is an identity provider of another maker, running as a process of its own.
type foreignProvider struct {
	*testing.T
	url    string
	orders io.Writer
	lines  *bufio.Scanner
	stop   func()
}

// startProvider runs a script of the npm folder. Without its packages there is nothing to test against.
func startProvider(t *testing.T, script string) *foreignProvider {
	t.Helper()
	if _, err := os.Stat(filepath.Join("npm", "node_modules")); err != nil {
		t.Skip("identity providers are not installed: 'make issuers' does so")
	}
	command := exec.CommandContext(t.Context(), "node", script)
	command.Dir = "npm"
	orders, err := command.StdinPipe()
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
	p := &foreignProvider{T: t, orders: orders, lines: bufio.NewScanner(out)}
	p.stop = func() { _ = command.Process.Kill(); _ = command.Wait() }
	t.Cleanup(p.stop)
	for !strings.HasPrefix(p.url, "http://") { // notices come before
		p.url = p.line()
	}
	return p
}

// ask gives an order and returns the answer.
func (p *foreignProvider) ask(order map[string]any) string {
	p.Helper()
	text, err := json.Marshal(order)
	if err != nil {
		p.Fatal(err)
	}
	if _, err := p.orders.Write(append(text, '\n')); err != nil {
		p.Fatal(err)
	}
	answer := p.line()
	for strings.HasPrefix(answer, "oidc-provider ") {
		answer = p.line()
	}
	return answer
}

func (p *foreignProvider) line() string {
	p.Helper()
	if !p.lines.Scan() {
		p.Fatalf("the provider ended: %v", p.lines.Err())
	}
	return p.lines.Text()
}

// at is a verifier for the provider's tokens whose clock is so far from the real one.
func (p *foreignProvider) at(shift time.Duration) *Verifier {
	p.Helper()
	client, err := NewClient("")
	if err != nil {
		p.Fatal(err)
	}
	v, err := New([]Issuer{{
		Name: "real", URL: p.url, Audience: "shiphabit", Kind: Generic, Client: client, Services: []Service{{Project: "42", Name: "payments"}},
	}}, func() time.Time { return time.Now().Add(shift) })
	if err != nil {
		p.Fatal(err)
	}
	return v
}

func TestTokensOfOIDCProviderAreVerified(t *testing.T) {
	t.Parallel()
	p := startProvider(t, "provider.mjs")
	job := map[string]any{"project_id": "42", "run_id": "8123", "run_attempt": 1, "environment": "production", "sha": "c0ffee"}
	good := p.ask(map[string]any{"claims": job})
	parts := strings.Split(good, ".")
	none := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"none","kid":"r1"}`)) + "." + parts[1] + "."
	unknown := base64.RawURLEncoding.EncodeToString([]byte(`{"alg":"RS256","kid":"r9"}`)) + "." + parts[1] + "." + parts[2]
	for sentence, c := range map[string]struct {
		token string
		shift time.Duration
		want  Reason
	}{
		"RS256 is accepted":                    {good, 0, ""},
		"ES256 is accepted":                    {p.ask(map[string]any{"claims": job, "alg": "ES256"}), 0, ""},
		"HS256 with the public key as secret":  {p.ask(map[string]any{"claims": job, "alg": "HS256"}), 0, WrongAlgorithm},
		"its token without an algorithm":       {none, 0, WrongAlgorithm},
		"its token under an unknown key id":    {unknown, 0, UnknownKey},
		"another audience":                     {p.ask(map[string]any{"claims": job, "audience": "elsewhere"}), 0, WrongAudience},
		"a project that is not mapped":         {p.ask(map[string]any{"claims": map[string]any{"project_id": "41"}}), 0, UnknownProject},
		"after its end":                        {good, 7 * time.Minute, Expired},
		"after its end and within the leeway":  {good, 5*time.Minute + 30*time.Second, ""},
		"a signature changed in one character": {parts[0] + "." + parts[1] + "." + flipped(parts[2]), 0, BadSignature},
	} {
		got, err := p.at(c.shift).Verify(t.Context(), c.token)
		if r := reason(t, err); r != c.want {
			t.Errorf("%s: refused for %q, want %q: %v", sentence, r, c.want, err)
		}
		if c.want == "" && (got.Run != "8123" || got.Environment != "production" || got.TokenID == "") {
			t.Errorf("%s: %+v", sentence, got)
		}
	}
}

// flipped is a signature with another first character.
func flipped(signature string) string {
	if signature[0] == 'A' {
		return "B" + signature[1:]
	}
	return "A" + signature[1:]
}

func TestTokensOfOAuth2MockServerAreVerified(t *testing.T) {
	t.Parallel()
	p := startProvider(t, "mock.mjs")
	token := func(change ...func(map[string]any)) string {
		c := map[string]any{"aud": "shiphabit", "jti": "a", "project_id": "42", "run_id": "8123"}
		for _, f := range change {
			f(c)
		}
		return p.ask(map[string]any{"claims": c})
	}
	set := func(name string, value any) func(map[string]any) { return func(c map[string]any) { c[name] = value } }
	now := time.Now()
	for sentence, c := range map[string]struct {
		token string
		want  Reason
	}{
		"in order":       {token(), ""},
		"another issuer": {token(set("iss", "http://127.0.0.1:9")), UnknownIssuer},
		"no audience":    {token(set("aud", nil)), WrongAudience},
		"expired":        {token(set("exp", now.Add(-2*time.Minute).Unix())), Expired},
		"without end":    {token(set("exp", nil)), NoExpiry},
		"not yet valid":  {token(set("nbf", now.Add(2*time.Minute).Unix())), NotYetValid},
		"without an id":  {token(set("jti", nil)), NoTokenID},
	} {
		_, err := p.at(0).Verify(t.Context(), c.token)
		if r := reason(t, err); r != c.want {
			t.Errorf("%s: refused for %q, want %q: %v", sentence, r, c.want, err)
		}
	}
}

func TestARealIssuerMayTurnItsKeysAndGoDown(t *testing.T) {
	t.Parallel()
	p := startProvider(t, "mock.mjs")
	claims := map[string]any{"aud": "shiphabit", "jti": "a", "project_id": "42", "exp": time.Now().Add(48 * time.Hour).Unix()}
	old := p.ask(map[string]any{"claims": claims})
	shift := time.Duration(0)
	v := p.at(0)
	for _, i := range v.issuers {
		i.keys.clock = func() time.Time { return time.Now().Add(shift) }
	}
	verify := func(token string) Reason {
		_, err := v.Verify(t.Context(), token)
		return reason(t, err)
	}
	if got := verify(old); got != "" {
		t.Fatalf("at first: %q", got)
	}
	fresh := p.ask(map[string]any{"claims": claims, "kid": p.ask(map[string]any{"rotate": "ES256"})})
	if got := verify(fresh); got != UnknownKey {
		t.Errorf("a new key within the minute: %q", got)
	}
	shift = 2 * time.Minute
	if got := verify(fresh); got != "" {
		t.Errorf("a new key later: %q", got)
	}
	p.stop()
	shift = 23 * time.Hour
	if got := verify(old); got != "" {
		t.Errorf("the issuer is down: %q", got)
	}
	shift = 25 * time.Hour
	if got := verify(old); got != IssuerDown {
		t.Errorf("the issuer is down for more than a day: %q", got)
	}
}
