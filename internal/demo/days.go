package demo

import (
	"fmt"
	"slices"
	"time"
)

// zone is the team's; its name is one of ours, and the zones are part of the program.
func (t *Team) zone() *time.Location {
	zone, err := time.LoadLocation(t.Zone)
	if err != nil {
		panic(fmt.Sprintf("demo: team %s: %v", t.Name, err))
	}
	return zone
}

// Holidays are the days of a year on which nobody works anywhere in the organisation.
func holidays(year int) []string {
	var days []string
	for _, day := range []string{"01-01", "05-01", "12-24", "12-25", "12-26", "12-31"} {
		days = append(days, fmt.Sprintf("%d-%s", year, day))
	}
	return days
}

// works reports whether the day of an instant, midnight by the team's clock, is a working day.
func works(midnight time.Time) bool {
	weekend := midnight.Weekday() == time.Saturday || midnight.Weekday() == time.Sunday
	return !weekend && !slices.Contains(holidays(midnight.Year()), midnight.Format(time.DateOnly))
}

// quiet is how much is going on compared with a usual day: less in August, little between the years.
func quiet(midnight time.Time) float64 {
	switch _, month, day := midnight.Date(); {
	case month == time.December && day > 21 || month == time.January && day < 5:
		return 0.4
	case month == time.August:
		return 0.75
	}
	return 1
}

// frozen reports whether the organisation's freeze holds at an instant; Freeze says when it does.
func (o *Organisation) frozen(at time.Time) bool {
	from, to := o.Freeze()
	return !at.Before(from) && at.Before(to)
}

// Freeze is a stretch of three days, five weeks before the end, in which a cutover of the data centre left no room for changes.
func (o *Organisation) Freeze() (from, to time.Time) {
	monday := o.End.AddDate(0, 0, -35-(int(o.End.Weekday())+6)%7)
	return monday.AddDate(0, 0, 1), monday.AddDate(0, 0, 4)
}
