package main

import (
	"strings"
	"testing"

	"shiphabit/metrics"
)

func TestTheIndexIsPrintedAsPeopleReadIt(t *testing.T) {
	t.Parallel()
	value := 68
	for sentence, c := range map[string]struct {
		index metrics.Index
		want  string
	}{
		"a value":             {metrics.Index{State: metrics.OK, Value: &value, Band: "settling", N: 30}, "68 of 100: settling (last 12 weeks, n = 30)"},
		"a range for too few": {metrics.Index{State: metrics.NotEnoughData, Low: 10, High: 40, N: 3}, "between 10 and 40 of 100: not sure yet (last 12 weeks, n = 3: too few for one number)"},
		"within one band":     {metrics.Index{State: metrics.NotEnoughData, Low: 28, High: 40, N: 4, Band: "scheduled"}, "between 28 and 40 of 100: scheduled (last 12 weeks, n = 4: too few for one number)"},
		"nothing deployed":    {metrics.Index{State: metrics.NoData}, "nothing was deployed in the last 12 weeks"},
		"another cadence":     {metrics.Index{NotComparable: "app store"}, "not comparable: it follows app store"},
	} {
		if got := indexText(c.index); got != c.want {
			t.Errorf("%s: %q, want %q", sentence, got, c.want)
		}
	}
}

func TestWhatIsNotOnRecordIsNotPrintedAsGood(t *testing.T) {
	t.Parallel()
	for sentence, c := range map[string]struct {
		reliability metrics.Reliability
		value, note string
	}{
		"a value":            {metrics.Reliability{State: metrics.OK, Value: new(0.995), Observed: 7200, Down: 36}, "99.50 %", "an incident was open for 36 s of 2 h of service time"},
		"no incident at all": {metrics.Reliability{State: metrics.NoData, Observed: 7200}, "no data", "no incident is on record, so that nobody seems to look"},
		"nothing observed":   {metrics.Reliability{State: metrics.NoData}, "no data", "no service was observed in the window"},
	} {
		if got := reliabilityRow(c.reliability); got[1] != c.value || got[2] != c.note {
			t.Errorf("%s: %q", sentence, got)
		}
	}
	if rows := waitingRows(metrics.Waiting{}); rows != nil {
		t.Errorf("of nothing: %q", rows)
	}
}

func TestTheSpansOfALineStandInOneUnitAndItsLevelSaysItsDoubt(t *testing.T) {
	t.Parallel()
	minutes := func(n float64) *float64 { return new(60 * n) }
	card := metrics.Scorecard{
		Recovery: metrics.Survival{State: metrics.OK, N: 79, Median: minutes(57), Interval: &metrics.Bounds{Low: minutes(44), High: minutes(78)}},
		Restore:  metrics.Survival{State: metrics.OK, N: 6, Median: minutes(81), Interval: &metrics.Bounds{Low: minutes(44)}},
		LeadTime: metrics.Duration{State: metrics.OK, N: 9, Rollouts: 6, Median: minutes(24.9 * 60), P90: minutes(40 * 60), Interval: &metrics.Interval{Low: 20 * 3600, High: 23 * 3600, Coverage: 0.95}},
	}
	var out strings.Builder
	if err := writeCard(&out, card, "dora-2024"); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"57 min", "median; 95% 44 min to 78 min; n = 79 failed deployments", "elite, may be high or medium (dora-2024)",
		"81 min", "median; 95% 44 min to not reached; n = 6 incidents",
		"25 h", "median; P90 40 h; rollouts' medians 95% 20 h to 23 h", "high, may be elite (dora-2024)",
	} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is missing:\n%s", want, out.String())
		}
	}
}

func TestSpansTooFarApartForOneUnitStandInTheirOwn(t *testing.T) {
	t.Parallel()
	lead := metrics.Duration{State: metrics.OK, N: 2, Rollouts: 2, Median: new(40.0), P90: new(2.5 * 86400)}
	if text, note := durationText(lead), durationNote(lead); text != "40 s" || !strings.HasPrefix(note, "median; P90 2.5 d;") {
		t.Errorf("%s (%s)", text, note)
	}
}
