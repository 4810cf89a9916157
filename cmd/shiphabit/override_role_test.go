package main

import (
	"path/filepath"
	"strings"
	"testing"
)

// onlyOnCall is a configuration under which nobody but who is on call may override.
const onlyOnCall = `require_tokens: true
roles:
  - {name: on-call, tokens: [ada]}
  - {name: nobody yet, tokens: []}
services: [{name: shop, tier: high, repositories: [acme/shop]}]
policies:
  - {apiVersion: shiphabit/v1, kind: Policy, metadata: {name: org}, overrides: {who: [on-call, nobody yet]}}
`

func TestOnlyATokenWithTheRoleOverridesOverTheCommandLine(t *testing.T) {
	t.Parallel()
	p := newProcess(t)
	db, settings := filepath.Join(p.home, "r.db"), filepath.Join(p.home, "r.yaml")
	write(t, settings, onlyOnCall)
	tokens := map[string]string{}
	for _, who := range []string{"ada", "bob"} {
		tokens[who] = strings.TrimSpace(p.must("token", "create", who, "--scope", "override,gate,read", "--db", db, "--config", settings))
	}
	url, _ := p.serve("serve", "--db", db, "--config", settings)
	as := func(who string, args ...string) (string, int) {
		out, errs, code := p.run(append(append([]string{"gate"}, args...), "--server", url, "--token", tokens[who])...)
		return out + errs, code
	}
	as("bob", "check", "--service", "shop", "--digest", built("new"))
	ask := []string{"override", "--service", "shop", "--category", "deadline", "--reason", "the fair opens tomorrow at noon"}
	if said, code := as("bob", ask...); code != exitForbidden || !strings.Contains(said, "token:bob may not override shop: that takes one of the roles on-call, nobody yet") {
		t.Errorf("without the role: %d, %s", code, said)
	}
	if said, code := as("ada", ask...); code != 0 || !strings.Contains(said, "for one promotion") {
		t.Errorf("with the role: %d, %s", code, said)
	}
}

func TestChecksAndExplanationsTellOfTheRolesThatOverridesTake(t *testing.T) {
	t.Parallel()
	p := newProcess(t)
	settings := filepath.Join(p.home, "r.yaml")
	write(t, settings, onlyOnCall)
	const nobody = "overrides.who: nobody has the role nobody yet"
	if said := p.must("policy", "lint", "--config", settings, "--tier", "high"); strings.Count(said, nobody) != 1 || strings.Contains(said, "fewer tokens") {
		t.Errorf("lint says\n%s", said)
	}
	if said := p.must("policy", "lint", "--config", settings, "--tier", "critical"); !strings.Contains(said, "an override takes 2 with one of the roles on-call, nobody yet, and fewer tokens have that for services of no team") {
		t.Errorf("where two are wanted and one is on call, lint says\n%s", said)
	}
	if out, errs, code := p.run("config", "check", settings); code != 0 || strings.Count(out+errs, nobody) != 1 {
		t.Errorf("the check says %d, %s%s", code, out, errs)
	}
	said := strings.Join(strings.Fields(p.must("policy", "explain", "shop", "--config", settings)), " ")
	for _, want := range []string{"overrides.who [on-call, \"nobody yet\"] organisation " + settings + ":7 ", "To override takes one of the roles on-call, nobody yet."} {
		if !strings.Contains(said, want) {
			t.Errorf("explain does not say %q:\n%s", want, said)
		}
	}
}
