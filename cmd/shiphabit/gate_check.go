package main

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net/http"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"shiphabit/metrics/gate"
	"shiphabit/metrics/gate/attest"
)

// How long one try of the gate may take, and how many there are before it counts as unreachable.
const (
	gateTimeout = 2 * time.Second
	gateTries   = 3
)

// gateCheck is one run of 'gate check'.
type gateCheck struct {
	*program
	server  serverFlags
	job     jobFlags
	request gate.Request
	kind    string
	tests   string
	given   func(flag string) bool
	// coverage is in percent of changed lines.
	coverage       float64
	changed, batch int64
	budget         float64 // percent left
	signals        []string
	wait           time.Duration
	patience       time.Duration
	closed         string
	keys           string
	pinned         attest.Keys // of the file that keys names
	memory         serverMemory
	own            string // names this call where no run does
	file           string
	dotenv         string
	markdown       string
	format         string
}

func (p *program) gateCheckCommand() *cobra.Command {
	check := gateCheck{program: p}
	command := &cobra.Command{
		Use:   "check",
		Short: "Ask for a verdict before a promotion",
		Long: `Asks the gate whether this artifact may go to this environment now.

Exit codes: 0 go on (allow or warn) · 2 wrong usage · 3 blocked · 4 hold, still so when --wait is over ·
5 unreachable and the policy closes the gate then · 6 not allowed to ask · 1 a bug.

A job of GitHub Actions with the permission id-token: write, or of GitLab CI with a token in SHIPHABIT_ID_TOKEN, asks by the token that
its runner gives it; else by SHIPHABIT_TOKEN.

The answer is also written to gate.json, because some runners flatten exit codes to 1.
A rollback (--kind rollback) and a fix (--kind fix --fixes ID) pass whatever the criteria say.`,
		Example: `  shiphabit gate check --service payments-api --environment production --digest "$DIGEST" --wait 10m
  shiphabit gate check --service payments-api --kind rollback --commit 9f1c2ab
  shiphabit gate check --service payments-api --kind fix --fixes import/d_881`,
		Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error { return check.run(command.Context()) },
	}
	check.given = command.Flags().Changed
	check.flags(command)
	return command
}

func (c *gateCheck) flags(command *cobra.Command) {
	f := command.Flags()
	c.server.add(command)
	c.job.add(command)
	f.StringVar(&c.request.Service, "service", "", "the service to promote (required)")
	f.StringVar(&c.request.Environment, "environment", "production", "the environment it goes to")
	f.StringVar(&c.request.Artifact.Digest, "digest", "", "digest of the artifact, sha256:…")
	f.StringVar(&c.request.Artifact.Version, "version", "", "version of the artifact")
	f.StringVar(&c.request.Commit, "commit", "", "commit the artifact was built from")
	f.StringVar(&c.kind, "kind", "normal", "normal, rollback, fix or config")
	f.StringSliceVar(&c.request.Change.Fixes, "fixes", nil, "what a fix repairs: ids of deployments or incidents")
	f.Float64Var(&c.coverage, "coverage", 0, "test coverage of the changed lines in percent")
	f.Int64Var(&c.changed, "changed-lines", 0, "number of changed lines that --coverage speaks of")
	f.Int64Var(&c.batch, "commits", 0, "number of commits this promotion brings")
	f.Float64Var(&c.budget, "error-budget", 0, "what is left of the error budget of 28 days in percent; below 0 when it is overspent")
	f.StringSliceVar(&c.signals, "signal", nil, "a signal that was seen just now (errors, latency, or a business signal), or NAME=TIME for one seen then; several with commas")
	f.BoolVar(&c.request.Evidence.Canary, "canary", false, "only a part of the traffic meets the new revision at first")
	f.StringVar(&c.request.Evidence.PreviousStage, "previous-stage", "", "stage this artifact has passed")
	f.StringVar(&c.tests, "tests", "", "passed or failed: the tests of this artifact")
	f.DurationVar(&c.wait, "wait", 0, "how long to wait while the gate says hold")
	f.DurationVar(&c.patience, "patience", time.Minute, "how long to try a gate that does not answer before it counts as closed")
	f.StringVar(&c.closed, "unreachable", "", "open, closed or policy: what an unreachable gate means (SHIPHABIT_UNREACHABLE, default policy: what the last answer for this service from here said, else open)")
	f.StringVar(&c.keys, "keys", "", "file with the public keys by which a kept verdict is trusted when no server answers; else those the server published last")
	f.StringVar(&c.file, "out", "gate.json", "where to write the answer; empty for nowhere")
	f.StringVar(&c.dotenv, "dotenv", "", "where to write GATE_VERDICT and the like as a dotenv file")
	f.StringVar(&c.markdown, "summary", "", "where to append a Markdown summary")
	addFormat(command, &c.format, formatText, formatJSON)
}

// checkFile is what gate.json holds: stable, version 1.
type checkFile struct {
	Version  int           `json:"version"`
	Request  gate.Request  `json:"request"`
	Decision gate.Decision `json:"decision"`
	// Source is "server", "cache" (the last answer, still valid) or "local" (decided here because no server answered).
	Source string `json:"source"`
	Note   string `json:"note,omitempty"`
	// Unasked is what a server is told of a decision that was not its own.
	Unasked *gate.Unasked `json:"unasked,omitempty"`
	// ReportToken is good for the report on this decision: a secret, and in the file alone.
	ReportToken string `json:"report_token,omitempty"`
}

// answeredDecision is a decision as the server gives it.
type answeredDecision struct {
	gate.Decision
	ReportToken string `json:"report_token"`
	Hint        string `json:"hint"`
}

func (c *gateCheck) run(ctx context.Context) error {
	if err := c.complete(); err != nil {
		return err
	}
	ask, err := c.client(c.server, gateTimeout)
	if err != nil {
		return err
	}
	c.memory = c.remembered(ask.base)
	if c.keys != "" {
		if c.pinned, err = keysOfFile(c.keys); err != nil {
			return err
		}
	}
	if err := c.signalsSeen(); err != nil {
		return err
	}
	cache := openGateCache(c.program, ask.base, c.request)
	answer, err := c.ask(ctx, ask, cache)
	if err != nil {
		return err
	}
	if err := c.write(answer); err != nil {
		return err
	}
	return verdictError(answer)
}

// complete checks the words of the call and fills in what the runner's environment tells.
func (c *gateCheck) complete() error {
	if c.request.Service == "" {
		return usage("--service is missing: name the service to promote")
	}
	switch c.kind {
	case "normal", "rollback", "fix", "config":
		c.request.Change.Kind = c.kind
	default:
		return usage("--kind %q is none of normal, rollback, fix, config", c.kind)
	}
	if c.given("digest") && c.request.Artifact.Digest == "" {
		return usage("--digest is empty: the variable that should hold it may not be set; give the digest, or leave the flag out and give --commit")
	}
	if digest := c.request.Artifact.Digest; attest.Malformed(digest) && c.kind != gate.KindRollback { // the record knows what a rollback may name
		return usage("--digest %q is no digest: write %s, or leave it out and give --commit", digest, attest.DigestForm)
	}
	c.closed = c.setting(c.closed, "SHIPHABIT_UNREACHABLE", "policy")
	switch c.closed {
	case "open", "closed", "policy":
	default:
		return usage("--unreachable or SHIPHABIT_UNREACHABLE %q is none of open, closed, policy", c.closed)
	}
	switch c.tests {
	case "":
	case "passed", "failed":
		passed := c.tests == "passed"
		c.request.Evidence.TestsPassed = &passed
	default:
		return usage("--tests %q is neither passed nor failed", c.tests)
	}
	c.request.Run, c.own = runOf(c.env), rand.Text()
	return c.numbers()
}

// numbers takes over those that were given.
func (c *gateCheck) numbers() error {
	switch {
	case c.given("coverage") && !(c.coverage >= 0 && c.coverage <= 100):
		return usage("--coverage %g is no percentage from 0 to 100", c.coverage)
	case c.given("error-budget") && !(c.budget <= 100):
		return usage("--error-budget %g is more than there is; write the percentage left, at most 100 and below 0 when it is overspent", c.budget)
	case c.given("changed-lines") && c.changed < 0:
		return usage("--changed-lines %d: write how many there are, from 0", c.changed)
	case c.given("commits") && c.batch < 0:
		return usage("--commits %d: write how many there are, from 0", c.batch)
	case c.wait < 0:
		return usage("--wait %s: write how long, from 0s", c.wait)
	case c.patience < 0:
		return usage("--patience %s: write how long, from 0s", c.patience)
	}
	if c.given("coverage") {
		ppm := int64(c.coverage*10_000 + 0.5)
		c.request.Evidence.CoverageChangedLinesPPM = &ppm
	}
	if c.given("error-budget") {
		ppm := int64(math.Round(max(c.budget, -1_000_000) * 10_000))
		c.request.Evidence.ErrorBudgetLeftPPM = &ppm
	}
	if c.given("changed-lines") {
		c.request.Evidence.ChangedLines = &c.changed
	}
	if c.given("commits") {
		c.request.Evidence.Commits = &c.batch
	}
	return nil
}

// signalsSeen reads --signal. A signal without a time is one seen now, to the minute, so that a retry asks the same.
func (c *gateCheck) signalsSeen() error {
	for _, word := range c.signals {
		name, when, stated := strings.Cut(word, "=")
		at := c.serverNow().UTC().Truncate(time.Minute)
		if stated {
			var err error
			if at, err = time.Parse(time.RFC3339, when); err != nil {
				return usage("--signal %q: %q is no time like 2026-03-01T10:00:00Z", word, when)
			}
		}
		if name == "" {
			return usage("--signal %q names no signal", word)
		}
		if c.request.Evidence.SignalsSeen == nil {
			c.request.Evidence.SignalsSeen = map[string]time.Time{}
		}
		c.request.Evidence.SignalsSeen[name] = at
	}
	return nil
}

// ask gets a decision, waiting out holds up to the deadline.
func (c *gateCheck) ask(ctx context.Context, ask client, cache gateCache) (checkFile, error) {
	deadline := c.now().Add(c.wait)
	for {
		err := c.identify(ctx, &ask, c.server, c.job)
		var decision answeredDecision
		if err == nil {
			decision, err = c.try(ctx, ask, cache)
		}
		var down unreachable
		var nobody noJobToken
		if errors.As(err, &down) || errors.As(err, &nobody) {
			answer, err := c.withoutServer(err, cache)
			c.noteUnasked(&answer, &cache)
			return answer, err
		}
		if err != nil {
			return checkFile{}, err
		}
		cache.Untold = c.tellUnasked(ctx, ask, cache.Untold)
		cache.keep(decision.Decision)
		c.learn(ctx, ask, decision.Decision)
		pause := min(pauseOf(decision.Decision, c.serverNow()), deadline.Sub(c.now()))
		if pause <= 0 {
			return checkFile{Version: 1, Request: c.request, Decision: decision.Decision, Source: "server", ReportToken: decision.ReportToken, Note: decision.Hint}, nil
		}
		if only := c.untold(decision.Decision); only != "" {
			c.say("hold: waiting would not change it, since the request itself has to state it: %s", only)
			return checkFile{Version: 1, Request: c.request, Decision: decision.Decision, Source: "server", ReportToken: decision.ReportToken}, nil
		}
		c.say("hold: %s — asking again in %s, or when something arrives that ends it", decision.Summary, pause.Round(time.Second))
		if err := c.await(ctx, ask, decision.Decision, c.now().Add(pause)); err != nil {
			return checkFile{}, err
		}
	}
}

// untold names the criteria that a hold is for when all of them judge what the request states of itself, which no waiting adds.
func (c *gateCheck) untold(d gate.Decision) string {
	var names []string
	for _, reason := range d.Reasons {
		if reason.Result != gate.Unknown {
			continue
		}
		if reason.Criterion != "test-evidence" && reason.Criterion != "changed-line-coverage" {
			return ""
		}
		names = append(names, reason.Criterion)
	}
	return strings.Join(names, ", ")
}

// try asks once, with retries while the server does not answer. An open gate gives up after a few tries; a closed one is
// worth the whole patience, because giving up stops the pipeline.
func (c *gateCheck) try(ctx context.Context, ask client, cache gateCache) (answeredDecision, error) {
	until := c.now().Add(c.patience)
	key, err := c.key()
	if err != nil {
		return answeredDecision{}, err
	}
	for tries := 1; ; tries++ {
		var decision answeredDecision
		err := ask.call(ctx, "POST", "/api/v1/gate/decisions", key, c.request, &decision)
		var down unreachable
		if !errors.As(err, &down) {
			return decision, err
		}
		if tries >= gateTries && (!c.closes(cache) || !c.now().Before(until)) {
			return answeredDecision{}, err
		}
		if err := sleep(ctx, min(time.Duration(tries)*100*time.Millisecond, time.Second)); err != nil {
			return answeredDecision{}, err
		}
	}
}

// key makes a retried request the same request: where a run names itself, and for as long as this call waits. What is asked is part of it:
// a fix in the run whose normal change was blocked is another question.
func (c *gateCheck) key() (http.Header, error) {
	run := c.request.Run
	if run.ID == "" && c.wait == 0 {
		return nil, nil
	}
	if run.ID == "" {
		run.Provider, run.ID = "check", c.own
	}
	asked, err := json.Marshal(c.request)
	if err != nil {
		return nil, err
	}
	sum := sha256.Sum256(asked)
	key := fmt.Sprintf("%s:%s/%d/%s/%s/%s", run.Provider, run.ID, run.Attempt, c.request.Service, c.request.Environment, hex.EncodeToString(sum[:12]))
	return http.Header{"Idempotency-Key": {key}}, nil
}

// pauseOf is how long to wait before asking again, nothing for a final verdict; now is the server's time, as the decision's are.
func pauseOf(d gate.Decision, now time.Time) time.Duration {
	switch {
	case d.Verdict != gate.Hold:
		return 0
	case d.AskAgainAfter == nil:
		return 10 * time.Second
	default:
		return max(d.AskAgainAfter.Sub(now), time.Second)
	}
}

func sleep(ctx context.Context, d time.Duration) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// verdictError turns the verdict into the exit code.
func verdictError(answer checkFile) error {
	switch answer.Decision.Verdict {
	case gate.Block:
		if answer.Source == "local" {
			return exitError{code: exitUnreachable}
		}
		return exitError{code: exitBlocked}
	case gate.Hold:
		return exitError{code: exitHold}
	default:
		return nil
	}
}

// runOf reads which pipeline run this is from the variables its runner sets.
func runOf(env func(string) string) gate.Run {
	for _, provider := range []struct{ name, id, attempt, url string }{
		{"github", "GITHUB_RUN_ID", "GITHUB_RUN_ATTEMPT", ""},
		{"gitlab", "CI_JOB_ID", "", "CI_JOB_URL"},
		{"jenkins", "BUILD_TAG", "", "BUILD_URL"},
	} {
		id := env(provider.id)
		if id == "" {
			continue
		}
		run := gate.Run{Provider: provider.name, ID: id, Attempt: 1, URL: env(provider.url)}
		_, _ = fmt.Sscan(env(provider.attempt), &run.Attempt)
		if provider.name == "github" {
			run.URL = strings.TrimRight(env("GITHUB_SERVER_URL"), "/") + "/" + env("GITHUB_REPOSITORY") + "/actions/runs/" + id
		}
		return run
	}
	return gate.Run{}
}
