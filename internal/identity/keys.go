package identity

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rsa"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"sync"
	"time"

	"github.com/go-jose/go-jose/v4"
)

// How long an issuer's keys are used.
const (
	keysLife = time.Hour
	// keysGrace is how long the last keys serve while the issuer does not answer.
	keysGrace = 24 * time.Hour
	// keysPause is the least time between two attempts to fetch them, whatever key ids are asked for.
	keysPause = time.Minute
	// fetchTime is how long fetching may take: a client of the gate waits two seconds.
	fetchTime = 1500 * time.Millisecond
)

// keySet is an issuer's keys, fetched when needed.
type keySet struct {
	url    string
	client *http.Client
	clock  func() time.Time

	fetching sync.Mutex // held by the one that asks the issuer

	mu        sync.Mutex
	keys      map[string][]jose.JSONWebKey // by id
	fetchedAt time.Time
	triedAt   time.Time
	trouble   error // of the last attempt
}

// find returns the key of an id for an algorithm.
func (s *keySet) find(ctx context.Context, id, algorithm string) (any, error) {
	key, age := s.look(id, algorithm)
	if key != nil && age < keysLife {
		return key, nil
	}
	if key == nil || age >= keysGrace {
		s.fetching.Lock()
	} else if !s.fetching.TryLock() {
		return key, nil // somebody is at it; the key we have serves meanwhile
	}
	s.refresh(ctx)
	s.fetching.Unlock()
	key, age = s.look(id, algorithm)
	switch {
	case age >= keysGrace || key == nil && s.lastTrouble() != nil:
		return nil, &Refusal{Reason: IssuerDown, Says: "the issuer of the token does not give its keys, so that nobody can be identified by it now; try again in a minute", Cause: s.lastTrouble()}
	case key == nil:
		return nil, refuse(UnknownKey, "the token is signed with a key that its issuer does not list")
	}
	return key, nil
}

// look returns the key, nil for none, and the age of all keys.
func (s *keySet) look(id, algorithm string) (any, time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	age := keysGrace
	if !s.fetchedAt.IsZero() {
		age = s.clock().Sub(s.fetchedAt)
	}
	for _, k := range s.keys[id] {
		if fits(k, algorithm) {
			return k.Key, age
		}
	}
	return nil, age
}

// fits reports whether a key may check signatures of an algorithm: a key for one is never used for another.
func fits(k jose.JSONWebKey, algorithm string) bool {
	if k.Use != "" && k.Use != "sig" || k.Algorithm != "" && k.Algorithm != algorithm {
		return false
	}
	switch key := k.Key.(type) {
	case *rsa.PublicKey:
		return algorithm == string(jose.RS256) && key.N.BitLen() >= 2048
	case *ecdsa.PublicKey:
		return algorithm == string(jose.ES256) && key.Curve == elliptic.P256()
	}
	return false
}

func (s *keySet) lastTrouble() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.trouble
}

// refresh fetches the keys unless that was tried a short while ago. What was known stays when it fails.
func (s *keySet) refresh(ctx context.Context) {
	now := s.clock()
	s.mu.Lock()
	soon := !s.triedAt.IsZero() && now.Sub(s.triedAt) < keysPause
	if !soon {
		s.triedAt = now
	}
	s.mu.Unlock()
	if soon {
		return
	}
	// A caller who leaves does not end it: the next one needs the keys as well.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), fetchTime)
	defer cancel()
	keys, err := fetchKeys(ctx, s.client, s.url)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.trouble = err
	if err == nil {
		s.keys, s.fetchedAt = keys, now
	}
}

// parseKeys reads a key set. Keys of a kind that cannot be used here are left out, whatever they are.
func parseKeys(text []byte) (map[string][]jose.JSONWebKey, error) {
	var set struct {
		Keys []json.RawMessage `json:"keys"`
	}
	if err := json.Unmarshal(text, &set); err != nil {
		return nil, fmt.Errorf("the key set is no JSON: %w", err)
	}
	keys := map[string][]jose.JSONWebKey{}
	for _, raw := range set.Keys {
		var k jose.JSONWebKey
		if err := k.UnmarshalJSON(raw); err != nil || k.KeyID == "" {
			continue
		}
		if fits(k, string(jose.RS256)) || fits(k, string(jose.ES256)) {
			keys[k.KeyID] = append(keys[k.KeyID], k)
		}
	}
	if len(keys) == 0 {
		return nil, errors.New("the key set has no key for RS256 or ES256")
	}
	return keys, nil
}
