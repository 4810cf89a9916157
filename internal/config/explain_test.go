package config

import (
	"fmt"
	"strings"
	"testing"

	"shiphabit/metrics"
)

const layered = `services:
  - {name: pay, team: money, tier: high}
teams: [{name: money}]
policies:
  - apiVersion: shiphabit/v1
    kind: Policy
    metadata: {name: org}
    locked:
      - failure-meter
    criteria:
      failure-meter: {not_acceptable: 1 in 10}
      batch-size: {mode: warn, max_commits: 35}
  - apiVersion: shiphabit/v1
    kind: Policy
    metadata: {name: for high}
    applies_to: {tier: high}
    watch: 45m
    criteria:
      batch-size: {max_commits: 30}
  - apiVersion: shiphabit/v1
    kind: Policy
    metadata: {name: money}
    applies_to: {team: money}
    ceilings: {staging: warn}
    criteria:
      batch-size: {max_commits: 25}
      drain: {mode: "${DRAIN}"}
  - apiVersion: shiphabit/v1
    kind: Policy
    metadata: {name: pay}
    applies_to: {service: pay}
    criteria:
      failure-meter:
        not_acceptable:
          1 in 12
`

func TestEachValueOfAPolicySaysWhereItStands(t *testing.T) {
	t.Parallel()
	c, err := Parse("f.yaml", []byte(layered), Options{Env: func(string) string { return "warn" }})
	if err != nil {
		t.Fatal(err)
	}
	found := map[string]Origin{}
	for _, o := range c.Origins(c.Services[0].Service) {
		found[o.Path] = o
	}
	for about, want := range map[string]Origin{
		"the service's, over a lock":      {"criteria.failure-meter.not_acceptable", "1 in 12", "service:pay", "f.yaml", 35, "", "organisation", 9},
		"locked and never changed":        {"criteria.failure-meter.wrong_stop", "at most 1 in 2 years", BuiltIn, "", 0, "", "organisation", 9},
		"the team's, over two others":     {"criteria.batch-size.max_commits", "25", "team:money", "f.yaml", 26, "", "", 0},
		"the tier's":                      {"watch", "45m", "tier:high", "f.yaml", 17, "", "", 0},
		"from the environment":            {"criteria.drain.mode", "warn", "team:money", "f.yaml", 27, "${DRAIN}", "", 0},
		"a ceiling":                       {"ceilings.staging", "warn", "team:money", "f.yaml", 24, "", "", 0},
		"a ceiling that nobody changed":   {"ceilings.testing", "observe", BuiltIn, "", 0, "", "", 0},
		"built in":                        {"criteria.data-fresh.max_age", "60m", BuiltIn, "", 0, "", "", 0},
		"a percentage of parts a million": {"criteria.changed-line-coverage.min", "70%", BuiltIn, "", 0, "", "", 0},
	} {
		if got := found[want.Path]; got != want {
			t.Errorf("%s:\n%+v, want\n%+v", about, got, want)
		}
	}
	if _, shown := found["ceilings.production"]; shown {
		t.Error("a ceiling is listed that there is not")
	}
}

func TestWhatATierDoesWithoutIsOffAndComesFromTheStrictestWhenWanted(t *testing.T) {
	t.Parallel()
	low := metrics.Service{Name: "notes", Tier: metrics.Low}
	for _, o := range Default().Origins(low) {
		if strings.HasPrefix(o.Path, "criteria.batch-size.") && (o.Path != "criteria.batch-size.mode" || o.Value != "off" || o.Layer != BuiltIn) {
			t.Errorf("%+v", o)
		}
	}
	c, err := Parse("f.yaml", []byte("policies:\n  - {apiVersion: shiphabit/v1, kind: Policy, metadata: {name: org}, applies_to: {tier: low}, criteria: {batch-size: {mode: warn}}}\n"), Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range c.Origins(low) {
		if o.Path == "criteria.batch-size.max_commits" && (o.Value != "20" || o.Layer != "built in, tier critical") {
			t.Errorf("%+v", o)
		}
	}
}

// The values that are printed can be written into the file as they are, and are then the same policy.
func TestThePrintedValuesMakeThePolicyAgain(t *testing.T) {
	t.Parallel()
	for _, tier := range tiers {
		service := metrics.Service{Tier: tier}
		var b strings.Builder
		b.WriteString("policies:\n  - apiVersion: shiphabit/v1\n    kind: Policy\n    metadata: {name: again}\n")
		tree := map[string]any{}
		for _, o := range Default().Origins(service) {
			if o.Value != "off" {
				plant(tree, strings.Split(o.Path, "."), o.Value)
			}
		}
		writeTree(&b, tree, 4)
		c, err := Parse("f.yaml", []byte(b.String()), Options{})
		if err != nil {
			t.Fatalf("%s: %v\n%s", tier, err, b.String())
		}
		got, want := c.Policy(service), Default().Policy(service)
		got.Name, got.Version, got.Layers = want.Name, want.Version, want.Layers
		if string(got.Canonical()) != string(want.Canonical()) {
			t.Errorf("%s:\n%s\nis not\n%s", tier, got.Canonical(), want.Canonical())
		}
	}
}

func plant(tree map[string]any, keys []string, value string) {
	if len(keys) == 1 {
		tree[keys[0]] = value
		return
	}
	below, _ := tree[keys[0]].(map[string]any)
	if below == nil {
		below = map[string]any{}
		tree[keys[0]] = below
	}
	plant(below, keys[1:], value)
}

func writeTree(b *strings.Builder, tree map[string]any, indent int) {
	for key, value := range tree {
		fmt.Fprintf(b, "%*s%s:", indent, "", key)
		if below, group := value.(map[string]any); group {
			b.WriteString("\n")
			writeTree(b, below, indent+2)
			continue
		}
		fmt.Fprintf(b, " %v\n", value)
	}
}
