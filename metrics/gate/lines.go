package gate

import "time"

// lines finds the line that follows from a service's volume, month after month.
type lines struct {
	oneIn    int
	years    Fraction
	trials   []finish    // in order
	known    map[int]int // line by volume; the same few volumes come again and again
	month    time.Time   // the first of the month to look at next, zero when there are no trials
	from, to int         // trials[from:to] lie in the days before it
}

func newLines(oneIn int, years Fraction, trials []finish) lines {
	l := lines{oneIn: oneIn, years: years, trials: trials, known: map[int]int{}}
	// Before the days are full the volume is not looked at, so the first month to look at comes after them.
	l.month = earliest(trials, func(f finish) time.Time { return monthAfter(latest(f.at.AddDate(0, 0, volumeDays), f.from)) })
	return l
}

// first is what holds until the volume is known.
func (l *lines) first() setting { return l.of(newVolume) }

// due reports whether a month has begun by the instant.
func (l *lines) due(at time.Time) bool { return !l.month.IsZero() && !l.month.After(at) }

// next is the month that is due with the line of the 90 days before it: trials a month, rounded up, at least 1.
func (l *lines) next() (at time.Time, s setting) {
	at = l.month
	for l.to < len(l.trials) && l.trials[l.to].at.Before(at) {
		l.to++
	}
	for since := at.AddDate(0, 0, -volumeDays); l.from < l.to && l.trials[l.from].at.Before(since); {
		l.from++
	}
	l.month = monthAfter(at)
	return at, l.of(max(1, aMonth(l.trials[l.from:l.to], at)))
}

// aMonth is how many of the trials of volumeDays there were a month, rounded up, as far as they were known at an instant.
func aMonth(trials []finish, at time.Time) int {
	n := 0
	for _, t := range trials {
		if t.knownAt(at) {
			n++
		}
	}
	const months = volumeDays / 30
	return (n + months - 1) / months
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
