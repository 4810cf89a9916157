package metrics

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"time"
)

// NewEvent makes an event of a typed record. The fields of the record types stand in alphabetical order of their JSON
// names, so marshalling them gives the canonical payload directly: reading a large history costs no second pass.
func NewEvent(source string, r Record) Event {
	e := Event{Key: r.key(source)}
	payload, err := json.Marshal(normalised(r))
	if err != nil { // only a record type that JSON cannot hold gets here, which the tests rule out
		panic(fmt.Sprintf("metrics: %s cannot be written as JSON: %v", e.Key, err))
	}
	e.Payload = payload
	return e
}

// normalised returns the record with its times in the canonical form.
func normalised(r Record) Record {
	switch r := r.(type) {
	case Deployment:
		r.CreatedAt, r.StartedAt, r.FinishedAt = canonicalTime(r.CreatedAt), canonicalTime(r.StartedAt), canonicalTime(r.FinishedAt)
		return r
	case Commit:
		r.AuthoredAt, r.CommittedAt = canonicalTime(r.AuthoredAt), canonicalTime(r.CommittedAt)
		return r
	case PullRequest:
		r.CreatedAt, r.MergedAt = canonicalTime(r.CreatedAt), canonicalTime(r.MergedAt)
		reviews := make([]Review, len(r.Reviews))
		for i, v := range r.Reviews {
			v.At = canonicalTime(v.At)
			reviews[i] = v
		}
		r.Reviews = reviews
		return r
	case Incident:
		r.StartedAt, r.DetectedAt = canonicalTime(r.StartedAt), canonicalTime(r.DetectedAt)
		r.AcknowledgedAt, r.ResolvedAt = canonicalTime(r.AcknowledgedAt), canonicalTime(r.ResolvedAt)
		return r
	case Approval:
		r.RequestedAt, r.DecidedAt = canonicalTime(r.RequestedAt), canonicalTime(r.DecidedAt)
		return r
	case Verdict:
		r.At = canonicalTime(r.At)
		return r
	}
	return r
}

// rfc3339 writes a canonical time.
const rfc3339 = time.RFC3339Nano

// lastMoment is the greatest time that RFC 3339 can write, to the millisecond.
var lastMoment = time.Date(9999, time.December, 31, 23, 59, 59, 999_000_000, time.UTC)

// canonicalTime brings a time into the canonical form: UTC, whole milliseconds. A date that RFC 3339 cannot write (a commit may
// claim the year 31000) becomes the nearest one that it can; zero stays "not stated".
func canonicalTime(t time.Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	t = t.UTC().Truncate(time.Millisecond)
	if t.After(lastMoment) {
		return lastMoment
	}
	if t.Year() < 1 || t.IsZero() {
		return time.Time{}.Add(time.Millisecond)
	}
	return t
}

// Digest identifies a revision: the same key, order and content give the same SHA-256, however it was written down.
func (e Event) Digest() [sha256.Size]byte {
	h := sha256.New()
	var n [8]byte
	number := func(v int64) {
		binary.BigEndian.PutUint64(n[:], uint64(v)) //nolint:gosec // the bits, not the value
		h.Write(n[:])
	}
	for _, s := range []string{e.Source, string(e.Type), e.Repository, e.ID} {
		number(int64(len(s)))
		h.Write([]byte(s))
	}
	number(e.UpdatedAt.UnixMilli())
	number(e.Sequence)
	h.Write(e.Payload)
	var sum [sha256.Size]byte
	h.Sum(sum[:0])
	return sum
}

// view reads the payload into a typed record.
func (e Event) view(t EventType, into any) error {
	if e.Type != t {
		return fmt.Errorf("%s is no %s", e.Key, t)
	}
	if err := json.Unmarshal(e.Payload, into); err != nil {
		return fmt.Errorf("read payload of %s: %w", e.Key, err)
	}
	return nil
}

// Deployment is the typed view of a deployment event; an event of another type, or one that cannot be read, is an error.
func (e Event) Deployment() (Deployment, error) {
	r := Deployment{ID: e.ID}
	err := e.view(TypeDeployment, &r)
	return r, err
}

// Commit is the typed view of a commit event; an event of another type, or one that cannot be read, is an error.
func (e Event) Commit() (Commit, error) {
	r := Commit{ID: e.ID, Repository: e.Repository}
	err := e.view(TypeCommit, &r)
	return r, err
}

// PullRequest is the typed view of a pull request event; an event of another type, or one that cannot be read, is an error.
func (e Event) PullRequest() (PullRequest, error) {
	r := PullRequest{ID: e.ID, Repository: e.Repository}
	err := e.view(TypePullRequest, &r)
	return r, err
}

// Incident is the typed view of an incident event; an event of another type, or one that cannot be read, is an error.
func (e Event) Incident() (Incident, error) {
	r := Incident{ID: e.ID}
	err := e.view(TypeIncident, &r)
	return r, err
}

// Approval is the typed view of an approval event; an event of another type, or one that cannot be read, is an error.
func (e Event) Approval() (Approval, error) {
	r := Approval{ID: e.ID}
	err := e.view(TypeApproval, &r)
	return r, err
}

// Verdict is the typed view of a health verdict event; an event of another type, or one that cannot be read, is an error.
func (e Event) Verdict() (Verdict, error) {
	r := Verdict{ID: e.ID}
	err := e.view(TypeVerdict, &r)
	return r, err
}
