package api

import (
	"slices"
	"strconv"

	"shiphabit/metrics"
	"shiphabit/metrics/gate"
	"shiphabit/reports"
)

func (s *Server) backtestPage(r request) (reply, error) {
	answer := gate.Result(param1(r.URL.Query(), "answer"))
	if !slices.Contains([]gate.Result{"", gate.Block, gate.Hold}, answer) {
		return reply{}, fail(Invalid, "answer "+shorten(string(answer))+": give block or hold, for the list of what would have been stopped or told to wait")
	}
	b, err := s.backtest(r)
	if err != nil {
		return reply{}, err
	}
	p := reports.Backtest{
		Service: b.Service, Days: b.days, Window: metrics.Window{From: b.From.In(s.o.Zone), To: b.To.In(s.o.Zone)},
		Result: b.Backtest, Trials: b.trials, Limits: b.limits, LeftOut: len(b.left), Answer: answer,
	}
	p.Page, _ = strconv.Atoi(param1(r.URL.Query(), "page"))
	services, err := s.o.Store.Services(r.Context())
	if err != nil {
		return reply{}, err
	}
	for _, service := range services {
		p.Names = append(p.Names, service.Name)
	}
	p.Frame = s.gateFrame(r, "Backtest")
	p.JSON = reports.BacktestJSON(p.Service, p.Days)
	p.Lead = "What the policies in force now would have done to the promotions recorded, each judged by what was known when it began."
	return s.html(p)
}
