package gate

import (
	"slices"
	"strconv"
	"strings"
	"time"

	"shiphabit/metrics"
)

const (
	// validFor is how long a verdict may be relied on.
	validFor = 15 * time.Minute
	// retryAfter is when to ask again about a hold whose end cannot be told.
	retryAfter = 5 * time.Minute
)

// FactsSource is the name under which the age of facts stands among the sources, where events came faster than facts could be derived from
// them: the rule about late sources then judges it.
const FactsSource = "the gate's facts"

// Behind reports whether the decision went by facts that were out of date.
func (d Decision) Behind() bool {
	return slices.ContainsFunc(d.Input.Sources, func(w Watermark) bool { return w.Name == FactsSource })
}

// Decide answers a request. It is pure: the same policy, snapshot and request give the same bytes, anywhere and at any time.
func Decide(p Policy, s Snapshot, r Request) Decision { return p.Seal().Decide(s, r) }

// Decide is Decide under this policy.
func (p *Sealed) Decide(s Snapshot, r Request) Decision {
	q := question{p.policy, s, r}
	c := judgeKind(s, r)
	d := q.judge(p.criteria, c, false)
	if d.Verdict == Block && c.kind == KindNormal && q.probeDue() {
		if probe := q.judge(p.criteria, c, true); !worse(probe.Verdict, Warn) {
			d = probe
		}
	}
	d.Policy = PolicyRef{Name: p.policy.Name, Version: p.policy.Version, Digest: p.digest, Layers: p.policy.Layers}
	d.Input = InputRef{Digest: inputDigest(s, r), KnownAt: s.Now, Sources: s.Sources}
	d.ValidUntil = s.Now.Add(validFor)
	d.Unreachable = p.policy.Unreachable.Then
	return d
}

// inputDigest names everything beside the policy that a decision depends on.
func inputDigest(s Snapshot, r Request) string {
	name := ""
	err := withCanonical(&struct {
		Request  Request  `json:"request"`
		Snapshot Snapshot `json:"snapshot"`
	}{r, s}, func(text []byte) { name = digest(text) })
	if err != nil {
		// A number beyond 2^53, which Take does not produce; named, so that the decision still is one.
		return "none: " + err.Error()
	}
	return name
}

// probeDue reports whether the meter would let a promotion through now to find out whether the cause is gone.
func (q question) probeDue() bool {
	m, rule := q.s.Meter, q.p.Criteria.FailureMeter
	due := m.Blocked && !m.NextProbeAt.IsZero() && !q.s.Now.Before(m.NextProbeAt)
	return due && (!rule.ProbeCanary || q.r.Evidence.Canary)
}

// verdicts gathers what the criteria amount to.
type verdicts struct {
	now, wouldBe Result
	mode         Mode
	askAgain     time.Time
	shorts       []short
}

// short are the few words of a criterion, with what it does to the verdict and what it would do.
type short struct {
	words     string
	now, ever Result
}

// that are the words of the criteria that do so to the verdict.
func (v *verdicts) that(do Result) (words []string) {
	for _, s := range v.shorts {
		if s.now == do {
			words = append(words, s.words)
		}
	}
	return words
}

// thatWould are the words of those that would do so.
func (v *verdicts) thatWould(do Result) (words []string) {
	for _, s := range v.shorts {
		if s.ever == do {
			words = append(words, s.words)
		}
	}
	return words
}

// judge asks every criterion and combines the answers: the worst effect is the verdict.
func (q question) judge(criteria []criterion, c claim, probe bool) Decision {
	d := Decision{Kind: c.kind, Reasons: make([]Reason, 0, len(criteria)+1), Probe: probe}
	if c.refused {
		d.Reasons = append(d.Reasons, Reason{
			Criterion: "change-kind", Mode: Observe, Result: Fail,
			Says: "Kind not accepted: " + c.says + ". It is judged as a normal change.",
		})
	}
	v := verdicts{now: Allow, wouldBe: Allow, mode: Off, shorts: make([]short, 0, len(criteria))}
	for _, criterion := range criteria {
		mode := q.mode(criterion.rule)
		if criterion.absent || mode == Off {
			continue
		}
		f := criterion.kind.judge(q)
		mode = q.demote(criterion.name, mode, &f)
		q.excuse(&f, c, probe && criterion.name == "failure-meter")
		if e := effect(mode, criterion.rule.OnUnknown, f.result); e.Stops() && q.s.Override.covers(criterion.name) {
			q.s.Override.set(&f)
			d.Override = q.s.Override.ID
		}
		v.add(mode, criterion.rule, f)
		d.Reasons = append(d.Reasons, Reason{
			Criterion: criterion.name, Mode: mode, Result: f.result, Says: f.says, Observed: f.observed,
			Promise: f.promise, Evidence: f.evidence, OpensWhen: f.opensWhen,
		})
	}
	d.Verdict, d.WouldBe, d.Mode = v.now, v.wouldBe, v.mode
	if v.now.Stops() {
		d.Override = "" // it let nothing through, so it is not used
	}
	if v.now == Hold {
		again := v.askAgain
		if again.IsZero() {
			again = q.s.Now.Add(retryAfter)
		}
		d.AskAgainAfter = &again
	}
	d.Summary = q.summary(d, c, v)
	return d
}

// excuse lets a fix or a rollback past every criterion, and a probe past the meter.
func (q question) excuse(f *finding, c claim, probe bool) {
	switch {
	case c.kind != KindNormal && f.result != Pass && f.result != NotApplicable:
		f.result, f.opensWhen, f.until = Exempt, nil, time.Time{}
		f.says += " A " + c.kind + " passes all the same."
	case probe:
		f.result, f.opensWhen = Warn, nil
		f.says += " This one is let through as a probe, to find out whether the cause is gone."
		f.short = "let through as a probe while " + f.short
	}
}

// add takes one finding into the verdict.
func (v *verdicts) add(mode Mode, rule Rule, f finding) {
	if strength(mode) > strength(v.mode) {
		v.mode = mode
	}
	e := effect(mode, rule.OnUnknown, f.result)
	if worse(e, v.now) {
		v.now = e
	}
	would := effect(inForce(rule.Mode, mode), rule.OnUnknown, f.result)
	if worse(would, v.wouldBe) {
		v.wouldBe = would
	}
	v.shorts = append(v.shorts, short{f.short, e, would})
	if e == Hold && !f.until.IsZero() && (v.askAgain.IsZero() || f.until.After(v.askAgain)) {
		v.askAgain = f.until // before the last of them has passed it is still a hold
	}
}

// summary is the decision in a sentence or two for a person under stress.
func (q question) summary(d Decision, c claim, v verdicts) string {
	words := ""
	switch {
	case c.kind != KindNormal:
		words = "Goes on: " + c.says + "."
	case d.Override != "" && d.Verdict != Block && d.Verdict != Hold:
		words = "Goes on by override " + d.Override + " (" + q.s.Override.Category + "): " + strings.TrimRight(q.s.Override.Reason, ".") + "."
	case d.Verdict == Block && c.refused:
		words = "Kind not accepted: " + c.says + ". Stopped: " + also(v.that(Block))
	case d.Verdict == Block:
		words = "Stopped: " + also(v.that(Block)) + " A rollback or a fix still passes."
	case d.Verdict == Hold:
		words = "On hold: " + also(v.that(Hold)) + " Ask again after " + clock(*d.AskAgainAfter) + "."
	case d.Verdict == Warn:
		words = "Goes on with a warning: " + also(v.that(Warn))
	case d.WouldBe != Allow:
		return "Goes on: the criteria that object only observe here. In force they would make it " + string(d.WouldBe) + ": " + also(v.thatWould(d.WouldBe))
	case !q.s.Known:
		words = "Goes on: nothing is recorded of this service yet, so it is judged by the policy " + q.p.Name + " and nothing stands against it."
		if q.s.Meter.Began != nil {
			words += " " + q.s.Meter.BeganSays(q.s.Service)
		}
	case q.s.Meter.Line > 0:
		m := q.s.Meter
		words = "Goes on: no criterion objects; the failure meter is at " + strconv.Itoa(m.Value) + " of " + strconv.Itoa(m.Line) + "."
	default:
		words = "Goes on: no criterion objects."
	}
	if d.WouldBe != d.Verdict {
		words += " Criteria that only observe here would make it " + string(d.WouldBe) + ": " + also(v.thatWould(d.WouldBe))
	}
	return words
}

// also joins what speaks against a promotion: the first in full, the others after it.
func also(shorts []string) string {
	words := shorts[0] + "."
	for _, s := range shorts[1:] {
		words += " Also: " + s + "."
	}
	return words
}

// TierOf is the tier a service is judged by: standard when it declares none.
func TierOf(s metrics.Service) metrics.Tier {
	if s.Tier == "" {
		return metrics.Standard
	}
	return s.Tier
}
