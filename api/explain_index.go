package api

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"shiphabit/metrics"
)

// indicesResponse is a page of the indices of a slice, service by service.
type indicesResponse struct {
	Figure     string         `json:"figure"`
	Definition string         `json:"definition"`
	AsOf       time.Time      `json:"as_of"`
	Services   []serviceIndex `json:"services"`
	Next       string         `json:"next,omitempty"` // the cursor of the following page
}

type serviceIndex struct {
	Service string        `json:"service"`
	Team    string        `json:"team,omitempty"`
	Index   metrics.Index `json:"index"`
	Explain string        `json:"explain"` // the address of its rows
}

// indexExplainResponse is a page of the explanation of one index: the deployments and the records left out come in pages, the rest stands
// on each of them.
type indexExplainResponse struct {
	metrics.IndexExplanation
	Next string `json:"next,omitempty"`
}

func (s *Server) indexRoutes() []route {
	return []route{
		{
			method: http.MethodGet, path: "/api/v1/explain/index", scope: Read, handle: s.indices, response: indicesResponse{},
			summary: "The event-versus-habit index of each service of a slice, by name, and where its rows are. There is none of a team or of the organisation",
			query: append(slices.Clone(sliceParameters()[:3]),
				parameter{"as_of", "the end of the 12 weeks, a date or a time; now when left out"},
				parameter{"limit", "services on a page: 1 to 1000, 100 when left out"},
				parameter{"cursor", "the next of the page before; the first page when left out"}),
		},
		{
			method: http.MethodGet, path: "/api/v1/services/:service/index/explain", scope: Read, handle: s.indexExplained, response: indexExplainResponse{},
			summary: "How the index of a service is made: its six parts, the days, pauses, batches, slots and deployments behind them, and what was left out",
			query: []parameter{
				{"as_of", "the end of the 12 weeks, a date or a time; now when left out"},
				{"limit", "deployments on a page, records left out included: 1 to 10000, 1000 when left out"},
				{"cursor", "the next of the page before; the first page when left out"},
			},
		},
	}
}

// explainedIndex opens the index of a service.
func (s *Server) explainedIndex(ctx context.Context, service metrics.Service, asOf time.Time) (metrics.IndexExplanation, error) {
	facts, err := s.o.Store.Facts(ctx, service.Name)
	if err != nil && !s.is(err, NotFound) { // a service that is declared and was never seen has an index without rows
		return metrics.IndexExplanation{}, err
	}
	facts.Service, facts.Team = service.Name, service.Team
	x := metrics.ExplainIndex(facts, asOf, s.o.Calendar(service.Name, service.Team))
	x.Index.NotComparable = service.Cadence
	return x, nil
}

func (s *Server) indexExplained(r request) (reply, error) {
	asOf, err := s.instant(r, "as_of")
	if err != nil {
		return reply{}, err
	}
	limit, err := limitOf(r.URL.Query().Get("limit"), rowsPerPage, mostRows)
	if err != nil {
		return reply{}, err
	}
	question := questionMark(r)
	_, skip, err := cursorOf(r.URL.Query().Get("cursor"), question)
	if err != nil {
		return reply{}, err
	}
	service, err := s.o.Store.Service(r.Context(), r.param("service"))
	if err != nil {
		return reply{}, err
	}
	x, err := s.explainedIndex(r.Context(), service, asOf)
	if err != nil {
		return reply{}, err
	}
	page := indexExplainResponse{IndexExplanation: x}
	counted, all := len(x.Deployments), len(x.Deployments)+len(x.LeftOut)
	skip = min(skip, all)
	end := min(skip+limit, all)
	page.Deployments = x.Deployments[min(skip, counted):min(end, counted)]
	page.LeftOut = x.LeftOut[max(skip-counted, 0):max(end-counted, 0)]
	if end < all {
		page.Next = question + ":" + strconv.Itoa(end) + ":"
	}
	return reply{JSON: page}, nil
}

// indices answers with the indices of a slice, reading one service at a time.
func (s *Server) indices(r request) (reply, error) {
	asOf, err := s.instant(r, "as_of")
	if err != nil {
		return reply{}, err
	}
	limit, err := limitOf(r.URL.Query().Get("limit"), 100, 1000)
	if err != nil {
		return reply{}, err
	}
	question := questionMark(r)
	after, _, err := cursorOf(r.URL.Query().Get("cursor"), question)
	if err != nil {
		return reply{}, err
	}
	services, err := s.servicesWithin(r.Context(), sliceOf(r.URL.Query()))
	if err != nil {
		return reply{}, err
	}
	answer := indicesResponse{Figure: metrics.FigureIndex, Definition: metrics.IndexDefinition, AsOf: asOf, Services: []serviceIndex{}}
	services = slices.DeleteFunc(services, func(of metrics.Service) bool { return after != "" && of.Name <= after })
	if len(services) > limit {
		services = services[:limit]
		answer.Next = question + ":0:" + url.QueryEscape(services[limit-1].Name)
	}
	rows, err := s.indexed(r.Context(), services, asOf)
	for _, row := range rows {
		answer.Services = append(answer.Services, serviceIndex{
			Service: row.Service.Name, Team: row.Service.Team, Index: row.Index, Explain: indexRowsPath(row.Service.Name),
		})
	}
	return reply{JSON: answer}, err
}

// servicesWithin are the services of a slice by name.
func (s *Server) servicesWithin(ctx context.Context, of slice) ([]metrics.Service, error) {
	if _, err := s.names(ctx, of); err != nil { // a slice that fits none
		return nil, err
	}
	services, err := s.o.Store.Services(ctx)
	services = slices.DeleteFunc(slices.Clone(services), func(one metrics.Service) bool { return !of.holds(one) })
	slices.SortFunc(services, func(a, b metrics.Service) int { return cmp.Compare(a.Name, b.Name) })
	return services, err
}

func indexRowsPath(service string) string {
	return "/api/v1/services/" + url.PathEscape(service) + "/index/explain"
}
