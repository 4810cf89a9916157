package config

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"shiphabit/metrics"
	"shiphabit/metrics/gate"
)

// Role says which API tokens have a role, by their names: the product knows no other people.
type Role struct {
	Name   string
	Tokens []string
}

// rolesField has no place in the example: a role names tokens, and those are not there for everybody.
func rolesField(doc string) field {
	return objects("roles", "none", doc,
		value("name", aRole, "", "Name of the role, as policies name it.").must(),
		list("tokens", aName, "", "Names of the API tokens that have it, as `shiphabit token list` shows them; `[]` while there are none.").must(),
	)
}

func (l *loader) roles(path string, n node) []Role {
	var roles []Role
	names := map[string]bool{}
	for i, item := range n.items() {
		at := fmt.Sprintf("%s[%d]", path, i)
		l.unique(names, at, item)
		roles = append(roles, Role{Name: item.at("name").text(), Tokens: item.at("tokens").texts()})
	}
	return roles
}

// rolesNamed reports roles of a policy that nobody declares where it holds.
func (l *loader) rolesNamed(path string, n node, layer string, c Config) {
	if n.Node != nil && len(n.items()) == 0 {
		l.at(path, "is empty", "name the roles, or leave it out where nobody needs one")
	}
	known := slices.Clone(c.Roles)
	for _, t := range c.Teams {
		if slices.Contains(c.reach([]string{layer}), t.Name) {
			known = append(known, t.Roles...)
		}
	}
	for i, role := range n.texts() {
		if !slices.ContainsFunc(known, func(r Role) bool { return r.Name == role }) {
			l.at(fmt.Sprintf("%s[%d]", path, i), "there is no role "+quote(role), "declare it under roles, or under roles of a team that the policy holds for, or correct the name")
		}
	}
}

// reach are the teams for whose services a policy of these layers holds: of the innermost layer that names one, else all. No team is "".
func (c Config) reach(layers []string) []string {
	for _, layer := range slices.Backward(layers) {
		kind, name, _ := strings.Cut(layer, ":")
		if kind == "team" {
			return []string{name}
		}
		if i := slices.IndexFunc(c.Services, func(s Service) bool { return s.Name == name }); kind == "service" && i >= 0 {
			return []string{c.Services[i].Team}
		}
	}
	var all []string
	for _, t := range c.Teams {
		all = append(all, t.Name)
	}
	if len(all) == 0 {
		return []string{""}
	}
	return all
}

// RolesOf are the roles that an API token has for a service, by the token's name: those for all services, and those for its team's.
func (c Config) RolesOf(token string, s metrics.Service) []string {
	var held []string
	for _, role := range c.rolesFor(s.Team) {
		if slices.Contains(role.Tokens, token) && !slices.Contains(held, role.Name) {
			held = append(held, role.Name)
		}
	}
	return held
}

// rolesFor are the roles that count for a team's services.
func (c Config) rolesFor(team string) []Role {
	t, _ := c.Team(team)
	return slices.Concat(c.Roles, t.Roles)
}

// Unheld warns of roles that no token has, and of teams for whose services too few have one, so that an override cannot come about.
func (c Config) Unheld(policies ...gate.Policy) []string {
	var says []string
	for _, p := range policies {
		for _, warning := range append(c.withoutHolder(p), c.withTooFew(p)...) {
			if !slices.Contains(says, warning) {
				says = append(says, warning)
			}
		}
	}
	return says
}

func (c Config) withoutHolder(p gate.Policy) []string {
	var says []string
	for _, role := range p.Overrides.Who {
		if len(c.holders([]string{role}, c.reach(p.Layers))) == 0 {
			says = append(says, fmt.Sprintf("overrides.who: nobody has the role %s; name tokens that have it under roles, or leave it out", role))
		}
	}
	return says
}

func (c Config) withTooFew(p gate.Policy) []string {
	if len(p.Overrides.Who) == 0 {
		return nil
	}
	var teams []string
	for _, team := range c.reach(p.Layers) {
		if len(c.holders(p.Overrides.Who, []string{team})) < p.Overrides.Persons {
			teams = append(teams, cmp.Or(team, "no team"))
		}
	}
	if len(teams) == 0 {
		return nil
	}
	return []string{fmt.Sprintf("overrides.who: an override takes %d with %s, and fewer tokens have that for services of %s; name more under roles",
		p.Overrides.Persons, p.Overrides.Takes(), strings.Join(teams, ", "))}
}

// HeldRole is a role as it is declared in one place.
type HeldRole struct {
	Role
	Team string // for whose services it counts; empty for all
	// Needed: a policy has overrides take it. Holders are the tokens that have it there, those that have it everywhere among them.
	Needed  bool
	Holders []string
}

// HeldRoles are all roles that are declared, and whether one of these policies takes them.
func (c Config) HeldRoles(policies ...gate.Policy) []HeldRole {
	var held []HeldRole
	add := func(team string, roles []Role) {
		for _, role := range roles {
			h := HeldRole{Role: role, Team: team, Holders: slices.Sorted(maps.Keys(c.holders([]string{role.Name}, []string{team})))}
			h.Needed = slices.ContainsFunc(policies, func(p gate.Policy) bool {
				return slices.Contains(p.Overrides.Who, role.Name) && (team == "" || slices.Contains(c.reach(p.Layers), team))
			})
			held = append(held, h)
		}
	}
	add("", c.Roles)
	for _, t := range c.Teams {
		add(t.Name, t.Roles)
	}
	return held
}

// holders are the tokens that have one of the roles for one of the teams.
func (c Config) holders(roles, teams []string) map[string]bool {
	held := map[string]bool{}
	for _, team := range teams {
		for _, role := range c.rolesFor(team) {
			for _, token := range role.Tokens {
				if slices.Contains(roles, role.Name) {
					held[token] = true
				}
			}
		}
	}
	return held
}
