package main

import (
	"cmp"
	"context"

	"shiphabit/collector"
	"shiphabit/collector/jira"
	"shiphabit/internal/config"
	"shiphabit/metrics"
)

func (p *program) openJira(_ context.Context, s config.Source) (collector.Source, []metrics.Service, error) {
	client, err := collector.NewClient(p.host(s, "", jira.Access, jira.Headers(s.Text("user"), s.Secrets["token"].Reveal())))
	if err != nil {
		return nil, nil, err
	}
	o := jiraOptions(s)
	o.Clock = p.now
	source, err := jira.New(client, o)
	if err != nil {
		return nil, nil, err
	}
	return source, nil, nil
}

func hookOfJira(s config.Source) collector.Hook { return jira.NewHook(jiraOptions(s)) }

func jiraOptions(s config.Source) jira.Options {
	return jira.Options{
		Name: s.Name, API: s.Text("api"), Incidents: s.Text("incidents"), Approvals: s.Text("approvals"), ServiceField: s.Text("service_field"),
		EnvironmentField: s.Text("environment_field"), Environment: s.Text("environment"), DeploymentField: s.Text("deployment_field"),
		RevisionField: s.Text("revision_field"), Severities: s.Pairs("severities"), Acknowledged: s.Settings["acknowledged_statuses"],
		Approved: s.Settings["approved_statuses"], Rejected: s.Settings["rejected_statuses"], IncidentTypes: s.Settings["incident_types"],
		ChangeTypes: s.Settings["change_types"], Pages: cmp.Or(s.Text("page_url"), s.Text("url")), Since: s.Date("since"),
	}
}
