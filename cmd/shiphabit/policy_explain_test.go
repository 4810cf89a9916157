package main

import (
	"encoding/json"
	"path/filepath"
	"strings"
	"testing"
)

func TestExplainSaysOfEachValueWhereItStands(t *testing.T) {
	t.Parallel()
	p := newProcess(t)
	file := filepath.Join(p.home, "layers.yaml")
	write(t, file, `services:
  - {name: pay, tier: high}
policies:
  - {apiVersion: shiphabit/v1, kind: Policy, metadata: {name: org}, locked: [data-fresh], watch: 45m}
  - apiVersion: shiphabit/v1
    kind: Policy
    metadata: {name: pay}
    applies_to: {service: pay}
    criteria:
      drain: {mode: "${DRAIN}"}
`)
	p.env = append(p.env, "DRAIN=warn")
	said := strings.Join(strings.Fields(p.must("policy", "explain", "pay", "--config", file)), " ")
	for _, want := range []string{
		"put together from: built-in:high, organisation, service:pay",
		"watch 45m organisation " + file + ":4 ",
		"criteria.drain.mode warn service:pay " + file + ":10 from ${DRAIN} ",
		"criteria.drain.for 24h built in — ",
		"criteria.data-fresh.max_age 60m built in — locked by organisation (line 4) ",
	} {
		if !strings.Contains(said, want) {
			t.Errorf("it does not say %q:\n%s", want, said)
		}
	}
	var all []explainedPolicy
	if err := json.Unmarshal([]byte(p.must("policy", "explain", "--service", "pay", "--config", file, "--json")), &all); err != nil {
		t.Fatal(err)
	}
	if len(all) != 1 || all[0].Service != "pay" || all[0].Digest != all[0].Policy.Digest() || len(all[0].Values) < 60 {
		t.Errorf("%+v", all)
	}
	if tiers := p.must("policy", "explain"); strings.Count(tiers, "VALUE") != 4 {
		t.Errorf("without a service it says\n%s", tiers)
	}
	p.exits(exitUsage, "policy", "explain", "pay", "--service", "other")
	for _, of := range []string{"lint", "explain"} {
		if _, errs, code := p.run("policy", of, "--service", "pya", "--config", file); code != 0 || !strings.Contains(errs, `declares no service "pya"`) {
			t.Errorf("of a misspelt service %s says %q, exit code %d", of, errs, code)
		}
		if _, errs, _ := p.run("policy", of, "--service", "pay", "--config", file); errs != "" {
			t.Errorf("of a service that is declared %s says %q", of, errs)
		}
	}
}

func TestLintExitsWithTwoForACriterionThatCanNeverFire(t *testing.T) {
	t.Parallel()
	p := newProcess(t)
	file := filepath.Join(p.home, "idle.yaml")
	write(t, file, `policies:
  - {apiVersion: shiphabit/v1, kind: Policy, metadata: {name: org}, criteria: {data-fresh: {on_unknown: allow}}}
`)
	said := p.exits(exitUsage, "policy", "lint", "--config", file, "--tier", "standard")
	if !strings.Contains(said, "can never fire") {
		t.Errorf("it says\n%s", said)
	}
	p.must("policy", "lint", "--volume", "1")
}

func TestLintTellsOfThePoliciesOfTeamsAndServicesToo(t *testing.T) {
	t.Parallel()
	p := newProcess(t)
	file := filepath.Join(p.home, "own.yaml")
	write(t, file, `teams: [{name: money}]
services:
  - {name: pay, tier: high, team: money}
  - {name: ledger, tier: high, team: money}
  - {name: web}
policies:
  - {apiVersion: shiphabit/v1, kind: Policy, metadata: {name: for money}, applies_to: {team: money}, watch: 50m}
  - {apiVersion: shiphabit/v1, kind: Policy, metadata: {name: for web}, applies_to: {service: web}, criteria: {failure-meter: {not_acceptable: 1 in 12}}}
`)
	said := p.must("policy", "lint", "--config", file)
	for words, times := range map[string]int{"Policy for money at": 1, "Policy for web at": 1, "\nPolicy ": 5, "no more than 1 in 12 fail": 1} {
		if got := strings.Count(said, words); got != times {
			t.Errorf("it says %q %d times, want %d:\n%s", words, got, times, said)
		}
	}
	if said := p.must("policy", "lint", "--config", file, "--tier", "high"); strings.Count(said, "Policy ") != 1 {
		t.Errorf("of one tier it says\n%s", said)
	}
}
