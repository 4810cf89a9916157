package api

import (
	"encoding/json"
	"errors"
	"net/http"
)

// Kind is what went wrong, as far as a caller can act on it.
type Kind int

// The kinds of error. Everything else is internal: logged in full and shown as no more than that.
const (
	Internal Kind = iota
	Invalid
	Unauthorized
	Forbidden
	NotFound
	NoMethod
	Conflict
	Moved    // somebody else was faster; asking again may succeed
	Mismatch // the request is well formed and does not fit: bad events, the same idempotency key with another body
	TooLarge
	Unavailable
	Damaged // what is stored cannot be read: nothing that a caller does changes that, and people have to know which row it is
)

// answers maps each kind to its status and title. There is no second place where an error becomes a status.
var answers = map[Kind]struct {
	status int
	title  string
}{
	Internal:     {http.StatusInternalServerError, "Internal error"},
	Invalid:      {http.StatusBadRequest, "The request cannot be read"},
	Unauthorized: {http.StatusUnauthorized, "A valid token is needed"},
	Forbidden:    {http.StatusForbidden, "Not allowed"},
	NotFound:     {http.StatusNotFound, "Not found"},
	NoMethod:     {http.StatusMethodNotAllowed, "No such method here"},
	Conflict:     {http.StatusConflict, "Not possible as things stand"},
	Moved:        {http.StatusConflict, "Somebody else was faster"},
	Mismatch:     {http.StatusUnprocessableEntity, "The request does not fit"},
	TooLarge:     {http.StatusRequestEntityTooLarge, "The request is too large"},
	Unavailable:  {http.StatusServiceUnavailable, "Not available right now"},
	Damaged:      {http.StatusInternalServerError, "What is stored is damaged"},
}

// Error is an error meant for the caller: Detail names the place, the fault and the remedy.
type Error struct {
	Kind   Kind
	Detail string
	// Faults are the places of a body that could not be read, each with its own remedy.
	Faults any
	// More is shown beside the standard members of a problem, for answers that did part of the work.
	More map[string]any
	// Cause is what happened underneath; it is not shown.
	Cause error
}

func (e *Error) Error() string { return e.Detail }

func (e *Error) Unwrap() error { return e.Cause }

// fail makes an error of a kind.
func fail(kind Kind, detail string) error { return &Error{Kind: kind, Detail: detail} }

// statusOf is the HTTP status that an error is answered with.
func statusOf(err error) int {
	return answers[kindOf(err)].status
}

func kindOf(err error) Kind {
	var known *Error
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &known):
		return known.Kind
	case errors.As(err, &large):
		return TooLarge
	default:
		return Internal
	}
}

// problemOf is the body of application/problem+json (RFC 9457).
func problemOf(err error) []byte {
	kind := kindOf(err)
	body := map[string]any{"type": "about:blank", "title": answers[kind].title, "status": answers[kind].status}
	if kind == Damaged {
		body["damaged"] = true
	}
	var known *Error
	if errors.As(err, &known) {
		body["detail"] = known.Detail
		for name, value := range known.More {
			body[name] = value
		}
		if known.Faults != nil {
			body["faults"] = known.Faults
		}
	}
	data, err := json.Marshal(body)
	if err != nil {
		return []byte(`{"type":"about:blank","title":"Internal error","status":500}`)
	}
	return data
}
