package gate

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shiphabit/metrics"
)

// checkout is an older service of the same repository, of which something is known since a day.
func checkout(since int) *Older {
	return &Older{Service: "checkout", Repository: "acme/payments", Since: day(since)}
}

// splitOff is what is known of a service that shares code with an older one.
func splitOff(f metrics.Facts, older *Older) Known {
	return Known{Facts: f, Service: standard(), Older: older}
}

// splitDecision is the decision about a service that shares code with an older one, under the standard policy.
func splitDecision(f metrics.Facts, older *Older, now time.Time) Decision {
	p := PolicyFor(metrics.Standard)
	return Decide(p, Take(ask(), p, now, splitOff(f, older)), ask())
}

func TestAServiceThatIsSplitOffBeginsHalfFull(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		sentence, outcomes, want string
		older                    *Older
		setting                  string
	}{
		{"it begins at half the line and pays back from there", "...", "8(begins half full) 7 6 5", checkout(-30), BeginsHalf},
		{"two failures soon after block it, where an empty meter takes four", "xx", "8(begins half full) 13 18!", checkout(-30), BeginsHalf},
		{"nothing is shared, and it begins empty", "...", "0 0 0", nil, BeginsHalf},
		{"the other one is not 30 days older: two that come out together are no split", "...", "0 0 0", checkout(-29), BeginsHalf},
		{"the other one is the newer one", "...", "0 0 0", checkout(5), BeginsHalf},
		{"the policy says empty", "...", "0 0 0", checkout(-400), BeginsEmpty},
		{"the policy is of before this was agreed", "...", "0 0 0", checkout(-400), ""},
	} {
		p := PolicyFor(metrics.Standard)
		p.Criteria.FailureMeter.SharedRepository = c.setting
		h := splitOff(record(c.outcomes), c.older).FailureMeter(p, day(len(c.outcomes)))
		if got := path(h.Steps); got != c.want {
			t.Errorf("%s: %s, want %s", c.sentence, got, c.want)
		}
	}
}

func TestTheHistoryOfASplitServiceStartsWhereItsFirstDeploymentWentOut(t *testing.T) {
	t.Parallel()
	h := splitOff(record("..."), checkout(-30)).Histories(PolicyFor(metrics.Standard), day(3)).Failures
	if first := h.Steps[0]; !first.At.Equal(day(0)) || first.Why != StepShared || first.Value != newLine/2 || first.Line != newLine {
		t.Errorf("it starts with %+v", first)
	}
	early := record("x.")
	early.Rollouts[0].Failures[0].KnownAt = day(0).Add(-time.Hour) // by a clock that differs
	h = splitOff(early, checkout(-30)).Histories(PolicyFor(metrics.Standard), day(3)).Failures
	if h.Steps[0].Why != StepShared || h.Steps[0].At.After(h.Steps[1].At) {
		t.Errorf("the beginning is not its first step: %+v", h.Steps[:2])
	}
}

func TestTheReasonSaysWhereTheFirstPointsComeFrom(t *testing.T) {
	t.Parallel()
	const because = "it shares its repository acme/payments with checkout."
	older := checkout(-90)
	first := splitDecision(metrics.Facts{Service: "pay"}, older, day(0))
	if first.Verdict != Allow {
		t.Errorf("the first one gets %s", first.Verdict)
	}
	r := reason(t, first, "failure-meter")
	want := "No planned production deployment of this service has been judged yet. pay begins half full, at 8 of 17: " + because
	if r.Says != want || r.Result != NotApplicable || r.Observed["meter"] != 8 || r.Observed["began_at"] != 8 {
		t.Errorf("%+v, want %s", r, want)
	}
	if !strings.HasSuffix(first.Summary, "pay begins half full, at 8 of 17: "+because) {
		t.Errorf("in short: %s", first.Summary)
	}
	r = reason(t, splitDecision(record("..."), older, day(3)), "failure-meter")
	if want := "Now 5, line 17. It began half full, at 8 of 17: " + because + " 2 more good ones bring the meter from 5 to 3"; !strings.Contains(r.Says, want) || r.Result != Pass {
		t.Errorf("%s (%s)", r.Says, r.Result)
	}
	if r = reason(t, splitDecision(record("xx"), older, day(2)), "failure-meter"); r.Result != Fail || !strings.Contains(r.Says, "It began half full, at 8 of 17: "+because) {
		t.Errorf("stopped, %s", r.Says)
	}
	older.Path = "services/pay"
	r = reason(t, splitDecision(metrics.Facts{}, older, day(0)), "failure-meter")
	if want := "it shares services/pay in its repository acme/payments with checkout."; !strings.HasSuffix(r.Says, want) {
		t.Errorf("%s, want %s", r.Says, want)
	}
}

func TestTheOwnRecordEndsIt(t *testing.T) {
	t.Parallel()
	for outcomes, left := range map[string]bool{".......": true, "........": false, "xx...": false, "........x": false, "x": true} {
		d := splitDecision(record(outcomes), checkout(-90), day(len(outcomes)))
		r := reason(t, d, "failure-meter")
		if _, told := r.Observed["began_at"]; told != left || strings.Contains(r.Says, "half full") != left {
			t.Errorf("after %s: %s", outcomes, r.Says)
		}
	}
	// Eight good ones later there is no trace of it: the meter is that of a service which began empty.
	p := PolicyFor(metrics.Standard)
	f := record("........x.x.")
	with, without := splitOff(f, checkout(-90)).FailureMeter(p, day(13)), splitOff(f, nil).FailureMeter(p, day(13))
	if diff := cmp.Diff(without.State, with.State); diff != "" {
		t.Error(diff)
	}
}

func TestARecordFromBeforeTheOlderOneKeepsItsMeter(t *testing.T) {
	t.Parallel()
	p := PolicyFor(metrics.Standard)
	f := record("..x..")
	with, without := splitOff(f, checkout(-29)).FailureMeter(p, day(5)), splitOff(f, nil).FailureMeter(p, day(5))
	if diff := cmp.Diff(without, with); diff != "" {
		t.Error(diff)
	}
}

func TestABeginningReplaysFromItsSnapshot(t *testing.T) {
	t.Parallel()
	p := PolicyFor(metrics.Standard)
	for _, outcomes := range []string{"", "..", "xx", ".........."} {
		s := Take(ask(), p, day(len(outcomes)), splitOff(record(outcomes), checkout(-90)))
		text, err := json.Marshal(keep(t, p, s, ask()))
		if err != nil {
			t.Fatal(err)
		}
		var l Logged
		if err := json.Unmarshal(text, &l); err != nil {
			t.Fatal(err)
		}
		if again, same, err := Replay(l); err != nil || !same {
			t.Errorf("after %q: %v, differs in %v", outcomes, err, WhatDiffers(l.Decision, again))
		}
		if told := strings.Contains(string(text), `"began"`); told != (len(outcomes) < 8) {
			t.Errorf("after %q the snapshot tells of a beginning: %t", outcomes, told)
		}
	}
}

func TestABacktestBeginsAsTheGateDid(t *testing.T) {
	t.Parallel()
	p := PolicyFor(metrics.Standard)
	p.Criteria.RestoreFirst, p.Criteria.PreviousChange, p.Criteria.Drain = RestoreFirst{}, PreviousChange{}, Drain{}
	f := record(".x.x..x....x....")
	for _, older := range []*Older{nil, checkout(-31), checkout(-29), checkout(3)} {
		b := RunBacktest(p, splitOff(f, older), day(-1), day(60), day(60))
		verdicts := map[string]Result{}
		for _, v := range b.Verdicts {
			verdicts[v.Rollout] = v.Verdict
		}
		for i := range f.Rollouts {
			r := &f.Rollouts[i]
			known := splitOff(f, older)
			known.Facts.Rollouts = f.Rollouts[:i]
			live := Take(ask(), p, r.StartedAt, known).Meter
			if stopped := verdicts[r.ID] == Block; stopped != live.Blocked {
				t.Errorf("older %+v: the backtest stops %s: %t, the gate did: %t (%d of %d)", older, r.ID, stopped, live.Blocked, live.Value, live.Line)
			}
		}
		if stopped := b.Stopped > 0; stopped != (older.Precedes(day(0))) {
			t.Errorf("older %+v: %d stopped", older, b.Stopped)
		}
	}
}

func TestABeginningAloneNeverBlocksAndNeverWarns(t *testing.T) {
	t.Parallel()
	random := source(34)
	for range 60 {
		p := anyPolicy(random)
		p.Criteria.FailureMeter.OneIn = 2 + random.IntN(20)
		p.Criteria.FailureMeter.WrongStopYears = years(int64(1 + random.IntN(3)))
		p.Criteria.FailureMeter.Mode = Enforce
		older := checkout(-30 - random.IntN(900))
		h := splitOff(record(strings.Repeat(".", random.IntN(200))), older).FailureMeter(p, day(201))
		for _, step := range h.Steps {
			if step.Blocked {
				t.Fatalf("blocked without a failure, at %d of %d", step.Value, step.Line)
			}
		}
		s := Take(ask(), p, day(0), splitOff(metrics.Facts{}, older))
		if r := reason(t, Decide(p, s, ask()), "failure-meter"); s.Meter.Blocked || s.Meter.Value != s.Meter.Line/2 || r.Result != NotApplicable {
			t.Fatalf("at its beginning, %d of %d, it is %s", s.Meter.Value, s.Meter.Line, r.Result)
		}
	}
}

func TestWhatIsRememberedOfABeginningIsWhatWouldBeFolded(t *testing.T) {
	t.Parallel()
	random := source(35)
	recalled := 0
	for range 40 {
		f, p := anyFacts(random), PolicyFor(pick(random, metrics.Critical, metrics.Standard)).Seal()
		k := splitOff(f, pick(random, nil, checkout(-90), checkout(-20), checkout(40)))
		k.Memory = &Memory{}
		for now := day(random.IntN(60)); now.Before(day(70)); now = now.Add(time.Duration(random.Int64N(int64(20 * time.Hour)))) {
			want := Take(ask(), p.Policy(), now, splitOff(f, k.Older))
			if again, found := p.Recall(ask(), now, Known{Service: k.Service, Memory: k.Memory}); found {
				recalled++
				if diff := cmp.Diff(k.Older, again.Older); diff != "" {
					t.Fatal(diff)
				}
				again.KindOf = k.KindOf
				if diff := cmp.Diff(want.Meter, p.Take(ask(), now, again).Meter); diff != "" {
					t.Fatal(diff)
				}
			}
			if diff := cmp.Diff(want, p.Take(ask(), now, k)); diff != "" {
				t.Fatal(diff)
			}
		}
	}
	if recalled < 20 {
		t.Errorf("only %d were remembered; the test shows little", recalled)
	}
}

func TestAnOlderServiceThatTurnsUpIsSeenThoughTheRecordIsRemembered(t *testing.T) {
	t.Parallel()
	p, k := PolicyFor(metrics.Standard).Seal(), splitOff(metrics.Facts{Service: "pay"}, nil)
	k.Memory = &Memory{}
	if s := p.Take(ask(), day(0), k); s.Meter.Began != nil {
		t.Fatalf("began %+v", s.Meter.Began)
	}
	k.Older = checkout(-90)
	if s := p.Take(ask(), day(0).Add(forgetful), k); s.Meter.Began == nil {
		t.Error("it goes by what it remembered of a time before")
	}
	if _, found := p.Recall(ask(), day(0).Add(2*forgetful), k); found {
		t.Error("a record without a trial is remembered for long")
	}
	k = splitOff(record("x"), nil)
	k.Memory = &Memory{}
	p.Take(ask(), day(0).Add(time.Hour), k)
	k.Older = checkout(-90)
	if s := p.Take(ask(), day(0).Add(time.Hour), k); s.Meter.Began == nil {
		t.Error("a fold without the older one stands for one with it")
	}
}

func TestHowAMeterBeginsMakesNoCriterionStartAnewAsACandidate(t *testing.T) {
	t.Parallel()
	before, after := PolicyFor(metrics.Standard), PolicyFor(metrics.Standard)
	before.Criteria.FailureMeter.SharedRepository = ""
	if before.values("failure-meter") != after.values("failure-meter") {
		t.Error("observations under the policy of before count for nothing")
	}
	after.Criteria.FailureMeter.OneIn++
	if before.values("failure-meter") == after.values("failure-meter") {
		t.Error("another limit counts as the same")
	}
}
