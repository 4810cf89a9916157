package main

import (
	"context"
	"strconv"

	"shiphabit/collector"
	"shiphabit/collector/alertmanager"
	"shiphabit/internal/config"
	"shiphabit/metrics"
)

// openAlertmanager asks for the alerts where an address is given; without one they are pushed, and there is nothing to read.
func (p *program) openAlertmanager(_ context.Context, s config.Source) (collector.Source, []metrics.Service, error) {
	if pushedOnly(s) {
		return nil, nil, nil
	}
	client, err := collector.NewClient(p.host(s, "", "leave to read alerts (GET /api/v2/alerts)", authorization(s)))
	if err != nil {
		return nil, nil, err
	}
	return alertmanager.NewSource(alertOptions(s), client, p.now), nil, nil
}

func hookOfAlertmanager(s config.Source) collector.Hook { return alertmanager.NewHook(alertOptions(s)) }

func alertOptions(s config.Source) alertmanager.Options {
	o := alertmanager.Options{
		Source: s.Name, Service: s.Settings["service_label"], Environment: s.Settings["environment_label"], Severity: s.Text("severity_label"),
		Severities: map[string]int{}, Revision: s.Text("revision_label"), Deployment: s.Text("deployment_label"), Ignore: s.Settings["ignore"],
	}
	for word, number := range s.Pairs("severities") {
		o.Severities[word], _ = strconv.Atoi(number) // it was checked when it was read
	}
	return o
}
