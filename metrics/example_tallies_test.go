package metrics_test

import (
	"fmt"
	"time"

	"shiphabit/metrics"
)

// A sample keeps every span, so that quantiles stay exact after any merge; it reads back sorted.
func ExampleSampleOf() {
	s := metrics.SampleOf(3*time.Hour, time.Hour, 2*time.Hour)
	fmt.Println(s.Len(), s.Sorted())
	// Output: 3 [1h0m0s 2h0m0s 3h0m0s]
}

// A store keeps one tally a day, service and kind of environment. The shop deploys on six days, so that six rows make its week:
// merged, they have the scorecard of the facts. Tuesday's row speaks of Tuesday 13:00, when its failure ended: seen from
// before, the day is tallied from the facts.
func ExampleDayTallies() {
	days := metrics.DayTallies(shop(), metrics.DORA(), time.UTC)
	var rows []metrics.Tally
	for _, d := range days {
		rows = append(rows, d.Tally)
	}
	card := metrics.Measure(metrics.Sum(rows), week())
	fmt.Println(len(days), "rows:", card.FailRate.Count, "of", card.FailRate.Of, "failed, median", *card.LeadTime.Median/3600, "h")
	fmt.Println("known by", days[1].KnownBy.Format("Monday 15:04"))
	// Output:
	// 6 rows: 1 of 6 failed, median 7 h
	// known by Tuesday 13:00
}

// Seen at noon on Tuesday nobody knew of the failure yet: the part of the day is tallied from the facts, as of then.
func ExamplePartTally() {
	q := week()
	q.Window = metrics.DayWindow(metrics.DayNumber(q.Window.From.AddDate(0, 0, 1), time.UTC), time.UTC)
	q.AsOf = q.Window.From.Add(12 * time.Hour)
	early := metrics.PartTally(shop(), q, metrics.Production)
	q.AsOf = q.Window.To
	late := metrics.PartTally(shop(), q, metrics.Production)
	fmt.Println(early.Rollouts, early.Failed, "then", late.Rollouts, late.Failed)
	// Output: 1 0 then 1 1
}

// Stored rows of days and tallies made from facts are gathered in any order into one tally: here those of two shops, one stored.
func ExampleGatherer() {
	g := metrics.NewGatherer(week())
	for _, d := range metrics.DayTallies(shop(), metrics.DORA(), time.UTC) {
		if err := g.Coded(d.Day, d.Tally.AppendCoded(nil)); err != nil {
			fmt.Println(err)
		}
	}
	g.Tally(metrics.TallyOf(shop(), week()))
	fmt.Println(g.Sum().Rollouts, g.Sum().Failed)
	// Output: 12 2
}

// Of a week of 168 hours the shop was observed from Tuesday 0:00 on, 144 hours. Two incidents overlap and cover 3 hours together,
// from 10:00 to 13:00; half an hour later a third lasts 36 minutes: 3.6 of 144 hours are 2.5%.
func ExampleTally_Observe() {
	q := week()
	tuesday := q.Window.From.AddDate(0, 0, 1)
	at := func(hours float64) time.Time { return tuesday.Add(time.Duration(hours * float64(time.Hour))) }
	outages := []metrics.Outage{{From: at(10), To: at(12)}, {From: at(11), To: at(13)}, {From: at(13.5), To: at(14.1)}}
	var seen metrics.Observation
	seen.Add(metrics.Observed{Since: tuesday, FirstIncident: at(10)}, outages)
	seen.Sort()
	var t metrics.Tally
	t.Observe(&seen, q)
	r := metrics.Measure(t, q).Reliability
	fmt.Printf("down %v of %v h: reliability %.1f%%\n", r.Down/3600, r.Observed/3600, 100**r.Value)
	// Output: down 3.6 of 144 h: reliability 97.5%
}

// Three shops and a window cut into its days: the facts are read once, and each point has the figures of its day.
func ExamplePoints() {
	q := week()
	q.Definition = metrics.DORA()
	q.Definition.Floor = 1 // a day has few rollouts
	buckets, err := metrics.Buckets(q.Window, q.AsOf, time.UTC, "day", time.Monday)
	if err != nil {
		fmt.Println(err)
	}
	tallies := metrics.TalliesOfAll([]metrics.Facts{shop(), shop(), shop()}, q, metrics.WindowsOf(buckets))
	for _, p := range metrics.Points(buckets[:3], tallies[:3], q) {
		fmt.Println(p.Label, p.Scorecard.Frequency.Rollouts, "rollouts, median lead time", *p.Scorecard.LeadTime.Median/3600, "h")
	}
	// Output:
	// 2026-03-02 3 rollouts, median lead time 2 h
	// 2026-03-03 3 rollouts, median lead time 4 h
	// 2026-03-04 3 rollouts, median lead time 6 h
}

// (1+2+6) ÷ 3 = 3 and (2+6+7) ÷ 3 = 5: four values have two means of three.
func ExampleTrailingMean() {
	fmt.Println(metrics.TrailingMean([]float64{1, 2, 6, 7}, 3))
	// Output: [3 5]
}
