package reports

import (
	"cmp"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"shiphabit/metrics"
	"shiphabit/metrics/gate"
)

// Objection is what a person says to be wrong with a record, from the form up to the moment it is recorded.
type Objection struct {
	// CSRF is the token of the forms; May tells that who asks may correct.
	CSRF string
	May  bool
	// Chosen, Given and Reason are what was sent before.
	Chosen, Given, Reason string
	// Problem says what is wrong with it; Preview is shown before anything is stored.
	Problem string
	Preview *Preview
	// Corrections are those of the service's records, newest first; More counts those that are not listed.
	Corrections []metrics.Correction
	More        int
}

// Preview is what a correction would change.
type Preview struct {
	Says, Follows, Given, Reason string
	Table                        Table
}

// Standpoint is a service as some facts show it.
type Standpoint struct {
	Card  metrics.Scorecard
	Meter gate.MeterState
}

// PreviewOf sets a service with a correction beside the service as it is.
func PreviewOf(d metrics.Dispute, given, reason string, now, then Standpoint) *Preview {
	p := &Preview{Says: d.Says, Follows: d.Follows, Given: given, Reason: reason}
	p.Table = Table{Caption: "What it changes in this window", Head: []Head{{Text: "Figure"}, {Text: "Now"}, {Text: "With it"}}}
	before, after := standpointWords(now), standpointWords(then)
	for i, row := range before {
		with := "no change"
		if after[i][1] != row[1] {
			with = after[i][1]
		}
		p.Table.Rows = append(p.Table.Rows, []Cell{{Text: row[0]}, {Text: row[1]}, {Text: with}})
	}
	return p
}

func standpointWords(s Standpoint) [][2]string {
	var out [][2]string
	for _, f := range append(figures(s.Card, nil, nil, Course{}), restore(s.Card.Restore)) {
		out = append(out, [2]string{f.Title, strings.TrimSuffix(cmp.Or(f.Value, f.Why)+", "+f.N, ", ")})
	}
	state := "open"
	if s.Meter.Blocked {
		state = "stopped"
	}
	return append(out, [2]string{"Failure meter of the gate", fmt.Sprintf("%d, stops at %d, %s", s.Meter.Value, s.Meter.Line, state)})
}

// Disputes are what may be wrong with the record.
func (r Record) Disputes() []metrics.Dispute {
	switch {
	case r.Rollout != nil:
		return metrics.DisputesOf(*r.Rollout)
	case r.Incident != nil:
		return metrics.DisputesOfIncident(*r.Incident)
	case r.Left != nil:
		return metrics.DisputesOfLeftOut(*r.Left)
	}
	return nil
}

// Dispute finds one of them.
func (r Record) Dispute(id string) (metrics.Dispute, bool) {
	for _, d := range r.Disputes() {
		if d.ID == id {
			return d, true
		}
	}
	return metrics.Dispute{}, false
}

// mostSuggested is how many deployments the form proposes as the cause of an incident.
const mostSuggested = 30

// Suggested are the deployments that may be meant as a cause, newest first; none where no cause is asked for.
func (r Record) Suggested() []Cell {
	if !slices.ContainsFunc(r.Disputes(), func(d metrics.Dispute) bool { return d.Takes == "deployment" }) {
		return nil
	}
	var out []Cell
	for _, one := range slices.Backward(r.facts.Rollouts) {
		if len(out) == mostSuggested {
			break
		}
		if r.Incident != nil && one.FinishedAt.After(r.Incident.StartedAt) {
			continue
		}
		out = append(out, Cell{Text: name(one) + ", " + r.Clock.stamp(one.FinishedAt), Href: one.ID})
	}
	return out
}

// formTime is how a field for a time writes and sends it.
const formTime = "2006-01-02T15:04"

// Filled is the time that a field begins with, as the page's clock shows it.
func (r Record) Filled(dispute string) string {
	switch {
	case r.Rollout != nil:
		return r.Clock.in(r.Rollout.FinishedAt).Format(formTime)
	case dispute == "resolved" && !r.Incident.ResolvedAt.IsZero():
		return r.Clock.in(r.Incident.ResolvedAt).Format(formTime)
	default:
		return r.Clock.in(r.Incident.StartedAt).Format(formTime)
	}
}

// Meant is what was given as the dispute takes it: a time, read by the page's clock, in UTC. The error says why the clock alone does not tell
// which instant is meant; what is no time at all is left to the dispute.
func (r Record) Meant(d metrics.Dispute, given string) (string, error) {
	if d.Takes != "at" {
		return given, nil
	}
	zone := r.Clock.Zone()
	for _, layout := range []string{formTime, formTime + ":05"} {
		at, err := time.ParseInLocation(layout, given, zone)
		switch {
		case err != nil:
			continue
		case at.Format(layout) != given:
			return "", fmt.Errorf("at: no clock of %s shows %s, for it is put forward over that hour; give a time before or after it", zone, given)
		case twice(at):
			return "", fmt.Errorf("at: clocks of %s show %s twice, for they are set back; state the instant in UTC by POST /api/v1/corrections, or give a time before or after that hour", zone, given)
		}
		return at.UTC().Format(layout), nil
	}
	return given, nil
}

// Told is what was given as a preview says it: a time with the name of its zone.
func (r Record) Told(given string) string {
	if d, _ := r.Dispute(r.Chosen); d.Takes != "at" {
		return given
	}
	return strings.Replace(given, "T", " ", 1) + " (" + r.Clock.Zone().String() + ")"
}

// Here is the address of the record's own page.
func (r Record) Here() string { return RecordPath(r.Service, r.ID) }

// Heading is that of the corrections on the page of a record.
func (r Record) Heading() string { return "Corrections of records of " + r.Service }

// Heading is that of the list.
func (Corrections) Heading() string { return "Newest first" }

// Corrections lists what people stated about records.
type Corrections struct {
	Frame
	Objection
	// Service narrows the list; empty for all.
	Service string
}

func (Corrections) template() string { return "corrections" }

// Here is the address of the list.
func (c Corrections) Here() string { return CorrectionsPath(c.Service) }

// CorrectionsPath leads to the corrections of a service's records, of all when it is empty.
func CorrectionsPath(service string) string {
	return View{}.Link("/corrections", nil, "service", service)
}

// correctionWords say what a correction states.
func correctionWords(c metrics.Correction) string {
	var words []string
	if c.Exclude {
		words = append(words, "left out of all figures")
	}
	if c.Unlinked {
		words = append(words, "no deployment caused it")
	}
	var fields map[string]any
	if json.Unmarshal(c.Fields, &fields) == nil {
		for _, name := range slices.Sorted(maps.Keys(fields)) {
			said := strings.ReplaceAll(name, "_", " ")
			if fields[name] == nil {
				words = append(words, said+" cleared")
				continue
			}
			words = append(words, fmt.Sprintf("%s: %v", said, fields[name]))
		}
	}
	return strings.Join(words, "; ")
}
