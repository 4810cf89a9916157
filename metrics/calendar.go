package metrics

import (
	"slices"
	"time"
)

// DefaultCalendar is Monday to Friday, 9 to 18 hours, without holidays.
func DefaultCalendar(zone *time.Location) Calendar {
	return Calendar{
		Zone:     zone,
		Weekdays: []time.Weekday{time.Monday, time.Tuesday, time.Wednesday, time.Thursday, time.Friday},
		FromHour: 9,
		ToHour:   18,
	}
}

func (c Calendar) zone() *time.Location {
	if c.Zone == nil {
		return time.UTC
	}
	return c.Zone
}

// works reports whether the day is a working day: one of the calendar's weekdays and no holiday.
func (c Calendar) works(d day) bool {
	return slices.Contains(c.Weekdays, d.weekday()) && !c.Holidays[d.civil().Format(time.DateOnly)]
}

// WorksAt reports whether the instant lies in working hours.
func (c Calendar) WorksAt(t time.Time) bool {
	hour := t.In(c.zone()).Hour()
	return hour >= c.FromHour && hour < c.ToHour && c.works(dayOf(t, c.zone()))
}

// WorkingDays is the number of working days in the whole days of the window.
func (c Calendar) WorkingDays(w Window) int {
	from, to := wholeDays(w, c.zone())
	n := 0
	for d := from; d < to; d++ {
		if c.works(d) {
			n++
		}
	}
	return n
}

// Between is the number of working days after the day of from up to and including the day of to: 1 from a working day to the
// next one, 0 from a Friday to the Saturday after it. It is 0 when to is not after from.
func (c Calendar) Between(from, to time.Time) int {
	n := 0
	for d, last := dayOf(from, c.zone())+1, dayOf(to, c.zone()); d <= last; d++ {
		if c.works(d) {
			n++
		}
	}
	return n
}

// Worked is the working time between two instants; 0 when to is not after from.
func (c Calendar) Worked(from, to time.Time) time.Duration {
	var sum time.Duration
	for d, last := dayOf(from, c.zone()), dayOf(to, c.zone()); d <= last; d++ {
		if !c.works(d) {
			continue
		}
		open, shut := c.hours(d)
		if open.Before(from) {
			open = from
		}
		if shut.After(to) {
			shut = to
		}
		sum += max(0, shut.Sub(open))
	}
	return sum
}

// hours are the start and end of the day's working time by the clock on the wall.
func (c Calendar) hours(d day) (open, shut time.Time) {
	y, m, n := d.civil().Date()
	return time.Date(y, m, n, c.FromHour, 0, 0, 0, c.zone()), time.Date(y, m, n, c.ToHour, 0, 0, 0, c.zone())
}
