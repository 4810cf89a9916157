package gate

import "time"

// lines finds the line that follows from a service's volume, month after month.
type lines struct {
	oneIn    int
	years    Fraction
	at       []time.Time // of the trials, in order
	known    map[int]int // line by volume; the same few volumes come again and again
	month    time.Time   // the first of the month to look at next, zero when there are no trials
	from, to int         // at[from:to] lie in the days before it
}

func newLines(oneIn int, years Fraction, at []time.Time) lines {
	l := lines{oneIn: oneIn, years: years, at: at, known: map[int]int{}}
	if len(at) > 0 {
		// Before the days are full the volume is not looked at, so the first month to look at comes after them.
		l.month = monthAfter(at[0].AddDate(0, 0, volumeDays))
	}
	return l
}

// first is what holds until the volume is known.
func (l *lines) first() setting { return l.of(newVolume) }

// due reports whether a month has begun by the instant.
func (l *lines) due(at time.Time) bool { return !l.month.IsZero() && !l.month.After(at) }

// next is the month that is due with the line of the 90 days before it: trials a month, rounded up, at least 1.
func (l *lines) next() (at time.Time, s setting) {
	at = l.month
	for l.to < len(l.at) && l.at[l.to].Before(at) {
		l.to++
	}
	for since := at.AddDate(0, 0, -volumeDays); l.from < l.to && l.at[l.from].Before(since); {
		l.from++
	}
	l.month = monthAfter(at)
	const months = volumeDays / 30
	return at, l.of(max(1, (l.to-l.from+months-1)/months))
}

// of is the setting for a volume.
func (l *lines) of(volume int) setting {
	line, ok := l.known[volume]
	if !ok {
		line = Line(l.oneIn-1, volume, l.years, Fraction{Num: 1, Den: int64(2 * l.oneIn)})
		l.known[volume] = line
	}
	return setting{step: l.oneIn - 1, line: line, volume: volume}
}

// monthAfter is the first of the month that begins next, at 00:00 UTC.
func monthAfter(t time.Time) time.Time {
	t = t.UTC()
	return time.Date(t.Year(), t.Month()+1, 1, 0, 0, 0, 0, time.UTC)
}

// line is the rule's line for a volume: the smallest that keeps its promise.
func (c FailureMeter) line(volume int) int {
	return Line(c.OneIn-1, volume, c.WrongStopYears, c.healthy())
}

// healthy is the failure rate for which the promise is made: half the limit.
func (c FailureMeter) healthy() Fraction { return Fraction{Num: 1, Den: int64(2 * c.OneIn)} }
