package gate

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"shiphabit/metrics"
)

// newLine is the line of +5 at 30 deployments a month, which holds until 90 days are known.
const newLine = 17

// fold folds a history under the standard policy, late enough for every watch to be over.
func fold(f metrics.Facts, now time.Time) (MeterState, []MeterStep) {
	return FoldMeter(f, PolicyFor(metrics.Standard), now, nil)
}

// path writes the values of the steps: "0 5 4", with "!" while blocked and the cause where it is not plain.
func path(steps []MeterStep) string {
	var words []string
	for _, s := range steps {
		word := fmt.Sprint(s.Value)
		if s.Blocked {
			word += "!"
		}
		switch s.Why {
		case StepGood, StepFailed:
		default:
			word += "(" + string(s.Why) + ")"
		}
		words = append(words, word)
	}
	return strings.Join(words, " ")
}

func TestTheMeterStepByStep(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ sentence, outcomes, want string }{
		{"good deployments keep it at 0", "...", "0 0 0"},
		{"a failed one costs 5, a good one pays back 1", "x...", "5 4 3 2"},
		{"one failure never blocks, four in a row do", "xxxx", "5 10 15 20!"},
		{"three good ones in a row reopen it at half the line", "xxxx...", "5 10 15 20! 19! 18! 17! 8(reopened)"},
		{"a failure breaks the row", "xxxx..x...", "5 10 15 20! 19! 18! 23! 22! 21! 20! 8(reopened)"},
		{"two failures soon after reopening block again", "xxxx...xx", "5 10 15 20! 19! 18! 17! 8(reopened) 13 18!"},
	} {
		_, steps := fold(record(c.outcomes), day(len(c.outcomes)))
		if got := path(steps); got != c.want {
			t.Errorf("%s: %s, want %s", c.sentence, got, c.want)
		}
	}
	if got := PolicyFor(metrics.Standard).Criteria.FailureMeter.line(newVolume); got != newLine {
		t.Errorf("the line of a new service is %d, want %d", got, newLine)
	}
}

func TestOnlyPlannedProductionRolloutsAreTrials(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		sentence string
		change   func(f *metrics.Facts)
		trials   int
	}{
		{"three planned ones", func(*metrics.Facts) {}, 3},
		{"a reapply is one", func(f *metrics.Facts) { f.Rollouts[2].Kind = metrics.Reapply }, 3},
		{"a rollback is none", func(f *metrics.Facts) { f.Rollouts[2].Kind = metrics.Rollback }, 2},
		{"rework is none", func(f *metrics.Facts) { f.Rollouts[2].Kind = metrics.Rework }, 2},
		{"a redeploy is none", func(f *metrics.Facts) { f.Rollouts[2].Kind = metrics.Redeploy }, 2},
		{"staging is none", func(f *metrics.Facts) { f.Rollouts[2].EnvironmentKind = metrics.Staging }, 2},
		{"the digest that is live pays nothing", func(f *metrics.Facts) { f.Rollouts[2].Digest = f.Rollouts[1].Digest }, 2},
		{"putting in again what failed to go in is a fix", func(f *metrics.Facts) {
			f.Rollouts[1] = brokenRun(1)
			f.Rollouts[2].Digest = f.Rollouts[1].Digest
		}, 2},
		{"what is not finished yet is none", func(f *metrics.Facts) { f.Rollouts[2].FinishedAt = day(9) }, 2},
	} {
		f := record("...")
		c.change(&f)
		if state, _ := fold(f, day(5)); state.Trials != c.trials {
			t.Errorf("%s: %d trials, want %d", c.sentence, state.Trials, c.trials)
		}
	}
}

func TestATrialIsPendingUntilItsWatchEnds(t *testing.T) {
	t.Parallel()
	f := record("x.")
	before, _ := fold(f, day(1).Add(14*time.Minute))
	if before.Value != 5 || before.Pending != 1 {
		t.Errorf("during the watch: %+v, want 5 points and one pending", before)
	}
	after, _ := fold(f, day(1).Add(15*time.Minute))
	if after.Value != 4 || after.Pending != 0 {
		t.Errorf("after the watch: %+v, want 4 points and none pending", after)
	}
}

func TestAFailureCountsAtOnceAndOnlyWhenKnown(t *testing.T) {
	t.Parallel()
	f := record(".")
	f.Rollouts[0].Failures = []metrics.Failure{{Cause: metrics.CauseIncident, At: day(0), KnownAt: day(0).Add(5 * time.Minute)}}
	if state, _ := fold(f, day(0).Add(4*time.Minute)); state.Value != 0 || state.Pending != 1 {
		t.Errorf("before it is known: %+v", state)
	}
	if state, _ := fold(f, day(0).Add(5*time.Minute)); state.Value != 5 || state.Pending != 0 {
		t.Errorf("once known, still inside the watch: %+v", state)
	}
}

func TestAFirstVerdictThatComesAfterTheWatchTakesNothingBackThatCountedBefore(t *testing.T) {
	t.Parallel()
	for verdict, want := range map[string]string{"healthy": "5 4", "unhealthy": "5 4 10(found failed later)"} {
		f := record("x.")
		late := day(1).Add(20 * time.Minute)
		if _, steps := fold(f, late.Add(-time.Minute)); path(steps) != "5 4" {
			t.Fatalf("before it comes: %s", path(steps))
		}
		if f.Rollouts[1].Verdict, f.Rollouts[1].VerdictSince = verdict, late; verdict == "unhealthy" {
			f.Rollouts[1].Failures = []metrics.Failure{{Cause: metrics.CauseVerdict, At: late, KnownAt: late}}
		}
		if _, steps := fold(f, day(9)); path(steps) != want || !steps[1].At.Equal(day(1).Add(15*time.Minute)) {
			t.Errorf("a verdict of %s: %s, the second at %s; want %s", verdict, path(steps), steps[1].At, want)
		}
	}
}

func TestAFixOpensTheMeterWhenItIsFoundHealthyAndItsLaterFailureTakesThatNotBack(t *testing.T) {
	t.Parallel()
	f := record("xxxx.")
	fix, late := &f.Rollouts[4], day(4).Add(20*time.Minute)
	fix.Kind, fix.Verdict, fix.VerdictSince = metrics.Rework, "healthy", late // the first verdict of all, after the watch
	f.Rollouts[3].Recovery = &metrics.Recovery{At: fix.FinishedAt, By: "fix", Evidence: fix.ID}
	for _, failed := range []bool{false, true} {
		if failed {
			fix.Failures = []metrics.Failure{{Cause: metrics.CauseIncident, At: day(6), KnownAt: day(6)}}
		}
		if _, steps := fold(f, late.Add(-1)); path(steps) != "5 10 15 20!" {
			t.Errorf("before it is found healthy: %s", path(steps))
		}
		if _, steps := fold(f, day(9)); path(steps) != "5 10 15 20! 8(cause fixed and verified)" || !steps[4].At.Equal(late) {
			t.Errorf("since: %s", path(steps))
		}
	}
}

func TestWithAVerdictSourceAnUnconfirmedSuccessIsInconclusive(t *testing.T) {
	t.Parallel()
	f := record("x...")
	f.Rollouts[0].Verdict, f.Rollouts[0].VerdictSince = "unhealthy", day(0).Add(time.Minute)
	f.Rollouts[1].Verdict, f.Rollouts[1].VerdictSince = "healthy", day(1).Add(20*time.Minute)
	f.Rollouts[2].Verdict, f.Rollouts[2].VerdictSince = "inconclusive", day(2).Add(10*time.Minute)
	state, steps := fold(f, day(9))
	if got := path(steps); got != "5 4" || state.Trials != 2 {
		t.Errorf("path %s with %d trials, want 5 4 with 2: the inconclusive and the silent one count nowhere", got, state.Trials)
	}
	if at := steps[1].At; !at.Equal(day(1).Add(20 * time.Minute)) {
		t.Errorf("known at %s, want the time of the verdict", at)
	}
	s := take(f, standard(), ask(), PolicyFor(metrics.Standard), day(9), nil, nil)
	var outcomes []Outcome
	for _, trial := range s.Recent {
		outcomes = append(outcomes, trial.Outcome)
	}
	if want := []Outcome{Failed, Good, Inconclusive, Inconclusive}; !slices.Equal(outcomes, want) || !s.Recent[1].Verified {
		t.Errorf("outcomes %v, want %v with the second one verified", outcomes, want)
	}
}

func TestWithoutAVerdictSourceASuccessIsGoodButUnverified(t *testing.T) {
	t.Parallel()
	f := record("..")
	// The source appears with the second deployment; the first one was watched before there was any.
	f.Rollouts[1].Verdict, f.Rollouts[1].VerdictSince = "healthy", day(1).Add(time.Minute)
	s := take(f, standard(), ask(), PolicyFor(metrics.Standard), day(2), nil, nil)
	if first, second := s.Recent[0], s.Recent[1]; first.Outcome != Good || first.Verified || second.Outcome != Good || !second.Verified {
		t.Errorf("%+v, want good unverified, then good verified", s.Recent)
	}
}

func TestALateFailureTakesBackWhatWasPaidAndThenCosts(t *testing.T) {
	t.Parallel()
	late := func(outcomes string, which int) string {
		f := record(outcomes)
		f.Rollouts[which].Failures = []metrics.Failure{{Cause: metrics.CauseIncident, At: day(which), KnownAt: day(4)}}
		_, steps := fold(f, day(9))
		return path(steps)
	}
	if got, want := late("x...", 1), "5 4 3 2 8(found failed later)"; got != want {
		t.Errorf("a point was paid: %s, want %s", got, want)
	}
	if got, want := late("....", 1), "0 0 0 0 5(found failed later)"; got != want {
		t.Errorf("nothing was paid: %s, want %s", got, want)
	}
}

func TestAVerifiedFixOfTheCauseReopensAtHalfTheLine(t *testing.T) {
	t.Parallel()
	f := record("xxxx")
	fix := rollout(5)
	fix.Kind, fix.Verdict, fix.VerdictSince = metrics.Rework, "healthy", day(5).Add(10*time.Minute)
	f.Rollouts[3].Recovery = &metrics.Recovery{At: day(5), By: "fix", Evidence: fix.ID}
	f.Rollouts = append(f.Rollouts, fix)
	state, steps := fold(f, day(6))
	if got, want := path(steps), "5 10 15 20! 8(cause fixed and verified)"; got != want || state.Blocked {
		t.Errorf("%s, want %s", got, want)
	}
	f.Rollouts[4].Verdict = "inconclusive"
	if state, _ := fold(f, day(6)); !state.Blocked {
		t.Error("a fix that nobody found healthy opened the meter")
	}
}

func TestADeploymentFromBeforeTheBlockIsNoProbe(t *testing.T) {
	t.Parallel()
	f := record("xxx.")
	// The fourth failure becomes known while the last good one is still watched.
	f.Rollouts[3].Failures = nil
	late := rollout(2)
	late.ID, late.FinishedAt, late.SucceededAt, late.KnownAt = "ci/late", day(2).Add(time.Hour), day(2).Add(time.Hour), day(2).Add(time.Hour)
	late.Digest, late.Revision = "sha256:late", "late"
	late.Failures = []metrics.Failure{{Cause: metrics.CauseIncident, At: day(3), KnownAt: day(3).Add(time.Minute)}}
	f.Rollouts = slices.Insert(f.Rollouts, 3, late)
	state, _ := fold(f, day(4))
	if !state.Blocked || state.GoodInARow != 0 {
		t.Errorf("%+v: what went out before the block says nothing about its cause", state)
	}
}

func TestTheLineFollowsTheVolumeOfTheLast90Days(t *testing.T) {
	t.Parallel()
	f := metrics.Facts{Service: "pay"}
	for n := 0; n < 300; n += 10 { // one in ten days: 9 in 90 days, 3 a month
		f.Rollouts = append(f.Rollouts, rollout(n))
	}
	early, _ := fold(f, day(89))
	if early.Volume != newVolume || early.Line != newLine {
		t.Errorf("before 90 days are known: volume %d, line %d, want %d and %d", early.Volume, early.Line, newVolume, newLine)
	}
	later, steps := fold(f, day(299))
	if later.Volume != 3 || later.Line != Line(5, 3, years(2), Fraction{1, 12}) {
		t.Errorf("after: volume %d, line %d", later.Volume, later.Line)
	}
	// The first of the month after 1 January and 90 days, noon, is 1 May.
	at := slices.IndexFunc(steps, func(s MeterStep) bool { return s.Why == StepLine })
	if at < 0 || !steps[at].At.Equal(time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC)) {
		t.Errorf("the line changed at step %d of %s", at, path(steps))
	}
}

func TestAChangedLineNeverBlocksByItself(t *testing.T) {
	t.Parallel()
	f := metrics.Facts{Service: "pay"}
	for _, n := range []int{0, 110, 111, 112} {
		f.Rollouts = append(f.Rollouts, rollout(n))
	}
	for _, n := range []int{113, 114, 115} { // 20 April on: 15 points of 17
		f.Rollouts = append(f.Rollouts, brokenRun(n))
	}
	before, _ := fold(f, day(116))
	after, _ := fold(f, day(125)) // past 1 May, when the volume of 2 or 3 a month lowers the line
	if before.Value != 15 || after.Blocked || after.Line >= before.Line || after.Value != min(15, after.Line-1) {
		t.Errorf("before %+v, after %+v", before, after)
	}
}

func TestProbesAreSpacedAndWatchedTwiceAsLong(t *testing.T) {
	t.Parallel()
	f := record("xxxx")
	p := PolicyFor(metrics.Standard)
	state, _ := FoldMeter(f, p, day(3).Add(time.Hour), nil)
	if want := day(3).Add(12 * time.Hour); !state.NextProbeAt.Equal(want) {
		t.Errorf("first probe at %s, want half a day after the block", state.NextProbeAt)
	}
	granted := []ProbeGrant{{Decision: "gd_1", Service: "pay", Environment: "production", Revision: "rev4", At: day(4).Add(-time.Hour)}}
	f.Rollouts = append(f.Rollouts, rollout(4))
	during, _ := FoldMeter(f, p, day(4).Add(20*time.Minute), granted)
	if during.Pending != 1 || during.ProbesToday != 1 || during.GoodInARow != 0 {
		t.Errorf("20 minutes after a probe: %+v, want it still watched", during)
	}
	after, steps := FoldMeter(f, p, day(4).Add(30*time.Minute), granted)
	if after.GoodInARow != 1 || !after.NextProbeAt.Equal(day(4).Add(12*time.Hour)) {
		t.Errorf("30 minutes after: %+v, want one good and the next probe half a day later", after)
	}
	if !strings.Contains(path(steps), string(StepProbe)) {
		t.Errorf("%s: the probe granted is a step", path(steps))
	}
}

// A decision made earlier must come out the same when the past is folded again: what became known later changes no step
// before it.
func TestLaterKnowledgeChangesNoEarlierStep(t *testing.T) {
	t.Parallel()
	random := source(7)
	for range 200 {
		f := anyFacts(random)
		_, all := fold(f, day(400))
		cut := day(random.IntN(200))
		_, then := fold(f, cut)
		for i, step := range then {
			if all[i] != step {
				t.Fatalf("step %d known at %s was %+v and is %+v", i, cut, step, all[i])
			}
		}
	}
}

func TestTheMeterStaysInItsBounds(t *testing.T) {
	t.Parallel()
	random := source(8)
	for range 300 {
		_, steps := fold(anyFacts(random), day(400))
		for i, s := range steps {
			if s.Value < 0 || (!s.Blocked && s.Value >= s.Line) || (i > 0 && s.At.Before(steps[i-1].At)) {
				t.Fatalf("step %d: %+v after %+v", i, s, steps[max(0, i-1)])
			}
		}
	}
}

func BenchmarkFoldMeterOf50000(b *testing.B) {
	benchmarkFold(b, many(50_000))
}

func BenchmarkFoldMeterOf1000(b *testing.B) { benchmarkFold(b, many(1000)) }

func BenchmarkFoldMeterOf1000With100Corrections(b *testing.B) {
	f := many(1000)
	for n := range 100 {
		was := f.Rollouts[7*n]
		was.Failures = []metrics.Failure{{Cause: metrics.CauseIncident, At: was.FinishedAt, KnownAt: was.FinishedAt}}
		f.Was = append(f.Was, metrics.Was{Rollout: &was, Until: was.FinishedAt.Add(48 * time.Hour), Now: was.ID})
	}
	benchmarkFold(b, f)
}

func benchmarkFold(b *testing.B, f metrics.Facts) {
	b.Helper()
	b.ReportAllocs()
	for b.Loop() {
		fold(f, f.Rollouts[len(f.Rollouts)-1].FinishedAt.Add(time.Hour))
	}
}

func BenchmarkDecideOf50000(b *testing.B) {
	f := many(50_000)
	now := f.Rollouts[len(f.Rollouts)-1].FinishedAt.Add(time.Hour)
	for b.Loop() {
		decide(f, ask(), now)
	}
}

// many is a busy service: thirty deployments a day, one in twenty failed.
func many(n int) metrics.Facts {
	f := metrics.Facts{Service: "pay"}
	for i := range n {
		r := rollout(0)
		r.ID, r.Revision, r.Digest = fmt.Sprintf("ci/%06d", i), fmt.Sprintf("r%06d", i), fmt.Sprintf("sha256:%06d", i)
		r.FinishedAt = day(0).Add(time.Duration(i) * 48 * time.Minute)
		r.SucceededAt, r.KnownAt = r.FinishedAt, r.FinishedAt
		if i%20 == 0 {
			at := r.FinishedAt.Add(5 * time.Minute)
			r.Failures = []metrics.Failure{{Cause: metrics.CauseRollback, At: at, KnownAt: at}}
			r.Recovery = &metrics.Recovery{At: at, By: "rollback"}
		}
		f.Rollouts = append(f.Rollouts, r)
	}
	return f
}

func TestAWatchThatNeverSawTheServiceIsNoVerdictSource(t *testing.T) {
	t.Parallel()
	f := record("x...")
	for i := range f.Rollouts {
		f.Rollouts[i].Verdict, f.Rollouts[i].VerdictSince = "inconclusive", day(i).Add(30*time.Minute)
	}
	if state, steps := fold(f, day(9)); path(steps) != "5 4 3 2" || state.Trials != 4 {
		t.Errorf("path %s with %d trials: good deployments do not pay back", path(steps), state.Trials)
	}
}
