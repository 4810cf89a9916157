package api

import (
	"context"
	"net/http"
	"strings"
	"time"
)

// auditStore tells who did what.
type auditStore interface {
	// Audit lists deeds, newest first, from a cursor on; next is empty at the end.
	Audit(ctx context.Context, cursor string, limit int) (list []Deed, next string, err error)
}

// Deed is one entry of the audit log.
type Deed struct {
	At      time.Time `json:"at"`
	Actor   string    `json:"actor"`
	Action  string    `json:"action"`
	Subject string    `json:"subject"`
	Details string    `json:"details"`
}

type auditResponse struct {
	Entries []Deed `json:"entries"`
	Next    string `json:"next,omitempty"`
}

func (s *Server) auditRoutes() []route {
	return []route{{
		method: http.MethodGet, path: "/api/v1/audit", scope: Admin, summary: "Who corrected and withdrew what, and why; who made tokens, and ran rounds: newest first",
		handle: s.audit, response: auditResponse{},
		query: []parameter{{"limit", "entries on a page: 1 to 200, 50 when left out"}, {"cursor", "the next of the page before"}},
	}}
}

func (s *Server) audit(r request) (reply, error) {
	q := r.URL.Query()
	limit, err := limitOf(q.Get("limit"), 50, 200)
	if err != nil {
		return reply{}, err
	}
	list, next, err := s.o.Store.Audit(r.Context(), q.Get("cursor"), limit)
	if err != nil {
		return reply{}, err
	}
	if list == nil {
		list = []Deed{}
	}
	return reply{JSON: auditResponse{list, next}}, s.keepBack(r, list)
}

// keepBack leaves out of deeds what teams wrote to results that are not shown to who asks: that they wrote is no secret, what is. How a round was run
// is everybody's.
func (s *Server) keepBack(r request, list []Deed) error {
	rounds, err := s.o.Store.Rounds(r.Context())
	if err != nil {
		return err
	}
	kept := map[string]string{}
	for _, round := range rounds {
		if !r.caller.sees(round) {
			kept[round.ID] = "not shown: " + keptBack(round)
		}
	}
	for i, deed := range list {
		round, _, _ := strings.Cut(deed.Subject, "/") // of a reply the question follows
		if says, found := kept[round]; found && deed.Details != "" && !strings.HasPrefix(deed.Action, "round ") {
			list[i].Details = says
		}
	}
	return nil
}
