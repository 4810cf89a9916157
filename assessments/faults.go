package assessments

import (
	"cmp"
	"errors"
	"fmt"
	"strings"
)

// The kinds of refusal, for callers that map them to a status of their own.
var (
	ErrInvalid = errors.New("invalid assessment") // the values themselves are at fault
	ErrState   = errors.New("wrong round state")  // right values at the wrong time
	ErrFull    = errors.New("round is full")      // every answer the round takes is there
)

// refusal is an error that says fault and remedy in its own words and can be told by its kind.
type refusal struct {
	kind  error
	says  string
	place string // the field at fault, "" where it is not one
}

func (r refusal) Error() string { return r.says }
func (r refusal) Unwrap() error { return r.kind }

func refuse(kind error, format string, args ...any) error {
	return refusal{kind: kind, says: fmt.Sprintf(format, args...)}
}

// OnlyWhile refuses what can be done to a round in one state alone.
func OnlyWhile(want, is RoundState) error {
	words := map[RoundState]string{Draft: "a draft"}
	word := func(s RoundState) string { return cmp.Or(words[s], string(s)) }
	return refuse(ErrState, "it is %s, and this can only be done while it is %s", word(is), word(want))
}

// refuseAt refuses the value of one field.
func refuseAt(place, format string, args ...any) error {
	return refusal{kind: ErrInvalid, says: fmt.Sprintf(format, args...), place: place}
}

// PlaceOf is the field that a refusal is about, "" when it is about none.
func PlaceOf(err error) string {
	var r refusal
	if errors.As(err, &r) {
		return r.place
	}
	return ""
}

// Fault is one thing wrong with a set of questions or with a submission. Place is a path within a set ("questions[2].text")
// or the id of a question.
type Fault struct {
	Place   string `json:"place"`
	Problem string `json:"problem"`
	Remedy  string `json:"remedy"`
}

func (f Fault) String() string { return f.Place + ": " + f.Problem + "; " + f.Remedy }

// Faults are all the things wrong at once. Errors returned by Validate and CheckAnswers unwrap to it with errors.As.
type Faults []Fault

func (f Faults) Error() string {
	lines := make([]string, len(f))
	for i, fault := range f {
		lines[i] = fault.String()
	}
	return strings.Join(lines, "\n")
}

// Is makes every list of faults an ErrInvalid.
func (f Faults) Is(target error) bool { return target == ErrInvalid }

func (f *Faults) add(place, problem, remedy string) {
	*f = append(*f, Fault{Place: place, Problem: problem, Remedy: remedy})
}

// err is nil when there is no fault, so that an empty list never becomes a non-nil error.
func (f Faults) err() error {
	if len(f) == 0 {
		return nil
	}
	return f
}
