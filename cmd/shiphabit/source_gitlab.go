package main

import (
	"context"

	"shiphabit/collector"
	"shiphabit/collector/gitlab"
	"shiphabit/internal/config"
	"shiphabit/metrics"
)

func (p *program) openGitlab(_ context.Context, s config.Source) (collector.Source, []metrics.Service, error) {
	headers := map[string]string{}
	if token := s.Secrets["token"].Reveal(); token != "" {
		headers["PRIVATE-TOKEN"] = token
	}
	source, err := gitlab.New(gitlab.Options{
		Choice: gitlabChoice(s), Host: p.host(s, "https://gitlab.com", "the scope read_api", headers),
		Projects: s.Settings["projects"], Groups: s.Settings["groups"], Since: s.Date("since"),
	})
	return source, nil, err
}

func gitlabHook(s config.Source) collector.Hook {
	return gitlab.Hook{Source: s.Name, Choice: gitlabChoice(s)}
}

func gitlabChoice(s config.Source) gitlab.Choice {
	return gitlab.Choice{
		Jobs: s.Text("jobs"), Pipelines: s.Text("pipelines"), Releases: s.Text("releases") == "true", Environment: s.Text("environment"),
		IncidentLabels: s.Settings["incident_labels"],
	}
}
