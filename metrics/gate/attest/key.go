package attest

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"crypto/x509"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"time"
)

// Overlap is how long after a rotation the key before it still counts.
const Overlap = 24 * time.Hour

// PrivateKey signs. It prints as its public id, however it is printed.
type PrivateKey struct{ key ed25519.PrivateKey }

// NewKey draws a key.
func NewKey() (PrivateKey, error) {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	return PrivateKey{key}, err
}

const (
	privateBlock = "PRIVATE KEY"
	publicBlock  = "PUBLIC KEY"
)

// ParsePrivate reads a key as PEM with PKCS #8. Its errors repeat nothing of the text.
func ParsePrivate(text []byte) (PrivateKey, error) {
	block, _ := pem.Decode(text)
	if block == nil || block.Type != privateBlock {
		return PrivateKey{}, errors.New("holds no PEM block PRIVATE KEY; 'shiphabit gate key create FILE' makes one")
	}
	parsed, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	key, ok := parsed.(ed25519.PrivateKey)
	if err != nil || !ok {
		return PrivateKey{}, errors.New("holds no Ed25519 key in PKCS #8; 'shiphabit gate key create FILE' makes one")
	}
	return PrivateKey{key}, nil
}

// PEM is the key as it is kept in a file.
func (k PrivateKey) PEM() ([]byte, error) {
	der, err := x509.MarshalPKCS8PrivateKey(k.key)
	return pem.EncodeToMemory(&pem.Block{Type: privateBlock, Bytes: der}), err
}

// Public is the key that checks what this one signs.
func (k PrivateKey) Public() PublicKey {
	public, _ := k.key.Public().(ed25519.PublicKey) // it always is one
	return newPublic(public)
}

func (k PrivateKey) String() string { return "the private key of " + k.Public().ID }

// GoString masks %#v.
func (k PrivateKey) GoString() string { return k.String() }

// MarshalText masks JSON and logs.
func (k PrivateKey) MarshalText() ([]byte, error) { return []byte(k.String()), nil }

// PublicKey checks signatures.
type PublicKey struct {
	// ID is the SHA-256 of the key as X.509 writes it, in hexadecimal.
	ID  string
	Key ed25519.PublicKey
	// ValidUntil is when the key ceases to count, zero while it is the one in use.
	ValidUntil time.Time
}

func newPublic(key ed25519.PublicKey) PublicKey {
	der, err := x509.MarshalPKIXPublicKey(key)
	if err != nil {
		return PublicKey{} // no Ed25519 key fails; one without an id checks nothing
	}
	sum := sha256.Sum256(der)
	return PublicKey{ID: hex.EncodeToString(sum[:]), Key: key}
}

func (k PublicKey) retired(now time.Time) bool {
	return !k.ValidUntil.IsZero() && !now.Before(k.ValidUntil)
}

// PEM is the public key as other tools take it.
func (k PublicKey) PEM() []byte {
	der, err := x509.MarshalPKIXPublicKey(k.Key)
	if err != nil {
		return nil
	}
	return pem.EncodeToMemory(&pem.Block{Type: publicBlock, Bytes: der})
}

// Keys are those that somebody trusts.
type Keys []PublicKey

// KeySet is how keys are published.
type KeySet struct {
	Keys []PublishedKey `json:"keys"`
}

// PublishedKey is one of them.
type PublishedKey struct {
	ID        string `json:"id"`
	Algorithm string `json:"algorithm"`
	PEM       string `json:"public_key"`
	// ValidUntil is when a key that was replaced ceases to count; the one in use has none.
	ValidUntil time.Time `json:"valid_until,omitzero"`
}

const algorithm = "ed25519"

// Set is how the keys are published.
func (ks Keys) Set() KeySet {
	set := KeySet{Keys: []PublishedKey{}}
	for _, k := range ks {
		set.Keys = append(set.Keys, PublishedKey{ID: k.ID, Algorithm: algorithm, PEM: string(k.PEM()), ValidUntil: k.ValidUntil})
	}
	return set
}

// ParseKeys reads keys as they are published, or as PEM blocks one after the other.
func ParseKeys(text []byte) (Keys, error) {
	if !bytes.HasPrefix(bytes.TrimSpace(text), []byte("{")) {
		keys, err := parsePEM(text)
		if err == nil && len(keys) == 0 {
			err = errors.New("there is no PEM block PUBLIC KEY, and it is not what /api/v1/gate/keys answers")
		}
		return keys, err
	}
	var set KeySet
	if err := json.Unmarshal(text, &set); err != nil {
		return nil, fmt.Errorf("this is not what /api/v1/gate/keys answers: %w", err)
	}
	var keys Keys
	for i, published := range set.Keys {
		if published.Algorithm != algorithm {
			continue // of a kind that this program cannot check
		}
		one, err := parsePEM([]byte(published.PEM))
		if err != nil || len(one) != 1 {
			return nil, fmt.Errorf("key %d of the list: public_key holds no PEM block of one Ed25519 key", i+1)
		}
		if one[0].ID != published.ID {
			return nil, fmt.Errorf("key %d of the list is named %q and is %s", i+1, published.ID, one[0].ID)
		}
		one[0].ValidUntil = published.ValidUntil
		keys = append(keys, one[0])
	}
	return keys, nil
}

func parsePEM(text []byte) (Keys, error) {
	var keys Keys
	for block, rest := pem.Decode(text); block != nil; block, rest = pem.Decode(rest) {
		if block.Type == privateBlock {
			return nil, errors.New("this is a private key; give verifiers the public one: 'shiphabit gate key public FILE' prints it")
		}
		parsed, err := x509.ParsePKIXPublicKey(block.Bytes)
		key, ok := parsed.(ed25519.PublicKey)
		if err != nil || !ok || block.Type != publicBlock {
			return nil, errors.New("a PEM block holds no public Ed25519 key")
		}
		keys = append(keys, newPublic(key))
	}
	return keys, nil
}

// Ring holds the key that signs, and the one before it for a while.
type Ring struct {
	Current PrivateKey
	// Previous was replaced at RotatedAt; nil when there is none.
	Previous  *PublicKey
	RotatedAt time.Time
}

// Keys are those that count now, the one in use first.
func (r Ring) Keys(now time.Time) Keys {
	keys := Keys{r.Current.Public()}
	if r.Previous != nil {
		previous := *r.Previous
		previous.ValidUntil = r.RotatedAt.Add(Overlap).UTC()
		if !previous.retired(now) {
			keys = append(keys, previous)
		}
	}
	return keys
}
