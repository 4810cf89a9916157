package assessments

import (
	"slices"
	"time"

	"shiphabit/metrics"
)

const daysPerWeek = 7

// span is a run of whole calendar days in a team's zone that ends with the day of an instant.
type span struct {
	zone   *time.Location
	window metrics.Window
	first  int // civil day number of the first day
	// number is, per day, how many working days lie up to and including it: the working-day number.
	number []int
}

// spanBefore is the given number of weeks of days, the last of them the day that to ends in or cuts.
func spanBefore(to time.Time, weeks int, cal metrics.Calendar) span {
	zone := cal.Zone
	if zone == nil {
		zone = time.UTC
	}
	s := span{zone: zone, number: make([]int, daysPerWeek*weeks)}
	last := to.Add(-time.Nanosecond).In(zone)
	y, m, d := last.Date()
	s.first = civilDay(last) - len(s.number) + 1
	s.window = metrics.Window{From: time.Date(y, m, d-len(s.number)+1, 0, 0, 0, 0, zone).UTC(), To: to.UTC()}
	count := 0
	for i := range s.number {
		if working(cal, s.first+i) {
			count++
		}
		s.number[i] = count
	}
	return s
}

// civilDay numbers the calendar day an instant shows in its own zone, so that days of 23 and 25 hours are days like any other.
func civilDay(t time.Time) int {
	y, m, d := t.Date()
	return int(time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Unix() / int64(24*time.Hour/time.Second))
}

func working(cal metrics.Calendar, civil int) bool {
	day := time.Unix(int64(civil)*int64(24*time.Hour/time.Second), 0).UTC()
	return slices.Contains(cal.Weekdays, day.Weekday()) && !cal.Holidays[day.Format(time.DateOnly)]
}

// index is the place of an instant's day in the span.
func (s span) index(t time.Time) int { return civilDay(t.In(s.zone)) - s.first }

func (s span) workingDays() int { return s.number[len(s.number)-1] }

// workingWeek tells whether the i-th run of seven days has a working day.
func (s span) workingWeek(i int) bool {
	before := 0
	if i > 0 {
		before = s.number[i*daysPerWeek-1]
	}
	return s.number[(i+1)*daysPerWeek-1] > before
}

// covered is the share of the span's working days from an instant on, 1 when it lies before the span.
func (s span) covered(since time.Time) float64 {
	i := s.index(since)
	if i <= 0 || s.workingDays() == 0 {
		return 1
	}
	return float64(s.workingDays()-s.number[i-1]) / float64(s.workingDays())
}

// gaps are the differences of working-day numbers between the days of the given instants, in order, and the gap still open
// at the end of the span. Days with the same number (Friday and the Saturday after it) are one.
func (s span) gaps(times []time.Time) []float64 {
	var gaps []float64
	previous := -1
	for _, t := range times {
		number := s.number[s.index(t)]
		if previous >= 0 && number > previous {
			gaps = append(gaps, float64(number-previous))
		}
		previous = number
	}
	if open := s.workingDays() - max(previous, 0); open > 0 {
		gaps = append(gaps, float64(open))
	}
	return gaps
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
