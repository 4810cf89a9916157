package main

import (
	"context"

	"shiphabit/collector"
	"shiphabit/collector/pagerduty"
	"shiphabit/internal/config"
	"shiphabit/metrics"
)

func (p *program) openPagerDuty(_ context.Context, s config.Source) (collector.Source, []metrics.Service, error) {
	client, err := collector.NewClient(p.host(s, pagerduty.Address, pagerduty.Access, pagerduty.Headers(s.Secrets["token"].Reveal())))
	if err != nil {
		return nil, nil, err
	}
	o := pagerDutyOptions(s)
	o.Clock = p.now
	return pagerduty.New(client, o), nil, nil
}

func hookOfPagerDuty(s config.Source) collector.Hook { return pagerduty.NewHook(pagerDutyOptions(s)) }

func pagerDutyOptions(s config.Source) pagerduty.Options {
	return pagerduty.Options{Name: s.Name, Services: s.Pairs("services"), Environment: s.Text("environment"), Since: s.Date("since")}
}
