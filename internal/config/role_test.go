package config

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"shiphabit/metrics"
	"shiphabit/metrics/gate"
)

const rolesHead = `roles:
  - {name: on-call, tokens: [ada, bob]}
  - {name: release manager, tokens: []}
teams:
  - {name: money, roles: [{name: team-lead, tokens: [eve, ada]}]}
  - {name: web, roles: [{name: on-call, tokens: [zoe]}]}
services:
  - {name: pay, team: money, tier: critical}
  - {name: shop, team: web}
  - {name: alone}
`

// namingRoles is a configuration whose organisation, and one layer further in, name roles.
func namingRoles(organisation, layer, who string) []byte {
	return fmt.Appendf([]byte(rolesHead), `policies:
  - {apiVersion: shiphabit/v1, kind: Policy, metadata: {name: org}, locked: [overrides], overrides: {%s}}
  - apiVersion: shiphabit/v1
    kind: Policy
    metadata: {name: inner}
    applies_to: {%s}
    overrides:
      who: %s
`, organisation, layer, who)
}

func TestATokenHasTheRolesOfAllAndOfTheServicesTeam(t *testing.T) {
	t.Parallel()
	c := mustParse(t, rolesHead)
	for of, want := range map[[2]string][]string{
		{"ada", "pay"}: {"on-call", "team-lead"}, {"ada", "shop"}: {"on-call"}, {"ada", "alone"}: {"on-call"},
		{"eve", "pay"}: {"team-lead"}, {"eve", "shop"}: nil, {"zoe", "shop"}: {"on-call"}, {"zoe", "pay"}: nil, {"Ada", "pay"}: nil, {"nobody", "alone"}: nil,
	} {
		s := c.Services[slices.IndexFunc(c.Services, func(s Service) bool { return s.Name == of[1] })]
		if got := c.RolesOf(of[0], s.Service); !slices.Equal(got, want) {
			t.Errorf("%s has %q for %s, want %q", of[0], got, of[1], want)
		}
	}
}

func TestALockedListOfRolesMayOnlyBecomeShorter(t *testing.T) {
	t.Parallel()
	const loosens = "f.yaml:18: policies[1].overrides.who: loosens overrides, which organisation has locked; leave it out, or tighten it"
	for sentence, of := range map[string]struct{ organisation, who, want string }{
		"the same":              {"who: [on-call, team-lead]", "[team-lead, on-call]", ""},
		"one of two":            {"who: [on-call, team-lead]", "[team-lead]", ""},
		"some instead of all":   {"persons: 2", "[on-call, team-lead]", ""},
		"another one":           {"who: [on-call]", "[team-lead]", loosens},
		"one more":              {"who: [on-call]", "[on-call, team-lead]", loosens},
		"fewer, and another":    {"who: [on-call, release manager]", "[team-lead]", loosens},
		"none, which means all": {"who: [on-call]", "[]", "f.yaml:18: policies[1].overrides.who: is empty; name the roles, or leave it out where nobody needs one"},
	} {
		c, err := Parse("f.yaml", namingRoles(of.organisation, "team: money", of.who), Options{})
		if err != nil && of.want == "" || of.want != "" && (err == nil || !strings.Contains(err.Error(), of.want)) {
			t.Errorf("%s: %v, want %q", sentence, err, of.want)
		}
		if of.want == "" {
			if got := "[" + strings.Join(c.Policy(c.Services[0].Service).Overrides.Who, ", ") + "]"; got != of.who {
				t.Errorf("%s: in force is %s", sentence, got)
			}
		}
	}
}

func TestARoleThatIsNotDeclaredWhereAPolicyHoldsIsAFault(t *testing.T) {
	t.Parallel()
	unknown := func(role string) string {
		return fmt.Sprintf("f.yaml:18: policies[1].overrides.who[0]: there is no role %q; declare it under roles, or under roles of a team that the policy holds for, or correct the name", role)
	}
	for sentence, of := range map[string]struct{ layer, who, want string }{
		"of nobody":                   {"tier: high", "[oncall]", unknown("oncall")},
		"of another team":             {"team: web", "[team-lead]", unknown("team-lead")},
		"of another team's service":   {"service: shop", "[team-lead]", unknown("team-lead")},
		"of a service without a team": {"service: alone", "[team-lead]", unknown("team-lead")},
		"of its own team":             {"team: money", "[team-lead]", ""},
		"of its service's team":       {"service: pay", "[team-lead]", ""},
		"of some team, for a tier":    {"tier: high", "[team-lead]", ""},
		"of all":                      {"service: alone", "[on-call]", ""},
		"named twice":                 {"tier: high", "[on-call, on-call]", `names "on-call" twice; keep one of them`},
		"that no sentence can list":   {"tier: high", `["a, b"]`, `"a, b" does not fit; write the name of a role like on-call`},
	} {
		_, err := Parse("f.yaml", namingRoles("persons: 2", of.layer, of.who), Options{})
		if err != nil && of.want == "" || of.want != "" && (err == nil || !strings.Contains(err.Error(), of.want)) {
			t.Errorf("%s: %v, want %q", sentence, err, of.want)
		}
	}
	for want, text := range map[string]string{
		`roles[1].name: "on-call" is used before`:          "roles: [{name: on-call, tokens: [ada]}, {name: on-call, tokens: [bob]}]",
		"roles[0].tokens: is missing":                      "roles: [{name: on-call}]",
		`teams[0].roles[1].name: "on-call" is used before`: "teams: [{name: web, roles: [{name: on-call, tokens: []}, {name: on-call, tokens: []}]}]",
	} {
		if _, err := Parse("f.yaml", []byte(text), Options{}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%v, want %q", err, want)
		}
	}
}

func TestRolesThatTooFewHaveAreWarnedOf(t *testing.T) {
	t.Parallel()
	const nobody = "overrides.who: nobody has the role release manager; name tokens that have it under roles, or leave it out"
	short := func(persons, takes, teams string) string {
		return "overrides.who: an override takes " + persons + " with " + takes + ", and fewer tokens have that for services of " + teams + "; name more under roles"
	}
	for sentence, of := range map[string]struct {
		layer, who string
		service    metrics.Service
		want       []string
	}{
		"enough":                       {"tier: critical", "[on-call]", metrics.Service{Tier: metrics.Critical}, nil},
		"one role of nobody":           {"tier: critical", "[on-call, release manager]", metrics.Service{Tier: metrics.Critical}, []string{nobody}},
		"no role of anybody":           {"tier: critical", "[release manager]", metrics.Service{Tier: metrics.Critical}, []string{nobody, short("2", "the role release manager", "money, web")}},
		"a role of one team":           {"tier: high", "[team-lead]", metrics.Service{Tier: metrics.High}, []string{short("1", "the role team-lead", "web")}},
		"a team's own policy":          {"team: money", "[team-lead]", metrics.Service{Tier: metrics.High, Team: "money"}, nil},
		"a service without a team":     {"service: alone", "[release manager]", metrics.Service{Name: "alone", Tier: metrics.High}, []string{nobody, short("1", "the role release manager", "no team")}},
		"a policy that names no roles": {"tier: high", "[on-call]", metrics.Service{Tier: metrics.Low}, nil},
	} {
		c, err := Parse("f.yaml", namingRoles("uses: 1", of.layer, of.who), Options{})
		if err != nil {
			t.Fatalf("%s: %v", sentence, err)
		}
		p := c.Policy(of.service)
		if got := c.Unheld(p, p); !slices.Equal(got, of.want) {
			t.Errorf("%s:\n%q, want\n%q", sentence, got, of.want)
		}
	}
	if c := mustParse(t, "roles: [{name: on-call, tokens: [ada]}]\npolicies: [{apiVersion: shiphabit/v1, kind: Policy, metadata: {name: org}, overrides: {who: [on-call], persons: 2}}]"); len(c.Unheld(c.Policy(metrics.Service{}))) != 1 {
		t.Error("where there are no teams, two persons of whom there is one are not warned of")
	}
}

func TestRolesOfAPolicyAreExplainedAndAPolicyWithoutThemKeepsItsDigest(t *testing.T) {
	t.Parallel()
	c, err := Parse("f.yaml", namingRoles("persons: 2", "service: pay", "[on-call, team-lead]"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	who := func(s metrics.Service) (found []Origin) {
		for _, o := range c.Origins(s) {
			if o.Path == "overrides.who" {
				found = append(found, o)
			}
		}
		return found
	}
	want := Origin{"overrides.who", "[on-call, team-lead]", "service:pay", "f.yaml", 18, "", "organisation", 12}
	if got := who(c.Services[0].Service); len(got) != 1 || got[0] != want {
		t.Errorf("%+v, want\n%+v", got, want)
	}
	if got := who(c.Services[1].Service); got != nil {
		t.Errorf("where no roles are named: %+v", got)
	}
	named, without := c.Policy(c.Services[0].Service), c.Policy(c.Services[0].Service)
	without.Overrides.Who = []string{}
	if text := string(without.Canonical()); strings.Contains(text, `"who"`) || without.Digest() == named.Digest() {
		t.Errorf("a policy without roles: %s", text)
	}
	for _, p := range []gate.Policy{named, without} {
		if again, err := gate.ParsePolicy(p.Canonical()); err != nil || again.Digest() != p.Digest() {
			t.Errorf("stored and read again: %v", err)
		}
	}
}

func TestARoleIsNeededWhereAPolicyTakesItAndHeldByThoseWhoHaveItEverywhere(t *testing.T) {
	t.Parallel()
	c := mustParse(t, `
roles: [{name: on-call, tokens: [ada]}, {name: spare, tokens: [dan]}]
teams: [{name: pay, roles: [{name: on-call, tokens: [bob]}, {name: lead, tokens: [cy]}]}, {name: web, roles: [{name: lead, tokens: [eve]}]}]
policies: [{apiVersion: shiphabit/v1, kind: Policy, metadata: {name: pay}, applies_to: {team: pay}, overrides: {who: [on-call, lead]}}]`)
	var got []string
	for _, h := range c.HeldRoles(c.Policy(metrics.Service{Team: "pay"})) {
		got = append(got, fmt.Sprint(h.Team, " ", h.Name, " ", h.Tokens, " ", h.Holders, " ", h.Needed))
	}
	want := []string{" on-call [ada] [ada] true", " spare [dan] [dan] false", "pay on-call [bob] [ada bob] true", "pay lead [cy] [cy] true", "web lead [eve] [eve] false"}
	if !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}
