package api

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"shiphabit/metrics"
	"shiphabit/metrics/gate"
)

// overrideStore keeps overrides and the gate's log of deeds.
type overrideStore interface {
	// AddOverride refuses one that with others of the same scope would let through more than most (Duplicate).
	AddOverride(ctx context.Context, o gate.Override, most int) error
	// AgreeOverride notes one more person, and in which of the policy's roles.
	AgreeOverride(ctx context.Context, id, by string, roles []string) (gate.Override, error)
	WithdrawOverride(ctx context.Context, id, by string) (gate.Override, error)
	Overrides(ctx context.Context, service string) ([]gate.Override, error)
	NoteGate(ctx context.Context, e gate.LogEntry) error
	GateLog(ctx context.Context, after int64, limit int) ([]gate.LogEntry, error)
}

// overrideRequest asks for an override: of a decision, or for a service.
type overrideRequest struct {
	Decision    string   `json:"decision,omitempty"`
	Service     string   `json:"service,omitempty"`
	Environment string   `json:"environment,omitempty"`
	Criteria    []string `json:"criteria,omitempty"`
	Reason      string   `json:"reason"`
	Category    string   `json:"category"`
	// ForSeconds is how long it holds; the most that the policy allows when left out.
	ForSeconds int64 `json:"for_seconds,omitempty"`
	Uses       int   `json:"uses,omitempty"`
}

type overridesResponse struct {
	Overrides []gate.Override `json:"overrides"`
}

type gateLogResponse struct {
	Entries []gate.LogEntry `json:"entries"`
	// Next is the number to go on after, 0 at the end.
	Next int64 `json:"next,omitempty"`
}

type gateLogCheck struct {
	Entries int64 `json:"entries"`
	Intact  bool  `json:"intact"`
	// Fault says what is wrong with the first entry that does not fit.
	Fault string `json:"fault,omitempty"`
	// Last is the hash of the last entry: kept elsewhere, it shows whether the end was cut off.
	Last string `json:"last,omitempty"`
}

func (s *Server) overrideRoutes() []route {
	return []route{
		{
			method: http.MethodPost, path: "/api/v1/gate/overrides", scope: Override, handle: s.addOverride,
			summary: "Set criteria aside for a while, with a reason of at least 20 characters and a category. Where the policy wants several people it does nothing until so many agree, and where it names roles everybody who does needs one of them. Overrides of the same scope share the policy's number of uses",
			request: overrideRequest{}, response: gate.Override{},
		},
		{
			method: http.MethodGet, path: "/api/v1/gate/overrides", scope: Read, handle: s.overrides, response: overridesResponse{},
			summary: "Overrides, those that expire last first", query: []parameter{{"service", "only of this service"}},
		},
		{
			method: http.MethodPost, path: "/api/v1/gate/overrides/:id/agree", scope: Override, handle: s.agreeOverride, response: gate.Override{},
			summary: "Agree to an override as one more person, who needs one of the roles where the policy names any",
		},
		{
			method: http.MethodPost, path: "/api/v1/gate/overrides/:id/withdraw", scope: Override, handle: s.withdrawOverride, response: gate.Override{},
			summary: "End an override before its time",
		},
		{
			method: http.MethodGet, path: "/api/v1/gate/log", scope: Read, handle: s.gateLog, response: gateLogResponse{},
			summary: "What people did about the gate, in order; each entry carries the hash of the one before",
			query:   []parameter{{"after", "number of the entry to go on after"}, {"limit", "how many, 1 to 200; 50 when left out"}},
		},
		{
			method: http.MethodGet, path: "/api/v1/gate/log/check", scope: Read, handle: s.checkGateLog, response: gateLogCheck{},
			summary: "Whether the log is whole: no entry changed, taken out or put in",
		},
	}
}

func (s *Server) addOverride(r request) (reply, error) {
	data, err := askBody(r)
	if err != nil {
		return reply{}, err
	}
	var asked overrideRequest
	if err := decodeJSON(data, &asked); err != nil {
		return reply{}, err
	}
	o, service, err := s.overrideOf(r, asked)
	if err != nil {
		return reply{}, err
	}
	policy := s.o.Policy(service)
	roles, err := s.rolesFor(r, o, service)
	if err != nil {
		return reply{}, err
	}
	o.NoteRoles(o.By, roles)
	o.ExpiresAt, o.Persons = o.StartsAt.Add(holdsFor(asked, policy.Overrides)), policy.Overrides.Persons
	if wrong := o.Check(policy.Overrides, policy.CriteriaNames()); len(wrong) > 0 {
		var faults []metrics.Fault
		for _, w := range wrong {
			field, problem, _ := strings.Cut(w.Error(), ": ")
			faults = append(faults, metrics.Fault{Line: 1, Field: field, Problem: problem})
		}
		if err := s.noteRefused(r, o, wrong[0].Error()); err != nil {
			return reply{}, err
		}
		return reply{}, &Error{Kind: Invalid, Detail: "the override is refused: " + wrong[0].Error(), Faults: faults}
	}
	err = s.o.Store.AddOverride(r.Context(), o, policy.Overrides.Uses)
	if s.is(err, Conflict) {
		return reply{}, errors.Join(err, s.noteRefused(r, o, err.Error()))
	}
	if err != nil {
		return reply{}, err
	}
	return reply{JSON: o}, nil
}

// overrideOf is the override that is asked for, with what the decision says in place of the request, and the service that it is for.
func (s *Server) overrideOf(r request, asked overrideRequest) (gate.Override, metrics.Service, error) {
	now := s.o.Clock().UTC().Truncate(time.Millisecond)
	o := gate.Override{
		ID: newID("ov_", now), Service: asked.Service, Environment: asked.Environment, Criteria: asked.Criteria, Reason: asked.Reason,
		Category: asked.Category, By: r.caller.Name, Decision: asked.Decision, StartsAt: now, Uses: max(asked.Uses, 0),
	}
	if o.Decision != "" {
		logged, err := s.o.Store.Decision(r.Context(), o.Decision)
		if err != nil {
			return o, metrics.Service{}, err
		}
		if err := s.overridable(logged, asked); err != nil {
			return o, metrics.Service{}, err
		}
		o.Service, o.Environment = logged.Request.Service, logged.Request.Environment
		o.Digest, o.Commit = logged.Request.Artifact.Digest, logged.Request.Commit
	}
	if o.Service == "" {
		return o, metrics.Service{}, fail(Invalid, "name the decision or the service that the override is for")
	}
	if o.Environment == "" {
		o.Environment = string(metrics.Production)
	}
	service, err := s.overridden(r.Context(), o.Service)
	if o.Uses == 0 {
		o.Uses = 1
	}
	return o, service, err
}

// overridden is the service that an override is for; one of which nothing is recorded will do where the gate was asked about it.
func (s *Server) overridden(ctx context.Context, name string) (metrics.Service, error) {
	service, err := s.o.Store.Service(ctx, name)
	if err != nil && !s.is(err, NotFound) {
		return service, err
	}
	if err != nil {
		service = metrics.Service{Name: name}
		asked, _, err := s.o.Store.Decisions(ctx, name, "", 1)
		if err != nil {
			return service, err
		}
		if len(asked) == 0 {
			return service, fail(Invalid, fmt.Sprintf("there is no service %q: nothing is recorded of it, and nobody has asked the gate about it", shorten(name)))
		}
	}
	service.Tier = gate.TierOf(service)
	return service, nil
}

// holdsFor is how long an override is to hold: the most that the policy allows when the request leaves it out.
func holdsFor(asked overrideRequest, rule gate.OverrideRule) time.Duration {
	if asked.ForSeconds == 0 {
		return time.Duration(rule.MaxSeconds) * time.Second
	}
	return time.Duration(asked.ForSeconds) * time.Second
}

// overridable refuses a decision that there is nothing to set aside in, and a request that names another service or environment.
func (s *Server) overridable(d gate.Logged, asked overrideRequest) error {
	switch {
	case asked.Service != "" && asked.Service != d.Request.Service:
		return fail(Invalid, fmt.Sprintf("decision %s is about %s and not about %s; leave the service out", d.ID, shorten(d.Request.Service), shorten(asked.Service)))
	case asked.Environment != "" && !strings.EqualFold(asked.Environment, d.Request.Environment):
		return fail(Invalid, fmt.Sprintf("decision %s is about %s and not about %s; leave the environment out", d.ID, shorten(d.Request.Environment), shorten(asked.Environment)))
	case d.Verdict != gate.Block && d.Verdict != gate.Hold:
		return fail(Conflict, fmt.Sprintf("decision %s says %s: it lets the promotion through, and there is nothing to set aside", d.ID, d.Verdict))
	}
	return nil
}

func (s *Server) overrides(r request) (reply, error) {
	list, err := s.o.Store.Overrides(r.Context(), r.URL.Query().Get("service"))
	if list == nil {
		list = []gate.Override{}
	}
	return reply{JSON: overridesResponse{list}}, err
}

func (s *Server) agreeOverride(r request) (reply, error) {
	list, err := s.o.Store.Overrides(r.Context(), "")
	if err != nil {
		return reply{}, err
	}
	var roles []string
	for _, o := range list {
		if o.ID != r.param("id") {
			continue
		}
		if roles, err = s.mayAgree(r, o); err != nil {
			return reply{}, err
		}
	}
	o, err := s.o.Store.AgreeOverride(r.Context(), r.param("id"), r.caller.Name, roles)
	return reply{JSON: o}, err
}

// mayAgree refuses whoever asked for an override, and whoever has none of the roles that the policy names; the roles are those that count.
func (s *Server) mayAgree(r request, o gate.Override) ([]string, error) {
	if o.By == r.caller.Name {
		err := s.noteRefused(r, o, "asked and agreed by the same caller")
		return nil, cmp.Or(err, fail(Conflict, "another person has to agree, and "+r.caller.Name+" is the one who asked"))
	}
	service, err := s.overridden(r.Context(), o.Service)
	if err != nil {
		return nil, err
	}
	return s.rolesFor(r, o, service)
}

func (s *Server) withdrawOverride(r request) (reply, error) {
	o, err := s.o.Store.WithdrawOverride(r.Context(), r.param("id"), r.caller.Name)
	return reply{JSON: o}, err
}

func (s *Server) gateLog(r request) (reply, error) {
	q := r.URL.Query()
	limit, err := limitOf(q.Get("limit"), 50, 200)
	if err != nil {
		return reply{}, err
	}
	after := int64(0)
	if word := q.Get("after"); word != "" {
		if after, err = strconv.ParseInt(word, 10, 64); err != nil || after < 0 {
			return reply{}, fail(Invalid, fmt.Sprintf("after %q is no number of an entry", shorten(word)))
		}
	}
	list, err := s.o.Store.GateLog(r.Context(), after, limit+1)
	if err != nil {
		return reply{}, err
	}
	answer := gateLogResponse{Entries: append([]gate.LogEntry{}, list...)}
	if len(list) > limit {
		answer.Entries, answer.Next = answer.Entries[:limit], list[limit-1].Seq
	}
	return reply{JSON: answer}, nil
}

func (s *Server) checkGateLog(r request) (reply, error) {
	const page = 1000
	answer := gateLogCheck{Intact: true}
	for {
		list, err := s.o.Store.GateLog(r.Context(), answer.Entries, page)
		if err != nil {
			return reply{}, err
		}
		fault, last := gate.BrokenAt(list, answer.Entries, answer.Last)
		if fault != "" {
			answer.Intact, answer.Fault = false, fault
			return reply{JSON: answer}, nil
		}
		answer.Entries, answer.Last = answer.Entries+int64(len(list)), last
		if len(list) < page {
			return reply{JSON: answer}, nil
		}
	}
}

// override finds one that holds for a promotion, one for all criteria before one for some. One that would have been used and does nothing
// is told in the log, once per decision.
func override(list []gate.Override, r gate.Request, asker string, p gate.Policy, now time.Time) *gate.Waiver {
	var some *gate.Waiver
	for _, o := range list {
		if !strings.EqualFold(o.Environment, r.Environment) || !o.For(r) || o.Idle(now, asker, p.Overrides, asker == local) != "" {
			continue
		}
		if len(o.Criteria) == 0 {
			return o.Waiver()
		}
		if some == nil {
			some = o.Waiver()
		}
	}
	return some
}

// noteIdle tells of overrides that a stopped promotion might have gone by, and why they did nothing: those that expired less than a day
// ago, are used up, or wait for more people. One for another artifact was never meant for it.
func (s *Server) noteIdle(ctx context.Context, l gate.Logged, list []gate.Override, p gate.Policy) error {
	if l.Verdict != gate.Block && l.Verdict != gate.Hold {
		return nil
	}
	for _, o := range list {
		idle := o.Idle(l.At, l.Caller, p.Overrides, l.Caller == local)
		if idle == "" || !o.For(l.Request) || !strings.EqualFold(o.Environment, l.Request.Environment) || l.At.Sub(o.ExpiresAt) > 24*time.Hour {
			continue
		}
		err := s.o.Store.NoteGate(ctx, gate.LogEntry{Kind: gate.LogIdle, Subject: o.ID, Service: o.Service, Actor: l.Caller, Details: "decision " + l.ID + ": " + idle})
		if err != nil {
			return err
		}
	}
	return nil
}
