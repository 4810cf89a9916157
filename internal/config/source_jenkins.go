package config

import "slices"

// jenkinsSettings are what a Jenkins controller can be told.
func jenkinsSettings() []sourceSetting {
	return slices.Concat(withNeeded(ofHosts(), "url"), []sourceSetting{
		{key: "user", scalar: aText, doc: "User whose API token `token` is.", eg: "admin"},
		{key: "jobs", scalar: aText, needed: true, many: true, doc: "Jobs whose builds deploy, by patterns of their full names: `deploy-shop`, `platform/*/main`, `teams/**`; `**` stands for any folders.", eg: `["shop/deploy*"]`},
		{key: "environment", scalar: aText, doc: "Where builds deploy to; `production`.", eg: "production"},
		{key: "environment_parameter", scalar: aText, doc: "Build parameter that names the environment, before `environment`.", eg: "ENVIRONMENT"},
		{key: "service", scalar: aText, doc: "Service that is deployed; without it the one built from the repository, or one by the job's name.", eg: "shop"},
		{key: "revision_parameter", scalar: aText, doc: "Build parameter that holds the commit to deploy, before what the build checked out.", eg: "GIT_COMMIT"},
		{key: "libraries", scalar: aText, many: true, doc: "Repositories that builds check out beside what they deploy, by patterns such as `*/jenkins-library`.", eg: `["https://git.example.com/acme/pipeline-library.git"]`},
		{key: "parameters", scalar: aText, many: true, doc: "Build parameters to keep as labels of the deployment.", eg: "[REGION]"},
	})
}
