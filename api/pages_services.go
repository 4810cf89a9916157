package api

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"shiphabit/reports"
)

// servicesPerPage is how many services a page of the list holds.
const servicesPerPage = 100

// servicesPage lists the services by name, narrowed by what the address asks for.
func (s *Server) servicesPage(r request) (reply, error) {
	m, err := s.look(r)
	if err != nil {
		return reply{}, err
	}
	f, err := s.figuresFrame(r, m, s.tallies(r.Context()), "Services", "services")
	if err != nil {
		return reply{}, err
	}
	f.Levelled = false
	rows, waiting, judged, err := s.standings(r.Context(), m)
	if err != nil {
		return reply{}, err
	}
	q := r.URL.Query()
	p := reports.Services{
		Frame: f, Find: param1(q, "find"), Team: param1(q, "team"), Band: param1(q, "band"), Verdict: param1(q, "verdict"),
		All: len(rows), Waiting: waiting, Judged: judged,
	}
	for _, row := range rows {
		if !slices.Contains(p.Teams, row.Service.Team) && row.Service.Team != "" {
			p.Teams = append(p.Teams, row.Service.Team)
		}
		if p.Takes(row) {
			p.Rows = append(p.Rows, row)
		}
	}
	slices.Sort(p.Teams)
	p.Found = len(p.Rows)
	p.Page, err = strconv.Atoi(cmp.Or(param1(q, "page"), "1"))
	if last := max(1, (p.Found+servicesPerPage-1)/servicesPerPage); err != nil || p.Page < 1 || p.Page > last {
		p.Page = 1
	}
	from := (p.Page - 1) * servicesPerPage
	p.Rows = p.Rows[from:min(p.Found, from+servicesPerPage)]
	p.More = from+servicesPerPage < p.Found
	p.Extra = []string{"find", p.Find, "team", p.Team, "band", p.Band, "verdict", p.Verdict}
	if err := s.measureRows(r.Context(), p.Rows, s.query(f, strings.ToLower(p.Title))); err != nil {
		return reply{}, err
	}
	return s.html(p)
}
