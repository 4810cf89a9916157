package api

import (
	"errors"
	"net/url"
	"slices"

	"shiphabit/assessments"
	"shiphabit/reports"
)

// rollupPage shows what the organisation sees of a quarter's rounds, or says why there is nothing to see yet.
func (s *Server) rollupPage(r request) (reply, error) {
	quarter, all, err := s.quarterAsked(r)
	if err != nil {
		return reply{}, err
	}
	f := s.frame(r, moment{now: s.o.Clock()}, "What teams say together", "assessments")
	f.Lead = "The rounds of a quarter, added up over at least three teams. A team is named only if it published, and none is ranked."
	f.JSON = "/api/v1/assessments/rollup?quarter=" + url.QueryEscape(quarter)
	p := reports.Rollup{Frame: f, Quarter: quarter, Quarters: all}
	answer, err := s.rolled(r.Context(), quarter)
	err = noneYet(r, err)
	switch {
	case errors.Is(err, assessments.ErrState), errors.Is(err, assessments.ErrInvalid):
		p.Not = sentence(err.Error())
		shown, pageErr := s.html(p)
		if !slices.Contains(all, quarter) && errors.Is(err, assessments.ErrInvalid) { // no quarter at all
			shown.Status = statusOf(s.translated(err))
		}
		return shown, pageErr
	case err != nil:
		return reply{}, err
	}
	p.Rollup, p.Outcomes = &answer.Rollup, &answer.Outcomes
	return s.html(p)
}
