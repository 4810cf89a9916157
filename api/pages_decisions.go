package api

import (
	"context"
	"slices"
	"strings"
	"time"

	"shiphabit/metrics"
	"shiphabit/metrics/gate"
	"shiphabit/reports"
)

// decisionsPerPage is how many decisions a page of the log holds.
const decisionsPerPage = 50

func (s *Server) decisionsPage(r request) (reply, error) {
	q := r.URL.Query()
	p := reports.Decisions{Service: param1(q, "service"), Verdict: param1(q, "verdict")}
	verdict, err := verdictOf(p.Verdict)
	if err != nil {
		return reply{}, err
	}
	cursor, err := listCursor(param1(q, "cursor"))
	if err != nil {
		return reply{}, err
	}
	p.First = cursor == ""
	if p.List, p.Next, err = s.o.Store.DecisionsWith(r.Context(), p.Service, verdict, cursor, decisionsPerPage); err != nil {
		return reply{}, err
	}
	if p.Names, err = s.serviceNames(r.Context()); err != nil {
		return reply{}, err
	}
	if p.Service != "" && !slices.Contains(p.Names, p.Service) {
		p.Names = append(p.Names, p.Service) // the gate is asked about services of which nothing is recorded, too
	}
	p.Frame = s.gateFrame(r, "Decisions of the gate")
	if p.Records, err = s.recordsNamed(r.Context(), p.Clock, p.List); err != nil {
		return reply{}, err
	}
	p.JSON = reports.DecisionsJSON(p.Service)
	p.Lead = "What pipelines asked and what they were told, each with its reasons and what it rests on. A decision never changes."
	return s.html(p)
}

// recordsNamed are the records that the sentences of decisions may name. Few do: of those services alone facts are read.
func (s *Server) recordsNamed(ctx context.Context, clock reports.Clock, list []gate.Logged) (reports.Records, error) {
	var all []metrics.Facts
	for _, l := range list {
		read := slices.ContainsFunc(all, func(f metrics.Facts) bool { return f.Service == l.Request.Service })
		if read || !strings.Contains(l.Summary, "/") { // an id has its source before it
			continue
		}
		facts, err := s.gateFacts(ctx, l.Request.Service)
		if err != nil {
			return reports.Records{}, err
		}
		all = append(all, facts)
	}
	return reports.RecordsAmong(clock, all...), nil
}

// serviceNames are the services known, by name.
func (s *Server) serviceNames(ctx context.Context) ([]string, error) {
	services, err := s.o.Store.Services(ctx)
	names := make([]string, len(services))
	for i, service := range services {
		names[i] = service.Name
	}
	return names, err
}

func (s *Server) decisionPage(r request) (reply, error) {
	logged, err := s.o.Store.Decision(r.Context(), r.param("id"))
	if s.is(err, NotFound) {
		return reply{}, fail(NotFound, "no decision has the id "+shorten(r.param("id"))+"; /gate/decisions lists them")
	}
	if err != nil {
		return reply{}, err
	}
	p := reports.Decision{Frame: s.gateFrame(r, logged.Request.Service+" in "+logged.Request.Environment+": "+string(logged.Verdict)), Logged: logged}
	p.JSON = reports.DecisionJSON(logged.ID)
	p.Lead = "A decision of the gate. It never changes; what became known later does not touch it."
	p.Replay, p.Same = replayWords(logged)
	if policy, err := gate.ParsePolicy(logged.PolicyDoc); err == nil { // what cannot be read is told by replayWords
		p.Outlook = gate.OutlookOf(logged.Decision, policy, logged.Snapshot, logged.Request)
	}
	facts, err := s.gateFacts(r.Context(), logged.Request.Service)
	if err != nil {
		return reply{}, err
	}
	p.Records = reports.RecordsAmong(p.Clock, facts)
	if p.Outcome, p.Later, err = s.became(r.Context(), logged, facts); err != nil {
		return reply{}, err
	}
	return s.html(p)
}

func replayWords(l gate.Logged) (words string, same bool) {
	switch _, same, err := gate.Replay(l); {
	case err != nil:
		return "The policy or input that was kept cannot be judged by this version: " + err.Error() + ".", false
	case same:
		return "Judged again from the policy and input that were kept, it comes out as the same bytes.", true
	default:
		return "Judged again from the policy and input that were kept, this version decides differently.", false
	}
}

// became tells what became of what a decision let through, or of what it stopped and went out all the same.
func (s *Server) became(ctx context.Context, l gate.Logged, facts metrics.Facts) (passed, later *gate.PromotionOutcome, err error) {
	policy, err := gate.ParsePolicy(l.PolicyDoc)
	if err != nil { // the page tells so already; what is known of the deployment does not hang on it
		policy = s.o.Policy(metrics.Service{Name: l.Request.Service, Tier: l.Snapshot.Tier, Team: l.Snapshot.Team})
	}
	granted, err := s.o.Store.ProbeGrants(ctx, l.Request.Service, time.Time{})
	if err != nil {
		return nil, nil, err
	}
	outcome := l.Outcome(facts, policy, s.o.Clock(), granted)
	if err := s.rolledBack(ctx, l.Request.Service, &outcome); err != nil {
		return nil, nil, err
	}
	if _, let := l.Promotion(); let {
		return &outcome, nil, nil
	}
	if outcome.Deployment == "" {
		return nil, nil, nil
	}
	return nil, &outcome, nil
}
