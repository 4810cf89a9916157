package api

import (
	"cmp"
	"slices"
	"strconv"
	"strings"

	"shiphabit/metrics"
	"shiphabit/reports"
)

// explainPage opens a figure into its rows: of all services, of one, or of those of a team.
func (s *Server) explainPage(r request) (reply, error) {
	m, err := s.look(r)
	if err != nil {
		return reply{}, err
	}
	query := r.URL.Query()
	figure := r.param("figure")
	asked := reports.Asked{Service: param1(query, "service"), Team: param1(query, "team"), Stage: param1(query, "stage")}
	if !slices.Contains(reports.FigureNames(), figure) {
		return reply{}, fail(NotFound, "there is no figure called "+shorten(figure)+"; there is "+strings.Join(append(reports.FigureNames(), metrics.FigureIndex), ", "))
	}
	if asked.Stage != "" && (figure != metrics.FigureStages || !slices.Contains(s.o.Definition.StageNames(), asked.Stage)) {
		return reply{}, fail(NotFound, "there is no stage called "+shorten(asked.Stage)+"; there is "+strings.Join(s.o.Definition.StageNames(), ", ")+" of "+metrics.FigureStages)
	}
	facts, of, slice, err := s.explained(r, m, asked)
	if err != nil {
		return reply{}, err
	}
	f, err := s.figuresFrame(r, m, of, "How this number is made", "")
	if err != nil {
		return reply{}, err
	}
	f.Clock = reports.ClockOf(s.o.Zone)
	f.Extra = []string{"service", asked.Service, "team", asked.Team, "stage", asked.Stage}
	e, err := metrics.Explain(facts, figure, s.query(f, slice))
	if err != nil {
		return reply{}, err
	}
	if asked.Stage != "" {
		e = e.OfStage(asked.Stage)
	}
	levels, err := metrics.Levels(e.Scorecard, f.View.Edition)
	if err != nil {
		return reply{}, err
	}
	if asked.Page, err = strconv.Atoi(cmp.Or(param1(query, "page"), "1")); err != nil {
		asked.Page = 1
	}
	asked.Records = reports.RecordsAmong(f.Clock, facts...)
	return s.html(reports.ExplainPage(f, e, asked, levels))
}

// explained is what a figure rests on: the facts, their tallies, and in words of what.
func (s *Server) explained(r request, m moment, asked reports.Asked) ([]metrics.Facts, tallier, string, error) {
	var names []string
	slice := "all services"
	switch {
	case asked.Service != "":
		service, err := s.known(r.Context(), asked.Service)
		if err != nil {
			return nil, nil, "", err
		}
		names, slice = []string{service.Name}, service.Name
	case asked.Team != "":
		if names = teamServices(m.services, asked.Team); names == nil {
			return nil, nil, "", unknownTeam(asked.Team, m.services)
		}
		slice = "team " + asked.Team
	default:
		facts, err := s.o.Store.AllFacts(r.Context())
		return facts, s.tallies(r.Context()), slice, err
	}
	facts := make([]metrics.Facts, 0, len(names))
	for _, name := range names {
		f, err := s.o.Store.Facts(r.Context(), name)
		if err != nil {
			return nil, nil, "", err
		}
		facts = append(facts, f)
	}
	return facts, s.tallies(r.Context(), names...), slice, nil
}
