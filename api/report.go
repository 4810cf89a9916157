package api

import (
	"context"
	"fmt"
	"io"
	"time"

	"shiphabit/metrics"
	"shiphabit/metrics/gate"
)

// reportResponse says what became of a report.
type reportResponse struct {
	Decision string `json:"decision"`
	Outcome  string `json:"outcome"`
	// Deployment is the record that it became, "" when nothing went out.
	Deployment string `json:"deployment,omitempty"`
}

// report books the outcome of a promotion.
func (s *Server) report(r request) (reply, error) {
	data, err := io.ReadAll(io.LimitReader(r.Body, maxAsk))
	if err != nil {
		return reply{}, unreadable(err)
	}
	var said gate.Report
	if err := decodeJSON(data, &said); err != nil {
		return reply{}, err
	}
	outcome, known := gate.OutcomeWord(said.Outcome)
	if !known {
		return reply{}, fail(Invalid, fmt.Sprintf("outcome %q is none of succeeded, failed, cancelled, skipped", shorten(said.Outcome)))
	}
	said.Outcome = outcome
	logged, err := s.o.Store.Decision(r.Context(), r.param("id"))
	if err != nil {
		return reply{}, err
	}
	if err := s.admitTo(r, logged); err != nil {
		return reply{}, err
	}
	if err := s.bind(r, logged.Request.Run); err != nil {
		return reply{}, err
	}
	answer, err := s.book(r.Context(), logged, said, r.caller.Name)
	return reply{JSON: answer}, err
}

// book keeps the outcome of what a decision let through, and the deployment that it is.
func (s *Server) book(ctx context.Context, logged gate.Logged, said gate.Report, caller string) (reportResponse, error) {
	d, booked, err := logged.Deployment(said, s.o.Clock().UTC())
	if err != nil {
		return reportResponse{}, fail(Conflict, err.Error())
	}
	answer := reportResponse{Decision: logged.ID, Outcome: said.Outcome}
	var events []metrics.Event
	if booked {
		e := metrics.NewEvent(gate.ReportSource, d)
		e.Live = true
		e, faults := metrics.Checked(e)
		if len(faults) > 0 {
			return reportResponse{}, &Error{Kind: Invalid, Detail: "the report does not fit: " + faults[0].Field + ": " + faults[0].Problem, Faults: faults}
		}
		events, answer.Deployment = append(events, e), gate.ReportSource+"/"+d.ID
	}
	return answer, s.o.Store.Report(ctx, logged.ID, said.Outcome, caller, events)
}

// outcome tells how a promotion stands.
func (s *Server) outcome(r request) (reply, error) {
	logged, err := s.o.Store.Decision(r.Context(), r.param("id"))
	if err != nil {
		return reply{}, err
	}
	if err := s.admitTo(r, logged); err != nil {
		return reply{}, err
	}
	policy, err := gate.ParsePolicy(logged.PolicyDoc)
	if err != nil {
		return reply{}, err
	}
	facts, err := s.o.Store.GateFacts(r.Context(), logged.Request.Service)
	if err != nil && !s.is(err, NotFound) {
		return reply{}, err
	}
	granted, err := s.o.Store.ProbeGrants(r.Context(), logged.Request.Service, time.Time{})
	if err != nil {
		return reply{}, err
	}
	outcome := logged.Outcome(facts, policy, s.o.Clock(), granted)
	err = s.rolledBack(r.Context(), logged.Request.Service, &outcome)
	return reply{JSON: outcome}, err
}
