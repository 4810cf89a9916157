package identity

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"testing"
	"time"
	"unicode/utf8"
)

// refused fails unless an error is a refusal in words.
func refused(t *testing.T, err error) {
	t.Helper()
	var r *Refusal
	if !errors.As(err, &r) || r.Reason == "" || r.Says == "" || !utf8.ValidString(r.Says) {
		t.Fatalf("refused with %v", err)
	}
}

// Whatever is sent for a token, reading it ends in claims or in a refusal, and no token is believed without a signature.
func FuzzToken(f *testing.F) {
	part := base64.RawURLEncoding.EncodeToString
	for _, header := range []string{`{"alg":"RS256","kid":"r1"}`, `{"alg":"none"}`, `{"alg":"HS256","kid":"r1"}`, `{"alg":"ES256","kid":"e1","crit":["b64"],"b64":false}`, `{"alg":"RS256","jwk":{"kty":"RSA","n":"AQAB","e":"AQAB"}}`, `[]`} {
		f.Add(part([]byte(header)) + "." + part([]byte(`{"iss":"https://a.example","aud":"shiphabit","exp":1}`)) + "." + part([]byte("signature")))
	}
	f.Add("..")
	f.Fuzz(func(t *testing.T, token string) {
		signed, c, err := read(token)
		if err != nil {
			refused(t, err)
			return
		}
		header := signed.Signatures[0].Header
		if header.KeyID == "" || header.Algorithm != "RS256" && header.Algorithm != "ES256" || c == nil {
			t.Fatalf("read: %+v, %v", header, c)
		}
		if _, err := signed.Verify(&rsaKey().PublicKey); err == nil {
			t.Fatal("a signature that nobody made holds")
		}
	})
}

// Whatever claims say, they make a job whose facts are plain text, or a refusal; the same claims written again make the same job.
func FuzzClaims(f *testing.F) {
	f.Add([]byte(`{"aud":"shiphabit","exp":1772539500,"jti":"a","repository_id":"42","run_id":8123,"run_attempt":"1","event_name":"pull_request"}`))
	f.Add([]byte(`{"aud":["shiphabit",7],"exp":1.7725395e9,"nbf":-1,"jti":"a","repository_id":42}`))
	f.Add([]byte(`{"aud":{"x":1},"exp":"1","jti":["a"]}`))
	f.Add([]byte(`null`))
	from := issuer{Issuer: Issuer{Name: "ci", Audience: "shiphabit", Kind: GitHub, Claims: GitHub.claims(Claims{}), Services: []Service{{Project: "42", Name: "a"}}}}
	f.Fuzz(func(t *testing.T, payload []byte) {
		c, err := readClaims(payload)
		if err != nil {
			refused(t, err)
			return
		}
		job, err := from.job(c, noon)
		if err != nil {
			refused(t, err)
			return
		}
		for _, fact := range []string{job.Project, job.Environment, job.Commit, job.Run, job.TokenID} {
			if len(fact) > maxClaim || !utf8.ValidString(fact) {
				t.Fatalf("a fact that no store would take: %q", fact)
			}
		}
		if job.TokenID == "" || job.Services == nil || !noon.Before(job.ExpiresAt.Add(leeway)) || job.ExpiresAt.Location() != time.UTC {
			t.Fatalf("let through: %+v", job)
		}
		written, err := json.Marshal(c)
		if err != nil {
			t.Fatal(err)
		}
		again, err := readClaims(written)
		if err != nil {
			t.Fatal(err)
		}
		if second, err := from.job(again, noon); err != nil || second.TokenID != job.TokenID || second.Project != job.Project {
			t.Fatalf("%+v becomes %+v: %v", job, second, err)
		}
	})
}

// Whatever an issuer answers, its documents give keys that can be used, or an error.
func FuzzKeys(f *testing.F) {
	f.Add([]byte(`{"keys":[{"kty":"EC","kid":"e","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}]}`))
	f.Add([]byte(`{"issuer":"https://a.example","jwks_uri":"https://a.example/k"}`))
	f.Add([]byte(`{"keys":[null]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		if keys, err := parseKeys(text); err == nil {
			for id, list := range keys {
				if id == "" || len(list) == 0 || !fits(list[0], "RS256") && !fits(list[0], "ES256") {
					t.Fatalf("%q: %v", id, list)
				}
			}
		}
		if address, err := parseDiscovery(text, "https://a.example"); err == nil && address[:8] != "https://" {
			t.Fatalf("keys from %q", address)
		}
	})
}
