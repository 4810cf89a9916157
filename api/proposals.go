package api

import (
	"context"
	"net/http"
	"time"

	"shiphabit/metrics"
	"shiphabit/metrics/gate"
	"shiphabit/reports"
)

// observationStore reads what shows whether criteria may do more.
type observationStore interface {
	// Observations are the latest decisions about a service, newest first, each with its policy and how its criteria came out.
	Observations(ctx context.Context, service string, limit int) ([]gate.Observation, error)
}

// ObservedDecisions is how many of the latest decisions about a service are looked at: far more than a step needs, and few enough for a page.
const ObservedDecisions = 500

// proposalsResponse tells of each criterion of a service that only observes or warns whether it may do more. Nothing is changed by it.
type proposalsResponse struct {
	Service string         `json:"service"`
	Policy  gate.PolicyRef `json:"policy"` // in force
	AsOf    time.Time      `json:"as_of"`
	// Read is how many decisions were looked at: the latest, 500 at most.
	Read      int               `json:"decisions_read"`
	Proposals []gate.Graduation `json:"proposals"`
	// Amendment is what to write into the policy for those that are ready; null when none is.
	Amendment *gate.Amendment `json:"amendment"`
}

func (s *Server) proposalRoutes() []route {
	return []route{{
		method: http.MethodGet, path: "/api/v1/gate/proposals", scope: Read, handle: s.proposalsJSON, response: proposalsResponse{},
		summary: "Which criteria of a service that only observe or warn in production may do more, by the decisions observed and by the backtest's wrong stops against the promise, with the lines for the policy file; nothing is changed",
		query:   []parameter{{"service", "the service; required"}},
	}}
}

func (s *Server) proposalsJSON(r request) (reply, error) {
	name := param1(r.URL.Query(), "service")
	if name == "" {
		return reply{}, fail(Invalid, "service is missing: name the one whose criteria are asked about; 'shiphabit policy propose' tells of whole tiers")
	}
	service, err := s.knownToGate(r.Context(), name)
	if err != nil {
		return reply{}, err
	}
	answer, err := s.proposals(r.Context(), service)
	return reply{JSON: answer}, err
}

// proposals folds the record of one service, as its page does for the meters; a decision has no part in it.
func (s *Server) proposals(ctx context.Context, service metrics.Service) (proposalsResponse, error) {
	service.Tier = gate.TierOf(service)
	policy, now := s.o.Policy(service), s.o.Clock().UTC()
	answer := proposalsResponse{
		Service: service.Name, AsOf: now,
		Policy: gate.PolicyRef{Name: policy.Name, Version: policy.Version, Digest: policy.Digest(), Layers: policy.Layers},
	}
	facts, err := s.gateFacts(ctx, service.Name)
	if err != nil {
		return answer, err
	}
	observed, err := s.o.Store.Observations(ctx, service.Name, ObservedDecisions)
	if err != nil {
		return answer, err
	}
	answer.Read = len(observed)
	older, err := s.o.Store.Older(ctx, service.Name)
	if err != nil {
		return answer, err
	}
	candidate := gate.Candidate{Standing: gate.Standing{Facts: facts, Policy: policy, Older: older}, Observed: observed}
	answer.Proposals = gate.Graduations(policy, []gate.Candidate{candidate}, now)
	if changes := gate.ChangesOf(answer.Proposals); len(changes) > 0 && s.o.Amend != nil {
		amendment := s.o.Amend("service:"+service.Name, changes)
		answer.Amendment = &amendment
	}
	return answer, nil
}

// proposalsShown are those of a service for its page about production.
func (s *Server) proposalsShown(ctx context.Context, service metrics.Service, kind metrics.EnvironmentKind) (*reports.Proposals, error) {
	if kind != metrics.Production {
		return nil, nil //nolint:nilnil // the page has no such section then
	}
	p, err := s.proposals(ctx, service)
	return &reports.Proposals{List: p.Proposals, Amendment: p.Amendment, Needed: gate.NeededDecisions, JSON: reports.ProposalsJSON(service.Name)}, err
}
