package gate

import (
	"strings"
	"testing"
	"time"

	"shiphabit/metrics"
)

// stopped is a decision that the failure meter, or whatever is named, blocks.
func stopped(id string, criteria ...string) Logged {
	l := Logged{
		Decision: Decision{ID: id, Verdict: Block, Kind: KindNormal, Summary: "Stopped: 4 of the last 11 failed. A rollback or a fix still passes."},
		Request:  Request{Service: "pay", Environment: "production"}, At: day(1),
	}
	for _, c := range criteria {
		l.Reasons = append(l.Reasons, Reason{Criterion: c, Mode: Enforce, Result: Fail, OpensWhen: []string{"three good ones", "or a fix"}})
	}
	return l
}

func TestWhatADecisionMeansForASpell(t *testing.T) {
	t.Parallel()
	with := func(change func(*Logged)) Logged {
		l := stopped("gd_1", "failure-meter")
		change(&l)
		return l
	}
	for sentence, c := range map[string]struct {
		l    Logged
		want Follows
	}{
		"a stop goes on":                                 {stopped("gd_1", "failure-meter"), GoesOn},
		"in another place it tells neither":              {with(func(l *Logged) { l.Request.Environment = "staging" }), Neither},
		"the case of a place's name is nothing":          {with(func(l *Logged) { l.Request.Environment = "Production" }), GoesOn},
		"a freeze stops nobody's service":                {stopped("gd_1", "freeze"), Neither},
		"nor do tests that fail for one change":          {stopped("gd_1", "test-evidence", "changed-line-coverage"), Neither},
		"with something else beside them it is a stop":   {stopped("gd_1", "freeze", "open-incidents"), GoesOn},
		"what only warns does not stop":                  {with(func(l *Logged) { l.Reasons[0].Mode = WarnOnly }), Neither},
		"what the criteria let through ends it":          {with(func(l *Logged) { l.Verdict = Allow }), Begins},
		"also with a warning":                            {with(func(l *Logged) { l.Verdict = Warn }), Begins},
		"a probe goes out while it lasts":                {with(func(l *Logged) { l.Verdict, l.Probe = Warn, true }), Neither},
		"so does what an override lets through":          {with(func(l *Logged) { l.Verdict, l.Override = Allow, "ov_1" }), Neither},
		"a hold tells nothing":                           {with(func(l *Logged) { l.Verdict = Hold }), Neither},
		"a fix passes while it lasts":                    {with(func(l *Logged) { l.Verdict, l.Kind = Allow, KindFix }), Neither},
		"a claim that was refused is judged as a change": {with(func(l *Logged) { l.Request.Change.Kind = KindFix }), GoesOn},
	} {
		if got := c.l.Follows("production"); got != c.want {
			t.Errorf("%s: %s, want %s", sentence, got, c.want)
		}
	}
}

func TestTheFirstStopOfASpellIsToldWithItsSentenceAndWhatOpensItAgain(t *testing.T) {
	t.Parallel()
	n := stopped("gd_7", "failure-meter", "freeze").Stopped("gd_3")
	text := strings.Join(n.Lines, "\n")
	if n.Key != "stop gd_3" || n.Service != "pay" || n.Decision != "gd_7" || !n.At.Equal(day(1)) || n.Subject != "pay: the gate stops changes to production" {
		t.Errorf("%+v", n)
	}
	want := "At 2026-01-02 12:00 UTC the gate answered: Stopped: 4 of the last 11 failed. A rollback or a fix still passes.\n" +
		"What opens it again (failure-meter): three good ones; or a fix."
	if text != want {
		t.Errorf("it says\n%s\nwant\n%s", text, want)
	}
	if first := stopped("gd_7", "failure-meter").Stopped(""); first.Key == n.Key {
		t.Errorf("the first stop of all has the key of another spell: %s", first.Key)
	}
}

func unhealthy(n int, known time.Time) metrics.Rollout {
	r := rollout(n)
	r.Failures = []metrics.Failure{{Cause: metrics.CauseVerdict, At: known.Add(-time.Minute), KnownAt: known, Evidence: "prometheus/v1"}}
	return r
}

func TestAWatchThatEndedInFailedIsNewsWhenItWasToldAsItHappened(t *testing.T) {
	t.Parallel()
	since, known := day(4), day(5)
	with := func(change func(*metrics.Rollout)) metrics.Rollout {
		r := unhealthy(5, known)
		change(&r)
		return r
	}
	for sentence, c := range map[string]struct {
		r    metrics.Rollout
		says string // "" for no news
	}{
		"an open one":     {unhealthy(5, known), "1.5 went to production at 2026-01-06 12:00 UTC. Its watch found it unhealthy at 2026-01-06 11:59 UTC (prometheus/v1)"},
		"how it is fixed": {unhealthy(5, known), "--kind fix --fixes ci/d5"},
		"one that has recovered": {with(func(r *metrics.Rollout) {
			r.Recovery = &metrics.Recovery{At: known.Add(time.Hour), By: "rollback"}
		}), "It has recovered since, at 2026-01-06 13:00 UTC."},
		"one that was imported":               {with(func(r *metrics.Rollout) { r.Failures[0].Assumed = true }), ""},
		"one that was known before":           {unhealthy(5, since), ""},
		"one that is told of long afterwards": {with(func(r *metrics.Rollout) { r.Failures[0].At = since.Add(-time.Second) }), ""},
		"in staging":                          {with(func(r *metrics.Rollout) { r.EnvironmentKind = metrics.Staging }), ""},
		"a run that failed":                   {with(func(r *metrics.Rollout) { r.Failures[0].Cause = metrics.CauseRun }), ""},
	} {
		news := FailedWatches(metrics.Facts{Service: "pay", Rollouts: []metrics.Rollout{rollout(3), c.r}}, nil, since)
		if c.says == "" {
			if len(news) != 0 {
				t.Errorf("%s is told: %+v", sentence, news)
			}
			continue
		}
		if len(news) != 1 || news[0].Key != "watch ci/d5" || !news[0].At.Equal(known) || !strings.Contains(strings.Join(news[0].Lines, "\n"), c.says) {
			t.Errorf("%s: %+v lacks %q", sentence, news, c.says)
		}
	}
}

// fixed is a fix that was let through for an open problem.
func fixed(id, digest, names string, n int) Logged {
	return Logged{
		Decision: Decision{ID: id, Verdict: Allow, Kind: KindFix, Summary: "Goes on: it repairs ci/d1."}, At: day(n),
		Request: Request{Service: "pay", Environment: "production", Artifact: Artifact{Digest: digest}, Change: Change{Kind: KindFix, Fixes: []string{names}}},
		Snapshot: Snapshot{Now: day(n), OpenFailures: []Problem{
			{ID: "ci/d1", Since: day(1)}, {ID: "ci/d2", Since: day(1)},
		}},
	}
}

func TestTheSecondFixOfOneProblemIsFoundHoweverTheProblemIsNamed(t *testing.T) {
	t.Parallel()
	find := func(fixes ...Logged) (News, bool) { return SecondFix("ci/d1", fixes) }
	n, found := find(fixed("gd_1", "sha256:a", "d1", 2), fixed("gd_2", "sha256:b", "d2", 3), fixed("gd_3", "sha256:b", "ci/d1", 4), fixed("gd_4", "sha256:c", "d1", 5))
	if !found || n.Decision != "gd_3" || n.Key != "second fix ci/d1" || n.Subject != "pay: a second fix of ci/d1" || !n.At.Equal(day(4)) {
		t.Errorf("%v, %+v", found, n)
	}
	if text := strings.Join(n.Lines, "\n"); !strings.Contains(text, "the gate answered: Goes on: it repairs ci/d1.") || !strings.Contains(text, "The first one, sha256:a, was let through at 2026-01-03 12:00 UTC") {
		t.Errorf("it says\n%s", text)
	}
	if n, found := find(fixed("gd_1", "sha256:a", "d1", 2), fixed("gd_2", "sha256:a", "d1", 3)); found {
		t.Errorf("the same artifact asked for twice is a second fix: %+v", n)
	}
	if n, found := find(fixed("gd_1", "sha256:a", "d1", 2), fixed("gd_2", "sha256:b", "d2", 3)); found {
		t.Errorf("the fix of another problem is a second one: %+v", n)
	}
	refused := fixed("gd_2", "sha256:b", "d1", 3)
	refused.Kind = KindNormal
	if n, found := find(fixed("gd_1", "sha256:a", "d1", 2), refused); found {
		t.Errorf("a claim that did not hold is a second fix: %+v", n)
	}
	if n, found := SecondFix("", []Logged{{Decision: Decision{ID: "a"}}, {Decision: Decision{ID: "b"}}}); found {
		t.Errorf("no problem has a second fix: %+v", n)
	}
}

func TestFixesAreDistinctByArtifactAndProblemAndComeOldestFirst(t *testing.T) {
	t.Parallel()
	rollback := fixed("gd_0", "sha256:z", "d1", 1)
	rollback.Request.Change.Kind = KindNormal // put in again without saying that it is a fix
	got := DistinctFixes([]Logged{
		fixed("gd_4", "sha256:b", "d1", 5), fixed("gd_3", "sha256:a", "d2", 4), fixed("gd_2", "sha256:a", "d1", 3), fixed("gd_1", "sha256:a", "d1", 2), rollback,
	})
	if len(got) != 3 || got[0].ID != "gd_1" || got[1].ID != "gd_3" || got[2].ID != "gd_4" {
		t.Errorf("%+v", got)
	}
	if since := got[0].FixesSince(); !since.Equal(day(2 - 14)) {
		t.Errorf("fixes are looked for since %v", since)
	}
}

func TestACriterionIsDroppedWhereThePolicyWouldHaveItStop(t *testing.T) {
	t.Parallel()
	broke := Demotion{Criterion: "failure-meter", Measured: 4, Years: Fraction{2, 1}, Promised: Fraction{2, 1}}
	asked := func(environment string, change func(*Policy)) Logged {
		p := PolicyFor(metrics.Standard)
		change(&p)
		r := Request{Service: "pay", Environment: environment, Artifact: Artifact{Digest: "sha256:new"}, Change: Change{Kind: KindNormal}}
		s := Take(r, p, day(30), Known{Facts: record(strings.Repeat(".", 20) + "xxxx"), Service: metrics.Service{Name: "pay"}, Demoted: []Demotion{broke, {Criterion: "restored-in-time"}}})
		return Logged{Decision: Decide(p, s, r), Request: r, Snapshot: s, PolicyDoc: p.Canonical(), At: s.Now}
	}
	l := asked("production", func(*Policy) {})
	dropped := l.Dropped() // restored-in-time only warns by the policy of the tier
	if len(dropped) != 1 || dropped[0] != broke {
		t.Fatalf("%+v", dropped)
	}
	n := l.OnlyWarns(broke)
	text := strings.Join(n.Lines, "\n")
	for _, words := range []string{"It only warns now: it stopped good services wrongly four times", "to which the policy standard makes this promise", "What lets it stop again"} {
		if !strings.Contains(text, words) {
			t.Errorf("it does not say %q:\n%s", words, text)
		}
	}
	if n.Key != "only warns failure-meter of standard, promised once in 2" || n.Subject != "pay: failure-meter broke its promise and only warns now" {
		t.Errorf("%+v", n)
	}
	if got := asked("staging", func(*Policy) {}).Dropped(); len(got) != 0 {
		t.Errorf("in staging it stopped nothing before: %+v", got)
	}
	if got := asked("production", func(p *Policy) { p.Criteria.FailureMeter.Mode = WarnOnly }).Dropped(); len(got) != 0 {
		t.Errorf("it only warned before: %+v", got)
	}
}

func TestKeysOfNewsFitAnIndex(t *testing.T) {
	t.Parallel()
	long := unhealthy(5, day(5))
	long.ID = "ci/" + strings.Repeat("x", 1000)
	other := long
	other.ID += "y"
	news := FailedWatches(metrics.Facts{Rollouts: []metrics.Rollout{long, other}}, nil, day(4))
	if len(news) != 2 || len(news[0].Key) > 220 || news[0].Key == news[1].Key {
		t.Errorf("%+v", news)
	}
}

func TestWhatRemainsOfADamagedDecisionIsNoNewsAndEndsNoSpell(t *testing.T) {
	t.Parallel()
	for _, verdict := range []Result{Allow, Warn, Block, Hold} {
		for _, kind := range []string{"", KindNormal, KindFix} {
			l := Remains(Logged{
				Decision: Decision{ID: "gd_1", Verdict: verdict, Kind: kind}, At: day(1), Request: Request{Service: "shop", Environment: "production"},
			}, "a byte is another one.")
			if l.StopsService() || l.DeclaredFix() || l.Follows("production") != Neither || l.Damaged == "" {
				t.Errorf("%s %q: %+v", verdict, kind, l)
			}
			if passed := verdict == Allow || verdict == Warn; passed == l.ValidUntil.IsZero() {
				t.Errorf("%s is valid until %s", verdict, l.ValidUntil)
			}
		}
	}
}

func TestAFailedWatchNamesTheDecisionThatLetItsDeploymentThrough(t *testing.T) {
	t.Parallel()
	silent, reported := unhealthy(5, day(6)), unhealthy(5, day(6))
	reported.Attempts = []metrics.Attempt{{ID: ReportSource + "/gd_9"}}
	asked := func(id string, n int, before time.Duration) Promotion {
		r := rollout(n)
		return Promotion{Decision: id, Environment: "Production", Digest: r.Digest, Revision: r.Revision, At: r.FinishedAt.Add(-before)}
	}
	all := []Promotion{asked("gd_1", 4, time.Hour), asked("gd_2", 5, 2*time.Hour), asked("gd_3", 5, time.Hour), asked("gd_4", 5, -time.Hour)}
	for sentence, c := range map[string]struct {
		r          metrics.Rollout
		promotions []Promotion
		want       string
	}{
		"one that was reported":                   {reported, all, "gd_9"},
		"the last before it of the same artifact": {silent, all, "gd_3"},
		"nobody asked":                            {silent, all[:1], ""},
	} {
		news := FailedWatches(metrics.Facts{Service: "pay", Rollouts: []metrics.Rollout{c.r}}, c.promotions, day(4))
		if len(news) != 1 || news[0].Decision != c.want {
			t.Errorf("%s: %+v, want %q", sentence, news, c.want)
		}
	}
}
