package config

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// TestTheConfigurationsOfTheIntegrationPagesAreTaken reads the first example of each page as a configuration.
func TestTheConfigurationsOfTheIntegrationPagesAreTaken(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]int{"argocd": 5, "pagerduty": 4, "jira": 8} {
		page, err := os.ReadFile(filepath.Join("..", "..", "docs", "integrations", name+".md"))
		if err != nil {
			t.Fatal(err)
		}
		_, rest, _ := strings.Cut(string(page), "```yaml\n")
		example, _, _ := strings.Cut(rest, "```")
		c, err := Parse(name+".md", []byte(example), Options{Env: func(string) string { return "a secret" }})
		if err != nil {
			t.Fatal(err)
		}
		s := c.Sources[0]
		if got := len(s.Settings) + len(s.Secrets); s.Type != name || got != want || s.Secrets["token"].Reveal() != "a secret" {
			t.Errorf("%s: a source of type %s with %d settings, want %d", name, s.Type, got, want)
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
