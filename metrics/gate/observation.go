package gate

import (
	"cmp"
	"slices"
	"strings"
)

// Observation is a decision with how each criterion of its policy came out, whatever that was allowed to do.
type Observation struct {
	Scored
	Policy  *Policy
	Results map[string]Result
}

// Observation is what the decision shows of its criteria; the policy is the one it was made by.
func (l Logged) Observation(p *Policy) Observation {
	o := Observation{Scored: l.Scored(), Policy: p, Results: make(map[string]Result, len(l.Reasons))}
	for _, r := range l.Reasons {
		o.Results[r.Criterion] = r.Result
	}
	return o
}

// Candidate is a service with the decisions about it, in any order: what shows whether its criteria may do more.
type Candidate struct {
	Standing
	Observed []Observation
}

// ledger holds the candidate's decisions, oldest first, with what is known of it.
func (c Candidate) ledger() Ledger {
	l := Ledger{Services: map[string]Standing{c.Facts.Service: c.Standing}}
	for _, o := range c.Observed {
		l.Decisions = append(l.Decisions, o.Scored)
	}
	slices.SortFunc(l.Decisions, Scored.before)
	return l
}

// sorted are the candidate's decisions, oldest first.
func (c Candidate) sorted() []Observation {
	return slices.SortedFunc(slices.Values(c.Observed), func(a, b Observation) int { return a.before(b.Scored) })
}

func (s Scored) before(o Scored) int { return cmp.Or(s.At.Compare(o.At), strings.Compare(s.ID, o.ID)) }

// artifact is what a decision was about: asking again about the same one shows nothing new.
func (s Scored) artifact() string {
	return strings.ToLower(s.Environment) + "\x00" + strings.ToLower(cmp.Or(s.Digest, s.Revision, s.ID))
}

// watched are the decisions about normal changes to production in which a criterion judged something in a mode, with the values that it has
// in a policy: the first about each artifact, oldest first.
func (c Candidate) watched(p Policy, of criterion, mode Mode) []Observation {
	same := map[*Policy]bool{}
	seen := map[string]bool{}
	var list []Observation
	for _, o := range c.sorted() {
		if !o.normal() || o.For != production || seen[o.artifact()] || !of.tells(o.Results[of.name]) {
			continue
		}
		if _, compared := same[o.Policy]; !compared {
			same[o.Policy] = o.Policy.modeOf(of.name) == mode && o.Policy.values(of.name) == p.values(of.name)
		}
		if same[o.Policy] {
			seen[o.artifact()] = true
			list = append(list, o)
		}
	}
	return list
}

// tells reports whether a result is a judgement. One that could not tell is, where not being able to tell is what it says against a change.
func (c criterion) tells(r Result) bool {
	switch r {
	case Pass, Warn, Fail:
		return true
	case Unknown:
		return onlyUnknown(c.kind) || c.rule.OnUnknown == Hold
	default:
		return false
	}
}

// modeOf is what a criterion may do in production, off when the policy does not have it.
func (p Policy) modeOf(name string) Mode {
	mode := p.Criteria.rules()[name].Mode
	if mode == "" {
		return Off
	}
	return p.modeIn(production, mode)
}

// values are those of a criterion beside its mode; equal ones compare as equal.
func (p Policy) values(name string) any {
	p.Criteria.rules()[name].Mode = Observe
	p.Criteria.FailureMeter.SharedRepository = "" // how a meter begins changes nothing in how it judges
	for _, c := range p.criteria() {
		if c.name == name {
			return c.kind
		}
	}
	return nil
}

// rules leads to the rule of each criterion by its name.
func (c *Criteria) rules() map[string]*Rule {
	return map[string]*Rule{
		"failure-meter": &c.FailureMeter.Rule, "own-usual": &c.OwnUsual.Rule, "restore-first": &c.RestoreFirst.Rule,
		"open-incidents": &c.OpenIncidents.Rule, "error-budget": &c.ErrorBudget.Rule, "restored-in-time": &c.RestoredInTime.Rule,
		"previous-change": &c.PreviousChange.Rule, "drain": &c.Drain.Rule, "rollback-ready": &c.RollbackReady.Rule,
		"monitoring-live": &c.MonitoringLive.Rule, "test-evidence": &c.TestEvidence.Rule, "changed-line-coverage": &c.Coverage.Rule,
		"batch-size": &c.BatchSize.Rule, "data-fresh": &c.DataFresh.Rule, "freeze": &c.Freezes.Rule,
	}
}
