package assessments

import (
	"slices"
	"time"

	"shiphabit/metrics"
)

const daysPerWeek = 7

// span is a number of whole weeks of days of a team's calendar.
type span struct {
	calendar metrics.Calendar
	zone     *time.Location
	weeks    int
	window   metrics.Window
}

// spanBefore is the whole weeks of days before the day of an instant, as the event-versus-habit index takes them: the same
// records then give both the same gaps.
func spanBefore(to time.Time, weeks int, cal metrics.Calendar) span {
	s := span{calendar: cal, zone: zoneOf(cal), weeks: weeks}
	y, m, d := to.In(s.zone).Date()
	day := func(back int) time.Time { return time.Date(y, m, d-back, 0, 0, 0, 0, s.zone).UTC() }
	s.window = metrics.Window{From: day(daysPerWeek * weeks), To: day(0)}
	return s
}

func zoneOf(cal metrics.Calendar) *time.Location {
	if cal.Zone == nil {
		return time.UTC
	}
	return cal.Zone
}

// dayOf names the day of an instant in the team's zone.
func (s span) dayOf(t time.Time) string { return t.In(s.zone).Format("Monday 2 January") }

// week is the i-th run of seven days.
func (s span) week(i int) metrics.Window {
	y, m, d := s.window.From.In(s.zone).Date()
	day := func(n int) time.Time { return time.Date(y, m, d+n, 0, 0, 0, 0, s.zone) }
	return metrics.Window{From: day(daysPerWeek * i), To: day(daysPerWeek * (i + 1))}
}

// covered is the share of the span's working days from the day of an instant on, 1 when it lies before the span.
func (s span) covered(since time.Time) float64 {
	days := s.calendar.WorkingDays(s.window)
	if !since.After(s.window.From) || days == 0 {
		return 1
	}
	y, m, d := since.In(s.zone).Date()
	first := time.Date(y, m, d, 0, 0, 0, 0, s.zone)
	return share(s.calendar.WorkingDays(metrics.Window{From: first, To: s.window.To}), days)
}

// gaps are the pauses between the days of the given instants, in order, in working days (next day = 1), and the one still
// open at the end of the span. A free day counts with the working day before it.
func (s span) gaps(times []time.Time) []float64 {
	if len(times) == 0 {
		return []float64{float64(s.calendar.WorkingDays(s.window))}
	}
	var gaps []float64
	for i, t := range times {
		next := s.window.To.Add(-1)
		if i+1 < len(times) {
			next = times[i+1]
		}
		if gap := s.calendar.Between(t, next); gap > 0 {
			gaps = append(gaps, float64(gap))
		}
	}
	if len(gaps) == 0 {
		return []float64{0} // all on the last working day
	}
	return gaps
}

// weeksWithout counts the working weeks of the span and those among them without any of the instants.
func (s span) weeksWithout(times []time.Time) (weeks, without int) {
	for i := range s.weeks {
		week := s.week(i)
		if s.calendar.WorkingDays(week) == 0 {
			continue
		}
		weeks++
		if !slices.ContainsFunc(times, week.Contains) {
			without++
		}
	}
	return weeks, without
}

// quantile interpolates linearly between order statistics (type 7); nil without values.
func quantile(values []float64, p float64) *float64 {
	if len(values) == 0 {
		return nil
	}
	sorted := slices.Sorted(slices.Values(values))
	h := p * float64(len(sorted)-1)
	low := int(h)
	high := min(low+1, len(sorted)-1)
	return new(sorted[low] + (h-float64(low))*(sorted[high]-sorted[low]))
}
