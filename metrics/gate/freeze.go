package gate

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"shiphabit/metrics"
)

// Window is a time in which nothing but rollbacks and fixes goes out: once, or week after week. It was agreed and has an owner.
type Window struct {
	Name, Reason, Owner string
	// Zone is where its times are read, daylight saving included.
	Zone *time.Location
	// From and To bound a window that is once; both zero for a weekly one.
	From, To time.Time
	// Weekly bounds one that comes back.
	Weekly Weekly
	// What it holds for; an empty list is everything. Environments are names or kinds.
	Tiers        []metrics.Tier
	Teams        []string
	Services     []string
	Environments []string
}

// Weekly is a span of the week from one wall-clock time to another, which may lie in the week after.
type Weekly struct {
	FromDay, ToDay       time.Weekday
	FromMinute, ToMinute int // after midnight, 0 to 1440
	Set                  bool
}

// Freeze is a window that holds now, or did until a short while ago.
type Freeze struct {
	Name   string    `json:"name"`
	Reason string    `json:"reason,omitempty"`
	Owner  string    `json:"owner,omitempty"`
	Until  time.Time `json:"until"`
	// Local is the end by the window's own clock: "2026-12-27 08:00 Europe/Vienna".
	Local string `json:"local"`
}

// Freezes minds windows in which nothing goes out.
type Freezes struct{ Rule }

// concerns reports whether a window holds for a promotion.
func (w Window) concerns(s metrics.Service, environment string, kind metrics.EnvironmentKind) bool {
	named := func(list []string, words ...string) bool {
		return len(list) == 0 || slices.ContainsFunc(list, func(one string) bool {
			return slices.ContainsFunc(words, func(word string) bool { return word != "" && strings.EqualFold(one, word) })
		})
	}
	return (len(w.Tiers) == 0 || slices.Contains(w.Tiers, TierOf(s))) &&
		named(w.Teams, s.Team) && named(w.Services, s.Name) && named(w.Environments, environment, string(kind))
}

// around returns the bounds of the window that holds at an instant, or else of the last one before it; false when there is none.
func (w Window) around(at time.Time) (from, to time.Time, ok bool) {
	if !w.Weekly.Set {
		return w.From, w.To, w.To.After(w.From) && !at.Before(w.From)
	}
	zone := w.zone()
	local := at.In(zone)
	for back := range 15 { // a window may last a week, so the last one began at most two weeks ago
		day := local.AddDate(0, 0, -back)
		if day.Weekday() != w.Weekly.FromDay {
			continue
		}
		from = clockOf(day, w.Weekly.FromMinute, zone)
		if from.After(at) {
			continue
		}
		days := (int(w.Weekly.ToDay) - int(w.Weekly.FromDay) + 7) % 7
		if days == 0 && w.Weekly.ToMinute <= w.Weekly.FromMinute {
			days = 7
		}
		return from, clockOf(day.AddDate(0, 0, days), w.Weekly.ToMinute, zone), true
	}
	return from, to, false
}

func (w Window) zone() *time.Location {
	if w.Zone == nil {
		return time.UTC
	}
	return w.Zone
}

// clockOf is a wall-clock time of a day. Where the clock skips it, it is as much later as the clock skips.
func clockOf(day time.Time, minute int, zone *time.Location) time.Time {
	return time.Date(day.Year(), day.Month(), day.Day(), 0, minute, 0, 0, zone)
}

func (w Window) freeze(until time.Time) Freeze {
	return Freeze{
		Name: w.Name, Reason: w.Reason, Owner: w.Owner, Until: until.UTC(),
		Local: until.In(w.zone()).Format("2006-01-02 15:04 ") + w.zone().String(),
	}
}

// frozen finds the window that holds now and ends last, and when a window that concerns the promotion ended last.
func frozen(windows []Window, s metrics.Service, environment string, kind metrics.EnvironmentKind, now time.Time) (holds *Freeze, ended time.Time) {
	for _, w := range windows {
		if !w.concerns(s, environment, kind) {
			continue
		}
		from, to, ok := w.around(now)
		if !ok || now.Before(from) {
			continue
		}
		if !now.Before(to) {
			ended = latest(ended, to.UTC())
			continue
		}
		if f := w.freeze(to); holds == nil || f.Until.After(holds.Until) {
			holds = &f
		}
	}
	return holds, ended
}

func (c Freezes) judge(q question) finding {
	if q.s.Freeze == nil {
		return finding{result: Pass, says: "No freeze holds now."}
	}
	z := q.s.Freeze
	f := finding{
		result: Fail, until: z.Until, short: "nothing goes out until " + z.Local + " (" + z.Name + ")",
		says:      fmt.Sprintf("The freeze %q holds until %s, %s.", z.Name, clock(z.Until), z.Local),
		opensWhen: []string{"the freeze ends at " + clock(z.Until) + " (" + z.Local + ")"},
	}
	if z.Reason != "" {
		f.says += " Why: " + strings.TrimRight(strings.Join(strings.Fields(z.Reason), " "), ".") + "."
	}
	if z.Owner != "" {
		f.says += " Agreed by " + z.Owner + "."
	}
	return f
}

func (c Freezes) promises() string { return "no freeze holds" }

func (Freezes) check(*faults, string) {}

// Drain lets the changes that waited during a stop or a freeze go out one at a time for a while, each watched to its end: one large batch
// would trade one risk for another.
type Drain struct {
	Rule
	Seconds int64 `json:"seconds"`
}

func (c Drain) judge(q question) finding {
	until := q.s.OpenedAt.Add(seconds(c.Seconds))
	if q.s.OpenedAt.IsZero() || !q.s.Now.Before(until) {
		return finding{result: NotApplicable, says: "No stop and no freeze has ended in the last " + span(seconds(c.Seconds)) + "."}
	}
	f := finding{
		result: Pass,
		says:   fmt.Sprintf("A stop or a freeze ended at %s; until %s what waited goes out one at a time, and nothing is on its way now.", clock(q.s.OpenedAt), clock(until)),
	}
	if d, ends := q.s.underWay(q.r); d != nil {
		f.result, f.until, f.evidence = Unknown, ends, []string{d.ID}
		f.short = fmt.Sprintf("what waited goes out one at a time, and %s is watched until %s", name(*d), clock(ends))
		f.says = fmt.Sprintf("A stop or a freeze ended at %s; until %s what waited goes out one at a time, and %s is watched until %s.", clock(q.s.OpenedAt), clock(until), name(*d), clock(ends))
		f.opensWhen = []string{"the watch of " + name(*d) + " ends at " + clock(ends)}
	}
	return f
}

func (c Drain) promises() string {
	return "for " + span(seconds(c.Seconds)) + " after a stop or a freeze one change goes out at a time"
}

func (c Drain) check(f *faults, field string) { f.span(field+".seconds", c.Seconds) }
