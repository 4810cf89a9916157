package config

import "slices"

// giteaSettings are what a Gitea or Forgejo server can be told.
func giteaSettings() []sourceSetting {
	return slices.Concat(withNeeded(ofHosts(), "url"), []sourceSetting{
		{key: "repositories", scalar: aText, many: true, doc: "Repositories to read, like `acme/shop`; with `organisations` left out too, all that the token's user owns or works on.", eg: "[acme/shop]"},
		{key: "organisations", scalar: aText, many: true, doc: "Organisations whose repositories are read.", eg: "[acme]"},
		{key: "deployments", scalar: aText, many: true, doc: "What stands for deployments: `releases`, `tags`, `actions`, `statuses`. Left out: actions where there are `workflows`, statuses where there is `status_context`, else releases.", eg: "[releases]"},
		{key: "workflows", scalar: aText, many: true, doc: "Workflow files whose runs deploy, by patterns such as `deploy*.yml`.", eg: `["deploy*"]`},
		{key: "status_context", scalar: aText, many: true, doc: "Contexts of commit statuses that report deployments, by patterns such as `deploy/*`.", eg: `["deploy/*"]`},
		{key: "tags", scalar: aText, doc: "Tags that are released, by a pattern such as `v*`; without it all.", eg: `"v*"`},
		{key: "environment", scalar: aText, doc: "Where deployments go; `production`.", eg: "production"},
		{key: "incident_labels", scalar: aText, many: true, doc: "Labels of issues that stand for incidents.", eg: "[incident]"},
	}, ofHooks())
}
