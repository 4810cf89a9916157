package assessments

import (
	"fmt"
	"slices"
	"time"

	"shiphabit/metrics"
)

// AutonomyEvidence is E3 of a team's services at an instant: E, the share of deployments with a required approver or an executor
// outside the owning team; W, outside waiting ÷ lead time; Q, the share started by the owning team or its pipeline; X, the share
// of the outside ones in a declared class of risk. What is not known of a deployment leaves it out of E.
func AutonomyEvidence(records Records, to time.Time, cal metrics.Calendar, t AutonomyThresholds) Evidence {
	s := spanBefore(to, frequencyWeeks, cal)
	e := Evidence{ID: "E3", Window: s.window, Grade: GradeNone, NOf: "deployments"}
	var sum autonomy
	for _, f := range records.Services {
		for _, r := range inProduction(f, s.window) {
			c := controlOf(f.Team, r)
			e.N++
			if sum.add(r, c); c.decided() == unknown {
				e.exclude(unused(r, leftUnknown))
				continue
			}
			e.row(f.Service, r, c.says(r))
		}
		sum.refusals(f, s.window)
		e.exclude(leftOut(f, s.window)...)
	}
	if sum.known == 0 {
		e.notMeasured("who approved each deployment and who started it; GitHub, GitLab and Jenkins tell when they are collected, other pipelines in pushed events (trigger, actor, approvals with approver_team)")
		return e
	}
	e.Coverage = new(share(sum.known, e.N))
	e.Grade = grade(e.N >= 20, e.N >= 6, *e.Coverage)
	e.Figures = sum.figures()
	e.climb(
		onlyIf(5, below("E", t.Outside5), atLeast("Q", t.Started5)),
		onlyIf(4, atMost("E", t.Outside4), atMost("W", t.Waiting4)),
		onlyIf(3, atMost("E", t.Outside3), above("X", t.Risky3)),
		onlyIf(2, below("E", t.Outside2)),
		rung{level: 1},
	)
	if sum.outside > 0 && sum.classed == 0 {
		e.Missing = "classes of risk: no deployment carries the label risk, and without it level 3 cannot be shown"
	}
	e.Says = sum.says(e.N)
	return e
}

// autonomy adds up what is known of deployments.
type autonomy struct {
	known, outside, risky, classed int // with E known, of them outside; of these in a class that is no everyday one, and in any
	stated, own                    int // whose starter is stated, of them the team or its pipeline
	strictKnown, strict            int // of which it is known whether everybody in it wrote the code, and those where somebody did not
	waited, lead                   time.Duration
	unmeasuredWait                 bool // somebody outside was waited for, and no lead time is known
	approvals, refused             int
}

func (a *autonomy) add(r metrics.Rollout, c control) {
	a.approvals += r.Waits.DecidedInside + r.Waits.DecidedOutside + r.Waits.DecidedUnknown
	a.refused += r.Waits.Refused
	if c.stated {
		a.stated++
		if c.starter == inside {
			a.own++
		}
	}
	if c.strict != unknown {
		a.strictKnown++
		if c.strict == outside {
			a.strict++
		}
	}
	if c.decided() == unknown {
		return
	}
	a.known++
	if lead := leadOf(r); lead > 0 {
		a.lead += lead
		a.waited += min(r.Waits.Outside, lead)
	} else if r.Waits.Outside > 0 {
		a.unmeasuredWait = true
	}
	if c.decided() == outside {
		a.outside++
		if class := r.Labels["risk"]; class != "" {
			a.classed++
			if !slices.Contains(everydayRisk, class) {
				a.risky++
			}
		}
	}
}

// refusals counts those that kept a deployment from running: it is no rollout then.
func (a *autonomy) refusals(f metrics.Facts, w metrics.Window) {
	for _, l := range f.LeftOut {
		if l.Reason == metrics.LeftRefused && w.Contains(l.At) {
			a.approvals++
			a.refused++
		}
	}
}

// everydayRisk are values of the label risk that declare no special class.
var everydayRisk = []string{"none", "low", "standard", "normal"}

func (a *autonomy) figures() []Figure {
	var e Evidence
	e.figure("E", "share of deployments with an approver or executor outside the owning team, of those where it is known", new(share(a.outside, a.known)), UnitShare)
	e.figure("W", "outside waiting as a share of lead time", a.waiting(), UnitShare)
	e.figure("Q", "share started by the owning team or its pipeline, of those whose start is stated", shareOf(a.own, a.stated), UnitShare)
	e.figure("X", "share of the outside ones in a declared class of risk", shareOf(a.risky, a.outside), UnitShare)
	e.figure("E_strict", "share with an approver or executor who wrote none of its changes, of those where it is known", shareOf(a.strict, a.strictKnown), UnitShare)
	e.figure("refused", "refused, as a share of the approvals decided", shareOf(a.refused, a.approvals), UnitShare)
	return e.Figures
}

// waiting is 0 where nobody outside was waited for, and not known where the wait has no lead time beside it.
func (a *autonomy) waiting() *float64 {
	switch {
	case a.waited == 0 && a.unmeasuredWait:
		return nil
	case a.waited == 0:
		return new(0.0)
	}
	return new(a.waited.Seconds() / a.lead.Seconds())
}

func (a *autonomy) says(n int) string {
	said := fmt.Sprintf("%d of %s went through somebody outside the team", a.outside, plural(a.known, "deployment"))
	if n > a.known {
		said += fmt.Sprintf(", %d more are not known", n-a.known)
	}
	switch {
	case a.approvals == 0:
		said += "; no approval is on record, and those given outside of the pipeline are not seen"
	case a.refused == 0:
		said += fmt.Sprintf("; none of %s was refused: the refusal rate is below about %.0f%% (95%%)", plural(a.approvals, "approval"), 100*refusalsBelow(a.approvals))
	default:
		said += fmt.Sprintf("; %d of %s were refused", a.refused, plural(a.approvals, "approval"))
	}
	return said + "."
}

// refusalsBelow is the rate below which refusals lie with 95% confidence when none of n approvals was refused: 3 ÷ n, at most 1.
func refusalsBelow(n int) float64 { return min(1, 3/float64(n)) }

func shareOf(count, of int) *float64 {
	if of == 0 {
		return nil
	}
	return new(share(count, of))
}

// leadOf is the lead time of a rollout's median change; 0 when none has one.
func leadOf(r metrics.Rollout) time.Duration {
	var leads []float64
	for _, c := range r.Changes {
		if c.Fault == "" && !r.SucceededAt.IsZero() {
			leads = append(leads, r.SucceededAt.Sub(c.AuthoredAt).Seconds())
		}
	}
	if middle := quantile(leads, 0.5); middle != nil {
		return time.Duration(*middle * float64(time.Second))
	}
	return 0
}
