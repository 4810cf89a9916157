package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// TestTheConfigurationsOfTheIntegrationPagesAreTaken reads the first example of each page as a configuration.
func TestTheConfigurationsOfTheIntegrationPagesAreTaken(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]struct {
		settings int
		secrets  map[string]string
	}{
		"argocd":    {4, map[string]string{"token": "ARGOCD_TOKEN"}},
		"gitea":     {5, map[string]string{"token": "GITEA_TOKEN", "webhook_secret": "GITEA_WEBHOOK_SECRET"}},
		"github":    {3, map[string]string{"token": "GITHUB_TOKEN", "webhook_secret": "GITHUB_WEBHOOK_SECRET"}},
		"gitlab":    {4, map[string]string{"token": "GITLAB_TOKEN", "webhook_secret": "GITLAB_WEBHOOK_SECRET"}},
		"jenkins":   {5, map[string]string{"token": "JENKINS_TOKEN"}},
		"jira":      {6, map[string]string{"token": "JIRA_TOKEN", "webhook_secret": "JIRA_WEBHOOK_SECRET"}},
		"pagerduty": {2, map[string]string{"token": "PAGERDUTY_TOKEN", "webhook_secret": "PAGERDUTY_WEBHOOK_SECRET"}},
	} {
		page, err := os.ReadFile(filepath.Join("..", "..", "docs", "integrations", name+".md"))
		if err != nil {
			t.Fatal(err)
		}
		_, rest, _ := strings.Cut(string(page), "```yaml\n")
		example, _, ended := strings.Cut(rest, "```")
		c, err := Parse(name+".md", []byte(example), Options{Env: func(name string) string { return "the value of " + name }})
		if err != nil || !ended {
			t.Fatal(name, err)
		}
		s, secrets := c.Sources[0], map[string]string{}
		for secret, value := range s.Secrets {
			secrets[secret] = strings.TrimPrefix(value.Reveal(), "the value of ")
		}
		if diff := cmp.Diff(want.secrets, secrets); s.Type != name || len(s.Settings) != want.settings || diff != "" {
			t.Errorf("%s: a source of type %s with %d settings, want %d; secrets want − got +\n%s", name, s.Type, len(s.Settings), want.settings, diff)
		}
	}
}

func TestASeverityIsANumberFromOneToFour(t *testing.T) {
	t.Parallel()
	text := "sources:\n  - {name: a, type: jira, settings: {url: 'https://j.example', token: '${T}', incidents: project = A, severities: [Blocker=0]}}"
	if _, err := Parse("f.yaml", []byte(text), Options{Env: func(string) string { return "x" }}); err == nil || !strings.Contains(err.Error(), "Blocker=1") {
		t.Errorf("it gives %v", err)
	}
}
