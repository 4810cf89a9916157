// Package webhook reads neutral events that any program pushes, signed. It adds nothing to them and decides nothing about metrics; it
// serves no HTTP.
package webhook

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"shiphabit/collector"
	"shiphabit/metrics"
)

// The headers of a delivery.
const (
	// SignatureHeader holds "sha256=" and the HMAC-SHA-256 in hexadecimal: of the body, or of the time, a dot and the body where
	// TimeHeader is sent.
	SignatureHeader = "X-Shiphabit-Signature"
	// TimeHeader holds when the delivery was signed, in seconds since 1970. One signed longer ago than Window is refused.
	TimeHeader = "X-Shiphabit-Timestamp"
	// DeliveryHeader holds an id of the sender's choice, by which a repeated delivery is known.
	DeliveryHeader = "X-Shiphabit-Delivery"
	// hubHeader is where GitHub and the many that follow it put a signature of the body.
	hubHeader = "X-Hub-Signature-256"
)

// Window is how far the stated time of a delivery may be from ours, to either side.
const Window = 5 * time.Minute

// Hook takes neutral events.
type Hook struct {
	// Source is the source of events that name none.
	Source string
	Clock  func() time.Time
}

// Authentic checks the signature. Without a stated time a delivery could be sent again by whoever saw it; it would say nothing new then.
func (h Hook) Authentic(header http.Header, body []byte, secrets []string) bool {
	stated := header.Get(TimeHeader)
	if stated == "" {
		signature := header.Get(SignatureHeader)
		if signature == "" {
			signature = header.Get(hubHeader)
		}
		return collector.Signed(signature, body, secrets)
	}
	seconds, err := strconv.ParseInt(stated, 10, 64)
	if err != nil || h.Clock().Sub(time.Unix(seconds, 0)).Abs() > Window {
		return false
	}
	return collector.Signed(header.Get(SignatureHeader), append([]byte(stated+"."), body...), secrets)
}

// Delivery is the sender's id of a delivery.
func (Hook) Delivery(header http.Header, _ []byte) string { return header.Get(DeliveryHeader) }

// Parse reads one event as an object, several as an array or one a line. What is wrong with an event is set aside under its line, or its
// place in the array; the others are taken.
func (h Hook) Parse(header http.Header, body []byte) collector.Pushed {
	name := "delivery"
	if id := header.Get(DeliveryHeader); id != "" {
		name += " " + id
	}
	var pushed collector.Pushed
	lines, err := asLines(body)
	if err != nil {
		pushed.SetAside = []collector.SetAside{{Record: name, Reason: "its array cannot be read: " + err.Error()}}
		return pushed
	}
	faults, err := metrics.DecodeLines(bytes.NewReader(lines), h.Source, func(e metrics.Event) error {
		pushed.Events = append(pushed.Events, e)
		return nil
	})
	pushed.SetAside = asideOf(name, faults)
	if err != nil {
		pushed.SetAside = append(pushed.SetAside, collector.SetAside{Record: name, Reason: err.Error()})
	}
	pushed.Kind = kindOf(pushed.Events)
	if len(pushed.Events)+len(pushed.SetAside) == 0 {
		pushed.Ignored = "it holds no event"
	}
	return pushed
}

// asideOf gathers the faults of each event into one reason.
func asideOf(delivery string, faults []metrics.Fault) []collector.SetAside {
	var aside []collector.SetAside
	last := 0
	for _, f := range faults {
		_, reason, _ := strings.Cut(f.String(), fmt.Sprintf("line %d", f.Line))
		reason = strings.TrimLeft(reason, ":, ")
		if f.Line == last {
			aside[len(aside)-1].Reason += "; " + reason
			continue
		}
		last = f.Line
		aside = append(aside, collector.SetAside{Record: fmt.Sprintf("%s, event %d", delivery, f.Line), Reason: reason})
	}
	return aside
}

// kindOf is the type of the events where all have the same, else "events".
func kindOf(events []metrics.Event) string {
	if len(events) == 0 {
		return ""
	}
	for _, e := range events {
		if e.Type != events[0].Type {
			return "events"
		}
	}
	return string(events[0].Type)
}

// asLines brings a body into JSON Lines: the elements of an array become lines, and one object written over several lines becomes one.
// Anything else is left for the decoder to judge line by line.
func asLines(body []byte) ([]byte, error) {
	trimmed := bytes.TrimSpace(bytes.TrimPrefix(body, []byte("\ufeff")))
	elements := []json.RawMessage{trimmed}
	switch {
	case len(trimmed) > 0 && trimmed[0] == '[':
		if err := json.Unmarshal(trimmed, &elements); err != nil {
			return nil, err
		}
	case !bytes.ContainsAny(trimmed, "\r\n") || !json.Valid(trimmed):
		return body, nil
	}
	var lines bytes.Buffer
	for _, element := range elements {
		if err := json.Compact(&lines, element); err != nil {
			return nil, err
		}
		lines.WriteByte('\n')
	}
	return lines.Bytes(), nil
}
