package api

import (
	"context"
	"strconv"
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
	of := s.tallies(r.Context())
	f, err := s.figuresFrame(r, m, of, "Overview", "overview")
	if err != nil {
		return reply{}, err
	}
	f.Clock = reports.ClockOf(s.o.Zone)
	q := s.query(f, "all services")
	o := reports.Overview{Frame: f, Zone: s.o.Zone}
	var tally metrics.Tally
	if o.Card, tally, o.Moves, err = s.measured(m, of, q); err != nil {
		return reply{}, err
	}
	o.Days = tally.Days
	o.Doubts = append(o.Doubts, s.noIncident(tally)...)
	if o.Levels, err = metrics.Levels(o.Card, f.View.Edition); err != nil {
		return reply{}, err
	}
	if o.Course, err = s.course(of, q, o.Card.Frequency.Rollouts); err != nil {
		return reply{}, err
	}
	if err := s.overviewRows(r.Context(), m, q, &o); err != nil {
		return reply{}, err
	}
	if o.Card.Frequency.Rollouts == 0 && !m.first.IsZero() {
		before := metrics.Window{From: m.first, To: m.now}
		all, err := of(metrics.Query{Window: before, AsOf: m.now, Zone: q.Zone, Kind: q.Kind, Definition: q.Definition}, before)
		if err != nil {
			return reply{}, err
		}
		o.Last = all[0].LastAt
	}
	if o.Said, err = s.lastSaid(r.Context()); err != nil {
		return reply{}, err
	}
	o.AssessPath = s.o.AssessPath
	if o.ResultPath, err = s.lastResult(r); err != nil {
		return reply{}, err
	}
	if o.ResultPath != "" && s.o.AssessPath != "" { // the one form of this server has been answered
		o.AssessPath = ""
	}
	return s.charted(r, o)
}

// overviewRows adds how each service stands. How thousands stood at a past moment would take reading the record of each: it is left out.
func (s *Server) overviewRows(ctx context.Context, m moment, q metrics.Query, o *reports.Overview) error {
	if o.Past = m.past && len(m.services) > boardAtOnce; o.Past {
		return nil
	}
	var err error
	if o.Rows, o.Waiting, o.Judged, err = s.standings(ctx, m); err != nil {
		return err
	}
	if o.Few() {
		if err := s.measureRows(ctx, o.Rows, q); err != nil {
			return err
		}
	}
	if one := o.Single(); one != nil {
		facts, err := s.o.Store.Facts(ctx, one.Service.Name)
		if err != nil {
			return err
		}
		o.Rollouts = facts.Rollouts
	}
	return nil
}

// measureRows adds the figures of each service by itself.
func (s *Server) measureRows(ctx context.Context, rows []reports.ServiceRow, q metrics.Query) error {
	for i := range rows {
		q.Slice = "service " + rows[i].Service.Name
		tallies, err := s.tallies(ctx, rows[i].Service.Name)(q, q.Window)
		if err != nil {
			return err
		}
		rows[i].Card = metrics.Measure(tallies[0], q)
	}
	return nil
}

// lastResult is the address of the newest round that is over and whose result is shown to who asks.
func (s *Server) lastResult(r request) (string, error) {
	rounds, err := s.o.Store.Rounds(r.Context())
	path, at := "", time.Time{}
	for _, round := range rounds {
		if (round.State == assessments.Closed || round.State == assessments.Published) && !round.ClosedAt.Before(at) && r.caller.sees(round) {
			path, at = "/assessments/"+round.ID, round.ClosedAt
		}
	}
	return path, err
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
	of := s.tallies(r.Context(), service.Name)
	f, err := s.figuresFrame(r, m, of, service.Name, "services")
	if err != nil {
		return reply{}, err
	}
	f.Clock = reports.ClockOf(s.o.Zone)
	p := reports.Service{Frame: f, Zone: s.o.Zone, Stages: s.o.Definition.StageNames()}
	if p.Facts, err = s.o.Store.Facts(r.Context(), service.Name); err != nil {
		return reply{}, err
	}
	if p.Row, err = s.standingRow(r.Context(), service, m.now); err != nil {
		return reply{}, err
	}
	q := s.query(f, "service "+service.Name)
	var tally metrics.Tally
	if p.Row.Card, tally, p.Moves, err = s.measured(m.ofService(p.Facts, s.o.Zone), of, q); err != nil {
		return reply{}, err
	}
	p.Days = tally.Days
	p.Doubts = append(p.Doubts, s.noIncident(tally)...)
	if p.Steps, err = s.meterSteps(r.Context(), p.Row.Service, p.Facts); err != nil {
		return reply{}, err
	}
	if p.Levels, err = metrics.Levels(p.Row.Card, f.View.Edition); err != nil {
		return reply{}, err
	}
	if p.Course, err = s.course(of, q, p.Row.Card.Frequency.Rollouts); err != nil {
		return reply{}, err
	}
	return s.charted(r, p)
}

// meterSteps are the steps that the failure meter of a service took.
func (s *Server) meterSteps(ctx context.Context, service metrics.Service, facts metrics.Facts) ([]gate.MeterStep, error) {
	known, err := s.metered(ctx, facts)
	return known.FailureMeter(s.o.Policy(service), s.o.Clock()).Steps, err
}

// known finds a service by its name.
func (s *Server) known(ctx context.Context, name string) (metrics.Service, error) {
	service, err := s.o.Store.Service(ctx, name)
	if s.is(err, NotFound) {
		return service, fail(NotFound, "no service is called "+shorten(name)+"; /services lists those known")
	}
	return service, err
}

func (s *Server) aboutPage(r request) (reply, error) {
	f := s.frame(r, moment{now: s.o.Clock()}, "Definitions", "about")
	f.Lead = "How each number is made, and what its words mean."
	definition := s.o.Definition
	return s.html(reports.About{Frame: f, Definition: definition.Name + " version " + strconv.Itoa(definition.Version), Editions: reports.EditionViews(metrics.Editions())})
}

// designPage shows what the pages are drawn with.
func (s *Server) designPage(r request) (reply, error) {
	f := s.frame(r, moment{now: s.o.Clock()}, "Design of the pages", "about")
	f.Lead = "Every token and every component, drawn by the templates that the pages use."
	return s.charted(r, s.o.Site.Design(f, r.csrf))
}
