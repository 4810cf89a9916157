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
	// Run is the reading under way or the last one, left out before the first.
	Run      SourceRun      `json:"run,omitzero"`
	Progress SourceProgress `json:"progress,omitzero"`
	Budget   SourceBudget   `json:"budget,omitzero"`
	// Failures counts the runs in a row that ended with an error: the more, the longer until the next.
	Failures int `json:"failures"`
	// NextAt is when it is read next; it has passed while the source is being read.
	NextAt time.Time  `json:"next_at,omitzero"`
	Wait   SourceWait `json:"wait,omitzero"`
	// Refused counts the deliveries that nothing showed to come from its host, and RefusedAt is when the last of them came.
	Refused   int       `json:"refused,omitempty"`
	RefusedAt time.Time `json:"refused_at,omitzero"`
}

// SourceRun is one reading of a source from its first page to its last.
type SourceRun struct {
	StartedAt time.Time `json:"started_at"`
	// FinishedAt is left out while the run is under way.
	FinishedAt time.Time `json:"finished_at,omitzero"`
	// Seconds is how long it took, or has taken until now.
	Seconds float64 `json:"seconds"`
	Pages   int     `json:"pages"`
	Events  int     `json:"events"`
}

// lasted is how long the run took, or has taken until now.
func (r SourceRun) lasted(now time.Time) time.Duration {
	if r.StartedAt.IsZero() {
		return 0
	}
	if !r.FinishedAt.IsZero() {
		now = r.FinishedAt
	}
	return max(0, now.Sub(r.StartedAt)).Round(time.Millisecond)
}

// SourceProgress is how far a run has come.
type SourceProgress struct {
	Doing string `json:"doing,omitempty"` // what is being read
	// Done of Total records are read; Total is left out when the host does not say.
	Done  int `json:"done"`
	Total int `json:"total,omitempty"`
	// Part of Parts lists are read, where a source reads several one after the other.
	Part  int `json:"part,omitempty"`
	Parts int `json:"parts,omitempty"`
}

// SourceBudget is what the host lets us ask still, left out when it has said nothing.
type SourceBudget struct {
	Left    int       `json:"left"`
	Limit   int       `json:"limit"`
	ResetAt time.Time `json:"reset_at,omitzero"`
}

// SourceWait is a pause before the host is asked again, left out when there is none.
type SourceWait struct {
	Until  time.Time `json:"until"`
	Reason string    `json:"reason"`
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
	for i := range all {
		all[i].Run.Seconds = all[i].Run.lasted(s.o.Clock()).Seconds()
	}
	return reply{JSON: sourcesResponse{all}}, err
}
