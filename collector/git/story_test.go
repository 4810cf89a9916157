package git_test

import (
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"shiphabit/collector/git"
	"shiphabit/collector/git/gittest"
	"shiphabit/metrics"
)

// The window of the story: twelve whole weeks, Monday to Monday, seen at their end.
var (
	storyWindow = metrics.Window{From: time.Date(2026, time.January, 5, 0, 0, 0, 0, time.UTC), To: today}
	storyQuery  = metrics.Query{Window: storyWindow, AsOf: today, Zone: time.UTC, Definition: metrics.DORA()}
)

func TestTheStoryWhoseTruthIsKnown(t *testing.T) {
	t.Parallel()
	h := read(t, git.Options{Path: gittest.Story(t).Dir}, "")
	fs := metrics.DeriveAll(h.events, metrics.DefaultRules())
	if len(fs) != 1 || fs[0].Service != "shop" {
		t.Fatalf("one repository is one service, named after it; got %d: %v", len(fs), fs)
	}
	for sentence, check := range map[string]func(*testing.T, metrics.Facts){
		"every release is told as it happened":            everyRelease,
		"every figure is the one computed by hand":        everyFigure,
		"four failures are too few for a recovery time":   tooFewFailures,
		"the habit index is the one computed by hand":     habitIndex,
		"every figure opens into the rows it was made of": everyRow,
	} {
		t.Run(sentence, func(t *testing.T) {
			t.Parallel()
			check(t, fs[0])
		})
	}
}

func everyRelease(t *testing.T, f metrics.Facts) {
	t.Helper()
	type told struct {
		Version, Kind, Of, Recovered string
		Leads                        []float64 // hours, by author's date
		Causes                       []metrics.Cause
		Reapplied                    int
		Baseline                     bool
	}
	// Lead time of a change: from its author's date, the bracket beside its commit in gittest.Story, to the release's tag.
	want := []told{
		{Version: "1.0.0", Kind: "planned", Baseline: true}, // nothing came before, so its changes are not known
		{Version: "1.1.0", Kind: "planned", Leads: []float64{48, 24, 18, 12}},
		{Version: "1.2.0", Kind: "planned", Leads: []float64{24, 6}}, // a squashed pull request is one commit
		{Version: "2.0.0", Kind: "planned", Leads: []float64{72, 24}, Causes: []metrics.Cause{metrics.CauseRevert}, Recovered: "2.4.0"},
		{Version: "1.2.1", Kind: "planned", Leads: []float64{6}}, // a back-port on its own line: no rollback of 2.0.0
		{Version: "2.1.0", Kind: "planned", Leads: []float64{144, 24}, Causes: []metrics.Cause{metrics.CauseRevert}, Recovered: "2.1.1"},
		{Version: "2.1.1", Kind: "rework", Of: "2.1.0", Leads: []float64{1}},
		{Version: "2.2.0", Kind: "planned", Leads: []float64{24, 12}, Causes: []metrics.Cause{metrics.CauseHotfix}, Recovered: "2.2.1"},
		{Version: "2.2.1", Kind: "rework", Of: "2.2.0", Leads: []float64{2}},
		{Version: "2.3.0", Kind: "planned", Leads: []float64{24}, Causes: []metrics.Cause{metrics.CauseRollback}, Recovered: "2.3.1"},
		{Version: "2.3.1", Kind: "rollback", Of: "2.3.0"},
		{Version: "2.4.0", Kind: "rework", Of: "2.0.0", Leads: []float64{24, 6}, Reapplied: 1}, // brings 2.3.0's commit back
	}
	versions := map[string]string{"": ""}
	for _, r := range f.Rollouts {
		versions[r.ID] = r.Version
	}
	var got []told
	for _, r := range f.Rollouts {
		if r.EnvironmentKind != metrics.Production {
			continue
		}
		g := told{Version: r.Version, Kind: string(r.Kind), Of: versions[r.Of], Baseline: r.Baseline, Reapplied: len(r.Reapplied)}
		for _, c := range r.Changes {
			g.Leads = append(g.Leads, r.SucceededAt.Sub(c.AuthoredAt).Hours())
		}
		for _, cause := range r.Failures {
			g.Causes = append(g.Causes, cause.Cause)
		}
		if r.Recovery != nil {
			g.Recovered = versions[r.Recovery.Evidence]
		}
		got = append(got, g)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// nearly compares seconds and shares to nine digits.
var nearly = cmpopts.EquateApprox(0, 1e-9)

func hours(h float64) *float64 { return new(h * 3600) }

func everyFigure(t *testing.T, f metrics.Facts) {
	t.Helper()
	q := storyQuery
	q.Definition.Floor = 1 // four failures are too few for the default, which tooFewFailures shows
	got := metrics.MeasureAll([]metrics.Facts{f}, q)

	// Twelve rollouts in 84 days: 12/84 a day, 1 a week. Days with a deployment in the weeks from 5 January on:
	// 1 1 1 0 2 1 2 0 1 1 0 0, sorted 0 0 0 0 1 1 1 1 1 1 2 2, median 1; the 3rd and 10th of 12 bound it with
	// 1 − 2·(1+12+66)/4096. Ten of the sixty working days have a rollout, so the median working day has none, and neither have
	// the 22nd and 39th of them, which bound it. The last was on
	// 12 March at 10:00, 17 days and 14 hours before the end.
	frequency := metrics.Frequency{
		State: metrics.OK, Rollouts: 12, PerDay: new(12.0 / 84), PerWeek: new(1.0), DaysPerWeek: new(1.0), Weeks: 12,
		Interval: &metrics.Interval{Low: 0, High: 1, Coverage: 1 - 2.0*79/4096}, MedianWorkingDay: new(0.0),
		WorkingDay: &metrics.Interval{Low: 0, High: 0, Coverage: 1 - 2*15760514137668514/math.Exp2(60)},
		LastAt:     time.Date(2026, time.March, 12, 10, 0, 0, 0, time.UTC), OpenGap: hours(17*24 + 14),
	}
	// Eighteen changes: 1 2 6 6 6 12 12 18 24 24 24 24 24 24 24 48 72 144 hours. Type 7 at 0-based place 17q: 8.5 → 24,
	// 12.75 → 24, 15.3 → 48 + 0.3·24, 16.15 → 72 + 0.15·72. Ten rollouts with changes, their medians sorted:
	// 1 2 6 15 15 18 21 24 48 84 → (15+18)/2; the 2nd and 9th of 10 bound it with 1 − 2·11/1024.
	lead := metrics.Duration{
		State: metrics.OK, N: 18, Rollouts: 10, Median: hours(24), P75: hours(24), P90: hours(55.2), P95: hours(82.8),
		TypicalRollout: hours(16.5), Interval: &metrics.Interval{Low: 2 * 3600, High: 48 * 3600, Coverage: 1 - 22.0/1024},
	}
	// Failed: 2.0.0 and 2.1.0 (reverted), 2.2.0 (hotfix), 2.3.0 (rolled back). Rework: 2.1.1, 2.2.1, 2.4.0.
	failRate := metrics.Share{State: metrics.OK, Count: 4, Of: 12, Value: new(4.0 / 12), Interval: wilsonByHand(4, 12)}
	rework := metrics.Share{State: metrics.OK, Count: 3, Of: 12, Value: new(3.0 / 12), Interval: wilsonByHand(3, 12)}
	// Recovery: 2.3.0 after 2 h, 2.1.0 after 4, 2.2.0 after 23, 2.0.0 after 37 days and 23 hours. None is open, so the curve
	// falls by a quarter at each: 0.5 at 4 h, 0 at the last. Log-log bounds of the median: z is −0.88 at 2 h, 1.11 at 23 h,
	// within ±1.96; at the last fall, to 0, they are not defined. So the first fall is the lower end and the upper is not reached.
	recovery := metrics.Survival{
		State: metrics.OK, N: 4, Median: hours(4), P90: hours(911), Interval: &metrics.Bounds{Low: hours(2)},
	}
	want := metrics.Scorecard{
		Window: storyWindow, AsOf: today, Zone: "UTC", Definition: "dora/1",
		Frequency: frequency, LeadTime: lead, FailRate: failRate, Recovery: recovery, Rework: rework,
		Restore: metrics.Survival{State: metrics.NoData},
		// A clone tells of no incident and of nobody but the authors: nothing is known of either.
		Reliability: metrics.Reliability{State: metrics.NoData, Observed: 7221600},
		Waiting: metrics.Waiting{
			Outside: metrics.Duration{State: metrics.NoData}, Inside: metrics.Duration{State: metrics.NoData},
			Unplaced: metrics.Duration{State: metrics.NoData}, Handoffs: metrics.HandoffCount{State: metrics.NoData},
		},
		Causes:    map[metrics.Cause]int{metrics.CauseRevert: 2, metrics.CauseHotfix: 1, metrics.CauseRollback: 1},
		Kinds:     map[metrics.Kind]int{metrics.Planned: 8, metrics.Rework: 3, metrics.Rollback: 1},
		Baselines: 1,
	}
	ignored := cmpopts.IgnoreFields(metrics.Scorecard{}, "Slice", "Definition", "LeftOut", "Stages")
	words := cmp.FilterPath(func(p cmp.Path) bool { return p.Last().String() == ".Statistic" }, cmp.Ignore())
	if diff := cmp.Diff(want, got, nearly, ignored, words, cmpopts.EquateEmpty()); diff != "" {
		t.Error(diff)
	}
}

// wilsonByHand is the textbook formula with z of 95%.
func wilsonByHand(k, n float64) *metrics.Interval {
	const z = 1.959963984540054
	p, over := k/n, 1+z*z/n
	centre, half := (p+z*z/(2*n))/over, z*math.Sqrt(p*(1-p)/n+z*z/(4*n*n))/over
	return &metrics.Interval{Low: centre - half, High: centre + half, Coverage: 0.95}
}

func tooFewFailures(t *testing.T, f metrics.Facts) {
	t.Helper()
	got := metrics.MeasureAll([]metrics.Facts{f}, storyQuery).Recovery
	if got.State != metrics.NotEnoughData || got.N != 4 || got.Median != nil {
		t.Errorf("got %+v, want n = 4 and no value", got)
	}
}

func habitIndex(t *testing.T, f metrics.Facts) {
	t.Helper()
	// Planned: 1.0.0, 1.1.0, 1.2.0, 2.0.0, 1.2.1, 2.1.0, 2.2.0, 2.3.0, on eight different working days of sixty.
	want := metrics.Index{
		State: metrics.OK, N: 8, Window: storyWindow, Band: "scheduled",
		// 25·0.1515 + 0 + 20·0.7686 + 15·0.3673 + 10·0.0675 + 10 = 3.79 + 15.37 + 5.51 + 0.67 + 10 = 35.3; the cap of 40 is
		// not reached, though the median of the pauses, 6.5 working days, would impose it.
		Value: new(35), Low: 35, High: 35,
		Parts: []metrics.IndexPart{
			{Name: "coverage", Weight: 25, Input: 8.0 / 60, Score: (8.0/60 - 0.05) / 0.55},
			// Pauses in working days, the open one of 18 to Friday 27 March included: 2 4 6 6 7 7 9 18; place 6.3 → 9 + 0.3·9.
			{Name: "longest quiet", Weight: 20, Input: 11.7, Score: 0},
			// Fourteen changes in batches of 4, 2, 2, 1, 2, 2, 1: per change 1 1 2 2 2 2 2 2 2 2 4 4 4 4, median 2.
			{Name: "batch", Weight: 20, Input: 2, Score: math.Log(10) / math.Log(20)},
			// Wednesday 10–12 had 4 + 2, Tuesday 10–12 had 2 + 1, of fourteen.
			{Name: "window", Weight: 15, Input: 9.0 / 14, Score: 1 - (9.0/14-0.2)/0.7},
			// Gini over sixty days, 53 without changes, then 1 1 2 2 2 2 4:
			// 2·(54 + 55 + 2·(56+57+58+59) + 4·60)/(60·14) − 61/60 = 1618/840 − 61/60.
			{Name: "evenness", Weight: 10, Input: 1618.0/840 - 61.0/60, Score: (0.95 - (1618.0/840 - 61.0/60)) / 0.6},
			{Name: "hours", Weight: 10, Input: 0, Score: 1},
		},
		// Pauses in hours of working days from 9 to 18: 63 59 59 23 30 54 81, mean 52.714, σ 18.460, r 0.35019, N 8:
		// (√8·r − √6) / ((√8 − 2)·r + √6) = −1.45900 / 2.73960.
		Burstiness: new(-0.53256),
	}
	got := metrics.HabitIndex(f, today, metrics.DefaultCalendar(time.UTC))
	if math.Abs(*got.Burstiness-*want.Burstiness) > 1e-5 {
		t.Errorf("burstiness %v, want %v", *got.Burstiness, *want.Burstiness)
	}
	ignored := []cmp.Option{
		cmpopts.IgnoreFields(metrics.Index{}, "Burstiness", "CapReason"), cmpopts.IgnoreFields(metrics.IndexPart{}, "Says", "Known"),
	}
	if diff := cmp.Diff(want, got, append(ignored, nearly)...); diff != "" {
		t.Error(diff)
	}
}

func everyRow(t *testing.T, f metrics.Facts) {
	t.Helper()
	for figure, rows := range map[string]int{
		metrics.FigureFrequency: 12, metrics.FigureLeadTime: 18, metrics.FigureFailRate: 12, metrics.FigureRecovery: 4, metrics.FigureRework: 12,
	} {
		e, err := metrics.Explain([]metrics.Facts{f}, figure, storyQuery)
		if err != nil {
			t.Fatal(err)
		}
		if len(e.Rows) != rows {
			t.Errorf("%s has %d rows, want %d", figure, len(e.Rows), rows)
		}
	}
}
