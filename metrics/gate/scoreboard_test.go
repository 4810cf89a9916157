package gate

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"shiphabit/metrics"
)

// scored is a normal decision about the artifact of a day's rollout, made an hour before it went out.
func scored(n int, verdict Result) Scored {
	r := rollout(n)
	return Scored{
		ID: fmt.Sprintf("gd_%d_%s", n, verdict), At: day(n).Add(-time.Hour), Service: "pay", Environment: "production", For: metrics.Production,
		Policy: "standard", Verdict: verdict, WouldBe: verdict, Kind: KindNormal, Digest: r.Digest, Revision: r.Revision,
	}
}

// ledger is one of the service "pay" under the standard policy.
func ledger(f metrics.Facts, to time.Time, decisions ...Scored) Ledger {
	return Ledger{
		From: day(0).Add(-24 * time.Hour), To: to, Decisions: decisions,
		Services: map[string]Standing{"pay": {Facts: f, Policy: PolicyFor(metrics.Standard)}},
	}
}

func TestOnlyTheFirstStopOfARowSaysWhatWouldHaveHappened(t *testing.T) {
	t.Parallel()
	f := record("..x.x...")
	probe := scored(3, Warn)
	probe.Probe = true
	b := ledger(f, day(9),
		scored(0, Allow), scored(2, Block), probe, scored(3, Block), scored(4, Block), // one row: a probe goes out while the stop lasts
		scored(5, Allow), scored(6, Block), scored(7, Allow), scored(20, Block), // 20 never went out
	).Scoreboard()
	if b.Decisions != 9 || b.Blocked != 5 || b.Allowed != 3 || b.Warned != 1 || b.Probes != 1 || b.Services != 1 {
		t.Errorf("%+v", b)
	}
	if s := b.Stops; s.Decisions != 5 || s.Spells != 3 || s.Prevented.Count != 1 || s.Prevented.Of != 2 || s.Undecided != 1 {
		t.Errorf("stops %+v; want three rows, of which one failed, one was fine and one never went out", s)
	}
	if low, high := exactShare(1, 2); b.Stops.Prevented.LowPPM != low || b.Stops.Prevented.HighPPM != high {
		t.Errorf("interval %+v", b.Stops.Prevented)
	}
	if b.WouldBe.Spells != 0 {
		t.Errorf("would-be stops %+v where nothing observes", b.WouldBe)
	}
}

func TestWhatOnlyObservesIsCountedApart(t *testing.T) {
	t.Parallel()
	var decisions []Scored
	for n := range 8 {
		d := scored(n, Allow)
		if n >= 4 {
			d.WouldBe = Block
		}
		decisions = append(decisions, d)
	}
	b := ledger(record("....x..."), day(9), decisions...).Scoreboard()
	if b.Stops.Spells != 0 || b.DelaySeconds != 0 {
		t.Errorf("observing stopped somebody: %+v, %d s", b.Stops, b.DelaySeconds)
	}
	if s := b.WouldBe; s.Decisions != 4 || s.Spells != 1 || s.Prevented.Count != 1 || s.Prevented.Of != 1 {
		t.Errorf("would-be stops %+v; those after the first of a row would not have come about as they did", s)
	}
}

func TestWaitingIsCountedUpToTheNextPromotionLetThrough(t *testing.T) {
	t.Parallel()
	l := ledger(record("........"), day(9), scored(1, Block), scored(2, Block), scored(3, Allow), scored(4, Hold), scored(5, Warn), scored(7, Block))
	b := l.Scoreboard()
	if want := int64((2*24 + 2*24 + 1) * 3600); b.DelaySeconds != want || b.HoldSeconds != 24*3600 || b.Waiting != 1 {
		t.Errorf("%d s after stops (want %d), %d s after holds, %d waiting", b.DelaySeconds, want, b.HoldSeconds, b.Waiting)
	}
}

func TestHoldsNameTheSourceThatWasAwaited(t *testing.T) {
	t.Parallel()
	p := PolicyFor(metrics.High)
	p.Criteria.MonitoringLive = MonitoringLive{} // nothing is stated of it here
	sources := []Watermark{{"github", day(3)}, {"pagerduty", day(3).Add(-2 * time.Hour)}}
	s := take(record("...."), standard(), ask(), p, day(3).Add(5*time.Minute), sources, nil)
	l := keep(t, p, s, ask())
	got := l.Scored()
	if got.Verdict != Hold || got.Late != "pagerduty" || !slices.Equal(got.Holds, []string{"previous-change", "data-fresh"}) {
		t.Fatalf("%+v", got)
	}
	l.PolicyDoc = nil
	if without := l.Scored(); !slices.Contains(without.Holds, "data-fresh") {
		t.Errorf("without the policy it is held by %v", without.Holds)
	}
	b := ledger(record("...."), day(9), got).Scoreboard()
	if want := []Counted{{"previous-change", 1}, {"source pagerduty", 1}}; !slices.Equal(b.Holds, want) {
		t.Errorf("holds %v, want %v", b.Holds, want)
	}
}

func TestAClaimThatDidNotHoldIsCountedAndSoIsAProblemFixedTwice(t *testing.T) {
	t.Parallel()
	refused := scored(1, Allow)
	refused.Asked, refused.Refused = KindFix, true
	fix := func(n int) Scored {
		d := scored(n, Allow)
		d.Asked, d.Kind, d.Fixes = KindFix, KindFix, []string{"ci/d0"}
		return d
	}
	b := ledger(record("x....."), day(9), refused, fix(2), fix(2), fix(3)).Scoreboard()
	if !slices.Equal(b.Refused, []Counted{{KindFix, 1}}) || b.RepeatedFixes != 1 || b.Passed != 3 {
		t.Errorf("refused %v, fixed more than once %d, passed %d", b.Refused, b.RepeatedFixes, b.Passed)
	}
	if once := ledger(record("x....."), day(9), fix(2), fix(2)).Scoreboard(); once.RepeatedFixes != 0 {
		t.Error("asking twice for the same artifact is taken for two fixes")
	}
}

func TestOverriddenPromotionsAreHeldAgainstTheOthersByCategory(t *testing.T) {
	t.Parallel()
	by := func(n int, override string) Scored {
		d := scored(n, Allow)
		d.Override = override
		return d
	}
	l := ledger(record("..x.x..."), day(9), scored(0, Allow), scored(0, Warn), scored(1, Allow), by(2, "ov_1"), by(3, "ov_2"), by(4, "ov_3"), scored(5, Allow))
	for i, category := range []string{"deadline", "false alarm", "deadline", "gate broken"} {
		l.Overrides = append(l.Overrides, Override{ID: fmt.Sprintf("ov_%d", i+1), Category: category, StartsAt: day(1), Used: max(0, 1-i/3)})
	}
	l.Overrides = append(l.Overrides, Override{ID: "ov_old", Category: "accepted risk", StartsAt: day(-30)})
	b := l.Scoreboard()
	want := []OverrideScore{
		{"deadline", 2, 2, shareOf(2, 2)}, {"false alarm", 1, 1, shareOf(0, 1)}, {"gate broken", 1, 0, shareOf(0, 0)},
	}
	if !slices.Equal(b.Overrides, want) {
		t.Errorf("%+v\nwant %+v", b.Overrides, want)
	}
	if b.Others.Count != 0 || b.Others.Of != 3 {
		t.Errorf("the others: %+v; a rollout asked for twice counts once", b.Others)
	}
}

func TestDecisionsThatWereTimedTellHowLongTheyTook(t *testing.T) {
	t.Parallel()
	var decisions []Scored
	for i := range 100 {
		d := scored(0, Allow)
		d.TookMicros = int64(100 - i)
		decisions = append(decisions, d)
	}
	decisions = append(decisions, scored(1, Allow)) // of an earlier version
	if got := ledger(record(".."), day(9), decisions...).Scoreboard().Latency; got == nil || *got != (Latency{100, 50, 99}) {
		t.Errorf("%+v", got)
	}
	if got := ledger(record(".."), day(9), scored(0, Allow)).Scoreboard().Latency; got != nil {
		t.Errorf("nothing was timed, and yet %+v", got)
	}
}

func TestOfNothingNothingIsKnown(t *testing.T) {
	t.Parallel()
	b := Ledger{From: day(0), To: day(1)}.Scoreboard()
	if b.Stops.Prevented != (Share{HighPPM: 1_000_000}) || b.Others != (Share{HighPPM: 1_000_000}) || len(b.Promises) != 0 || b.Holds == nil {
		t.Errorf("%+v", b)
	}
}

func TestTheIntervalOfALargeShareMeetsTheExactOneWhereTheyMeet(t *testing.T) {
	t.Parallel()
	exact, wilson := shareOf(100, largestExact), shareOf(101, largestExact+1)
	if abs(exact.LowPPM-wilson.LowPPM) > 2000 || abs(exact.HighPPM-wilson.HighPPM) > 2000 {
		t.Errorf("%+v and %+v", exact, wilson)
	}
	if huge := shareOf(5_000, 100_000); huge.LowPPM > 50_000 || huge.HighPPM < 50_000 {
		t.Errorf("%+v", huge)
	}
}

// crowd is a ledger of so many decisions about 50 services.
func crowd(n int) Ledger {
	r := rand.New(rand.NewPCG(1, 2))
	l := Ledger{From: day(0), To: day(n / 50), Services: map[string]Standing{}}
	for s := range 50 {
		f := record(strings.Repeat("....x..........", n/50/15+1))
		f.Service = fmt.Sprint("service-", s)
		l.Services[f.Service] = Standing{Facts: f, Policy: PolicyFor(metrics.Standard)}
	}
	for i := range n {
		d := scored(i/50, []Result{Allow, Allow, Warn, Allow, Block, Hold}[r.IntN(6)])
		d.Service, d.TookMicros = fmt.Sprint("service-", i%50), 900
		if d.Verdict == Block {
			d.Fails = []string{"failure-meter"}
		}
		l.Decisions = append(l.Decisions, d)
	}
	return l
}

func TestTheScoreboardAddsUpWhateverTheDecisions(t *testing.T) {
	t.Parallel()
	b := crowd(3000).Scoreboard()
	if b.Allowed+b.Warned+b.Blocked+b.Held != b.Decisions || b.Services != 50 {
		t.Errorf("%+v", b)
	}
	if s := b.Stops; s.Prevented.Of+s.Undecided != s.Spells || s.Spells > s.Decisions || s.Decisions != b.Blocked {
		t.Errorf("%+v", s)
	}
}

func BenchmarkScoreboardOf100000(b *testing.B) {
	l := crowd(100_000)
	for b.Loop() {
		l.Scoreboard()
	}
}

func BenchmarkPromisesOf100000(b *testing.B) {
	l := crowd(100_000)
	for b.Loop() {
		l.Promises()
	}
}
