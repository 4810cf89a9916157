package config

import (
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var protectionOptions = Options{
	Env: func(name string) string { return "value of " + name },
	ReadFile: func(name string) ([]byte, error) {
		if name == "/run/secrets/hook" {
			return []byte("from the file\n"), nil
		}
		return nil, errors.New("there is no such file")
	},
}

func TestHostsThatAskTheGateAreReadByTheirKind(t *testing.T) {
	t.Parallel()
	c, err := Parse("f.yaml", []byte(`
protection:
  - name: github-app
    kind: github
    app_id: "12345"
    private_key_file: /etc/shiphabit/app.pem
    webhook_secret: ${HOOK}
    previous_webhook_secret: ${OLD}
    services:
      - {repository_id: "17", environments: [live], as: production, service: payments-api}
      - {repository: acme/ledger, service: ledger}
  - {name: checks, kind: gitlab, url: "https://gitlab.example.com/api/v4", token: "${TOKEN}", webhook_secret_file: /run/secrets/hook, services: [{project_id: "42", service: shop}]}
  - {name: flagger, kind: flagger, webhook_secret: "${HOOK}", services: [{canary: shop/podinfo, service: podinfo}]}
`), protectionOptions)
	if err != nil {
		t.Fatal(err)
	}
	want := []Protection{
		{
			Name: "github-app", Kind: "github", AppID: "12345", PrivateKeyFile: "/etc/shiphabit/app.pem", WebhookSecret: "value of HOOK", PreviousSecret: "value of OLD",
			Services: []Protected{{Project: "17", Service: "payments-api", Environments: []string{"live"}, As: "production"}, {Project: "acme/ledger", Service: "ledger"}},
		},
		{
			Name: "checks", Kind: "gitlab", URL: "https://gitlab.example.com/api/v4", Token: "value of TOKEN", WebhookSecret: "from the file",
			Services: []Protected{{Project: "42", Service: "shop"}},
		},
		{Name: "flagger", Kind: "flagger", WebhookSecret: "value of HOOK", Services: []Protected{{Project: "shop/podinfo", Service: "podinfo"}}},
	}
	if diff := cmp.Diff(want, c.Protection, cmp.Comparer(func(a, b Secret) bool { return a.Reveal() == b.Reveal() })); diff != "" {
		t.Error(diff)
	}
	if shown := c.String(); strings.Contains(shown, "HOOK") || strings.Contains(shown, "TOKEN") {
		t.Errorf("it shows a secret:\n%s", shown)
	}
}

func TestAProtectionThatCouldNotWorkOrWouldLetStrangersAskIsRefused(t *testing.T) {
	t.Parallel()
	for sentence, c := range map[string]struct{ text, says string }{
		"no secret":             {`protection: [{name: f, kind: flagger}]`, "anybody could ask"},
		"a secret in the file":  {`protection: [{name: f, kind: flagger, webhook_secret: abc}]`, "a secret written into the file"},
		"two secrets":           {`protection: [{name: f, kind: flagger, webhook_secret: "${A}", webhook_secret_file: /run/secrets/hook}]`, "given twice"},
		"a file that is gone":   {`protection: [{name: f, kind: flagger, webhook_secret_file: /nowhere}]`, "no such file"},
		"no app":                {`protection: [{name: g, kind: github, webhook_secret: "${A}"}]`, "app_id is missing"},
		"no key":                {`protection: [{name: g, kind: github, app_id: "1", webhook_secret: "${A}"}]`, "private_key_file is missing"},
		"no token":              {`protection: [{name: g, kind: gitlab, webhook_secret: "${A}"}]`, "token is missing"},
		"a key for nothing":     {`protection: [{name: g, kind: flagger, webhook_secret: "${A}", app_id: "1"}]`, "of no use"},
		"the name of a source":  {`{sources: [{name: g, type: pelorus, settings: {webhook_secret: "${A}"}}], protection: [{name: g, kind: flagger, webhook_secret: "${A}"}]}`, "is used before"},
		"a slash in the name":   {`protection: [{name: a/b, kind: flagger, webhook_secret: "${A}"}]`, "has a slash"},
		"a service of nothing":  {`protection: [{name: f, kind: flagger, webhook_secret: "${A}", services: [{service: x}]}]`, "write canary"},
		"two projects at once":  {`protection: [{name: f, kind: github, app_id: "1", private_key_file: k, webhook_secret: "${A}", services: [{service: x, repository: a/b, repository_id: "1"}]}]`, "not exactly one project"},
		"another kind's word":   {`protection: [{name: f, kind: flagger, webhook_secret: "${A}", services: [{service: x, repository: a/b}]}]`, "write canary"},
		"a host in plain sight": {`protection: [{name: g, kind: gitlab, url: "http://gitlab.example.com", token: "${T}", webhook_secret: "${A}"}]`, "does not fit"},
	} {
		_, err := Parse("f.yaml", []byte(c.text), protectionOptions)
		if err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, want %q", sentence, err, c.says)
		}
	}
}

// The page's examples are read as they stand there.
func TestTheExamplesOfThePipelinesPageAreConfigurations(t *testing.T) {
	t.Parallel()
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "pipelines.md"))
	if err != nil {
		t.Fatal(err)
	}
	examples := regexp.MustCompile("(?ms)^```yaml\n(.*?)^```$").FindAllStringSubmatch(string(page), -1)
	if len(examples) < 3 {
		t.Fatalf("the page has %d examples", len(examples))
	}
	for _, example := range examples {
		if c, err := Parse("docs/pipelines.md", []byte(example[1]), protectionOptions); err != nil || len(c.Protection) != 1 {
			t.Errorf("%v in\n%s", err, example[1])
		}
	}
}
