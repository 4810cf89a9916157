package gate

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"

	"shiphabit/metrics"
)

// Policy is what was agreed for a service: which criteria count, how strictly, and what happens when the gate is gone.
// It has no field that could keep a rollback or a fix from passing.
//
// Decisions name a policy by the digest of its canonical JSON, and old ones must still parse when they are replayed. A
// field or criterion that is added later is therefore marked omitzero, and its zero value must mean "not agreed".
type Policy struct {
	Name    string       `json:"name"`
	Version int          `json:"version"`
	Tier    metrics.Tier `json:"tier"`
	// Layers are what the policy was put together from, outermost first.
	Layers   []string `json:"layers"`
	Criteria Criteria `json:"criteria"`
	// Ceilings keep criteria from doing more than this in environments of a kind; a kind that is absent has no ceiling.
	Ceilings map[metrics.EnvironmentKind]Mode `json:"ceilings"`
	// WatchSeconds is how long a deployment is watched before its outcome counts as known; twice as long for a probe.
	WatchSeconds int64        `json:"watch_seconds"`
	Unreachable  Unreachable  `json:"unreachable"`
	Overrides    OverrideRule `json:"overrides"`
}

// Unreachable says what a caller does that cannot reach the gate.
type Unreachable struct {
	Then         string `json:"then"` // "open" or "closed"
	AfterSeconds int64  `json:"after_seconds"`
}

// OverrideRule bounds what people may set aside.
type OverrideRule struct {
	Persons    int   `json:"persons"`
	Self       bool  `json:"self"` // the one who asks may be the one who overrides
	MaxSeconds int64 `json:"max_seconds"`
	Uses       int   `json:"uses"`
	// Who are the roles of which everybody who stands behind an override needs one; none means that nobody needs any.
	Who []string `json:"who,omitempty"`
}

// Criteria are the criteria that exist. One that is absent is off.
type Criteria struct {
	FailureMeter   FailureMeter   `json:"failure-meter,omitzero"`
	RestoreFirst   RestoreFirst   `json:"restore-first,omitzero"`
	OpenIncidents  OpenIncidents  `json:"open-incidents,omitzero"`
	PreviousChange PreviousChange `json:"previous-change,omitzero"`
	RollbackReady  RollbackReady  `json:"rollback-ready,omitzero"`
	TestEvidence   TestEvidence   `json:"test-evidence,omitzero"`
	Coverage       Coverage       `json:"changed-line-coverage,omitzero"`
	BatchSize      BatchSize      `json:"batch-size,omitzero"`
	DataFresh      DataFresh      `json:"data-fresh,omitzero"`
	OwnUsual       OwnUsual       `json:"own-usual,omitzero"`
	RestoredInTime RestoredInTime `json:"restored-in-time,omitzero"`
	ErrorBudget    ErrorBudget    `json:"error-budget,omitzero"`
	MonitoringLive MonitoringLive `json:"monitoring-live,omitzero"`
	Freezes        Freezes        `json:"freeze,omitzero"`
	Drain          Drain          `json:"drain,omitzero"`
}

// Rule is what every criterion has: what it may do, and what happens when it cannot tell (hold, warn or allow).
type Rule struct {
	Mode      Mode   `json:"mode"`
	OnUnknown Result `json:"on_unknown"`
}

// FailureMeter stops a service when more than 1 in OneIn of its deployments fail: a failed one costs OneIn − 1 points, a
// good one pays back 1. The line is the smallest at which a service that fails half as often is stopped wrongly at most once
// in WrongStopYears.
type FailureMeter struct {
	Rule
	OneIn          int      `json:"one_in"`
	WrongStopYears Fraction `json:"wrong_stop_years"`
	// GoodInARow reopens a blocked meter at half its line.
	GoodInARow int `json:"good_in_a_row"`
	// ProbesPerDay are let through while blocked, evenly spaced; 0 grants none. ProbeCanary demands that they go out as a canary.
	ProbesPerDay int  `json:"probes_per_day"`
	ProbeCanary  bool `json:"probe_canary"`
	// PaidPerDay is how many good ones pay back on one UTC day, at most; 0 is no bound.
	PaidPerDay int `json:"paid_per_day,omitzero"`
	// SharedRepository is how it begins for a new service that shares code with an older one: BeginsHalf or BeginsEmpty; "" is empty.
	SharedRepository string `json:"shared_repository,omitzero"`
}

// RestoreFirst wants failed deployments repaired before anything else goes out.
type RestoreFirst struct {
	Rule
	OlderThanSeconds int64 `json:"older_than_seconds"`
}

// OpenIncidents judges unresolved incidents by severity: each of fail, warn or pass.
type OpenIncidents struct {
	Rule
	Severity1 Result `json:"severity_1"`
	Severity2 Result `json:"severity_2"`
	// Unstated is for incidents that name no severity.
	Unstated Result `json:"severity_unstated"`
}

// PreviousChange waits for the end of the previous change's watch, at most HoldSeconds after it finished (0: to the end).
type PreviousChange struct {
	Rule
	HoldSeconds int64 `json:"hold_seconds"`
}

// RollbackReady wants something to go back to, and, when days are given, a rollback exercised within them.
type RollbackReady struct {
	Rule
	ExercisedWithinDays int `json:"exercised_within_days"`
}

// TestEvidence wants the artifact's tests to have passed. Required: silence about them is unknown, not simply not judged.
type TestEvidence struct {
	Rule
	Required      bool `json:"required"`
	PreviousStage bool `json:"previous_stage"` // our own records must show it succeeded in the stage before
}

// Coverage wants a share of the changed lines tested, in parts per million; changes below IgnoreUnderLines are not judged.
type Coverage struct {
	Rule
	MinPPM           int64 `json:"min_ppm"`
	IgnoreUnderLines int64 `json:"ignore_under_lines"`
	Required         bool  `json:"required"`
}

// BatchSize minds promotions of more than MaxCommits commits.
type BatchSize struct {
	Rule
	MaxCommits int64 `json:"max_commits"`
}

// DataFresh minds sources whose records have not arrived for longer than MaxAgeSeconds. Where it holds for that, it does so for at most
// HoldSeconds more (0: without end); Then it warns, or blocks.
type DataFresh struct {
	Rule
	MaxAgeSeconds int64  `json:"max_age_seconds"`
	HoldSeconds   int64  `json:"hold_seconds,omitzero"`
	Then          Result `json:"then,omitzero"`
}

// Canonical is the policy as canonical JSON.
func (p Policy) Canonical() []byte {
	b, err := Canonical(p)
	if err != nil {
		// Every field is a string, a bool or an integer; only an integer beyond 2^53 gets here, and Validate refuses it.
		panic(fmt.Sprintf("policy %s: %v", p.Name, err))
	}
	return b
}

// Digest names the policy by its content: "sha256:…".
func (p Policy) Digest() string { return digest(p.Canonical()) }

// ParsePolicy reads a policy from JSON. It refuses unknown, missing and repeated keys and everything Validate refuses, and
// reports all faults at once.
func ParsePolicy(text []byte) (Policy, error) {
	plain, err := canonicalJSON(text)
	if err != nil {
		return Policy{}, fmt.Errorf("policy: %w", err)
	}
	var p Policy
	if err := json.Unmarshal(plain, &p); err != nil {
		return Policy{}, fmt.Errorf("policy: %w", err)
	}
	faults := p.Validate()
	if len(faults) == 0 {
		faults = differences(plain, p.Canonical())
	}
	if len(faults) > 0 {
		return Policy{}, fmt.Errorf("policy %q: %w", p.Name, errors.Join(faults...))
	}
	return p, nil
}

// differences lists the keys that stand in a document and mean nothing, and those that are missing.
func differences(written, understood []byte) []error {
	if bytes.Equal(written, understood) {
		return nil
	}
	var a, b any
	if json.Unmarshal(written, &a) != nil || json.Unmarshal(understood, &b) != nil {
		return []error{errors.New("cannot be compared with its canonical form")}
	}
	return compareKeys("", a, b)
}
