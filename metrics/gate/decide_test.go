package gate

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"shiphabit/metrics"
)

// transcript writes a decision as a person reads it.
func transcript(title string, d Decision) string {
	var b strings.Builder
	fmt.Fprintf(&b, "## %s\n%s (would be %s, %s, judged as %s)\n%s\n", title, d.Verdict, d.WouldBe, d.Mode, d.Kind, d.Summary)
	for _, r := range d.Reasons {
		fmt.Fprintf(&b, "- %s: %s. %s\n", r.Criterion, r.Result, r.Says)
		for _, o := range r.OpensWhen {
			fmt.Fprintf(&b, "    opens: %s\n", o)
		}
		if len(r.Evidence) > 0 {
			fmt.Fprintf(&b, "    see: %s\n", strings.Join(r.Evidence, " "))
		}
	}
	if d.AskAgainAfter != nil {
		fmt.Fprintf(&b, "ask again after %s\n", d.AskAgainAfter.Format(time.RFC3339))
	}
	return b.String() + "\n"
}

// situation is one case of the transcript: a service in trouble or not, and what is asked of the gate.
type situation struct {
	title   string
	tier    metrics.Tier
	facts   metrics.Facts
	change  func(r *Request)
	now     time.Time
	sources []Watermark
}

func (s situation) decide() Decision {
	p := PolicyFor(s.tier)
	r := ask()
	if s.change != nil {
		s.change(&r)
	}
	service := metrics.Service{Name: "pay", Tier: s.tier}
	return Decide(p, take(s.facts, service, r, p, s.now, s.sources, nil), r)
}

func withIncident(f metrics.Facts, severity int, since time.Time) metrics.Facts {
	i := metrics.IncidentLink{ID: "pager/i1", EnvironmentKind: metrics.Production}
	i.Severity, i.Title, i.StartedAt = severity, "checkout answers 500.", since
	f.Incidents = append(f.Incidents, i)
	return f
}

func situations() []situation {
	stated := func(r *Request) {
		passed, coverage, lines, commits := true, int64(830_000), int64(120), int64(31)
		r.Evidence = Evidence{TestsPassed: &passed, PreviousStage: "staging", CoverageChangedLinesPPM: &coverage, ChangedLines: &lines, Commits: &commits}
	}
	staged := record("....")
	stage := rollout(3)
	stage.ID, stage.Environment, stage.EnvironmentKind, stage.Digest, stage.Revision = "ci/s3", "staging", metrics.Staging, "sha256:new", "new"
	back := rollout(2)
	back.ID, back.Environment, back.EnvironmentKind, back.Kind = "ci/s2", "staging", metrics.Staging, metrics.Rollback
	staged.Rollouts = append(staged.Rollouts, back, stage)
	shaky := record("......xx.xx.") // blocked on day 10, one good one since
	kind := func(kind string, fixes ...string) func(r *Request) {
		return func(r *Request) { r.Change = Change{Kind: kind, Fixes: fixes} }
	}
	return []situation{
		{title: "a service nobody knows", tier: metrics.Standard, now: day(0)},
		{title: "a good record", tier: metrics.Standard, facts: record("..x......."), now: day(10)},
		{title: "a meter near its line", tier: metrics.Standard, facts: record("xx.x."), now: day(5)},
		{title: "a blocked meter", tier: metrics.Standard, facts: shaky, now: day(11).Add(time.Hour)},
		{title: "a blocked meter when a probe is due", tier: metrics.Standard, facts: shaky, now: day(11).Add(13 * time.Hour)},
		{title: "a blocked meter of a critical service", tier: metrics.Critical, facts: shaky, now: day(11).Add(2 * time.Hour), change: stated},
		{title: "a meter that only warns", tier: metrics.Low, facts: record("xxxxxxxx."), now: day(9)},
		{title: "a failed deployment just now", tier: metrics.Standard, facts: record("...x"), now: day(3).Add(20 * time.Minute)},
		{title: "a failed deployment an hour ago", tier: metrics.Standard, facts: record("...x"), now: day(3).Add(time.Hour)},
		{title: "a failed deployment nobody closed", tier: metrics.Standard, facts: record("...x"), now: day(30)},
		{title: "the failed deployment again", tier: metrics.Standard, facts: record("...x"), now: day(3).Add(time.Hour), change: func(r *Request) {
			r.Artifact.Digest = record("...x").Rollouts[3].Digest
		}},
		{title: "a fix of the failed deployment", tier: metrics.Critical, facts: record("...x"), now: day(3).Add(time.Hour), change: kind(KindFix, "d3")},
		{title: "a fix of something unknown", tier: metrics.Standard, facts: record("...x"), now: day(3).Add(time.Hour), change: kind(KindFix, "d9")},
		{title: "a rollback", tier: metrics.Critical, facts: withIncident(record("...."), 1, day(3)), now: day(3).Add(time.Minute), change: func(r *Request) {
			r.Change.Kind, r.Artifact.Digest, r.Commit = KindRollback, "", "rev1"
		}},
		{title: "a rollback to something that never ran here", tier: metrics.Standard, facts: record("...."), now: day(4), change: kind(KindRollback)},
		{title: "an open incident of a critical service", tier: metrics.Critical, facts: withIncident(staged, 2, day(3)), now: day(3).Add(2 * time.Hour), change: stated},
		{title: "a critical service with everything stated", tier: metrics.Critical, facts: staged, now: day(3).Add(2 * time.Hour), change: stated},
		{title: "a critical service with nothing stated, a change under watch and a late source", tier: metrics.Critical, facts: record("...."), now: day(3).Add(5 * time.Minute),
			sources: []Watermark{{"github", day(3)}, {"pagerduty", day(3).Add(-20 * time.Minute)}}},
		{title: "a standard service with a silent source", tier: metrics.Standard, facts: record("...."), now: day(4), sources: []Watermark{{Name: "github"}}},
		{title: "a blocked service asking for staging", tier: metrics.Standard, facts: shaky, now: day(11).Add(time.Hour), change: func(r *Request) { r.Environment = "staging" }},
	}
}

func TestEverySentenceReadsWell(t *testing.T) {
	t.Parallel()
	var b strings.Builder
	for _, s := range situations() {
		b.WriteString(transcript(s.title, s.decide()))
	}
	golden(t, "sentences.golden", b.String())
}

func TestTheReasonOfABlockCarriesItsNumbersAndItsPromise(t *testing.T) {
	t.Parallel()
	d := decide(record("......xx.xx."), ask(), day(11).Add(time.Hour))
	r := reason(t, d, "failure-meter")
	if d.Verdict != Block || r.Result != Fail {
		t.Fatalf("%s, %s", d.Verdict, r.Result)
	}
	for name, want := range map[string]int64{"meter": 18, "line": 17, "failed": 4, "deployments": 12, "good_in_a_row": 1} {
		if r.Observed[name] != want {
			t.Errorf("%s is %d, want %d", name, r.Observed[name], want)
		}
	}
	if want := []string{"ci/d10", "ci/d9", "ci/d7", "ci/d6"}; !slices.Equal(r.Evidence, want) {
		t.Errorf("evidence %v, want %v", r.Evidence, want)
	}
	if r.Promise == nil || r.Promise.AtRate != (Fraction{1, 12}) || r.Promise.WrongStopEveryYears.Num < 2*r.Promise.WrongStopEveryYears.Den {
		t.Errorf("promise %+v, want at least two years at 1/12", r.Promise)
	}
	if !d.ValidUntil.Equal(d.Input.KnownAt.Add(15 * time.Minute)) {
		t.Errorf("valid until %s, known at %s", d.ValidUntil, d.Input.KnownAt)
	}
}

func TestTheWorstEffectIsTheVerdict(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		mode      Mode
		onUnknown Result
		result    Result
		want      Result
	}{
		{Enforce, Allow, Pass, Allow}, {Enforce, Allow, NotApplicable, Allow}, {Enforce, Allow, Exempt, Allow},
		{Enforce, Allow, Warn, Warn}, {Enforce, Allow, Fail, Block},
		{Enforce, Hold, Unknown, Hold}, {Enforce, Warn, Unknown, Warn}, {Enforce, Allow, Unknown, Allow},
		{WarnOnly, Hold, Unknown, Warn}, {WarnOnly, Allow, Unknown, Allow}, {WarnOnly, Hold, Fail, Warn},
		{Observe, Hold, Fail, Allow}, {Observe, Hold, Unknown, Allow}, {Off, Hold, Fail, Allow},
	} {
		if got := effect(c.mode, c.onUnknown, c.result); got != c.want {
			t.Errorf("%s, on unknown %s: %s becomes %s, want %s", c.mode, c.onUnknown, c.result, got, c.want)
		}
	}
}

func TestAnObservingCriterionTellsWhatItWouldDo(t *testing.T) {
	t.Parallel()
	f, now := record("......xx.xx."), day(11).Add(time.Hour)
	p := PolicyFor(metrics.Standard)
	p.Criteria.FailureMeter.Mode = Observe
	d := Decide(p, take(f, standard(), ask(), p, now, nil, nil), ask())
	if d.Verdict != Allow || d.WouldBe != Block {
		t.Errorf("%s, would be %s; want allow, would be block", d.Verdict, d.WouldBe)
	}
	p.Criteria.FailureMeter.Mode = WarnOnly
	d = Decide(p, take(f, standard(), ask(), p, now, nil, nil), ask())
	if d.Verdict != Warn || d.WouldBe != Warn {
		t.Errorf("%s, would be %s; a criterion agreed to warn would only warn", d.Verdict, d.WouldBe)
	}
}

func TestAProbeIsGrantedAndNeverRequested(t *testing.T) {
	t.Parallel()
	f := record("......xx.xx.")
	early, due := day(11).Add(time.Hour), day(11).Add(13*time.Hour)
	if d := decide(f, ask(), early); d.Verdict != Block || d.Probe {
		t.Errorf("before it is due: %s, probe %t", d.Verdict, d.Probe)
	}
	d := decide(f, ask(), due)
	if d.Verdict != Warn || !d.Probe {
		t.Fatalf("when due: %s, probe %t; want it to go on as a probe", d.Verdict, d.Probe)
	}
	l := Logged{Decision: d, Request: ask(), Snapshot: Snapshot{Now: due}}
	grant, granted := l.Grant()
	if !granted || grant.Revision != "new" || !grant.At.Equal(due) {
		t.Errorf("grant %+v", grant)
	}
	p := PolicyFor(metrics.Standard)
	next := Decide(p, take(f, standard(), ask(), p, due.Add(time.Minute), nil, []ProbeGrant{grant}), ask())
	if next.Verdict != Block {
		t.Errorf("a second promotion right after a probe: %s, want block", next.Verdict)
	}
	critical := PolicyFor(metrics.Critical)
	critical.Criteria = Criteria{FailureMeter: critical.Criteria.FailureMeter}
	r := ask()
	if d := Decide(critical, take(f, standard(), r, critical, day(14), nil, nil), r); d.Verdict != Block {
		t.Errorf("a critical probe that is no canary: %s, want block", d.Verdict)
	}
	r.Evidence.Canary = true
	if d := Decide(critical, take(f, standard(), r, critical, day(14), nil, nil), r); !d.Probe {
		t.Errorf("a critical probe as a canary: %s", d.Verdict)
	}
}

func TestAProbePassesTheMeterAndNothingElse(t *testing.T) {
	t.Parallel()
	r := ask()
	failed := false
	r.Evidence.TestsPassed = &failed
	d := decide(record("......xx.xx."), r, day(11).Add(13*time.Hour))
	if d.Verdict != Block || d.Probe || reason(t, d, "failure-meter").Result != Fail {
		t.Errorf("%s, probe %t: failed tests stop a probe too, and none is granted", d.Verdict, d.Probe)
	}
}

func TestAHoldSaysWhenToAskAgain(t *testing.T) {
	t.Parallel()
	f := record("....")
	p := PolicyFor(metrics.High)
	p.Criteria.TestEvidence.OnUnknown, p.Criteria.RollbackReady.OnUnknown, p.Criteria.MonitoringLive.OnUnknown = Allow, Allow, Allow
	d := Decide(p, take(f, standard(), ask(), p, day(3).Add(5*time.Minute), nil, nil), ask())
	if want := day(3).Add(30 * time.Minute); d.Verdict != Hold || d.AskAgainAfter == nil || !d.AskAgainAfter.Equal(want) {
		t.Errorf("%s, ask again %v; want hold until the watch ends at %s", d.Verdict, d.AskAgainAfter, want)
	}
	after := Decide(p, take(f, standard(), ask(), p, day(3).Add(30*time.Minute), nil, nil), ask())
	if after.Verdict == Hold || after.AskAgainAfter != nil {
		t.Errorf("after the watch: %s, ask again %v", after.Verdict, after.AskAgainAfter)
	}
}

func BenchmarkDecide(b *testing.B) {
	f, p := record("......xx.xx."), PolicyFor(metrics.Standard)
	s := take(f, standard(), ask(), p, day(11).Add(time.Hour), nil, nil)
	for b.Loop() {
		Decide(p, s, ask())
	}
}

func BenchmarkTake(b *testing.B) {
	f, p := record("......xx.xx."), PolicyFor(metrics.Standard)
	for b.Loop() {
		take(f, standard(), ask(), p, day(11).Add(time.Hour), nil, nil)
	}
}

func TestAMeterThatOnlyWarnsDoesNotSpeakOfStops(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		tier        metrics.Tier
		environment string
		stops       bool
	}{{metrics.Low, "production", false}, {metrics.Standard, "production", true}, {metrics.Standard, "staging", false}} {
		p := PolicyFor(c.tier)
		r := Request{Service: "pay", Environment: c.environment, Change: Change{Kind: KindNormal}}
		s := Take(r, p, day(12), Known{Facts: record("...x......"), Service: metrics.Service{Name: "pay", Tier: c.tier}})
		for _, reason := range Decide(p, s, r).Reasons {
			if reason.Criterion == "failure-meter" && strings.Contains(reason.Says, "to stop you") != c.stops {
				t.Errorf("%s in %s: %s", c.tier, c.environment, reason.Says)
			}
		}
		s.Meter.OnlyWarns = false // as in a snapshot from before
		if again := Decide(p, s, r); len(again.Reasons) > 0 && !strings.Contains(again.Reasons[0].Says, "to stop you") {
			t.Errorf("an old decision is told another way: %s", again.Reasons[0].Says)
		}
	}
}

func TestAFailureIsAsOldAsItIsHoweverLateItBecomesKnown(t *testing.T) {
	t.Parallel()
	facts := record("....x")
	facts.Rollouts[4].Failures[0].KnownAt = day(4).Add(54 * time.Minute)
	p, r := PolicyFor(metrics.Standard), Request{Service: "pay", Environment: "production", Change: Change{Kind: KindNormal}}
	for after, want := range map[time.Duration]Result{30 * time.Minute: Pass, 55 * time.Minute: Warn, 61 * time.Minute: Fail} {
		s := Take(r, p, day(4).Add(after), Known{Facts: facts, Service: metrics.Service{Name: "pay"}})
		for _, reason := range Decide(p, s, r).Reasons {
			if reason.Criterion == "restore-first" && (reason.Result != want || want != Pass && !strings.Contains(reason.Says, "failed at "+clock(day(4)))) {
				t.Errorf("after %s: %s, %s", after, reason.Result, reason.Says)
			}
		}
	}
}
