package main

import (
	"context"

	"shiphabit/collector"
	"shiphabit/collector/jenkins"
	"shiphabit/internal/config"
	"shiphabit/metrics"
)

func (p *program) openJenkins(_ context.Context, s config.Source) (collector.Source, []metrics.Service, error) {
	headers := map[string]string{}
	user, token := s.Text("user"), s.Secrets["token"].Reveal()
	switch {
	case token != "" && user == "":
		return nil, nil, &collector.Error{Trouble: collector.Unreadable, Place: s.Name, Problem: "it has a token and no user", Remedy: "add user: whose token it is"}
	case token != "":
		headers["Authorization"] = jenkins.Authorization(user, token)
	}
	client, err := collector.NewClient(p.host(s, "", jenkins.Access, headers))
	if err != nil {
		return nil, nil, err
	}
	source, err := jenkins.New(client, jenkins.Options{
		Name: s.Name, Jobs: s.Settings["jobs"], Environment: s.Text("environment"), EnvironmentParameter: s.Text("environment_parameter"),
		Service: s.Text("service"), RevisionParameter: s.Text("revision_parameter"), Libraries: s.Settings["libraries"],
		Parameters: s.Settings["parameters"], Since: s.Date("since"), Clock: p.now,
	})
	return source, nil, err
}
