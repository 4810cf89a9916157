package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"shiphabit/metrics"
	"shiphabit/metrics/gate"
)

// watchPause is how often the outcome of a promotion is asked for while it is watched.
const watchPause = 10 * time.Second

// hookPauses is how many times more is asked after a failed watch, until it is known what the rollback hook of the service was told.
const hookPauses = 3

// gateReport is one run of 'gate report'.
type gateReport struct {
	*program
	server  serverFlags
	job     jobFlags
	report  gate.Report
	file    string
	id      string
	watch   time.Duration
	started string
	unasked *gate.Unasked // what was decided without a server
	token   string        // from the answer of the check: good for the report on its decision
}

func (p *program) gateReportCommand() *cobra.Command {
	r := gateReport{program: p}
	command := &cobra.Command{
		Use:   "report",
		Short: "Say how a promotion went",
		Long: `Books the outcome of what 'gate check' let through: it becomes a deployment, and the failure meter counts it once its watch is
over. Service, environment and artifact come from gate.json. A decision that said block or hold is refused: a step that was stopped is no
failed deployment.

With --watch it stays until the outcome is known, at most so long, and exits with 3 when the deployment turns out to have failed.

Exit codes: 0 booked (and, with --watch, not failed) · 2 wrong usage, or a decision that let nothing through · 3 failed within the
watch · 5 no server answers · 6 not allowed · 1 a bug.`,
		Example: `  shiphabit gate report --outcome "$OUTCOME"
  shiphabit gate report --outcome succeeded --watch 30m`,
		Args: cobra.NoArgs,
		RunE: func(command *cobra.Command, _ []string) error { return r.run(command.Context()) },
	}
	f := command.Flags()
	r.server.add(command)
	r.job.add(command)
	f.StringVar(&r.report.Outcome, "outcome", "", "succeeded, failed, cancelled or skipped; the words of GitHub, GitLab and Jenkins do as well (required)")
	f.StringVar(&r.file, "in", "gate.json", "the answer that 'gate check' left")
	f.StringVar(&r.id, "decision", "", "the decision, in place of the file")
	f.DurationVar(&r.watch, "watch", 0, "how long to wait for the outcome of the watch")
	f.StringVar(&r.started, "started", "", "when the deployment began, as 2026-03-01T10:00:00Z")
	f.StringVar(&r.report.URL, "url", "", "page of the deployment; the run's page when left out")
	return command
}

func (r *gateReport) run(ctx context.Context) error {
	if _, known := gate.OutcomeWord(r.report.Outcome); !known {
		return usage("--outcome %q is none of succeeded, failed, cancelled, skipped", r.report.Outcome)
	}
	if r.started != "" {
		at, err := time.Parse(time.RFC3339, r.started)
		if err != nil {
			return usage("--started %q is no time like 2026-03-01T10:00:00Z", r.started)
		}
		r.report.StartedAt = at
	}
	id, refused := r.decision()
	if refused != nil && r.unasked == nil {
		return refused
	}
	ask, err := r.client(r.server, 30*time.Second)
	if err != nil {
		return err
	}
	err = r.identify(ctx, &ask, r.server, r.job)
	if r.unasked != nil {
		r.tellUnasked(ctx, ask, []gate.Unasked{*r.unasked})
	}
	if refused != nil {
		return refused
	}
	switch {
	case r.token != "" && r.server.token == "" && ask.token == "":
		ask.token = r.token
	case r.token != "" && r.server.token == "":
		ask.spare = append(ask.spare, r.token)
	case err != nil:
		return exitError{exitForbidden, err}
	}
	var booked struct{ Outcome, Deployment string }
	if err := ask.call(ctx, "POST", "/api/v1/gate/decisions/"+url.PathEscape(id)+"/report", nil, r.report, &booked); err != nil {
		return err
	}
	if booked.Deployment == "" {
		fmt.Fprintf(r.out, "%s: %s; nothing went out\n", id, booked.Outcome)
		return nil
	}
	fmt.Fprintf(r.out, "%s: %s, booked as %s\n", id, booked.Outcome, booked.Deployment)
	if r.watch <= 0 {
		return nil
	}
	return r.stay(ctx, ask, id)
}

// decision is the id of the decision that is reported on.
func (r *gateReport) decision() (string, error) {
	if r.id != "" {
		return r.id, nil
	}
	text, err := os.ReadFile(r.file)
	if err != nil {
		return "", usage("the answer of 'gate check' cannot be read: %w; name it with --in, or the decision with --decision", err)
	}
	var answer checkFile
	if err := json.Unmarshal(text, &answer); err != nil {
		return "", usage("%s is no answer of 'gate check': %w", r.file, err)
	}
	d := answer.Decision
	r.unasked = answer.Unasked
	switch {
	case d.Verdict.Stops():
		return "", usage("%s says %s: nothing was let through, so there is nothing to report", r.file, d.Verdict)
	case d.ID == "":
		return "", usage("%s was decided without a server, so no decision is there to report on; send the deployment as an event", r.file)
	}
	r.token = answer.ReportToken
	return d.ID, nil
}

// stay waits until the outcome is known or the time is over.
func (r *gateReport) stay(ctx context.Context, ask client, id string) error {
	deadline := r.now().Add(r.watch)
	for left := hookPauses; ; {
		var o gate.PromotionOutcome
		if err := ask.call(ctx, "GET", "/api/v1/gate/decisions/"+url.PathEscape(id)+"/outcome", nil, nil, &o); err != nil {
			return err
		}
		switch o.Outcome {
		case gate.Failed:
			if hookAtWork(o) && left > 0 {
				left--
				if err := sleep(ctx, watchPause); err != nil {
					return err
				}
				continue
			}
			return exitError{exitBlocked, failedWords(o)}
		case gate.Good, gate.Inconclusive:
			fmt.Fprintf(r.out, "%s: %s\n", o.Deployment, o.Outcome)
			return nil
		case gate.PendingWatch:
		}
		if !r.now().Before(deadline) {
			fmt.Fprintf(r.out, "%s: not known yet; its watch ends at %s\n", o.Deployment, o.WatchEndsAt.Format(time.RFC3339))
			return nil
		}
		if err := sleep(ctx, min(watchPause, deadline.Sub(r.now()))); err != nil {
			return err
		}
	}
}

// hookAtWork tells that a watch failed and that it is not settled yet what the rollback hook is told of it.
func hookAtWork(o gate.PromotionOutcome) bool {
	watched := strings.Contains(o.Causes, string(metrics.CauseVerdict))
	return o.RollbackHook && watched && (o.Rollback == nil || o.Rollback.State == gate.RollbackWaiting)
}

func failedWords(o gate.PromotionOutcome) error {
	if o.Rollback == nil {
		return fmt.Errorf("%s has failed: %s", o.Deployment, o.Causes)
	}
	return fmt.Errorf("%s has failed: %s; %s", o.Deployment, o.Causes, printable(o.Rollback.Words()))
}
