package config

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"shiphabit/metrics"
	"shiphabit/metrics/gate"
)

// everySecret names a secret in every place that takes one, by variable and by file, and none of them is there.
const everySecret = `
db: postgres://shiphabit:${DB_PASSWORD}@db.internal/shiphabit
signing_key_file: signing.pem
previous_signing_key_file: before.pem
signing_key_rotated_at: 2026-03-01T00:00:00Z
teams: [{name: payments, notify: {mail: [pay@example.org], webhooks: [chat, room]}}]
services:
  - {name: api, team: payments, tier: critical, rollback: {url: "${ROLLBACK_URL}", secret_file: rollback.secret}}
sources:
  - {name: hub, type: gitlab, settings: {url: https://gitlab.example.org, projects: [acme/api], token: "${HUB_TOKEN}", webhook_secret_file: hub.secret}}
  - {name: ci, type: jenkins, settings: {url: https://ci.example.org, user: ada, jobs: ["*"], token_file: ci.token}}
notify:
  public_url: https://ship.example.org
  smtp: {address: "mail.example.org:587", from: ship@example.org, user: ship, password: "${MAIL_PASSWORD}"}
  webhooks:
    - {name: chat, url: "${CHAT_URL}"}
    - {name: room, url_file: room.url}
protection:
  - {name: checks, kind: gitlab, webhook_secret: "${CHECK_SECRET}", previous_webhook_secret: "${CHECK_BEFORE}", token_file: check.token, services: [{project_id: "42", service: api}]}
policies:
  - apiVersion: shiphabit/v1
    kind: Policy
    metadata: {name: ours, version: 3}
    criteria:
      test-evidence: {mode: observe}
`

// nothingThere is a machine without the secrets of production; a file that is read all the same is told.
func nothingThere(t *testing.T) Options {
	t.Helper()
	return Options{Secretless: true, ReadFile: func(name string) ([]byte, error) {
		t.Errorf("%s is read", name)
		return nil, os.ErrNotExist
	}}
}

func TestWithoutSecretsAFileIsReadThatNamesSecretsWhichAreNotThere(t *testing.T) {
	t.Parallel()
	c, err := Parse("f.yaml", []byte(everySecret), nothingThere(t))
	if err != nil {
		t.Fatal(err)
	}
	if got := c.Policy(metrics.Service{Tier: metrics.Critical}).Criteria.TestEvidence.Mode; got != gate.Observe {
		t.Errorf("the policy says %s", got)
	}
	if c.Services[0].Rollback == nil || len(c.Sources) != 2 || len(c.Notify.Webhooks) != 2 || c.Notify.SMTP == nil || len(c.Protection) != 1 {
		t.Errorf("something is left out: %s", c)
	}
	if want := "f.yaml:2: db: the environment variable \"DB_PASSWORD\" is not set; set it, or name the database with --db"; c.DBFault == nil || c.DBFault.Error() != want {
		t.Errorf("of the database it says %v", c.DBFault)
	}
	if shown := fmt.Sprint(c); !strings.Contains(shown, "${ROLLBACK_URL}") {
		t.Errorf("what is shown is not the file's:\n%s", shown)
	}
}

func TestWithSecretsEachThatIsNotThereIsAFault(t *testing.T) {
	t.Parallel()
	_, err := Parse("f.yaml", []byte(everySecret), Options{})
	var faults Faults
	if !errors.As(err, &faults) {
		t.Fatal(err)
	}
	for _, name := range []string{"DB_PASSWORD", "ROLLBACK_URL", "HUB_TOKEN", "MAIL_PASSWORD", "CHAT_URL", "CHECK_SECRET", "CHECK_BEFORE", "settings.webhook_secret_file: cannot be read", "settings.token_file: cannot be read"} {
		if !strings.Contains(err.Error(), name) {
			t.Errorf("it says nothing of %s:\n%v", name, err)
		}
	}
	set := Options{Env: func(string) string { return "https://example.org" }}
	_, err = Parse("f.yaml", []byte(everySecret), set)
	for _, path := range []string{"signing_key_file", "previous_signing_key_file", "services[0].rollback.secret_file", "notify.webhooks[1].url_file", "protection[0].token_file"} {
		if err == nil || !strings.Contains(err.Error(), path+": ") {
			t.Errorf("it says nothing of %s:\n%v", path, err)
		}
	}
}

func TestWithoutSecretsEverythingElseIsChecked(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct{ text, want string }{
		"a variable that is no secret":         {`services: [{name: "${SERVICE}"}]`, `f.yaml:1: the environment variable "SERVICE" is not set`},
		"an address of a source":               {`sources: [{name: hub, type: gitlab, settings: {url: "${HUB}", token: "${HUB_TOKEN}"}}]`, `the environment variable "HUB" is not set`},
		"a variable under an unknown key":      {`secrets: "${NOTHING}"`, `the environment variable "NOTHING" is not set`},
		"a secret in the file":                 {`sources: [{name: hub, type: github, settings: {token: hello}}]`, "is a secret written into the file"},
		"a secret of a hook in the file":       {`services: [{name: a, rollback: {url: "${U}", secret: hello}}]`, "is a secret written into the file"},
		"a secret that is missing":             {`services: [{name: a, rollback: {url: "${U}"}}]`, "services[0].rollback.secret: is missing"},
		"a secret given twice":                 {`services: [{name: a, rollback: {url: "${U}", url_file: f, secret: "${S}"}}]`, "services[0].rollback.url: is given twice"},
		"a previous key without its successor": {"previous_signing_key_file: k.pem", "there is no signing_key_file"},
		"a rotation of an unknown time":        {"signing_key_file: k.pem\nprevious_signing_key_file: b.pem", "set signing_key_rotated_at"},
		"a policy that cannot be":              {"policies: [{apiVersion: shiphabit/v1, kind: Policy, metadata: {name: x}, criteria: {test-evidence: {mode: sometimes}}}]", `"sometimes" does not fit`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := Parse("f.yaml", []byte(c.text), nothingThere(t)); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("it says %v", err)
			}
		})
	}
}

func TestWithoutSecretsNoneIsTakenFromWhereItIs(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "shiphabit.yaml")
	if err := os.WriteFile(file, []byte(everySecret), 0o600); err != nil {
		t.Fatal(err)
	}
	c, err := LoadSecretless(file, func(string) string { return "s3cret" })
	if err != nil {
		t.Fatal(err)
	}
	if c.DB != "postgres://shiphabit:s3cret@db.internal/shiphabit" || c.DBFault != nil {
		t.Errorf("the database is asked under %q, %v: these commands use it", c.DB, c.DBFault)
	}
	held := []string{
		c.Services[0].Rollback.URL.Reveal(), c.Services[0].Rollback.Secret.Reveal(), c.Sources[0].Secrets["token"].Reveal(), c.Sources[0].Secrets["webhook_secret"].Reveal(),
		c.Sources[1].Secrets["token"].Reveal(), c.Notify.SMTP.Password.Reveal(), c.Notify.Webhooks[0].URL.Reveal(), c.Notify.Webhooks[1].URL.Reveal(),
		c.Protection[0].WebhookSecret.Reveal(), c.Protection[0].PreviousSecret.Reveal(), c.Protection[0].Token.Reveal(),
	}
	for i, value := range held {
		if diff := cmp.Diff(unread, value); diff != "" {
			t.Errorf("secret %d: %s", i, diff)
		}
	}
	if c.Signing != nil {
		t.Error("there is a key to sign with")
	}
}
