package gate

import (
	"time"

	"shiphabit/metrics"
)

// Openings says, for each criterion that speaks against a promotion now, when it may come out another way at the earliest without anybody
// doing anything: the next probe, the end of a watch, of a freeze, of a quiet time. Criteria that wait for a deed have none, and neither have
// those that may open any minute, such as when a source is read.
func Openings(p Policy, s Snapshot, r Request) map[string]time.Time {
	at := map[string]time.Time{}
	question{p, s, r}.objections(func(c criterion, f finding) {
		probe := c.name == "failure-meter" // one that is due already is told, too
		if f.until.After(s.Now.Add(freshRetry)) || probe && !f.until.IsZero() {
			at[c.name] = f.until.UTC()
		}
	})
	return at
}

// objections calls back for each criterion that speaks against a promotion now, with its finding.
func (q question) objections(of func(criterion, finding)) {
	for _, c := range q.p.criteria() {
		if c.absent || q.mode(c.rule) == Off {
			continue
		}
		f := c.kind.judge(q)
		if f.result != Fail && f.result != Unknown && f.result != Warn {
			continue
		}
		if c.name == "failure-meter" && q.s.Meter.Blocked {
			f.until = q.s.Meter.NextProbeAt
		}
		of(c, f)
	}
}

// Outlook is what a promotion that is stopped or held waits for.
type Outlook struct {
	// At is before when time alone opens nothing: the latest end among what stops it. Zero where none is known, or it may be any minute.
	At time.Time
	// Deeds are the criteria that no time opens: somebody has to see to them.
	Deeds []string
}

// OutlookOf looks ahead from a decision, by the policy, snapshot and request that it was made from. One that lets its promotion through
// waits for nothing.
func OutlookOf(d Decision, p Policy, s Snapshot, r Request) Outlook {
	var o Outlook
	if !d.Verdict.Stops() {
		return o
	}
	q := question{p, s, r}
	q.objections(func(c criterion, f finding) {
		mode := q.demote(c.name, q.mode(c.rule), &f)
		switch until := f.until.UTC(); {
		case !effect(mode, c.rule.OnUnknown, f.result).Stops() || s.Override.covers(c.name):
		case f.until.IsZero():
			o.Deeds = append(o.Deeds, c.name)
		case until.After(s.Now.Add(freshRetry)) && until.After(o.At):
			o.At = until
		}
	})
	return o
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
