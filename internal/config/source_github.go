package config

// githubSettings are what a source of type github can be told besides what every host can.
func githubSettings() []sourceSetting {
	return []sourceSetting{
		{key: "repositories", scalar: aText, many: true, doc: "Repositories to read, as OWNER/NAME.", eg: "[acme/shop]"},
		{key: "organisations", scalar: aText, many: true, doc: "Organisations of which every repository that is not archived is read.", eg: "[acme]"},
		{key: "workflows", scalar: aText, many: true, doc: "Names or paths of workflows whose runs are deployments, by patterns such as `deploy*`.", eg: `["deploy*"]`},
		{key: "jobs", scalar: aText, many: true, doc: "Names of jobs that are deployments, by patterns; of `workflows` alone when both are given.", eg: `["deploy*"]`},
		{key: "environment", scalar: aText, doc: "Where runs, jobs and releases deploy to; production.", eg: "production"},
		{key: "releases", scalar: aBool, doc: "Whether publishing a release is a deployment; false.", eg: "false"},
		{key: "incident_labels", scalar: aText, many: true, doc: "Labels that make an issue an incident; incident.", eg: "[incident]"},
		{key: "service_label", scalar: aText, doc: "Names the service of an incident by a label KEY=NAME: its KEY, such as `app.kubernetes.io/name`.", eg: "app.kubernetes.io/name"},
	}
}
