package api

import (
	"context"
	"fmt"
	"time"

	"shiphabit/metrics"
	"shiphabit/metrics/gate"
	"shiphabit/reports"
)

// A backtest folds the whole record of a service anew for each of its promotions, so its work is their number times the record's length. A
// page does so much and no more, a second or two of one processor. The command line has no such bound.
const (
	backtestDays  = 365
	backtestWork  = 1_500_000
	backtestsBusy = 1
)

// busyWords are told to those who ask while somebody else's backtest runs: it must not take the processors from the gate's decisions.
const busyWords = "another backtest is running, and the gate's own decisions come first; ask again in a few seconds"

func (s *Server) backtestPage(r request) (reply, error) {
	q := r.URL.Query()
	days, err := daysOf(param1(q, "days"), backtestDays, longestScore)
	if err != nil {
		return reply{}, err
	}
	now := s.o.Clock()
	p := reports.Backtest{Service: param1(q, "service"), Days: days, Window: metrics.Window{From: now.AddDate(0, 0, -days), To: now}}
	services, err := s.o.Store.Services(r.Context())
	if err != nil {
		return reply{}, err
	}
	for _, service := range services {
		p.Names = append(p.Names, service.Name)
	}
	if p.Service != "" {
		service, err := s.known(r.Context(), p.Service)
		if err != nil {
			return reply{}, err
		}
		services = []metrics.Service{service}
	}
	select {
	case s.backtests <- struct{}{}:
		defer func() { <-s.backtests }()
	default:
		return reply{}, fail(Unavailable, busyWords)
	}
	if err := s.backtest(r.Context(), &p, services); err != nil {
		return reply{}, err
	}
	p.Frame = s.gateFrame(r, "Backtest")
	p.JSON = reports.DecisionsJSON(p.Service)
	p.Lead = "What the policies in force now would have done to the promotions recorded, each judged by what was known when it began."
	return s.html(p)
}

// backtest judges services one after the other while there is work left to spend, and says what was left out for want of it.
func (s *Server) backtest(ctx context.Context, p *reports.Backtest, services []metrics.Service) error {
	left, skipped := backtestWork, 0
	tiers := map[string]*gate.Backtest{}
	policies := map[string]gate.Policy{}
	for _, service := range services {
		service.Tier = gate.TierOf(service)
		facts, err := s.gateFacts(ctx, service.Name)
		if err != nil {
			return err
		}
		policy := s.o.Policy(service)
		policies[policy.Name] = policy
		p.LeftOut = policy.NotBacktested()
		known := gate.Known{Facts: facts, Service: service, Windows: s.o.Freezes}
		trials := gate.Trials(known, policy, p.Window.To)
		from, cut := affordable(trials, p.Window, len(facts.Rollouts), left)
		if cut && p.Service == "" {
			skipped++
			continue
		}
		if cut {
			p.Limits = append(p.Limits, fmt.Sprintf("%s was deployed so often that a page judges its promotions only since %s; 'shiphabit gate backtest --service … --days %d' judges them all.", service.Name, from.Format(time.DateOnly), p.Days))
			p.Window.From = from
		}
		one := gate.RunBacktest(policy, known, from, p.Window.To, p.Window.To)
		left -= one.Promotions * len(facts.Rollouts)
		if one.Promotions == 0 {
			continue
		}
		for _, t := range trials {
			if !t.At.Before(from) {
				p.Trials = append(p.Trials, t)
			}
		}
		p.Result.Add(one)
		if tiers[policy.Name] == nil {
			tiers[policy.Name] = &gate.Backtest{}
		}
		tiers[policy.Name].Add(one)
		if err := ctx.Err(); err != nil {
			return err
		}
	}
	if skipped > 0 {
		p.Limits = append(p.Limits, fmt.Sprintf("%d of %d services are not judged here, because it would take too long for a page: choose one, fewer days, or use 'shiphabit gate backtest'.", skipped, len(services)))
	}
	judgePromises(&p.Result, tiers, policies)
	return nil
}

// affordable is since when a service's promotions can be judged with the work that is left; cut tells that it is not the whole window.
func affordable(trials []gate.Trial, w metrics.Window, record, left int) (from time.Time, cut bool) {
	most := left / max(record, 1)
	n := 0
	for i := len(trials) - 1; i >= 0 && !trials[i].At.Before(w.From); i-- {
		if n++; n > most {
			return trials[i].At.Add(time.Nanosecond), true
		}
	}
	return w.From, false
}

// judgePromises holds the wrong stops of each policy against its own promise.
func judgePromises(all *gate.Backtest, tiers map[string]*gate.Backtest, policies map[string]gate.Policy) {
	for name, b := range tiers {
		b.Judge(policies[name])
		for i := range all.Criteria {
			for _, c := range b.Criteria {
				all.Criteria[i].Broken = all.Criteria[i].Broken || c.Criterion == all.Criteria[i].Criterion && c.Broken
			}
		}
	}
}
