package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
)

// octocat answers as GitHub does, with a repository that has one deployment, one incident and no commit yet.
func octocat(w http.ResponseWriter, r *http.Request) {
	answer := map[string]string{
		"/api/v3/repos/acme/shop":             `{"id":17,"name":"shop","full_name":"acme/shop","owner":{"login":"acme"},"has_issues":true,"size":0,"default_branch":"main"}`,
		"/api/v3/repos/acme/shop/deployments": `[]`,
		"/api/v3/repos/acme/shop/issues": `[{"id":5011,"number":11,"title":"slow","state":"open","created_at":"2026-02-10T10:00:00Z","updated_at":"2026-02-10T10:00:00Z",
			"labels":[{"name":"outage"},{"name":"team=desk"}]}]`,
		"/api/graphql": `{"data":{"repository":{"pullRequests":{"pageInfo":{},"nodes":[]},"releases":{"pageInfo":{},"nodes":[]},"deployments":{"pageInfo":{},"nodes":[
			{"databaseId":101,"commitOid":"aaa1","environment":"live","createdAt":"2026-02-10T09:00:00Z","updatedAt":"2026-02-10T09:02:00Z","creator":{"login":"ana"},
			"statuses":{"pageInfo":{},"nodes":[{"state":"SUCCESS","createdAt":"2026-02-10T09:02:00Z"}]}}]}}}}`,
	}[r.URL.Path]
	if answer == "" || r.Header.Get("Authorization") != "Bearer a-token" {
		http.NotFound(w, r)
		return
	}
	fmt.Fprint(w, answer)
}

func TestGitHubIsReadByItsSettings(t *testing.T) {
	t.Parallel()
	host := httptest.NewServer(http.HandlerFunc(octocat))
	t.Cleanup(host.Close)
	p := newProcess(t)
	p.env = append(p.env, "TOKEN=a-token")
	settings, db := filepath.Join(p.home, "s.yaml"), filepath.Join(p.home, "s.db")
	write(t, settings, strings.ReplaceAll(`sources:
  - {name: hub, type: github, settings: {url: HOST/api/v3, token: "${TOKEN}", repositories: [acme/shop], releases: true, incident_labels: [outage], service_label: team}}
`, "HOST", host.URL))
	p.must("collect", "--config", settings, "--db", db)
	told := p.must("export", "--db", db)
	for _, want := range []string{`"id":"101"`, `"finished_at":"2026-02-10T09:02:00Z"`, `"id":"5011"`, `"service":"desk"`} {
		if !strings.Contains(told, want) {
			t.Errorf("%s is missing of\n%s", want, told)
		}
	}
}
