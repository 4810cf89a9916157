package metrics

import (
	"cmp"
	"slices"
	"time"
)

// DayTally is the tally of one service's facts on one civil day and for one kind of environment, with everything that is known
// of them. It is what a store keeps, so that the figures of any span of days are a merge of rows.
type DayTally struct {
	// Kind is empty for the records left out, which belong to the figures of every kind.
	Kind EnvironmentKind
	// Day is numbered from 1 January 1970 in the zone that the tally was made in.
	Day int
	// KnownBy is the latest instant that the tally speaks of. Seen from before it the day holds less, and must be tallied from
	// the facts.
	KnownBy time.Time
	Tally   Tally
}

// DayTallies cuts the facts of a service into days, in order of kind and day. Days on which nothing happened have none. Their
// merge over a window of whole days, those of a kind with those of none, is TallyOf that window and kind, seen from any instant
// not before their KnownBy.
func DayTallies(f Facts, d Definition, zone *time.Location) []DayTally {
	cut := dayCutter{zone: zone, days: map[kindDay]*DayTally{}}
	counters := map[EnvironmentKind]counter{}
	of := func(kind EnvironmentKind) counter {
		c, known := counters[kind]
		if !known {
			c = newCounter(f, Query{Kind: kind, Definition: d, Zone: zone, AsOf: endOfTime}.complete())
			c.everSettling = true
			counters[kind] = c
		}
		return c
	}
	for i := range f.Rollouts {
		r := &f.Rollouts[i]
		c := of(r.EnvironmentKind)
		c.addRollout(cut.rollout(r), r)
	}
	for _, i := range f.Incidents {
		c := of(i.EnvironmentKind)
		c.addIncident(cut.incident(i), i)
	}
	for _, l := range f.LeftOut {
		if !l.At.IsZero() {
			count(&cut.at("", l.At).LeftOut, l.Reason)
		}
	}
	return cut.sorted()
}

// PartTally is the part of TallyOf that the day tallies of one kind hold: without the records left out, or for the empty kind
// those alone.
func PartTally(f Facts, q Query, kind EnvironmentKind) Tally {
	q.Kind = kind
	c := newCounter(f, q.complete())
	var t Tally
	if kind == "" {
		c.addLeftOut(&t)
	} else {
		c.add(&t)
	}
	t.sort()
	return t
}

// endOfTime is an instant from which everything is known.
var endOfTime = time.Unix(1<<40, 0).UTC()

// DayWindow is the civil day of that number in a zone: 24 hours, or 23 or 25 where the clock changes.
func DayWindow(number int, zone *time.Location) Window {
	return Window{From: day(number).start(zone), To: (day(number) + 1).start(zone)}
}

// DayNumber is the number of the civil day on which an instant falls in a zone, counted from 1 January 1970, which is 0.
func DayNumber(at time.Time, zone *time.Location) int { return int(dayOf(at, zone)) }

// kindDay is a day in one kind of environment.
type kindDay struct {
	kind EnvironmentKind
	day  day
}

// dayCutter sorts what is counted into days, and notes by when all of it was known.
type dayCutter struct {
	zone *time.Location
	days map[kindDay]*DayTally
}

// at is the tally of the day on which something happened.
func (c *dayCutter) at(kind EnvironmentKind, at time.Time, later ...time.Time) *Tally {
	key := kindDay{kind, dayOf(at, c.zone)}
	on := c.days[key]
	if on == nil {
		on = &DayTally{Kind: kind, Day: int(key.day), KnownBy: at.UTC()}
		c.days[key] = on
	}
	for _, t := range append(later, at) {
		if t.After(on.KnownBy) {
			on.KnownBy = t.UTC()
		}
	}
	return &on.Tally
}

func (c *dayCutter) rollout(r *Rollout) *Tally {
	later := make([]time.Time, 0, 4)
	for _, f := range r.Failures {
		later = append(later, f.At)
	}
	if r.Recovery != nil {
		later = append(later, r.Recovery.At)
	}
	return c.at(r.EnvironmentKind, r.FinishedAt, later...)
}

func (c *dayCutter) incident(i IncidentLink) *Tally {
	return c.at(i.EnvironmentKind, i.StartedAt, i.ResolvedAt)
}

func (c *dayCutter) sorted() []DayTally {
	out := make([]DayTally, 0, len(c.days))
	for _, on := range c.days {
		on.Tally.sort()
		out = append(out, *on)
	}
	slices.SortFunc(out, func(a, b DayTally) int { return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Day, b.Day)) })
	return out
}
