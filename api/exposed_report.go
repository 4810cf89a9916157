package api

import (
	"cmp"
	"context"
	"fmt"
	"hash/fnv"
	"slices"
	"time"

	"shiphabit/internal/exposition"
	"shiphabit/metrics"
	"shiphabit/metrics/gate"
	"shiphabit/reports"
)

// What is exposed is bounded, so that an organisation of any size can be scraped. More teams or services than this have figures of their own only
// where the configuration names them.
const (
	exposedTeams    = 1000
	exposedServices = 100
	exposedStopped  = 500
	exposedSources  = 500
)

// standingAge is how old the standing of a service before the gate may be that is exposed: judging thousands takes a while.
const (
	standingAge     = 30 * time.Second
	standingAgeMany = 5 * time.Minute
)

// exposedReport reads what a scrape tells of the database.
func (s *Server) exposedReport(ctx context.Context, now time.Time) (exposition.Report, error) {
	r := exposition.Report{At: now}
	m := moment{now: now}
	var err error
	if m.services, err = s.o.Store.Services(ctx); err != nil {
		return r, err
	}
	r.Services = len(m.services)
	if r.Underived, err = s.o.Store.Underived(ctx); err != nil {
		return r, err
	}
	derived, err := s.o.Store.Derivations(ctx)
	if err != nil {
		return r, err
	}
	rows, err := s.exposedGate(ctx, m, derived, &r)
	if err != nil {
		return r, err
	}
	if err := s.exposedCards(ctx, m, derived, &r); err != nil {
		return r, err
	}
	addIndexes(r.Cards, rows)
	return r, s.exposedSources(ctx, &r)
}

// exposedGate tells how services stand before the gate.
func (s *Server) exposedGate(ctx context.Context, m moment, derived map[string]int64, r *exposition.Report) ([]reports.ServiceRow, error) {
	age := standingAge
	if len(m.services) > boardAtOnce {
		age = standingAgeMany
	}
	rows, missing, oldest, err := s.standingsAfter(ctx, m, s.board.older(m, derived, s.o.Zone, age), derived)
	if err != nil {
		return nil, err
	}
	r.Gate = exposition.Gate{Standings: map[string]int{}, Unjudged: missing, JudgedAt: oldest}
	services := map[string]metrics.Service{}
	for _, row := range rows {
		services[row.Service.Name] = row.Service
		standing := string(row.Gate.Standing())
		r.Gate.Standings[standing]++
		if !exposition.Stops(standing) {
			continue
		}
		if len(r.Gate.Stopped) == exposedStopped {
			r.LeftOut.Stopped++
			continue
		}
		of := row.Service
		r.Gate.Stopped = append(r.Gate.Stopped, exposition.Stopped{Service: of.Name, Team: of.Team, Tier: string(of.Tier), Verdict: standing})
	}
	overrides, err := s.o.Store.Overrides(ctx, "")
	for _, o := range overrides {
		if o.Idle(m.now, "", s.policy(services[o.Service]).Policy().Overrides, true) == "" {
			r.Gate.Overrides++
		}
	}
	return rows, err
}

// exposedCards adds the figures of the organisation, of teams and of services.
func (s *Server) exposedCards(ctx context.Context, m moment, derived map[string]int64, r *exposition.Report) error {
	window, err := metrics.ParseWindow("", "", m.now, s.o.Zone)
	if err != nil {
		return err
	}
	r.Window = window.To.Sub(window.From)
	all := make([]string, len(m.services))
	for i, service := range m.services {
		all[i] = service.Name
	}
	wanted := []exposedCard{{Card: exposition.Card{Scope: exposition.Organisation}, of: all}}
	teams := chosen(teamNames(m.services), s.o.Exposed.Teams, exposedTeams, &r.LeftOut.Teams)
	for _, team := range teams {
		wanted = append(wanted, exposedCard{Card: exposition.Card{Scope: exposition.Team, Team: team}, of: teamServices(m.services, team)})
	}
	services := chosen(all, s.o.Exposed.Services, exposedServices, &r.LeftOut.Services)
	for _, service := range m.services {
		if _, found := slices.BinarySearch(services, service.Name); found {
			wanted = append(wanted, exposedCard{Card: exposition.Card{Scope: exposition.Service, Team: service.Team, Service: service.Name}, of: []string{service.Name}})
		}
	}
	for _, card := range wanted {
		q := s.about(window, m, string(card.Scope)+" "+cmp.Or(card.Service, card.Team))
		if card.Scorecard, err = s.exposedCard(ctx, card, q, derived); err != nil {
			return err
		}
		r.Cards = append(r.Cards, card.Card)
	}
	return nil
}

// exposedCard is a card to be made of some services.
type exposedCard struct {
	exposition.Card
	of []string
}

// exposedCard measures what is not measured since its services were derived, but for once an hour: spans that have not ended grow.
func (s *Server) exposedCard(ctx context.Context, card exposedCard, q metrics.Query, derived map[string]int64) (metrics.Scorecard, error) {
	sum := fnv.New64a()
	_, _ = fmt.Fprintln(sum, q.AsOf.Truncate(time.Hour).Unix(), metrics.DayNumber(q.AsOf, s.o.Zone)) // a hash takes everything
	for _, name := range card.of {
		_, _ = fmt.Fprintln(sum, name, derived[name])
	}
	return s.cards.of(q.Slice, sum.Sum64(), func() (metrics.Scorecard, error) {
		names := card.of
		if card.Scope == exposition.Organisation {
			names = nil
		}
		tallies, err := s.tallies(ctx, names...)(q, q.Window)
		if err != nil {
			return metrics.Scorecard{}, err
		}
		return metrics.Measure(tallies[0], q), nil
	})
}

// chosen are the names that have figures of their own, by name: those that the configuration names and that there are, else all of them
// unless they are too many. What is left out is counted.
func chosen(all, named []string, most int, leftOut *int) []string {
	all = slices.Sorted(slices.Values(all))
	var list []string
	switch {
	case named != nil:
		list = slices.DeleteFunc(slices.Clone(all), func(name string) bool { return !slices.Contains(named, name) })
	case len(all) <= most:
		list = all
	}
	*leftOut = len(all) - len(list)
	return list
}

// addIndexes adds the index of each service that has figures of its own.
func addIndexes(cards []exposition.Card, rows []reports.ServiceRow) {
	indexes := make(map[string]*metrics.Index, len(rows))
	for i := range rows {
		indexes[rows[i].Service.Name] = &rows[i].Index
	}
	for i := range cards {
		if cards[i].Scope == exposition.Service {
			cards[i].Index = indexes[cards[i].Service]
		}
	}
}

// exposedSources tells where the reading of each source stands.
func (s *Server) exposedSources(ctx context.Context, r *exposition.Report) error {
	sources, err := s.o.Store.Sources(ctx)
	if err != nil {
		return err
	}
	if len(sources) > exposedSources {
		r.LeftOut.Sources = len(sources) - exposedSources
		sources = sources[:exposedSources]
	}
	for _, one := range sources {
		source := exposition.Source{
			Name: one.Name, Watermark: one.Watermark, Heartbeat: one.Heartbeat, NextAt: one.NextAt, Troubled: one.Error != "",
			Failures: one.Failures, SetAside: one.SetAside,
		}
		if one.Budget.Limit > 0 {
			source.CallsLeft = &one.Budget.Left
		}
		r.Sources = append(r.Sources, source)
	}
	return nil
}

// countDecision counts a decision that was made.
func (s *Server) countDecision(l gate.Logged) {
	s.exposition.Decided(exposition.Decision{
		Verdict: string(l.Verdict), Kind: l.Kind, EnvironmentKind: string(l.Snapshot.Kind), Unlogged: l.Unlogged,
	})
}
