package main

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"shiphabit/internal/config"
	"shiphabit/internal/store"
	"shiphabit/metrics"
)

func TestPoliciesAreReadAgainAndThoseWithFaultsLoudlyNot(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "shiphabit.yaml")
	db, err := store.Open(t.Context(), filepath.Join(t.TempDir(), "a.db"), store.Options{Rules: metrics.DefaultRules()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	var said bytes.Buffer
	p := program{env: func(string) string { return "" }, out: &said, err: &said}
	server, err := p.server(db, config.Default(), nil)
	if err != nil {
		t.Fatal(err)
	}
	type listed struct {
		Policies []struct{ Tier, Digest string }
		Refused  string
	}
	policies := func() (l listed) {
		answer := httptest.NewRecorder()
		server.ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "http://127.0.0.1/api/v1/policies", nil))
		if err := json.Unmarshal(answer.Body.Bytes(), &l); err != nil {
			t.Fatal(err, answer.Body)
		}
		return l
	}
	const stricter = "policies:\n  - apiVersion: shiphabit/v1\n    kind: Policy\n    metadata: {name: stricter}\n    applies_to: {tier: standard}\n    criteria:\n      failure-meter: {not_acceptable: 1 in 9}\n"
	before := policies()
	write(t, file, stricter)
	p.reload(file, server)
	after := policies()
	if after.Refused != "" || before.Policies[0].Digest != after.Policies[0].Digest || before.Policies[2].Digest == after.Policies[2].Digest {
		t.Errorf("before %+v, after %+v\n%s", before, after, &said)
	}
	write(t, file, strings.Replace(stricter, "1 in 9", "never", 1))
	p.reload(file, server)
	if kept := policies(); kept.Policies[2].Digest != after.Policies[2].Digest || !strings.Contains(kept.Refused, "not_acceptable") ||
		!strings.Contains(said.String(), "level=ERROR") {
		t.Errorf("after a fault %+v\n%s", kept, &said)
	}
	write(t, file, stricter)
	p.reload(file, server)
	if mended := policies(); mended.Refused != "" {
		t.Errorf("mended %+v", mended)
	}
}
