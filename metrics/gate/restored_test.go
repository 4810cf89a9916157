package gate

import (
	"strings"
	"testing"
	"time"

	"shiphabit/metrics"
)

// told adds to an incident what was known of it from when on.
func told(i metrics.IncidentLink, tellings ...metrics.Telling) metrics.IncidentLink {
	i.Told = tellings
	last := tellings[len(tellings)-1]
	i.StartedAt, i.ResolvedAt = last.StartedAt, last.ResolvedAt
	return i
}

func TestWhetherAnIncidentWasRestoredInTimeCountsFromWhenItIsKnown(t *testing.T) {
	t.Parallel()
	p := PolicyFor(metrics.Critical) // within an hour
	began := day(1)
	at := func(d time.Duration) time.Time { return began.Add(d) }
	open := func(known time.Duration) metrics.Telling { return metrics.Telling{At: at(known), StartedAt: began} }
	over := func(known, took time.Duration) metrics.Telling {
		return metrics.Telling{At: at(known), StartedAt: began, ResolvedAt: at(took)}
	}
	gone := over(50*time.Hour, 30*time.Minute)
	gone.Uncounted = true
	elsewhere := over(50*time.Hour, 30*time.Minute)
	elsewhere.EnvironmentKind = metrics.Staging
	for name, c := range map[string]struct {
		told []metrics.Telling
		want string // each step and what the meter stands at
	}{
		"told of while it lasts":              {[]metrics.Telling{open(0), over(30*time.Minute, 30*time.Minute)}, "good@30m0s=0"},
		"still open when its time is over":    {[]metrics.Telling{open(0), over(2*time.Hour, 2*time.Hour)}, "failed@1h0m0s=9"},
		"told of a day later, late by then":   {[]metrics.Telling{over(24*time.Hour, 2*time.Hour)}, "failed@24h0m0s=9"},
		"told of a day later, over in time":   {[]metrics.Telling{over(24*time.Hour, 30*time.Minute)}, "good@24h0m0s=0"},
		"the end became known too late":       {[]metrics.Telling{open(0), over(5*time.Hour, 30*time.Minute)}, "failed@1h0m0s=9 failed turned good@5h0m0s=0"},
		"the end was stated wrongly at first": {[]metrics.Telling{over(30*time.Minute, 30*time.Minute), over(50*time.Hour, 3*time.Hour)}, "good@30m0s=0 found failed later@50h0m0s=9"},
		"it turned out to be none":            {[]metrics.Telling{open(0), gone}, "failed@1h0m0s=9 failed turned good@50h0m0s=0"},
		"it turned out to be staging's":       {[]metrics.Telling{open(0), elsewhere}, "failed@1h0m0s=9 failed turned good@50h0m0s=0"},
		"it was said to have begun too early": {[]metrics.Telling{open(0), {At: at(2 * time.Hour), StartedAt: at(90 * time.Minute)}}, "failed@1h0m0s=9 failed turned good@2h0m0s=0 found failed later@2h30m0s=9"},
		"reopened before its time was over":   {[]metrics.Telling{open(0), over(20*time.Minute, 20*time.Minute), open(30 * time.Minute)}, "good@20m0s=0 found failed later@1h0m0s=9"},
	} {
		h := newHistory(metrics.Facts{Incidents: []metrics.IncidentLink{told(incident(1, 0), c.told...)}}, p, day(9), nil)
		_, steps := h.foldRestored(p.Criteria.RestoredInTime)
		var got []string
		for _, s := range steps {
			got = append(got, string(s.Why)+"@"+s.At.Sub(began).String()+"="+number(s.Value))
		}
		want := strings.NewReplacer("=0", "=no").Replace(c.want)
		if strings.Join(got, " ") != want {
			t.Errorf("%s: %s, want %s", name, strings.Join(got, " "), want)
		}
		for _, now := range []time.Duration{10 * time.Minute, 45 * time.Minute, 3 * time.Hour, 30 * time.Hour} { // no step is taken back by what becomes known later
			early := newHistory(h.facts, p, at(now), nil)
			_, before := early.foldRestored(p.Criteria.RestoredInTime)
			for i := range before {
				if before[i] != steps[i] {
					t.Errorf("%s: after %s step %d is %+v, later %+v", name, now, i, before[i], steps[i])
				}
			}
		}
	}
}

func TestACorrectionUndoesNoStopForLateRestores(t *testing.T) {
	t.Parallel()
	p := PolicyFor(metrics.Critical)
	var f metrics.Facts
	for n := range 12 {
		open := metrics.Telling{At: day(n), StartedAt: day(n)}
		mended := metrics.Telling{At: day(14), StartedAt: day(n), ResolvedAt: day(n).Add(time.Minute)}
		i := told(incident(n, 0), open, mended)
		f.TakenBack = append(f.TakenBack, i)
	}
	at := func(now time.Time) (RestoredState, finding) {
		s := Take(ask(), p, now, Known{Facts: f, Service: standard()})
		return s.Restored, p.Criteria.RestoredInTime.judge(question{p, s, ask()})
	}
	if s, got := at(day(13)); got.result != Fail || len(s.Late) != 3 {
		t.Fatalf("twelve late ones: %+v, %+v", s, got)
	}
	s, got := at(day(15))
	if got.result != Fail || s.Value != 0 || len(s.Late) != 0 || s.LastLateAt.IsZero() {
		t.Errorf("corrected after the stop: %s, %+v", got.result, s)
	}
}

func TestRestoringInTimeWarnsFrom60PercentOfTheLine(t *testing.T) {
	t.Parallel()
	p := PolicyFor(metrics.Critical)
	judge := func(p Policy, value int) finding {
		s := Snapshot{Now: day(1), Restored: RestoredState{MeterState: MeterState{Value: value, Line: 20, Step: 9, Trials: 12}}}
		return p.Criteria.RestoredInTime.judge(question{p, s, ask()})
	}
	if f := judge(p, 12); f.result != Warn || f.short == "" || !strings.HasSuffix(f.says, "From 60 % of the line on it warns.") {
		t.Errorf("at 12 of 20: %+v", f)
	}
	if f := judge(p, 11); f.result != Pass {
		t.Errorf("at 11 of 20: %+v", f)
	}
	before := p
	before.Criteria.RestoredInTime.WarnAtPPM = 0
	if f := judge(before, 19); f.result != Pass || strings.Contains(f.says, "warns") {
		t.Errorf("under a policy from before: %+v", f)
	}
}

// An incident is known when it is noticed, or when it is told of, not when it began.
func TestABacktestKnowsAnIncidentOnlyFromWhenItWasNoticed(t *testing.T) {
	t.Parallel()
	p := PolicyFor(metrics.Critical)
	p.Criteria = Criteria{OpenIncidents: p.Criteria.OpenIncidents}
	noticed := incident(3, 50*time.Hour)
	noticed.Severity, noticed.DetectedAt = 1, day(4).Add(time.Hour)
	imported := told(incident(3, 0), metrics.Telling{At: day(4).Add(time.Hour), StartedAt: day(3), ResolvedAt: day(5).Add(2 * time.Hour)})
	imported.Severity = 1
	// Told as over by then only a day later, so that until then it counted as open.
	late := told(incident(3, 0), metrics.Telling{At: day(4).Add(time.Hour), StartedAt: day(3)},
		metrics.Telling{At: day(5).Add(2 * time.Hour), StartedAt: day(3), ResolvedAt: day(3).Add(time.Hour)})
	late.Severity = 1
	for name, i := range map[string]metrics.IncidentLink{"noticed later": noticed, "told of later": imported, "told to be over later": late} {
		f := record("........")
		f.Incidents = []metrics.IncidentLink{i}
		b := RunBacktest(p, Known{Facts: f, Service: standard()}, day(-1), day(60), day(60))
		if len(b.Verdicts) != 1 || b.Verdicts[0].Rollout != "ci/d5" {
			t.Errorf("%s: stopped %+v; on day 4 it was not known, on day 6 it was over", name, b.Verdicts)
		}
	}
}
