package api

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"

	"shiphabit/assessments"
)

// outcomeStore keeps what a team makes of its result, and counts reminders. Each change is written to the audit log with it.
type outcomeStore interface {
	Replies(ctx context.Context, round string) ([]assessments.Reply, error)
	SaveReply(ctx context.Context, round string, r assessments.Reply, by string) error
	Action(ctx context.Context, round string) (a assessments.Action, found bool, err error)
	Actions(ctx context.Context, rounds ...string) (map[string]assessments.Action, error)
	SaveAction(ctx context.Context, round string, a assessments.Action, by string) error
	DecideAction(ctx context.Context, round string, o assessments.Outcome, by string) error
	CountReminder(ctx context.Context, round string, seen int, by string) error
	UncountReminder(ctx context.Context, round string, counted int, by string) error
}

// Notifier reaches teams over the channels of the configuration.
type Notifier interface {
	// Channels names those of a team, without secrets.
	Channels(team string) []string
	// Remind sends a text over all of them. Reached is true when somebody has it or may have it; the error says of the channels
	// that did not take it why, without secrets.
	Remind(ctx context.Context, team string, r assessments.Reminder) (sent []string, reached bool, err error)
}

type replyRequest struct {
	Question string          `json:"question"`
	Tag      assessments.Tag `json:"tag"`
	Note     string          `json:"note,omitempty"`
}

type actionRequest struct {
	Text  string `json:"text"`
	Owner string `json:"owner"`
	DueOn string `json:"due_on"`
}

type outcomeRequest struct {
	Outcome assessments.Outcome `json:"outcome"`
}

// remindRequest sends a reminder, or only gives its text.
type remindRequest struct {
	Copy bool `json:"copy,omitempty"`
}

type reminderResponse struct {
	assessments.Reminder
	Sent    []string `json:"sent"` // channels that took it; none: the text is to be copied
	Problem string   `json:"problem,omitempty"`
	Left    int      `json:"left"` // reminders that may follow
}

// rollupResponse is what the organisation sees of a quarter.
type rollupResponse struct {
	Rollup   assessments.Rollup   `json:"rollup"`
	Outcomes assessments.Outcomes `json:"outcomes"`
}

func (s *Server) outcomeRoutes() []route {
	const base = "/api/v1/assessments"
	return []route{
		{
			method: http.MethodPost, path: base + "/:id/replies", scope: Assess, handle: s.reply, request: replyRequest{}, response: assessments.Reply{},
			summary: "Reply to one question of a closed round's result: a tag with a note, which stands wherever the number stands. An empty tag withdraws it",
		},
		{
			method: http.MethodPost, path: base + "/:id/action", scope: Assess, handle: s.writeAction, request: actionRequest{}, response: assessments.Action{},
			summary: "Write the one action that the team decides on after closing: what, who by role, until which day. The team's next round opens with it",
		},
		{
			method: http.MethodPost, path: base + "/:id/action/outcome", scope: Assess, handle: s.lookBack, request: outcomeRequest{}, response: assessments.Action{},
			summary: "Say what became of a round's action: done, not done, or empty for undecided",
		},
		{
			method: http.MethodPost, path: base + "/:id/remind", scope: Assess, handle: s.remindAPI, request: remindRequest{}, response: reminderResponse{},
			summary: "Remind a team of its open round over its channels, or give the text to copy; at most twice a round, either way",
		},
		{method: http.MethodGet, path: base + "/:id/guide", scope: Read, handle: s.guide, response: assessments.Guide{}, summary: "What the team may talk about, made from its result by rules"},
		{
			method: http.MethodGet, path: base + "/rollup", scope: Read, handle: s.rollup, response: rollupResponse{},
			summary: "What the organisation sees of a quarter, from a week after its end: pooled answers of at least three teams, and what became of their actions",
			query:   []parameter{{"quarter", "the quarter, like 2026-Q3; when left out the last one that may be told; where none may be yet, the answer says from when on"}},
		},
	}
}

func (s *Server) reply(r request) (reply, error) {
	var asked replyRequest
	if err := decodeBody(r.Body, maxAsk, &asked); err != nil {
		return reply{}, err
	}
	done, err := s.replied(r, r.param("id"), asked)
	return reply{JSON: done}, err
}

func (s *Server) replied(r request, id string, asked replyRequest) (assessments.Reply, error) {
	round, err := s.roundToWrite(r, id)
	if err != nil {
		return assessments.Reply{}, err
	}
	said, err := assessments.NewReply(round, asked.Question, asked.Tag, asked.Note)
	if err != nil {
		return said, err
	}
	said.At = s.o.Clock().UTC()
	return said, s.o.Store.SaveReply(r.Context(), id, said, r.caller.Name)
}

func (s *Server) writeAction(r request) (reply, error) {
	var asked actionRequest
	if err := decodeBody(r.Body, maxAsk, &asked); err != nil {
		return reply{}, err
	}
	done, err := s.decided(r, r.param("id"), asked)
	return reply{JSON: done}, err
}

func (s *Server) decided(r request, id string, asked actionRequest) (assessments.Action, error) {
	round, err := s.roundToWrite(r, id)
	if err != nil {
		return assessments.Action{}, err
	}
	a, err := assessments.NewAction(round, asked.Text, asked.Owner, asked.DueOn)
	if err != nil {
		return a, err
	}
	a.At = s.o.Clock().UTC()
	return a, s.o.Store.SaveAction(r.Context(), id, a, r.caller.Name)
}

func (s *Server) lookBack(r request) (reply, error) {
	var asked outcomeRequest
	if err := decodeBody(r.Body, maxAsk, &asked); err != nil {
		return reply{}, err
	}
	if err := s.lookedBack(r, r.param("id"), asked.Outcome); err != nil {
		return reply{}, err
	}
	a, err := s.action(r.Context(), r.param("id"))
	return reply{JSON: a}, err
}

func (s *Server) lookedBack(r request, id string, o assessments.Outcome) error {
	if err := assessments.CheckOutcome(o); err != nil {
		return err
	}
	round, err := s.roundToWrite(r, id)
	if err != nil {
		return err
	}
	return s.o.Store.DecideAction(r.Context(), round.ID, o, r.caller.Name)
}

// action is what a team decided after a round, nil when nothing.
func (s *Server) action(ctx context.Context, round string) (*assessments.Action, error) {
	a, found, err := s.o.Store.Action(ctx, round)
	if err != nil || !found {
		return nil, err
	}
	return &a, nil
}

func (s *Server) remindAPI(r request) (reply, error) {
	var asked remindRequest
	if err := decodeBody(r.Body, maxAsk, &asked); err != nil {
		return reply{}, err
	}
	done, err := s.remind(r, r.param("id"), asked)
	return reply{JSON: done, Header: unstored()}, err
}

// remind counts a reminder before it is sent, so that no two servers send a third, and takes it back when certainly nobody got it.
func (s *Server) remind(r request, id string, asked remindRequest) (reminderResponse, error) {
	ctx := r.Context()
	round, err := s.roundToRun(r, id)
	if err != nil {
		return reminderResponse{}, err
	}
	if _, err := assessments.ReminderOf(round, ""); err != nil {
		return reminderResponse{}, err
	}
	if err := s.o.Store.CountReminder(ctx, id, round.Reminders, r.caller.Name); err != nil {
		return reminderResponse{}, err
	}
	done, reached, err := s.sendReminder(r, round, asked)
	if err != nil || !reached {
		if back := s.o.Store.UncountReminder(ctx, id, round.Reminders+1, r.caller.Name); back != nil {
			return done, back
		}
		if err == nil {
			err = fail(Conflict, "nobody was reached, and the reminder is not counted: "+done.Problem+"; mend that, or copy the text instead")
		}
	}
	return done, err
}

// sendReminder words a reminder and sends it. Of the links only hashes are kept, so a link that serves all is drawn anew; the round takes
// no more answers for it.
func (s *Server) sendReminder(r request, round assessments.Round, asked remindRequest) (done reminderResponse, reached bool, err error) {
	link := ""
	if round.OpenLink || round.Consensus {
		more, err := s.withLinks(r.Context(), round, 1)
		if err != nil {
			return done, false, err
		}
		link = s.publicURL(r) + more.Links[0]
	}
	done = reminderResponse{Sent: []string{}, Left: assessments.MaxReminders - round.Reminders - 1}
	if done.Reminder, err = assessments.ReminderOf(round, link); err != nil {
		return done, false, err
	}
	if asked.Copy || s.o.Notifier == nil || len(s.o.Notifier.Channels(round.Team)) == 0 {
		return done, true, nil
	}
	sent, reached, trouble := s.o.Notifier.Remind(r.Context(), round.Team, done.Reminder)
	done.Sent = append(done.Sent, sent...)
	if trouble != nil {
		done.Problem = strings.ReplaceAll(trouble.Error(), "\n", "; ")
	}
	return done, reached, nil
}

// publicURL is the address at which people reach the pages, without a slash at its end.
func (s *Server) publicURL(r request) string {
	if s.o.PublicURL != "" {
		return strings.TrimRight(s.o.PublicURL, "/")
	}
	if r.TLS != nil {
		return "https://" + r.Host
	}
	return "http://" + r.Host
}

func (s *Server) guide(r request) (reply, error) {
	result, err := s.resultOf(r.Context(), r.param("id"), r.caller)
	if err != nil {
		return reply{}, err
	}
	return reply{JSON: assessments.GuideOf(result)}, nil
}

func (s *Server) rollup(r request) (reply, error) {
	quarter, _, err := s.quarterAsked(r)
	if err != nil {
		return reply{}, err
	}
	answer, err := s.rolled(r.Context(), quarter)
	return reply{JSON: answer}, noneYet(r, err)
}

// noneYet adds to the reason why the quarter that was chosen cannot be told that this holds of each: had one been told, it would have been chosen.
func noneYet(r request, err error) error {
	if errors.Is(err, assessments.ErrState) && param1(r.URL.Query(), "quarter") == "" {
		return fmt.Errorf("no quarter may be told yet; %w", err)
	}
	return err
}

// quarterAsked is the quarter of the address, else the last one that may be told; with those in which rounds closed.
func (s *Server) quarterAsked(r request) (quarter string, all []string, err error) {
	rounds, err := s.o.Store.Rounds(r.Context())
	if err != nil {
		return "", nil, err
	}
	quarter = param1(r.URL.Query(), "quarter")
	return cmp.Or(quarter, assessments.LastTold(rounds, s.o.Clock())), assessments.Quarters(rounds), nil
}

// rolled is what the organisation sees of a quarter.
func (s *Server) rolled(ctx context.Context, quarter string) (rollupResponse, error) {
	rounds, err := s.ofQuarter(ctx, quarter)
	if err != nil {
		return rollupResponse{}, err
	}
	now, answer := s.o.Clock(), rollupResponse{}
	if answer.Rollup, err = s.told(ctx, quarter, rounds); err != nil {
		return rollupResponse{}, err
	}
	answer.Outcomes, err = assessments.OutcomesOf(quarter, rounds, now)
	return answer, err
}

// rollupStore keeps what was told of quarters, each as it was told first.
type rollupStore interface {
	Rollup(ctx context.Context, quarter string) (body []byte, found bool, err error)
	KeepRollup(ctx context.Context, quarter string, body []byte) ([]byte, error)
}

// keptRollup is a roll-up as it is kept: with who its counts are made of. Those kept before that was known are without.
type keptRollup struct {
	assessments.Rollup
	Tellers *assessments.Tellers `json:"tellers,omitempty"`
}

// told is the roll-up of a quarter, of its rounds. It is told ever after as it was told first: what a team replies, publishes or corrects in its
// records later would otherwise show as the difference of two readings.
func (s *Server) told(ctx context.Context, quarter string, rounds []assessments.TeamCounts) (assessments.Rollup, error) {
	body, found, err := s.o.Store.Rollup(ctx, quarter)
	if err != nil {
		return assessments.Rollup{}, err
	}
	if !found {
		fresh, err := s.rollUp(ctx, quarter, rounds)
		if err != nil || fresh.Teams == 0 {
			return fresh, err
		}
		if body, err = json.Marshal(keptRollup{fresh, &fresh.Tellers}); err != nil {
			return fresh, err
		}
		if body, err = s.o.Store.KeepRollup(ctx, quarter, body); err != nil {
			return fresh, err
		}
	}
	var kept keptRollup
	if err := json.Unmarshal(body, &kept); err != nil {
		return kept.Rollup, err
	}
	if kept.Tellers != nil {
		kept.Rollup.Tellers = *kept.Tellers
	}
	return kept.Rollup, nil
}

// rollUp makes a roll-up of the rounds of a quarter as they are now. Whether one can be made is asked before records are read for it.
func (s *Server) rollUp(ctx context.Context, quarter string, rounds []assessments.TeamCounts) (assessments.Rollup, error) {
	if err := assessments.CheckRollUp(quarter, rounds, s.o.Clock()); err != nil {
		return assessments.Rollup{}, err
	}
	whole := slices.Clone(rounds)
	for i := range whole {
		if err := s.complete(ctx, &whole[i]); err != nil {
			return assessments.Rollup{}, err
		}
	}
	return assessments.RollUp(quarter, whole, s.o.Clock())
}

// complete adds what a roll-up is made of to a round.
func (s *Server) complete(ctx context.Context, t *assessments.TeamCounts) (err error) {
	if t.Counts, err = s.o.Store.Counts(ctx, t.Round.ID); err != nil {
		return err
	}
	if t.Evidence, err = s.evidence(ctx, t.Round); err != nil {
		return err
	}
	t.Replies, err = s.o.Store.Replies(ctx, t.Round.ID)
	return err
}

// givesAway says why a round cannot be published any more: its quarter may have been told, and less all that is published it would tell what
// one other team kept to itself. Empty where it can be. What can be told and was not yet is told first, so that it is known who it is made of.
func (s *Server) givesAway(ctx context.Context, round assessments.Round) (string, error) {
	now := s.o.Clock()
	if now.Before(round.TeamFirstUntil()) {
		return "", nil
	}
	all, err := s.o.Store.Rounds(ctx)
	if err != nil {
		return "", err
	}
	if assessments.LeavesAlone(round, all, now) {
		return "the answers", nil
	}
	quarter := round.Quarter()
	rounds := teamRounds(quarter, all)
	kept, err := s.told(ctx, quarter, rounds)
	if err == nil && len(kept.Patterns)+len(kept.Tags) > 0 && kept.Tellers.Unknown() {
		var fresh assessments.Rollup // kept before its tellers were: those of today are the nearest
		fresh, err = s.rollUp(ctx, quarter, rounds)
		kept.Tellers = fresh.Tellers
	}
	if errors.Is(err, assessments.ErrInvalid) || errors.Is(err, assessments.ErrState) {
		return "", nil // there is no roll-up to be told
	}
	return kept.CountsLeaveAlone(round, all), err
}

func teamRounds(quarter string, all []assessments.Round) []assessments.TeamCounts {
	var list []assessments.TeamCounts
	for _, round := range assessments.LastOfQuarter(quarter, all) {
		list = append(list, assessments.TeamCounts{Round: round})
	}
	return list
}

// ofQuarter reads the rounds that closed in a quarter, the last one of each team, with what the teams decided. The quarter is over when
// they are shown, so that they are always the same.
func (s *Server) ofQuarter(ctx context.Context, quarter string) ([]assessments.TeamCounts, error) {
	all, err := s.o.Store.Rounds(ctx)
	if err != nil {
		return nil, err
	}
	list := teamRounds(quarter, all)
	for i := range list {
		if list[i].Action, err = s.action(ctx, list[i].Round.ID); err != nil {
			return nil, err
		}
	}
	return list, nil
}
