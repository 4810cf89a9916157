package metrics_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"shiphabit/metrics"
)

// Three failures in eight rollouts: the share is 37.5%, and all that eight rollouts can say is that it lies between 14% and 69%.
func ExampleWilson() {
	in := metrics.Wilson(3, 8, 0.95)
	fmt.Printf("%.1f%% to %.1f%%\n", 100*in.Low, 100*in.High)
	// Output: 13.7% to 69.4%
}

// week is the week from Monday 2 March 2026.
func week() metrics.Query {
	monday := time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC)
	return metrics.Query{Slice: "service shop", Window: metrics.Window{From: monday, To: monday.AddDate(0, 0, 7)}, AsOf: monday.AddDate(0, 0, 10)}
}

// shop deploys each day from Monday to Saturday at noon, with one change authored 2, 4, 6, 8, 10 and 60 hours before. Tuesday's
// rollout failed and was rolled back after an hour, by Wednesday's.
func shop() metrics.Facts {
	f := metrics.Facts{Service: "shop"}
	for i, hours := range []int{2, 4, 6, 8, 10, 60} {
		noon := week().Window.From.AddDate(0, 0, i).Add(12 * time.Hour)
		f.Rollouts = append(f.Rollouts, metrics.Rollout{
			ID: fmt.Sprint("ci/", i+1), Service: "shop", Environment: "production", EnvironmentKind: metrics.Production, Kind: metrics.Planned,
			StartedAt: noon.Add(-5 * time.Minute), FinishedAt: noon, SucceededAt: noon,
			Changes: []metrics.Change{{SHA: fmt.Sprint("c", i+1), AuthoredAt: noon.Add(-time.Duration(hours) * time.Hour)}},
		})
	}
	tuesday := &f.Rollouts[1]
	tuesday.Failures = []metrics.Failure{{Cause: metrics.CauseIncident, At: tuesday.FinishedAt.Add(10 * time.Minute), Evidence: "pager/7", Confidence: metrics.Stated}}
	tuesday.Recovery = &metrics.Recovery{At: tuesday.FinishedAt.Add(time.Hour), By: "incident resolved", Evidence: "pager/7"}
	return f
}

func ExampleMeasure() {
	card := metrics.Measure(metrics.TallyOf(shop(), week()), week())
	fmt.Printf("frequency: %.2f a day, %v days in the median week\n", *card.Frequency.PerDay, *card.Frequency.DaysPerWeek)
	fmt.Printf("lead time: median %v h, P90 %v h\n", *card.LeadTime.Median/3600, *card.LeadTime.P90/3600)
	fmt.Printf("  median of the typical rollout between %v h and %v h (%.2f%%)\n", card.LeadTime.Interval.Low/3600, card.LeadTime.Interval.High/3600, 100*card.LeadTime.Interval.Coverage)
	fmt.Printf("fail rate: %d of %d = %.1f%%\n", card.FailRate.Count, card.FailRate.Of, 100**card.FailRate.Value)
	fmt.Printf("recovery: %s, n = %d\n", card.Recovery.State, card.Recovery.N)
	// Output:
	// frequency: 0.86 a day, 6 days in the median week
	// lead time: median 7 h, P90 35 h
	//   median of the typical rollout between 2 h and 60 h (96.88%)
	// fail rate: 1 of 6 = 16.7%
	// recovery: not enough data, n = 1
}

// Services pool their rows; the figure of a team is never a mean of means. No rollout of twelve was rework, from which the rate may
// still be as high as z² ÷ (12 + z²) = 24.2%, with z = 1.96.
func ExampleMeasureAll() {
	card := metrics.MeasureAll([]metrics.Facts{shop(), shop()}, week())
	fmt.Println(card.FailRate.Count, "of", card.FailRate.Of, "failed")
	fmt.Printf("%d of %d were rework, at most %.1f%%\n", card.Rework.Count, card.Rework.Of, 100*card.Rework.Interval.High)
	// Output:
	// 2 of 12 failed
	// 0 of 12 were rework, at most 24.2%
}

// Three services of a team with 4, 6 and 14 rollouts in a week, of which the first has too few for a value of its own.
func ExampleSpreads() {
	few, many := shop(), shop()
	few.Rollouts = few.Rollouts[:4]
	for i := range 8 {
		again := many.Rollouts[0]
		again.ID, again.Failures, again.Recovery = fmt.Sprint("ci/again", i), nil, nil
		again.FinishedAt = again.FinishedAt.Add(time.Duration(i) * time.Minute)
		many.Rollouts = append(many.Rollouts, again)
	}
	slices.SortFunc(many.Rollouts, func(a, b metrics.Rollout) int { return a.FinishedAt.Compare(b.FinishedAt) })
	var cards []metrics.Scorecard
	for _, f := range []metrics.Facts{few, shop(), many} {
		cards = append(cards, metrics.Measure(metrics.TallyOf(f, week()), week()))
	}
	s := metrics.Spreads(cards)[0]
	fmt.Printf("%s: %d of %d services, %v to %v %s, %v in the middle\n", s.Figure, s.Services, s.Of, *s.Low, *s.High, s.Unit, *s.Middle)
	// Output: deployment_frequency: 2 of 3 services, 6 to 14 rollouts per week, 10 in the middle
}

// Incidents of 1, 2, 3 and 4 hours, and one that is open since Monday. The curve falls by a fifth with each that ends: to 0.8, 0.6, 0.4
// and 0.2. It is at one half or below from 3 h on, and never at one tenth.
func ExampleMeasure_restore() {
	f := metrics.Facts{Service: "shop"}
	for i := range 5 {
		start := week().Window.From.Add(time.Duration(i) * time.Hour)
		link := metrics.IncidentLink{ID: fmt.Sprint("pager/", i), EnvironmentKind: metrics.Production, Incident: metrics.Incident{StartedAt: start}}
		if i > 0 {
			link.ResolvedAt = start.Add(time.Duration(i) * time.Hour)
		}
		f.Incidents = append(f.Incidents, link)
	}
	r := metrics.Measure(metrics.TallyOf(f, week()), week()).Restore
	fmt.Printf("median %v h, P90 reached: %v, %d of %d open for %v h\n", *r.Median/3600, r.P90 != nil, r.Censored, r.N, *r.Longest/3600)
	// Output: median 3 h, P90 reached: false, 1 of 5 open for 240 h
}

// Two halves of a week, merged, are the week.
func ExampleTally_Merge() {
	first, second := week(), week()
	first.Window.To = first.Window.From.AddDate(0, 0, 3)
	second.Window.From = first.Window.To
	merged := metrics.TallyOf(shop(), first).Merge(metrics.TallyOf(shop(), second))
	whole := metrics.TallyOf(shop(), week())
	a, _ := json.Marshal(merged)
	b, _ := json.Marshal(whole)
	fmt.Println(merged.Rollouts, merged.Failed, string(a) == string(b))
	// Output: 6 1 true
}

func ExampleSum() {
	var days []metrics.Tally
	for i := range 7 {
		q := week()
		q.Window.From = q.Window.From.AddDate(0, 0, i)
		q.Window.To = q.Window.From.AddDate(0, 0, 1)
		days = append(days, metrics.TallyOf(shop(), q))
	}
	fmt.Println(metrics.Sum(days).Rollouts)
	// Output: 6
}

// The one row behind the recovery time: Tuesday's failure, which ended after an hour.
func ExampleExplain() {
	e, err := metrics.Explain([]metrics.Facts{shop()}, metrics.FigureRecovery, week())
	if err != nil {
		fmt.Println(err)
	}
	for _, row := range e.Rows {
		fmt.Println(row.Record, row.Says, "-", row.Why)
	}
	// Output: ci/2 1 h - incident (pager/7, stated); recovered by incident resolved (pager/7)
}

// waited is the shop's week with pull requests. The first took an hour of coding, the next 2, up to 6; each then an hour until its first
// review and three more until the merge. A board of another team took twice as long as the coding had, and the deployment followed.
// The change went from its author to a reviewer of the same team and to the board.
func waited() metrics.Facts {
	f := shop()
	for i := range f.Rollouts {
		r, change := &f.Rollouts[i], &f.Rollouts[i].Changes[0]
		first := time.Duration(i+1) * time.Hour
		change.PullRequest, change.MergedAt = fmt.Sprint("pr", i), r.StartedAt.Add(-2*first)
		change.ReviewedAt = change.MergedAt.Add(-3 * time.Hour)
		change.OpenedAt = change.ReviewedAt.Add(-time.Hour)
		change.FirstOfRequest = change.OpenedAt.Add(-first)
		change.AuthoredAt = change.FirstOfRequest
		change.Handoffs = &metrics.Handoffs{People: 2, Teams: 1}
		r.Waits = metrics.Waits{Total: 2 * first, Outside: 2 * first, DecidedOutside: 1}
	}
	return f
}

// Coding takes (3 + 4) ÷ 2 = 3.5 h in the middle, waiting twice that, and each deployment five minutes.
func ExampleMeasure_stages() {
	for _, s := range metrics.Measure(metrics.TallyOf(waited(), week()), week()).Stages {
		fmt.Printf("%s: median %.4g h, n = %d\n", s.Name, *s.Median/3600, s.N)
	}
	// Output:
	// coding: median 3.5 h, n = 6
	// pickup: median 1 h, n = 6
	// review: median 3 h, n = 6
	// wait: median 7 h, n = 6
	// deploy: median 0.08333 h, n = 6
}

// The board decided six times, 2 to 12 hours after it was asked: 7 h in the middle. Each change passed through two
// hands after its author's, and once from one team to another.
func ExampleMeasure_waiting() {
	w := metrics.Measure(metrics.TallyOf(waited(), week()), week()).Waiting
	fmt.Printf("outside: median %v h of %d decisions; inside: %s\n", *w.Outside.Median/3600, w.Decisions.Outside, w.Inside.State)
	fmt.Printf("handoffs: %v people, %v teams, %v%% of changes between teams\n", *w.Handoffs.People, *w.Handoffs.Teams, 100**w.Handoffs.Between)
	// Output:
	// outside: median 7 h of 6 decisions; inside: no data
	// handoffs: 2 people, 1 teams, 100% of changes between teams
}

// The clock goes forward on Sunday 29 March: the day has 23 hours and is still one bucket.
func ExampleBuckets() {
	zone, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		fmt.Println(err)
	}
	from := time.Date(2026, 3, 28, 0, 0, 0, 0, zone)
	now := time.Date(2026, 3, 30, 9, 0, 0, 0, zone)
	buckets, err := metrics.Buckets(metrics.Window{From: from, To: from.AddDate(0, 0, 7)}, now, zone, "day", time.Monday)
	if err != nil {
		fmt.Println(err)
	}
	for _, b := range buckets {
		fmt.Println(b.Label, b.Partial, b.To.Sub(b.From))
	}
	// Output:
	// 2026-03-28 false 24h0m0s
	// 2026-03-29 false 23h0m0s
	// 2026-03-30 true 24h0m0s
}

func ExampleSeries() {
	points, err := metrics.Series([]metrics.Facts{shop()}, week(), "day")
	if err != nil {
		fmt.Println(err)
	}
	for _, p := range points {
		fmt.Print(p.Scorecard.Frequency.Rollouts, " ")
	}
	// Output: 1 1 1 1 1 1 0
}

// The week before the shop opened has no data, so that nothing can be said of a change.
func ExampleMoves() {
	for _, m := range metrics.Moves([]metrics.Facts{shop()}, week()) {
		fmt.Printf("%s: %s (n = %d, then %d)\n", m.Figure, m.Says, m.BeforeN, m.AfterN)
	}
	// Output:
	// deployment_frequency: not enough data (n = 1, then 1)
	// change_lead_time: not enough data (n = 0, then 6)
	// change_fail_rate: not enough data (n = 0, then 6)
	// failed_deployment_recovery_time: not enough data (n = 0, then 1)
	// deployment_rework_rate: not enough data (n = 0, then 6)
	// time_to_restore: not enough data (n = 0, then 0)
}

// 31 failures in 100 rollouts, then 12 in 100: the difference of −19 points lies between −29.8 and −7.7, so a change is claimed.
func ExampleCompare() {
	q := week()
	moves := metrics.Compare(metrics.Tally{Rollouts: 100, Failed: 31}, q.Earlier(), metrics.Tally{Rollouts: 100, Failed: 12}, q)
	for _, m := range moves {
		if m.Claimed() {
			fmt.Printf("%s %s (%.1f to %.1f points)\n", m.Figure, m.Says, 100*m.Interval.Low, 100*m.Interval.High)
		}
	}
	// Output: change_fail_rate fell from 31% to 12% (-29.8 to -7.7 points)
}

// The shop deploys on every working day of its week: on demand. Its fail rate has no level in this edition.
func ExampleLevels() {
	levels, err := metrics.Levels(metrics.MeasureAll([]metrics.Facts{shop()}, week()), "dora-2024")
	if err != nil {
		fmt.Println(err)
	}
	for _, l := range levels {
		if l.Level == "" {
			l.Level = l.Note
		}
		fmt.Printf("%s: %s\n", l.Figure, l.Level)
	}
	// Output:
	// deployment_frequency: elite
	// change_lead_time: elite
	// change_fail_rate: this edition gives the median of each group, no limits between them
	// failed_deployment_recovery_time: not enough data
}

// Six planned deployments in the last week of twelve: six are enough for a value, and evenness shows the silence before.
// In working time the gaps are 9, 9, 9, 9 and 6 h: their deviation is 1/7 of their mean, so that burstiness is
// (√6/7 − √4) ÷ ((√6 − 2)/7 + √4) = −0.80.
func ExampleHabitIndex() {
	x := metrics.HabitIndex(shop(), week().Window.To.Add(time.Hour), metrics.DefaultCalendar(time.UTC))
	fmt.Printf("%d %s, burstiness %.2f\n", *x.Value, x.Band, *x.Burstiness)
	for _, p := range x.Parts {
		fmt.Printf("%4.1f of %d  %s: %s\n", p.Score*float64(p.Weight), p.Weight, p.Name, p.Says)
	}
	// Output:
	// 61 settling, burstiness -0.80
	//  1.5 of 25  coverage: deployed on 5 of 60 working days
	// 20.0 of 20  longest quiet: nine pauses in ten last at most 1 working day, the longest 1
	// 20.0 of 20  batch: half of all changes went out in batches of at most 1
	// 12.1 of 15  window: 33% of changes went out in the two busiest two-hour slots of the week
	//  0.4 of 10  evenness: changes per working day are spread with a Gini coefficient of 0.93 (0 is even, 1 is all on one day)
	//  6.7 of 10  hours: 1 of 6 planned deployments finished outside working hours
}
