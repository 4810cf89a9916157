package gate

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"shiphabit/metrics"
)

// watching is the standard policy with the failure meter in a mode.
func watching(mode Mode) Policy {
	p := PolicyFor(metrics.Standard)
	p.Criteria.FailureMeter.Mode = mode
	return p
}

// observed are decisions of a policy about the first rollouts of a record, in which a criterion came out as given.
func observed(p *Policy, criterion string, results ...Result) []Observation {
	list := make([]Observation, len(results))
	for n, r := range results {
		list[n] = Observation{Scored: scored(n, Allow), Policy: p, Results: map[string]Result{criterion: r}}
	}
	return list
}

func results(n int, r Result) []Result { return slices.Repeat([]Result{r}, n) }

// candidate is the service "pay" with a record and what was observed of one criterion.
func candidate(p Policy, f metrics.Facts, criterion string, came ...Result) Candidate {
	return Candidate{Standing{Facts: f, Policy: p}, observed(&p, criterion, came...)}
}

func graduation(t *testing.T, list []Graduation, criterion string) Graduation {
	t.Helper()
	i := slices.IndexFunc(list, func(g Graduation) bool { return g.Criterion == criterion })
	if i < 0 {
		t.Fatalf("nothing is said of %s in %+v", criterion, list)
	}
	return list[i]
}

func TestNoMoreThanThatIsToBeExpectedWhereSoFewWereSeen(t *testing.T) {
	t.Parallel()
	// Half the 95 % quantiles of chi-square with 2, 4, 6 and 22 degrees of freedom: 2.99573, 4.74386, 6.29579, 16.96222.
	for events, want := range map[int]int64{0: 2996, 1: 4744, 2: 6296, 10: 16_963} {
		if got := mostExpected(events); got != want {
			t.Errorf("after %d events: %d thousandths, want %d", events, got, want)
		}
	}
	if got := mostExpected(1000); got < 1_052_000 || got > 1_055_000 { // 1000 + 1.645 × √1000 and a little
		t.Errorf("after a thousand events: %d thousandths", got)
	}
}

func TestACriterionIsProposedAfterThirtyDecisionsThatItJudged(t *testing.T) {
	t.Parallel()
	p := watching(WarnOnly)
	f := record(strings.Repeat(".", 60))
	for n, ready := range map[int]bool{29: false, 30: true} {
		g := graduation(t, Graduations(p, []Candidate{candidate(p, f, "failure-meter", results(n, Pass)...)}, day(70)), "failure-meter")
		if g.Ready != ready || g.Decisions != n || g.Mode != WarnOnly || g.Next != Enforce {
			t.Errorf("after %d decisions: %+v", n, g)
		}
		if !ready && !slices.Equal(g.Missing, []string{"29 of 30 decisions observed"}) {
			t.Errorf("after %d decisions it lacks %q", n, g.Missing)
		}
		if want := []PolicyChange{{"criteria.failure-meter.mode", "enforce"}}; !slices.Equal(g.Changes, want) {
			t.Errorf("to be changed: %v", g.Changes)
		}
	}
}

func TestOnlyDecisionsInThisModeWithTheseValuesAreEvidence(t *testing.T) {
	t.Parallel()
	p, f := watching(WarnOnly), record(strings.Repeat(".", 60))
	base := func() []Observation { return observed(&p, "failure-meter", results(40, Pass)...) }
	for about, change := range map[string]func(o *Observation){
		"another mode":  func(o *Observation) { q := watching(Observe); o.Policy = &q },
		"another value": func(o *Observation) { q := watching(WarnOnly); q.Criteria.FailureMeter.OneIn = 7; o.Policy = &q },
		"held back by a ceiling": func(o *Observation) {
			q := watching(WarnOnly)
			q.Ceilings = map[metrics.EnvironmentKind]Mode{production: Observe}
			o.Policy = &q
		},
		"a staging environment":           func(o *Observation) { o.For = metrics.Staging },
		"a rollback":                      func(o *Observation) { o.Kind = KindRollback },
		"nothing to judge":                func(o *Observation) { o.Results = map[string]Result{"failure-meter": NotApplicable} },
		"an unknown that allows":          func(o *Observation) { o.Results = map[string]Result{"failure-meter": Unknown} },
		"the same artifact another time":  func(o *Observation) { o.Digest = "sha256:same" },
		"a criterion that was not there":  func(o *Observation) { o.Results = nil },
		"a policy without that criterion": func(o *Observation) { q := Policy{Name: "bare"}; o.Policy = &q },
	} {
		list := base()
		for i := range list {
			change(&list[i])
		}
		g := graduation(t, Graduations(p, []Candidate{{Standing{Facts: f, Policy: p}, list}}, day(70)), "failure-meter")
		most := 0
		if strings.Contains(about, "same artifact") {
			most = 1
		}
		if g.Decisions != most || g.Ready {
			t.Errorf("%s counts %d times: %+v", about, g.Decisions, g)
		}
	}
	other := watching(WarnOnly)
	other.Criteria.BatchSize = BatchSize{Rule: warned(Allow), MaxCommits: 9}
	list := base()
	for i := range list {
		list[i].Policy = &other
	}
	if g := graduation(t, Graduations(p, []Candidate{{Standing{Facts: f, Policy: p}, list}}, day(70)), "failure-meter"); g.Decisions != 40 {
		t.Errorf("a policy that differs in another criterion counts %d times", g.Decisions)
	}
}

func TestThePromiseIsHeldAgainstTheWholeRecordAndNoMoreIsSaidThanItShows(t *testing.T) {
	t.Parallel()
	p := watching(WarnOnly)
	of := func(f metrics.Facts, years Fraction) Graduation {
		q := p
		q.Criteria.FailureMeter.WrongStopYears = years
		return graduation(t, Graduations(q, []Candidate{candidate(q, f, "failure-meter", results(30, Pass)...)}, day(len(f.Rollouts))), "failure-meter")
	}
	// One deployment a day for 372 days, with a wrong stop in each third: P(X ≥ 3) is 1.5 % where one in two years is promised.
	g := of(unlucky(3), years(2))
	if g.Promise.Wrong != 3 || g.Promise.Agreement != PromiseContradicted || g.Ready {
		t.Errorf("three wrong stops in 372 days: %+v, missing %q", g.Promise, g.Missing)
	}
	if want := "the backtest's wrong stops exceed the promise: three times in 1 service-year, where one in 2 years is promised"; len(g.Missing) != 1 || !strings.HasPrefix(g.Missing[0], want) {
		t.Errorf("missing %q", g.Missing)
	}
	g = of(unlucky(1), years(2)) // 124 days
	r := g.Promise
	// 4.744 are the most to be expected after one: at worst one in 124/4.744 = 26.1 days, and 9.488 service-years show one in two years.
	if r.Agreement != PromiseNotContradicted || !g.Ready || r.AtWorst != (Fraction{26, 365}) || r.NeedsYears != (Fraction{1186, 125}) || r.Expected != (Fraction{62, 365}) {
		t.Errorf("one wrong stop in 124 days: %+v", r)
	}
	said := strings.Join(g.Says, " ")
	for _, want := range []string{
		"It judged 30 decisions in this mode and with these values, each artifact counted once. In force it would have stopped none of them.",
		"Promised is a wrong stop at most once in 2 years. The backtest of 124 service-days finds 1 wrong stop, where at most 0.17 are expected.",
		"too little to show it: with 95 % certainty there is no more than one in 26 days. To show it would take 9.5 service-years without another one.",
	} {
		if !strings.Contains(said, want) {
			t.Errorf("it does not say %q but %s", want, said)
		}
	}
	// Nothing wrong in 400 days where one in a tenth of a year is promised: 2.996 tenths of a year are enough to show it.
	g = of(record(strings.Repeat(".", 400)), Fraction{1, 10})
	if r := g.Promise; r.Agreement != PromiseShown || !g.Ready || r.NeedsYears != (Fraction{3, 10}) || !strings.Contains(strings.Join(g.Says, " "), "shows the promise to be kept: with 95 % certainty there is no more than one in 133 days") {
		t.Errorf("%+v, %q", g.Promise, g.Says)
	}
	// Of a service that fails too often no stop can be called wrong.
	g = of(record(strings.Repeat("...x", 60)), years(2))
	if r := g.Promise; r.Agreement != PromiseNotTested || r.Services != 0 || !strings.Contains(strings.Join(g.Says, " "), "cannot be tested here") {
		t.Errorf("%+v, %q", g.Promise, g.Says)
	}
}

func TestServicesOfOneLayerAreHeldAgainstThePromiseTogether(t *testing.T) {
	t.Parallel()
	p := watching(WarnOnly)
	other := p
	other.Criteria.FailureMeter.OneIn = 9
	two := func(second Policy) Graduation {
		a, b := candidate(p, unlucky(1), "failure-meter", results(16, Pass)...), candidate(second, unlucky(1), "failure-meter", results(16, Pass)...)
		b.Facts.Service = "shop"
		b.Facts.Rollouts = slices.Clone(b.Facts.Rollouts)
		for i := range b.Observed {
			b.Observed[i].Service = "shop"
		}
		return graduation(t, Graduations(p, []Candidate{a, b}, day(124)), "failure-meter")
	}
	if g := two(p); g.Decisions != 32 || g.Promise.Services != 2 || g.Promise.Wrong != 2 || g.Promise.Years != (Fraction{248, 365}) {
		t.Errorf("together: %+v, %+v", g, g.Promise)
	}
	if g := two(other); g.Decisions != 16 || g.Promise.Services != 1 {
		t.Errorf("one that is judged by other values counts: %+v", g)
	}
}

func TestWhatWouldHaveBeenStoppedIsToldByWhatBecameOfIt(t *testing.T) {
	t.Parallel()
	p := PolicyFor(metrics.Standard)
	f := record(strings.Repeat(".", 9) + "x" + strings.Repeat(".", 25))
	came := results(36, Pass) // 35 never went out
	for _, n := range []int{3, 9, 12, 35} {
		came[n] = Unknown // the watch before was not over
	}
	p.Criteria.PreviousChange.OnUnknown = Hold
	g := graduation(t, Graduations(p, []Candidate{candidate(p, f, "previous-change", came...)}, day(60)), "previous-change")
	if g.Decisions != 36 || g.WouldStop != 4 || g.Failed != 1 || g.Fine != 2 || g.Undecided != 1 || !g.Ready || g.Promise != nil {
		t.Errorf("%+v", g)
	}
	if want := "In force it would have stopped four of them: one failed later, two turned out fine, one went out with an outcome that is not known, or not at all."; !slices.Contains(g.Says, want) ||
		!slices.Contains(g.Says, "It promises nothing, so the counts are all that can be said.") {
		t.Errorf("%q", g.Says)
	}
	p.Criteria.PreviousChange.Mode, p.Criteria.PreviousChange.OnUnknown = Observe, Warn // in force it would go on warning
	if g := graduation(t, Graduations(p, []Candidate{candidate(p, f, "previous-change", came...)}, day(60)), "previous-change"); g.WouldStop != 0 || g.Decisions != 36 {
		t.Errorf("%+v", g)
	}
	g = graduation(t, Graduations(p, []Candidate{candidate(p, f, "open-incidents", slices.Concat(results(15, Pass), results(16, Fail))...)}, day(60)), "open-incidents")
	if g.Ready || !slices.Equal(g.Missing, []string{"in force it would have stopped 16 of 31, more than half: find out why first"}) {
		t.Errorf("one that stops most of all is proposed: %+v", g)
	}
	if g = graduation(t, Graduations(p, []Candidate{candidate(p, f, "open-incidents", slices.Concat(results(15, Pass), results(15, Fail))...)}, day(60)), "open-incidents"); !g.Ready {
		t.Errorf("one that stops half is not: %q", g.Missing)
	}
}

func TestAStepThatThePolicyWouldNotAllowIsNotProposed(t *testing.T) {
	t.Parallel()
	low := PolicyFor(metrics.Low) // its meter grants no probes
	g := graduation(t, Graduations(low, []Candidate{candidate(low, record(strings.Repeat(".", 60)), "failure-meter", results(40, Pass)...)}, day(70)), "failure-meter")
	if g.Ready || len(g.Missing) != 1 || !strings.Contains(g.Missing[0], "the policy would be refused: criteria.failure-meter.probes_per_day: 0 would leave an enforced meter shut") {
		t.Errorf("%+v", g)
	}
	rare := watching(WarnOnly)
	rare.Criteria.FailureMeter.OneIn, rare.Criteria.FailureMeter.WrongStopYears = 2, Fraction{1, 10}
	g = graduation(t, Graduations(rare, []Candidate{candidate(rare, record("."), "failure-meter", results(40, Pass)...)}, day(200)), "failure-meter")
	if g.Ready || len(g.Missing) != 1 || !strings.Contains(g.Missing[0], "lint would refuse it for pay: at 1 deployment a month") {
		t.Errorf("%+v", g)
	}
}

func TestWhatOnlyWarnsByItsNatureIsNotProposedToStop(t *testing.T) {
	t.Parallel()
	p := PolicyFor(metrics.Standard)
	for _, g := range Graduations(p, nil, day(1)) {
		if slices.Contains([]string{"own-usual", "error-budget", "previous-change", "failure-meter"}, g.Criterion) {
			t.Errorf("%s is to go from %s to %s", g.Criterion, g.Mode, g.Next)
		}
		if g.Ready || g.Says[0] != "It has judged no decision yet in this mode and with these values." {
			t.Errorf("of nothing observed: %+v", g)
		}
	}
	p.Criteria.OpenIncidents.Severity1, p.Criteria.OpenIncidents.Severity2, p.Criteria.OpenIncidents.Unstated = Warn, Warn, Pass
	if slices.ContainsFunc(Graduations(p, nil, day(1)), func(g Graduation) bool { return g.Criterion == "open-incidents" }) {
		t.Error("incidents that only warn at any severity are to stop")
	}
	p.Criteria.OwnUsual.Mode, p.Criteria.RestoreFirst.Mode = Observe, Off
	g := graduation(t, Graduations(p, nil, day(1)), "own-usual")
	if g.Next != WarnOnly || g.Promise != nil || !slices.Contains(g.Says, "What it promises is about warnings, and nobody records whether a warning was right: that is not tested.") {
		t.Errorf("%+v", g)
	}
	if slices.ContainsFunc(Graduations(p, nil, day(1)), func(g Graduation) bool { return g.Criterion == "restore-first" }) {
		t.Error("what is off is to do more")
	}
}

func TestACeilingMovesAllThatItHoldsAndWaitsForEachOfThem(t *testing.T) {
	t.Parallel()
	p := Policy{
		Name: "ceiling", Version: 1, Tier: metrics.Standard, Unreachable: Unreachable{Then: "open"}, Overrides: OverrideRule{Persons: 1, Uses: 1},
		Ceilings: map[metrics.EnvironmentKind]Mode{production: Observe},
		Criteria: Criteria{
			RestoreFirst: RestoreFirst{Rule: enforced(Allow)}, Freezes: Freezes{Rule: enforced(Allow)}, BatchSize: BatchSize{Rule: Rule{Observe, Allow}, MaxCommits: 9},
		},
	}
	c := candidate(p, record("x"+strings.Repeat(".", 39)), "restore-first", results(30, Pass)...)
	list := Graduations(p, []Candidate{c}, day(50))
	g := graduation(t, list, "restore-first")
	if g.Ready || g.Mode != Observe || g.Next != WarnOnly || !slices.Equal(g.Missing, []string{"ceilings.production moves others with it, and these are not ready: freeze"}) {
		t.Errorf("%+v", g)
	}
	if !slices.Equal(g.Changes, []PolicyChange{{"ceilings.production", "warn"}}) {
		t.Errorf("to be changed: %v", g.Changes)
	}
	if g := graduation(t, list, "batch-size"); !slices.Equal(g.Changes, []PolicyChange{{"criteria.batch-size.mode", "warn"}, {"ceilings.production", "warn"}}) {
		t.Errorf("what observes by itself under a ceiling: %v", g.Changes)
	}
	for i := range c.Observed {
		c.Observed[i].Results["freeze"] = Pass
	}
	g = graduation(t, Graduations(p, []Candidate{c}, day(50)), "restore-first")
	if !g.Ready || !slices.Contains(g.Says, "ceilings.production holds it back, and others with it, which would move as well: freeze (it never had a case).") {
		t.Errorf("%+v", g)
	}
	if g := graduation(t, Graduations(p, []Candidate{c}, day(50)), "freeze"); g.Ready || !slices.Equal(g.Missing, []string{"it never had a case to judge"}) {
		t.Errorf("what never had a case is proposed: %+v", g)
	}
}

func TestEveryCriterionHasARuleByItsName(t *testing.T) {
	t.Parallel()
	p := PolicyFor(metrics.Critical)
	rules := p.Criteria.rules()
	for _, c := range p.criteria() {
		if rules[c.name] == nil || *rules[c.name] != c.rule || p.values(c.name) == nil {
			t.Errorf("%s: %+v", c.name, rules[c.name])
		}
	}
	if len(rules) != len(p.criteria()) {
		t.Errorf("%d rules of %d criteria", len(rules), len(p.criteria()))
	}
}

func TestWhatIsSaidOfACriterionIsAsFollows(t *testing.T) {
	t.Parallel()
	var text strings.Builder
	p := watching(WarnOnly)
	for _, n := range []int{12, 34} {
		c := candidate(p, unlucky(1), "failure-meter", slices.Concat(results(n-2, Pass), results(2, Fail))...)
		for _, g := range Graduations(p, []Candidate{c}, day(124)) {
			fmt.Fprintln(&text, g.Text())
		}
	}
	golden(t, "graduations.txt", text.String())
}

// Decisions are read newest first; the first about an artifact is the oldest.
func TestTheFirstDecisionAboutAnArtifactCounts(t *testing.T) {
	t.Parallel()
	p := PolicyFor(metrics.Standard)
	c := candidate(p, record(strings.Repeat(".", 5)), "open-incidents", Pass, Pass, Pass)
	again := c.Observed[1]
	again.ID, again.At, again.Results = "gd_earlier", again.At.Add(-time.Hour), map[string]Result{"open-incidents": Fail}
	c.Observed = append(c.Observed, again)
	if g := graduation(t, Graduations(p, []Candidate{c}, day(9)), "open-incidents"); g.Decisions != 3 || g.WouldStop != 1 {
		t.Errorf("%+v", g)
	}
}

func TestACriterionThatNeverHadACaseIsLeftAlone(t *testing.T) {
	t.Parallel()
	p := PolicyFor(metrics.Standard)
	p.Criteria.RestoreFirst.Mode, p.Criteria.Freezes.Mode = WarnOnly, Observe
	good, failed := record(strings.Repeat(".", 60)), record("x"+strings.Repeat(".", 59))
	of := func(change func(f *metrics.Facts)) metrics.Facts {
		f := good
		change(&f)
		return f
	}
	incident := func(severity int, kind metrics.EnvironmentKind) metrics.Facts {
		return of(func(f *metrics.Facts) {
			f.Incidents = []metrics.IncidentLink{{Incident: metrics.Incident{ID: "pd/1", Severity: severity, StartedAt: day(3), ResolvedAt: day(4)}, EnvironmentKind: kind}}
		})
	}
	passed, stood := results(30, Pass), append(results(29, Pass), Fail)
	for sentence, c := range map[string]struct {
		criterion string
		facts     metrics.Facts
		came      []Result
		noCase    bool
	}{
		"no incident was ever recorded":                      {"open-incidents", good, passed, true},
		"an incident was recorded":                           {"open-incidents", incident(2, ""), passed, false},
		"an incident of staging alone":                       {"open-incidents", incident(1, metrics.Staging), passed, true},
		"an incident of a severity that counts nowhere":      {"open-incidents", incident(4, ""), passed, true},
		"an incident that is no longer linked stood open":    {"open-incidents", good, stood, false},
		"no deployment ever failed":                          {"restore-first", good, passed, true},
		"a deployment failed once":                           {"restore-first", failed, passed, false},
		"no freeze held when anybody asked":                  {"freeze", good, passed, true},
		"a freeze stood against one of them":                 {"freeze", good, stood, false},
		"tests passed, which is a case of its own each time": {"test-evidence", good, passed, false},
	} {
		q := p
		q.Criteria.TestEvidence.Mode = Observe
		g := graduation(t, Graduations(q, []Candidate{candidate(q, c.facts, c.criterion, c.came...)}, day(70)), c.criterion)
		if g.NoCase != c.noCase || g.Ready == c.noCase || slices.Contains(g.Missing, "it never had a case to judge") != c.noCase {
			t.Errorf("%s: no case is %t, ready %t, missing %q", sentence, g.NoCase, g.Ready, g.Missing)
		}
	}
	both := []Candidate{candidate(p, good, "open-incidents", passed...), candidate(p, incident(1, ""), "open-incidents", passed...)}
	if g := graduation(t, Graduations(p, both, day(70)), "open-incidents"); g.NoCase || !g.Ready {
		t.Errorf("one of two services had an incident: %+v", g)
	}
}
