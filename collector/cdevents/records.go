package cdevents

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"shiphabit/collector"
	"shiphabit/metrics"
)

// kindPrefix begins the type of every CDEvent: dev.cdevents.service.deployed.0.3.0.
const kindPrefix = "dev.cdevents."

// buildEnvironment is where an artifact lies that was packaged from a revision. A name that no rule knows counts as development.
const buildEnvironment = "build"

// message is an event with what was added to it.
type message struct {
	event
	added addition
}

// parse reads one event.
func (h Hook) parse(one envelope) collector.Pushed {
	kind, known := subjectAndPredicate(one.kind())
	pushed := collector.Pushed{Kind: kind}
	if !known {
		pushed.Ignored = "it is no CDEvent"
		return pushed
	}
	if why, ignored := ignored(kind); ignored {
		pushed.Ignored = why
		return pushed
	}
	m := message{event: one.inner}
	err := one.fault
	if err == nil {
		m.added, err = one.inner.addition()
	}
	if err == nil {
		err = m.sound()
	}
	if err != nil {
		pushed.SetAside = []collector.SetAside{{Record: kind + " " + one.id(), Reason: err.Error()}}
		return pushed
	}
	h.read(kind, m, &pushed)
	return pushed
}

// subjectAndPredicate takes the version off a type: "service.deployed".
func subjectAndPredicate(kind string) (name string, known bool) {
	rest, known := strings.CutPrefix(kind, kindPrefix)
	parts := strings.SplitN(rest, ".", 3)
	if !known || len(parts) < 2 {
		return kind, false
	}
	return parts[0] + "." + parts[1], true
}

// ignored says why a kind says nothing of interest.
func ignored(kind string) (why string, is bool) {
	subject, _, _ := strings.Cut(kind, ".")
	switch kind {
	case "service.deployed", "service.upgraded", "service.rolledback", "change.created", "change.merged",
		"artifact.packaged", "artifact.published", "incident.detected", "incident.reported", "incident.resolved",
		"approval.created", "approval.closed":
		return "", false
	case "service.removed", "service.published":
		return "nothing is deployed by it", true
	case "change.reviewed":
		return "it says neither who reviewed the change nor with what result", true
	}
	switch subject {
	case "taskrun", "pipelinerun", "build":
		return "a run is no deployment; the service's own event tells of it", true
	case "testcaserun", "testsuiterun", "testoutput":
		return "tests are no deployments", true
	}
	return "no figure needs it", true
}

func (m message) sound() error {
	switch {
	case m.Context.ID == "":
		return fmt.Errorf("context.id is missing")
	case m.Context.Timestamp.IsZero():
		return fmt.Errorf("context.timestamp is missing")
	case m.Subject.ID == "":
		return fmt.Errorf("subject.id is missing")
	}
	return nil
}

// read turns the kinds that say something into records.
func (h Hook) read(kind string, m message, into *collector.Pushed) {
	switch kind {
	case "service.deployed", "service.upgraded", "service.rolledback":
		into.Take(kind+" "+m.Context.ID, h.event(m, h.deployment(kind, m)))
	case "artifact.packaged", "artifact.published":
		h.artifact(kind, m, into)
	case "change.created", "change.merged":
		into.Revise(kind+" "+m.Subject.ID, h.event(m, change(kind, m)))
	case "incident.detected", "incident.reported", "incident.resolved":
		h.incident(kind, m, into)
	case "approval.created", "approval.closed":
		h.approval(kind, m, into)
	}
}

// event states when the record last changed, so that its events are put in order however they arrive.
func (h Hook) event(m message, r metrics.Record) metrics.Event {
	e := metrics.NewEvent(h.Source, r)
	e.UpdatedAt = m.Context.Timestamp.UTC()
	return e
}

// deployment of a service: the event tells of its end. What was deployed is an artifact; its revision is taken from its package URL, from
// what the sender added, or from an event that tells of its packaging.
func (h Hook) deployment(kind string, m message) metrics.Deployment {
	a := parseArtifact(m.Subject.Content.ArtifactID)
	d := metrics.Deployment{
		ID: m.Context.ID, Service: m.Subject.ID, Repository: first(m.added.Repository, a.repository), Environment: environmentOf(m),
		Status: metrics.Succeeded, Revision: first(m.added.Revision, a.revision, a.digest, a.version), Digest: a.digest, Version: a.version,
		StartedAt: m.added.StartedAt, FinishedAt: m.Context.Timestamp,
	}
	if kind == "service.rolledback" {
		back := true
		d.Rollback = &back
	}
	return d
}

func environmentOf(m message) string {
	return first(m.Subject.Content.Environment.Name, m.Subject.Content.Environment.ID)
}

// artifact tells which revision a digest was built from, by a deployment to an environment that counts nowhere.
func (h Hook) artifact(kind string, m message, into *collector.Pushed) {
	a := parseArtifact(m.Subject.ID)
	revision := first(m.added.Revision, a.revision, objectName(m.Subject.Content.Change.ID))
	if a.digest == "" || revision == "" {
		into.Ignored = "it does not tell which commit an artifact with a digest was built from"
		return
	}
	into.Take(kind+" "+m.Context.ID, h.event(m, metrics.Deployment{
		ID: "build/" + a.digest, Service: first(m.added.Service, h.Services[a.name], a.name),
		Repository:  first(m.added.Repository, a.repository, repositoryOf(m.Subject.Content.Change.Source)),
		Environment: buildEnvironment, Status: metrics.Succeeded, Revision: revision, Digest: a.digest, FinishedAt: m.Context.Timestamp,
	}))
}

var objectForm = regexp.MustCompile(`^([0-9a-f]{40}|[0-9a-f]{64})$`)

// objectName is the text where it is the full name of a commit.
func objectName(text string) string {
	if objectForm.MatchString(text) {
		return text
	}
	return ""
}

// change is a pull request: created and merged are each a step of it.
func change(kind string, m message) metrics.PullRequest {
	r := metrics.PullRequest{ID: m.Subject.ID, Repository: first(m.added.Repository, m.Subject.Content.Repository.ID, repositoryOf(m.Subject.Source))}
	r.Number, _ = strconv.ParseInt(m.Subject.ID, 10, 64) // an id that is no number has none
	if r.Number < 0 {
		r.Number = 0
	}
	if kind == "change.merged" {
		r.MergedAt, r.MergeCommit = m.Context.Timestamp, m.added.Revision
		return r
	}
	r.CreatedAt = m.Context.Timestamp
	r.Title, _, _ = strings.Cut(m.Subject.Content.Description, "\n")
	return r
}

// incident: detected and reported begin one, resolved ends it. Where both tell of a beginning, the detection counts, whichever comes first.
func (h Hook) incident(kind string, m message, into *collector.Pushed) {
	c, record := m.Subject.Content, kind+" "+m.Subject.ID
	service := first(m.added.Service, c.Service.ID, h.serviceOf(c.ArtifactID))
	i := metrics.Incident{ID: m.Subject.ID, Service: service, Environment: environmentOf(m), Deployment: m.added.Deployment}
	if kind == "incident.resolved" {
		i.ResolvedAt = m.Context.Timestamp
		into.Revise(record, h.event(m, i))
		return
	}
	i.StartedAt, i.DetectedAt, i.Title = m.Context.Timestamp, m.Context.Timestamp, c.Description
	if !m.added.StartedAt.IsZero() {
		i.StartedAt = m.added.StartedAt
	}
	e := h.event(m, i)
	if kind == "incident.reported" {
		i.DetectedBy, i.URL = "human", c.TicketURI
		e = metrics.NewEvent(h.Source, i) // without a time of change it gives way to a detection
	}
	into.Take(record, e)
}

func (h Hook) serviceOf(artifactID string) string {
	name := parseArtifact(artifactID).name
	return first(h.Services[name], name)
}

// approval: CDEvents names what is approved by an address only. The deployment's id has to be added.
func (h Hook) approval(kind string, m message, into *collector.Pushed) {
	if m.added.Deployment == "" {
		into.Ignored = "it does not name a deployment; add its id as customData.shiphabit.deployment"
		return
	}
	a := metrics.Approval{ID: m.Subject.ID, Deployment: m.added.Deployment}
	if kind == "approval.created" {
		a.RequestedAt = m.Context.Timestamp
		into.Revise(kind+" "+m.Subject.ID, h.event(m, a))
		return
	}
	switch m.Subject.Content.Status {
	case "approved":
		a.Decision = "granted"
	case "rejected":
		a.Decision = "refused"
	default:
		into.Ignored = "it ended without a decision"
		return
	}
	a.DecidedAt, a.Approver = m.Context.Timestamp, m.Subject.Content.Responder
	into.Revise(kind+" "+m.Subject.ID, h.event(m, a))
}
