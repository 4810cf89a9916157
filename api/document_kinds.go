package api

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"shiphabit/assessments"
	"shiphabit/metrics"
	"shiphabit/metrics/gate"
	"shiphabit/reports"
)

// indexedAtOnce is up to how many services a report reads one by one for their indices.
const indexedAtOnce = 1000

func (s *Server) leadershipDocument(ctx context.Context, m moment, a Ask) (reports.Document, error) {
	b, err := s.basis(ctx, m, a, s.tallies(ctx), "all services")
	if err != nil {
		return reports.Document{}, err
	}
	in := reports.AboutOrganisation{Basis: b}
	end := endOf(b.Period, m)
	if len(m.services) > indexedAtOnce {
		in.Unindexed = len(m.services)
	} else if in.Services, err = s.indexed(ctx, m.services, end); err != nil {
		return reports.Document{}, err
	}
	if in.Teams, err = s.teamCards(ctx, m, b.Period); err != nil {
		return reports.Document{}, err
	}
	if in.Gate, err = s.boardOf(ctx, b.Period, m, func(string) bool { return true }); err != nil {
		return reports.Document{}, err
	}
	if err := s.rolledUp(ctx, &in); err != nil {
		return reports.Document{}, err
	}
	return reports.LeadershipReport(in), nil
}

// indexed are the services that have a record, each with its index at an instant.
func (s *Server) indexed(ctx context.Context, services []metrics.Service, at time.Time) ([]reports.ServiceRow, error) {
	var rows []reports.ServiceRow
	for _, service := range services {
		facts, err := s.o.Store.FactsFor(ctx, service.Name, metrics.Window{From: at.Add(-indexSpan), To: at})
		if s.is(err, NotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		service.Tier = gate.TierOf(service)
		row := reports.ServiceRow{Service: service, Index: metrics.HabitIndex(facts, at, s.o.Calendar(service.Name, service.Team))}
		row.Index.NotComparable = service.Cadence
		rows = append(rows, row)
	}
	return rows, nil
}

// teamsOf are the services of each team, by the team's name.
func teamsOf(services []metrics.Service) map[string][]string {
	teams := map[string][]string{}
	for _, service := range services {
		if service.Team != "" {
			teams[service.Team] = append(teams[service.Team], service.Name)
		}
	}
	return teams
}

func (s *Server) teamCards(ctx context.Context, m moment, p reports.Period) ([]reports.TeamCard, error) {
	teams := teamsOf(m.services)
	var cards []reports.TeamCard
	for _, team := range slices.Sorted(maps.Keys(teams)) {
		q := s.about(p.Window, m, "team "+team)
		tallies, err := s.tallies(ctx, teams[team]...)(q, q.Window)
		if err != nil {
			return nil, err
		}
		cards = append(cards, reports.TeamCard{Team: team, Card: metrics.Measure(tallies[0], q)})
	}
	return cards, nil
}

// rolledUp pools the rounds of a quarter and what came of them; where there is none to show it says why.
func (s *Server) rolledUp(ctx context.Context, in *reports.AboutOrganisation) error {
	rounds, err := s.ofQuarter(ctx, in.Period.Name)
	if err != nil {
		return err
	}
	now := s.o.Clock()
	rollup, err := s.told(ctx, in.Period.Name, rounds)
	switch {
	case errors.Is(err, assessments.ErrInvalid) && len(rounds) == 0:
		in.NoRollup = "What teams answer is rolled up by whole quarters, and this period is none."
		return nil
	case errors.Is(err, assessments.ErrState), errors.Is(err, assessments.ErrInvalid):
		in.NoRollup = sentence(err.Error())
		return nil
	case err != nil:
		return err
	}
	outcomes, err := assessments.OutcomesOf(in.Period.Name, rounds, now)
	in.Rollup, in.Outcomes = &rollup, &outcomes
	return err
}

func (s *Server) teamDocument(ctx context.Context, m moment, a Ask) (reports.Document, error) {
	names := teamsOf(m.services)[a.Name]
	if len(names) == 0 {
		return reports.Document{}, fail(NotFound, "no service belongs to a team called "+shorten(a.Name)+"; /reports lists the teams known")
	}
	own, err := s.ofTeam(ctx, m, names)
	if err != nil {
		return reports.Document{}, err
	}
	b, err := s.basis(ctx, own, a, s.tallies(ctx, names...), "team "+a.Name)
	if err != nil {
		return reports.Document{}, err
	}
	b.Diagnosis = narrowed(b.Diagnosis, names)
	in := reports.AboutTeam{Basis: b, Team: a.Name}
	services := slices.DeleteFunc(slices.Clone(m.services), func(of metrics.Service) bool { return of.Team != a.Name })
	if in.Services, err = s.indexed(ctx, services, endOf(b.Period, m)); err != nil {
		return reports.Document{}, err
	}
	if err := s.measureRows(ctx, in.Services, s.about(b.Period.Window, m, "")); err != nil {
		return reports.Document{}, err
	}
	if in.Gate, err = s.boardOf(ctx, b.Period, m, func(service string) bool { return slices.Contains(names, service) }); err != nil {
		return reports.Document{}, err
	}
	err = s.teamSaid(ctx, &in, endOf(b.Period, m), a.reader)
	return reports.TeamReport(in), err
}

// teamSaid adds the result of the last round of the team that closed up to the end of the period, and what came of its rounds, as far as
// that is shown to who asks.
func (s *Server) teamSaid(ctx context.Context, in *reports.AboutTeam, end time.Time, who caller) error {
	rounds, err := s.o.Store.Rounds(ctx)
	if err != nil {
		return err
	}
	over, kept := who.seen(roundsOver(rounds, in.Team, end))
	in.KeptBack = kept
	if in.Decided, err = s.decisionsOf(ctx, over); err != nil || len(in.Decided) == 0 {
		return err
	}
	result, err := s.resultOf(ctx, in.Decided[len(in.Decided)-1].Round.ID, who)
	in.Result = &result
	return err
}

func (s *Server) serviceDocument(ctx context.Context, m moment, a Ask) (reports.Document, error) {
	service, err := s.known(ctx, a.Name)
	if err != nil {
		return reports.Document{}, err
	}
	whole, err := s.o.Store.Facts(ctx, service.Name)
	if err != nil && !s.is(err, NotFound) {
		return reports.Document{}, err
	}
	b, err := s.basis(ctx, m.ofService(whole, s.o.Zone), a, s.tallies(ctx, service.Name), "service "+service.Name)
	if err != nil {
		return reports.Document{}, err
	}
	b.Diagnosis = narrowed(b.Diagnosis, []string{service.Name})
	in := reports.AboutService{Basis: b, Row: reports.ServiceRow{Service: service}}
	rows, err := s.indexed(ctx, []metrics.Service{service}, endOf(b.Period, m))
	if err != nil {
		return reports.Document{}, err
	}
	if len(rows) == 1 {
		in.Row = rows[0]
	}
	if b.Period.Open(m.now) && !m.past { // of an earlier moment it would be a guess
		stands, err := s.standingOf(ctx, service, string(metrics.Production))
		if err != nil {
			return reports.Document{}, err
		}
		in.Row.Gate.Decision = stands.decision
	}
	facts, err := s.o.Store.FactsFor(ctx, service.Name, b.Period.Window)
	if s.is(err, NotFound) {
		err = nil
	}
	in.Incidents = facts.Incidents
	return reports.ServiceReport(in), err
}
