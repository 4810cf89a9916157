package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
)

// watchers answers as an Argo CD, a PagerDuty and a Jira do, with one record each.
func watchers(w http.ResponseWriter, r *http.Request) {
	answer := map[string]string{
		"Bearer a-token /api/v1/applications": `{"items":[{"metadata":{"name":"shop","namespace":"argocd"},"spec":{"project":"default"}}]}`,
		"Bearer a-token /api/v1/applications/shop": `{"metadata":{"name":"shop","namespace":"argocd"},"spec":{"destination":{"namespace":"live"}},"status":{"history":[
			{"id":0,"revision":"aaa1","deployStartedAt":"2026-02-10T09:00:00Z","deployedAt":"2026-02-10T09:02:00Z","initiatedBy":{"automated":true}}]}}`,
		"Token token=a-token /incidents": `{"more":false,"incidents":[{"id":"P1","status":"triggered","created_at":"2026-02-10T10:00:00Z","urgency":"high",
			"service":{"id":"PSHOP","summary":"Shop API"}}]}`,
		"Token token=a-token /change_events": `{"more":false,"change_events":[]}`,
		"Basic YWRhOmEtdG9rZW4= /rest/api/2/search": `{"startAt":0,"total":1,"issues":[{"id":"10001","key":"OPS-1","fields":{
			"created":"2026-02-10T10:00:00.000+0000","updated":"2026-02-10T10:00:00.000+0000","summary":"slow","project":{"key":"OPS"},"priority":{"name":"Nuisance"}}}]}`,
	}[r.Header.Get("Authorization")+" "+r.URL.Path]
	if answer == "" {
		http.Error(w, `{"message":"not asked like this: `+r.URL.Path+`"}`, http.StatusForbidden)
		return
	}
	fmt.Fprint(w, answer)
}

func TestArgoCDPagerDutyAndJiraAreReadByTheirSettings(t *testing.T) {
	t.Parallel()
	host := httptest.NewServer(http.HandlerFunc(watchers))
	t.Cleanup(host.Close)
	p := newProcess(t)
	p.env = append(p.env, "TOKEN=a-token")
	settings, db := filepath.Join(p.home, "s.yaml"), filepath.Join(p.home, "s.db")
	write(t, settings, strings.ReplaceAll(`sources:
  - {name: argo, type: argocd, settings: {url: HOST, token: "${TOKEN}"}}
  - {name: pager, type: pagerduty, settings: {url: HOST, token: "${TOKEN}", services: ["Shop API=shop"], since: 2026-01-01}}
  - {name: tickets, type: jira, settings: {url: HOST, user: ada, token: "${TOKEN}", incidents: project = OPS, severities: [Nuisance=4]}}
`, "HOST", host.URL))
	p.must("collect", "--config", settings, "--db", db)
	told := p.must("export", "--db", db)
	for _, want := range []string{
		`"id":"argocd/shop/2026-02-10T09:00:00Z"`, `"environment":"live"`, `"id":"P1"`, `"service":"shop"`, `"id":"10001"`, `"severity":4`,
	} {
		if !strings.Contains(told, want) {
			t.Errorf("%s is missing of\n%s", want, told)
		}
	}
}
