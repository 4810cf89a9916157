package gate

import (
	"time"

	"shiphabit/metrics"
)

// Openings says, for each criterion that speaks against a promotion now, when it may come out another way at the earliest without anybody
// doing anything: the next probe, the end of a watch, of a freeze, of a quiet time. Criteria that wait for a deed have none.
func Openings(p Policy, s Snapshot, r Request) map[string]time.Time {
	q := question{p, s, r}
	at := map[string]time.Time{}
	for _, c := range p.criteria() {
		if c.absent || q.mode(c.rule) == Off {
			continue
		}
		f := c.kind.judge(q)
		if f.result != Fail && f.result != Unknown && f.result != Warn {
			continue
		}
		if c.name == "failure-meter" && s.Meter.Blocked {
			f.until = s.Meter.NextProbeAt
		}
		if !f.until.IsZero() {
			at[c.name] = f.until.UTC()
		}
	}
	return at
}

// Coming is a freeze that has not begun.
type Coming struct {
	Freeze
	From time.Time `json:"from"`
}

// comingDays is how far ahead a weekly freeze is looked for: each comes within a week.
const comingDays = 8

// NextFreeze is the freeze that begins next for promotions of a service to an environment, false when none is agreed.
func NextFreeze(windows []Window, s metrics.Service, environment string, kind metrics.EnvironmentKind, now time.Time) (next Coming, found bool) {
	for _, w := range windows {
		if !w.concerns(s, environment, kind) {
			continue
		}
		from, to, ok := w.after(now)
		if !ok || found && !from.Before(next.From) {
			continue
		}
		next, found = Coming{w.freeze(to), from.UTC()}, true
	}
	return next, found
}

// after returns the bounds of the window that begins next after an instant; false when none does.
func (w Window) after(at time.Time) (from, to time.Time, ok bool) {
	if !w.Weekly.Set {
		return w.From, w.To, w.To.After(w.From) && w.From.After(at)
	}
	zone := w.zone()
	local := at.In(zone)
	for ahead := range comingDays {
		day := local.AddDate(0, 0, ahead)
		if day.Weekday() != w.Weekly.FromDay {
			continue
		}
		if start := clockOf(day, w.Weekly.FromMinute, zone); start.After(at) {
			from, to, ok = w.around(start)
			return from, to, ok
		}
	}
	return from, to, false
}
