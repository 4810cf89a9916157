// Package gate decides whether a service may be promoted, from agreed criteria and the service's own record.
// It is pure and uses integers and fractions only: the same policy, snapshot and request give the same bytes on every machine.
package gate

import (
	"time"

	"shiphabit/metrics"
)

// Result is how one criterion came out, or the whole decision.
type Result string

// Verdicts of a decision.
const (
	Allow Result = "allow"
	Warn  Result = "warn" // goes on, says why
	Block Result = "block"
	Hold  Result = "hold" // cannot tell now; says when to ask again
)

// Results of a criterion (warn is shared with the verdicts).
const (
	Pass          Result = "pass"
	Fail          Result = "fail"
	Unknown       Result = "unknown"
	NotApplicable Result = "not_applicable"
	Exempt        Result = "exempt"
)

// Mode is what a criterion may do.
type Mode string

// The modes of a criterion.
const (
	Off      Mode = "off"
	Observe  Mode = "observe"
	WarnOnly Mode = "warn"
	Enforce  Mode = "enforce"
)

// Request is what a pipeline asks.
type Request struct {
	Service     string   `json:"service"`
	Environment string   `json:"environment"`
	Artifact    Artifact `json:"artifact"`
	Commit      string   `json:"commit,omitempty"`
	Change      Change   `json:"change"`
	Evidence    Evidence `json:"evidence"`
	Run         Run      `json:"run"`
}

// Artifact is what is to be promoted.
type Artifact struct {
	Version string `json:"version,omitempty"`
	Digest  string `json:"digest,omitempty"`
}

// Change says what kind of promotion is meant: normal, rollback, fix or config. Fixes names what a fix repairs.
type Change struct {
	Kind  string   `json:"kind"`
	Fixes []string `json:"fixes,omitempty"`
}

// Evidence is what the pipeline states about the artifact.
type Evidence struct {
	CoverageChangedLinesPPM *int64 `json:"coverage_changed_lines_ppm,omitempty"`
	PreviousStage           string `json:"previous_stage,omitempty"`
	TestsPassed             *bool  `json:"tests_passed,omitempty"`
	RollbackPlan            string `json:"rollback_plan,omitempty"`
	// ChangedLines is the number of changed lines that the coverage speaks of.
	ChangedLines *int64 `json:"changed_lines,omitempty"`
	// Commits is the number of commits the promotion brings beyond what is live.
	Commits *int64 `json:"commits,omitempty"`
	// Canary tells that only a part of the traffic will meet the new revision at first.
	Canary bool `json:"canary,omitempty"`
	// ErrorBudgetLeftPPM is what is left of the service's error budget over 28 days, in parts per million; below 0 when overspent.
	ErrorBudgetLeftPPM *int64 `json:"error_budget_left_ppm,omitempty"`
	// SignalsSeen says when each signal that the service is watched by was last seen: "errors", "latency", and business signals.
	SignalsSeen map[string]time.Time `json:"signals_seen,omitempty"`
}

// Run is the pipeline run that asks.
type Run struct {
	Provider string `json:"provider,omitempty"`
	ID       string `json:"id,omitempty"`
	Attempt  int    `json:"attempt,omitempty"`
	URL      string `json:"url,omitempty"`
}

// Snapshot is everything a decision may know. Times are UTC; Now is part of it, so a replay needs no clock.
type Snapshot struct {
	Now     time.Time    `json:"now"`
	Service string       `json:"service"`
	Tier    metrics.Tier `json:"tier"`
	Team    string       `json:"team,omitempty"`
	Known   bool         `json:"known"` // false: no record of this service
	// Environment is the one asked for, Kind what it is for; one never seen is judged by its name.
	Environment string                  `json:"environment"`
	Kind        metrics.EnvironmentKind `json:"environment_kind"`
	Meter       MeterState              `json:"meter"`
	// Live is the rollout live in the environment now, nil when none. Earlier finished successfully here before it and was
	// not rolled back: the newest one, and the one the request names when there is such.
	Live    *Deployed  `json:"live"`
	Earlier []Deployed `json:"earlier"`
	// FailedRun is the newest rollout here when its run failed: putting it in again is a fix.
	FailedRun *Deployed `json:"failed_run"`
	// Staged is the newest success of the requested artifact in the previous stage; StageKnown tells that deployments to
	// that stage are recorded at all.
	Staged     *Deployed `json:"staged"`
	StageKnown bool      `json:"stage_known"`
	// LastRollbackAt is the last successful rollback of the service in any environment: drills count.
	LastRollbackAt time.Time `json:"last_rollback_at,omitzero"`
	// Recent are the last 30 trials, oldest first, for the evidence.
	Recent []Trial `json:"recent"`
	// OpenFailures are failed rollouts that have not recovered; OpenIncidents are unresolved incidents.
	OpenFailures  []Problem `json:"open_failures"`
	OpenIncidents []Problem `json:"open_incidents"`
	// Watching is the previous change when it is still inside its watch window, which ends at WatchEndsAt.
	Watching    *Deployed   `json:"watching"`
	WatchEndsAt time.Time   `json:"watch_ends_at,omitzero"`
	Sources     []Watermark `json:"sources"`
	// VerdictSource tells whether any health verdicts are recorded for the service.
	VerdictSource bool `json:"verdict_source"`
	// BatchCommits is the number of commits the promotion would bring, -1 when unknown.
	BatchCommits int `json:"batch_commits"`
	// Usual and Restored are where the meters of the service's own usual and of restoring in time stand.
	Usual    UsualState    `json:"usual,omitzero"`
	Restored RestoredState `json:"restored,omitzero"`
	// InFlight is a promotion that was let through and whose outcome is not known yet.
	InFlight *Flight `json:"in_flight,omitempty"`
	// Freeze is the window that holds now; OpenedAt when a stop of the meter or a freeze ended last.
	Freeze   *Freeze   `json:"freeze,omitempty"`
	OpenedAt time.Time `json:"opened_at,omitzero"`
	// Override is one that holds for this promotion.
	Override *Waiver `json:"override,omitempty"`
	// Demoted are criteria that were wrong more often than promised: until that is agreed anew they only warn.
	Demoted []Demotion `json:"demoted,omitempty"`
	// Monitored is what sources of signals showed of the service here.
	Monitored []Monitored `json:"monitored,omitempty"`
}

// Deployed is a rollout as the gate sees it.
type Deployed struct {
	ID         string    `json:"id"`
	Revision   string    `json:"revision,omitempty"`
	Digest     string    `json:"digest,omitempty"`
	Version    string    `json:"version,omitempty"`
	FinishedAt time.Time `json:"finished_at"`
}

// Problem is an open failed deployment or an open incident.
type Problem struct {
	ID string `json:"id"`
	// Also are the ids of further attempts of the same rollout.
	Also     []string  `json:"also,omitempty"`
	Since    time.Time `json:"since"`
	Severity int       `json:"severity,omitempty"`
	Says     string    `json:"says,omitempty"`
}

// Watermark tells up to when a source's records have arrived.
type Watermark struct {
	Name      string    `json:"name"`
	Watermark time.Time `json:"watermark"`
}

// Outcome is what is known of a trial.
type Outcome string

// The outcomes of a trial.
const (
	Good         Outcome = "good"
	Failed       Outcome = "failed"
	PendingWatch Outcome = "pending"
	Inconclusive Outcome = "inconclusive"
)

// Trial is a planned production rollout: what the meter counts.
type Trial struct {
	ID       string    `json:"id"`
	Version  string    `json:"version,omitempty"`
	Outcome  Outcome   `json:"outcome"`
	Verified bool      `json:"verified,omitempty"`
	At       time.Time `json:"at"`       // finish of the rollout
	KnownAt  time.Time `json:"known_at"` // when the outcome was known
}

// Reason is how one criterion judged, in words anyone can check.
type Reason struct {
	Criterion string           `json:"criterion"`
	Mode      Mode             `json:"mode"`
	Result    Result           `json:"result"`
	Says      string           `json:"says"`
	Observed  map[string]int64 `json:"observed,omitempty"`
	Promise   *Promise         `json:"promise,omitempty"`
	Evidence  []string         `json:"evidence,omitempty"` // rollout and incident ids
	OpensWhen []string         `json:"opens_when,omitempty"`
}

// Promise is how often a criterion is wrong about a good service, at most: once in Years (a fraction) at the rate AtRate.
type Promise struct {
	WrongStopEveryYears Fraction `json:"wrong_stop_every_years"`
	AtRate              Fraction `json:"at_rate"`
	MeanDeployments     int64    `json:"mean_deployments"` // exact mean deployments to a block, rounded down
}

// Fraction is an exact share; in JSON it is the string "1/12".
type Fraction struct {
	Num int64
	Den int64
}

// Decision is the answer to a request.
type Decision struct {
	ID            string     `json:"id"` // set by whoever logs it; not part of a replay
	Verdict       Result     `json:"verdict"`
	WouldBe       Result     `json:"would_be"` // the verdict if every criterion that only observes were enforced
	Mode          Mode       `json:"mode"`     // the strongest mode of a criterion here
	Kind          string     `json:"kind"`     // what it was judged as: normal, rollback or fix
	Summary       string     `json:"summary"`
	Reasons       []Reason   `json:"reasons"`
	Policy        PolicyRef  `json:"policy"`
	Input         InputRef   `json:"input"`
	Engine        string     `json:"engine"` // set by whoever logs it; not part of a replay
	ValidUntil    time.Time  `json:"valid_until"`
	AskAgainAfter *time.Time `json:"ask_again_after"`
	// Unreachable is "open" or "closed": what a client does when no server answers for this service.
	Unreachable string `json:"unreachable"`
	// Override is the one by which it goes on, "" when none was needed.
	Override string `json:"override,omitempty"`
	Probe    bool   `json:"probe,omitempty"` // let through while blocked, to find out whether the cause is gone
	// Unlogged: it was made from what was known last, while the log could not be written. Not part of a replay.
	Unlogged bool `json:"unlogged,omitempty"`
	// Token is the decision as a signed statement, for the step that deploys. It is made anew for each answer and not kept.
	Token string `json:"token,omitempty"`
}

// PolicyRef names the policy that decided.
type PolicyRef struct {
	Name    string   `json:"name"`
	Version int      `json:"version"`
	Digest  string   `json:"digest"` // "sha256:…" of the canonical JSON
	Layers  []string `json:"layers"`
}

// InputRef names the snapshot that was judged.
type InputRef struct {
	Digest  string      `json:"digest"`
	KnownAt time.Time   `json:"known_at"`
	Sources []Watermark `json:"sources"`
}

// Logged is a decision as it is kept: with all that replay needs.
type Logged struct {
	Decision
	Request   Request   `json:"request"`
	Snapshot  Snapshot  `json:"snapshot"`
	PolicyDoc []byte    `json:"policy_doc"` // canonical JSON of the effective policy
	Caller    string    `json:"caller"`
	Key       string    `json:"key,omitempty"` // idempotency key
	BodyHash  string    `json:"body_hash,omitempty"`
	At        time.Time `json:"at"`
	// TookMicros is how long it took to decide, before it was written down; 0 when that was not measured.
	TookMicros int64 `json:"took_us,omitempty"`
	// Damaged says why the decision cannot be read any more; then only what stands beside its text in the log is known of it.
	Damaged string `json:"damaged,omitempty"`
}

// MeterState is where a failure meter stands.
type MeterState struct {
	Value        int       `json:"value"`
	Line         int       `json:"line"`
	Step         int       `json:"step"`   // points a failure costs (k)
	Volume       int       `json:"volume"` // planned rollouts a month, rounded up
	Blocked      bool      `json:"blocked"`
	GoodInARow   int       `json:"good_in_a_row"` // since the block
	BlockedSince time.Time `json:"blocked_since,omitzero"`
	// OnlyWarns: at its line it does no more than warn here. Snapshots from before this was told say false.
	OnlyWarns bool `json:"only_warns,omitempty"`
	// BlockedBy is the trial whose failure was the last to raise the meter during the block.
	BlockedBy string `json:"blocked_by,omitempty"`
	// ProbesToday is how many probes were granted on the UTC day of Now; NextProbeAt is when the next one may go, zero when
	// not blocked or when the policy grants none.
	ProbesToday int       `json:"probes_today"`
	NextProbeAt time.Time `json:"next_probe_at,omitzero"`
	// Trials counts the trials folded in; Pending those whose watch has not ended.
	Trials  int `json:"trials"`
	Pending int `json:"pending"`
	// Began is where it began when that was not empty, as long as something may be left of it.
	Began *Beginning `json:"began,omitempty"`
	// PaidToday is how many good ones have paid back on the UTC day of Now, where the policy bounds that.
	PaidToday int `json:"paid_today,omitzero"`
}

// ProbeGrant records a promotion that was let through while the meter blocked.
type ProbeGrant struct {
	Decision    string    `json:"decision"`
	Service     string    `json:"service"`
	Environment string    `json:"environment"`
	Digest      string    `json:"digest,omitempty"`
	Revision    string    `json:"revision,omitempty"`
	At          time.Time `json:"at"`
}

// Grant is the probe that a logged decision granted, false when it granted none.
func (l Logged) Grant() (ProbeGrant, bool) {
	return ProbeGrant{
		Decision: l.ID, Service: l.Request.Service, Environment: l.Request.Environment,
		Digest: l.Request.Artifact.Digest, Revision: l.Request.Commit, At: l.Snapshot.Now,
	}, l.Probe
}

// Step says what moved a failure meter.
type Step string

// The steps of a meter's history.
const (
	StepGood       Step = "good"
	StepFailed     Step = "failed"
	StepLateFail   Step = "found failed later"
	StepTurnedGood Step = "failed turned good"
	StepGoodOut    Step = "good one taken out"       // by a correction, or a retry: it counts nowhere any more
	StepFailedOut  Step = "failed one taken out"     // likewise
	StepReopened   Step = "reopened"                 // enough good ones in a row
	StepVerified   Step = "cause fixed and verified" // reopened too
	StepLine       Step = "line changed"
	StepProbe      Step = "probe granted"
	StepShared     Step = "begins half full" // shares code with an older service
)

// MeterStep is one step of the meter's history, for drawing it.
type MeterStep struct {
	At      time.Time `json:"at"` // known-at
	Trial   string    `json:"trial"`
	Why     Step      `json:"why"`
	Value   int       `json:"value"`
	Line    int       `json:"line"`
	Blocked bool      `json:"blocked,omitempty"`
}
