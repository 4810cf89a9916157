package gate

import (
	"fmt"
	"time"
)

// How the failure meter of a new service begins that shares code with an older one. Policies of before this was agreed say neither.
const (
	BeginsHalf  = "half"  // at half its line, as after a reopening: splitting a service must not empty its meter
	BeginsEmpty = "empty" // like any other
)

// olderBy is for how long something must have been known of the older service. Two that are brought out together, or whose records begin with
// the same import, are no split of one another.
const olderBy = 30 * 24 * time.Hour

// forgetful is for how long it is remembered what a record without a trial comes to: its meter's beginning depends on others' records too.
const forgetful = 10 * time.Second

// Older is a service with a record of its own that a service shares code with.
type Older struct {
	Service    string `json:"service"`
	Repository string `json:"repository"`
	// Path is the folder of the repository that both have, empty for all of it.
	Path string `json:"path,omitempty"`
	// Since is when its first planned deployment to production was known.
	Since time.Time `json:"since"`
}

// Beginning is where a failure meter began that did not begin empty, and why.
type Beginning struct {
	Value int   `json:"value"`
	Line  int   `json:"line"`
	Older Older `json:"older"`
}

// Precedes tells whether the older service is old enough for one that begins at an instant.
func (o *Older) Precedes(begins time.Time) bool {
	return o != nil && !o.Since.Add(olderBy).After(begins)
}

// equal tells whether two are the same service with the same record.
func (o *Older) equal(other *Older) bool {
	if o == nil || other == nil {
		return o == other
	}
	return o.Service == other.Service && o.Repository == other.Repository && o.Path == other.Path && o.Since.Equal(other.Since)
}

// sharing adds the older service with which this one shares code, nil for none.
func (h *history) sharing(o *Older) *history {
	h.older = o
	return h
}

// begins is when a record begins, and when that was known: with the first trial that was known to have gone out, now while there is none.
func (h *history) begins(finishes []finish) (at, known time.Time) {
	at = h.now
	for _, f := range finishes {
		if since := latest(f.at, f.from); f.knownAt(since) && before(since, known) {
			if at, known = f.at, since; f.from.IsZero() {
				break // those after it went out later
			}
		}
	}
	return at, known
}

// begin lets the meter of a service that shares code with an older one begin half full. As long as no trial went out nothing has moved, and
// so there is no step.
func (h *history) begin(m *meter, rule FailureMeter, finishes []finish, events []meterEvent) {
	begins, known := h.begins(finishes)
	if rule.SharedRepository != BeginsHalf || !h.older.Precedes(begins) {
		return
	}
	older := *h.older
	older.Since = older.Since.UTC()
	m.state.Value = m.state.Line / 2
	m.state.Began = &Beginning{Value: m.state.Value, Line: m.state.Line, Older: older}
	if known.IsZero() {
		return
	}
	if len(events) > 0 && events[0].at.Before(known) {
		known = events[0].at // a probe before the first deployment
	}
	m.step(known, "", StepShared)
}

// says is why the meter began so, for a sentence that begins with who did.
func (b *Beginning) says(verb string) string {
	shared := "its repository " + b.Older.Repository
	if b.Older.Path != "" {
		shared = b.Older.Path + " in " + shared
	}
	return fmt.Sprintf("%s half full, at %d of %d: it shares %s with %s", verb, b.Value, b.Line, shared, b.Older.Service)
}

// BeganSays tells in a sentence that the meter began half full, and why; "" where nothing is left of that. Of a meter that nothing has moved yet
// it speaks by the name given.
func (m MeterState) BeganSays(service string) string {
	switch {
	case m.Began == nil:
		return ""
	case m.Trials == 0:
		return service + " " + m.Began.says("begins") + "."
	default:
		return "It " + m.Began.says("began") + "."
	}
}
