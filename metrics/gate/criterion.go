package gate

import (
	"slices"
	"time"

	"shiphabit/metrics"
)

// criterion is one criterion of a policy, whatever its parameters.
type criterion struct {
	name   string
	rule   Rule
	absent bool // the policy does not have it
	kind   interface {
		check(f *faults, field string)
		judge(q question) finding
		promises() string // in a table, what it wants
	}
}

// question is what a criterion is asked about.
type question struct {
	p Policy
	s Snapshot
	r Request
}

// finding is how a criterion came out before its mode is applied.
type finding struct {
	result Result
	// short is the finding in a few words for the summary; says is the full sentence.
	short, says string
	observed    map[string]int64
	promise     *Promise
	evidence    []string
	opensWhen   []string
	// until is when the finding may be another one without anybody doing anything, zero when that cannot be told.
	until time.Time
}

// criteria lists the criteria in the order in which they are judged and shown.
func (p Policy) criteria() []criterion {
	c := p.Criteria
	return []criterion{
		{"failure-meter", c.FailureMeter.Rule, c.FailureMeter == FailureMeter{}, c.FailureMeter},
		{"own-usual", c.OwnUsual.Rule, c.OwnUsual == OwnUsual{}, c.OwnUsual},
		{"restore-first", c.RestoreFirst.Rule, c.RestoreFirst == RestoreFirst{}, c.RestoreFirst},
		{"open-incidents", c.OpenIncidents.Rule, c.OpenIncidents == OpenIncidents{}, c.OpenIncidents},
		{"error-budget", c.ErrorBudget.Rule, c.ErrorBudget == ErrorBudget{}, c.ErrorBudget},
		{"restored-in-time", c.RestoredInTime.Rule, c.RestoredInTime == RestoredInTime{}, c.RestoredInTime},
		{"previous-change", c.PreviousChange.Rule, c.PreviousChange == PreviousChange{}, c.PreviousChange},
		{"drain", c.Drain.Rule, c.Drain == Drain{}, c.Drain},
		{"rollback-ready", c.RollbackReady.Rule, c.RollbackReady == RollbackReady{}, c.RollbackReady},
		{"monitoring-live", c.MonitoringLive.Rule, c.MonitoringLive == MonitoringLive{}, c.MonitoringLive},
		{"test-evidence", c.TestEvidence.Rule, c.TestEvidence == TestEvidence{}, c.TestEvidence},
		{"changed-line-coverage", c.Coverage.Rule, c.Coverage == Coverage{}, c.Coverage},
		{"batch-size", c.BatchSize.Rule, c.BatchSize == BatchSize{}, c.BatchSize},
		{"data-fresh", c.DataFresh.Rule, c.DataFresh == DataFresh{}, c.DataFresh},
		{"freeze", c.Freezes.Rule, c.Freezes == Freezes{}, c.Freezes},
	}
}

// modes from the mildest to the strongest, and verdicts from the best to the worst.
func strength(m Mode) int    { return slices.Index([]Mode{Off, Observe, WarnOnly, Enforce}, m) }
func severity(v Result) int  { return slices.Index([]Result{Allow, Warn, Hold, Block}, v) }
func worse(a, b Result) bool { return severity(a) > severity(b) }

// mode is what a criterion may do in the environment asked about.
func (q question) mode(rule Rule) Mode { return q.p.modeIn(q.s.Kind, rule.Mode) }

// modeIn is what a criterion may do in environments of a kind: its own mode under their ceiling.
func (p Policy) modeIn(kind metrics.EnvironmentKind, own Mode) Mode {
	if ceiling, ok := p.Ceilings[kind]; ok && kind != "" {
		return AtMost(ceiling, own)
	}
	return own
}

// AtMost is the milder of two modes.
func AtMost(a, b Mode) Mode {
	if strength(a) < strength(b) {
		return a
	}
	return b
}

// effect is what a finding does to the verdict under a mode.
func effect(mode Mode, onUnknown, result Result) Result {
	var verdict Result
	switch result {
	case Fail:
		verdict = Block
	case Warn:
		verdict = Warn
	case Unknown:
		verdict = onUnknown
	default:
		verdict = Allow
	}
	switch {
	case strength(mode) <= strength(Observe):
		return Allow
	case mode == WarnOnly && worse(verdict, Warn):
		return Warn
	default:
		return verdict
	}
}

// inForce is the mode by which a criterion that only observes here is judged for "would be": its own, or enforce.
func inForce(own, here Mode) Mode {
	switch {
	case here != Observe:
		return here
	case own == Observe:
		return Enforce
	default:
		return own
	}
}
