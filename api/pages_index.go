package api

import (
	"net/url"
	"slices"
	"strconv"
	"time"

	"shiphabit/metrics"
	"shiphabit/reports"
)

// indexPage opens the index of a service into its rows, or that of an organisation or a team into its services.
func (s *Server) indexPage(r request) (reply, error) {
	m, err := s.look(r)
	if err != nil {
		return reply{}, err
	}
	query := r.URL.Query()
	page, _ := strconv.Atoi(query.Get("page")) // whatever is no number is the first page
	f := s.frame(r, m, "How this index is made", "")
	f.Clock = reports.ClockOf(s.o.Zone)
	name := param1(query, "service")
	if name == "" {
		return s.indicesPage(r, m, f, page)
	}
	service, err := s.known(r.Context(), name)
	if err != nil {
		return reply{}, err
	}
	x, err := s.explainedIndex(r.Context(), service, m.now)
	if err != nil {
		return reply{}, err
	}
	facts, err := s.o.Store.Facts(r.Context(), service.Name)
	if err != nil && !s.is(err, NotFound) {
		return reply{}, err
	}
	f.Extra = []string{"service", name}
	f.JSON = indexRowsPath(name) + asOfQuery(m)
	return s.html(reports.HabitIndexPage(f, x, reports.RecordsAmong(f.Clock, facts), page))
}

func (s *Server) indicesPage(r request, m moment, f reports.Frame, page int) (reply, error) {
	team := param1(r.URL.Query(), "team")
	f.Title, f.Extra = "Event or habit, service by service", []string{"team", team}
	f.JSON = "/api/v1/explain/index" + asOfQuery(m, "team", team)
	p := reports.HabitIndices{Frame: f, Team: team, Page: page}
	own := m
	if team != "" {
		if teamServices(m.services, team) == nil {
			return reply{}, unknownTeam(team, m.services)
		}
		own.services = slices.DeleteFunc(slices.Clone(m.services), func(service metrics.Service) bool { return service.Team != team })
	}
	if p.Past = m.past && len(own.services) > boardAtOnce; p.Past {
		return s.html(p)
	}
	var err error
	if p.Rows, p.Waiting, p.Judged, err = s.standings(r.Context(), own); err != nil {
		return reply{}, err
	}
	return s.html(p)
}

// asOfQuery carries the moment of a page to the same for programs, with pairs of its own.
func asOfQuery(m moment, pairs ...string) string {
	q := url.Values{"as_of": {m.now.Format(time.RFC3339Nano)}}
	for i := 0; i+1 < len(pairs); i += 2 {
		if pairs[i+1] != "" {
			q.Set(pairs[i], pairs[i+1])
		}
	}
	return "?" + q.Encode()
}
