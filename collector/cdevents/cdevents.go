// Package cdevents reads CDEvents that a delivery system pushes over the HTTP binding of CloudEvents, in binary, structured and batched
// mode. It knows what services, changes, artifacts, incidents and approvals become, and decides nothing about metrics; it serves no HTTP.
package cdevents

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"mime"
	"net/http"
	"strings"
	"time"

	"shiphabit/collector"
)

// SignatureHeader holds the HMAC-SHA-256 of the body, where the sender signs instead of sending a secret.
const SignatureHeader = "X-Shiphabit-Signature"

// Hook takes CDEvents.
type Hook struct {
	Source string
	// Services are the services that artifacts belong to, by the artifact's name as in its package URL, "acme/shop" or "shop". An
	// artifact that is not listed belongs to the service of its name.
	Services map[string]string
}

// Authentic takes the secret as it is, for CloudEvents has no signature of its own: a sender shows the secret as a bearer token or as a password, or signs.
func (Hook) Authentic(header http.Header, body []byte, secrets []string) bool {
	return collector.Bears(header, secrets) || collector.Signed(header.Get(SignatureHeader), body, secrets)
}

// Delivery is the id of the event and its source: CloudEvents makes the two together unique. A batch has none.
func (Hook) Delivery(header http.Header, body []byte) string {
	all, err := decode(header, body)
	if err != nil || len(all) != 1 || all[0].id() == "" {
		return ""
	}
	return strings.TrimSpace(all[0].id() + " " + all[0].source())
}

// Parse reads one event, or a batch of them.
func (h Hook) Parse(header http.Header, body []byte) collector.Pushed {
	all, err := decode(header, body)
	if err != nil {
		return collector.Pushed{Kind: header.Get("Ce-Type"), SetAside: []collector.SetAside{{Record: "event " + header.Get("Ce-Id"), Reason: err.Error()}}}
	}
	pushed := collector.Pushed{}
	for _, one := range all {
		read := h.parse(one)
		pushed.Kind, pushed.Ignored = read.Kind, read.Ignored
		pushed.Events = append(pushed.Events, read.Events...)
		pushed.SetAside = append(pushed.SetAside, read.SetAside...)
	}
	if len(all) > 1 {
		pushed.Kind = "batch"
	}
	if len(all) == 0 {
		pushed.Ignored = "the batch is empty"
	}
	if len(pushed.Events)+len(pushed.SetAside) > 0 {
		pushed.Ignored = ""
	}
	return pushed
}

// envelope is a CloudEvent: its attributes, and the CDEvent in it.
type envelope struct {
	ID     string          `json:"id"`
	Source string          `json:"source"`
	Type   string          `json:"type"`
	Time   string          `json:"time"`
	Data   json.RawMessage `json:"data"`
	Base64 []byte          `json:"data_base64"`

	inner event
	fault error // why there is no event in it
}

func (e envelope) id() string     { return first(e.inner.Context.ID, e.ID) }
func (e envelope) source() string { return first(e.inner.Context.Source, e.Source) }
func (e envelope) kind() string   { return first(e.inner.Context.Type, e.Type) }

// decode reads the mode that the content type names.
func decode(header http.Header, body []byte) ([]envelope, error) {
	mode, _, _ := mime.ParseMediaType(header.Get("Content-Type")) // one that cannot be read is no mode of CloudEvents: binary
	var all []envelope
	switch mode {
	case "application/cloudevents-batch+json":
		if err := json.Unmarshal(body, &all); err != nil {
			return nil, unreadable(err)
		}
	case "application/cloudevents+json":
		all = make([]envelope, 1)
		if err := json.Unmarshal(body, &all[0]); err != nil {
			return nil, unreadable(err)
		}
	default:
		all = []envelope{{ID: header.Get("Ce-Id"), Source: header.Get("Ce-Source"), Type: header.Get("Ce-Type"), Time: header.Get("Ce-Time"), Data: body}}
	}
	for i := range all {
		all[i].open()
	}
	return all, nil
}

func unreadable(err error) error {
	return fmt.Errorf("it is no CloudEvent: %s", strings.TrimPrefix(err.Error(), "json: "))
}

// open reads the CDEvent in the envelope.
func (e *envelope) open() {
	data := e.Data
	if len(e.Base64) > 0 {
		data = e.Base64
	}
	if len(bytes.TrimSpace(data)) == 0 {
		e.fault = errors.New("it has no data")
		return
	}
	if err := json.Unmarshal(data, &e.inner); err != nil {
		e.inner, e.fault = event{}, fmt.Errorf("its data is no CDEvent: %s", strings.TrimPrefix(err.Error(), "json: "))
	}
}

// event is a CDEvent of any version since 0.1; newer ones have no type in the subject.
type event struct {
	Context struct {
		ID        string    `json:"id"`
		Source    string    `json:"source"`
		Type      string    `json:"type"`
		Timestamp time.Time `json:"timestamp"`
	} `json:"context"`
	Subject struct {
		ID      string  `json:"id"`
		Source  string  `json:"source"`
		Content content `json:"content"`
	} `json:"subject"`
	Custom json.RawMessage `json:"customData"`
}

// content are the fields of all subjects that are read here.
type content struct {
	Environment reference `json:"environment"`
	ArtifactID  string    `json:"artifactId"`
	Service     reference `json:"service"`
	Repository  reference `json:"repository"`
	Change      reference `json:"change"`
	Description string    `json:"description"`
	TicketURI   string    `json:"ticketURI"`
	Responder   string    `json:"responder"`
	Status      string    `json:"status"`
}

type reference struct {
	ID     string `json:"id"`
	Source string `json:"source"`
	Name   string `json:"name"`
}

// addition is what a sender may add to an event in customData, under "shiphabit": what CDEvents has no place for.
type addition struct {
	Revision   string    `json:"revision"`
	Repository string    `json:"repository"`
	Service    string    `json:"service"`
	StartedAt  time.Time `json:"started_at"`
	Deployment string    `json:"deployment"`
}

func (e event) addition() (addition, error) {
	var custom struct {
		Shiphabit addition `json:"shiphabit"`
	}
	if bytes.HasPrefix(bytes.TrimSpace(e.Custom), []byte("{")) && bytes.Contains(e.Custom, []byte(`"shiphabit"`)) {
		if err := json.Unmarshal(e.Custom, &custom); err != nil {
			return addition{}, fmt.Errorf("customData.shiphabit: %w", err)
		}
	}
	return custom.Shiphabit, nil
}

func first(texts ...string) string {
	for _, text := range texts {
		if text != "" {
			return text
		}
	}
	return ""
}
