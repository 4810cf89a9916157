package main

import (
	"encoding/json"
	"io"
	"net/http"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

func TestACurlAloneTellsTheVerdictByItsExitCode(t *testing.T) {
	t.Parallel()
	p, url := gateServer(t)
	for _, c := range []struct {
		service, url, says string
		code               int
	}{
		{"steady", url, "gate: allow\n", 0},
		{"shaky", url, "gate: block\n", exitBlocked},
		{"vault", url, "gate: hold\n", exitHold},
		{"steady", "http://127.0.0.1:9", "gate: unreachable\n", exitUnreachable},
	} {
		w := p.workplace(c.url)
		executable(t, filepath.Join(w.folder, "verdict.sh"), snippet(t, "verdict.sh", c.service))
		if output, code := w.shell("./verdict.sh"); code != c.code || !strings.HasSuffix(output, c.says) {
			t.Errorf("%s: exit code %d, want %d with %q: %s", c.service, code, c.code, c.says, output)
		}
	}
	secret := strings.TrimSpace(p.must("token", "create", "ci", "--scope", "gate", "-q", "--db", filepath.Join(p.home, "gate.db")))
	for token, want := range map[string]struct {
		says string
		code int
	}{secret: {"gate: allow\n", 0}, "shp_none": {"gate: refused\n", exitForbidden}} {
		w := p.workplace(url, "SHIPHABIT_TOKEN="+token)
		executable(t, filepath.Join(w.folder, "verdict.sh"), snippet(t, "verdict.sh", "steady"))
		if output, code := w.shell("./verdict.sh"); code != want.code || !strings.HasSuffix(output, want.says) || strings.Contains(output, token) {
			t.Errorf("exit code %d, want %d with %q and without the token: %s", code, want.code, want.says, output)
		}
	}
}

// phases of a measurement in Argo Rollouts.
const (
	successful   = "Successful"
	failed       = "Failed"
	inconclusive = "Inconclusive"
	faulty       = "Error"
)

func TestArgoRolloutsGoesOnStopsAndPauses(t *testing.T) {
	t.Parallel()
	p, url := gateServer(t)
	secret := strings.TrimSpace(p.must("token", "create", "argo", "--scope", "gate", "-q", "--db", filepath.Join(p.home, "gate.db")))
	for name, template := range templates(t, url) {
		for _, c := range []struct{ service, token, phase string }{
			{"steady", secret, successful},
			{"shaky", secret, failed},
			{"vault", secret, inconclusive},
			{"steady", "shp_none", faulty},
		} {
			args := map[string]string{"service": c.service, "commit": "c0ffee", "environment": "production", "token": c.token}
			for range 2 { // Argo asks again with the same words
				if got, why := template.measure(t, args); got != c.phase {
					t.Errorf("%s about %s: %s (%s), want %s", name, c.service, got, why, c.phase)
				}
			}
		}
	}
	log := p.must("gate", "log", "--server", url, "--format", "json", "--service", "shaky")
	if strings.Count(log, `"caller"`) != 1 || !strings.Contains(log, `"caller": "token:argo"`) {
		t.Errorf("the decision is to be logged once, the look not at all:\n%s", log)
	}
}

// webMetric is what a template tells Argo Rollouts to ask, and how to judge the answer.
type webMetric struct{ method, url, body, path, success, failure, headers string }

// templates are those of the snippet that ask a server, by name.
func templates(t *testing.T, server string) map[string]webMetric {
	t.Helper()
	all := map[string]webMetric{}
	for document := range strings.SplitSeq(snippet(t, "argo-rollouts.yaml", ""), "\n---\n") {
		value := func(key string) string {
			found := regexp.MustCompile(`(?m)^ *(?:- )?` + key + `: (.*)$`).FindStringSubmatch(document)
			if found == nil {
				return ""
			}
			return strings.TrimSuffix(strings.TrimPrefix(found[1], `"`), `"`)
		}
		_, headers, _ := strings.Cut(document, "headers:\n")
		all[value("name")] = webMetric{
			value("method"), strings.ReplaceAll(value("url"), "https://gate.example.com", server), value("jsonBody"), value("jsonPath"),
			value("successCondition"), value("failureCondition"), headers,
		}
	}
	if len(all) != 2 {
		t.Fatalf("the snippet has the templates %v", all)
	}
	return all
}

// measure asks as metricproviders/webmetric of Argo Rollouts does, and judges as its utils/evaluate.
func (m webMetric) measure(t *testing.T, args map[string]string) (phase, why string) {
	t.Helper()
	fill := func(text string) string {
		for name, value := range args {
			text = strings.ReplaceAll(text, "{{args."+name+"}}", value)
		}
		return text
	}
	method := m.method
	if method == "" {
		method = http.MethodGet
	}
	request, err := http.NewRequestWithContext(t.Context(), method, fill(m.url), strings.NewReader(fill(m.body)))
	if err != nil {
		t.Fatal(err)
	}
	for _, header := range regexp.MustCompile(`key: (\S+)\n *value: "(.*)"`).FindAllStringSubmatch(m.headers, -1) {
		request.Header.Set(header[1], fill(header[2]))
	}
	if m.body != "" {
		request.Header.Set("Content-Type", "application/json")
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return faulty, err.Error()
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode < 200 || response.StatusCode >= 300 {
		return faulty, response.Status
	}
	var data map[string]any
	if err := json.Unmarshal(body, &data); err != nil {
		return faulty, err.Error()
	}
	result, there := data[strings.TrimSuffix(strings.TrimPrefix(m.path, "{$."), "}")].(string)
	switch {
	case !there:
		return faulty, "the path finds nothing"
	case meets(t, m.failure, result):
		return failed, result
	case meets(t, m.success, result):
		return successful, result
	}
	return inconclusive, result
}

// meets evaluates the forms of condition that the templates have.
func meets(t *testing.T, condition, result string) bool {
	t.Helper()
	if word, found := strings.CutPrefix(condition, "result == "); found {
		return strings.Trim(word, `"`) == result
	}
	list, found := strings.CutPrefix(condition, "result in ")
	var words []string
	if err := json.Unmarshal([]byte(list), &words); !found || err != nil {
		t.Fatalf("a condition of a form that nobody here knows: %q", condition)
	}
	return slices.Contains(words, result)
}
