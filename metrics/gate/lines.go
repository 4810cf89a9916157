package gate

import (
	"time"

	"shiphabit/metrics"
)

// lines finds the line that follows from a service's volume, month after month.
type lines struct {
	rule     FailureMeter
	rollouts []metrics.Rollout
	trials   []int
	known    map[int]int // line by volume; the same few volumes come again and again
	month    time.Time   // the first of the month to look at next, zero when there are no trials
	from, to int         // trials[from:to] finished in the days before it
}

func newLines(rule FailureMeter, h *history, trials []int) lines {
	l := lines{rule: rule, rollouts: h.facts.Rollouts, trials: trials, known: map[int]int{}}
	if len(trials) > 0 {
		// Before the days are full the volume is not looked at, so the first month to look at comes after them.
		l.month = monthAfter(l.finished(0).AddDate(0, 0, volumeDays))
	}
	return l
}

// due reports whether a month has begun by the instant.
func (l *lines) due(at time.Time) bool { return !l.month.IsZero() && !l.month.After(at) }

// next is the month that is due and the volume of the 90 days before it: deployments a month, rounded up, at least 1.
func (l *lines) next() (at time.Time, volume int) {
	at = l.month
	for l.to < len(l.trials) && l.finished(l.to).Before(at) {
		l.to++
	}
	for since := at.AddDate(0, 0, -volumeDays); l.from < l.to && l.finished(l.from).Before(since); {
		l.from++
	}
	l.month = monthAfter(at)
	const months = volumeDays / 30
	return at, max(1, (l.to-l.from+months-1)/months)
}

// of is the line for a volume.
func (l *lines) of(volume int) int {
	line, ok := l.known[volume]
	if !ok {
		line = l.rule.line(volume)
		l.known[volume] = line
	}
	return line
}

func (l *lines) finished(i int) time.Time { return l.rollouts[l.trials[i]].FinishedAt }

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
