package github

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/google/go-github/v88/github"

	"shiphabit/metrics"
)

// deployment is a deployment as REST writes it. Two fields are not among go-github's.
type deployment struct {
	github.Deployment
	Production bool `json:"production_environment"`
	Transient  bool `json:"transient_environment"`
}

// attempt is a deployment whichever way it came: by GraphQL, by REST or pushed.
type attempt struct {
	id                             int64
	sha, ref, version, task, actor string
	environment, kind              string
	payload                        json.RawMessage
	created, updated               time.Time
	statuses                       []status
}

// status is one state of a deployment, in the order in which they came.
type status struct {
	state string // in lower case
	at    time.Time
	log   string // page that shows how it went
}

func (d deployment) attempt() attempt {
	return attempt{
		id: d.GetID(), sha: d.GetSHA(), ref: d.GetRef(), task: d.GetTask(), actor: d.GetCreator().GetLogin(), environment: d.GetEnvironment(),
		kind: kindOf(d.Production, d.Transient), payload: d.Payload, created: instant(d.CreatedAt), updated: instant(d.UpdatedAt),
	}
}

func restStatus(s *github.DeploymentStatus) status {
	log := s.GetLogURL()
	if log == "" {
		log = s.GetTargetURL()
	}
	return status{state: strings.ToLower(s.GetState()), at: instant(s.CreatedAt), log: log}
}

// kindOf is the kind of environment that the host states: one that people use, or one that goes away with its branch.
func kindOf(production, transient bool) string { //nolint:revive // the host's two flags
	switch {
	case production:
		return string(metrics.Production)
	case transient:
		return string(metrics.Development)
	}
	return ""
}

// course is what the statuses of a deployment tell.
type course struct {
	status            metrics.Status
	started, finished time.Time
	// asked is when it began to wait for somebody, decided when it went on or was stopped.
	asked, decided time.Time
	last           status
}

// meaning is the neutral state of GitHub's, "" for the one that is no state of an attempt: "inactive" is the moment at which a later
// deployment took its place.
func meaning(state string) metrics.Status {
	switch state {
	case "queued", "pending", "waiting":
		return metrics.Pending
	case "in_progress":
		return metrics.Running
	case "success":
		return metrics.Succeeded
	case "failure", "error":
		return metrics.Failed
	}
	return ""
}

// courseOf reads the statuses, oldest first. The last one counts; it was reached when the unbroken run of its kind began, so that a
// success told twice is as old as the first, and a failure repaired within the deployment is no success of its own time. It is false
// when nothing but the end of its time is told.
func courseOf(statuses []status) (course, bool) {
	real := slices.DeleteFunc(slices.Clone(statuses), func(s status) bool { return meaning(s.state) == "" })
	if len(real) == 0 {
		return course{status: metrics.Pending}, len(statuses) == 0
	}
	c := course{last: real[len(real)-1]}
	c.status = meaning(c.last.state)
	for i, s := range real {
		if s.state == "in_progress" && c.started.IsZero() {
			c.started = s.at
		}
		switch {
		case s.state == "waiting" && c.asked.IsZero():
			c.asked = s.at
		case s.state != "waiting" && !c.asked.IsZero() && c.decided.IsZero():
			c.decided = s.at
		}
		if over(c.status) && meaning(s.state) == c.status && (i == 0 || meaning(real[i-1].state) != c.status) {
			c.finished = s.at
		}
	}
	return c, true
}

func over(s metrics.Status) bool {
	return s == metrics.Succeeded || s == metrics.Failed || s == metrics.Cancelled
}

// superseded is why a deployment is set aside whose only status is its end.
const superseded = "it is inactive and nothing tells how it ended"

// deploymentOf makes a deployment's event of what is known.
func (r Rules) deploymentOf(repository string, a attempt, c course, order int64) metrics.Event {
	d := metrics.Deployment{
		ID: strconv.FormatInt(a.id, 10), Repository: repository, Environment: a.environment, Status: c.status, Revision: a.sha,
		Ref: unless(a.ref, a.sha), Version: a.version, CreatedAt: a.created, StartedAt: c.started, FinishedAt: c.finished,
		Actor: a.actor, URL: webPage(c.last.log),
	}
	if strings.Contains(strings.ToLower(a.task), "rollback") {
		yes := true
		d.Rollback = &yes
	}
	if a.kind != "" {
		d.Labels = map[string]string{"environment_kind": a.kind}
	}
	told(a.payload, &d)
	return r.event(d, later(a.updated, c.last.at), order)
}

// told reads what a deployment's free payload says, where it is an object with the names that we know.
func told(payload json.RawMessage, d *metrics.Deployment) {
	for range 3 { // an object may be wrapped in a text, and GraphQL wraps it once more
		var text string
		if json.Unmarshal(payload, &text) != nil {
			break
		}
		payload = json.RawMessage(text)
	}
	var words struct {
		Version  any `json:"version"`
		Digest   any `json:"digest"`
		Rollback any `json:"rollback"`
	}
	if json.Unmarshal(payload, &words) != nil {
		return
	}
	if version, ok := words.Version.(string); ok && version != "" {
		d.Version = version
	}
	if digest, ok := words.Digest.(string); ok && strings.HasPrefix(digest, "sha256:") {
		d.Digest = digest
	}
	if rollback, ok := words.Rollback.(bool); ok && d.Rollback == nil {
		d.Rollback = &rollback
	}
}
