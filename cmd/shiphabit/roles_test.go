package main

import (
	"path/filepath"
	"strings"
	"testing"
)

func TestRolesWhoseTokensAreGoneAreToldOfAtTheStartAtAReloadAndByTheDoctor(t *testing.T) {
	t.Parallel()
	p := newProcess(t)
	db, settings := filepath.Join(p.home, "r.db"), filepath.Join(p.home, "r.yaml")
	policy := "policies: [{apiVersion: shiphabit/v1, kind: Policy, metadata: {name: org}, overrides: {who: [on-call]}}]\n"
	write(t, settings, "roles: [{name: on-call, tokens: [ada, bob]}, {name: spare, tokens: [nobody]}]\n"+policy)
	secret := strings.TrimSpace(p.must("token", "create", "ada", "--scope", "override", "--db", db, "--config", settings))
	r := p.running("serve", "--db", db, "--config", settings)
	r.until("the start tells of bob", func() bool {
		return strings.Contains(r.said(), "bob (does not exist)") && strings.Contains(r.said(), "nobody (does not exist)")
	})
	if strings.Contains(r.said(), "nobody can override") || strings.Contains(r.said(), "ada (") {
		t.Errorf("ada can still override:\n%s", r.said())
	}
	doctor := func() string {
		out, errs, _ := p.run("doctor", "--db", db, "--config", settings)
		return out + errs
	}
	if said := doctor(); !strings.Contains(said, `The role "on-call" names a token that nobody can use: bob (does not exist).`) || strings.Contains(said, "nobody can override by it") {
		t.Errorf("the doctor says\n%s", said)
	}
	id := ""
	for line := range strings.Lines(p.must("token", "list", "--db", db, "--config", settings)) {
		if strings.Contains(line, "ada") {
			id = strings.Fields(line)[0]
		}
	}
	p.must("token", "revoke", id, "--db", db, "--config", settings)
	r.hangUp("nobody can override by a role")
	r.until("why", func() bool { return strings.Contains(r.said(), "ada (revoked)") })
	if said := fetched(t, r.url+"/api/v1/doctor"); !strings.Contains(said, `"role-lost"`) || !strings.Contains(said, "ada (revoked), bob (does not exist)") || !strings.Contains(said, `"role-token"`) {
		t.Errorf("over HTTP the doctor says %s", said)
	}
	if said := doctor(); !strings.Contains(said, "nobody can override by it") || strings.Contains(said+r.said(), secret) {
		t.Errorf("the doctor says\n%s", said)
	}
}
