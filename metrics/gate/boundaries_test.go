package gate

import (
	"math/big"
	"slices"
	"strings"
	"testing"
	"time"

	"shiphabit/metrics"
)

// judged is what one criterion of a tier says of a snapshot and a request.
func judged(tier metrics.Tier, name string, change func(s *Snapshot, r *Request)) Result {
	p := PolicyFor(tier)
	s, r := Snapshot{Now: day(200), BatchCommits: -1, Kind: metrics.Production}, ask()
	change(&s, &r)
	i := slices.IndexFunc(p.criteria(), func(c criterion) bool { return c.name == name })
	return p.criteria()[i].kind.judge(question{p, s, r}).result
}

func TestEachCriterionTurnsExactlyAtItsBoundary(t *testing.T) {
	t.Parallel()
	type change = func(s *Snapshot, r *Request)
	meter := func(value int) change {
		return func(s *Snapshot, _ *Request) {
			s.Meter = MeterState{Value: value, Line: 20, Step: 9, Volume: 30, Trials: 40}
		}
	}
	live := func(s *Snapshot) {
		s.Live = &Deployed{ID: "ci/d1", Revision: "a", FinishedAt: s.Now.Add(-10 * time.Minute)}
	}
	rollback := func(ago time.Duration) change {
		return func(s *Snapshot, _ *Request) { live(s); s.LastRollbackAt = s.Now.Add(-ago) }
	}
	failed := func(ago time.Duration) change {
		return func(s *Snapshot, _ *Request) { s.OpenFailures = []Problem{{ID: "ci/d1", Since: s.Now.Add(-ago)}} }
	}
	trouble := func(severity int, ago time.Duration) change {
		return func(s *Snapshot, _ *Request) {
			s.OpenIncidents = []Problem{{ID: "pd/i1", Severity: severity, Since: s.Now.Add(-ago)}}
		}
	}
	budget := func(left int64) change {
		return func(_ *Snapshot, r *Request) { r.Evidence.ErrorBudgetLeftPPM = &left }
	}
	commits := func(n int) change { return func(s *Snapshot, _ *Request) { s.BatchCommits = n } }
	coverage := func(ppm, lines int64) change {
		return func(_ *Snapshot, r *Request) {
			r.Evidence.CoverageChangedLinesPPM, r.Evidence.ChangedLines = &ppm, &lines
		}
	}
	sources := func(age time.Duration) change {
		return func(s *Snapshot, _ *Request) { s.Sources = []Watermark{{"github", s.Now.Add(-age)}} }
	}
	seen := func(ago time.Duration) change {
		return func(s *Snapshot, r *Request) {
			r.Evidence.SignalsSeen = map[string]time.Time{"errors": s.Now.Add(-ago), "latency": s.Now, "orders": s.Now}
		}
	}
	// watched since ten minutes ago, for so long.
	watched := func(since, watch time.Duration) change {
		return func(s *Snapshot, _ *Request) {
			s.Live = &Deployed{ID: "ci/d1", Revision: "a", FinishedAt: s.Now.Add(-since)}
			s.Watching, s.WatchEndsAt = s.Live, s.Live.FinishedAt.Add(watch)
		}
	}
	opened := func(ago time.Duration) change {
		return func(s *Snapshot, r *Request) { watched(time.Minute, time.Hour)(s, r); s.OpenedAt = s.Now.Add(-ago) }
	}
	second, oneDay := time.Second, 24*time.Hour
	for name, c := range map[string]struct {
		tier      metrics.Tier
		criterion string
		change    change
		want      Result
	}{
		"meter below 60 %":                 {metrics.Critical, "failure-meter", meter(11), Pass},
		"meter at 60 %":                    {metrics.Critical, "failure-meter", meter(12), Warn},
		"failure open for 59:59":           {metrics.Standard, "restore-first", failed(time.Hour - second), Warn},
		"failure open for 60:00":           {metrics.Standard, "restore-first", failed(time.Hour), Fail},
		"failure open for 14 days":         {metrics.Critical, "restore-first", failed(14 * oneDay), Fail},
		"failure open for longer":          {metrics.Critical, "restore-first", failed(14*oneDay + second), Warn},
		"severity 2 of critical":           {metrics.Critical, "open-incidents", trouble(2, second), Fail},
		"severity 2 of high":               {metrics.High, "open-incidents", trouble(2, second), Warn},
		"severity 3":                       {metrics.Critical, "open-incidents", trouble(3, second), Pass},
		"incident open for 14 days":        {metrics.High, "open-incidents", trouble(1, 14*oneDay), Fail},
		"incident open for longer":         {metrics.High, "open-incidents", trouble(1, 14*oneDay+second), Warn},
		"a quarter of the budget":          {metrics.High, "error-budget", budget(250_000), Pass},
		"less than a quarter":              {metrics.High, "error-budget", budget(249_999), Warn},
		"the last millionth":               {metrics.High, "error-budget", budget(1), Warn},
		"nothing of the budget":            {metrics.High, "error-budget", budget(0), Fail},
		"nothing of it on standard":        {metrics.Standard, "error-budget", budget(0), Warn},
		"rollback 90 days ago":             {metrics.Critical, "rollback-ready", rollback(90 * oneDay), Pass},
		"rollback longer ago":              {metrics.Critical, "rollback-ready", rollback(90*oneDay + second), Unknown},
		"rollback 180 days ago":            {metrics.High, "rollback-ready", rollback(180 * oneDay), Pass},
		"rollback longer ago, high":        {metrics.High, "rollback-ready", rollback(180*oneDay + second), Unknown},
		"20 commits":                       {metrics.Critical, "batch-size", commits(20), Pass},
		"21 commits":                       {metrics.Critical, "batch-size", commits(21), Fail},
		"40 commits":                       {metrics.High, "batch-size", commits(40), Pass},
		"41 commits":                       {metrics.High, "batch-size", commits(41), Fail},
		"80 % covered":                     {metrics.Critical, "changed-line-coverage", coverage(800_000, 20), Pass},
		"less covered":                     {metrics.Critical, "changed-line-coverage", coverage(799_999, 20), Fail},
		"less covered of 19 lines":         {metrics.Critical, "changed-line-coverage", coverage(0, 19), NotApplicable},
		"70 % covered":                     {metrics.High, "changed-line-coverage", coverage(700_000, 20), Pass},
		"less covered, high":               {metrics.High, "changed-line-coverage", coverage(699_999, 20), Fail},
		"records 15 minutes old":           {metrics.Critical, "data-fresh", sources(15 * time.Minute), Pass},
		"records older":                    {metrics.Critical, "data-fresh", sources(15*time.Minute + second), Unknown},
		"records 60 minutes old":           {metrics.High, "data-fresh", sources(time.Hour), Pass},
		"records older, high":              {metrics.High, "data-fresh", sources(time.Hour + second), Unknown},
		"records 6 hours old":              {metrics.Standard, "data-fresh", sources(6 * time.Hour), Pass},
		"records older, standard":          {metrics.Standard, "data-fresh", sources(6*time.Hour + second), Unknown},
		"records 24 hours old":             {metrics.Low, "data-fresh", sources(oneDay), Pass},
		"records older, low":               {metrics.Low, "data-fresh", sources(oneDay + second), Unknown},
		"errors seen 15 minutes ago":       {metrics.Critical, "monitoring-live", seen(15 * time.Minute), Pass},
		"errors seen longer ago":           {metrics.Critical, "monitoring-live", seen(15*time.Minute + second), Unknown},
		"watched, a minute before its end": {metrics.Critical, "previous-change", watched(59*time.Minute, time.Hour), Unknown},
		"watched to its end":               {metrics.Critical, "previous-change", watched(time.Hour, time.Hour), Pass},
		"a long watch, held for 30:00":     {metrics.High, "previous-change", watched(30*time.Minute-second, 2*time.Hour), Unknown},
		"a long watch, held no longer":     {metrics.High, "previous-change", watched(30*time.Minute, 2*time.Hour), Pass},
		"a short watch ends before that":   {metrics.High, "previous-change", watched(10*time.Minute, 10*time.Minute), Pass},
		"a day after a stop":               {metrics.Standard, "drain", opened(oneDay - second), Unknown},
		"later than that":                  {metrics.Standard, "drain", opened(oneDay), NotApplicable},
	} {
		if got := judged(c.tier, c.criterion, c.change); got != c.want {
			t.Errorf("%s: %s of tier %s says %s, want %s", name, c.criterion, c.tier, got, c.want)
		}
	}
}

func TestAMeterThatReachesItsLineBlocksAndOneBelowItDoesNot(t *testing.T) {
	t.Parallel()
	for before, want := range map[int]bool{7: false, 8: true, 9: true} {
		l := lines{}
		m := newMeter(3, 1, &l, setting{step: 5, line: 13, volume: 1})
		m.state.Value = before
		m.fold(meterEvent{at: day(1), id: "ci/d1", why: StepFailed})
		if m.state.Blocked != want || m.state.Value != before+5 {
			t.Errorf("from %d by 5 points with the line at 13: %+v", before, m.state)
		}
	}
}

func TestOnlyAVerifiedFixOfWhatBlockedItReopensAMeter(t *testing.T) {
	t.Parallel()
	l := lines{}
	m := newMeter(3, 2, &l, setting{step: 5, line: 8, volume: 1})
	m.fold(meterEvent{at: day(1), id: "ci/d1", why: StepFailed, trial: 0})
	m.fold(meterEvent{at: day(2), id: "ci/d2", why: StepFailed, trial: 1})
	m.fold(meterEvent{at: day(3), id: "ci/d1-fix", why: StepVerified, trial: 0})
	if !m.state.Blocked {
		t.Fatalf("the fix of another failure opened it: %+v", m.state)
	}
	m.fold(meterEvent{at: day(3), id: "ci/d2-fix", why: StepVerified, trial: 1})
	if m.state.Blocked || m.state.Value != 4 {
		t.Errorf("the fix of the failure that blocked it leaves %+v", m.state)
	}
}

func TestTheVolumeIsAMonthsShareOf90DaysRoundedUp(t *testing.T) {
	t.Parallel()
	for n, want := range map[int]int{0: 1, 1: 1, 3: 1, 4: 2, 90: 30, 91: 31} {
		trials := []finish{{at: time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)}} // outside the 90 days before 1 May
		for i := range n {
			trials = append(trials, finish{at: time.Date(2026, 3, 1, 0, i, 0, 0, time.UTC)})
		}
		gone := finish{at: time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC), until: time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC)}
		l := newLines(6, years(2), append(trials, gone, gone))
		month, s := l.next()
		if !month.Equal(time.Date(2026, 5, 1, 0, 0, 0, 0, time.UTC)) || s.volume != want {
			t.Errorf("%d deployments in 90 days are %d a month from %s on, want %d", n, s.volume, month, want)
		}
	}
}

func TestAPromotionIsInFlightUntilItsAnswerAndItsWatchAreOver(t *testing.T) {
	t.Parallel()
	p := PolicyFor(metrics.Standard) // watched for 15 minutes
	let := Promotion{Decision: "gd_1", Environment: "production", Digest: "sha256:1", At: day(1), ValidUntil: day(1).Add(15 * time.Minute)}
	for after, want := range map[time.Duration]bool{0: true, 30*time.Minute - time.Millisecond: true, 30 * time.Minute: false} {
		h := newHistory(metrics.Facts{}, p, day(1).Add(after), nil)
		if got := h.inFlight("Production", []Promotion{let}) != nil; got != want {
			t.Errorf("after %s it is in flight: %v", after, got)
		}
	}
	if p.FlightReach() < 30*time.Minute {
		t.Errorf("promotions are looked for only %s back", p.FlightReach())
	}
}

func TestClocksOfServersMayDifferByAMinute(t *testing.T) {
	t.Parallel()
	for ahead, want := range map[time.Duration]time.Duration{time.Minute: time.Minute, time.Minute + time.Millisecond: 0, -time.Second: 0} {
		k := Known{Promotions: []Promotion{{At: day(1).Add(ahead)}}}
		if got := k.After(day(1)).Sub(day(1)); got != want {
			t.Errorf("another's decision %s ahead moves the time by %s, want %s", ahead, got, want)
		}
	}
}

func TestAPromiseIsBrokenFrom5PercentDownAndNeverByOneWrongStop(t *testing.T) {
	t.Parallel()
	// P(X ≥ 2) is 4.991 % where 0.355 are expected, and 5.016 % where 0.356 are.
	for expected, broken := range map[int64]bool{355: true, 356: false} {
		if got := BreaksPromise(2, big.NewRat(expected, 1000), years(1)); got != broken {
			t.Errorf("two where 0.%d are expected: broken is %v", expected, got)
		}
	}
	if BreaksPromise(1, big.NewRat(1, 1_000_000), years(100)) {
		t.Error("a single wrong stop breaks a promise")
	}
}

// The table of default criteria, as agreed; what stands here in words is in docs/gate.md made from the policies.
func TestTheTiersHaveTheNumbersThatWereAgreed(t *testing.T) {
	t.Parallel()
	c, h, s, l := PolicyFor(metrics.Critical), PolicyFor(metrics.High), PolicyFor(metrics.Standard), PolicyFor(metrics.Low)
	each := func(name string, of func(p Policy) any, want ...any) {
		t.Helper()
		for i, p := range []Policy{c, h, s, l} {
			if got := of(p); got != want[i] {
				t.Errorf("%s of tier %s is %v, want %v", name, p.Tier, got, want[i])
			}
		}
	}
	each("not acceptable: 1 in", func(p Policy) any { return p.Criteria.FailureMeter.OneIn }, 10, 8, 6, 4)
	each("meter", func(p Policy) any { return p.Criteria.FailureMeter.Mode }, Enforce, Enforce, Enforce, WarnOnly)
	each("wrong stop, years", func(p Policy) any { return p.Criteria.FailureMeter.WrongStopYears }, years(1), years(2), years(2), years(3))
	for i, volume := range []int{5, 10, 20, 60, 200} {
		want := [][]any{{10, 14, 11, 9}, {16, 16, 13, 10}, {19, 20, 16, 12}, {27, 26, 20, 15}, {35, 33, 25, 18}}[i]
		each("line", func(p Policy) any { return p.Criteria.FailureMeter.line(volume) }, want...)
	}
	each("probes a day", func(p Policy) any { return p.Criteria.FailureMeter.ProbesPerDay }, 1, 1, 2, 0)
	each("as a canary", func(p Policy) any { return p.Criteria.FailureMeter.ProbeCanary }, true, false, false, false)
	each("good in a row", func(p Policy) any { return p.Criteria.FailureMeter.GoodInARow }, 3, 3, 3, 3)
	each("own usual", func(p Policy) any { return p.Criteria.OwnUsual.Mode }, WarnOnly, WarnOnly, WarnOnly, Mode(""))
	each("open failure", func(p Policy) any { return p.Criteria.RestoreFirst.Mode }, Enforce, Enforce, Enforce, WarnOnly)
	each("open failure after", func(p Policy) any { return p.Criteria.RestoreFirst.OlderThanSeconds }, int64(0), int64(0), int64(3600), int64(0))
	each("severity 1", func(p Policy) any {
		return effect(p.Criteria.OpenIncidents.Mode, Allow, p.Criteria.OpenIncidents.Severity1)
	}, Block, Block, Warn, Allow)
	each("severity 2", func(p Policy) any {
		return effect(p.Criteria.OpenIncidents.Mode, Allow, p.Criteria.OpenIncidents.Severity2)
	}, Block, Warn, Warn, Allow)
	each("budget below", func(p Policy) any { return p.Criteria.ErrorBudget.WarnBelowPPM }, int64(250_000), int64(250_000), int64(0), int64(0))
	each("budget at 0", func(p Policy) any { return p.Criteria.ErrorBudget.StopsAtZero }, true, true, false, false)
	each("previous change", func(p Policy) any {
		return effect(p.Criteria.PreviousChange.Mode, p.Criteria.PreviousChange.OnUnknown, Unknown)
	}, Hold, Hold, Warn, Allow)
	each("held for", func(p Policy) any { return p.Criteria.PreviousChange.HoldSeconds }, int64(0), int64(1800), int64(0), int64(0))
	each("restored within", func(p Policy) any { return p.Criteria.RestoredInTime.TargetSeconds }, int64(3600), int64(4*3600), int64(24*3600), int64(0))
	each("restored late", func(p Policy) any { return p.Criteria.RestoredInTime.Mode }, Enforce, WarnOnly, WarnOnly, Mode(""))
	each("restored from", func(p Policy) any { return p.Criteria.RestoredInTime.MinIncidents }, 10, 10, 10, 0)
	each("rollback within days", func(p Policy) any { return p.Criteria.RollbackReady.ExercisedWithinDays }, 90, 180, 0, 0)
	each("rollback ready", func(p Policy) any { return p.Criteria.RollbackReady.Mode }, Enforce, Enforce, Enforce, Mode(""))
	each("errors", func(p Policy) any { return p.Criteria.MonitoringLive.Errors }, true, true, true, false)
	each("latency", func(p Policy) any { return p.Criteria.MonitoringLive.Latency }, true, true, false, false)
	each("business", func(p Policy) any { return p.Criteria.MonitoringLive.Business }, 1, 0, 0, 0)
	each("silent", func(p Policy) any {
		return effect(p.Criteria.MonitoringLive.Mode, p.Criteria.MonitoringLive.OnUnknown, Unknown)
	}, Hold, Hold, Warn, Allow)
	each("must be stated", func(p Policy) any { return p.Criteria.MonitoringLive.Required }, true, true, false, false)
	each("silence, seconds", func(p Policy) any { return p.Criteria.MonitoringLive.MaxSilenceSeconds }, int64(900), int64(900), int64(900), int64(0))
	each("tests failed", func(p Policy) any { return effect(p.Criteria.TestEvidence.Mode, Allow, Fail) }, Block, Block, Block, Warn)
	each("previous stage", func(p Policy) any { return p.Criteria.TestEvidence.PreviousStage }, true, false, false, false)
	each("covered", func(p Policy) any { return p.Criteria.Coverage.MinPPM }, int64(800_000), int64(700_000), int64(0), int64(0))
	each("ignored under lines", func(p Policy) any { return p.Criteria.Coverage.IgnoreUnderLines }, int64(20), int64(20), int64(0), int64(0))
	each("commits", func(p Policy) any { return p.Criteria.BatchSize.MaxCommits }, int64(20), int64(40), int64(0), int64(0))
	each("too many commits", func(p Policy) any { return effect(p.Criteria.BatchSize.Mode, Allow, Fail) }, Warn, Warn, Allow, Allow)
	each("watch", func(p Policy) any { return p.WatchSeconds }, int64(3600), int64(1800), int64(900), int64(600))
	each("data older than", func(p Policy) any { return p.Criteria.DataFresh.MaxAgeSeconds }, int64(900), int64(3600), int64(6*3600), int64(24*3600))
	each("late data", func(p Policy) any { return effect(p.Criteria.DataFresh.Mode, p.Criteria.DataFresh.OnUnknown, Unknown) }, Hold, Hold, Warn, Warn)
	each("drain", func(p Policy) any { return p.Criteria.Drain.Seconds }, int64(86400), int64(86400), int64(86400), int64(0))
	each("gate unreachable", func(p Policy) any { return p.Unreachable.Then }, "closed", "open", "open", "open")
	each("after seconds", func(p Policy) any { return p.Unreachable.AfterSeconds }, int64(60), int64(60), int64(60), int64(60))
	each("override, persons", func(p Policy) any { return p.Overrides.Persons }, 2, 1, 1, 1)
	each("override, self", func(p Policy) any { return p.Overrides.Self }, false, false, false, true)
	each("override, seconds", func(p Policy) any { return p.Overrides.MaxSeconds }, int64(4*3600), int64(8*3600), int64(24*3600), int64(24*3600))
	each("override, uses", func(p Policy) any { return p.Overrides.Uses }, 1, 1, 1, 1)
	for kind, ceiling := range c.Ceilings {
		if kind == metrics.Production || ceiling != Observe {
			t.Errorf("in %s criteria may %s", kind, ceiling)
		}
	}
	if words := strings.Join(c.NeverFires(), ""); words != "" {
		t.Error(words)
	}
}
