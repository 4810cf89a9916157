package github_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"shiphabit/internal/config"
)

func TestTheConfigurationInTheDocumentationWorks(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "integrations", "github.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, block, found := strings.Cut(string(page), "```yaml\n")
	block, _, ended := strings.Cut(block, "```")
	if !found || !ended {
		t.Fatal("there is no configuration on the page")
	}
	settings, err := config.Parse("page.yaml", []byte(block), config.Options{Env: func(name string) string { return "secret of " + name }})
	if err != nil {
		t.Fatal(err)
	}
	s := settings.Sources[0]
	if s.Type != "github" || s.Secrets["token"].Reveal() != "secret of GITHUB_TOKEN" || len(s.Settings["incident_labels"]) != 2 || s.Secrets["webhook_secret"] == "" {
		t.Errorf("it reads %+v", s)
	}
}
