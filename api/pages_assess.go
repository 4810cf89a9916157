package api

import (
	"cmp"
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
	if s.is(err, Conflict) {
		p, err := s.blankForm(r, round)
		p.Title, p.Lead, p.Used = "This link was used", "", true
		p.Closed = "Somebody has sent answers through this link already, and each link works once. What was sent is counted and cannot be changed. If it was not you, ask whoever runs the round for another link."
		return p, err
	}
	if err != nil {
		return reports.Form{}, err
	}
	p, err := s.blankForm(r, round)
	switch {
	case round.State != assessments.Open:
		p.Closed = "This round is " + string(round.State) + " and takes no answers."
	case round.Respondents >= round.Capacity():
		p.Closed = "This round has all the answers it takes."
	}
	return p, err
}

// blankForm is the form of a round as everybody gets it, with what the team decided last time. A link is no token: whoever makes links could
// read by one what is the team's own, so that the form says where it stands where that round is not published.
func (s *Server) blankForm(r request, round assessments.Round) (reports.Form, error) {
	f := reports.Frame{Title: cmp.Or(round.Set.Title, "Five questions"), Path: r.URL.EscapedPath(), AsOf: s.o.Clock(), Lead: "How deployment feels. It takes about three minutes."}
	p := reports.Form{Frame: f, Round: round, CSRF: r.csrf}
	before, found, err := s.before(r.Context(), round)
	switch {
	case err != nil || !found:
	case r.caller.sees(before):
		p.LastAction, err = s.action(r.Context(), before.ID)
	default:
		p.Before = before.ID
	}
	return p, err
}

func (s *Server) formPage(r request) (reply, error) {
	p, err := s.form(r)
	if err != nil {
		return reply{}, err
	}
	return s.formOf(p)
}

// formOf shows a form, with a status of its own where its link was used.
func (s *Server) formOf(p reports.Form) (reply, error) {
	answer, err := s.html(p)
	if p.Used {
		answer.Status = http.StatusConflict
	}
	return answer, err
}

// takeAnswers stores one submission. What is incomplete comes back with what was chosen, and nothing is stored.
func (s *Server) takeAnswers(r request) (reply, error) {
	p, err := s.form(r)
	if err != nil {
		return reply{}, err
	}
	if p.Closed != "" {
		return s.formOf(p)
	}
	p.Answers = assessments.Answers{}
	for _, q := range p.Round.Set.Questions {
		if option := r.gin.PostForm(q.ID); option != "" {
			p.Answers[q.ID] = option
		}
	}
	p.Comment, p.Signature = r.gin.PostForm("comment"), r.gin.PostForm("signature")
	comments, err := checkSubmission(&p)
	if err != nil {
		return reply{}, err
	}
	if len(p.Faults) > 0 {
		p.Title = "Error: " + p.Title
		answer, err := s.html(p)
		answer.Status = http.StatusUnprocessableEntity
		return answer, err
	}
	if err := s.o.Store.Submit(r.Context(), assessments.HashToken(r.param("token")), p.Answers, comments...); err != nil {
		return reply{}, err
	}
	return s.thank(r, p.Round)
}

// checkSubmission finds everything wrong with a submission at once and leaves it with the form.
func checkSubmission(p *reports.Form) ([]assessments.Comment, error) {
	comment, err := assessments.NewComment(p.Comment, p.Signature)
	for _, err := range []error{assessments.CheckAnswers(p.Round.Set, p.Answers), err} {
		var faults assessments.Faults
		if err != nil && !errors.As(err, &faults) {
			return nil, err
		}
		p.Faults = append(p.Faults, faults...)
	}
	if comment == nil {
		return nil, nil
	}
	return []assessments.Comment{*comment}, nil
}

// thank ends a submission. A consensus is complete with its one answer, so its round closes and the result is there at once, for whoever
// may see it: a link is no token.
func (s *Server) thank(r request, round assessments.Round) (reply, error) {
	thanks := reports.Thanks{Frame: reports.Frame{Title: "Thank you", Path: r.URL.EscapedPath(), AsOf: s.o.Clock()}, Round: round}
	if !round.Consensus {
		return s.html(thanks)
	}
	round, err := s.o.Store.Round(r.Context(), round.ID)
	if err != nil {
		return reply{}, err
	}
	closed, err := round.Close(s.o.Clock())
	if err != nil {
		return reply{}, err
	}
	if err := s.o.Store.SaveRound(r.Context(), closed, "answer link"); err != nil {
		return reply{}, err
	}
	if !r.caller.sees(closed) {
		return s.html(thanks)
	}
	return reply{Location: "/assessments/" + url.PathEscape(round.ID)}, nil
}
