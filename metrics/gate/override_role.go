package gate

import (
	"fmt"
	"slices"
	"strings"
)

// Counting are those of the roles that somebody has of which the rule wants one.
func (r OverrideRule) Counting(held []string) []string {
	var counting []string
	for _, role := range r.Who {
		if slices.Contains(held, role) {
			counting = append(counting, role)
		}
	}
	return counting
}

// Bars says why somebody may neither ask for an override of a service nor agree to one, "" when nothing speaks against it.
func (r OverrideRule) Bars(who, service string, held []string) string {
	if len(r.Who) == 0 || len(r.Counting(held)) > 0 {
		return ""
	}
	return fmt.Sprintf("%s may not override %s: that takes %s", who, service, r.Takes())
}

// Lacking says who stands behind an override and had none of the roles that the rule wants now, "" when everybody had one. What counts is what
// they were when they did: an override outlives a change of shift, and one from before roles were agreed does nothing.
func (o Override) Lacking(r OverrideRule) string {
	for _, who := range o.Agreed() {
		if len(r.Who) > 0 && len(r.Counting(o.Roles[who])) == 0 {
			return fmt.Sprintf("it takes %s, and %s had none", r.Takes(), who)
		}
	}
	return ""
}

// NoteRoles notes in which roles somebody stands behind an override.
func (o *Override) NoteRoles(who string, roles []string) {
	if len(roles) == 0 {
		return
	}
	if o.Roles == nil {
		o.Roles = map[string][]string{}
	}
	o.Roles[who] = roles
}

// Takes names the roles of which one is needed, "" where none is.
func (r OverrideRule) Takes() string {
	switch len(r.Who) {
	case 0:
		return ""
	case 1:
		return "the role " + r.Who[0]
	}
	return "one of the roles " + strings.Join(r.Who, ", ")
}
