package api

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"shiphabit/assessments"
	"shiphabit/metrics"
	"shiphabit/reports"
)

// teamServices are the names of a team's services; nil when it is no team.
func teamServices(all []metrics.Service, team string) []string {
	var names []string
	for _, service := range all {
		if service.Team == team && team != "" {
			names = append(names, service.Name)
		}
	}
	return names
}

// teamNames are the declared teams by name.
func teamNames(all []metrics.Service) []string {
	var names []string
	for _, service := range all {
		if service.Team != "" {
			names = append(names, service.Team)
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

func unknownTeam(team string, all []metrics.Service) error {
	return fail(NotFound, "no team is called "+shorten(team)+"; there is "+strings.Join(append(teamNames(all), "nothing more, at /teams"), ", "))
}

// teamsPage lists the teams by name.
func (s *Server) teamsPage(r request) (reply, error) {
	m, err := s.look(r)
	if err != nil {
		return reply{}, err
	}
	return s.teamsList(r, m, "")
}

// teamsList is the list, which also answers for a team that is none.
func (s *Server) teamsList(r request, m moment, asked string) (reply, error) {
	f, err := s.figuresFrame(r, m, s.tallies(r.Context()), "Teams", "teams")
	if err != nil {
		return reply{}, err
	}
	f.Path, f.Levelled = "/teams", false
	p := reports.Teams{Frame: f, Asked: asked}
	for _, service := range m.services {
		if service.Team == "" {
			p.Unowned++
		}
	}
	for _, team := range teamNames(m.services) {
		names := teamServices(m.services, team)
		q := s.query(f, "team "+team)
		tallies, err := s.tallies(r.Context(), names...)(q, q.Window)
		if err != nil {
			return reply{}, err
		}
		p.Rows = append(p.Rows, reports.TeamRow{Team: team, Services: len(names), Card: metrics.Measure(tallies[0], q)})
	}
	answer, err := s.html(p)
	if asked != "" {
		answer.Status = http.StatusNotFound
	}
	return answer, err
}

// teamPage shows what a team's services amount to together, what it said last, and what is disputed.
func (s *Server) teamPage(r request) (reply, error) {
	m, err := s.look(r)
	if err != nil {
		return reply{}, err
	}
	team := r.param("team")
	names := teamServices(m.services, team)
	if names == nil {
		return s.teamsList(r, m, team)
	}
	if m, err = s.ofTeam(r.Context(), m, names); err != nil {
		return reply{}, err
	}
	of := s.tallies(r.Context(), names...)
	f, err := s.figuresFrame(r, m, of, team, "teams")
	if err != nil {
		return reply{}, err
	}
	p := reports.Team{Frame: f, Team: team, Zone: s.o.Zone, Stages: s.o.Definition.StageNames()}
	p.Place = "Team"
	if err := s.teamFigures(r.Context(), m, of, &p); err != nil {
		return reply{}, err
	}
	if err := s.teamServiceRows(r.Context(), m, &p); err != nil {
		return reply{}, err
	}
	if err := s.teamRounds(r.Context(), &p, r.caller); err != nil {
		return reply{}, err
	}
	if p.Disputed, err = s.disputed(r.Context(), team, names); err != nil {
		return reply{}, err
	}
	return s.charted(r, p)
}

func (s *Server) teamFigures(ctx context.Context, m moment, of tallier, p *reports.Team) (err error) {
	q := s.query(p.Frame, "team "+p.Team)
	var tally metrics.Tally
	if p.Card, tally, p.Moves, err = s.measured(m, of, q); err != nil {
		return err
	}
	p.Days = tally.Days
	if p.Levels, err = metrics.Levels(p.Card, p.View.Edition); err != nil {
		return err
	}
	p.Course, err = s.course(of, q, p.Card.Frequency.Rollouts)
	return err
}

// teamServiceRows adds how each of the services stands, and how far they lie apart.
func (s *Server) teamServiceRows(ctx context.Context, m moment, p *reports.Team) (err error) {
	own := m
	own.services = slices.DeleteFunc(slices.Clone(m.services), func(service metrics.Service) bool { return service.Team != p.Team })
	if p.Rows, p.Waiting, p.Judged, err = s.standings(ctx, own); err != nil {
		return err
	}
	if err := s.measureRows(ctx, p.Rows, s.query(p.Frame, "")); err != nil {
		return err
	}
	cards := make([]metrics.Scorecard, len(p.Rows))
	for i, row := range p.Rows {
		cards[i] = row.Card
	}
	p.Spreads = metrics.Spreads(cards)
	return nil
}

// teamRounds adds the last round of the team that is over, as far as its result is shown to who asks, and the one that is open.
func (s *Server) teamRounds(ctx context.Context, p *reports.Team, who caller) error {
	rounds, err := s.o.Store.Rounds(ctx)
	if err != nil {
		return err
	}
	for _, round := range rounds {
		if round.Team == p.Team && round.State == assessments.Open {
			p.Open = &round
		}
	}
	over, kept := who.seen(roundsOver(rounds, p.Team, p.AsOf))
	p.KeptBack = kept
	if p.Decided, err = s.decisionsOf(ctx, over); err != nil || len(p.Decided) == 0 {
		return err
	}
	p.Round = &p.Decided[len(p.Decided)-1].Round
	mark, err := s.factsMark(ctx, p.Round.State, p.Round.Respondents)
	if err != nil {
		return err
	}
	name := fmt.Sprintf("%s, own %t", p.Round.ID, who.actsFor(p.Team)) // others see no more of the round before than was published
	result, err := s.results.of(name, mark, func() (assessments.Result, error) { return s.resultOf(ctx, p.Round.ID, who) })
	p.Result = &result
	return err
}

// roundsOver are the rounds of a team that closed before an instant, the oldest first.
func roundsOver(all []assessments.Round, team string, until time.Time) []assessments.Round {
	over := slices.DeleteFunc(slices.Clone(all), func(r assessments.Round) bool {
		return r.Team != team || r.State != assessments.Closed && r.State != assessments.Published || !r.ClosedAt.Before(until)
	})
	slices.SortStableFunc(over, func(one, other assessments.Round) int { return one.ClosedAt.Compare(other.ClosedAt) })
	return over
}

// lookedBackAt is the number of rounds of which a team sees the actions: two years of quarters. Older ones stand with their rounds.
const lookedBackAt = 8

// decisionsOf are the last rounds of a list with what came of each.
func (s *Server) decisionsOf(ctx context.Context, rounds []assessments.Round) ([]reports.RoundOver, error) {
	rounds = rounds[max(0, len(rounds)-lookedBackAt):]
	ids := make([]string, len(rounds))
	for i, r := range rounds {
		ids[i] = r.ID
	}
	actions, err := s.o.Store.Actions(ctx, ids...)
	if err != nil {
		return nil, err
	}
	var list []reports.RoundOver
	for _, r := range rounds {
		d := reports.RoundOver{Round: r}
		if a, written := actions[r.ID]; written {
			d.Action = &a
		}
		list = append(list, d)
	}
	return list, nil
}

// disputed are the corrections of the records of a team's services that hold. Which service a record belongs to is looked up only where
// anything was corrected at all.
func (s *Server) disputed(ctx context.Context, team string, services []string) ([]reports.Disputed, error) {
	all, err := s.o.Store.Corrections(ctx, "", "")
	if err != nil || !slices.ContainsFunc(all, inForce) {
		return nil, err
	}
	stated := []any{services}
	for _, c := range all {
		stated = append(stated, c.ID, inForce(c))
	}
	mark, err := s.factsMark(ctx, stated...)
	if err != nil {
		return nil, err
	}
	return s.disputes.of(team, mark, func() ([]reports.Disputed, error) {
		var out []reports.Disputed
		for _, service := range services {
			own, err := s.o.Store.Corrections(ctx, service, "")
			if err != nil {
				return nil, err
			}
			for _, c := range slices.DeleteFunc(own, func(c metrics.Correction) bool { return !inForce(c) }) {
				out = append(out, reports.Disputed{Service: service, Correction: c})
			}
		}
		return out, nil
	})
}

func inForce(c metrics.Correction) bool { return c.WithdrawnAt.IsZero() }
