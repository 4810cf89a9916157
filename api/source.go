package api

import (
	"context"
	"net/http"
	"time"

	"shiphabit/metrics"
)

// sourceStore tells where the reading of each source stands.
type sourceStore interface {
	Sources(ctx context.Context) ([]Source, error)
	SetAsides(ctx context.Context, source string) ([]SetAside, error)
	// Unmatched are the records that belong to no service.
	Unmatched(ctx context.Context) ([]metrics.LeftOut, error)
}

// SetAside is a record that a source has and that was not counted.
type SetAside struct {
	Record string `json:"record"` // as the host names it
	Reason string `json:"reason"`
}

// Source is where the reading of one source stands.
type Source struct {
	Name string `json:"name"`
	// Watermark: everything before it has arrived. Heartbeat: when the source last answered. Left out when not known.
	Watermark time.Time `json:"watermark,omitzero"`
	Heartbeat time.Time `json:"heartbeat,omitzero"`
	// Error is the trouble it is in, empty when it is in none, with the time it was met.
	Error   string    `json:"error,omitempty"`
	ErrorAt time.Time `json:"error_at,omitzero"`
	// SetAside counts its records that could not be turned into an event.
	SetAside int `json:"set_aside"`
	// Refused counts the deliveries that nothing showed to come from its host, and RefusedAt is when the last of them came.
	Refused   int       `json:"refused,omitempty"`
	RefusedAt time.Time `json:"refused_at,omitzero"`
}

type sourcesResponse struct {
	Sources []Source `json:"sources"`
}

type setAsidesResponse struct {
	SetAside []SetAside `json:"set_aside"`
}

type unmatchedResponse struct {
	Records []metrics.LeftOut `json:"records"`
}

func (s *Server) sourceRoutes() []route {
	return []route{
		{
			method: http.MethodGet, path: "/api/v1/sources", scope: Read, summary: "Where the reading of each source stands",
			handle: s.sources, response: sourcesResponse{},
		},
		{
			method: http.MethodGet, path: "/api/v1/sources/:source/set-aside", scope: Read,
			summary: "The records of a source that were not counted, each with the reason", handle: s.setAsides, response: setAsidesResponse{},
		},
		{
			method: http.MethodGet, path: "/api/v1/unmatched", scope: Read,
			summary: "The records that are kept and belong to no service, each with what is known of why; all that is stored is looked through",
			handle:  s.unmatched, response: unmatchedResponse{},
		},
	}
}

func (s *Server) unmatched(r request) (reply, error) {
	all, err := s.o.Store.Unmatched(r.Context())
	if all == nil {
		all = []metrics.LeftOut{}
	}
	return reply{JSON: unmatchedResponse{all}}, err
}

func (s *Server) setAsides(r request) (reply, error) {
	all, err := s.o.Store.SetAsides(r.Context(), r.param("source"))
	if all == nil {
		all = []SetAside{}
	}
	return reply{JSON: setAsidesResponse{all}}, err
}

func (s *Server) sources(r request) (reply, error) {
	s.writeRefusals(r.Context())
	all, err := s.o.Store.Sources(r.Context())
	if all == nil {
		all = []Source{}
	}
	return reply{JSON: sourcesResponse{all}}, err
}
