package metrics

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"
)

// Correction is what a person states about one record, whatever its sources say now or later. It can be withdrawn, and then counts as
// if it had never been.
type Correction struct {
	// ID orders corrections: of two that set one field the greater wins.
	ID     int64
	Record Key
	// Fields is the canonical JSON object of the fields that it sets; a null clears a field. Empty where it sets none.
	Fields json.RawMessage
	// Exclude takes the record out of all figures. Unlinked says of an incident that no deployment caused it.
	Exclude  bool
	Unlinked bool
	Reason   string
	// At is when it was stated, WithdrawnAt when it was withdrawn, zero while it holds.
	At          time.Time
	WithdrawnAt time.Time
	// By and WithdrawnBy are who did so, as the audit log names them; empty where that was not kept.
	By, WithdrawnBy string
}

// Event is the correction as a revision of its record: Merge ranks it above whatever sources say. It is false when the correction
// was withdrawn.
func (c Correction) Event() (Event, bool) {
	e := Event{Key: c.Record, Payload: c.Fields, RecordedAt: c.At, Live: true, Correction: &c}
	if len(e.Payload) == 0 {
		e.Payload = json.RawMessage("{}")
	}
	return e, c.WithdrawnAt.IsZero()
}

// maxReason bounds the reason of a correction, in bytes: it is shown wherever the correction shows.
const maxReason = 500

// NewCorrection checks what a person states, fields as JSON in any form, and brings it into the canonical form. The faults name the
// field, what is wrong with it and what to do about it.
func NewCorrection(c Correction) (Correction, []Fault) {
	var faults []Fault
	s := schemas.of(c.Record.Type)
	if s == nil {
		return c, []Fault{{Field: "record", Problem: clippedText(c.Record.String()) + " is of no known type", Remedy: "name it as source/type/id, type one of " + typeNames()}}
	}
	c.Fields, faults = s.corrected(c.Fields)
	c.Reason = strings.TrimSpace(c.Reason)
	if fault := FaultOfReason(c.Reason); fault != nil {
		faults = append(faults, *fault)
	}
	switch {
	case c.Unlinked && c.Record.Type != TypeIncident:
		faults = append(faults, Fault{Field: "unlinked", Problem: "the record is no incident", Remedy: "only an incident has a deployment that caused it"})
	case c.Unlinked && c.names("deployment", "revision"):
		faults = append(faults, Fault{Field: "unlinked", Problem: "the fields name a cause", Remedy: "either name what caused the incident or say that no deployment did"})
	case !c.Exclude && !c.Unlinked && len(c.Fields) == 0 && len(faults) == 0:
		faults = append(faults, Fault{Field: "fields", Problem: "the correction says nothing", Remedy: "set fields, exclude or unlinked"})
	}
	return c, faults
}

// FaultOfReason says what is wrong with the reason that somebody gives: it is one line of text.
func FaultOfReason(reason string) *Fault {
	switch {
	case strings.TrimSpace(reason) == "":
		return &Fault{Field: "reason", Problem: "missing", Remedy: "say why: it stands beside everything that follows from the correction"}
	case !utf8.ValidString(reason):
		return &Fault{Field: "reason", Problem: "is not valid UTF-8", Remedy: "send it as UTF-8"}
	case len(reason) > maxReason || strings.ContainsFunc(reason, func(r rune) bool { return r < ' ' || r == 0x7f }):
		return &Fault{Field: "reason", Problem: "too long or more than one line", Remedy: fmt.Sprintf("write one line of at most %d bytes", maxReason)}
	}
	return nil
}

// corrected checks the fields of a correction as those of an event are checked. They are some of the record's own: what identifies a
// record cannot be corrected, and what every record has cannot be cleared.
func (s *indexedSchema) corrected(raw []byte) (json.RawMessage, []Fault) {
	if len(raw) == 0 || string(raw) == "null" {
		return nil, nil
	}
	all, err := members(raw)
	if err != nil {
		return nil, []Fault{{Field: "fields", Problem: err.Error(), Remedy: "write an object of the fields to correct"}}
	}
	values, faults := s.values(all)
	for i := range s.Fields {
		switch f := &s.Fields[i]; {
		case values[i] == nil:
		case f.Key:
			faults = append(faults, Fault{Field: f.Name, Problem: "identifies the record", Remedy: "correct other fields, or exclude the record"})
		case f.Required && isNull(values[i]):
			faults = append(faults, Fault{Field: f.Name, Problem: "cannot be cleared", Remedy: "give the right value, or exclude the record"})
		}
	}
	if faults = append(faults, s.disordered(values)...); len(faults) > 0 {
		return nil, faults
	}
	if payload := s.payload(values); len(payload) > len("{}") {
		return payload, nil
	}
	return nil, nil
}

// sets reports whether the correction sets or clears one of the fields.
func (c *Correction) sets(fields ...string) bool {
	return c.has(fields, func([]byte) bool { return true })
}

// names reports whether it gives one of the fields a value.
func (c *Correction) names(fields ...string) bool { return c.has(fields, stated) }

func (c *Correction) has(fields []string, fits func([]byte) bool) bool {
	return slices.ContainsFunc(payloadMembers(Event{Payload: c.Fields}), func(m member) bool {
		return slices.Contains(fields, string(m.name)) && fits(m.raw)
	})
}

// lastCorrection is the one with the greatest number, among those of a record's revisions, that does what is asked; nil when none does.
func lastCorrection(revisions []*Event, does func(*Correction) bool) *Correction {
	var last *Correction
	for _, e := range revisions {
		if c := e.Correction; c != nil && (last == nil || c.ID > last.ID) && does(c) {
			last = c
		}
	}
	return last
}

// correctedAt is when one of the fields was last corrected, zero when none was.
func correctedAt(revisions []*Event, fields ...string) time.Time {
	if c := lastCorrection(revisions, func(c *Correction) bool { return c.sets(fields...) }); c != nil {
		return c.At.UTC()
	}
	return time.Time{}
}

// knownLater is a known-at that a correction may have moved on: what follows from it was not known before.
func knownLater(at time.Time, assumed bool, corrected time.Time) (time.Time, bool) {
	if corrected.After(at) {
		return corrected, false
	}
	return at, assumed
}

// exclusion is the correction that leaves a record out, nil when none does.
func exclusion(revisions []*Event) *Correction {
	return lastCorrection(revisions, func(c *Correction) bool { return c.Exclude })
}

// handMade are the words that say of a fact that a person stated it.
func (c *Correction) handMade() string { return "corrected by hand: " + c.Reason }

// onlyCorrections reports whether no source told of a record: there is nothing to correct then.
func onlyCorrections(revisions []*Event) bool {
	return !slices.ContainsFunc(revisions, func(e *Event) bool { return e.Correction == nil })
}
