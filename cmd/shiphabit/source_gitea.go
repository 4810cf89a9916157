package main

import (
	"context"

	"shiphabit/collector"
	"shiphabit/collector/gitea"
	"shiphabit/internal/config"
	"shiphabit/metrics"
)

func (p *program) openGitea(_ context.Context, s config.Source) (collector.Source, []metrics.Service, error) {
	headers := map[string]string{}
	if token := s.Secrets["token"].Reveal(); token != "" {
		headers["Authorization"] = "token " + token
	}
	host := p.host(s, "", gitea.Access, headers)
	host.URL = gitea.BaseURL(host.URL)
	client, err := collector.NewClient(host)
	if err != nil {
		return nil, nil, err
	}
	o := giteaOptions(s)
	o.Clock = p.now
	source, err := gitea.New(client, o)
	return source, nil, err
}

func giteaHook(s config.Source) collector.Hook { return gitea.NewHook(giteaOptions(s)) }

func giteaOptions(s config.Source) gitea.Options {
	return gitea.Options{
		Name: s.Name, Repositories: s.Settings["repositories"], Organisations: s.Settings["organisations"], Deployments: s.Settings["deployments"],
		Workflows: s.Settings["workflows"], Contexts: s.Settings["status_context"], Tags: s.Text("tags"), Environment: s.Text("environment"),
		IncidentLabels: s.Settings["incident_labels"], Since: s.Date("since"),
	}
}
