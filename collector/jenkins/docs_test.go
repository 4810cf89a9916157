package jenkins_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"shiphabit/internal/config"
)

func TestTheConfigurationOfThePageWorks(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile("../../docs/integrations/jenkins.md")
	if err != nil {
		t.Fatal(err)
	}
	_, block, _ := strings.Cut(string(page), "```yaml\n")
	block, _, found := strings.Cut(block, "```")
	path := filepath.Join(t.TempDir(), "shiphabit.yaml")
	if err := os.WriteFile(path, []byte(block), 0o600); err != nil || !found {
		t.Fatal("the page has no configuration", err)
	}
	c, err := config.Load(path, func(name string) string { return "the value of " + name })
	if err != nil {
		t.Fatal(err)
	}
	if s := c.Sources[0]; s.Type != "jenkins" || s.Secrets["token"].Reveal() != "the value of JENKINS_TOKEN" {
		t.Errorf("it reads %+v", s)
	}
}
