package metrics

import (
	"maps"
	"slices"
)

// moved gives records that corrections brought to another service to the one that they came from too, which leaves them out: what it did by
// them, its gate above all, it did. A service of which nothing else is left is none any more. The events are returned with those that say so.
func (s *splitter) moved(events []Event, rules Rules) []Event {
	if lastMoving(events, func(Event) bool { return true }) == nil {
		return events
	}
	was := newSplitter(rules)
	was.place(withoutCorrections(events))
	left := map[string]map[Key]bool{}
	for i := range events {
		k := events[i].Key
		if k.Type == TypeCommit || k.Type == TypePullRequest {
			continue
		}
		for _, name := range was.servicesOf(k) {
			if name == "" || slices.Contains(s.servicesOf(k), name) || s.events[name] == nil {
				continue
			}
			s.give(name, i)
			if left[name] == nil {
				left[name] = map[Key]bool{}
			}
			left[name][k] = true
		}
	}
	for _, name := range slices.Sorted(maps.Keys(left)) {
		for _, e := range partings(events, left[name]) {
			events = append(slices.Clip(events), e)
			s.give(name, len(events)-1)
		}
	}
	return events
}

// partings leave records out of a service that they came from. A record that follows another, as a verdict does its deployment, goes by the
// last correction of all that moved one of them.
func partings(events []Event, left map[Key]bool) []Event {
	last := lastMoving(events, func(e Event) bool { return left[e.Key] })
	if last == nil {
		return nil
	}
	var out []Event
	for _, k := range slices.SortedFunc(maps.Keys(left), compareKeys) {
		c := lastMoving(events, func(e Event) bool { return e.Key == k })
		if c == nil {
			c = last
		}
		e, _ := c.away(k).Event()
		out = append(out, e)
	}
	return out
}

// lastMoving is the last correction of such records that can bring one to another service, nil when none can.
func lastMoving(events []Event, of func(Event) bool) *Correction {
	var last *Correction
	for i := range events {
		if c := events[i].Correction; c != nil && c.moves() && (last == nil || c.ID > last.ID) && of(events[i]) {
			last = c
		}
	}
	return last
}

// moves reports whether the correction sets what decides to which service a record belongs.
func (c *Correction) moves() bool {
	return c.sets("deployment", "environment", "labels", "repository", "service")
}

// away is what follows from the correction for the service that a record came from. No correction that is kept has such a number.
func (c Correction) away(k Key) Correction {
	c.ID, c.Record, c.Fields, c.Exclude, c.Unlinked = -c.ID, k, nil, true, false
	return c
}

func (c *Correction) movedAway() bool { return c.ID < 0 }
