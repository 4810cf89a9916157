package config

import "slices"

// withNeeded are settings of which some cannot be left out.
func withNeeded(settings []sourceSetting, keys ...string) []sourceSetting {
	for i := range settings {
		settings[i].needed = settings[i].needed || slices.Contains(keys, settings[i].key)
	}
	return settings
}

// aPriority gives the name of a priority its severity.
var aPriority = &scalar{name: "priority", json: "string", pattern: `^[^=]{1,200}=[1-4]$`, says: "a priority and its severity like Blocker=1"}

func argocdSettings() []sourceSetting {
	return withNeeded(ofHosts([]sourceSetting{
		{key: "applications", scalar: aText, many: true, doc: "Names of applications to read, by patterns such as `shop-*`; without it all that the token may see.", eg: `["shop-*"]`},
		{key: "projects", scalar: aText, many: true, doc: "Names of Argo CD projects to read, by patterns.", eg: "[shop]"},
		{key: "service_label", scalar: aText, doc: "Label of an application that holds its service; without it the application's name is the service.", eg: "app.kubernetes.io/name"},
		{key: "environment_label", scalar: aText, doc: "Label of an application that holds its environment.", eg: "environment"},
		{key: "environment", scalar: aText, doc: "Environment of applications without that label; without it the namespace deployed to, else the cluster.", eg: "production"},
		{key: "page_url", scalar: aText, doc: "Address at which people find Argo CD, when that is not `url`.", eg: "https://argocd.example.com"},
	}...), "url", "token")
}

func pagerdutySettings() []sourceSetting {
	return slices.Concat(withNeeded(ofHosts([]sourceSetting{
		{key: "services", scalar: aText, many: true, pairs: true, doc: "What PagerDuty's services are called here, each as NAME=SERVICE or ID=SERVICE; one that is not listed keeps its name.", eg: "[PABC123=shop]"},
		{key: "environment", scalar: aText, doc: "Environment of incidents that state none; production without it.", eg: "production"},
	}...), "token"), ofHooks())
}

func jiraSettings() []sourceSetting {
	return slices.Concat(withNeeded(ofHosts([]sourceSetting{
		{key: "user", scalar: aText, doc: "The token's user (cloud: an e-mail address). Without it the token is a personal access token.", eg: "admin"},
		{key: "api", scalar: oneOf("interface", "cloud", "server"), doc: "Interface of Jira; without it `cloud` for addresses of Atlassian's, else `server`.", eg: "cloud"},
		{key: "incidents", scalar: aText, needed: true, unless: "approvals", doc: "Query (JQL) of incidents, without ORDER BY.", eg: `'project = OPS AND issuetype = Incident'`},
		{key: "approvals", scalar: aText, doc: "Query (JQL) of change tickets that approve deployments, without ORDER BY.", eg: `'project = CHG'`},
		{key: "service_field", scalar: aText, doc: "Where the service stands: `component`, `project`, `label:PREFIX` or the id of a field; the first component without it. Where that is empty it is the project's key.", eg: "component"},
		{key: "environment_field", scalar: aText, doc: "Id of the field that holds the environment.", eg: "customfield_10042"},
		{key: "environment", scalar: aText, doc: "Environment of incidents without it; production when left out.", eg: "production"},
		{key: "deployment_field", scalar: aText, doc: "Id of the field that names the deployment. Approvals need it.", eg: "customfield_10043"},
		{key: "revision_field", scalar: aText, doc: "Id of the field that names the revision that caused an incident.", eg: "customfield_10044"},
		{key: "severities", scalar: aPriority, many: true, pairs: true, doc: "Severities of priorities, each as PRIORITY=1 to 4; without it Highest, High, Medium, Low and the like are known.", eg: "[Blocker=1, Minor=4]"},
		{key: "acknowledged_statuses", scalar: aText, many: true, doc: "Statuses in which somebody has taken an incident up; In Progress, Work in progress, Investigating.", eg: "[In Progress]"},
		{key: "approved_statuses", scalar: aText, many: true, doc: "Statuses that grant an approval; Approved, Awaiting implementation.", eg: "[Approved]"},
		{key: "rejected_statuses", scalar: aText, many: true, doc: "Statuses that refuse one; Rejected, Declined.", eg: "[Rejected]"},
		{key: "incident_types", scalar: aText, many: true, doc: "Issue types of incidents, by which webhooks know them; Incident, [System] Incident.", eg: "[Incident]"},
		{key: "change_types", scalar: aText, many: true, doc: "Issue types of change tickets, likewise; Change, [System] Change.", eg: "[Change]"},
		{key: "page_url", scalar: aText, doc: "Address at which people find Jira, when that is not `url`.", eg: "https://argocd.example.com"},
	}...), "url", "token"), ofHooks())
}
