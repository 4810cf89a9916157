package identity

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"strings"
	"testing"
	"time"

	"github.com/go-jose/go-jose/v4"
)

func TestAnAppSaysWhoItIsForTenMinutesAtMost(t *testing.T) {
	t.Parallel()
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	other, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Date(2026, 3, 3, 12, 0, 0, 0, time.UTC)
	for form, text := range map[string][]byte{
		"as GitHub gives it": pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(key)}),
		"PKCS #8":            pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: other}),
	} {
		app, err := NewAssertion("12345", text)
		if err != nil {
			t.Fatalf("%s: %v", form, err)
		}
		token, err := app.Token(now)
		if err != nil {
			t.Fatal(err)
		}
		signed, err := jose.ParseSignedCompact(token, []jose.SignatureAlgorithm{jose.RS256})
		if err != nil {
			t.Fatal(err)
		}
		payload, err := signed.Verify(&key.PublicKey)
		var said struct {
			Issued  int64  `json:"iat"`
			Expires int64  `json:"exp"`
			Issuer  string `json:"iss"`
		}
		if err != nil || json.Unmarshal(payload, &said) != nil || said.Issuer != "12345" || said.Issued >= now.Unix() || said.Expires-said.Issued > 600 || said.Expires <= now.Unix() {
			t.Errorf("%s: %s, %v", form, payload, err)
		}
	}
}

func TestAKeyThatGitHubWouldNotTakeIsRefusedWithoutRepeatingIt(t *testing.T) {
	t.Parallel()
	curve, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	other, err := x509.MarshalPKCS8PrivateKey(curve)
	if err != nil {
		t.Fatal(err)
	}
	for says, text := range map[string]string{
		"no PEM":  "secret-words",
		"no RSA":  string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: other})),
		"RSA key": string(pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: []byte("secret-words")})),
	} {
		_, err := NewAssertion("1", []byte(text))
		if err == nil || !strings.Contains(err.Error(), says) || strings.Contains(err.Error(), "secret-words") {
			t.Errorf("%s: %v", says, err)
		}
	}
}
