package gate

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"shiphabit/metrics"
)

// Backtest is what a policy would have done to the promotions of one service, or of several, in the order in which things became known.
// Criteria that judge what a request states (tests, coverage, error budget, signals, size of the batch) are left out: no request was made.
type Backtest struct {
	Services   int `json:"services"`
	Promotions int `json:"promotions"`
	// Stopped are those that it would not have let through (block or hold), by what became of them; Missed those that it let through and that
	// failed. Blocked and Held tell both apart: what the gate stops, and what it could not tell yet.
	Stopped   int `json:"stopped"`
	Prevented int `json:"prevented"` // later failed
	Delayed   int `json:"delayed"`   // later fine
	Undecided int `json:"undecided"` // of which nothing is known
	Missed    int `json:"missed"`
	// Spells are runs of stops. Only the first stop of each says what would have happened: those after it are modelled, since what the
	// service would have done in the meantime is not known.
	Spells         int `json:"spells"`
	FirstPrevented int `json:"first_prevented"`
	FirstDelayed   int `json:"first_delayed"`
	// PreventedLow and PreventedHigh bound the share of first stops that were right, in parts per million: the exact interval of a share
	// (Clopper–Pearson) with at most 2.5 % in each tail. 0 and 1,000,000 without a stop.
	PreventedLow  int64 `json:"prevented_low_ppm"`
	PreventedHigh int64 `json:"prevented_high_ppm"`
	// DelaySeconds is how long good promotions would have waited, from their stop to the next one that was let through.
	DelaySeconds int64 `json:"delay_seconds"`
	// Overrides is how many overrides it would have taken to let the delayed ones go: each lets through as many, and holds for as long, as
	// the policy allows.
	Overrides int `json:"overrides_needed"`
	// AssumedPPM is the share of outcomes whose time of being known is assumed and not recorded.
	AssumedPPM int64               `json:"assumed_ppm"`
	Blocked    Blocked             `json:"blocked"`
	Held       Held                `json:"held"`
	Criteria   []BacktestCriterion `json:"criteria"`
	// NotJudged are the criteria that were left out.
	NotJudged []string `json:"not_judged"`
	// Verdicts are the promotions that were not simply allowed, in order.
	Verdicts []BacktestVerdict `json:"verdicts,omitempty"`

	assumed, known int
	promises       []promiseTally
}

// BacktestCriterion is what one criterion alone would have stopped.
type BacktestCriterion struct {
	Criterion string `json:"criterion"`
	Stopped   int    `json:"stopped"` // Blocked and Held together
	Blocked   int    `json:"blocked"`
	Held      int    `json:"held"`
	Prevented int    `json:"prevented"`
	Delayed   int    `json:"delayed"`
	// Spells of wrong stops of a meter, and whether under one of its promises that is more often than promised.
	WrongStops int  `json:"wrong_stops,omitempty"`
	Broken     bool `json:"promise_broken,omitempty"`
}

// BacktestVerdict is one promotion with what would have been said and what became of it.
type BacktestVerdict struct {
	Service  string    `json:"service"`
	Rollout  string    `json:"rollout"`
	At       time.Time `json:"at"`
	Verdict  Result    `json:"verdict"`
	Summary  string    `json:"summary"`
	Outcome  Outcome   `json:"outcome"`
	Modelled bool      `json:"modelled,omitempty"` // a stop after the first of its spell
	// FirstBlock begins a row of blocks, whatever was held before: it says what would have happened, the blocks after it are modelled.
	FirstBlock bool `json:"first_block,omitempty"`
}

// NewBacktest is one of nothing, to which those of services are added.
func NewBacktest() Backtest {
	return Backtest{Criteria: []BacktestCriterion{}, NotJudged: []string{}, PreventedHigh: 1_000_000, Blocked: Blocked{PreventedHigh: 1_000_000}}
}

// RunBacktest walks the record of one service from one instant to another (half-open) and judges each planned promotion to production at the
// moment it began, with what was known then. End is the instant whose knowledge decides what became of them.
func RunBacktest(p Policy, k Known, from, to, end time.Time) Backtest {
	b := Backtest{Services: 1, NotJudged: p.NotBacktested()}
	p = withoutEvidence(p)
	final := newHistory(k.Facts, p, end.UTC().Truncate(time.Millisecond), nil).sharing(k.Older)
	counts := map[string]*BacktestCriterion{}
	for _, c := range p.criteria() {
		if !c.absent && c.rule.Mode != Off {
			b.Criteria = append(b.Criteria, BacktestCriterion{Criterion: c.name})
		}
	}
	for i := range b.Criteria {
		counts[b.Criteria[i].Criterion] = &b.Criteria[i]
	}
	row := underWay{overrides: overriding{rule: p.Overrides}, ofBlocks: overriding{rule: p.Overrides}}
	told := final.wholePast()
	for _, r := range final.trials() {
		at := began(r)
		if at.Before(from) || !at.Before(to) {
			continue
		}
		d := judgedAt(p, k, told, r, at)
		o := final.outcome(r)
		b.Promotions++
		b.note(r, o)
		for _, reason := range d.Reasons {
			if c := counts[reason.Criterion]; c != nil {
				c.take(alone(p, reason), o)
			}
		}
		said := BacktestVerdict{Service: k.Facts.Service, Rollout: r.ID, At: at.UTC(), Verdict: d.WouldBe, Summary: d.Summary, Outcome: o.Outcome}
		said.Modelled, said.FirstBlock = d.WouldBe.Stops() && row.stopped, d.WouldBe == Block && !row.blocked
		if d.WouldBe != Allow {
			b.Verdicts = append(b.Verdicts, said)
		}
		row.take(&b, said)
	}
	until := to
	if end.Before(to) {
		until = end
	}
	row.end(&b, until) // what waits still
	b.Overrides, b.Blocked.Overrides = row.overrides.asked, row.ofBlocks.asked
	b.wrongStops(p, final, from, until)
	b.finish()
	return b
}

// overriding counts the overrides that promotions would need one after the other.
type overriding struct {
	rule  OverrideRule
	asked int
	left  int
	ends  time.Time
}

func (o *overriding) need(at time.Time) {
	if o.left == 0 || !at.Before(o.ends) {
		o.asked, o.left, o.ends = o.asked+1, o.rule.Uses, at.Add(seconds(o.rule.MaxSeconds))
	}
	o.left--
}

// withoutEvidence takes out the criteria that judge what a request states, and lets the others do what they would in force.
func withoutEvidence(p Policy) Policy {
	p.Criteria.TestEvidence, p.Criteria.Coverage = TestEvidence{}, Coverage{}
	p.Criteria.ErrorBudget, p.Criteria.MonitoringLive, p.Criteria.BatchSize = ErrorBudget{}, MonitoringLive{}, BatchSize{}
	p.Criteria.DataFresh = DataFresh{} // how late sources were is not recorded
	return p
}

// began is when a rollout began, as far as is stated: in any case before its end, at which what came of it is known.
func began(r *metrics.Rollout) time.Time {
	r = r.Then()[0]
	end := r.FinishedAt.Add(-time.Millisecond)
	if !r.StartedAt.IsZero() && r.StartedAt.Before(end) {
		return r.StartedAt
	}
	return end
}

// judgedAt is the decision about a rollout at the moment it began. Neither it nor what finished after it is part of the record then, even
// where clocks that differ have something of it known before.
func judgedAt(p Policy, k Known, past *past, r *metrics.Rollout, at time.Time) Decision {
	ask := Request{
		Service: k.Facts.Service, Environment: r.Environment, Commit: r.Revision, Artifact: Artifact{Digest: r.Digest, Version: r.Version},
		Change: Change{Kind: KindNormal},
	}
	kind := r.EnvironmentKind
	known := Known{Facts: k.Facts, Service: k.Service, Older: k.Older, Windows: k.Windows, KindOf: func(string) metrics.EnvironmentKind { return kind }, past: past}
	known.Facts.Was, known.Facts.Rollouts = nil, past.before(r, at)
	q := question{p, Take(ask, p, at, known), ask}
	return q.judge(p.criteria(), claim{kind: KindNormal}, false) // probes are the promotions themselves
}

// alone is what a criterion alone would have answered.
func alone(p Policy, reason Reason) Result {
	for _, c := range p.criteria() {
		if c.name == reason.Criterion {
			return effect(inForce(c.rule.Mode, reason.Mode), c.rule.OnUnknown, reason.Result)
		}
	}
	return Allow
}

func (b *Backtest) note(r *metrics.Rollout, o Trial) {
	if o.Outcome != Failed && o.Outcome != Good {
		return
	}
	b.known++
	if r.Assumed {
		b.assumed++
	}
}

// stop counts a block or a hold and reports whether a good promotion had to wait for it.
func (b *Backtest) stop(o Outcome, further bool) (delayed bool) {
	b.Stopped++
	if !further {
		b.Spells++
	}
	switch o {
	case Failed:
		b.Prevented++
		if !further {
			b.FirstPrevented++
		}
	case Good:
		b.Delayed++
		if !further {
			b.FirstDelayed++
		}
		return true
	default:
		b.Undecided++
	}
	return false
}

// take counts an answer where it lets nothing through.
func (c *BacktestCriterion) take(answer Result, o Trial) {
	switch answer {
	case Block:
		c.Blocked++
	case Hold:
		c.Held++
	default:
		return
	}
	c.Stopped++
	switch o.Outcome {
	case Failed:
		c.Prevented++
	case Good:
		c.Delayed++
	default:
	}
}

// wrongStops counts the spells of each meter that were wrong, for its promise. Only a service that outside its spells does at most half as
// badly as the limit can be stopped wrongly.
func (b *Backtest) wrongStops(p Policy, h *history, from, to time.Time) {
	trials := h.trials()
	if len(trials) == 0 {
		return
	}
	// The promise is held against the whole record: a window that somebody chose around a stop says nothing of how often there is one.
	since := trials[0].FinishedAt
	explained := h.explained(trials)
	for _, one := range p.promising() {
		wrong, judged := wrongSpells(one.fold(h), one.oneIn, explained, to)
		if !judged {
			continue
		}
		inWindow := 0
		for _, s := range wrong {
			if !s.from.Before(from) {
				inWindow++
			}
		}
		b.promises = append(b.promises, promiseTally{criterion: one.criterion, promised: one.promised, wrong: len(wrong), years: yearsOf(to.Sub(since))})
		b.criterion(one.criterion, func(c *BacktestCriterion) { c.WrongStops = inWindow })
	}
}

func (b *Backtest) criterion(name string, change func(*BacktestCriterion)) {
	if i := slices.IndexFunc(b.Criteria, func(c BacktestCriterion) bool { return c.Criterion == name }); i >= 0 {
		change(&b.Criteria[i])
	}
}

// Add joins another service's backtest, under whatever policy; one in which nothing was judged counts as none. A criterion breaks its
// promise when it does so over all services that were promised the same.
func (b *Backtest) Add(o Backtest) {
	b.NotJudged = union(b.NotJudged, o.NotJudged)
	if o.Promotions == 0 {
		return
	}
	b.promises = slices.Clone(b.promises)
	for _, t := range o.promises {
		b.promises = addTally(b.promises, t)
	}
	b.Services += o.Services
	b.Promotions += o.Promotions
	b.Stopped += o.Stopped
	b.Prevented += o.Prevented
	b.Delayed += o.Delayed
	b.Undecided += o.Undecided
	b.Missed += o.Missed
	b.Spells += o.Spells
	b.FirstPrevented += o.FirstPrevented
	b.FirstDelayed += o.FirstDelayed
	b.DelaySeconds += o.DelaySeconds
	b.Overrides += o.Overrides
	b.Blocked.add(o.Blocked)
	b.Held.add(o.Held)
	b.assumed += o.assumed
	b.known += o.known
	b.Criteria = slices.Clone(b.Criteria)
	for _, c := range o.Criteria {
		i := slices.IndexFunc(b.Criteria, func(mine BacktestCriterion) bool { return mine.Criterion == c.Criterion })
		if i < 0 {
			b.Criteria = append(b.Criteria, c)
			continue
		}
		mine := &b.Criteria[i]
		mine.Stopped, mine.Prevented, mine.Delayed, mine.WrongStops = mine.Stopped+c.Stopped, mine.Prevented+c.Prevented, mine.Delayed+c.Delayed, mine.WrongStops+c.WrongStops
		mine.Blocked, mine.Held = mine.Blocked+c.Blocked, mine.Held+c.Held
	}
	b.Verdicts = append(b.Verdicts, o.Verdicts...)
	slices.SortStableFunc(b.Verdicts, func(a, c BacktestVerdict) int {
		if d := a.At.Compare(c.At); d != 0 {
			return d
		}
		return strings.Compare(a.Rollout, c.Rollout)
	})
	b.finish()
}

// union joins lists of names, in order of the alphabet.
func union(a, b []string) []string {
	all := append(append([]string{}, a...), b...)
	slices.Sort(all)
	return slices.Compact(all)
}

func (b *Backtest) finish() {
	for i := range b.Criteria {
		c := &b.Criteria[i]
		c.Broken = slices.ContainsFunc(b.promises, func(t promiseTally) bool { return t.criterion == c.Criterion && t.broken() })
	}
	b.PreventedLow, b.PreventedHigh = exactShare(b.FirstPrevented, b.FirstPrevented+b.FirstDelayed)
	b.Blocked.PreventedLow, b.Blocked.PreventedHigh = exactShare(b.Blocked.FirstPrevented, b.Blocked.FirstPrevented+b.Blocked.FirstDelayed)
	if b.known > 0 {
		b.AssumedPPM = int64(b.assumed) * 1_000_000 / int64(b.known)
	}
}

// Difference is a promotion that two backtests judge another way.
type Difference struct {
	Service string    `json:"service"`
	Rollout string    `json:"rollout"`
	At      time.Time `json:"at"`
	Old     Result    `json:"old"`
	New     Result    `json:"new"`
	Outcome Outcome   `json:"outcome"`
}

// Differences lists the promotions that two backtests over the same record judge another way, in order of time.
func Differences(before, after Backtest) []Difference {
	type promotion struct{ service, rollout string }
	changes := map[promotion]Difference{}
	for _, v := range before.Verdicts {
		changes[promotion{v.Service, v.Rollout}] = Difference{Service: v.Service, Rollout: v.Rollout, At: v.At, Old: v.Verdict, New: Allow, Outcome: v.Outcome}
	}
	for _, v := range after.Verdicts {
		d, known := changes[promotion{v.Service, v.Rollout}]
		if !known {
			d = Difference{Service: v.Service, Rollout: v.Rollout, At: v.At, Old: Allow, Outcome: v.Outcome}
		}
		d.New = v.Verdict
		changes[promotion{v.Service, v.Rollout}] = d
	}
	list := []Difference{}
	for _, d := range changes {
		if d.Old != d.New {
			list = append(list, d)
		}
	}
	slices.SortFunc(list, func(a, b Difference) int {
		return cmp.Or(a.At.Compare(b.At), strings.Compare(a.Service, b.Service), strings.Compare(a.Rollout, b.Rollout))
	})
	return list
}

// NotBacktested are the criteria of a policy that a backtest leaves out, because what they judge was never recorded: what a request states,
// and how late the sources were.
func (p Policy) NotBacktested() []string {
	kept := withoutEvidence(p).CriteriaNames()
	return slices.DeleteFunc(p.CriteriaNames(), func(name string) bool { return slices.Contains(kept, name) })
}
