package gate

import (
	"bytes"
	"strings"
	"testing"
	"time"

	"shiphabit/metrics"
)

// unlucky is a service that fails seldom, but for some bad weeks in which four in a row fail and good ones open it again.
func unlucky(weeks int) metrics.Facts {
	return record(strings.Repeat(strings.Repeat(".", 90)+"xxxx"+strings.Repeat(".", 30), weeks))
}

// met is a ledger in which the service asked every day.
func met(f metrics.Facts) Ledger {
	p := PolicyFor(metrics.Standard)
	_, steps := FoldMeter(f, p, day(len(f.Rollouts)), nil)
	spells := spellsOf(steps)
	var decisions []Scored
	for n := range f.Rollouts {
		d := scored(n, Allow)
		d.At = day(n).Add(time.Hour)
		for _, s := range spells {
			if s.holds(d.At) {
				d.Verdict, d.Fails = Block, []string{"failure-meter"}
			}
		}
		decisions = append(decisions, d)
	}
	return ledger(f, day(len(f.Rollouts)), decisions...)
}

func check(t *testing.T, l Ledger, criterion string) PromiseCheck {
	t.Helper()
	for _, c := range l.Promises() {
		if c.Criterion == criterion {
			return c
		}
	}
	t.Fatalf("no check of %s in %+v", criterion, l.Promises())
	return PromiseCheck{}
}

func TestWrongStopsAreHeldAgainstThePromise(t *testing.T) {
	t.Parallel()
	kept := check(t, met(unlucky(1)), "failure-meter")
	if kept.Wrong != 1 || kept.Spells != 1 || kept.Broken || kept.Promised != (Fraction{2, 1}) || kept.Services != 1 {
		t.Errorf("one wrong stop in four months: %+v; P(X ≥ 1) is far from 5 %%", kept)
	}
	// Six in 744 days: one is expected, P(X ≥ 4) = 1.9 %.
	broken := check(t, met(unlucky(6)), "failure-meter")
	if broken.Wrong != 6 || !broken.Broken || broken.Years.Rat().Cmp(Fraction{2, 1}.Rat()) < 0 {
		t.Errorf("six wrong stops in two years: %+v", broken)
	}
	if d, demoted := broken.Demotion(); !demoted || d.Measured != 6 || d.Criterion != "failure-meter" {
		t.Errorf("%+v, %v", d, demoted)
	}
	if !broken.Concerns(PolicyFor(metrics.Standard)) || broken.Concerns(PolicyFor(metrics.High)) {
		t.Error("the check speaks of other policies than its own")
	}
	agreed := PolicyFor(metrics.Standard)
	agreed.Criteria.FailureMeter.WrongStopYears = Fraction{1, 2}
	if broken.Concerns(agreed) {
		t.Error("the check speaks of a promise that was agreed anew")
	}
}

func TestAStopIsWrongOnlyWhenSomebodyMetItAndNothingWasFound(t *testing.T) {
	t.Parallel()
	whole := met(unlucky(2))
	nobody := whole
	nobody.Decisions = nil
	for _, d := range whole.Decisions {
		if d.Verdict != Block {
			nobody.Decisions = append(nobody.Decisions, d)
		}
	}
	if c := check(t, nobody, "failure-meter"); c.Spells != 0 || c.Wrong != 0 {
		t.Errorf("a stop that nobody met counts: %+v", c)
	}
	staging := whole
	staging.Decisions = nil
	for _, d := range whole.Decisions {
		d.For = metrics.Staging
		staging.Decisions = append(staging.Decisions, d)
	}
	if c := check(t, staging, "failure-meter"); c.Wrong != 0 {
		t.Errorf("a stop in staging counts: %+v", c)
	}
	bad := met(record(strings.Repeat("...x", 60)))
	if c := check(t, bad, "failure-meter"); c.Services != 0 || c.Wrong != 0 {
		t.Errorf("a service of which every fourth fails was stopped wrongly: %+v", c)
	}
	late := unlucky(2)
	for i := range late.Rollouts {
		if r := &late.Rollouts[i]; i%3 == 0 && !r.Failed() { // found out two hours after its watch
			r.Failures = []metrics.Failure{{Cause: metrics.CauseIncident, At: r.FinishedAt, KnownAt: r.FinishedAt.Add(2 * time.Hour)}}
		}
	}
	if c := check(t, met(late), "failure-meter"); c.Services != 0 || c.Wrong != 0 {
		t.Errorf("a service whose failures are found out later was stopped wrongly: %+v", c)
	}
	window := whole
	window.From = day(150)
	if c := check(t, window, "failure-meter"); c.Wrong != 1 {
		t.Errorf("a stop before the window counts: %+v", c)
	}
}

func TestAStopThatWasOverriddenAsAFalseAlarmIsWrongBeforeItEnds(t *testing.T) {
	t.Parallel()
	f := record(strings.Repeat(".", 90) + "xxxx")
	l := met(f)
	d := scored(94, Warn)
	d.At, d.Override = day(93).Add(2*time.Hour), "ov_1"
	l.Decisions = append(l.Decisions, d)
	if c := check(t, l, "failure-meter"); c.Wrong != 0 || c.Spells != 1 {
		t.Fatalf("a stop that lasts counts as wrong: %+v", c)
	}
	l.Overrides = []Override{{ID: "ov_1", Category: "false alarm"}}
	if c := check(t, l, "failure-meter"); c.Wrong != 1 {
		t.Errorf("overridden as a false alarm: %+v", c)
	}
	l.Overrides[0].Category = "deadline"
	if c := check(t, l, "failure-meter"); c.Wrong != 0 {
		t.Errorf("overridden for a deadline: %+v", c)
	}
}

func demoted() []Demotion {
	return []Demotion{{Criterion: "failure-meter", Measured: 6, Years: Fraction{41, 10}, Promised: Fraction{2, 1}}}
}

func TestACriterionThatBrokeItsPromiseOnlyWarnsAndSaysWhy(t *testing.T) {
	t.Parallel()
	f, p, now := record("......xx.xx."), PolicyFor(metrics.Standard), day(11).Add(time.Hour)
	known := Known{Facts: f, Service: standard()}
	if d := Decide(p, Take(ask(), p, now, known), ask()); d.Verdict != Block {
		t.Fatalf("while the promise is kept: %s", d.Verdict)
	}
	known.Demoted = demoted()
	d := Decide(p, Take(ask(), p, now, known), ask())
	r := reason(t, d, "failure-meter")
	if d.Verdict != Warn || d.WouldBe != Warn || d.Probe || r.Mode != WarnOnly || r.Result != Fail || len(r.OpensWhen) != 0 {
		t.Errorf("%s, would be %s, %+v", d.Verdict, d.WouldBe, r)
	}
	for _, want := range []string{"It only warns now", "six times in 4.1 service-years", "once in 2 years was agreed"} {
		if !strings.Contains(r.Says, want) {
			t.Errorf("the sentence lacks %q: %s", want, r.Says)
		}
	}
	if !strings.Contains(d.Summary, "wrong more often than agreed") {
		t.Errorf("summary: %s", d.Summary)
	}
	l := keep(t, p, Take(ask(), p, now, known), ask())
	if again, same, err := Replay(l); !same || err != nil {
		t.Errorf("replay: %v, %v, %+v", same, err, again)
	}
}

func TestADemotedCriterionNeitherHoldsBackOthersNorBecomesStricter(t *testing.T) {
	t.Parallel()
	p, now := PolicyFor(metrics.Standard), day(12).Add(3*time.Hour)
	known := Known{Facts: record("......xx.xx.x"), Service: standard(), Demoted: demoted()}
	if d := Decide(p, Take(ask(), p, now, known), ask()); d.Verdict != Block {
		t.Errorf("another criterion stops it, and yet %s", d.Verdict)
	}
	p.Criteria.FailureMeter.Mode = Observe
	known.Facts = record("......xx.xx.")
	d := Decide(p, Take(ask(), p, day(11).Add(time.Hour), known), ask())
	if r := reason(t, d, "failure-meter"); r.Mode != Observe || strings.Contains(r.Says, "only warns now") {
		t.Errorf("one that observes became %s: %s", r.Mode, r.Says)
	}
}

func TestASnapshotWithoutDemotionsIsTheBytesItAlwaysWas(t *testing.T) {
	t.Parallel()
	p := PolicyFor(metrics.Standard)
	text, err := Canonical(Take(ask(), p, day(11), Known{Facts: record("..."), Service: standard(), Demoted: []Demotion{}}))
	if err != nil || bytes.Contains(text, []byte("demoted")) {
		t.Errorf("%s, %v", text, err)
	}
}
