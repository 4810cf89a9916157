package assessments

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"io"
)

// tokenBytes is 192 bits: no search finds a token, so a plain hash of it needs no salt.
const tokenBytes = 24

// NewToken draws the secret part of an answer link from a source of randomness (crypto/rand.Reader). It fits an address as
// it is. Keep only its hash.
func NewToken(random io.Reader) (string, error) {
	raw := make([]byte, tokenBytes)
	if _, err := io.ReadFull(random, raw); err != nil {
		return "", fmt.Errorf("drawing a token: %w", err)
	}
	return base64.RawURLEncoding.EncodeToString(raw), nil
}

// HashToken is the lower-case hexadecimal SHA-256 of a token: what is stored and looked up.
func HashToken(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])
}
