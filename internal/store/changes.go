package store

import (
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"reflect"
	"time"

	"shiphabit/metrics"
)

// The changes of a rollout are stored in a form of their own, a tenth of their JSON and read ten times as fast: changesMark, their
// number, then each change as the bits of what it has, a varint, and its parts in the order of the bits. Object names are bytes and not
// digits; a time is its distance to the one before. What a change has beyond the parts listed here is kept as JSON, so
// that a field which is added to metrics.Change is stored without a new form.
const changesMark = 2

// The bits of a change. Its authored time always follows.
const (
	changeHex     = 1 << iota // sha is hexadecimal, in bytes; else it is text
	changeRequest             // has a pull request
	changeAgain               // … the one of the change before
	changeBot                 // no part, the bit says it
	changeHead                // no part, the bit says it
	changeOpened              // a time, as are the next five
	changeReviewed
	changeMerged
	changeCommitted
	changeFirst
	changeApproved
	changeHands // people and teams
	changeRest  // JSON of what else there is
)

// encodeChanges is empty for changes that are not known, which is not the same as none.
func encodeChanges(changes []metrics.Change) ([]byte, error) {
	if changes == nil {
		return []byte{}, nil
	}
	w := changesWriter{out: make([]byte, 1, 4+40*len(changes))}
	w.out[0] = changesMark
	w.number(uint64(len(changes)))
	for i := range changes {
		if err := w.change(changes[i]); err != nil {
			return nil, err
		}
	}
	return w.out, nil
}

// changesWriter is the state of one encoding.
type changesWriter struct {
	out     []byte
	at      int64  // the time before, milliseconds
	request string // the pull request before
}

func (w *changesWriter) number(n uint64) { w.out = binary.AppendUvarint(w.out, n) }

func (w *changesWriter) text(b []byte) {
	w.number(uint64(len(b)))
	w.out = append(w.out, b...)
}

// time writes whole seconds in fewer bytes than others: the lowest bit says which they are.
func (w *changesWriter) time(t time.Time) {
	ms := t.UnixMilli()
	switch distance := ms - w.at; distance % 1000 {
	case 0:
		w.out = binary.AppendVarint(w.out, distance/1000<<1)
	default:
		w.out = binary.AppendVarint(w.out, distance<<1|1)
	}
	w.at = ms
}

// writable reports whether a time is one that comes back the same: in UTC and whole milliseconds.
func writable(t time.Time) bool { return t.Equal(fromMilli(t.UnixMilli())) && t.Location() == time.UTC }

// changeParts are what is written of a change.
type changeParts struct {
	bits  uint64
	name  []byte
	times []time.Time // authored, then those of the bits
	rest  metrics.Change
}

// split takes a change apart. What has no part, or would not come back the same from one, is left in the rest.
func (w *changesWriter) split(c metrics.Change) changeParts {
	p := changeParts{name: []byte(c.SHA), times: make([]time.Time, 1, 7), rest: c}
	if name, err := hex.DecodeString(c.SHA); err == nil && hex.EncodeToString(name) == c.SHA {
		p.bits, p.name = changeHex, name
	}
	if c.PullRequest != "" {
		p.bits |= changeRequest
		if c.PullRequest == w.request {
			p.bits |= changeAgain
		}
	}
	if c.Bot {
		p.bits |= changeBot
	}
	if c.Head {
		p.bits |= changeHead
	}
	if c.Handoffs != nil && c.Handoffs.People >= 0 && c.Handoffs.Teams >= 0 && !(c.Handoffs.Unowned && c.Handoffs.Teams > 0) {
		p.bits |= changeHands
		p.rest.Handoffs = nil
	}
	p.rest.SHA, p.rest.PullRequest, p.rest.Bot, p.rest.Head = "", "", false, false
	if p.times[0] = fromMilli(w.at); writable(c.AuthoredAt) {
		p.times[0], p.rest.AuthoredAt = c.AuthoredAt, time.Time{}
	}
	for _, t := range timesOf(&p.rest) {
		p.take(t.bit, t.at)
	}
	if !reflect.ValueOf(&p.rest).Elem().IsZero() {
		p.bits |= changeRest
	}
	return p
}

// bitTime is a time of a change that has a bit.
type bitTime struct {
	bit uint64
	at  *time.Time
}

// timesOf are the times of a change that have a bit, in the order of the bits.
func timesOf(c *metrics.Change) [6]bitTime {
	return [...]bitTime{
		{changeOpened, &c.OpenedAt}, {changeReviewed, &c.ReviewedAt}, {changeMerged, &c.MergedAt},
		{changeCommitted, &c.CommittedAt}, {changeFirst, &c.FirstOfRequest}, {changeApproved, &c.ApprovedAt},
	}
}

// take moves a time from the rest to the parts.
func (p *changeParts) take(bit uint64, t *time.Time) {
	if !t.IsZero() && writable(*t) {
		p.bits |= bit
		p.times = append(p.times, *t)
		*t = time.Time{}
	}
}

func (w *changesWriter) change(c metrics.Change) error {
	p := w.split(c)
	w.number(p.bits)
	w.text(p.name)
	if p.bits&(changeRequest|changeAgain) == changeRequest {
		w.text([]byte(c.PullRequest))
	}
	w.request = c.PullRequest
	for _, t := range p.times {
		w.time(t)
	}
	if p.bits&changeHands != 0 {
		teams := c.Handoffs.Teams + 1
		if c.Handoffs.Unowned {
			teams = 0
		}
		w.number(uint64(c.Handoffs.People)) //nolint:gosec // not negative
		w.number(uint64(teams))             //nolint:gosec // not negative
	}
	if p.bits&changeRest == 0 {
		return nil
	}
	document, err := json.Marshal(p.rest)
	w.text(pack(document))
	return err
}

var errChanges = errors.New("stored changes are damaged")

// decodeChanges reads what encodeChanges wrote, or the JSON that was stored before.
func decodeChanges(stored []byte) ([]metrics.Change, error) {
	if len(stored) == 0 {
		return nil, nil
	}
	if stored[0] != changesMark {
		var changes []metrics.Change
		err := json.Unmarshal(stored, &changes)
		return changes, err
	}
	r := changesReader{rest: stored[1:]}
	n := r.number()
	if r.err != nil || n > uint64(len(r.rest)) { // a change takes three bytes at least
		return nil, errChanges
	}
	changes := make([]metrics.Change, n)
	for i := range changes {
		if r.change(&changes[i]); r.err != nil {
			return nil, r.err
		}
	}
	if len(r.rest) > 0 {
		return nil, errChanges
	}
	return changes, nil
}

// changesReader is the state of one decoding.
type changesReader struct {
	rest    []byte
	at      int64
	request string
	err     error
}

func (r *changesReader) number() uint64 {
	n, size := binary.Uvarint(r.rest)
	r.skip(size)
	return n
}

// skip leaves bytes behind; none is damage.
func (r *changesReader) skip(size int) {
	if size <= 0 {
		r.err, r.rest = errChanges, nil
		return
	}
	r.rest = r.rest[size:]
}

func (r *changesReader) text() []byte {
	n := r.number()
	if n > uint64(len(r.rest)) {
		r.err, r.rest = errChanges, nil
		return nil
	}
	text := r.rest[:n]
	r.rest = r.rest[n:]
	return text
}

func (r *changesReader) time() time.Time {
	distance, size := binary.Varint(r.rest)
	r.skip(size)
	if distance&1 == 0 {
		r.at += distance >> 1 * 1000
	} else {
		r.at += distance >> 1
	}
	return fromMilli(r.at)
}

func (r *changesReader) change(c *metrics.Change) {
	if len(r.rest) == 0 {
		r.err = errChanges
		return
	}
	bits := r.number()
	name := r.text()
	if c.SHA = string(name); bits&changeHex != 0 {
		c.SHA = hex.EncodeToString(name)
	}
	switch {
	case bits&changeAgain != 0:
		c.PullRequest = r.request
	case bits&changeRequest != 0:
		c.PullRequest = string(r.text())
	}
	r.request = c.PullRequest
	c.Bot, c.Head = bits&changeBot != 0, bits&changeHead != 0
	c.AuthoredAt = r.time()
	for _, t := range timesOf(c) {
		if bits&t.bit != 0 {
			*t.at = r.time()
		}
	}
	if bits&changeHands != 0 {
		people, teams := r.number(), r.number()
		c.Handoffs = &metrics.Handoffs{People: int(people), Teams: max(0, int(teams)-1), Unowned: teams == 0} //nolint:gosec // as they were written
	}
	if bits&changeRest != 0 && r.err == nil {
		r.others(c, r.text())
	}
}

// others fills in what stands in JSON, over what the parts said.
func (r *changesReader) others(c *metrics.Change, packed []byte) {
	document, err := unpack(packed)
	if err != nil {
		r.err = err
		return
	}
	parts := *c
	if err := json.Unmarshal(document, c); err != nil {
		r.err = fmt.Errorf("%w: %w", errChanges, err)
	}
	c.SHA = parts.SHA
	if c.AuthoredAt.IsZero() {
		c.AuthoredAt = parts.AuthoredAt
	}
}
