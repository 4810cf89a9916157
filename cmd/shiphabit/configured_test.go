package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const oneShop = `time_zone: Europe/Berlin
services:
  - {name: shop, repositories: [acme/shop]}
environments:
  - {match: live, kind: production}
`

const oneDeployment = `{"type":"deployment","source":"ci","id":"1","repository":"acme/shop","environment":"live","revision":"r1","status":"succeeded","finished_at":"2026-03-02T10:00:00Z"}
`

func TestACommandThatReadsNamesTheConfigurationThatItLacksAndChangesNothing(t *testing.T) {
	t.Parallel()
	p := newProcess(t)
	settings, db := filepath.Join(p.home, "ours.yaml"), filepath.Join(p.home, "ours.db")
	for name, text := range map[string]string{settings: oneShop, filepath.Join(p.home, "events.jsonl"): oneDeployment} {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	p.must("import", "events.jsonl", "--db", db, "--config", "ours.yaml")
	window := []string{"--from", "2026-03-01", "--to", "2026-03-03"}
	asked := append([]string{"explain", "deployment_frequency", "--db", db}, window...)
	want := p.must(append(asked, "--config", settings)...)
	if !strings.Contains(want, "1 row counted") {
		t.Fatalf("under its configuration the deployment counts:\n%s", want)
	}
	for _, args := range [][]string{
		asked, append([]string{"metrics", "--db", db}, window...), {"report", "--db", db}, {"doctor", "--db", db}, {"gate", "backtest", "--db", db}, {"import", "events.jsonl", "--db", db}, {"collect", "--db", db},
	} {
		_, errs, code := p.run(args...)
		for _, says := range []string{settings, "days of Europe/Berlin", "--config " + settings, "SHIPHABIT_CONFIG", "server"} {
			if code != exitUsage || !strings.Contains(errs, says) {
				t.Errorf("shiphabit %s: exit code %d, and %q is not said: %s", strings.Join(args, " "), code, says, errs)
			}
		}
	}
	if _, errs, _ := p.run(asked...); !strings.Contains(errs, "name an empty file to keep it under the defaults") {
		t.Errorf("no way in without the file is said: %s", errs)
	}
	p.must("token", "create", "ci", "--scope", "gate", "--db", db)
	p.must("backup", filepath.Join(p.home, "copy.db"), "--db", db)
	p.must("export", "--db", db)
	if got := p.must(append(asked, "--config", settings)...); got != want {
		t.Errorf("something changed: before\n%s\nafter\n%s", want, got)
	}
}

func TestHowADemonstrationIsReadBesideItsServerIsSaid(t *testing.T) {
	t.Parallel()
	if got := howNamed(demoConfiguration); !strings.Contains(got, "demo --db THE_DATABASE --write FOLDER") || !strings.Contains(got, "--config FOLDER/shiphabit.yaml") {
		t.Errorf("it says %q", got)
	}
	if got := howNamed("/etc/ours.yaml"); got != "Name it with --config /etc/ours.yaml (or SHIPHABIT_CONFIG)" {
		t.Errorf("it says %q", got)
	}
}

func TestADatabaseWhoseConfigurationIsGoneIsKeptUnderTheDefaultsByAnEmptyFile(t *testing.T) {
	t.Parallel()
	p := newProcess(t)
	settings, empty, db := filepath.Join(p.home, "ours.yaml"), filepath.Join(p.home, "empty.yaml"), filepath.Join(p.home, "ours.db")
	write(t, settings, oneShop)
	write(t, empty, "")
	write(t, filepath.Join(p.home, "events.jsonl"), oneDeployment)
	p.must("import", "events.jsonl", "--db", db, "--config", settings)
	if err := os.Remove(settings); err != nil {
		t.Fatal(err)
	}
	p.must("doctor", "--db", db, "--config", empty)
	if _, errs, code := p.run("doctor", "--db", db); code != exitUsage || !strings.Contains(errs, "--config "+empty) {
		t.Errorf("afterwards it is kept under the empty file: %d, %s", code, errs)
	}
}
