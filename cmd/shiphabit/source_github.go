package main

import (
	"context"

	"shiphabit/collector"
	"shiphabit/collector/github"
	"shiphabit/internal/config"
	"shiphabit/metrics"
)

func (p *program) openGitHub(_ context.Context, s config.Source) (collector.Source, []metrics.Service, error) {
	headers := map[string]string{}
	if token := s.Secrets["token"].Reveal(); token != "" {
		headers["Authorization"] = "Bearer " + token
	}
	source, err := github.New(github.Options{
		Host: p.host(s, github.Standard, github.Access, headers), Rules: githubRules(s), Since: s.Date("since"),
	})
	return source, nil, err
}

func hookOfGitHub(s config.Source) collector.Hook { return github.NewHook(githubRules(s)) }

func githubRules(s config.Source) github.Rules {
	labels := s.Settings["incident_labels"]
	if len(labels) == 0 {
		labels = []string{"incident"}
	}
	return github.Rules{
		Source: s.Name, Repositories: s.Settings["repositories"], Organisations: s.Settings["organisations"],
		Workflows: s.Settings["workflows"], Jobs: s.Settings["jobs"], Environment: s.Text("environment"),
		Releases: s.Text("releases") == "true", IncidentLabels: labels, ServiceLabel: s.Text("service_label"),
	}
}
