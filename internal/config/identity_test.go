package config

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestIssuersOfJobTokensHaveTheirAddressFromTheirKind(t *testing.T) {
	t.Parallel()
	c := mustParse(t, `
identity:
  - name: github
    kind: github
    services:
      - {project_id: "123456", owner_id: 7890, service: payments-api, environments: [production]}
      - {project_id: "123456", service: ledger}
  - {name: ours, kind: gitlab, issuer: "https://gitlab.example.com", audience: gate.example.com, ca_file: /etc/ssl/ours.pem}
  - {name: jenkins, kind: generic, issuer: "https://ci.example.com/oidc", claims: {project: sub, run: build_number}}
`)
	want := []Issuer{
		{
			Name: "github", Kind: "github", URL: "https://token.actions.githubusercontent.com", Audience: "shiphabit", Claims: map[string]string{},
			Services: []Mapping{{Project: "123456", Owner: "7890", Service: "payments-api", Environments: []string{"production"}}, {Project: "123456", Service: "ledger"}},
		},
		{Name: "ours", Kind: "gitlab", URL: "https://gitlab.example.com", Audience: "gate.example.com", CAFile: "/etc/ssl/ours.pem", Claims: map[string]string{}},
		{Name: "jenkins", Kind: "generic", URL: "https://ci.example.com/oidc", Audience: "shiphabit", Claims: map[string]string{"project": "sub", "run": "build_number"}},
	}
	if diff := cmp.Diff(want, c.Identity); diff != "" {
		t.Error(diff)
	}
}

func TestAnIssuerThatCouldVouchForStrangersIsRefused(t *testing.T) {
	t.Parallel()
	for sentence, c := range map[string]struct{ text, says string }{
		"keys in the open":            {`[{name: a, kind: gitlab, issuer: "http://gitlab.example.com"}]`, "an address like https://"},
		"nowhere":                     {`[{name: a, kind: generic}]`, "tokens of a generic issuer may come from anywhere"},
		"listed twice":                {`[{name: a, kind: github}, {name: b, kind: github}]`, "is listed before"},
		"a name in place of a number": {`[{name: a, kind: github, services: [{project_id: acme/pay, service: pay}]}]`, "a name can be taken over by others"},
		"an owner's name":             {`[{name: a, kind: github, services: [{project_id: "1", owner_id: acme, service: pay}]}]`, "a name can be taken over by others"},
		"no service":                  {`[{name: a, kind: github, services: [{project_id: "1"}]}]`, "service: is missing"},
		"the same twice":              {`[{name: a, kind: github, services: [{project_id: "1", service: x}, {project_id: "1", service: x}]}]`, "the same project and service"},
		"claims of a known kind":      {`[{name: a, kind: github, claims: {project: sub}}]`, "they are known"},
		"an unknown kind":             {`[{name: a, kind: saml, issuer: "https://a.example"}]`, "github, gitlab, generic"},
	} {
		_, err := Parse("f.yaml", []byte("identity: "+c.text), Options{})
		if err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, want %q", sentence, err, c.says)
		}
	}
}
