package api

import (
	"cmp"
	"strings"

	"shiphabit/metrics"
	"shiphabit/metrics/gate"
)

// rolesFor are the caller's roles that the policy of a service counts for an override. Where it names roles, a caller who has none of them is
// refused, and the log says so.
func (s *Server) rolesFor(r request, o gate.Override, service metrics.Service) ([]string, error) {
	rule, held := s.policy(service).Policy().Overrides, []string(nil)
	if name, ok := strings.CutPrefix(r.caller.Name, tokenCaller); ok && s.o.Roles != nil {
		held = s.o.Roles(name, service)
	}
	who := r.caller.Name
	if who == local {
		who = "whoever sends no token"
	}
	barred := rule.Bars(who, shorten(o.Service), held)
	if barred == "" {
		return rule.Counting(held), nil
	}
	return nil, cmp.Or(s.noteRefused(r, o, barred), fail(Forbidden, barred+"; the configuration says under roles which tokens have it"))
}

// noteRefused tells in the gate's log of something about an override that the caller was refused.
func (s *Server) noteRefused(r request, o gate.Override, why string) error {
	return s.o.Store.NoteGate(r.Context(), gate.LogEntry{Kind: gate.LogRefused, Subject: o.ID, Service: o.Service, Actor: r.caller.Name, Details: why})
}
