// Package pelorus reads the webhooks that Pelorus defines: commit times, deploy times and failures, so that what sends them can go on
// unchanged. It decides nothing about metrics and serves no HTTP.
package pelorus

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"time"

	"shiphabit/collector"
	"shiphabit/metrics"
)

const (
	kindHeader      = "X-Pelorus-Event"
	signatureHeader = "X-Hub-Signature-256"
)

// Window is how old a deploy time or a failure may be when it arrives; nothing may lie further ahead than Skew.
const (
	Window = 30 * time.Minute
	Skew   = time.Minute
)

// buildEnvironment is where a commit time puts the artifact that was built from the commit. A name that no rule knows counts as development.
const buildEnvironment = "build"

// Hook takes Pelorus's webhooks.
type Hook struct {
	Source string
	Clock  func() time.Time
}

// Authentic checks the signature over the bytes as they came. Pelorus itself writes the JSON anew in several ways until one fits; a
// sender that signs what it sends needs none of that. A deploy time or a failure that is too old may be one that somebody saw and sends
// again: it is refused here, when it arrives, so that one that was kept can be read again later.
func (h Hook) Authentic(header http.Header, body []byte, secrets []string) bool {
	return collector.Signed(header.Get(signatureHeader), body, secrets) && h.fresh(header.Get(kindHeader), body)
}

func (h Hook) fresh(kind string, body []byte) bool {
	var m struct {
		Timestamp stamp `json:"timestamp"`
	}
	if kind != "deploytime" && kind != "failure" || json.Unmarshal(body, &m) != nil {
		return true // Parse tells what is wrong with it
	}
	return m.Timestamp.IsZero() || h.Clock().Sub(m.Timestamp.Time) <= Window
}

// Delivery is empty: Pelorus gives deliveries no id.
func (Hook) Delivery(http.Header, []byte) string { return "" }

// message is the body of every kind.
type message struct {
	App          string `json:"app"`
	Timestamp    stamp  `json:"timestamp"`
	CommitHash   string `json:"commit_hash"`
	ImageSHA     string `json:"image_sha"`
	Namespace    string `json:"namespace"`
	FailureID    string `json:"failure_id"`
	FailureEvent string `json:"failure_event"`
}

// stamp is a time of ten digits in seconds since 1970, as a number or as text.
type stamp struct{ time.Time }

// UnmarshalJSON takes ten digits and nothing else.
func (s *stamp) UnmarshalJSON(text []byte) error {
	found := stampForm.FindSubmatch(text)
	if found == nil {
		return errors.New("the timestamp is no number of ten digits")
	}
	seconds, err := strconv.ParseInt(string(found[1]), 10, 64)
	s.Time = time.Unix(seconds, 0).UTC()
	return err
}

var (
	stampForm  = regexp.MustCompile(`^"?([1-9][0-9]{9})"?$`)
	digestForm = regexp.MustCompile(`^sha256:[a-f0-9]{64}$`)
	hashForm   = regexp.MustCompile(`^([a-f0-9]{7}|[a-f0-9]{40})$`)
)

// Parse reads one message.
func (h Hook) Parse(header http.Header, body []byte) collector.Pushed {
	pushed := collector.Pushed{Kind: header.Get(kindHeader)}
	if pushed.Kind == "ping" {
		pushed.Ignored = "a ping says nothing"
		return pushed
	}
	var m message
	err := json.Unmarshal(body, &m)
	if err == nil {
		err = h.check(pushed.Kind, m)
	}
	if err != nil {
		pushed.SetAside = []collector.SetAside{{Record: name(pushed.Kind, m), Reason: err.Error()}}
		return pushed
	}
	for _, r := range recordsOf(pushed.Kind, m) {
		e := metrics.NewEvent(h.Source, r)
		if e.Type != metrics.TypeIncident {
			pushed.Take(name(pushed.Kind, m), e)
			continue
		}
		e.UpdatedAt = m.Timestamp.Time // the two messages of a failure are one record, each with one step of it
		pushed.Revise(name(pushed.Kind, m), e)
	}
	return pushed
}

func name(kind string, m message) string {
	text := kind + " of " + m.App
	if m.FailureID != "" {
		text += " " + m.FailureID
	}
	return text
}

// check is Pelorus's own rules, by which a message that it would refuse is set aside here.
func (h Hook) check(kind string, m message) error {
	switch {
	case kind != "committime" && kind != "deploytime" && kind != "failure":
		return fmt.Errorf("%q in the header %s is no kind of message; it is committime, deploytime or failure", kind, kindHeader)
	case m.App == "" || len(m.App) > 200:
		return errors.New("app is missing, or longer than 200 characters")
	case m.Timestamp.IsZero():
		return errors.New("timestamp is missing")
	case m.Timestamp.After(h.Clock().Add(Skew)):
		return fmt.Errorf("timestamp %s lies in the future", m.Timestamp.Format(time.RFC3339))
	}
	if kind == "failure" {
		return checkFailure(m)
	}
	return checkArtifact(kind, m)
}

func checkFailure(m message) error {
	switch {
	case m.FailureID == "":
		return errors.New("failure_id is missing")
	case m.FailureEvent != "created" && m.FailureEvent != "resolved":
		return fmt.Errorf("failure_event %q is neither created nor resolved", m.FailureEvent)
	}
	return nil
}

func checkArtifact(kind string, m message) error {
	switch {
	case !digestForm.MatchString(m.ImageSHA):
		return errors.New("image_sha is not sha256: and 64 hexadecimal digits")
	case m.Namespace == "" || len(m.Namespace) > 63:
		return errors.New("namespace is missing, or longer than 63 characters")
	case kind == "committime" && !hashForm.MatchString(m.CommitHash):
		return errors.New("commit_hash has neither 7 nor 40 hexadecimal digits")
	}
	return nil
}

// recordsOf is what a sound message says. A deploy time knows the artifact alone: a commit time of the same artifact tells what it was
// built from.
func recordsOf(kind string, m message) []metrics.Record {
	at := m.Timestamp.Time
	switch kind {
	case "committime":
		return []metrics.Record{
			metrics.Commit{ID: m.CommitHash, Repository: m.App, AuthoredAt: at},
			metrics.Deployment{
				ID: "build/" + m.ImageSHA, Service: m.App, Repository: m.App, Environment: buildEnvironment, Status: metrics.Succeeded,
				Revision: m.CommitHash, Digest: m.ImageSHA, FinishedAt: at,
			},
		}
	case "deploytime":
		return []metrics.Record{metrics.Deployment{
			ID: m.Namespace + "/" + m.ImageSHA + "/" + strconv.FormatInt(at.Unix(), 10), Service: m.App, Repository: m.App, Environment: m.Namespace,
			Status: metrics.Succeeded, Revision: m.ImageSHA, Digest: m.ImageSHA, FinishedAt: at,
		}}
	}
	incident := metrics.Incident{ID: m.FailureID, Service: m.App, StartedAt: at}
	if m.FailureEvent == "resolved" {
		incident = metrics.Incident{ID: m.FailureID, Service: m.App, ResolvedAt: at}
	}
	return []metrics.Record{incident}
}
