package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"shiphabit/metrics/gate"
)

func TestAMisspeltWordNeverLooksLikeSuccess(t *testing.T) {
	t.Parallel()
	p := newProcess(t)
	for _, c := range []struct {
		args []string
		says string
	}{
		{[]string{"gate", "chek"}, "did you mean check?"},
		{[]string{"gate", "chek", "--service", "shop"}, `unknown command "chek" for "shiphabit gate"`},
		{[]string{"policy", "lnt"}, "did you mean lint?"},
		{[]string{"gate", "key", "crate"}, `"crate"`},
		{[]string{"token", "zzzzzz"}, "'shiphabit token --help' lists them"},
	} {
		if out, errs, code := p.run(c.args...); code != exitUsage || !strings.Contains(errs, c.says) {
			t.Errorf("%v: exit code %d, want %d with %q in\n%s%s", c.args, code, exitUsage, c.says, out, errs)
		}
	}
	if out, errs, code := p.run("gate"); code != exitOK || !strings.Contains(out, "check") {
		t.Errorf("a group alone shows its help: exit code %d\n%s%s", code, out, errs)
	}
}

func TestTheAnswerNeverChangesTheModeOfADevice(t *testing.T) {
	t.Parallel()
	device, err := os.Stat(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	if err := restrict(os.DevNull, 0o600); err != nil {
		t.Fatal(err)
	}
	after, err := os.Stat(os.DevNull)
	if err != nil || after.Mode() != device.Mode() {
		t.Errorf("%s has mode %s, had %s (%v)", os.DevNull, after.Mode(), device.Mode(), err)
	}
	file := filepath.Join(t.TempDir(), "gate.json")
	write(t, file, "{}")
	if err := os.Chmod(file, 0o644); err != nil {
		t.Fatal(err)
	}
	if err := restrict(file, 0o600); err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("a file that was there before has mode %s (%v), want 0600", info.Mode(), err)
	}
}

func stoppedAnswer() checkFile {
	again := time.Date(2026, 3, 4, 9, 0, 0, 0, time.UTC)
	return checkFile{Source: "server", Request: gate.Request{Service: "pay|ments", Environment: "production"}, Decision: gate.Decision{
		ID: "gd_1", Verdict: gate.Block, WouldBe: gate.Block, Summary: "Stopped: `rm -rf` failed (twice); $HOME", AskAgainAfter: &again,
		Reasons: []gate.Reason{
			{Criterion: "failure-meter", Result: gate.Fail, Says: "Now 17, line 16.", OpensWhen: []string{"three good deployments in a row"}},
			{Criterion: "batch-size", Result: gate.NotApplicable, Says: "Nothing to judge."},
		},
		Policy: gate.PolicyRef{Name: "standard", Version: 14},
	}}
}

func TestTheSummaryOfAJobSaysWhatOpensAStopAndWhichDecisionItWas(t *testing.T) {
	t.Parallel()
	text := markdownOf(stoppedAnswer())
	for _, want := range []string{"failure-meter: three good deployments in a row", "`gd_1`", "- n/a", `pay\|ments`, "Ask again after 2026-03-04T09:00:00Z"} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
}

func TestADotenvFileHoldsNothingThatAShellWouldRun(t *testing.T) {
	t.Parallel()
	for line := range strings.Lines(dotenvOf(stoppedAnswer())) {
		name, value, found := strings.Cut(strings.TrimSuffix(line, "\n"), "=")
		if !found || !strings.HasPrefix(name, "GATE_") || strings.ContainsAny(value, " $`'\"();&|<>\\") {
			t.Errorf("a shell cannot read %q", line)
		}
	}
}

func TestAWaitEndsAtOnceWhereOnlyTheRequestCouldEndTheHold(t *testing.T) {
	t.Parallel()
	var c gateCheck
	missing := gate.Reason{Criterion: "test-evidence", Result: gate.Unknown}
	watched := gate.Reason{Criterion: "previous-change", Result: gate.Unknown}
	if got := c.untold(gate.Decision{Reasons: []gate.Reason{missing}}); got != "test-evidence" {
		t.Errorf("a hold for tests alone is for %q", got)
	}
	if got := c.untold(gate.Decision{Reasons: []gate.Reason{missing, watched}}); got != "" {
		t.Errorf("a hold for a watch too ends with it, and yet is for %q", got)
	}
}

func TestARequestWithoutSignalsIsToldWhichToName(t *testing.T) {
	t.Parallel()
	answer := stoppedAnswer()
	answer.Decision.Reasons = append(answer.Decision.Reasons, gate.Reason{
		Criterion: "monitoring-live", Result: gate.Unknown, OpensWhen: []string{"the signals are seen again and the request says so (--signal errors)"},
		Says: "In the last 15 minutes nothing was seen of: 1 of 1 business signal, errors, latency. A bad deployment would not be noticed.",
	})
	want := "The request names no signals; wanted: 1 of 1 business signal, errors, latency. Add those that were seen just now: --signal NAME,errors,latency\n"
	if text := textOf(answer); strings.Count(text, want) != 1 {
		t.Errorf("no %q in\n%s", want, text)
	}
	answer.Request.Evidence.SignalsSeen = map[string]time.Time{"errors": time.Now()}
	if text := textOf(answer); strings.Contains(text, "names no signals") {
		t.Errorf("a request that names one is told:\n%s", text)
	}
}

func TestOneIsNotCountedAsMany(t *testing.T) {
	t.Parallel()
	one, two := gate.NewBacktest(), gate.NewBacktest()
	one.Services, one.Promotions, two.Services, two.Promotions = 1, 1, 2, 3
	for want, text := range map[string]string{
		"In the last 1 day 1 service was promoted once. The":       backtestText(one, backtestFlags{days: 1}),
		"In the last 30 days 2 services were promoted 3 times. Th": backtestText(two, backtestFlags{days: 30}),
		"1 promotion comes out another way, of 1 service:":         policyDiff{Old: one, New: one, Changes: make([]gate.Difference, 1)}.markdown(),
		"2 promotions come out another way, of 1 service:":         policyDiff{Old: one, New: one, Changes: make([]gate.Difference, 2)}.markdown(),
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text)
		}
	}
}
