package metrics

import (
	"cmp"
	"maps"
	"slices"
	"time"
)

// moved gives records that corrections moved between services to each that ever had them, with marks that say when they came and when they left,
// and the code of a repository to each service that was ever built from it: what a service did by them, its gate above all, it did. One that is not
// declared and of which nothing is left is none any more. The events are returned with the marks.
func (s *splitter) moved(events []Event, rules Rules) []Event {
	fields := rules.placing()
	moving := slices.DeleteFunc(slices.Clone(events), func(e Event) bool { return e.Correction == nil || !e.Correction.sets(fields...) })
	if len(moving) == 0 {
		return events
	}
	placed, once := withoutCode(events), map[Key][]string{}
	var marked []Event
	had := placedBy(placed, rules, time.Time{})
	built := maps.Clone(had.services)
	for _, at := range correctedAtTimes(moving) {
		made := slices.DeleteFunc(slices.Clone(moving), func(e Event) bool { return !e.Correction.At.Equal(at) })
		has := placedBy(placed, rules, at)
		moves := append(had.lost(has, true), has.lost(had, false)...)
		by := causes(made, moves)
		for n, move := range moves {
			if _, known := s.events[move.service]; !known {
				continue
			}
			once[move.record] = union(once[move.record], []string{move.service})
			marked = append(marked, move.mark(*by[n]))
			s.give(move.service, len(events)+len(marked)-1)
		}
		for repository, names := range has.services {
			built[repository] = union(built[repository], names)
		}
		had = has
	}
	for i := range events {
		names := once[events[i].Key]
		if t := events[i].Type; t == TypeCommit || t == TypePullRequest {
			names = built[events[i].Repository]
		}
		for _, name := range names {
			if _, known := s.events[name]; known && !slices.Contains(s.servicesOf(events[i].Key), name) {
				s.give(name, i)
			}
		}
	}
	return slices.Concat(events, marked)
}

// union are the names and those of others that are not among them.
func union(names, others []string) []string {
	for _, name := range others {
		if !slices.Contains(names, name) {
			names = append(slices.Clip(names), name)
		}
	}
	return names
}

// placedBy places the records as they were corrected by an instant.
func placedBy(events []Event, rules Rules, at time.Time) *splitter {
	s := newSplitter(rules)
	s.place(slices.DeleteFunc(slices.Clone(events), func(e Event) bool { return e.Correction != nil && e.Correction.At.After(at) }))
	return s
}

// move is a record that came to a service, or left it.
type move struct {
	service string
	record  Key
	away    bool
}

// lost are the records of each service that it does not have at another time.
func (s *splitter) lost(other *splitter, away bool) []move {
	var moves []move
	for k, names := range s.placed {
		for _, name := range names {
			if !slices.Contains(other.placed[k], name) {
				moves = append(moves, move{name, k, away})
			}
		}
	}
	slices.SortFunc(moves, func(a, b move) int { return cmp.Or(cmp.Compare(a.service, b.service), compareKeys(a.record, b.record)) })
	return moves
}

// causes are the corrections, of those made at one instant, that made the moves: the record's own, and for one that follows another, as a verdict
// does its deployment, the last of those that moved anything the same way, else the last of all.
func causes(made []Event, moves []move) []*Correction {
	own, same, all := map[Key]*Correction{}, map[move]*Correction{}, (*Correction)(nil)
	for i := range made {
		c := made[i].Correction
		own[c.Record], all = lastMade(own[c.Record], c), lastMade(all, c)
	}
	way := func(m move) move { return move{service: m.service, away: m.away} }
	for _, m := range moves {
		same[way(m)] = lastMade(same[way(m)], own[m.record])
	}
	by := make([]*Correction, len(moves))
	for i, m := range moves {
		by[i] = cmp.Or(own[m.record], same[way(m)], all)
	}
	return by
}

// lastMade is the one with the greater number.
func lastMade(a, b *Correction) *Correction {
	if a == nil || b != nil && b.ID > a.ID {
		return b
	}
	return a
}

// mark says it to the service, of a correction that made the move.
func (m move) mark(c Correction) Event {
	c.ID, c.Record, c.Fields, c.Exclude, c.Unlinked = -c.ID, m.record, nil, m.away, false
	e, _ := c.Event()
	return e
}

// Sources are those of the service's records, by name. Records that corrections brought to another service are not its own any more.
func (s ServiceEvents) Sources() []string {
	left := map[Key]bool{}
	for _, c := range marksIn(s.Events) {
		left[c.Record] = !c.arrives()
	}
	var sources []string
	last := ""
	for i := range s.Events {
		if k := s.Events[i].Key; k.Source != last && !left[k] {
			sources, last = append(sources, k.Source), k.Source
		}
	}
	slices.Sort(sources)
	return slices.Compact(sources)
}

// placing are the fields that decide to which service a record belongs.
func (r Rules) placing() []string {
	fields := []string{"deployment", "repository", "service"}
	for _, s := range r.Services {
		if len(s.Environments) > 0 || len(s.Labels) > 0 {
			return append(fields, "environment", "labels")
		}
	}
	return fields
}

// isMark reports whether it says that a record was moved: no correction that is kept has such a number.
func (c *Correction) isMark() bool { return c.ID < 0 }

// arrives reports whether the mark says that a record came to the service.
func (c *Correction) arrives() bool { return c.isMark() && !c.Exclude }
