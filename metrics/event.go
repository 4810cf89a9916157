package metrics

import (
	"encoding/json"
	"time"
)

// EventType names one kind of neutral event (version 1).
type EventType string

// The six kinds of record that sources deliver.
const (
	TypeDeployment  EventType = "deployment"
	TypeCommit      EventType = "commit"
	TypePullRequest EventType = "pull_request"
	TypeIncident    EventType = "incident"
	TypeApproval    EventType = "approval"
	TypeVerdict     EventType = "verdict"
)

// Key is the identity of a record over all its revisions. Repository is part of it for commits and pull requests only.
type Key struct {
	Source     string
	Type       EventType
	Repository string
	ID         string
}

// String is "source/type/id", with the repository before the id where it is part of the identity.
func (k Key) String() string {
	if k.Repository != "" {
		return k.Source + "/" + string(k.Type) + "/" + k.Repository + "/" + k.ID
	}
	return k.Source + "/" + string(k.Type) + "/" + k.ID
}

// Event is one revision of one record, as a source stated it. A record may have many revisions; Merge makes one of them.
type Event struct {
	Key
	// UpdatedAt and Sequence order the revisions of a record; zero where the source states neither.
	UpdatedAt time.Time
	Sequence  int64
	// Payload is the canonical JSON object of the record's remaining fields: keys sorted, times in UTC to the millisecond,
	// an explicit null kept because it clears a field that an earlier revision set.
	Payload json.RawMessage
	// RecordedAt is when we stored this revision, set by the store; Live tells that it reached us as it happened (pushed or
	// polled), so that it was known then. For the rest the known-at time is assumed from the fact's own times.
	RecordedAt time.Time
	Live       bool
	// Correction is set when a person stated this revision and no source did; it goes before every source.
	Correction *Correction
}

// number is that of the correction, 0 for what a source said.
func (e *Event) number() int64 {
	if e.Correction == nil {
		return 0
	}
	return e.Correction.ID
}

// Record is the typed content of an event: one of the six structs below.
type Record interface{ key(source string) Key }

// Status is the state of one deployment attempt.
type Status string

// The states of a deployment, in the order in which an unordered conflict is decided: the later wins.
const (
	Pending   Status = "pending"
	Running   Status = "running"
	Cancelled Status = "cancelled"
	Failed    Status = "failed"
	Succeeded Status = "succeeded"
)

// Deployment is one attempt to put a revision of a service into an environment. SchemaOf(TypeDeployment) says what each field means.
// Fields stand in alphabetical order of their JSON names, so that marshalling them is canonical.
type Deployment struct {
	Actor        string            `json:"actor,omitempty"`
	BaseRevision string            `json:"base_revision,omitempty"`
	Commits      []string          `json:"commits,omitempty"`
	CreatedAt    time.Time         `json:"created_at,omitzero"`
	Digest       string            `json:"digest,omitempty"`
	Environment  string            `json:"environment,omitempty"`
	FinishedAt   time.Time         `json:"finished_at,omitzero"`
	Fixes        []string          `json:"fixes,omitempty"`
	Hotfix       *bool             `json:"hotfix,omitempty"`
	ID           string            `json:"-"`
	Labels       map[string]string `json:"labels,omitempty"`
	Ref          string            `json:"ref,omitempty"`
	Repository   string            `json:"repository,omitempty"`
	Revision     string            `json:"revision,omitempty"`
	Rollback     *bool             `json:"rollback,omitempty"`
	RollbackOf   string            `json:"rollback_of,omitempty"`
	Service      string            `json:"service,omitempty"`
	StartedAt    time.Time         `json:"started_at,omitzero"`
	Status       Status            `json:"status,omitempty"`
	Trigger      string            `json:"trigger,omitempty"`
	URL          string            `json:"url,omitempty"`
	Version      string            `json:"version,omitempty"`
}

// Commit is a commit of a repository. Its ID is the full object name. SchemaOf(TypeCommit) says what each field means.
type Commit struct {
	Author      string    `json:"author,omitempty"`
	AuthoredAt  time.Time `json:"authored_at,omitzero"`
	Bot         *bool     `json:"bot,omitempty"`
	CommittedAt time.Time `json:"committed_at,omitzero"`
	ID          string    `json:"-"`
	Message     string    `json:"message,omitempty"`
	Parents     []string  `json:"parents,omitempty"`
	Paths       []string  `json:"paths,omitempty"`
	Repository  string    `json:"-"`
}

// PullRequest is a pull request (GitLab: merge request). SchemaOf(TypePullRequest) says what each field means.
type PullRequest struct {
	Author      string    `json:"author,omitempty"`
	Base        string    `json:"base,omitempty"`
	Bot         *bool     `json:"bot,omitempty"`
	Commits     []string  `json:"commits,omitempty"`
	CreatedAt   time.Time `json:"created_at,omitzero"`
	Head        string    `json:"head,omitempty"`
	ID          string    `json:"-"`
	Labels      []string  `json:"labels,omitempty"`
	MergeCommit string    `json:"merge_commit,omitempty"`
	MergedAt    time.Time `json:"merged_at,omitzero"`
	Number      int64     `json:"number,omitempty"`
	Repository  string    `json:"-"`
	Reviews     []Review  `json:"reviews,omitempty"`
	Title       string    `json:"title,omitempty"`
	URL         string    `json:"url,omitempty"`
}

// Review is one review of a pull request: when, by whom, and the host's word for its outcome ("approved").
type Review struct {
	At     time.Time `json:"at,omitzero"`
	Author string    `json:"author,omitempty"`
	Bot    bool      `json:"bot,omitempty"`
	State  string    `json:"state,omitempty"`
}

// Incident is an impairment of a service. Severity runs from 1 (worst) to 4; 0 means not stated. SchemaOf(TypeIncident) says what each
// field means.
type Incident struct {
	AcknowledgedAt time.Time `json:"acknowledged_at,omitzero"`
	Deployment     string    `json:"deployment,omitempty"`
	DetectedAt     time.Time `json:"detected_at,omitzero"`
	DetectedBy     string    `json:"detected_by,omitempty"`
	Environment    string    `json:"environment,omitempty"`
	ID             string    `json:"-"`
	Labels         []string  `json:"labels,omitempty"`
	ResolvedAt     time.Time `json:"resolved_at,omitzero"`
	Revision       string    `json:"revision,omitempty"`
	Service        string    `json:"service,omitempty"`
	Severity       int       `json:"severity,omitempty"`
	StartedAt      time.Time `json:"started_at,omitzero"`
	Title          string    `json:"title,omitempty"`
	URL            string    `json:"url,omitempty"`
}

// Approval is a decision on a deployment, one that nobody has taken yet included. SchemaOf(TypeApproval) says what each field means.
type Approval struct {
	Approver     string    `json:"approver,omitempty"`
	ApproverTeam string    `json:"approver_team,omitempty"`
	DecidedAt    time.Time `json:"decided_at,omitzero"`
	Decision     string    `json:"decision,omitempty"`
	Deployment   string    `json:"deployment,omitempty"`
	ID           string    `json:"-"`
	RequestedAt  time.Time `json:"requested_at,omitzero"`
	Required     *bool     `json:"required,omitempty"`
	Ticket       string    `json:"ticket,omitempty"`
}

// Verdict is the result of watching a deployment's signals. SchemaOf(TypeVerdict) says what each field means.
type Verdict struct {
	At         time.Time         `json:"at,omitzero"`
	Deployment string            `json:"deployment,omitempty"`
	ID         string            `json:"-"`
	Result     string            `json:"result,omitempty"`
	Signals    map[string]string `json:"signals,omitempty"`
}

func (r Deployment) key(source string) Key {
	return Key{Source: source, Type: TypeDeployment, ID: r.ID}
}

func (r Commit) key(source string) Key {
	return Key{Source: source, Type: TypeCommit, Repository: r.Repository, ID: r.ID}
}

func (r PullRequest) key(source string) Key {
	return Key{Source: source, Type: TypePullRequest, Repository: r.Repository, ID: r.ID}
}

func (r Incident) key(source string) Key { return Key{Source: source, Type: TypeIncident, ID: r.ID} }

func (r Approval) key(source string) Key { return Key{Source: source, Type: TypeApproval, ID: r.ID} }

func (r Verdict) key(source string) Key { return Key{Source: source, Type: TypeVerdict, ID: r.ID} }
