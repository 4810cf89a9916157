package collector

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// ErrMoved is what Store.Apply returns when another replica has moved the cursor first; nothing was saved.
var ErrMoved = errors.New("the cursor was moved by another replica")

// Trouble says what is to be done about an error of a source.
type Trouble string

// The troubles of a source. Only a passing one is tried again.
const (
	Passing    Trouble = "passing"    // the network, the host or its limits: try again later
	Refused    Trouble = "refused"    // the host does not let us in: a person must change access
	Forbidden  Trouble = "forbidden"  // the host lets us in and keeps this from us: a person must widen access
	Missing    Trouble = "missing"    // the host has no such record, or has it no longer
	Unreadable Trouble = "unreadable" // what the source points at is not there or not what it should be
	Outdated   Trouble = "outdated"   // what was read before no longer fits: discard it and read from the start
)

// Error is a trouble of a source in words: where, what, and what to do about it.
type Error struct {
	Trouble Trouble
	Place   string // what was being read, as the user named it
	Problem string
	Remedy  string
	// RetryAt is the earliest time at which a passing trouble is worth another try; zero when the host does not say.
	RetryAt time.Time
	// Failing tells of a passing trouble that the host answers, and answers that it has failed: what it was asked may be to blame.
	Failing bool
	Err     error // the cause, when there is one
}

// Error is "place: problem; remedy", in one line.
func (e *Error) Error() string {
	var b strings.Builder
	if e.Place != "" {
		b.WriteString(e.Place + ": ")
	}
	b.WriteString(e.Problem)
	if e.Remedy != "" {
		b.WriteString("; " + e.Remedy)
	}
	return b.String()
}

func (e *Error) Unwrap() error { return e.Err }

// TroubleOf returns the trouble behind err, "" when err names none.
func TroubleOf(err error) Trouble {
	var e *Error
	if errors.As(err, &e) {
		return e.Trouble
	}
	return ""
}

// retryAt returns the earliest time at which err is worth another try, and whether it is worth one at all.
func retryAt(err error) (time.Time, bool) {
	var e *Error
	if errors.As(err, &e) && e.Trouble == Passing {
		return e.RetryAt, true
	}
	return time.Time{}, false
}

// gaveUp wraps the last error of a source that kept failing.
func gaveUp(source string, tries int, err error) error {
	return fmt.Errorf("read %s: given up after %d tries: %w", source, tries, err)
}
