package doctor

import "strings"

// Role is one that the configuration gives to API tokens, of which some cannot be used.
type Role struct {
	Name string
	Team string // for whose services it counts; empty for all
	// Gone are the tokens of it that nobody can use, each with why: "ada (revoked)". Secrets are never told.
	Gone []string
	// Lost: no other token has the role, and a policy in force has overrides take it.
	Lost bool
}

// Says tells what is wrong with the role.
func (r Role) Says() string {
	says := "The role " + quoted(r.Name)
	if r.Team != "" {
		says += " of team " + r.Team
	}
	verb := " names tokens that nobody can use: "
	if len(r.Gone) == 1 {
		verb = " names a token that nobody can use: "
	}
	says += verb + strings.Join(r.Gone, ", ") + "."
	if r.Lost {
		says += " No other token has it, and overrides of a policy in force take it: nobody can override by it."
	}
	return says
}

// Remedy is the step that gives the role to somebody again.
func (r Role) Remedy() string {
	return "make the token (`shiphabit token create NAME --scope override`), or name one that is in force under roles in the configuration; `shiphabit token list` shows them"
}

// roles tells of those that name tokens which nobody can use.
func (d *diagnosis) roles() {
	if d.q.Service != "" {
		return
	}
	for _, r := range d.q.Roles {
		f := Finding{Code: "role-token", Severity: Gap, What: r.Says(), Remedy: r.Remedy()}
		if r.Lost {
			f.Code, f.Severity = "role-lost", Trouble
		}
		d.add(f)
	}
}
