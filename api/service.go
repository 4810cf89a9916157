package api

import (
	"context"
	"net/http"
	"time"

	"shiphabit/metrics"
)

// factStore reads services and what their events amount to.
type factStore interface {
	Services(ctx context.Context) ([]metrics.Service, error)
	Service(ctx context.Context, name string) (metrics.Service, error)
	Facts(ctx context.Context, service string) (metrics.Facts, error)
	AllFacts(ctx context.Context) ([]metrics.Facts, error)
	// FactsFor are the facts with only those rollouts that finished in the window.
	FactsFor(ctx context.Context, service string, window metrics.Window) (metrics.Facts, error)
	// FirstDay is when the first day began of which anything in production is known of the services named, or of all where none is, zero
	// when there is none; Derivations tells how often the facts of each service were derived.
	FirstDay(ctx context.Context, services ...string) (time.Time, error)
	Derivations(ctx context.Context) (map[string]int64, error)
	// Deployed is when each service's rollouts to production finished in a window, but for redeploys.
	Deployed(ctx context.Context, w metrics.Window) (map[string][]time.Time, error)
	// Tallies are the tallies of windows that follow one another, of the services named, or of all when none are.
	Tallies(ctx context.Context, services []string, q metrics.Query, windows []metrics.Window) ([]metrics.Tally, error)
	// Rebuild counts the services, and those of them whose facts are derived under the rules in force; before tells that figures of
	// the organisation are still of the rules before.
	Rebuild(ctx context.Context) (done, total int, before bool, err error)
}

type servicesResponse struct {
	Services []metrics.Service `json:"services"`
}

func (s *Server) serviceRoutes() []route {
	return []route{
		{
			method: http.MethodGet, path: "/api/v1/services", scope: Read, summary: "The services known, by name",
			handle: s.services, response: servicesResponse{},
		},
		{
			method: http.MethodGet, path: "/api/v1/services/:service", scope: Read, summary: "One service; a slash in its name is sent as %2F",
			handle: s.service, response: metrics.Service{},
		},
		{
			method: http.MethodGet, path: "/api/v1/services/:service/index", scope: Read,
			summary: "The event-versus-habit index of a service over the last 12 weeks", handle: s.index, response: metrics.Index{},
			query: []parameter{{"as_of", "the end of the 12 weeks, a date or a time; now when left out"}},
		},
		{
			method: http.MethodGet, path: "/api/v1/services/:service/facts", scope: Read,
			summary: "What the events of a service amount to: rollouts, incidents, and the records left out with the reason",
			handle:  s.facts, response: metrics.Facts{},
		},
	}
}

func (s *Server) services(r request) (reply, error) {
	all, err := s.o.Store.Services(r.Context())
	if all == nil {
		all = []metrics.Service{}
	}
	return reply{JSON: servicesResponse{all}}, err
}

func (s *Server) service(r request) (reply, error) {
	service, err := s.o.Store.Service(r.Context(), r.param("service"))
	return reply{JSON: service}, err
}

func (s *Server) facts(r request) (reply, error) {
	facts, err := s.o.Store.Facts(r.Context(), r.param("service"))
	return reply{JSON: facts}, err
}

func (s *Server) index(r request) (reply, error) {
	asOf, err := s.instant(r, "as_of")
	if err != nil {
		return reply{}, err
	}
	facts, err := s.o.Store.Facts(r.Context(), r.param("service"))
	if err != nil {
		return reply{}, err
	}
	service, err := s.o.Store.Service(r.Context(), facts.Service)
	if err != nil {
		return reply{}, err
	}
	index := metrics.HabitIndex(facts, asOf, s.o.Calendar(service.Name, service.Team))
	index.NotComparable = service.Cadence
	return reply{JSON: index}, nil
}
