package main

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"

	"shiphabit/metrics"
)

// hostAnswers is a host that gives each path its text, to those who present the credentials; other paths are not there.
func hostAnswers(t *testing.T, authorization string, texts map[string]string) string {
	t.Helper()
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		text, there := texts[r.URL.Path]
		switch {
		case r.Header.Get("Authorization") != authorization:
			w.WriteHeader(http.StatusUnauthorized)
		case !there:
			w.WriteHeader(http.StatusNotFound)
		default:
			fmt.Fprint(w, text)
		}
	}))
	t.Cleanup(server.Close)
	return server.URL
}

// collectedRollouts collects by a configuration and counts the rollouts of February 2026.
func collectedRollouts(t *testing.T, kind, settings string) int {
	t.Helper()
	p := newProcess(t)
	file, db := filepath.Join(p.home, "s.yaml"), filepath.Join(p.home, "s.db")
	write(t, filepath.Join(p.home, "token"), "a-token-of-the-test\n")
	write(t, file, "sources:\n  - name: host\n    type: "+kind+"\n    settings:\n      token_file: token\n      "+strings.ReplaceAll(settings, "\n", "\n      ")+"\n")
	p.must("collect", "--config", file, "--db", db)
	var said struct {
		Cards []struct {
			Figures metrics.Scorecard `json:"figures"`
		} `json:"scorecards"`
	}
	if err := json.Unmarshal([]byte(p.must("metrics", "--config", file, "--db", db, "--from", "2026-02-01", "--to", "2026-03-01", "--format", "json")), &said); err != nil {
		t.Fatal(err)
	}
	return said.Cards[0].Figures.Frequency.Rollouts
}

func TestGiteaIsCollectedByItsSettings(t *testing.T) {
	t.Parallel()
	const at = "/api/v1/repos/acme/shop"
	commit := strings.Repeat("a", 40)
	url := hostAnswers(t, "token a-token-of-the-test", map[string]string{
		at:                  `{"id":1,"full_name":"acme/shop","name":"shop","empty":false,"default_branch":"main","has_releases":true}`,
		at + "/commits":     `[]`,
		at + "/releases":    `[{"id":5,"tag_name":"v1.0.0","published_at":"2026-02-03T10:00:00Z","created_at":"2026-02-03T10:00:00Z"}]`,
		at + "/tags/v1.0.0": `{"name":"v1.0.0","commit":{"sha":"` + commit + `"}}`,
	})
	if got := collectedRollouts(t, "gitea", "url: "+url+"\nrepositories: [acme/shop]\nenvironment: production"); got != 1 {
		t.Errorf("%d rollouts", got)
	}
}

func TestJenkinsIsCollectedByItsSettings(t *testing.T) {
	t.Parallel()
	url := hostAnswers(t, "Basic cmVhZGVyOmEtdG9rZW4tb2YtdGhlLXRlc3Q=", map[string]string{
		"/api/json": `{"jobs":[{"name":"deploy-shop"},{"name":"test-shop"}]}`,
		"/job/deploy-shop/api/json": `{"allBuilds":[{"_class":"hudson.model.FreeStyleBuild","number":2,"timestamp":1770109200000,"duration":1000,"building":false,"result":"SUCCESS","queueId":7,
			"actions":[{"parameters":[{"name":"COMMIT","value":"` + strings.Repeat("b", 40) + `"},{"name":"TARGET","value":"production"}]}]}]}`,
	})
	if got := collectedRollouts(t, "jenkins", "url: "+url+"\nuser: reader\njobs: [\"deploy-*\"]\nenvironment_parameter: TARGET\nrevision_parameter: COMMIT\nservice: shop"); got != 1 {
		t.Errorf("%d rollouts", got)
	}
}
