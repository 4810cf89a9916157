package metrics

import (
	"bytes"
	"cmp"
	"encoding/json"
	"slices"
	"strings"
)

// Merge makes one event of the revisions of one record, in any order. Per field the correction with the greatest number
// wins, else the revision with the greatest (updated_at, sequence). Between equals a clearing null wins, then the later status
// (pending, running, cancelled, failed, succeeded), then the larger canonical JSON. The result carries the greatest order of its
// revisions, and the recording time of the one that has it; it keeps nulls, so that a revision that turns up later is judged the same.
func Merge(revisions []Event) Event {
	switch len(revisions) {
	case 0:
		return Event{}
	case 1:
		return revisions[0]
	}
	merged := revisions[0]
	fields := map[string]statement{}
	for _, e := range revisions {
		if lastOf(e, merged) > 0 {
			merged = e
		}
		for _, m := range payloadMembers(e) {
			s := statement{event: e, value: m.raw}
			if old, known := fields[string(m.name)]; !known || s.beats(old, string(m.name)) {
				fields[string(m.name)] = s
			}
		}
	}
	merged.Payload = joined(fields)
	return merged
}

// lastOf orders revisions; those that state no order by when we recorded them, so that nothing counts as known too early.
func lastOf(a, b Event) int {
	return cmp.Or(compareOrder(a, b), a.RecordedAt.Compare(b.RecordedAt), compareBool(a.Live, b.Live))
}

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case a:
		return 1
	}
	return -1
}

func compareOrder(a, b Event) int {
	return cmp.Or(cmp.Compare(a.number(), b.number()), a.UpdatedAt.Compare(b.UpdatedAt), cmp.Compare(a.Sequence, b.Sequence))
}

// statement is what one revision says of one field.
type statement struct {
	event Event
	value []byte
}

func (s statement) beats(old statement, field string) bool {
	if c := compareOrder(s.event, old.event); c != 0 {
		return c > 0
	}
	if isNull(s.value) || isNull(old.value) {
		return isNull(s.value)
	}
	if field == "status" {
		return slices.Index(statusOrder, string(s.value)) > slices.Index(statusOrder, string(old.value))
	}
	return bytes.Compare(s.value, old.value) > 0
}

// statusOrder decides an unordered conflict between states: the later wins.
var statusOrder = []string{`"pending"`, `"running"`, `"cancelled"`, `"failed"`, `"succeeded"`}

// payloadMembers splits a canonical payload; one that is no object states nothing.
func payloadMembers(e Event) []member {
	all, err := members(e.Payload)
	if err != nil {
		return nil
	}
	return all
}

func joined(fields map[string]statement) json.RawMessage {
	names := make([]string, 0, len(fields))
	for name := range fields {
		names = append(names, name)
	}
	slices.Sort(names)
	out := []byte{'{'}
	for i, name := range names {
		if i > 0 {
			out = append(out, ',')
		}
		out = append(append(append(out, quoted(name)...), ':'), fields[name].value...)
	}
	return append(out, '}')
}

// MergeAll groups events by their key and merges each record's revisions; the result is sorted by key.
func MergeAll(events []Event) []Event {
	sorted := slices.Clone(events)
	slices.SortStableFunc(sorted, func(a, b Event) int { return keyOrder(a.Key, b.Key) })
	var merged []Event
	for from := 0; from < len(sorted); {
		to := from + 1
		for to < len(sorted) && sorted[to].Key == sorted[from].Key {
			to++
		}
		merged = append(merged, Merge(sorted[from:to]))
		from = to
	}
	return merged
}

func keyOrder(a, b Key) int {
	return cmp.Or(
		strings.Compare(a.Source, b.Source),
		strings.Compare(string(a.Type), string(b.Type)),
		strings.Compare(a.Repository, b.Repository),
		strings.Compare(a.ID, b.ID),
	)
}
