package main

import (
	"context"
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"shiphabit/metrics/gate/attest"
)

// serverMemory is what a client remembers of a server: the public keys that check its verdicts, and how far its clock is ahead.
type serverMemory struct {
	path string

	Keys         attest.KeySet `json:"keys"`
	AheadSeconds int64         `json:"ahead_seconds"`
}

// remembered reads the memory of a server; one that cannot be read is an empty one, because it only ever helps.
func (p *program) remembered(server string) serverMemory {
	var m serverMemory
	folder, err := p.cacheFolder("gate")
	if err != nil {
		return m
	}
	path := filepath.Join(folder, cacheName(server, "", ""))
	if data, err := os.ReadFile(path); err == nil { // #nosec G304 -- a name of ours in a folder of ours
		if json.Unmarshal(data, &m) != nil {
			m = serverMemory{}
		}
	}
	m.path = path
	return m
}

// keys are those that the server published last.
func (m serverMemory) keys() attest.Keys {
	text, err := json.Marshal(m.Keys)
	if err != nil {
		return nil
	}
	keys, err := attest.ParseKeys(text)
	if err != nil {
		return nil
	}
	return keys
}

// keep writes the memory. A failure to write is no failure of the command.
func (m serverMemory) keep() {
	if m.path != "" {
		writeCache(m.path, m)
	}
}

// learnKeys asks the server for its keys.
func (m *serverMemory) learnKeys(ctx context.Context, ask client) error {
	var set attest.KeySet
	if err := ask.call(ctx, http.MethodGet, "/api/v1/gate/keys", nil, nil, &set); err != nil {
		return err
	}
	m.Keys = set
	return nil
}

// writeCache replaces a file of the cache.
func writeCache(path string, value any) {
	data, err := json.Marshal(value)
	if err != nil {
		return
	}
	temporary := path + ".new"
	if os.WriteFile(temporary, data, 0o600) == nil {
		_ = os.Rename(temporary, path)
	}
}

// serverClock is how far the clock of a server is ahead of ours, as its answers say: their dates are in whole seconds, so that less
// than two of them are taken for none.
type serverClock struct {
	ahead time.Duration
	heard bool
}

// hear takes the date of an answer that arrived now.
func (c *serverClock) hear(date string, now time.Time) {
	at, err := http.ParseTime(date)
	if err != nil {
		return
	}
	c.heard, c.ahead = true, at.Sub(now).Round(time.Second)
	if c.ahead.Abs() < 2*time.Second {
		c.ahead = 0
	}
}
