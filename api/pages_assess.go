package api

import (
	"errors"
	"net/http"
	"net/url"

	"shiphabit/assessments"
	"shiphabit/reports"
)

// form is the page of the five questions for the token in the address.
func (s *Server) form(r request) (reports.Form, error) {
	round, err := s.o.Store.RoundByToken(r.Context(), assessments.HashToken(r.param("token")))
	if s.is(err, NotFound) {
		return reports.Form{}, fail(NotFound, "this link is not known, was used already, or its round is over; whoever sent it can say how it stands")
	}
	if err != nil {
		return reports.Form{}, err
	}
	f := reports.Frame{Title: round.Set.Title, Path: r.URL.EscapedPath(), AsOf: s.o.Clock(), Lead: "Five questions about how deployment feels. It takes about three minutes."}
	if f.Title == "" {
		f.Title = "Five questions"
	}
	p := reports.Form{Frame: f, Round: round, CSRF: r.csrf}
	switch {
	case round.State != assessments.Open:
		p.Closed = "This round is " + string(round.State) + " and takes no answers."
	case round.Respondents >= round.Capacity():
		p.Closed = "This round has all the answers it takes."
	}
	return p, nil
}

func (s *Server) formPage(r request) (reply, error) {
	p, err := s.form(r)
	if err != nil {
		return reply{}, err
	}
	return s.html(p)
}

// takeAnswers stores one submission. What is incomplete comes back with what was chosen, and nothing is stored.
func (s *Server) takeAnswers(r request) (reply, error) {
	p, err := s.form(r)
	if err != nil {
		return reply{}, err
	}
	if p.Closed != "" {
		return s.html(p)
	}
	p.Answers = assessments.Answers{}
	for _, q := range p.Round.Set.Questions {
		if option := r.gin.PostForm(q.ID); option != "" {
			p.Answers[q.ID] = option
		}
	}
	if err := assessments.CheckAnswers(p.Round.Set, p.Answers); err != nil {
		if !errors.As(err, &p.Faults) {
			return reply{}, err
		}
		p.Title = "Error: " + p.Title
		answer, err := s.html(p)
		answer.Status = http.StatusUnprocessableEntity
		return answer, err
	}
	if err := s.o.Store.Submit(r.Context(), assessments.HashToken(r.param("token")), p.Answers); err != nil {
		return reply{}, err
	}
	return s.thank(r, p.Round)
}

// thank ends a submission. A consensus is complete with its one answer, so its round closes and the result is there at once.
func (s *Server) thank(r request, round assessments.Round) (reply, error) {
	if !round.Consensus {
		return s.html(reports.Thanks{Frame: reports.Frame{Title: "Thank you", Path: r.URL.EscapedPath(), AsOf: s.o.Clock()}, Round: round})
	}
	round, err := s.o.Store.Round(r.Context(), round.ID)
	if err != nil {
		return reply{}, err
	}
	closed, err := round.Close(s.o.Clock())
	if err != nil {
		return reply{}, err
	}
	if err := s.o.Store.SaveRound(r.Context(), closed); err != nil {
		return reply{}, err
	}
	return reply{Location: "/assessments/" + url.PathEscape(round.ID)}, nil
}

func (s *Server) resultPage(r request) (reply, error) {
	round, err := s.o.Store.Round(r.Context(), r.param("round"))
	if s.is(err, NotFound) {
		return reply{}, fail(NotFound, "there is no round "+shorten(r.param("round")))
	}
	if err != nil {
		return reply{}, err
	}
	result, err := s.resultOf(r.Context(), round.ID)
	if err != nil {
		return reply{}, err
	}
	f := s.frame(r, moment{now: s.o.Clock()}, "What the team says, and what the records show", "")
	f.Place = round.Team
	return s.html(reports.Result{Frame: f, Result: result, Round: round})
}
