package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"shiphabit/internal/config"
	"shiphabit/metrics"
	"shiphabit/metrics/gate"
)

// policyFixture is one case of 'policy test': a history, a request and the verdict that is wanted.
type policyFixture struct {
	Name    string       `json:"name"`
	Service string       `json:"service"`
	Tier    metrics.Tier `json:"tier,omitempty"`
	Team    string       `json:"team,omitempty"`
	// History is one deployment to production a day, "." good and "x" failed, the last of them a day before Now; Events is a file of
	// neutral events beside the fixture, in its place.
	History string       `json:"history,omitempty"`
	Events  string       `json:"events,omitempty"`
	Now     time.Time    `json:"now,omitzero"`
	Request gate.Request `json:"request,omitzero"`
	Expect  struct {
		Verdict gate.Result `json:"verdict"`
		// Criteria are results of single criteria, by name.
		Criteria map[string]gate.Result `json:"criteria,omitempty"`
	} `json:"expect"`
}

func (p *program) policyTestCommand() *cobra.Command {
	var configFile string
	command := &cobra.Command{
		Use:   "test FILE…",
		Short: "Hold the policies of a configuration against cases: a history in, a verdict out",
		Long: `Each file is a JSON array of cases: a history in, the verdict wanted out. The fields of a case:

  name      what it shows
  service   with tier and team, where the configuration does not declare it
  history   a row of characters, one deployment to production a day, "." good and "x" failed, the last one a day before now;
            or events, a file of neutral events beside the cases
  now       when it is asked, as 2026-03-04T09:00:00Z; without it at noon of 30 June 2026 (UTC)
  request   the body of POST /api/v1/gate/decisions, such as {"change": {"kind": "rollback"}, "artifact": {"digest": "sha256:…"}}
  expect    verdict, and criteria with results of single ones, such as {"failure-meter": "fail"}: a verdict alone may have another reason
            than the one that is meant

Exit code 0: every case came out as wanted; 1: one did not; 2: a case cannot be read.`,
		Example: `  echo '[{"name": "a bad week stops it", "service": "pay", "history": "....................xxx.xx", "expect": {"verdict": "block", "criteria": {"failure-meter": "fail"}}}]' > cases.json
  shiphabit policy test --config shiphabit.yaml cases.json`,
		Args: cobra.MinimumNArgs(1),
		RunE: func(_ *cobra.Command, files []string) error {
			settings, err := p.secretless(configFile)
			if err != nil {
				return err
			}
			passed, failed := 0, 0
			for _, file := range files {
				fixtures, err := readFixtures(file)
				if err != nil {
					return err
				}
				for _, f := range fixtures {
					if wrong := f.judge(settings, filepath.Dir(file)); wrong != "" {
						failed++
						fmt.Fprintf(p.out, "✗ %s: %s\n", printable(f.Name), printable(wrong))
						continue
					}
					passed++
					fmt.Fprintf(p.out, "✓ %s\n", printable(f.Name))
				}
			}
			fmt.Fprintf(p.out, "%d as wanted, %d not\n", passed, failed)
			if failed > 0 {
				return exitError{exitBug, fmt.Errorf("%d of %d cases came out another way", failed, passed+failed)}
			}
			return nil
		},
	}
	command.Flags().StringVar(&configFile, "config", "", "the configuration file (SHIPHABIT_CONFIG)")
	return command
}

func readFixtures(file string) ([]policyFixture, error) {
	text, err := os.ReadFile(file) // #nosec G304 -- the caller names the file
	if err != nil {
		return nil, usage("%w; name a file of cases", err)
	}
	decoder := json.NewDecoder(bytes.NewReader(text))
	decoder.DisallowUnknownFields()
	var fixtures []policyFixture
	if err := decoder.Decode(&fixtures); err != nil {
		return nil, usage("%s: %w; write a JSON array of cases, see 'shiphabit policy test --help'", file, err)
	}
	if len(fixtures) == 0 {
		return nil, usage("%s: holds no case; write at least one, see 'shiphabit policy test --help'", file)
	}
	for i, f := range fixtures {
		if fault := f.fault(filepath.Dir(file)); fault != "" {
			return nil, usage("%s: case %d (%s): %s", file, i+1, printable(f.Name), printable(fault))
		}
	}
	return fixtures, nil
}

// fault says what is wrong with a case and what to write instead, "" when it can be judged.
func (f policyFixture) fault(folder string) string {
	if f.Service == "" {
		return "service: missing; name the service"
	}
	if f.Tier != "" && !slices.Contains(tierNames, string(f.Tier)) {
		return fmt.Sprintf("tier: %q is none of %s", f.Tier, strings.Join(tierNames, ", "))
	}
	if odd := firstOdd(f.History); odd != "" {
		return fmt.Sprintf("history: %q is no outcome; write \".\" for a good deployment and \"x\" for a failed one", odd)
	}
	if f.History != "" && f.Events != "" {
		return "history and events: both are given; keep one"
	}
	if _, err := f.events(folder); err != nil {
		return "events: " + err.Error() + "; name a file of neutral events beside the cases"
	}
	if f.Expect.Verdict == "" && len(f.Expect.Criteria) == 0 {
		return "expect: missing; write the verdict that is wanted, or results of criteria"
	}
	if v := f.Expect.Verdict; v != "" && !slices.Contains([]gate.Result{gate.Allow, gate.Warn, gate.Block, gate.Hold}, v) {
		return fmt.Sprintf("expect.verdict: %q is none of allow, warn, block, hold", v)
	}
	for _, name := range slices.Sorted(maps.Keys(f.Expect.Criteria)) {
		if r := f.Expect.Criteria[name]; !slices.Contains([]gate.Result{gate.Pass, gate.Warn, gate.Fail, gate.Unknown, gate.NotApplicable, gate.Exempt}, r) {
			return fmt.Sprintf("expect.criteria.%s: %q is none of pass, warn, fail, unknown, not_applicable, exempt", name, r)
		}
	}
	return ""
}

// firstOdd is the first character of a history that is no outcome.
func firstOdd(history string) string {
	for _, c := range strings.TrimSpace(history) {
		if c != '.' && c != 'x' {
			return string(c)
		}
	}
	return ""
}

// judge says what came out another way, "" when nothing did.
func (f policyFixture) judge(settings config.Config, folder string) string {
	if f.Now.IsZero() {
		f.Now = time.Date(2026, 6, 30, 12, 0, 0, 0, time.UTC)
	}
	service := serviceOf(settings, f.Service)
	if f.Tier != "" {
		service.Tier = f.Tier
	}
	if f.Team != "" {
		service.Team = f.Team
	}
	events, err := f.events(folder)
	if err != nil {
		return err.Error()
	}
	rules := settings.Rules()
	facts := metrics.Facts{Service: f.Service}
	for _, one := range metrics.DeriveAll(events, rules) {
		if one.Service == f.Service {
			facts = one
		}
	}
	ask := f.Request
	ask.Service = f.Service
	if ask.Environment == "" {
		ask.Environment = string(metrics.Production)
	}
	if ask.Change.Kind == "" {
		ask.Change.Kind = gate.KindNormal
	}
	p := settings.Policy(service)
	d := gate.Decide(p, gate.Take(ask, p, f.Now, gate.Known{Facts: facts, Service: service, Windows: settings.Freezes}), ask)
	if f.Expect.Verdict != "" && d.Verdict != f.Expect.Verdict {
		return fmt.Sprintf("%s, wanted %s. %s", d.Verdict, f.Expect.Verdict, d.Summary)
	}
	for _, reason := range d.Reasons {
		if want, asked := f.Expect.Criteria[reason.Criterion]; asked && want != reason.Result {
			return fmt.Sprintf("%s is %s, wanted %s. %s", reason.Criterion, reason.Result, want, reason.Says)
		}
		delete(f.Expect.Criteria, reason.Criterion)
	}
	for name := range f.Expect.Criteria {
		return "the policy has no criterion " + name
	}
	return ""
}

func (f policyFixture) events(folder string) ([]metrics.Event, error) {
	if f.Events == "" {
		return f.drawn(), nil
	}
	file, err := os.Open(filepath.Join(folder, filepath.Clean(f.Events))) // #nosec G304 -- the caller names the file
	if err != nil {
		return nil, err
	}
	defer func() { _ = file.Close() }() // it was only read
	var events []metrics.Event
	faults, err := metrics.DecodeLines(io.Reader(file), "", func(e metrics.Event) error { events = append(events, e); return nil })
	if err == nil && len(faults) > 0 {
		err = fmt.Errorf("%s: %s", f.Events, faults[0])
	}
	return events, err
}

// drawn are the deployments of a history.
func (f policyFixture) drawn() []metrics.Event {
	var events []metrics.Event
	days := len(strings.TrimSpace(f.History))
	for i, outcome := range strings.TrimSpace(f.History) {
		at := f.Now.AddDate(0, 0, i-days)
		status := metrics.Succeeded
		if outcome == 'x' {
			status = metrics.Failed
		}
		events = append(events, metrics.NewEvent("drawn", metrics.Deployment{
			ID: fmt.Sprint(i + 1), Service: f.Service, Environment: string(metrics.Production), Status: status, Revision: fmt.Sprintf("%040d", i+1),
			StartedAt: at.Add(-time.Minute), FinishedAt: at,
		}))
	}
	return events
}
