package identity

import (
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// Assertion is what an app of GitHub says who it is with: its number and its private key.
type Assertion struct {
	app    string
	signer jose.Signer
}

// What GitHub asks of such tokens: at most ten minutes, and room for clocks that differ.
const (
	assertionLife = 9 * time.Minute
	assertionSkew = time.Minute
)

// smallestKey is the size in bits below which a signature proves nothing.
const smallestKey = 2048

// NewAssertion reads the private key (PEM, as GitHub gives it, or PKCS #8). The error holds nothing of the key.
func NewAssertion(app string, key []byte) (*Assertion, error) {
	private, err := privateKey(key)
	if err != nil {
		return nil, err
	}
	signer, err := jose.NewSigner(jose.SigningKey{Algorithm: jose.RS256, Key: private}, (&jose.SignerOptions{}).WithType("JWT"))
	if err != nil {
		return nil, fmt.Errorf("the private key cannot sign: %w", err)
	}
	return &Assertion{app: app, signer: signer}, nil
}

func privateKey(text []byte) (*rsa.PrivateKey, error) {
	block, _ := pem.Decode(text)
	if block == nil {
		return nil, errors.New("the private key is no PEM text; take the file as GitHub gave it")
	}
	key, err := x509.ParsePKCS1PrivateKey(block.Bytes)
	if err != nil {
		other, otherErr := x509.ParsePKCS8PrivateKey(block.Bytes)
		rsaKey, isRSA := other.(*rsa.PrivateKey)
		if otherErr != nil || !isRSA {
			return nil, errors.New("the private key is no RSA key; take the file as GitHub gave it")
		}
		key = rsaKey
	}
	if key.N.BitLen() < smallestKey {
		return nil, fmt.Errorf("the private key has %d bits, at least %d are needed", key.N.BitLen(), smallestKey)
	}
	return key, nil
}

// Token is a short-lived token that says who the app is.
func (a *Assertion) Token(now time.Time) (string, error) {
	payload, err := json.Marshal(map[string]any{"iat": now.Add(-assertionSkew).Unix(), "exp": now.Add(assertionLife).Unix(), "iss": a.app})
	if err != nil {
		return "", err
	}
	signed, err := a.signer.Sign(payload)
	if err != nil {
		return "", fmt.Errorf("signing as app %s: %w", a.app, err)
	}
	return signed.CompactSerialize()
}
