package api

import (
	"cmp"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"shiphabit/assessments"
	"shiphabit/reports"
)

// roundPages are the addresses of those who run rounds and of teams that look at their results. What changes something needs the
// scope assess, and comes by a form.
func (s *Server) roundPages() []route {
	page := func(path, summary string, handle handler) route {
		return route{method: http.MethodGet, path: path, scope: Page, summary: summary, handle: handle}
	}
	form := func(path, summary string, handle handler) route {
		return route{method: http.MethodPost, path: path, scope: Page, needs: Assess, form: true, limit: maxAsk, summary: summary, handle: handle}
	}
	const one = "/assessments/:round"
	return []route{
		page("/assessments", "Rounds of the questions by team", s.roundsPage),
		form("/assessments", "Open a round, or make a draft", s.startRound),
		page("/assessments/rollup", "What the organisation sees of a quarter's rounds", s.rollupPage),
		page(one, "What a team says beside what its records show", s.resultPage),
		page(one+"/run", "One round for who runs it", s.runPage),
		page(one+"/form", "The form of a round to look at", s.previewPage),
		page(one+"/guide", "What a team may talk about", s.guidePage),
		page(one+"/close", "Ask before a round closes", s.confirmClosing),
		page(one+"/publish", "Ask before a round is published", s.confirmPublishing),
		form(one+"/open", "Open a draft", s.openForm),
		form(one+"/discard", "Discard a draft", s.discardForm),
		form(one+"/links", "More answer links", s.linksForm),
		form(one+"/remind", "Remind the team", s.remindForm),
		form(one+"/close", "Close a round", s.closeForm),
		form(one+"/publish", "Publish a round", s.publishForm),
		form(one+"/reply", "Reply to a question of the result", s.replyForm),
		form(one+"/action", "Decide on an action", s.actionForm),
		form(one+"/outcome", "Say what became of an action", s.outcomeForm),
	}
}

func roundPath(id string, more ...string) string {
	return "/assessments/" + strings.Join(append([]string{url.PathEscape(id)}, more...), "/")
}

// roundOf is the round that the address names.
func (s *Server) roundOf(r request) (assessments.Round, error) {
	round, err := s.o.Store.Round(r.Context(), r.param("round"))
	if s.is(err, NotFound) {
		return round, fail(NotFound, "there is no round "+shorten(r.param("round")))
	}
	return round, err
}

// roundRunBy is that round for who runs it.
func (s *Server) roundRunBy(r request) (assessments.Round, error) {
	round, err := s.roundOf(r)
	if err != nil {
		return round, err
	}
	return round, r.caller.mayRun(round.Team)
}

// faulty shows a page again with what was wrong with a form. An error that is nobody's input goes on.
func (s *Server) faulty(err error, page func(problem string) (reply, error)) (reply, error) {
	told := s.translated(err)
	kind := kindOf(told)
	if kind != Invalid && kind != Conflict && kind != Mismatch && kind != Moved {
		return reply{}, err
	}
	answer, pageErr := page(sentence(told.Error()))
	answer.Status = statusOf(told)
	return answer, pageErr
}

func (s *Server) roundsPage(r request) (reply, error) {
	return s.listRounds(r, reports.RoundAsk{Links: "personal"}, "")
}

func (s *Server) listRounds(r request, ask reports.RoundAsk, problem string) (reply, error) {
	all, err := s.o.Store.Rounds(r.Context())
	if err != nil {
		return reply{}, err
	}
	slices.SortFunc(all, func(a, b assessments.Round) int {
		return cmp.Or(cmp.Compare(a.Team, b.Team), b.OpenedAt.Compare(a.OpenedAt), cmp.Compare(b.ID, a.ID))
	})
	teams, err := s.teams(r, all)
	if err != nil {
		return reply{}, err
	}
	f := s.frame(r, moment{now: s.o.Clock()}, "Assessments", "assessments")
	f.JSON, f.Lead = "/api/v1/assessments", "What teams say about deployment, beside what their records show. Before a round closes nothing is shown but how many have answered."
	p := reports.Rounds{Frame: f, Rounds: all, Teams: teams, Floor: s.o.Floor, Ask: ask, Problem: problem, CSRF: r.csrf, KeptBack: map[string]bool{}}
	for _, one := range all {
		if !r.caller.sees(one) {
			p.KeptBack[one.ID] = true
		}
	}
	return s.html(p)
}

// teams are those that own a service or were asked before.
func (s *Server) teams(r request, rounds []assessments.Round) ([]string, error) {
	services, err := s.o.Store.Services(r.Context())
	var names []string
	for _, one := range services {
		names = append(names, one.Team)
	}
	for _, one := range rounds {
		names = append(names, one.Team)
	}
	slices.Sort(names)
	return slices.DeleteFunc(slices.Compact(names), func(n string) bool { return n == "" }), err
}

func (s *Server) startRound(r request) (reply, error) {
	ask := reports.RoundAsk{
		Team: strings.TrimSpace(r.gin.PostForm("team")), Size: strings.TrimSpace(r.gin.PostForm("size")),
		Consensus: r.gin.PostForm("mode") == "consensus", Links: r.gin.PostForm("links"), Draft: r.gin.PostForm("draft") != "",
	}
	again := func(problem string) (reply, error) { return s.listRounds(r, ask, problem) }
	size, err := strconv.Atoi(ask.Size)
	if err != nil && ask.Size != "" {
		return s.faulty(fail(Invalid, "the size is no number; say how many people the team has"), again)
	}
	made, err := s.newRound(r, roundRequest{Team: ask.Team, Size: size, Consensus: ask.Consensus, OpenLink: ask.Links == "team", Draft: ask.Draft})
	if err != nil {
		return s.faulty(err, again)
	}
	if ask.Draft {
		return reply{Location: roundPath(made.Round.ID, "run")}, nil
	}
	return s.run(r, made.Round, runNews{links: made.Links})
}

// runNews is what is shown this once.
type runNews struct {
	links    []string
	reminder *reminderResponse
	problem  string
}

func (s *Server) runPage(r request) (reply, error) {
	round, err := s.roundOf(r)
	if err != nil {
		return reply{}, err
	}
	return s.run(r, round, runNews{})
}

func (s *Server) run(r request, round assessments.Round, news runNews) (reply, error) {
	f := s.frame(r, moment{now: s.o.Clock()}, "Run the round", "assessments")
	f.Place, f.Path, f.JSON = round.Team, roundPath(round.ID, "run"), "/api/v1"+roundPath(round.ID)
	p := reports.RoundRun{Frame: f, Round: round, CSRF: r.csrf, Problem: news.problem}
	for _, link := range news.links {
		p.Links = append(p.Links, s.publicURL(r)+link)
	}
	if !r.caller.sees(round) {
		p.KeptBack = sentence(keptBack(round))
	}
	if s.o.Notifier != nil {
		p.Channels = s.o.Notifier.Channels(round.Team)
	}
	if len(round.Services) == 0 && (round.State == assessments.Draft || round.State == assessments.Open) {
		_, warning, err := s.servicesOf(r.Context(), round.Team)
		if err != nil {
			return reply{}, err
		}
		p.Warning = sentence(warning)
	}
	if news.reminder != nil {
		p.Reminder = &reports.Reminded{Subject: news.reminder.Subject, Text: news.reminder.Text, Sent: news.reminder.Sent, Problem: news.reminder.Problem}
	}
	answer, err := s.html(p)
	if len(news.links) > 0 || news.reminder != nil {
		answer.Header = unstored()
	}
	return answer, err
}

func (s *Server) previewPage(r request) (reply, error) {
	round, err := s.roundOf(r)
	if err != nil {
		return reply{}, err
	}
	p, err := s.blankForm(r, round)
	p.Preview, p.CSRF, p.Nav, p.Place = true, "", "assessments", round.Team
	if err != nil {
		return reply{}, err
	}
	return s.html(p)
}

func (s *Server) guidePage(r request) (reply, error) {
	round, err := s.roundOf(r)
	if err != nil {
		return reply{}, err
	}
	result, err := s.resultOf(r.Context(), round.ID, r.caller)
	if err != nil {
		return reply{}, err
	}
	f := s.frame(r, moment{now: s.o.Clock()}, "Talk about it", "assessments")
	f.Place, f.JSON = round.Team, "/api/v1"+roundPath(round.ID, "guide")
	return s.html(reports.Guide{Frame: f, Round: round, Result: result, Guide: assessments.GuideOf(result)})
}

// confirmClosing asks before what cannot be taken back.
func (s *Server) confirmClosing(r request) (reply, error) {
	round, err := s.roundRunBy(r)
	if err != nil {
		return reply{}, err
	}
	return s.confirm(r, "Close this round?", reports.Confirm{Round: round, Verb: "close"})
}

// confirmPublishing asks the team before its round is published.
func (s *Server) confirmPublishing(r request) (reply, error) {
	round, err := s.roundOf(r)
	if err != nil {
		return reply{}, err
	}
	if err := r.caller.mayWriteFor(round.Team); err != nil {
		return reply{}, err
	}
	action, err := s.action(r.Context(), round.ID)
	if err != nil {
		return reply{}, err
	}
	return s.confirm(r, "Publish this round?", reports.Confirm{Round: round, Verb: "publish", Action: action})
}

func (s *Server) confirm(r request, title string, p reports.Confirm) (reply, error) {
	p.Frame = s.frame(r, moment{now: s.o.Clock()}, title, "assessments")
	p.Place, p.CSRF = p.Round.Team, r.csrf
	return s.html(p)
}

func (s *Server) openForm(r request) (reply, error) {
	round, err := s.roundRunBy(r)
	if err != nil {
		return reply{}, err
	}
	made, err := s.opened(r, round)
	if err != nil {
		return s.faulty(err, s.runAgain(r, round))
	}
	return s.run(r, made.Round, runNews{links: made.Links})
}

// runAgain is the page of who runs a round, with what was wrong.
func (s *Server) runAgain(r request, round assessments.Round) func(string) (reply, error) {
	return func(problem string) (reply, error) { return s.run(r, round, runNews{problem: problem}) }
}

func (s *Server) discardForm(r request) (reply, error) {
	round, err := s.roundRunBy(r)
	if err != nil {
		return reply{}, err
	}
	if err := s.o.Store.DiscardRound(r.Context(), round.ID, r.caller.Name); err != nil {
		return s.faulty(err, s.runAgain(r, round))
	}
	return reply{Location: "/assessments"}, nil
}

func (s *Server) linksForm(r request) (reply, error) {
	round, err := s.roundOf(r)
	if err != nil {
		return reply{}, err
	}
	count, _ := strconv.Atoi(r.gin.PostForm("count")) // what is no number is refused as 0
	more, err := s.moreLinks(r, round.ID, count)
	if err != nil {
		return s.faulty(err, s.runAgain(r, round))
	}
	return s.run(r, round, runNews{links: more.Links})
}

func (s *Server) remindForm(r request) (reply, error) {
	round, err := s.roundOf(r)
	if err != nil {
		return reply{}, err
	}
	done, err := s.remind(r, round.ID, remindRequest{Copy: r.gin.PostForm("copy") != ""})
	if err != nil {
		return s.faulty(err, s.runAgain(r, round))
	}
	if round, err = s.roundOf(r); err != nil {
		return reply{}, err
	}
	return s.run(r, round, runNews{reminder: &done})
}

// closeForm closes a round and leads to its result, or back to the round where that is not shown to who runs it.
func (s *Server) closeForm(r request) (reply, error) { return s.moved(r, s.closed) }

func (s *Server) publishForm(r request) (reply, error) { return s.moved(r, s.published) }

func (s *Server) moved(r request, move func(request, string) (assessments.Round, error)) (reply, error) {
	round, err := s.roundOf(r)
	if err != nil {
		return reply{}, err
	}
	next, err := move(r, round.ID)
	if err != nil {
		return s.faulty(err, s.runAgain(r, round))
	}
	if !r.caller.sees(next) {
		return reply{Location: roundPath(round.ID, "run")}, nil
	}
	return reply{Location: roundPath(round.ID)}, nil
}

func (s *Server) replyForm(r request) (reply, error) {
	round, err := s.roundOf(r)
	if err != nil {
		return reply{}, err
	}
	asked := replyRequest{Question: r.gin.PostForm("question"), Tag: assessments.Tag(r.gin.PostForm("tag")), Note: r.gin.PostForm("note")}
	if _, err := s.replied(r, round.ID, asked); err != nil {
		return s.faulty(err, s.resultAgain(r, round))
	}
	return reply{Location: roundPath(round.ID) + "#" + url.PathEscape(asked.Question)}, nil
}

func (s *Server) actionForm(r request) (reply, error) {
	round, err := s.roundOf(r)
	if err != nil {
		return reply{}, err
	}
	asked := actionRequest{Text: r.gin.PostForm("text"), Owner: r.gin.PostForm("owner"), DueOn: r.gin.PostForm("due_on")}
	if _, err := s.decided(r, round.ID, asked); err != nil {
		return s.faulty(err, func(problem string) (reply, error) {
			p, pageErr := s.resultView(r, round)
			p.Problem, p.FaultAt = problem, assessments.PlaceOf(err)
			p.Sent = &assessments.Action{Text: asked.Text, Owner: asked.Owner, DueOn: asked.DueOn}
			if pageErr != nil {
				return reply{}, pageErr
			}
			p.Title = "Error: " + p.Title
			return s.html(p)
		})
	}
	return reply{Location: roundPath(round.ID) + "#action"}, nil
}

// outcomeForm says what became of a round's action, and leads back to the round on whose page that was said.
func (s *Server) outcomeForm(r request) (reply, error) {
	round, err := s.roundOf(r)
	if err != nil {
		return reply{}, err
	}
	if err := s.lookedBack(r, round.ID, assessments.Outcome(r.gin.PostForm("outcome"))); err != nil {
		return s.faulty(err, s.resultAgain(r, round))
	}
	return reply{Location: roundPath(cmp.Or(r.gin.PostForm("back"), round.ID)) + "#action"}, nil
}

func (s *Server) resultAgain(r request, round assessments.Round) func(string) (reply, error) {
	return func(problem string) (reply, error) { return s.showResult(r, round, problem) }
}

func (s *Server) resultPage(r request) (reply, error) {
	round, err := s.roundOf(r)
	if err != nil {
		return reply{}, err
	}
	return s.showResult(r, round, "")
}

func (s *Server) showResult(r request, round assessments.Round, problem string) (reply, error) {
	p, err := s.resultView(r, round)
	if err != nil {
		return reply{}, err
	}
	p.Problem = problem
	return s.html(p)
}

// resultView is the page of a round's result before anything was sent from it.
func (s *Server) resultView(r request, round assessments.Round) (reports.Result, error) {
	result, err := s.resultOf(r.Context(), round.ID, r.caller)
	f := s.frame(r, moment{now: s.o.Clock()}, reports.ResultTitle(round), "assessments")
	f.Lead, f.Path, f.JSON = "What the team says, and what the records show.", roundPath(round.ID), "/api/v1"+roundPath(round.ID, "result")
	return reports.Result{Frame: f, Result: result, Round: round, CSRF: r.csrf, Own: r.caller.actsFor(round.Team)}, err
}
