package gate

import (
	"testing"
	"time"

	"shiphabit/metrics"
)

func TestThePointsOfAFailureFollowFromTheUsualRate(t *testing.T) {
	t.Parallel()
	rule := PolicyFor(metrics.Standard).Criteria.OwnUsual
	for _, c := range []struct {
		usual      Fraction
		step, line int
		notice     int64 // mean deployments until the rate eight points higher is noticed, rounded
		at         Fraction
	}{
		{Fraction{2, 100}, 14, 29, 42, Fraction{10, 100}},
		{Fraction{4, 100}, 11, 35, 59, Fraction{12, 100}},
	} {
		step := rule.step(c.usual)
		line := Line(step, 60, rule.WrongStopYears, c.usual)
		mean := RunLength(step, line, c.at)
		if f, _ := mean.Float64(); step != c.step || line != c.line || int64(f+0.5) != c.notice {
			t.Errorf("usual %v: +%d, line %d, noticed after %.1f; want +%d, line %d, %d", c.usual, step, line, f, c.step, c.line, c.notice)
		}
	}
	if got := rule.step(Fraction{15, 100}); got != 0 {
		t.Errorf("a rate that is no better than the one to notice has the step %d", got)
	}
}

// daily is a history of one deployment a day of which every n-th fails, so many days long.
func daily(days, n int) string {
	text := make([]byte, days)
	for i := range text {
		if text[i] = '.'; n > 0 && i%n == n-1 {
			text[i] = 'x'
		}
	}
	return string(text)
}

func TestAServiceThatBecomesWorseThanItsUsualIsWarnedAboutThoughItKeepsTheLimit(t *testing.T) {
	t.Parallel()
	p := PolicyFor(metrics.Standard)
	good := record(daily(180, 0))
	worse := record(daily(180, 0) + daily(60, 8)) // 1 in 8 keeps the limit of 1 in 6
	before := take(good, standard(), ask(), p, day(182), nil, nil)
	after := take(worse, standard(), ask(), p, day(241), nil, nil)
	if before.Usual.Usual != (Fraction{1, 100}) || before.Usual.From != 180 || before.Usual.Blocked {
		t.Errorf("before, its usual is %+v", before.Usual)
	}
	d := Decide(p, after, ask())
	if after.Meter.Blocked || !after.Usual.Blocked || d.Verdict != Warn {
		t.Errorf("after, the limit's meter is blocked: %v, its own: %+v, verdict %s", after.Meter.Blocked, after.Usual, d.Verdict)
	}
}

func TestTheUsualRateStandsForAQuarterAndLeavesStopsOut(t *testing.T) {
	t.Parallel()
	p := PolicyFor(metrics.Standard)
	f := record(daily(85, 0) + "xxxxx" + daily(60, 0)) // 31 March is day 89
	inQuarter, next := take(f, standard(), ask(), p, day(95), nil, nil), take(f, standard(), ask(), p, day(120), nil, nil)
	if inQuarter.Usual.Usual != next.Usual.Usual || inQuarter.Usual.From != next.Usual.From {
		t.Errorf("within a quarter it moves from %+v to %+v", inQuarter.Usual, next.Usual)
	}
	// The failures that led to the stop count, those that came while it was stopped do not.
	if got := next.Usual.Failed; got == 0 || got == 5 {
		t.Errorf("of five failures, the later ones while the service was stopped, %d count", got)
	}
	few := take(record(daily(100, 10)[:95]), standard(), ask(), p, day(96), nil, nil)
	young := record(daily(20, 0))
	if s := take(young, standard(), ask(), p, day(100), nil, nil); s.Usual.Usual != (Fraction{}) || s.Usual.From != 20 {
		t.Errorf("20 deployments make the usual %+v", s.Usual)
	}
	if few.Usual.Usual.Num*10 < few.Usual.Usual.Den/2 {
		t.Errorf("one in ten failing makes the usual %v", few.Usual.Usual)
	}
}

// incident is one that began on a day and took so long; 0 leaves it open.
func incident(n int, took time.Duration) metrics.IncidentLink {
	l := metrics.IncidentLink{ID: "pd/i" + time.Duration(n).String(), EnvironmentKind: metrics.Production}
	l.StartedAt = day(n)
	if took > 0 {
		l.ResolvedAt = day(n).Add(took)
	}
	return l
}

func TestRestoringInTimeIsJudgedByTheAgreedTimeAndByNothingElse(t *testing.T) {
	t.Parallel()
	p := PolicyFor(metrics.Critical)
	rule := p.Criteria.RestoredInTime
	fold := func(now time.Time, incidents ...metrics.IncidentLink) RestoredState {
		h := newHistory(metrics.Facts{Incidents: incidents}, p, now, nil)
		s, _ := h.foldRestored(rule)
		return s
	}
	if s := fold(day(1).Add(30*time.Minute), incident(1, 0)); s.Trials != 0 {
		t.Errorf("an open incident still inside its time is judged: %+v", s)
	}
	if s := fold(day(1).Add(time.Hour), incident(1, 0)); s.Value != 9 || len(s.Late) != 1 {
		t.Errorf("one that is open when its time is over is late at that moment: %+v", s)
	}
	if s := fold(day(9), incident(1, time.Hour), incident(2, time.Hour+time.Millisecond)); s.Value != 9 || s.Trials != 2 {
		t.Errorf("to the millisecond: %+v", s)
	}
	minor := incident(1, 0)
	minor.Uncounted = true
	staging := incident(2, 0)
	staging.EnvironmentKind = metrics.Staging
	if s := fold(day(9), minor, staging); s.Trials != 0 {
		t.Errorf("incidents that count nowhere are judged: %+v", s)
	}
}

func TestLateRestoresStopACriticalServiceOnlyOnceTenIncidentsAreKnownAndNotForever(t *testing.T) {
	t.Parallel()
	p := PolicyFor(metrics.Critical)
	judge := func(n int, now time.Time) finding {
		var f metrics.Facts
		for i := range n {
			f.Incidents = append(f.Incidents, incident(i, 3*time.Hour))
		}
		s := Take(ask(), p, now, Known{Facts: f, Service: standard()})
		return p.Criteria.RestoredInTime.judge(question{p, s, ask()})
	}
	if f := judge(9, day(9)); f.result != Warn {
		t.Errorf("nine late ones: %s, %s", f.result, f.says)
	}
	if f := judge(12, day(12)); f.result != Fail || len(f.opensWhen) != 2 || len(f.evidence) != 3 {
		t.Errorf("twelve late ones: %s, %s", f.result, f.says)
	}
	if f := judge(12, day(40)); f.result != Pass {
		t.Errorf("twelve late ones, and 28 quiet days: %s, %s", f.result, f.says)
	}
}
