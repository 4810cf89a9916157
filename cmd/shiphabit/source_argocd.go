package main

import (
	"context"

	"shiphabit/collector"
	"shiphabit/collector/argocd"
	"shiphabit/internal/config"
	"shiphabit/metrics"
)

func (p *program) openArgoCD(_ context.Context, s config.Source) (collector.Source, []metrics.Service, error) {
	headers := map[string]string{"Authorization": "Bearer " + s.Secrets["token"].Reveal()}
	client, err := collector.NewClient(p.host(s, "", argocd.Access, headers))
	if err != nil {
		return nil, nil, err
	}
	source, err := argocd.New(client, argocd.Options{
		Name: s.Name, Applications: s.Settings["applications"], Projects: s.Settings["projects"], ServiceLabel: s.Text("service_label"),
		EnvironmentLabel: s.Text("environment_label"), Environment: s.Text("environment"), Pages: s.Text("page_url"), Since: s.Date("since"), Clock: p.now,
	})
	if err != nil {
		return nil, nil, err
	}
	return source, nil, nil
}
