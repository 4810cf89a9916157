package api

import (
	"cmp"
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"shiphabit/assessments"
	"shiphabit/metrics"
	"shiphabit/metrics/gate"
	"shiphabit/reports"
)

func (s *Server) overviewPage(r request) (reply, error) {
	m, err := s.look(r)
	if err != nil {
		return reply{}, err
	}
	f := s.frame(r, m, "Overview", "overview")
	f.Windowed, f.Levelled = true, true
	q := s.query(f, "all services")
	o := reports.Overview{Frame: f, Card: metrics.MeasureAll(m.facts, q), Moves: s.moves(m, m.facts, q), Zone: s.o.Zone}
	if o.Levels, err = metrics.Levels(o.Card, f.View.Edition); err != nil {
		return reply{}, err
	}
	if o.Course, err = s.course(m.facts, q, o.Card.Frequency.Rollouts); err != nil {
		return reply{}, err
	}
	if o.Rows, err = s.rows(r.Context(), m, q); err != nil {
		return reply{}, err
	}
	o.Rollouts = rollouts(m.facts)
	o.AssessPath = s.o.AssessPath
	if o.ResultPath, err = s.lastResult(r.Context()); err != nil {
		return reply{}, err
	}
	if o.ResultPath != "" && s.o.AssessPath != "" { // the one form of this server has been answered
		o.AssessPath = ""
	}
	return s.charted(r, o)
}

// rollouts are those of all services by finish.
func rollouts(facts []metrics.Facts) []metrics.Rollout {
	var all []metrics.Rollout
	for _, f := range facts {
		all = append(all, f.Rollouts...)
	}
	slices.SortFunc(all, func(a, b metrics.Rollout) int {
		return cmp.Or(a.FinishedAt.Compare(b.FinishedAt), cmp.Compare(a.ID, b.ID))
	})
	return all
}

// lastResult is the address of the newest round that is over.
func (s *Server) lastResult(ctx context.Context) (string, error) {
	rounds, err := s.o.Store.Rounds(ctx)
	path, at := "", time.Time{}
	for _, round := range rounds {
		if (round.State == assessments.Closed || round.State == assessments.Published) && !round.ClosedAt.Before(at) {
			path, at = "/assessments/"+round.ID, round.ClosedAt
		}
	}
	return path, err
}

// rows measures each service by itself.
func (s *Server) rows(ctx context.Context, m moment, q metrics.Query) ([]reports.ServiceRow, error) {
	var rows []reports.ServiceRow
	for _, service := range m.services {
		facts := m.of(service.Name)
		if len(facts.Rollouts)+len(facts.Incidents) == 0 {
			continue // declared, and never seen
		}
		row, _, err := s.row(ctx, m, service, q)
		if err != nil {
			return nil, err
		}
		rows = append(rows, row)
	}
	return rows, nil
}

// row is one service with what the gate would say, and the steps its meter took.
func (s *Server) row(ctx context.Context, m moment, service metrics.Service, q metrics.Query) (reports.ServiceRow, []gate.MeterStep, error) {
	facts := m.of(service.Name)
	service.Tier = gate.TierOf(service)
	q.Slice = "service " + service.Name
	row := reports.ServiceRow{Service: service, Card: metrics.MeasureAll([]metrics.Facts{facts}, q)}
	row.Index = metrics.HabitIndex(facts, m.now, s.o.Calendar(service.Name, service.Team))
	row.Index.NotComparable = service.Cadence
	ask := gate.Request{Service: service.Name, Environment: string(metrics.Production), Change: gate.Change{Kind: gate.KindNormal}}
	policy, snapshot, _, err := s.snapshot(ctx, ask, s.o.Clock())
	if err != nil {
		return row, nil, err
	}
	row.Gate = reports.GateNow{Decision: gate.Decide(policy, withoutProbe(snapshot), ask), Meter: snapshot.Meter}
	granted, err := s.o.Store.ProbeGrants(ctx, service.Name, time.Time{})
	_, steps := gate.FoldMeter(facts, policy, s.o.Clock(), granted)
	return row, steps, err
}

func (s *Server) servicesPage(r request) (reply, error) {
	m, err := s.look(r)
	if err != nil {
		return reply{}, err
	}
	f := s.frame(r, m, "Services", "services")
	f.Windowed = true
	rows, err := s.rows(r.Context(), m, s.query(f, "all services"))
	if err != nil {
		return reply{}, err
	}
	return s.html(reports.Services{Frame: f, Rows: rows})
}

func (s *Server) servicePage(r request) (reply, error) {
	service, err := s.known(r.Context(), r.param("service"))
	if err != nil {
		return reply{}, err
	}
	m, err := s.look(r)
	if err != nil {
		return reply{}, err
	}
	f := s.frame(r, m, service.Name, "services")
	f.Windowed, f.Levelled = true, true
	p := reports.Service{Frame: f, Facts: m.of(service.Name), Zone: s.o.Zone, Stages: s.o.Definition.StageNames()}
	q := s.query(f, "service "+service.Name)
	own := []metrics.Facts{p.Facts}
	p.Moves = s.moves(m, own, q)
	if p.Row, p.Steps, err = s.row(r.Context(), m, service, q); err != nil {
		return reply{}, err
	}
	if p.Levels, err = metrics.Levels(p.Row.Card, f.View.Edition); err != nil {
		return reply{}, err
	}
	if p.Course, err = s.course(own, q, p.Row.Card.Frequency.Rollouts); err != nil {
		return reply{}, err
	}
	return s.charted(r, p)
}

// known finds a service by its name.
func (s *Server) known(ctx context.Context, name string) (metrics.Service, error) {
	service, err := s.o.Store.Service(ctx, name)
	if s.is(err, NotFound) {
		return service, fail(NotFound, "no service is called "+shorten(name)+"; /services lists those known")
	}
	return service, err
}

func (s *Server) explainPage(r request) (reply, error) {
	m, err := s.look(r)
	if err != nil {
		return reply{}, err
	}
	figure, name := r.param("figure"), param1(r.URL.Query(), "service")
	if !slices.Contains(reports.FigureNames(), figure) {
		return reply{}, fail(NotFound, "there is no figure called "+shorten(figure)+"; there is "+strings.Join(reports.FigureNames(), ", "))
	}
	facts, slice := m.facts, "all services"
	if name != "" {
		service, err := s.known(r.Context(), name)
		if err != nil {
			return reply{}, err
		}
		facts, slice = []metrics.Facts{m.of(service.Name)}, service.Name
	}
	f := s.frame(r, m, "How this number is made", "")
	f.Windowed, f.Levelled, f.Extra = true, true, []string{"service", name}
	e, err := metrics.Explain(facts, figure, s.query(f, slice))
	if err != nil {
		return reply{}, err
	}
	levels, err := metrics.Levels(e.Scorecard, f.View.Edition)
	if err != nil {
		return reply{}, err
	}
	page, err := strconv.Atoi(cmp.Or(param1(r.URL.Query(), "page"), "1"))
	if err != nil {
		page = 1
	}
	return s.html(reports.ExplainPage(f, e, name, page, levels))
}

func (s *Server) aboutPage(r request) (reply, error) {
	f := s.frame(r, moment{now: s.o.Clock()}, "Definitions", "about")
	f.Lead = "How each number is made, and what its words mean."
	definition := s.o.Definition
	return s.html(reports.About{Frame: f, Definition: definition.Name + " version " + strconv.Itoa(definition.Version), Editions: reports.EditionViews(metrics.Editions())})
}
