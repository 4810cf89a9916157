package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"time"

	"shiphabit/metrics/gate"
)

// gateCache is what a client remembers of the gate for one service and environment, so that a server that is gone for a
// minute does not stop everybody: the last decision and whether the policy closes an unreachable gate.
type gateCache struct {
	path     string
	artifact string

	Unreachable string        `json:"unreachable"`
	Artifact    string        `json:"artifact"`
	Decision    gate.Decision `json:"decision"`
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

// valid returns the last decision when it was made for this artifact, is final, and has not expired.
func (c gateCache) valid(now time.Time) (gate.Decision, bool) {
	fits := c.Artifact == c.artifact && now.Before(c.Decision.ValidUntil) && c.Decision.Verdict != gate.Hold
	return c.Decision, fits
}

// keep remembers a decision. A failure to write is no failure of the check.
func (c *gateCache) keep(d gate.Decision) {
	if c.path == "" {
		return
	}
	c.Artifact, c.Decision, c.Unreachable = c.artifact, d, d.Unreachable
	data, err := json.Marshal(c)
	if err != nil {
		return
	}
	temporary := c.path + ".new"
	if os.WriteFile(temporary, data, 0o600) == nil {
		_ = os.Rename(temporary, c.path)
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
