package metrics

import (
	"fmt"
	"strconv"
	"strings"
	"time"
)

// assemble makes an event of the members of one object, or says everything that is wrong with them.
// A line that carries updated_at or sequence is a revision that may fill in or change single fields; any other line states
// a whole record and must hold every required field.
func assemble(all []member, source string) (Event, []Fault) {
	s, fault := schemaFor(all)
	if fault != nil {
		return Event{}, []Fault{*fault}
	}
	values, faults := s.values(all)
	if !stated(values[s.at("source")]) && !plain([]byte(source)) {
		if fault := FaultOfName("source", source); fault != nil {
			faults = append(faults, *fault)
		}
	}
	faults = append(faults, s.missing(values)...)
	if len(faults) == 0 {
		faults = s.disordered(values)
	}
	if len(faults) > 0 {
		return Event{}, faults
	}
	return s.event(values, source), nil
}

func schemaFor(all []member) (*indexedSchema, *Fault) {
	for _, m := range all {
		if string(m.name) != "type" {
			continue
		}
		if m.raw[0] == '"' {
			if s := schemas.of(EventType(unquoted(m.raw))); s != nil {
				return s, nil
			}
		}
		return nil, &Fault{Field: "type", Problem: clipped(m.raw) + " is no event type", Remedy: "one of " + typeNames()}
	}
	return nil, &Fault{Field: "type", Problem: "missing", Remedy: "one of " + typeNames()}
}

func typeNames() string {
	var names []string
	for _, t := range EventTypes() {
		names = append(names, string(t))
	}
	return strings.Join(names, ", ")
}

// values are the canonical values by position in the schema's fields; nil where nothing is stated.
func (s *indexedSchema) values(all []member) ([][]byte, []Fault) {
	values := make([][]byte, len(s.Fields))
	seen := make([]bool, len(s.Fields))
	var faults []Fault
	for _, m := range all {
		at, known := s.index[string(m.name)]
		switch {
		case !known:
			faults = append(faults, Fault{Field: oneLine(clipped(m.name)), Problem: "unknown key", Remedy: "a " + string(s.Type) + " has no such field; see docs/events.md"})
		case seen[at]:
			faults = append(faults, Fault{Field: s.Fields[at].Name, Problem: "stated twice", Remedy: "state each key once"})
		default:
			seen[at] = true
			value, fault := s.Fields[at].canonical(m.raw)
			if fault != nil {
				faults = append(faults, *fault)
				value = m.raw // stated, if badly: it is not missing as well
			}
			values[at] = value
		}
	}
	return values, faults
}

func isNull(value []byte) bool { return len(value) > 0 && value[0] == 'n' }

func stated(value []byte) bool { return value != nil && !isNull(value) }

func (s *indexedSchema) missing(values [][]byte) []Fault {
	revision := stated(values[s.at("updated_at")]) || stated(values[s.at("sequence")])
	var faults []Fault
	for i := range s.Fields {
		f := &s.Fields[i]
		if f.Required && !stated(values[i]) && (f.Key || !revision) {
			faults = append(faults, Fault{Field: f.Name, Problem: "missing", Remedy: f.remedyWhenMissing()})
		}
	}
	if len(s.OneOf) > 0 && !revision && !s.anyStated(values, s.OneOf) {
		faults = append(faults, Fault{Field: s.OneOf[0], Problem: "missing", Remedy: "give " + strings.Join(s.OneOf, " or ")})
	}
	return faults
}

func (f *Field) remedyWhenMissing() string {
	if f.Key {
		return "give it: " + f.Means
	}
	return "give it, or updated_at if the line only changes a record sent before"
}

func (s *indexedSchema) anyStated(values [][]byte, fields []string) bool {
	for _, name := range fields {
		if stated(values[s.at(name)]) {
			return true
		}
	}
	return false
}

// disordered finds pairs of times that cannot both be true.
func (s *indexedSchema) disordered(values [][]byte) []Fault {
	var faults []Fault
	for _, pair := range s.Order {
		first, second := values[s.at(pair[0])], values[s.at(pair[1])]
		if stated(first) && stated(second) && timeOf(second).Before(timeOf(first)) {
			faults = append(faults, Fault{Field: pair[1], Problem: fmt.Sprintf("%s is before %s %s", second, pair[0], first), Remedy: "correct one of the two"})
		}
	}
	return faults
}

// timeOf reads a canonical time; zero when nothing is stated.
func timeOf(value []byte) time.Time {
	var t time.Time
	if !stated(value) || t.UnmarshalText(unquoted(value)) != nil {
		return time.Time{}
	}
	return t.UTC()
}

func textOf(value []byte) string {
	if !stated(value) {
		return ""
	}
	return string(unquoted(value))
}

// event builds the event of values that are known to be sound.
func (s *indexedSchema) event(values [][]byte, source string) Event {
	e := Event{Key: Key{Source: source, Type: s.Type, ID: textOf(values[s.at("id")])}}
	if named := textOf(values[s.at("source")]); named != "" {
		e.Source = named
	}
	if at, has := s.index["repository"]; has && s.Fields[at].Key {
		e.Repository = textOf(values[at])
	}
	e.UpdatedAt = timeOf(values[s.at("updated_at")])
	if sequence := values[s.at("sequence")]; stated(sequence) {
		e.Sequence, _ = strconv.ParseInt(string(sequence), 10, 64) // canonicalInt wrote it
	}
	e.Payload = s.payload(values)
	return e
}

// payload joins the values; the fields are in alphabetical order, so the object is canonical.
func (s *indexedSchema) payload(values [][]byte) []byte {
	size := len("{}")
	for i, v := range values {
		size += len(v) + len(s.Fields[i].Name) + len(`"":,`)
	}
	out := make([]byte, 0, size)
	for i, v := range values {
		if f := &s.Fields[i]; v != nil && !f.Key {
			out = append(append(append(append(out, separator(out, '{'), '"'), f.Name...), '"', ':'), v...)
		}
	}
	if len(out) == 0 {
		out = append(out, '{')
	}
	return append(out, '}')
}
