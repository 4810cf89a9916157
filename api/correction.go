package api

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"shiphabit/metrics"
)

// correctionStore keeps what people state about single records. Each change is written to the audit log with it.
type correctionStore interface {
	// Record finds the record that a name means.
	Record(ctx context.Context, name string) (metrics.Key, error)
	Correct(ctx context.Context, c metrics.Correction, by string) (int64, error)
	Withdraw(ctx context.Context, id int64, by, reason string) error
	// FactsWith are the facts of a service as they would be with further corrections.
	FactsWith(ctx context.Context, service string, more []metrics.Correction) (metrics.Facts, error)
	// Corrections are those of a record or of a service's records, newest first; all when both names are empty.
	Corrections(ctx context.Context, service, record string) ([]metrics.Correction, error)
}

// correctionRequest states something about a record, whatever its sources say.
type correctionRequest struct {
	// Record is named as facts and explanations name it: source/type/id, with the repository before the id for commits and pull requests.
	Record string `json:"record"`
	// Fields are fields of the event type, with the values that hold from now on; null clears one.
	Fields   json.RawMessage `json:"fields,omitempty"`
	Exclude  bool            `json:"exclude,omitempty"`
	Unlinked bool            `json:"unlinked,omitempty"`
	Reason   string          `json:"reason"`
}

type correctionResponse struct {
	ID          int64           `json:"id"`
	Record      string          `json:"record"`
	Fields      json.RawMessage `json:"fields,omitempty"`
	Exclude     bool            `json:"exclude,omitempty"`
	Unlinked    bool            `json:"unlinked,omitempty"`
	Reason      string          `json:"reason"`
	At          time.Time       `json:"at"`
	By          string          `json:"by,omitempty"` // as the audit log names them; empty where that was not kept
	WithdrawnAt time.Time       `json:"withdrawn_at,omitzero"`
	WithdrawnBy string          `json:"withdrawn_by,omitempty"`
}

type correctionsResponse struct {
	Corrections []correctionResponse `json:"corrections"`
}

func (s *Server) correctionRoutes() []route {
	const base = "/api/v1/corrections"
	return []route{
		{
			method: http.MethodPost, path: base, scope: Admin, handle: s.correct, request: correctionRequest{}, response: correctionResponse{},
			summary: "Correct one record, whatever its sources say now or later: set fields, exclude it from all figures, or say of an incident that " +
				"no deployment caused it (unlinked). The record is named as source/type/id. The correction is audited and holds until it is withdrawn",
		},
		{
			method: http.MethodGet, path: base, scope: Read, handle: s.corrections, response: correctionsResponse{},
			summary: "Corrections, newest first, withdrawn ones included",
			query:   []parameter{{"service", "only those of the service's records"}, {"record", "only those of this record, source/type/id"}},
		},
		{
			method: http.MethodDelete, path: base + "/:id", scope: Admin, handle: s.withdraw, response: correctionResponse{},
			summary: "Withdraw a correction: facts are from then on as if it had never been. It stays in the list and in the audit log",
			query:   []parameter{{"reason", "why it is withdrawn, for the audit log; required"}},
		},
	}
}

func (s *Server) correct(r request) (reply, error) {
	var asked correctionRequest
	if err := decodeBody(r.Body, maxAsk, &asked); err != nil {
		return reply{}, err
	}
	key, err := s.o.Store.Record(r.Context(), asked.Record)
	if err != nil {
		return reply{}, err
	}
	c, faults := metrics.NewCorrection(metrics.Correction{
		Record: key, Fields: asked.Fields, Exclude: asked.Exclude, Unlinked: asked.Unlinked, Reason: asked.Reason,
	})
	if len(faults) > 0 {
		return reply{}, faultyCorrection(faults)
	}
	id, err := s.o.Store.Correct(r.Context(), c, r.caller.Name)
	if err != nil {
		return reply{}, err
	}
	answer, err := s.correctionReply(r, key.String(), id)
	answer.Status = http.StatusCreated
	return answer, err
}

func faultyCorrection(faults []metrics.Fault) error {
	first := faults[0]
	return &Error{
		Kind:   Mismatch,
		Detail: fmt.Sprintf("the correction was not stored: %s: %s; %s", first.Field, first.Problem, first.Remedy),
		Faults: faults,
	}
}

func (s *Server) corrections(r request) (reply, error) {
	query := r.URL.Query()
	all, err := s.o.Store.Corrections(r.Context(), query.Get("service"), query.Get("record"))
	answer := correctionsResponse{Corrections: make([]correctionResponse, len(all))}
	for i, c := range all {
		answer.Corrections[i] = correctionOf(c)
	}
	return reply{JSON: answer}, err
}

func (s *Server) withdraw(r request) (reply, error) {
	id, err := strconv.ParseInt(r.param("id"), 10, 64)
	if err != nil {
		return reply{}, fail(NotFound, shorten(r.param("id"))+" is no number of a correction; GET /api/v1/corrections lists them")
	}
	reason := strings.TrimSpace(r.URL.Query().Get("reason"))
	if fault := metrics.FaultOfReason(reason); fault != nil {
		return reply{}, fail(Invalid, "the reason of the withdrawal, ?reason=…, is not fit: "+fault.Problem+"; "+fault.Remedy)
	}
	if err := s.o.Store.Withdraw(r.Context(), id, r.caller.Name, reason); err != nil {
		return reply{}, err
	}
	return s.correctionReply(r, "", id)
}

// correctionReply answers with a correction as it is stored.
func (s *Server) correctionReply(r request, record string, id int64) (reply, error) {
	all, err := s.o.Store.Corrections(r.Context(), "", record)
	for _, c := range all {
		if c.ID == id {
			return reply{JSON: correctionOf(c)}, err
		}
	}
	return reply{}, err
}

func correctionOf(c metrics.Correction) correctionResponse {
	return correctionResponse{
		ID: c.ID, Record: c.Record.String(), Fields: c.Fields, Exclude: c.Exclude, Unlinked: c.Unlinked, Reason: c.Reason,
		At: c.At, By: c.By, WithdrawnAt: c.WithdrawnAt, WithdrawnBy: c.WithdrawnBy,
	}
}
