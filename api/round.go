package api

import (
	"context"
	"crypto/rand"
	"net/http"
	"time"

	"shiphabit/assessments"
)

// roundStore keeps rounds of the assessment. Of answers it keeps counts only, and gives them out after closing only.
type roundStore interface {
	SaveRound(ctx context.Context, r assessments.Round) error
	Round(ctx context.Context, id string) (assessments.Round, error)
	Rounds(ctx context.Context) ([]assessments.Round, error)
	RoundByToken(ctx context.Context, tokenHash string) (assessments.Round, error)
	AddTokens(ctx context.Context, round string, hashes []string) error
	Submit(ctx context.Context, tokenHash string, answers assessments.Answers) error
	Counts(ctx context.Context, round string) (assessments.Counts, error)
}

// roundRequest opens a round.
type roundRequest struct {
	Team      string   `json:"team"`
	Services  []string `json:"services,omitempty"`
	Size      int      `json:"size,omitempty"`
	Floor     int      `json:"floor,omitempty"`
	Consensus bool     `json:"consensus,omitempty"`
	OpenLink  bool     `json:"open_link,omitempty"`
}

// openedResponse holds the answer links, which are shown this once: only their hashes are kept.
type openedResponse struct {
	Round assessments.Round `json:"round"`
	Links []string          `json:"links"`
}

type linksRequest struct {
	Count int `json:"count"`
}

type roundsResponse struct {
	Rounds []assessments.Round `json:"rounds"`
}

func (s *Server) roundRoutes() []route {
	const base = "/api/v1/assessments"
	return []route{
		{
			method: http.MethodPost, path: base, scope: Assess, handle: s.openRound, request: roundRequest{}, response: openedResponse{},
			summary: "Open a round of the five questions for a team; the answer links are shown this once. Without services the team's own are taken, without size and floor those of the configuration",
		},
		{method: http.MethodGet, path: base, scope: Read, handle: s.rounds, response: roundsResponse{}, summary: "The rounds, with how many have answered"},
		{method: http.MethodGet, path: base + "/:id", scope: Read, handle: s.round, response: assessments.Round{}, summary: "One round, with how many have answered"},
		{
			method: http.MethodPost, path: base + "/:id/links", scope: Assess, handle: s.addLinks, request: linksRequest{}, response: openedResponse{},
			summary: "More answer links for an open round; it takes no more answers than the team has people",
		},
		{method: http.MethodPost, path: base + "/:id/close", scope: Assess, handle: s.closeRound, response: assessments.Round{}, summary: "End answering; links that were not used are deleted"},
		{method: http.MethodPost, path: base + "/:id/publish", scope: Assess, handle: s.publishRound, response: assessments.Round{}, summary: "Freeze a closed round and let it enter roll-ups"},
		{
			method: http.MethodGet, path: base + "/:id/result", scope: Read, handle: s.result, response: assessments.Result{},
			summary: "What the team says beside what the records show. Before closing, and for groups below the floor, only participation and evidence",
		},
		{
			method: http.MethodGet, path: base + "/:id/evidence/:evidence", scope: Read, handle: s.evidenceOf, response: assessments.Explanation{},
			summary: "How the level of one piece of evidence (E1 to E5) is made: formula, inputs, levels tried with their thresholds, records, and those left out with the reason",
		},
	}
}

func (s *Server) openRound(r request) (reply, error) {
	var asked roundRequest
	if err := decodeBody(r.Body, maxAsk, &asked); err != nil {
		return reply{}, err
	}
	if asked.Services == nil {
		var err error
		if asked.Services, err = s.servicesOf(r.Context(), asked.Team); err != nil {
			return reply{}, err
		}
	}
	if asked.Size == 0 {
		asked.Size = s.o.TeamSize(asked.Team)
	}
	if asked.Floor == 0 {
		asked.Floor = s.o.Floor
	}
	now := s.o.Clock()
	draft, err := assessments.NewRound(s.o.Questions, assessments.Plan{
		ID: newID("ar_", now), Team: asked.Team, Services: asked.Services, Size: asked.Size, Floor: asked.Floor,
		Consensus: asked.Consensus, OpenLink: asked.OpenLink,
	})
	if err != nil {
		return reply{}, err
	}
	opened, err := draft.Open(now)
	if err != nil {
		return reply{}, err
	}
	if err := s.o.Store.SaveRound(r.Context(), opened); err != nil {
		return reply{}, err
	}
	links := opened.Capacity()
	if opened.OpenLink {
		links = 1
	}
	answer, err := s.withLinks(r.Context(), opened, links)
	answer.Status = http.StatusCreated
	return answer, err
}

// servicesOf are the names of a team's services.
func (s *Server) servicesOf(ctx context.Context, team string) ([]string, error) {
	all, err := s.o.Store.Services(ctx)
	var names []string
	for _, service := range all {
		if service.Team == team {
			names = append(names, service.Name)
		}
	}
	return names, err
}

// withLinks draws answer links for a round.
func (s *Server) withLinks(ctx context.Context, round assessments.Round, n int) (reply, error) {
	links, hashes := make([]string, n), make([]string, n)
	for i := range n {
		token, err := assessments.NewToken(rand.Reader)
		if err != nil {
			return reply{}, err
		}
		links[i], hashes[i] = "/assess/"+token, assessments.HashToken(token)
	}
	if err := s.o.Store.AddTokens(ctx, round.ID, hashes); err != nil {
		return reply{}, err
	}
	return reply{JSON: openedResponse{Round: round, Links: links}, Header: http.Header{"Cache-Control": {"no-store"}}}, nil
}

func (s *Server) addLinks(r request) (reply, error) {
	var asked linksRequest
	if err := decodeBody(r.Body, maxAsk, &asked); err != nil {
		return reply{}, err
	}
	round, err := s.o.Store.Round(r.Context(), r.param("id"))
	if err != nil {
		return reply{}, err
	}
	if asked.Count < 1 || asked.Count > max(round.Capacity(), 1) {
		return reply{}, fail(Invalid, "count is not between 1 and the number of people asked")
	}
	return s.withLinks(r.Context(), round, asked.Count)
}

func (s *Server) rounds(r request) (reply, error) {
	all, err := s.o.Store.Rounds(r.Context())
	if all == nil {
		all = []assessments.Round{}
	}
	return reply{JSON: roundsResponse{all}}, err
}

func (s *Server) round(r request) (reply, error) {
	round, err := s.o.Store.Round(r.Context(), r.param("id"))
	return reply{JSON: round}, err
}

func (s *Server) closeRound(r request) (reply, error) { return s.advance(r, assessments.Round.Close) }

func (s *Server) publishRound(r request) (reply, error) {
	return s.advance(r, assessments.Round.Publish)
}

// advance moves a round to its next state.
func (s *Server) advance(r request, step func(assessments.Round, time.Time) (assessments.Round, error)) (reply, error) {
	round, err := s.o.Store.Round(r.Context(), r.param("id"))
	if err != nil {
		return reply{}, err
	}
	next, err := step(round, s.o.Clock())
	if err != nil {
		return reply{}, err
	}
	if err := s.o.Store.SaveRound(r.Context(), next); err != nil {
		return reply{}, err
	}
	next, err = s.o.Store.Round(r.Context(), next.ID) // an answer may have come in before it closed
	return reply{JSON: next}, err
}

func (s *Server) result(r request) (reply, error) {
	result, err := s.resultOf(r.Context(), r.param("id"))
	return reply{JSON: result}, err
}

// resultOf makes the result of a round. Answers are read of closed rounds only, and assessments.ResultOf hides what may not
// be shown.
func (s *Server) resultOf(ctx context.Context, id string) (assessments.Result, error) {
	round, err := s.o.Store.Round(ctx, id)
	if err != nil {
		return assessments.Result{}, err
	}
	var counts assessments.Counts
	if round.State == assessments.Closed || round.State == assessments.Published {
		if counts, err = s.o.Store.Counts(ctx, id); err != nil {
			return assessments.Result{}, err
		}
	}
	evidence, err := s.evidence(ctx, round)
	if err != nil {
		return assessments.Result{}, err
	}
	return assessments.ResultOf(round, counts, evidence)
}
