package config

// gitlabSettings are those of GitLab alone; docs/integrations/gitlab.md shows them at work.
func gitlabSettings() []sourceSetting {
	return []sourceSetting{
		{key: "projects", scalar: aText, many: true, doc: "Projects to read, each by its path such as `acme/shop` or its id.", eg: `[acme/shop, "42"]`},
		{key: "groups", scalar: aText, many: true, doc: "Groups to read: all their projects and those of the groups in them, archived ones left out.", eg: "[acme]"},
		{key: "jobs", scalar: aText, doc: "CI jobs that deploy without an environment, by a pattern of their names such as `deploy*`.", eg: `"deploy*"`},
		{key: "pipelines", scalar: aText, doc: "Branches or tags whose successful pipelines are deployments, by a pattern such as `v*`.", eg: "main"},
		{key: "releases", scalar: aBool, doc: "`true` counts releases as deployments, for projects that record no others.", eg: "false"},
		{key: "environment", scalar: aText, doc: "Environment of those jobs, pipelines and releases; `production`.", eg: "production"},
		{key: "incident_labels", scalar: aText, many: true, doc: "Labels of issues that are incidents, beside GitLab's own incidents.", eg: "[incident]"},
	}
}
