package main

import (
	"path/filepath"
	"strings"
	"testing"
)

// secretive names secrets that nobody has on a laptop or in the pipeline of a merge request, and a policy.
const secretive = `
services:
  - {name: shaky, tier: standard, rollback: {url: "${ROLLBACK_URL}", secret_file: /nowhere/rollback.secret}}
sources:
  - {name: hub, type: github, settings: {repositories: [acme/shaky], token: "${HUB_TOKEN}", webhook_secret_file: /nowhere/hub.secret}}
notify: {public_url: https://ship.example.org, webhooks: [{name: chat, url: "${CHAT_URL}"}]}
signing_key_file: /nowhere/signing.pem
policies:
  - apiVersion: shiphabit/v1
    kind: Policy
    metadata: {name: ours, version: 3}
    applies_to: {tier: standard}
    criteria:
      test-evidence: {mode: observe}
`

func TestPoliciesAreJudgedWhereTheSecretsOfTheServerAreNot(t *testing.T) {
	t.Parallel()
	p, db := recorded(t)
	file := p.write("shiphabit.yaml", secretive)
	cases := p.write("cases.json", `[{"name": "a bad week stops it", "service": "shaky", "history": "....................xxx.xx", "expect": {"verdict": "block"}}]`)
	for _, args := range [][]string{
		{"policy", "lint", "--config", file},
		{"policy", "explain", "--config", file, "--service", "shaky"},
		{"policy", "test", "--config", file, cases},
		{"policy", "diff", file, file, "--db", db},
		{"policy", "propose", "shaky", "--config", file, "--db", db},
		{"gate", "backtest", "--config", file, "--db", db},
	} {
		if out, errs, code := p.run(args...); code != 0 || strings.Contains(out+errs, "unread.invalid") {
			t.Errorf("%v ends with %d and says\n%s%s", args[:2], code, out, errs)
		}
	}
	broken := p.write("broken.yaml", secretive+"      no-such-criterion: {mode: observe}\n")
	if said := p.exits(exitUsage, "policy", "lint", "--config", broken); !strings.Contains(said, "no-such-criterion: there is no such key") || strings.Contains(said, "HUB_TOKEN") {
		t.Errorf("of a fault that is no secret's it says %s", said)
	}
}

func TestCommandsThatUseSecretsSayAtStartWhichAreNotThere(t *testing.T) {
	t.Parallel()
	p := newProcess(t)
	file := p.write("shiphabit.yaml", secretive)
	for _, args := range [][]string{{"serve", "--config", file, "--listen", "127.0.0.1:0"}, {"config", "check", file}, {"collect", "--config", file}} {
		if said := p.exits(exitUsage, append(args, dbFlag(p, args)...)...); !strings.Contains(said, `"HUB_TOKEN" is not set; set it`) || !strings.Contains(said, `"ROLLBACK_URL" is not set`) {
			t.Errorf("%v says %s", args, said)
		}
	}
}

// dbFlag names an empty database to a command that takes one.
func dbFlag(p process, args []string) []string {
	if args[0] == "config" {
		return nil
	}
	return []string{"--db", filepath.Join(p.home, "new.db")}
}

func TestADatabaseWhosePasswordIsNotThereIsAskedForByTheCommandsThatOpenOne(t *testing.T) {
	t.Parallel()
	p, db := recorded(t)
	file := p.write("shiphabit.yaml", "db: postgres://ship:${DB_PASSWORD}@db/ship\n"+secretive)
	p.must("policy", "lint", "--config", file)
	p.must("policy", "propose", "shaky", "--config", file, "--db", db)
	for _, args := range [][]string{{"policy", "propose", "shaky", "--config", file}, {"gate", "backtest", "--config", file}, {"policy", "diff", file, file}} {
		if said := p.exits(exitUsage, args...); !strings.Contains(said, file+`:1: db: the environment variable "DB_PASSWORD" is not set; set it, or name the database with --db`) {
			t.Errorf("%v says %s", args, said)
		}
	}
}
