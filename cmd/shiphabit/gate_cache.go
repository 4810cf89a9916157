package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"time"

	"shiphabit/metrics/gate"
	"shiphabit/metrics/gate/attest"
)

// gateCache is what a client remembers of the gate for one service and environment, so that a server that is gone for a
// minute does not stop everybody: the last decision and whether the policy closes an unreachable gate.
type gateCache struct {
	path     string
	artifact string

	Unreachable string        `json:"unreachable"`
	Artifact    string        `json:"artifact"`
	Decision    gate.Decision `json:"decision"`
	// Untold are promotions decided from here without the gate, of which no server has heard yet.
	Untold []gate.Unasked `json:"untold,omitempty"`
}

// openGateCache reads the cache; one that cannot be read is an empty one, because it only ever helps.
func openGateCache(p *program, server string, r gate.Request) gateCache {
	cache := gateCache{artifact: r.Artifact.Digest + "/" + r.Commit + "/" + r.Artifact.Version + "/" + r.Change.Kind}
	folder, err := p.cacheFolder("gate")
	if err != nil {
		return cache
	}
	cache.path = filepath.Join(folder, cacheName(server, r.Service, r.Environment))
	if data, err := os.ReadFile(cache.path); err == nil {
		_ = json.Unmarshal(data, &cache)
	}
	return cache
}

// valid returns the last decision when it was made for this artifact, is final, and has not expired. Where keys are known it must
// be signed by one of them, whatever the file says.
func (c gateCache) valid(r gate.Request, now time.Time, keys attest.Keys) (gate.Decision, error) {
	switch d := c.Decision; {
	case d.Verdict == "":
		return d, errNoAnswer
	case c.Artifact != c.artifact:
		return d, errors.New("it is about another artifact")
	case d.Verdict == gate.Hold:
		return d, errors.New("it was a hold")
	case !now.Before(d.ValidUntil):
		return d, errors.New("it was valid until " + d.ValidUntil.Format(time.RFC3339))
	case len(keys) > 0:
		return d, c.genuine(r, now, keys)
	}
	return c.Decision, nil
}

var errNoAnswer = errors.New("there is none")

// cacheLeeway allows for dates of answers that are in whole seconds.
const cacheLeeway = 5 * time.Second

// genuine reports why a decision of the file is not the one that was signed.
func (c gateCache) genuine(r gate.Request, now time.Time, keys attest.Keys) error {
	s, err := attest.Open(c.Decision.Token, keys, now)
	if err != nil {
		return err
	}
	err = s.Check(attest.Want{
		Digest: r.Artifact.Digest, Commit: r.Commit, Service: r.Service, Environment: r.Environment, Now: now, Leeway: cacheLeeway,
	})
	if err != nil && !errors.Is(err, attest.ErrStopped) { // a block that was signed stays a block
		return err
	}
	if s.Predicate.Verdict != c.Decision.Verdict || s.Predicate.Decision != c.Decision.ID {
		return errors.New("it was changed after it was signed")
	}
	return nil
}

// keep remembers a decision. A failure to write is no failure of the check.
func (c *gateCache) keep(d gate.Decision) {
	c.Artifact, c.Decision, c.Unreachable = c.artifact, d, d.Unreachable
	if c.path != "" {
		writeCache(c.path, c)
	}
}

// mostUntold is how many decisions without the gate are remembered for one service and environment.
const mostUntold = 20

// remember keeps a decision made without the gate until a server can be told.
func (c *gateCache) remember(u gate.Unasked) {
	c.Untold = append(c.Untold, u)
	c.Untold = c.Untold[max(0, len(c.Untold)-mostUntold):]
	if c.path != "" {
		writeCache(c.path, c)
	}
}

// cacheFolder is a folder of ours under the user's cache directory, made when missing.
func (p *program) cacheFolder(name string) (string, error) {
	base := p.env("XDG_CACHE_HOME")
	if base == "" {
		var err error
		if base, err = os.UserCacheDir(); err != nil {
			return "", err
		}
	}
	folder := filepath.Join(base, "shiphabit", name)
	return folder, os.MkdirAll(folder, 0o700)
}

// cacheName keeps names of servers and services out of file names.
func cacheName(server, service, environment string) string {
	sum := sha256.Sum256([]byte(server + "\x00" + service + "\x00" + environment))
	return hex.EncodeToString(sum[:12]) + ".json"
}
