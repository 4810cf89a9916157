package attest

import (
	"crypto/ed25519"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"shiphabit/metrics/gate"
)

// PayloadType is what an envelope of ours holds.
const PayloadType = "application/vnd.in-toto+json"

const (
	// maxToken is the longest token that is looked at, in bytes; ours have about 1,500.
	maxToken = 1 << 20
	// maxSignatures bounds the work that a stranger's envelope makes.
	maxSignatures = 16
)

// envelope is DSSE: a payload with its type, and signatures over both.
type envelope struct {
	PayloadType string      `json:"payloadType"`
	Payload     string      `json:"payload"` // base64
	Signatures  []signature `json:"signatures"`
}

// signature is one of an envelope. The id of the key is only a hint, since nothing protects it.
type signature struct {
	KeyID string `json:"keyid"`
	Sig   string `json:"sig"` // base64
}

// Sign is the token of a statement: its envelope, in base64 to be passed through variables. The same statement and key give the
// same bytes, for both the canonical JSON and Ed25519 leave no choice.
func (k PrivateKey) Sign(s Statement) (string, error) {
	payload, err := gate.Canonical(s)
	if err != nil {
		return "", fmt.Errorf("signing the verdict of %s: %w", s.Predicate.Decision, err)
	}
	sig := ed25519.Sign(k.key, preAuth(PayloadType, payload))
	body, err := gate.Canonical(envelope{
		PayloadType: PayloadType, Payload: base64.StdEncoding.EncodeToString(payload),
		Signatures: []signature{{KeyID: k.Public().ID, Sig: base64.StdEncoding.EncodeToString(sig)}},
	})
	return base64.StdEncoding.EncodeToString(body), err
}

// preAuth is what DSSE signs (its PAE): the lengths keep type and payload from running into each other.
func preAuth(kind string, payload []byte) []byte {
	b := []byte("DSSEv1 " + strconv.Itoa(len(kind)) + " " + kind + " " + strconv.Itoa(len(payload)) + " ")
	return append(b, payload...)
}

// Open returns the statement of a token that one of the keys signed and that is still valid now. Nothing of the payload is read
// before a signature over it has been checked. The error is ErrUntrusted.
func Open(token string, keys Keys, now time.Time) (Statement, error) {
	distrust := func(format string, args ...any) (Statement, error) {
		return Statement{}, fmt.Errorf("%w: %s", ErrUntrusted, fmt.Sprintf(format, args...))
	}
	e, payload, err := unwrap(token)
	if err != nil {
		return distrust("%s", err)
	}
	key, found := keys.signer(e, payload, now)
	switch {
	case !found:
		return distrust("none of %d known keys signed it", len(keys))
	case key.retired(now):
		return distrust("the key %s that signed it was replaced and counted until %s", key.ID, clock(key.ValidUntil))
	}
	var s Statement
	if err := json.Unmarshal(payload, &s); err != nil {
		return distrust("what was signed is no statement: %s", err)
	}
	if s.Type != StatementType || s.PredicateType != PredicateType {
		return distrust("what was signed is a %q with a %q, and no verdict of a release gate", s.Type, s.PredicateType)
	}
	return s, nil
}

// unwrap takes a token apart; it says nothing about who signed it.
func unwrap(token string) (e envelope, payload []byte, err error) {
	token = strings.TrimSpace(token)
	if len(token) > maxToken {
		return e, nil, fmt.Errorf("it has %d bytes, more than a verdict can have", len(token))
	}
	body := []byte(token)
	if !strings.HasPrefix(token, "{") { // an envelope as other tools keep it, not wrapped once more
		if body, err = unbase64(token); err != nil {
			return e, nil, errors.New("it is neither base64 nor an envelope")
		}
	}
	if err := json.Unmarshal(body, &e); err != nil {
		return e, nil, errors.New("it is no DSSE envelope")
	}
	if e.PayloadType != PayloadType {
		return e, nil, fmt.Errorf("the envelope holds %q, not %q", e.PayloadType, PayloadType)
	}
	if len(e.Signatures) == 0 || len(e.Signatures) > maxSignatures {
		return e, nil, fmt.Errorf("the envelope has %d signatures; one is needed, %d are the most", len(e.Signatures), maxSignatures)
	}
	if payload, err = unbase64(e.Payload); err != nil {
		return e, nil, errors.New("the envelope's payload is no base64")
	}
	return e, payload, nil
}

// unbase64 takes both alphabets, as DSSE demands of whoever reads.
func unbase64(text string) ([]byte, error) {
	text = strings.NewReplacer("-", "+", "_", "/").Replace(strings.TrimRight(text, "="))
	return base64.RawStdEncoding.DecodeString(text)
}

// signer is the key that signed the payload, if possible one that still counts.
func (ks Keys) signer(e envelope, payload []byte, now time.Time) (signer PublicKey, found bool) {
	signed := preAuth(e.PayloadType, payload)
	for _, s := range e.Signatures {
		sig, err := unbase64(s.Sig)
		if err != nil || len(sig) != ed25519.SignatureSize {
			continue
		}
		for _, k := range ks {
			if !ed25519.Verify(k.Key, signed, sig) {
				continue
			}
			if !k.retired(now) {
				return k, true
			}
			signer, found = k, true
		}
	}
	return signer, found
}
