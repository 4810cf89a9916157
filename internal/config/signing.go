package config

import (
	"time"

	"shiphabit/metrics/gate/attest"
)

// anInstant is a moment that is the same one in every time zone.
var anInstant = &scalar{name: "time", json: "string", says: "a time like 2026-12-25T08:00:00Z", accepts: func(s string) bool {
	_, err := time.Parse(time.RFC3339, s)
	return err == nil
}}

// signing reads the keys by which verdicts are signed.
func (l *loader) signing(n node) *attest.Ring {
	const key, previous, rotated = "signing_key_file", "previous_signing_key_file", "signing_key_rotated_at"
	if !n.has(key) {
		for _, other := range []string{previous, rotated} {
			if n.has(other) {
				l.at(other, "there is no signing_key_file that took its place", "name the key that signs now, or remove this")
			}
		}
		return nil
	}
	switch {
	case n.has(previous) && !n.has(rotated):
		l.at(previous, "it is not said when it was replaced", "set signing_key_rotated_at to that time")
	case n.has(rotated) && !n.has(previous):
		l.at(rotated, "there is no previous_signing_key_file", "name the key that was replaced, or remove this")
	}
	if l.secretless {
		return nil
	}
	var ring attest.Ring
	if text, ok := l.keyFile(key, n); ok {
		var err error
		if ring.Current, err = attest.ParsePrivate(text); err != nil {
			l.at(key, quote(n.at(key).text())+" "+err.Error(), "name the file that it wrote")
			return nil
		}
	}
	if n.has(previous) && n.has(rotated) {
		ring.RotatedAt, _ = time.Parse(time.RFC3339, n.at(rotated).text()) // the scalar has tried it
		ring.Previous = l.previousKey(previous, n)
	}
	if ring.Previous != nil && ring.Previous.ID == ring.Current.Public().ID {
		l.at(previous, "it is the key that signs now", "name the one before it, or remove this")
	}
	return &ring
}

// previousKey takes a private key or what is left of it, the public one.
func (l *loader) previousKey(path string, n node) *attest.PublicKey {
	text, ok := l.keyFile(path, n)
	if !ok {
		return nil
	}
	if private, err := attest.ParsePrivate(text); err == nil {
		public := private.Public()
		return &public
	}
	keys, err := attest.ParseKeys(text)
	if err != nil || len(keys) != 1 {
		l.at(path, quote(n.at(path).text())+" holds no Ed25519 key in PEM", "name the file of the key that was replaced")
		return nil
	}
	return &keys[0]
}

// keyFile reads the file that a key of the configuration names.
func (l *loader) keyFile(path string, n node) (text []byte, ok bool) {
	text, err := l.readFile(n.at(path).text())
	if err != nil {
		l.at(path, "the key cannot be read: "+err.Error(), "name a file that is there and that the server may read")
	}
	return text, err == nil
}
