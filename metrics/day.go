package metrics

import "time"

// day is a civil day, counted from 1 January 1970 in whatever zone the instant was read. Days of different zones are not
// comparable; within one zone they add up whatever the clock does.
type day int

// dayOf is the civil day on which the instant falls in the zone.
func dayOf(t time.Time, zone *time.Location) day {
	y, m, d := t.In(zone).Date()
	return day(time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Unix() / secondsPerDay)
}

const secondsPerDay = 24 * 60 * 60

// civil is the day's date, as midnight UTC.
func (d day) civil() time.Time { return time.Unix(int64(d)*secondsPerDay, 0).UTC() }

func (d day) weekday() time.Weekday { return d.civil().Weekday() }

// workday reports Monday to Friday; a team's own calendar is Calendar.
func (d day) workday() bool {
	w := d.weekday()
	return w != time.Saturday && w != time.Sunday
}

// start is the first instant of the day in the zone. Where the clock skips midnight it is the instant of the change; where
// midnight comes twice it is the first.
func (d day) start(zone *time.Location) time.Time {
	y, m, n := d.civil().Date()
	t := time.Date(y, m, n, 0, 0, 0, 0, zone)
	before, after := t.ZoneBounds()
	switch got := dayOf(t, zone); {
	case got < d:
		return after
	case got > d:
		return before
	}
	if before.IsZero() || dayOf(before.Add(-1), zone) < d {
		return t
	}
	_, was := before.Add(-1).Zone()
	_, is := t.Zone()
	return t.Add(-time.Duration(was-is) * time.Second)
}

// weekStart is the first day of the week that holds d.
func (d day) weekStart(first time.Weekday) day {
	return d - day((d.weekday()-first+7)%7)
}

// wholeDays is the half-open range of days that lie wholly in the window.
func wholeDays(w Window, zone *time.Location) (from, to day) {
	from, to = dayOf(w.From, zone), dayOf(w.To, zone)
	if from.start(zone).Before(w.From) {
		from++
	}
	return from, max(from, to)
}
