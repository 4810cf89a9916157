package main

import (
	"database/sql"
	"path/filepath"
	"strings"
	"testing"

	"shiphabit/internal/store"
)

func TestATokenIsMadeForTeamsAndActsForThem(t *testing.T) {
	t.Parallel()
	p := newProcess(t)
	db, settings := filepath.Join(p.home, "t.db"), filepath.Join(p.home, "t.yaml")
	write(t, settings, "require_tokens: true\nteams: [{name: web}, {name: pay}]\nservices: [{name: shop, team: web, repositories: [acme/shop]}]\n")
	made := func(name string, args ...string) (secret, said string) {
		secret, said, code := p.run(append([]string{"token", "create", name, "--db", db, "--config", settings}, args...)...)
		if code != 0 {
			t.Fatal(said)
		}
		return strings.TrimSpace(secret), said
	}
	runner, said := made("runner", "--scope", "read,assess")
	if strings.Contains(said, "team") {
		t.Errorf("a token for no team: %s", said)
	}
	team, said := made("web", "--scope", "read,assess", "--team", "web", "--team", "web")
	if !strings.Contains(said, "it acts for team web.") || strings.Contains(said, "Warning") {
		t.Errorf("said %q", said)
	}
	if _, said := made("typo", "--scope", "read", "--team", "Web, really"); !strings.Contains(said, `nothing is known of a team "Web, really" yet`) || !strings.Contains(said, "teams known: pay, web.") {
		t.Errorf("a team nobody knows: %q", said)
	}
	if _, said, code := p.run("token", "create", "none", "--scope", "read", "--team", " ", "--db", db); code != exitUsage || !strings.Contains(said, "--team is empty") {
		t.Errorf("a team without a name: %d, %q", code, said)
	}
	list := p.must("token", "list", "--db", db)
	for _, words := range []string{"TEAMS", "Web, really", "read,assess  web "} {
		if !strings.Contains(list, words) {
			t.Errorf("the list lacks %q:\n%s", words, list)
		}
	}

	url, _ := p.serve("serve", "--db", db, "--config", settings)
	as := func(token string, args ...string) (string, int) {
		out, errs, code := p.run(append(append([]string{"assess"}, args...), "--server", url, "--token", token)...)
		return out + errs, code
	}
	opened, code := as(runner, "open", "--team", "web", "--size", "5")
	id := roundID.FindString(opened)
	if code != 0 || id == "" {
		t.Fatal(opened)
	}
	if said, code := as(team, "open", "--team", "pay", "--size", "5"); code == 0 || !strings.Contains(said, "bound to team web and runs no rounds of team pay") {
		t.Errorf("a round of another team: %d, %s", code, said)
	}
	if said, code := as(runner, "close", id); code != 0 {
		t.Fatal(said)
	}
	if said, code := as(runner, "publish", id); code == 0 || !strings.Contains(said, "shiphabit token create NAME --team web --scope read,assess") {
		t.Errorf("whoever runs rounds publishes: %d, %s", code, said)
	}
	if said, code := as(team, "publish", id); code != 0 {
		t.Errorf("the team cannot publish: %s", said)
	}
}

// derivedUnder are the rules of which the facts of each service are, and the sets of tallies.
func derivedUnder(t *testing.T, path string) string {
	t.Helper()
	db, err := sql.Open(store.SQLiteDriver, path)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = db.Close() }()
	var found string
	err = db.QueryRowContext(t.Context(), `SELECT (SELECT coalesce(group_concat(name || declared || touched || derived || rules), '') FROM services)
		|| (SELECT coalesce(group_concat(id || print || zone || complete), '') FROM tally_sets)
		|| (SELECT coalesce(group_concat(name || zone), '') FROM configured)`).Scan(&found)
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestATokenForATeamDerivesNothingAndItsSecretComesBeforeTheWarning(t *testing.T) {
	t.Parallel()
	p := newProcess(t)
	settings, db := filepath.Join(p.home, "ours.yaml"), filepath.Join(p.home, "ours.db")
	write(t, settings, oneShop)
	write(t, filepath.Join(p.home, "events.jsonl"), oneDeployment)
	p.must("import", "events.jsonl", "--db", db, "--config", settings)
	p.must("metrics", "--db", db, "--config", settings)
	want := derivedUnder(t, db)
	if want == "" {
		t.Fatal("nothing is derived")
	}
	for name, args := range map[string][]string{"unnamed": {}, "named": {"--config", settings}, "quiet": {"-q"}} {
		secret, said, code := p.run(append([]string{"token", "create", name, "--scope", "read", "--team", "nosuch", "--db", db}, args...)...)
		if code != 0 || !strings.HasPrefix(secret, "shp_") || !strings.Contains(said, `Warning: nothing is known of a team "nosuch"`) {
			t.Errorf("%s: exit code %d, %q, said %q", name, code, secret, said)
		}
		if got := derivedUnder(t, db); got != want {
			t.Errorf("%s: before\n%s\nafter\n%s", name, want, got)
		}
	}
}

func TestATeamThatWasAskedByASlipIsStillUnknownWhereTeamsAreDeclared(t *testing.T) {
	t.Parallel()
	p := newProcess(t)
	settings, db := filepath.Join(p.home, "t.yaml"), filepath.Join(p.home, "t.db")
	write(t, settings, "teams: [{name: web}]\n")
	url, _ := p.serve("serve", "--db", db, "--config", settings)
	if _, said, code := p.run("assess", "open", "--team", "nosuch", "--size", "5", "--server", url); code != 0 || !strings.Contains(said, "Warning: team nosuch owns no service") {
		t.Errorf("a round of a team that owns nothing: %d, %s", code, said)
	}
	said := func(name string, args ...string) string {
		_, said, code := p.run(append([]string{"token", "create", name, "--scope", "read", "--team", "nosuch", "--db", db}, args...)...)
		if code != 0 {
			t.Error(said)
		}
		return said
	}
	if said := said("a", "--config", settings); !strings.Contains(said, "teams known: web.") {
		t.Errorf("with its configuration: %s", said)
	}
	if said := said("b"); strings.Contains(said, "Warning") {
		t.Errorf("without one, a team that was asked is known: %s", said)
	}
}
