package api

import (
	"cmp"
	"context"
	"crypto/rand"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"shiphabit/assessments"
)

// roundStore keeps rounds of the assessment, and writes to the audit log who opened, closed, published or discarded one. Of answers it keeps counts only, and gives them out after closing only.
type roundStore interface {
	SaveRound(ctx context.Context, r assessments.Round, by string) error
	Round(ctx context.Context, id string) (assessments.Round, error)
	Rounds(ctx context.Context) ([]assessments.Round, error)
	RoundByToken(ctx context.Context, tokenHash string) (assessments.Round, error)
	AddTokens(ctx context.Context, round string, hashes []string) error
	Submit(ctx context.Context, tokenHash string, answers assessments.Answers, comments ...assessments.Comment) error
	Counts(ctx context.Context, round string) (assessments.Counts, error)
	Comments(ctx context.Context, round string) ([]assessments.Comment, error)
	DiscardRound(ctx context.Context, id, by string) error
}

// roundRequest opens a round, or makes a draft of one.
type roundRequest struct {
	Team      string   `json:"team"`
	Services  []string `json:"services,omitempty"`
	Size      int      `json:"size,omitempty"`
	Floor     int      `json:"floor,omitempty"`
	Consensus bool     `json:"consensus,omitempty"`
	OpenLink  bool     `json:"open_link,omitempty"`
	Draft     bool     `json:"draft,omitempty"` // open it later
}

// openedResponse holds the answer links, which are shown this once: only their hashes are kept.
type openedResponse struct {
	Round assessments.Round `json:"round"`
	Links []string          `json:"links"`
	// Warning is about a team of which nothing is known; it is opened all the same.
	Warning string `json:"warning,omitempty"`
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
			summary: "Open a round of the five questions for a team; the answer links are shown this once. Without services the team's own are taken, without size and floor those of the configuration. A draft has no links until it is opened",
		},
		{method: http.MethodGet, path: base, scope: Read, handle: s.rounds, response: roundsResponse{}, summary: "The rounds, with how many have answered"},
		{method: http.MethodGet, path: base + "/:id", scope: Read, handle: s.round, response: assessments.Round{}, summary: "One round, with how many have answered"},
		{method: http.MethodDelete, path: base + "/:id", scope: Assess, handle: s.discardRound, response: assessments.Round{}, summary: "Discard a draft: nobody was asked yet"},
		{
			method: http.MethodPost, path: base + "/:id/open", scope: Assess, handle: s.openDraft, response: openedResponse{},
			summary: "Open a draft: from now on questions, members, size and evidence window stay; the answer links are shown this once",
		},
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
	opened, err := s.newRound(r, asked)
	if err != nil {
		return reply{}, err
	}
	return reply{Status: http.StatusCreated, JSON: opened, Header: unstored()}, nil
}

// unstored keeps links out of caches.
func unstored() http.Header { return http.Header{"Cache-Control": {"no-store"}} }

// newRound makes a round and opens it unless it shall stay a draft.
func (s *Server) newRound(r request, asked roundRequest) (openedResponse, error) {
	if err := r.caller.mayRun(asked.Team); err != nil {
		return openedResponse{}, err
	}
	ctx := r.Context()
	var warning string
	if asked.Services == nil {
		var err error
		if asked.Services, warning, err = s.servicesOf(ctx, asked.Team); err != nil {
			return openedResponse{}, err
		}
	}
	if asked.Size == 0 {
		asked.Size = s.o.TeamSize(asked.Team)
	}
	if asked.Floor == 0 {
		asked.Floor = s.o.Floor
	}
	draft, err := assessments.NewRound(s.o.Questions, assessments.Plan{
		ID: newID("ar_", s.o.Clock()), Team: asked.Team, Services: asked.Services, Size: asked.Size, Floor: asked.Floor,
		Consensus: asked.Consensus, OpenLink: asked.OpenLink,
	})
	if err != nil {
		return openedResponse{}, err
	}
	if asked.Draft {
		return openedResponse{Round: draft, Links: []string{}, Warning: warning}, s.o.Store.SaveRound(ctx, draft, r.caller.Name)
	}
	opened, err := s.opened(r, draft)
	opened.Warning = warning
	return opened, err
}

// opened opens a draft and draws its links. A team answers one round at a time.
func (s *Server) opened(r request, draft assessments.Round) (openedResponse, error) {
	ctx := r.Context()
	all, err := s.o.Store.Rounds(ctx)
	if err != nil {
		return openedResponse{}, err
	}
	for _, other := range all {
		if other.State == assessments.Open && other.Team == draft.Team && other.ID != draft.ID {
			return openedResponse{}, fail(Conflict, "team "+shorten(draft.Team)+" has an open round, "+other.ID+"; close it first")
		}
	}
	round, err := draft.Open(s.o.Clock())
	if err != nil {
		return openedResponse{}, err
	}
	if err := s.o.Store.SaveRound(ctx, round, r.caller.Name); err != nil {
		return openedResponse{}, err
	}
	links := round.Capacity()
	if round.OpenLink {
		links = 1
	}
	return s.withLinks(ctx, round, links)
}

func (s *Server) openDraft(r request) (reply, error) {
	round, err := s.roundToRun(r, r.param("id"))
	if err != nil {
		return reply{}, err
	}
	opened, err := s.opened(r, round)
	return reply{JSON: opened, Header: unstored()}, err
}

func (s *Server) discardRound(r request) (reply, error) {
	round, err := s.roundToRun(r, r.param("id"))
	if err != nil {
		return reply{}, err
	}
	return reply{JSON: round}, s.o.Store.DiscardRound(r.Context(), round.ID, r.caller.Name)
}

// servicesOf are the names of a team's services. Where it owns none, a warning names the teams that do.
func (s *Server) servicesOf(ctx context.Context, team string) (names []string, warning string, err error) {
	all, err := s.o.Store.Services(ctx)
	if err != nil {
		return nil, "", err
	}
	var owners []string
	for _, service := range all {
		if service.Team == team {
			names = append(names, service.Name)
		}
		if service.Team != "" {
			owners = append(owners, service.Team)
		}
	}
	if len(names) > 0 {
		return names, "", nil
	}
	slices.Sort(owners)
	owners = slices.Compact(owners)
	known := strings.Join(owners[:min(len(owners), teamsNamed)], ", ")
	if more := len(owners) - teamsNamed; more > 0 {
		known += " and " + strconv.Itoa(more) + " more"
	}
	return nil, "team " + shorten(team) + " owns no service, so that no records stand beside its answers; names must be the same to the letter, and teams with services are: " + cmp.Or(known, "none"), nil
}

// teamsNamed is how many teams one sentence names.
const teamsNamed = 20

// withLinks draws answer links for a round.
func (s *Server) withLinks(ctx context.Context, round assessments.Round, n int) (openedResponse, error) {
	links, hashes := make([]string, n), make([]string, n)
	for i := range n {
		token, err := assessments.NewToken(rand.Reader)
		if err != nil {
			return openedResponse{}, err
		}
		links[i], hashes[i] = "/assess/"+token, assessments.HashToken(token)
	}
	return openedResponse{Round: round, Links: links}, s.o.Store.AddTokens(ctx, round.ID, hashes)
}

func (s *Server) addLinks(r request) (reply, error) {
	var asked linksRequest
	if err := decodeBody(r.Body, maxAsk, &asked); err != nil {
		return reply{}, err
	}
	more, err := s.moreLinks(r, r.param("id"), asked.Count)
	return reply{JSON: more, Header: unstored()}, err
}

func (s *Server) moreLinks(r request, id string, count int) (openedResponse, error) {
	round, err := s.roundToRun(r, id)
	if err != nil {
		return openedResponse{}, err
	}
	if round.State != assessments.Open {
		return openedResponse{}, fail(Conflict, "round "+round.ID+" is "+string(round.State)+"; only an open round has links")
	}
	if count < 1 || count > max(round.Capacity(), 1) {
		return openedResponse{}, fail(Invalid, "count is not between 1 and the number of people asked")
	}
	return s.withLinks(r.Context(), round, count)
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

func (s *Server) closeRound(r request) (reply, error) {
	next, err := s.closed(r, r.param("id"))
	return reply{JSON: next}, err
}

func (s *Server) publishRound(r request) (reply, error) {
	next, err := s.published(r, r.param("id"))
	return reply{JSON: next}, err
}

// closed closes a round for who runs it.
func (s *Server) closed(r request, id string) (assessments.Round, error) {
	round, err := s.roundToRun(r, id)
	if err != nil {
		return round, err
	}
	return s.advance(r, round, assessments.Round.Close)
}

// published publishes a round for its team.
func (s *Server) published(r request, id string) (assessments.Round, error) {
	round, err := s.roundToWrite(r, id)
	if err != nil {
		return round, err
	}
	what, err := s.givesAway(r.Context(), round)
	if err != nil {
		return round, err
	}
	if what != "" {
		return round, fail(Conflict, "the roll-up of "+round.Quarter()+" can be told since "+round.TeamFirstUntil().Format(time.DateOnly)+
			", and with this round published too it would give away "+what+" of the one team left in it that kept them to itself; this round stays the team's own, and the next can be published until a week after its quarter")
	}
	return s.advance(r, round, assessments.Round.Publish)
}

// advance moves a round to its next state.
func (s *Server) advance(r request, round assessments.Round, step func(assessments.Round, time.Time) (assessments.Round, error)) (assessments.Round, error) {
	next, err := step(round, s.o.Clock())
	if err != nil {
		return round, err
	}
	if err := s.o.Store.SaveRound(r.Context(), next, r.caller.Name); err != nil {
		return round, err
	}
	return s.o.Store.Round(r.Context(), next.ID) // an answer may have come in before it closed
}

func (s *Server) result(r request) (reply, error) {
	result, err := s.resultOf(r.Context(), r.param("id"), r.caller)
	return reply{JSON: result}, err
}

// resultOf makes the result of a round, as far as it is shown to who asks, with all that stands beside it.
func (s *Server) resultOf(ctx context.Context, id string, who caller) (assessments.Result, error) {
	round, err := s.o.Store.Round(ctx, id)
	if err != nil {
		return assessments.Result{}, err
	}
	if err := who.maySee(round); err != nil {
		return assessments.Result{}, err
	}
	evidence, err := s.evidence(ctx, round)
	if err != nil {
		return assessments.Result{}, err
	}
	result, err := s.said(ctx, round, evidence)
	if err != nil {
		return result, err
	}
	if result.Replies, err = s.o.Store.Replies(ctx, id); err != nil {
		return result, err
	}
	if result.Action, err = s.action(ctx, id); err != nil {
		return result, err
	}
	before, found, err := s.before(ctx, round)
	if err != nil || !found || !who.sees(before) {
		return result, err
	}
	return result, s.sinceLast(ctx, before, round, &result)
}

// said is what the team answered. Answers are read of closed rounds only, and assessments.ResultOf hides what may not be shown.
func (s *Server) said(ctx context.Context, round assessments.Round, evidence []assessments.Evidence) (assessments.Result, error) {
	if round.State != assessments.Closed && round.State != assessments.Published {
		return assessments.ResultOf(round, nil, evidence)
	}
	counts, err := s.o.Store.Counts(ctx, round.ID)
	if err != nil {
		return assessments.Result{}, err
	}
	result, err := assessments.ResultOf(round, counts, evidence)
	if err != nil {
		return result, err
	}
	comments, err := s.o.Store.Comments(ctx, round.ID)
	result.Remarks = result.Readable(comments)
	return result, err
}

// sinceLast sets the team's round before beside the result: how answers moved, and what was decided then.
func (s *Server) sinceLast(ctx context.Context, before, round assessments.Round, result *assessments.Result) error {
	var err error
	result.Previous = before.ID
	if result.LastAction, err = s.action(ctx, before.ID); err != nil || !result.Shown {
		return err
	}
	if before.Set.ID != round.Set.ID {
		return nil // other questions under the same ids
	}
	then, err := s.said(ctx, before, nil)
	if err == nil && then.Shown {
		result.Changes = assessments.Changes(then, *result)
	}
	return err
}

// before is the team's round before this one.
func (s *Server) before(ctx context.Context, round assessments.Round) (assessments.Round, bool, error) {
	all, err := s.o.Store.Rounds(ctx)
	if err != nil {
		return assessments.Round{}, false, err
	}
	before, found := round.Previous(all)
	return before, found, nil
}
