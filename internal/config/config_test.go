package config

import (
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.yaml.in/yaml/v3"

	"shiphabit/assessments"
	"shiphabit/metrics"
	"shiphabit/metrics/gate"
)

var update = flag.Bool("update", false, "write the golden files anew")

const whole = `
listen: 0.0.0.0:9000
db: postgres://shiphabit:${DB_PASSWORD}@db.internal/shiphabit
require_tokens: true
time_zone: Europe/Vienna
week_start: sunday
calendar: {hours: 8-17, holidays: [2026-12-25]}
environments:
  - {match: "live*", kind: production, as: production}
rules:
  attribution_window: 2d
  rollout_gap: 1h30m
  failure_causes: [run failed, rolled back]
  max_severity: 2
  skip_unchanged: true
  bots: [renovate, "deploy-*"]
teams:
  - {name: payments, size: 6, calendar: {time_zone: America/New_York, weekdays: [monday, tuesday]}}
  - {name: web}
services:
  - {name: api, team: payments, tier: critical, repositories: [acme/mono], paths: [services/api], cadence: app store, attribution_window: 3h, environments: ["prod-*"], labels: [app=api, "tier=a*"]}
  - {name: docs, tier: low, calendar: {hours: 6-12}, runbook: {url: "https://wiki.example.org/docs", touched: 2026-07-01}, drills: [2026-05-12, 2026-08-18]}
  - {name: shop, team: web}
sources:
  - {name: clone, type: git, settings: {path: /srv/mono.git, tags: "v*", services: [api=services/api]}}
  - {name: extra, type: file, settings: {path: events.jsonl}}
assessment:
  floor: 7
  evidence: {frequency_level_4: 3, response_recovery_4: 30m}
policies:
  - apiVersion: shiphabit/v1
    kind: Policy
    metadata: {name: ours, version: 3}
    criteria:
      data-fresh: {max_age: 12h}
    locked: [data-fresh]
  - apiVersion: shiphabit/v1
    kind: Policy
    metadata: {name: standard}
    applies_to: {tier: standard}
    criteria:
      failure-meter:
        mode: observe
        not_acceptable: 1 in 9
        wrong_stop: at most 1 a year
        reopen: {good_in_a_row: 4, probes_per_day: 1}
      restore-first: {mode: enforce, open_failed_deployment_older_than: 90m}
      changed-line-coverage: {mode: warn, min: 62.5%}
      data-fresh: {max_age: 3h, on_unknown: warn}
    ceilings: {staging: warn}
    unreachable: closed
    overrides: {max: 12h, uses: 2}
`

func environment(name string) string { return map[string]string{"DB_PASSWORD": "hunter2"}[name] }

func mustParse(t *testing.T, text string) Config {
	t.Helper()
	c, err := Parse("shiphabit.yaml", []byte(text), Options{Env: environment})
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestEveryKeyReachesItsPlace(t *testing.T) {
	t.Parallel()
	c := mustParse(t, whole)
	if c.Listen != "0.0.0.0:9000" || c.DB != "postgres://shiphabit:hunter2@db.internal/shiphabit" || !c.RequireTokens || c.WeekStart != time.Sunday || c.Floor != 7 {
		t.Errorf("the simple keys: %q %q %v %v %d", c.Listen, c.DB, c.RequireTokens, c.WeekStart, c.Floor)
	}
	if c.Zone().String() != "Europe/Vienna" {
		t.Errorf("zone %s", c.Zone())
	}
	rules := c.Rules()
	if rules.AttributionWindow != 48*time.Hour || rules.RolloutGap != 90*time.Minute || rules.MaxSeverity != 2 || !rules.SkipUnchanged {
		t.Errorf("rules %+v", rules)
	}
	if diff := cmp.Diff([]metrics.Cause{metrics.CauseRun, metrics.CauseRollback}, rules.Causes); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"renovate", "deploy-*"}, rules.Bots); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"clone", "extra"}, rules.SourceOrder); diff != "" {
		t.Error(diff)
	}
	if first := rules.Environments[0]; first != (metrics.EnvironmentRule{Pattern: "live*", Kind: metrics.Production, As: "production"}) {
		t.Errorf("the declared environment is asked first, not %+v", first)
	}
	want := metrics.Service{Name: "api", Team: "payments", Tier: metrics.Critical, Cadence: "app store", Repositories: []string{"acme/mono"}, Paths: []string{"services/api"},
		AttributionWindow: 3 * time.Hour, Environments: []string{"prod-*"}, Labels: map[string]string{"app": "api", "tier": "a*"}}
	if diff := cmp.Diff(want, rules.Services[0]); diff != "" {
		t.Error(diff)
	}
	if c.Thresholds.Frequency.PerWeek[2] != 3 || c.Thresholds.Response.Recovery4 != 30*time.Minute || c.Thresholds.Frequency.PerWeek[3] != 5 {
		t.Errorf("thresholds %+v", c.Thresholds)
	}
	day := func(month time.Month, day int) time.Time { return time.Date(2026, month, day, 0, 0, 0, 0, time.UTC) }
	ready := assessments.Readiness{Service: "docs", Runbook: "https://wiki.example.org/docs", TouchedOn: day(7, 1), DrilledOn: []time.Time{day(5, 12), day(8, 18)}}
	if diff := cmp.Diff(ready, c.Readiness("docs")); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff(assessments.Readiness{Service: "unknown"}, c.Readiness("unknown")); diff != "" {
		t.Error(diff)
	}
	if got := c.Sources[0]; got.Text("path") != "/srv/mono.git" || got.Text("tags") != "v*" || got.Pairs("services")["api"] != "services/api" {
		t.Errorf("source %+v", got)
	}
}

func TestADefinitionChangesTheOneThatItIsLike(t *testing.T) {
	t.Parallel()
	c := mustParse(t, `
definitions:
  - name: old numbers
    version: 3
    like: gitlab
    floor: 4
    settling: 12h
    without_bots: true
    week_start: sunday
    utc: true
    deployments: rollouts
    change_lead_time: {from: opened, statistic: mean, keeps: above 0}
    change_fail_rate: {of: deployments}
  - name: ours
`)
	want, err := metrics.DefinitionNamed("gitlab")
	if err != nil {
		t.Fatal(err)
	}
	want.Name, want.Version, want.Floor, want.Settling, want.WithoutBots, want.WeekStart, want.UTC = "old numbers", 3, 4, 12*time.Hour, true, time.Sunday, true
	want.Deployments, want.FailRate.Of = "rollouts", "deployments"
	want.LeadTime.From, want.LeadTime.Statistic, want.LeadTime.Keeps = "opened", "mean", "above 0"
	plain := metrics.DORA()
	plain.Name = "ours"
	if diff := cmp.Diff([]metrics.Definition{want, plain}, c.Definitions); diff != "" {
		t.Error(diff)
	}
}

func TestADefinitionThatCannotBeIsRefused(t *testing.T) {
	t.Parallel()
	for text, words := range map[string]string{
		"definitions: [{name: dora}]":                                     "is used before",
		"definitions: [{name: a}, {name: a}]":                             "is used before",
		"definitions: [{name: a, change_lead_time: {from: birth}}]":       "one of authored",
		"definitions: [{name: a, change_lead_time: {parts: requested}}]":  "per: request",
		"definitions: [{name: a, like: theirs}]":                          "one of dora",
		"definitions: [{name: a, change_lead_time: {until: production}}]": "until",
	} {
		if _, err := Parse("shiphabit.yaml", []byte(text), Options{}); err == nil || !strings.Contains(err.Error(), words) {
			t.Errorf("%s: %v, want %q", text, err, words)
		}
	}
}

func TestWorkingTimeIsThatOfTheServiceThenTheTeamThenTheFile(t *testing.T) {
	t.Parallel()
	c := mustParse(t, whole)
	for name, of := range map[string]struct {
		service, team, zone string
		from, to, days      int
	}{
		"the service's own hours": {"docs", "", "Europe/Vienna", 6, 12, 5},
		"its team's days":         {"api", "payments", "America/New_York", 8, 17, 2},
		"a discovered service":    {"unheard-of", "payments", "America/New_York", 8, 17, 2},
		"the organisation's":      {"unheard-of", "", "Europe/Vienna", 8, 17, 5},
	} {
		got := c.Calendar(of.service, of.team)
		if got.Zone.String() != of.zone || got.FromHour != of.from || got.ToHour != of.to || len(got.Weekdays) != of.days || !got.Holidays["2026-12-25"] {
			t.Errorf("%s: %+v", name, got)
		}
	}
}

func TestPoliciesAreLaidFromTheOrganisationToTheService(t *testing.T) {
	t.Parallel()
	c := mustParse(t, whole)
	p := c.Policy(metrics.Service{Name: "shop", Team: "web", Tier: metrics.Standard})
	meter := p.Criteria.FailureMeter
	if meter.Mode != gate.Observe || meter.OneIn != 9 || meter.WrongStopYears != (gate.Fraction{Num: 1, Den: 1}) || meter.GoodInARow != 4 || meter.ProbesPerDay != 1 {
		t.Errorf("failure meter %+v", meter)
	}
	if p.Criteria.RestoreFirst.OlderThanSeconds != 90*60 || p.Criteria.DataFresh.MaxAgeSeconds != 3*3600 {
		t.Errorf("spans %+v %+v", p.Criteria.RestoreFirst, p.Criteria.DataFresh)
	}
	if got := p.Criteria.Coverage; got.Mode != gate.WarnOnly || got.MinPPM != 625_000 || got.IgnoreUnderLines != 20 {
		t.Errorf("a criterion the tier does without starts from the strictest tier's values: %+v", got)
	}
	if p.Unreachable.Then != "closed" || p.Overrides.MaxSeconds != 12*3600 || p.Overrides.Uses != 2 || p.Ceilings[metrics.Staging] != gate.WarnOnly || p.Ceilings[metrics.Testing] != gate.Observe {
		t.Errorf("policy %+v", p)
	}
	if diff := cmp.Diff([]string{"built-in:standard", "organisation", "tier:standard"}, p.Layers); diff != "" {
		t.Error(diff)
	}
	low := c.Policy(metrics.Service{Name: "docs", Tier: metrics.Low})
	if low.Name != "ours" || low.Version != 3 || low.Criteria.DataFresh.MaxAgeSeconds != 12*3600 || low.Criteria.FailureMeter.OneIn != 4 {
		t.Errorf("the organisation's policy holds in every tier: %+v", low)
	}
	if _, err := gate.ParsePolicy(p.Canonical()); err != nil {
		t.Error(err)
	}
}

func TestPolicyWordsAreThoseOfTheBuiltInTiers(t *testing.T) {
	t.Parallel()
	c := mustParse(t, `
policies:
  - apiVersion: shiphabit/v1
    kind: Policy
    metadata: {name: standard, version: 3}
    applies_to: {tier: standard}
    criteria:
      failure-meter: {mode: enforce, not_acceptable: 1 in 6, wrong_stop: at most 1 in 2 years, reopen: {good_in_a_row: 3, probes_per_day: 2}}
      restore-first: {mode: enforce, open_failed_deployment_older_than: 60m}
      data-fresh: {max_age: 6h, on_unknown: warn}
    unreachable: open
    overrides: {max: 24h, uses: 1}
`)
	builtIn := gate.PolicyFor(metrics.Standard)
	got := c.Policies()[metrics.Standard]
	got.Layers = builtIn.Layers
	if diff := cmp.Diff(builtIn, got); diff != "" {
		t.Errorf("the built-in policy in the file's words is the built-in policy:\n%s", diff)
	}
}

func TestEveryFaultIsReportedAtOnceWithLinePathAndRemedy(t *testing.T) {
	t.Parallel()
	for name, of := range map[string]struct{ text, want string }{
		"an unknown key, with the one that was meant": {"listens: x", `f.yaml:1: listens: there is no such key; did you mean listen?`},
		"a double key":                   {"db: a\ndb: b", `f.yaml:2: db: is given twice; keep one of them`},
		"no value":                       {"db:", `f.yaml:1: db: is empty; give it a value, or leave the key out`},
		"a value of no kind":             {"rules: {rollout_gap: soon}", `f.yaml:1: rules.rollout_gap: "soon" does not fit; write a span like 90s, 60m, 24h, 7d or 1h30m`},
		"a list in its place":            {"listen: [1]", `f.yaml:1: listen: is a list; write a host and port like 127.0.0.1:8080`},
		"no list in its place":           {"teams: payments", `f.yaml:1: teams: is the single value "payments"; write a list: one item a line, each after a dash`},
		"a zone nobody knows":            {"time_zone: Mars/Olympus", `f.yaml:1: time_zone: "Mars/Olympus" does not fit; write an IANA time zone like Europe/Vienna, or UTC`},
		"hours that run back":            {"calendar: {hours: 18-9}", `f.yaml:1: calendar.hours: "18-9" does not fit; write hours like 9-18, from 0 to 24`},
		"a missing key":                  {"teams:\n  - size: 3", `f.yaml:2: teams[0].name: is missing; add name: a name of 1 to 200 characters that show, in one line`},
		"a name that turns what follows": {"teams:\n  - name: \"a\\u202eb\"", "f.yaml:2: teams[0].name: \"a\\u202eb\" does not fit; write a name of 1 to 200 characters that show, in one line"},
		"two faults, in order of line": {"nope: 1\nweek_start: soon", "f.yaml:1: nope: there is no such key; use one of listen, db, require_tokens, hosts, time_zone, week_start, calendar, environments, rules, definitions, teams, roles, services, sources, assessment, notify, policies, freezes, identity, protection, exposition, signing_key_file, previous_signing_key_file, signing_key_rotated_at\n" +
			`f.yaml:2: week_start: "soon" does not fit; write one of sunday, monday, tuesday, wednesday, thursday, friday, saturday`},
		"a variable that is not set": {"db: ${NOPE}", `f.yaml:1: the environment variable "NOPE" is not set; set it, or write $${…} if no variable is meant`},
		"no YAML":                    {"a: [", `f.yaml:1: is not YAML: did not find expected node content; check indentation, colons and quotes near this line`},
		"an alias": {"teams: &t []\nservices: *t", "f.yaml:1: has an anchor, alias or tag; write the plain value where it is used\n" +
			"f.yaml:2: has an anchor, alias or tag; write the plain value where it is used"},
		"a second document":           {"db: a\n---\ndb: b", `f.yaml:2: there is a second document; keep one document in the file`},
		"an undeclared team":          {"services:\n  - name: a\n    team: b", `f.yaml:3: services[0].team: there is no team "b"; declare it under teams, or correct the name`},
		"a name used twice":           {"teams:\n  - name: a\n  - name: a", `f.yaml:3: teams[1].name: "a" is used before; give each a name of its own`},
		"paths of no repository":      {"services:\n  - {name: a, paths: [b]}", `f.yaml:2: services[0].paths: paths without a repository; name the repository they are in under repositories`},
		"a runbook without its day":   {"services:\n  - {name: a, runbook: {url: https://wiki.example.org}}", `f.yaml:2: services[0].runbook.touched: is missing; add touched: a date like 2026-12-25`},
		"a runbook that is no page":   {"services:\n  - {name: a, runbook: {url: wiki, touched: 2026-07-01}}", `f.yaml:2: services[0].runbook.url: "wiki" does not fit; write an address like https://wiki.example.org/page`},
		"a drill that is no day":      {"services:\n  - {name: a, drills: [may]}", `f.yaml:2: services[0].drills[0]: "may" does not fit; write a date like 2026-12-25`},
		"labels of no repository":     {"services:\n  - {name: a, labels: [b=c]}", `f.yaml:2: services[0].labels: labels without a repository; name the repository that the service shares under repositories`},
		"a label without a value":     {"services:\n  - {name: a, labels: [b]}", `f.yaml:2: services[0].labels[0]: "b" does not fit; write a label like app=payments`},
		"an unknown kind of source":   {"sources:\n  - {name: a, type: b}", `f.yaml:2: sources[0].type: "b" is no kind of source; use one of ` + strings.ReplaceAll(sourceTypeNames(), "`", "")},
		"a setting of another source": {"sources:\n  - {name: a, type: file, settings: {path: x, tags: y}}", `f.yaml:2: sources[0].settings.tags: a source of type file has no such setting; use one of path, every`},
		"a pair without a name":       {"sources:\n  - {name: a, type: git, settings: {path: x, services: [api]}}", `f.yaml:2: sources[0].settings.services: has a value without a name; write each as NAME=VALUE, like api=services/api`},
		"a source without its path":   {"sources:\n  - {name: a, type: git}", `f.yaml:2: sources[0].settings: path is missing; add it or url: a source of type git cannot do without`},
		"questions that are not there": {"assessment: {questions: q.yaml}",
			`f.yaml:1: assessment.questions: cannot be read: files cannot be read here; name a file that the program may read`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := Parse("f.yaml", []byte(of.text), Options{})
			if err == nil || err.Error() != of.want {
				t.Errorf("got\n%v\nwant\n%s", err, of.want)
			}
		})
	}
}

const policyHead = "policies:\n  - {apiVersion: shiphabit/v1, kind: Policy, metadata: {name: org}, locked: [failure-meter], criteria: {failure-meter: {mode: warn, not_acceptable: 1 in 8}}}\n"

func TestPolicyFaults(t *testing.T) {
	t.Parallel()
	item := func(rest string) string {
		return policyHead + "  - apiVersion: shiphabit/v1\n    kind: Policy\n    metadata: {name: p}\n" + rest
	}
	for name, of := range map[string]struct{ text, want string }{
		"a looser rate than the locked one": {item("    applies_to: {tier: high}\n    criteria: {failure-meter: {not_acceptable: 1 in 4}}"),
			`policies[1].criteria.failure-meter.not_acceptable: loosens failure-meter, which organisation has locked; leave it out, or tighten it`},
		"a mode below the locked one": {item("    applies_to: {tier: high}\n    criteria: {failure-meter: {mode: observe}}"),
			`policies[1].criteria.failure-meter.mode: loosens failure-meter, which organisation has locked; leave it out, or tighten it`},
		"a criterion the tier does without": {item("    applies_to: {tier: low}\n    criteria: {batch-size: {max_commits: 5}}"),
			`policies[1].criteria.batch-size.max_commits: batch-size is off in tier low; give it a mode as well; its other values are then those of tier critical`},
		"two targets":         {item("    applies_to: {tier: low, service: a}"), "policies[1].applies_to: names tier and service"},
		"the same target":     {item("    unreachable: open"), "policies[1].applies_to: there is a policy for organisation before; join the two"},
		"a team of no name":   {item("    applies_to: {team: a}"), `policies[1].applies_to.team: there is no team "a"`},
		"a service nobody":    {item("    applies_to: {service: a}"), `policies[1].applies_to.service: there is no service "a"`},
		"a criterion nobody":  {item("    criteria: {mood: {mode: warn}}"), "policies[1].criteria.mood: there is no such key"},
		"a meter never ends":  {item("    applies_to: {tier: high}\n    criteria: {failure-meter: {mode: enforce, reopen: {probes_per_day: 0}}}"), "criteria.failure-meter.probes_per_day impossible"},
		"a rate of no sense":  {item("    criteria: {failure-meter: {not_acceptable: 2 in 6}}"), `"2 in 6" does not fit; write a rate like 1 in 6`},
		"forbidding a fix":    {item("    fixes: block"), "policies[1].fixes: there is no such key"},
		"1 in 1 cannot judge": {item("    applies_to: {tier: high}\n    criteria: {restore-first: {mode: warn}, failure-meter: {not_acceptable: 1 in 1}}"), "one_in impossible: 1; write 2 to 100"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := Parse("f.yaml", []byte(of.text), Options{})
			if err == nil || !strings.Contains(err.Error(), of.want) {
				t.Errorf("got\n%v\nwant\n%s", err, of.want)
			}
		})
	}
}

const lockedHead = "services: [{name: pay, tier: standard}]\npolicies:\n  - {apiVersion: shiphabit/v1, kind: Policy, metadata: {name: org}, locked: [%s]}\n" +
	"  - {apiVersion: shiphabit/v1, kind: Policy, metadata: {name: pay}, applies_to: {service: pay}, %s}\n"

func TestWhatIsLockedCannotBeLoosenedAnotherWay(t *testing.T) {
	t.Parallel()
	for name, of := range map[string]struct{ locked, layer, want string }{
		"a ceiling in production":     {"failure-meter, freeze", "ceilings: {production: off}", "ceilings.production: lowers failure-meter from enforce to off, which organisation has locked; leave it out, or raise it"},
		"a ceiling lowers each":       {"failure-meter, freeze", "ceilings: {production: off}", "ceilings.production: lowers freeze from enforce to off"},
		"a ceiling in staging":        {"restore-first", "ceilings: {staging: off}", "ceilings.staging: lowers restore-first from observe to off"},
		"a meter that begins empty":   {"failure-meter", "criteria: {failure-meter: {shared_repository: empty}}", "policies[1].criteria.failure-meter.shared_repository: loosens failure-meter, which organisation has locked; leave it out, or tighten it"},
		"a shorter watch of a meter":  {"failure-meter", "watch: 1s", "policies[1].watch: loosens failure-meter, which organisation has locked; leave it out, or tighten it"},
		"a shorter watch before next": {"previous-change", "watch: 1s", "watch: loosens previous-change"},
		"locked ceilings":             {"ceilings", "ceilings: {production: warn}", "ceilings.production: loosens ceilings, which organisation has locked"},
		"a locked watch":              {"watch", "watch: 1s", "watch: loosens watch"},
		"an open gate":                {"unreachable", "unreachable_after: 1s", "unreachable_after: loosens unreachable"},
		"fewer people":                {"overrides", "overrides: {self: true}", "overrides.self: loosens overrides"},
		"more promotions":             {"overrides", "overrides: {uses: 1000}", "overrides.uses: loosens overrides"},
		"a longer override":           {"overrides", "overrides: {max: 365d}", "overrides.max: loosens overrides"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if _, err := Parse("f.yaml", fmt.Appendf(nil, lockedHead, of.locked, of.layer), Options{}); err == nil || !strings.Contains(err.Error(), of.want) {
				t.Errorf("got\n%v\nwant\n%s", err, of.want)
			}
		})
	}
	for _, of := range [][2]string{
		{"failure-meter, restore-first, freeze", "watch: 30m, unreachable: open, overrides: {self: true}, ceilings: {production: enforce, staging: warn}"},
		{"own-usual", "ceilings: {production: warn}"}, // it only warns at any rate
		{"restore-first", "watch: 1s"},
		{"overrides, unreachable, watch, ceilings", "watch: 30m, unreachable: closed, overrides: {persons: 3, max: 1h}, ceilings: {staging: warn}"},
	} {
		if _, err := Parse("f.yaml", fmt.Appendf(nil, lockedHead, of[0], of[1]), Options{}); err != nil {
			t.Errorf("with %s locked, %s: %v", of[0], of[1], err)
		}
	}
}

func TestATighterValueMayBeLaidOnALockedOne(t *testing.T) {
	t.Parallel()
	c := mustParse(t, policyHead+"  - {apiVersion: shiphabit/v1, kind: Policy, metadata: {name: p}, applies_to: {tier: high}, criteria: {failure-meter: {mode: enforce, not_acceptable: 1 in 12, wrong_stop: at most 1 a year}}}")
	if got := c.Policies()[metrics.High].Criteria.FailureMeter; got.OneIn != 12 || got.Mode != gate.Enforce {
		t.Errorf("got %+v", got)
	}
}

// Every value of every policy can be written in the file and comes back.
func TestEveryTermOfAPolicyCanBeSet(t *testing.T) {
	t.Parallel()
	for _, term := range terms() {
		values := map[*scalar]string{aSpan: "7m", aBool: "true", oneIn: "1 in 17", years: "at most 1 in 7 years", percent: "12.5%", mode: "observe", unknown: "hold", severity: "warn"}
		text, known := values[term.scalar]
		if term.many {
			continue // TestALockedListOfRolesMayOnlyBecomeShorter
		}
		if !known && term.scalar.json == "integer" {
			text = fmt.Sprint(term.scalar.max)
		} else if !known {
			text = term.scalar.enum[len(term.scalar.enum)-1]
		}
		line := "p: " + quoteUnless(term.scalar, text)
		r := newReport("f.yaml")
		n := r.read([]byte(line), []field{value("p", term.scalar, "", "")}, nil)
		if err := r.err(); err != nil {
			t.Errorf("%s: %v", term.path(), err)
			continue
		}
		before, after := gate.PolicyFor(metrics.Critical), gate.PolicyFor(metrics.Critical)
		term.set(&after, n.at("p"))
		// A critical policy already holds some of the values; the opposite then shows that the term is set.
		if string(before.Canonical()) == string(after.Canonical()) {
			opposite := map[string]string{"true": "false", "hold": "allow", "closed": "open", "observe": "off"}[text]
			term.set(&after, node{&yaml.Node{Kind: yaml.ScalarNode, Value: opposite}})
		}
		if string(before.Canonical()) == string(after.Canonical()) {
			t.Errorf("%s: setting it to %s changes nothing", term.path(), text)
		}
	}
}

func TestSecretsAreNeverInTheFileAndNeverShown(t *testing.T) {
	t.Parallel()
	c := mustParse(t, whole)
	for how, text := range map[string]string{
		"String": c.String(), "%v": fmt.Sprintf("%v", c), "%+v": fmt.Sprintf("%+v", c), "%#v": fmt.Sprintf("%#v", c), "json": asJSON(t, c),
	} {
		if strings.Contains(text, "hunter2") {
			t.Errorf("%s shows the password: %s", how, text)
		}
		if !strings.Contains(text, "db.internal") {
			t.Errorf("%s hides more than the password: %s", how, text)
		}
	}
	c = mustParse(t, "sources:\n  - {name: a, type: file, settings: {path: 'https://u:hunter3@h/${DB_PASSWORD}'}}\n  - {name: b, type: file, settings: {path: 'https://u:hunter3@h/x'}}")
	if text := c.String(); strings.Contains(text, "hunter2") || strings.Contains(text, "hunter3") || !strings.Contains(text, "${DB_PASSWORD}") {
		t.Errorf("an address shows its password, or the environment's value: %s", text)
	}
	secret := Secret("hunter2")
	var log strings.Builder
	slog.New(slog.NewTextHandler(&log, nil)).Info("a", "secret", secret)
	for _, text := range []string{fmt.Sprintf("%v %s %#v %q", secret, secret, secret, secret), asJSON(t, secret), log.String()} {
		if strings.Contains(text, "hunter2") {
			t.Errorf("shows the secret: %s", text)
		}
	}
	if secret.Reveal() != "hunter2" {
		t.Error("the one place that uses it cannot have it")
	}
}

func TestPasswordsInAddressesAreMasked(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		"postgres://u:pw@h:5432/d?sslmode=require": "postgres://u:" + mask + "@h:5432/d?sslmode=require",
		"postgres://u:p@w@h/d":                     "postgres://u:" + mask + "@h/d",
		"postgres://u:${PW}@h/d":                   "postgres://u:" + mask + "@h/d",
		"postgres://h/d?user=u&password=pw&x=1":    "postgres://h/d?user=u&password=" + mask + "&x=1",
		"host=h user=u password=pw dbname=d":       "host=h user=u password=" + mask + " dbname=d",
		"postgres://u@h/d":                         "postgres://u@h/d",
		"/var/lib/a.db":                            "/var/lib/a.db",
		"127.0.0.1:8080":                           "127.0.0.1:8080",
	} {
		if got := maskedAddress(text); got != want {
			t.Errorf("%s: %s", text, got)
		}
	}
}

func TestASourcesSecretsComeFromTheEnvironmentOrAFile(t *testing.T) {
	t.Parallel()
	kind := sourceType{"host", []sourceSetting{{key: "url", scalar: aText}, {key: "token", scalar: aText, needed: true}}}
	load := func(settings string) (Source, error) {
		r := newReport("f.yaml")
		root := r.read([]byte("settings: "+settings), []field{{key: "settings", free: aSetting}}, func(string) string { return "hunter2" })
		l := loader{report: r, readFile: func(name string) ([]byte, error) {
			if name != "token.txt" {
				return nil, os.ErrNotExist
			}
			return []byte("hunter2\n"), nil
		}}
		s := Source{Settings: map[string][]string{}, Secrets: map[string]Secret{}}
		l.settings("settings", root.at("settings"), kind, s)
		return s, r.err()
	}
	for _, given := range []string{"{url: x, token: '${TOKEN}'}", "{url: x, token_file: token.txt}"} {
		s, err := load(given)
		if err != nil || s.Secrets["token"].Reveal() != "hunter2" {
			t.Errorf("%s: %v %v", given, s, err)
		}
		if strings.Contains(fmt.Sprintf("%+v", s), "hunter2") {
			t.Errorf("%s: printing the source shows the secret", given)
		}
	}
	for given, want := range map[string]string{
		"{token: hunter2}":   "is a secret written into the file",
		"{token_file: nope}": "cannot be read",
		"{url: x}":           "token is missing",
	} {
		if _, err := load(given); err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: %v", given, err)
		}
	}
}

// everyType is the example with the sources of every type that it holds behind comment marks.
func everyType() string {
	var lines []string
	inside := false
	for line := range strings.Lines(Example()) {
		bare := strings.TrimLeft(line, " ")
		if inside = strings.HasPrefix(bare, "# - name: ") || inside && strings.HasPrefix(bare, "#   "); inside {
			line = strings.Replace(line, "# ", "", 1)
		}
		lines = append(lines, line)
	}
	return strings.Join(lines, "")
}

func TestTheExampleHoldsASourceOfEveryTypeThatPassesTheCheck(t *testing.T) {
	t.Parallel()
	c, err := Parse("example.yaml", []byte(everyType()), Options{Env: func(name string) string { return "secret of " + name }})
	if err != nil {
		t.Fatalf("%v\n%s", err, everyType())
	}
	var types []string
	for _, s := range c.Sources[1:] {
		types = append(types, s.Type)
	}
	for i, kind := range sourceTypes {
		if i >= len(types) || types[i] != kind.name {
			t.Errorf("the example has sources of %v, and none of %s in its place", types, kind.name)
		}
	}
}

func TestTheSchemaTakesOfEachTypeItsOwnSettingsAlone(t *testing.T) {
	t.Parallel()
	var root struct {
		Properties struct {
			Sources struct {
				Items struct {
					AllOf []struct {
						If struct {
							Properties struct{ Type struct{ Const string } }
						}
						Then struct {
							Required   []string
							Properties struct {
								Settings struct {
									Properties           map[string]any
									Required             []string
									AdditionalProperties *bool
								}
							}
						}
					}
					Properties struct{ Type struct{ Enum []string } }
				}
			}
		}
	}
	if err := json.Unmarshal(Schema(), &root); err != nil {
		t.Fatal(err)
	}
	items := root.Properties.Sources.Items
	for i, kind := range sourceTypes {
		of := items.AllOf[i]
		settings := of.Then.Properties.Settings
		if items.Properties.Type.Enum[i] != kind.name || of.If.Properties.Type.Const != kind.name || settings.AdditionalProperties == nil || *settings.AdditionalProperties {
			t.Errorf("%s: %+v", kind.name, of)
		}
		for _, s := range kind.settings {
			if _, there := settings.Properties[s.key]; !there {
				t.Errorf("%s lacks %s", kind.name, s.key)
			}
			if s.needed && !secretKey(s.key) && !slices.Contains(settings.Required, s.key) {
				t.Errorf("%s does without %s", kind.name, s.key)
			}
		}
	}
}

func TestTheExamplePassesTheCheck(t *testing.T) {
	t.Parallel()
	if _, err := Parse("example.yaml", []byte(Example()), Options{}); err != nil {
		t.Errorf("%v\n%s", err, Example())
	}
}

func TestNothingConfiguredMeansEveryDefault(t *testing.T) {
	t.Parallel()
	c := Default()
	if c.Zone() != time.UTC || c.WeekStart != time.Monday || c.Floor != 5 || c.Listen != "" || c.DB != "" {
		t.Errorf("got %+v", c)
	}
	if diff := cmp.Diff(metrics.DefaultRules(), c.Rules()); diff != "" {
		t.Error(diff)
	}
	for tier, p := range c.Policies() {
		builtIn := gate.PolicyFor(tier)
		p.Layers = builtIn.Layers
		if diff := cmp.Diff(builtIn, p); diff != "" {
			t.Error(diff)
		}
	}
	for _, text := range []string{"", "# nothing\n", "---\n", "~", "{}"} {
		if _, err := Parse("f.yaml", []byte(text), Options{}); err != nil {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestAFileIsLoadedWithTheQuestionsBesideIt(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	write := func(name, text string) {
		if err := os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("shiphabit.yaml", "assessment: {questions: ours.yaml}")
	write("ours.yaml", strings.Replace(string(defaultQuestions), "id: shiphabit", "id: ours", 1))
	c, err := Load(filepath.Join(folder, "shiphabit.yaml"), environment)
	if err != nil || c.Questions.ID != "ours" {
		t.Errorf("got %q, %v", c.Questions.ID, err)
	}
	write("ours.yaml", strings.Replace(string(defaultQuestions), "{id: q1_2, level: 2", "{id: q1_2, level: 3", 1))
	_, err = Load(filepath.Join(folder, "shiphabit.yaml"), environment)
	want := "ours.yaml:13: questions[0].options[1].level: is 3; options stand in order from event to habit: here it is 2"
	var faults Faults
	if !errors.As(err, &faults) || err.Error() != want {
		t.Errorf("got\n%v\nwant\n%s", err, want)
	}
	if _, err := Load(filepath.Join(folder, "nope.yaml"), environment); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v", err)
	}
}

func TestTheDefaultQuestionsAreFiveAndValid(t *testing.T) {
	t.Parallel()
	set := DefaultQuestions()
	if err := assessments.Validate(set); err != nil {
		t.Error(err)
	}
	var names, evidence []string
	for _, q := range set.Questions {
		names, evidence = append(names, q.Name), append(evidence, q.Evidence)
	}
	if diff := cmp.Diff([]string{"frequency", "response", "autonomy", "signals", "ceremony"}, names); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{"E1", "E2", "E3", "E4", "E5"}, evidence); diff != "" {
		t.Error(diff)
	}
	if set.Questions[0].EventUpTo != 3 || set.Questions[1].EventUpTo != 2 || len(set.Foundations) != 4 {
		t.Errorf("got %+v", set)
	}
}

func TestGoldenFiles(t *testing.T) {
	t.Parallel()
	for file, text := range map[string]string{
		"../../docs/configuration.md":          Reference(),
		"../../docs/configuration.schema.json": string(Schema()),
		"testdata/questions.schema.json":       string(QuestionsSchema()),
	} {
		if *update {
			if err := os.MkdirAll(filepath.Dir(file), 0o755); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		golden, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(golden), text); diff != "" {
			t.Errorf("%s is not what the table of fields says; run the test with -update and read the difference:\n%s", file, diff)
		}
	}
}

func TestEveryKeyHasOneKindOfContentAndASentence(t *testing.T) {
	t.Parallel()
	var walk func(path string, fields []field)
	walk = func(path string, fields []field) {
		var seen []string
		for _, f := range fields {
			at := join(path, f.key)
			kinds := 0
			for _, is := range []bool{f.scalar != nil, f.item != nil, f.fields != nil, f.free != nil} {
				if is {
					kinds++
				}
			}
			if kinds != 1 || f.doc == "" || !f.required && f.def == "" && f.free == nil && path != "" && len(f.fields) == 0 || slices.Contains(seen, f.key) {
				t.Errorf("%s: %d kinds of content, described as %q, default %q", at, kinds, f.doc, f.def)
			}
			seen = append(seen, f.key)
			walk(at, f.fields)
			if f.item != nil {
				walk(at+"[]", f.item.fields)
			}
		}
	}
	walk("", mainFields())
	walk("questions", questionFields())
}

func FuzzParse(f *testing.F) {
	f.Add(whole)
	f.Add(Example())
	f.Add("a: &x [*x]")
	f.Add("? [1]\n: 2")
	f.Add("db: ${")
	f.Fuzz(func(t *testing.T, text string) {
		c, err := Parse("f.yaml", []byte(text), Options{Env: environment})
		if err != nil {
			var faults Faults
			if !errors.As(err, &faults) || len(faults) == 0 || err.Error() == "" {
				t.Fatalf("a refusal without a fault: %v", err)
			}
			return
		}
		// What is shown says the same, where no secret had to be masked.
		if again, err := Parse("f.yaml", []byte(c.String()), Options{Env: environment}); err != nil {
			t.Fatalf("what is shown does not parse: %v\n%s", err, c)
		} else if again.Zone().String() != c.Zone().String() || len(again.Services) != len(c.Services) {
			t.Fatalf("what is shown says something else:\n%s", c)
		}
	})
}

func FuzzParseQuestions(f *testing.F) {
	f.Add(string(defaultQuestions))
	f.Add("id: a\nquestions: [{options: []}]")
	f.Fuzz(func(t *testing.T, text string) {
		set, err := ParseQuestions("q.yaml", []byte(text))
		if err == nil && assessments.Validate(set) != nil {
			t.Fatal("an invalid set was read")
		}
	})
}

func asJSON(t *testing.T, v any) string {
	t.Helper()
	text, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func quoteUnless(s *scalar, text string) string {
	if s.json == "string" {
		return quote(text)
	}
	return text
}
