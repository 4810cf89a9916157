package organisation

import "time"

// hours are when a service's people work: from an hour of the day, for so many hours, on the first days of each week.
type hours struct {
	monday time.Time // of the first week
	days   int       // working days a week
	from   time.Duration
	length time.Duration
	weeks  int
}

const week = 7 * 24 * time.Hour

// newHours begins with the Monday of the first week and ends with the last whole week before end.
func newHours(end time.Time, years, days int, from, length time.Duration) hours {
	weeks := years * 52
	back := (int(end.Weekday()) + 6) % 7 // days since Monday
	last := end.AddDate(0, 0, -back)
	return hours{monday: last.Add(-time.Duration(weeks) * week), days: days, from: from, length: length, weeks: weeks}
}

// total is all the working time there is.
func (h hours) total() time.Duration { return time.Duration(h.weeks*h.days) * h.length }

// at is the instant after so much working time, to the second.
func (h hours) at(worked time.Duration) time.Time {
	day := int(worked / h.length)
	date := time.Duration(day/h.days)*week + time.Duration(day%h.days)*24*time.Hour
	return h.monday.Add(date + h.from + worked%h.length).Truncate(time.Second)
}
