package metrics_test

import (
	"fmt"
	"time"

	"shiphabit/metrics"
)

// A missing start is 90 days before the end. The end itself is no part of the window.
func ExampleParseWindow() {
	w, err := metrics.ParseWindow("", "2026-04-01", time.Time{}, time.UTC)
	fmt.Println(w.From.Format(time.DateOnly), w.Days(), w.Contains(w.From), w.Contains(w.To), err)
	// Output: 2026-01-01 90 true false <nil>
}

// The window before a week is the week before, seven whole days although the clock went forward on its Sunday: 167 hours.
func ExampleQuery_Earlier() {
	zone, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		fmt.Println(err)
	}
	monday := time.Date(2026, 3, 30, 0, 0, 0, 0, zone)
	q := metrics.Query{Zone: zone, Window: metrics.Window{From: monday, To: monday.AddDate(0, 0, 7)}}
	before := q.Earlier().Window
	fmt.Println(before.From.Format(time.DateOnly), "to", before.To.Format(time.DateOnly), before.To.Sub(before.From))
	// Output: 2026-03-23 to 2026-03-30 167h0m0s
}

// Easter Monday is no working day: of the seven days from 30 March 2026 five are, of the next seven four.
func ExampleCalendar_WorkingDays() {
	cal := metrics.DefaultCalendar(time.UTC)
	cal.Holidays = map[string]bool{"2026-04-06": true}
	monday := time.Date(2026, 3, 30, 0, 0, 0, 0, time.UTC)
	for i := range 2 {
		from := monday.AddDate(0, 0, 7*i)
		fmt.Println(cal.WorkingDays(metrics.Window{From: from, To: from.AddDate(0, 0, 7)}))
	}
	// Output:
	// 5
	// 4
}

// An organisation's own edition has two levels for lead time, parted at a day, and none for the rest. The shop's 7 h are "fine".
func ExampleEdition_Levels() {
	own := metrics.Edition{Name: "ours", LeadTime: []metrics.Band{
		{Level: "fine", Says: "below a day", From: 0, To: 86400, Open: true},
		{Level: "slow", Says: "a day or more", From: 86400, To: 1e9},
	}}
	for _, l := range own.Levels(metrics.MeasureAll([]metrics.Facts{shop()}, week()))[:3] {
		fmt.Printf("%s: %q %s\n", l.Figure, l.Level, l.Band+l.Note)
	}
	// Output:
	// deployment_frequency: "" this edition has no levels for this figure
	// change_lead_time: "fine" below a day
	// change_fail_rate: "" this edition has no levels for this figure
}

// A pseudonym tells two people apart and names neither; that of a program says that it is one.
func ExamplePseudonym() {
	key := []byte("a key that the database draws once")
	ann, again, bot := metrics.Pseudonym(key, "ann"), metrics.Pseudonym(key, "ann"), metrics.Pseudonym(key, "renovate[bot]")
	fmt.Println(ann == again, ann == bot, metrics.Pseudonym(key, ann) == ann, bot[len(bot)-5:])
	// Output: true false true [bot]
}
