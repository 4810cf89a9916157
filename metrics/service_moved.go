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
	left, came := map[string]map[Key]bool{}, map[string]map[Key]bool{}
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
			note(left, name, k)
		}
		for _, name := range s.servicesOf(k) {
			if name != "" && !slices.Contains(was.servicesOf(k), name) {
				note(came, name, k)
			}
		}
	}
	told := len(events)
	for i, of := range []map[string]map[Key]bool{left, came} {
		for _, name := range slices.Sorted(maps.Keys(of)) {
			for _, e := range marks(events[:told], of[name], i == 0) {
				events = append(slices.Clip(events), e)
				s.give(name, len(events)-1)
			}
		}
	}
	return events
}

func note(of map[string]map[Key]bool, service string, k Key) {
	if of[service] == nil {
		of[service] = map[Key]bool{}
	}
	of[service][k] = true
}

// marks leave records out of a service that they came from, or say that they came to one. A record that follows another, as a verdict does its deployment, goes by the
// last correction of all that moved one of them.
func marks(events []Event, moved map[Key]bool, away bool) []Event {
	last := lastMoving(events, func(e Event) bool { return moved[e.Key] })
	if last == nil {
		return nil
	}
	var out []Event
	for _, k := range slices.SortedFunc(maps.Keys(moved), compareKeys) {
		c := lastMoving(events, func(e Event) bool { return e.Key == k })
		if c == nil {
			c = last
		}
		e, _ := c.mark(k, away).Event()
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

// mark is what follows from the correction for a service that a record came from, or came to. No correction that is kept has such a number.
func (c Correction) mark(k Key, away bool) Correction {
	c.ID, c.Record, c.Fields, c.Exclude, c.Unlinked = -c.ID, k, nil, away, false
	return c
}

// arrives reports whether the correction says that a record came to the service.
func (c *Correction) arrives() bool { return c.ID < 0 && !c.Exclude }
