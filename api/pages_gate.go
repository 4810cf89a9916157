package api

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"time"

	"shiphabit/metrics"
	"shiphabit/metrics/gate"
	"shiphabit/reports"
)

// recentDecisions is how many decisions the pages of the gate show beside other things.
const recentDecisions = 10

// gateFrame is the common part of the gate's pages. Their window is 90 days unless the address says otherwise, however seldom anything
// is deployed: they are about decisions.
func (s *Server) gateFrame(r request, title string) reports.Frame {
	f := s.frame(r, moment{now: s.o.Clock()}, title, "gate")
	f.Clock = reports.ClockOf(s.o.Zone)
	return f
}

// serverOf is the address under which the server was asked, for commands to copy.
func serverOf(r request) string {
	if r.TLS != nil {
		return "https://" + r.Host
	}
	return "http://" + r.Host
}

func (s *Server) gatePage(r request) (reply, error) {
	if name := param1(r.URL.Query(), "service"); name != "" {
		if _, err := s.known(r.Context(), name); err != nil {
			return reply{}, err
		}
		return reply{Location: reports.StandingPath(name)}, nil
	}
	f := s.gateFrame(r, "Gate")
	f.Windowed, f.JSON = true, "/api/v1/gate/scoreboard"
	f.Lead = "Whether a change may go to production now, by criteria agreed beforehand, and how the gate itself did. A rollback or a fix always passes."
	p := reports.Gate{Frame: f, Server: serverOf(r), Refused: s.refusal(), Verdict: gate.Result(param1(r.URL.Query(), "verdict"))}
	p.Page, _ = strconv.Atoi(param1(r.URL.Query(), "page"))
	if err := s.gateRows(r.Context(), &p); err != nil {
		return reply{}, err
	}
	var err error
	if p.Board, err = s.scoreboard(r.Context(), f.View.Window.From, f.View.Window.To); err != nil {
		return reply{}, err
	}
	if p.Decisions, _, err = s.o.Store.Decisions(r.Context(), "", "", recentDecisions); err != nil {
		return reply{}, err
	}
	p.Records, err = s.recordsNamed(r.Context(), f.Clock, p.Decisions)
	if err != nil {
		return reply{}, err
	}
	return s.html(p)
}

// gateRows judges every service: at this moment where they are few, else as they were judged lately, in the background.
func (s *Server) gateRows(ctx context.Context, p *reports.Gate) error {
	services, err := s.o.Store.Services(ctx)
	if err != nil {
		return err
	}
	if len(services) > boardAtOnce {
		var rows []reports.ServiceRow
		rows, p.Waiting, p.Judged, err = s.standings(ctx, moment{now: p.AsOf, services: services})
		for _, row := range rows {
			p.Rows = append(p.Rows, reports.GateRow{Service: row.Service.Name, Tier: string(row.Service.Tier), GateNow: row.Gate})
		}
		return err
	}
	for _, service := range services {
		now, err := s.standingOf(ctx, service, string(metrics.Production))
		if err != nil {
			return err
		}
		p.Rows = append(p.Rows, reports.GateRow{Service: service.Name, Tier: string(gate.TierOf(service)), GateNow: now.row()})
	}
	return nil
}

// standing is how a service stands before the gate now.
type standing struct {
	ask      gate.Request
	policy   gate.Policy
	snapshot gate.Snapshot
	decision gate.Decision
}

// row is what a list of services shows of it.
func (now standing) row() reports.GateNow {
	return reports.GateNow{Decision: now.decision, Meter: now.snapshot.Meter, Outlook: now.outlook()}
}

func (now standing) outlook() gate.Outlook {
	return gate.OutlookOf(now.decision, now.policy, now.snapshot, now.ask)
}

// standingOf looks at the gate for a normal change. Nothing is logged, and no probe is granted.
func (s *Server) standingOf(ctx context.Context, service metrics.Service, environment string) (standing, error) {
	now := standing{ask: gate.Request{Service: service.Name, Environment: environment, Change: gate.Change{Kind: gate.KindNormal}}}
	var err error
	if now.policy, now.snapshot, _, err = s.snapshot(ctx, now.ask, s.o.Clock()); err != nil {
		return now, err
	}
	now.decision = gate.Decide(now.policy, withoutProbe(now.snapshot), now.ask)
	return now, nil
}

// standingPage tells how one service stands before the gate, and what led to it.
func (s *Server) standingPage(r request) (reply, error) {
	service, err := s.knownToGate(r.Context(), r.param("service"))
	if err != nil {
		return reply{}, err
	}
	environment := param1(r.URL.Query(), "environment")
	if environment == "" {
		environment = string(metrics.Production)
	}
	now, err := s.standingOf(r.Context(), service, environment)
	if err != nil {
		return reply{}, err
	}
	f := s.gateFrame(r, service.Name+" at the gate")
	f.Windowed, f.Extra = true, []string{"environment", param1(r.URL.Query(), "environment")}
	f.JSON = reports.VerdictJSON(service.Name, environment)
	f.Lead = "How it stands before the gate: what speaks for and against a change to " + environment + " now."
	service.Tier = gate.TierOf(service)
	p := reports.Standing{
		Frame: f, Service: service, Environment: environment, Decision: now.decision, Snapshot: now.snapshot, Server: serverOf(r), Rule: now.policy.Overrides,
		Openings: gate.Openings(now.policy, now.snapshot, now.ask), Outlook: now.outlook(),
	}
	if next, found := gate.NextFreeze(s.o.Freezes, service, environment, now.snapshot.Kind, now.snapshot.Now); found {
		p.Next = &next
	}
	facts, err := s.gateFacts(r.Context(), service.Name)
	if err != nil {
		return reply{}, err
	}
	p.Records, p.Began = reports.RecordsAmong(f.Clock, facts), reports.RecordBegan(facts)
	p.PutBack = gate.Known{Facts: facts}.PutBack(environment, now.policy, now.snapshot.Now)
	if p.Histories, err = s.histories(r.Context(), facts, now); err != nil {
		return reply{}, err
	}
	if p.Proposals, err = s.proposalsShown(r.Context(), service, now.snapshot.Kind); err != nil {
		return reply{}, err
	}
	p.RollbackHook = s.hasRollbackHook(service.Name)
	if p.Rollbacks, err = s.o.Store.RollbackNotes(r.Context(), service.Name, rollbacksShown); err != nil {
		return reply{}, err
	}
	if p.Overrides, err = s.o.Store.Overrides(r.Context(), service.Name); err != nil {
		return reply{}, err
	}
	if p.Decisions, _, err = s.o.Store.Decisions(r.Context(), service.Name, "", recentDecisions); err != nil {
		return reply{}, err
	}
	return s.html(p)
}

// knownToGate finds a service by its name, one that is known from nothing but the questions of pipelines included.
func (s *Server) knownToGate(ctx context.Context, name string) (metrics.Service, error) {
	service, err := s.known(ctx, name)
	if err == nil || statusOf(err) != http.StatusNotFound {
		return service, err
	}
	asked, _, listing := s.o.Store.Decisions(ctx, name, "", 1)
	if listing != nil || len(asked) == 0 {
		return service, errors.Join(err, listing)
	}
	return metrics.Service{Name: name}, nil
}

// histories are the meters of a service; none when nothing is recorded of it.
func (s *Server) histories(ctx context.Context, facts metrics.Facts, now standing) (gate.Histories, error) {
	known, err := s.metered(ctx, facts)
	return known.Histories(now.policy, now.snapshot.Now), err
}

// metered is what the meters of a service are folded from.
func (s *Server) metered(ctx context.Context, facts metrics.Facts) (gate.Known, error) {
	older, err := s.o.Store.Older(ctx, facts.Service)
	if err != nil {
		return gate.Known{}, err
	}
	granted, err := s.o.Store.ProbeGrants(ctx, facts.Service, time.Time{})
	return gate.Known{Facts: facts, Older: older, Granted: granted}, err
}

// gateFacts are empty for a service of which nothing is recorded.
func (s *Server) gateFacts(ctx context.Context, service string) (metrics.Facts, error) {
	facts, err := s.o.Store.GateFacts(ctx, service)
	if s.is(err, NotFound) {
		return metrics.Facts{Service: service}, nil
	}
	return facts, err
}
