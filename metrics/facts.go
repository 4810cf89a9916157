package metrics

import "time"

// EnvironmentKind is what an environment is for, whatever its name.
type EnvironmentKind string

// The kinds of environment; every figure counts production unless asked otherwise.
const (
	Production  EnvironmentKind = "production"
	Staging     EnvironmentKind = "staging"
	Testing     EnvironmentKind = "testing"
	Development EnvironmentKind = "development"
)

// Kind says what a rollout was for.
type Kind string

// The kinds of rollout. Everything that is not one of the others is planned.
const (
	Planned  Kind = "planned"
	Rollback Kind = "rollback" // puts an earlier revision back
	Rework   Kind = "rework"   // a declared hotfix, or it reverts commits of an earlier rollout
	Redeploy Kind = "redeploy" // the live revision again: excluded from every figure
	Reapply  Kind = "reapply"  // puts back what a rollback removed: neither rollback nor rework
)

// Cause is why a rollout counts as failed.
type Cause string

// The causes of failure; all count unless the rules leave some out.
const (
	CauseRun      Cause = "run failed"
	CauseRollback Cause = "rolled back"
	CauseRevert   Cause = "reverted"
	CauseIncident Cause = "incident"
	CauseVerdict  Cause = "unhealthy verdict"
	CauseHotfix   Cause = "followed by a hotfix"
)

// Confidence says how a link between records was made.
type Confidence string

// Stated links are named in a record; inferred ones follow from service, environment and time; unattributed means no link.
const (
	Stated       Confidence = "stated"
	Inferred     Confidence = "inferred"
	Unattributed Confidence = "unattributed"
)

// Rollout is a group of consecutive attempts of the same service, environment and revision, counted once.
type Rollout struct {
	// ID is the Key of its first attempt, without the type: "source/id".
	ID              string          `json:"id"`
	Service         string          `json:"service"`
	Environment     string          `json:"environment"`
	EnvironmentKind EnvironmentKind `json:"environment_kind"`
	Repository      string          `json:"repository,omitempty"`
	Revision        string          `json:"revision,omitempty"`
	Version         string          `json:"version,omitempty"`
	Digest          string          `json:"digest,omitempty"`
	Ref             string          `json:"ref,omitempty"`
	URL             string          `json:"url,omitempty"`
	// StartedAt is the first start that its attempts state, zero when none does.
	StartedAt time.Time `json:"started_at,omitzero"`
	// FinishedAt is the last finish of its attempts; by it the rollout belongs to a window. SucceededAt is the first
	// success, zero when none succeeded: lead time ends there.
	FinishedAt  time.Time `json:"finished_at"`
	SucceededAt time.Time `json:"succeeded_at,omitzero"`
	// RevisionAt is when the commit of the revision was made: its committer date, else its author date; zero where not known.
	RevisionAt time.Time `json:"revision_at,omitzero"`
	Kind       Kind      `json:"kind"`
	// Of is the rollout that a rollback replaced, that a rework repaired, that a redeploy repeats, or that a reapply puts back.
	Of string `json:"of,omitempty"`
	// Baseline: the changes are not known, because nothing known came before or the revision is missing from the graph.
	Baseline bool `json:"baseline,omitempty"`
	// BaselineReason says which.
	BaselineReason string   `json:"baseline_reason,omitempty"`
	Changes        []Change `json:"changes,omitempty"`
	// Reapplied are commits that a rollback had removed and this rollout brought back: shown, not counted.
	Reapplied []string `json:"reapplied,omitempty"`
	// Attempts are the deployments behind the rollout, in order of start.
	Attempts []Attempt `json:"attempts"`
	// Labels and Trigger ("automatic", "manual", empty where not stated) are those of the attempts that decide; of two that give
	// one label the first holds.
	Labels  map[string]string `json:"labels,omitempty"`
	Trigger string            `json:"trigger,omitempty"`
	// Retried: a failed attempt was followed by a successful one.
	Retried bool `json:"retried,omitempty"`
	// Removed by a rollback that went past this rollout: neither live nor failed by it.
	Removed bool `json:"removed,omitempty"`
	// Failures holds every cause known; the rollout failed when there is one.
	Failures []Failure `json:"failures,omitempty"`
	// Recovery is nil for a good rollout and for a failure that is still open.
	Recovery *Recovery `json:"recovery,omitempty"`
	// KnownAt is when the outcome of the run was known; Assumed when that is not recorded but taken from the run's own times.
	KnownAt time.Time `json:"known_at"`
	Assumed bool      `json:"assumed,omitempty"`
	// Verdict is the last health verdict: "", "healthy", "unhealthy" or "inconclusive".
	Verdict   string    `json:"verdict,omitempty"`
	VerdictAt time.Time `json:"verdict_at,omitzero"`
	// VerdictSince is since when it was known to say so: VerdictAt, or later where it was told of later; where others said the same before, since
	// the first of them.
	VerdictSince time.Time `json:"verdict_since,omitzero"`
	// Progress is what was known of a rollout to production until all of it was; empty where that came at once.
	Progress []Progress `json:"progress,omitempty"`
	// Approvals are the decisions on its attempts, those that are still open included, without who took them. Waits is what the decided ones took.
	Approvals []Approval `json:"approvals,omitempty"`
	Waits     Waits      `json:"waits,omitzero"`
	// Hands says what the one who started it, and each who decided, has to do with the code.
	Hands Hands `json:"hands,omitzero"`
}

// Hand says of somebody who started or let go a rollout what they have to do with its code, and never who it was.
type Hand string

// The hands. One that is empty is not known: nobody was named, or the name was not kept.
const (
	HandProgram     Hand = "program"     // a pipeline or another program; every automatic start is one
	HandAuthor      Hand = "author"      // wrote one of the rollout's changes
	HandContributor Hand = "contributor" // wrote a change of the service that another rollout brought
	HandOther       Hand = "other"       // none of those, as far as names can be told apart
)

// Hands are those of one rollout.
type Hands struct {
	Starter Hand `json:"starter,omitempty"`
	// Deciders stand in the order of Approvals; empty where nobody is named or nobody has decided. Nil where all of them are empty.
	Deciders []Hand `json:"deciders,omitempty"`
}

// IsZero reports that nothing is known of who it was.
func (h Hands) IsZero() bool { return h.Starter == "" && len(h.Deciders) == 0 }

// Attempt is one deployment behind a rollout.
type Attempt struct {
	ID string `json:"id"` // "source/id"
	// StartedAt is zero where the source does not state it.
	StartedAt  time.Time `json:"started_at,omitzero"`
	FinishedAt time.Time `json:"finished_at"`
	Status     Status    `json:"status"`
}

// Waits is the time from asking to deciding over a rollout's approvals, in whole milliseconds. Approvals that were open at the same
// time are counted once: each figure is the length of the union of its spans, so that Total is at most the sum of the others.
type Waits struct {
	Total time.Duration `json:"total"`
	// Inside: the approver's team owns the service. Outside: another does. Unknown: the service or the approval names no team.
	Inside  time.Duration `json:"inside"`
	Outside time.Duration `json:"outside"`
	Unknown time.Duration `json:"unknown"`
	// The decisions by place, and how many of all refused.
	DecidedInside  int `json:"decided_inside"`
	DecidedOutside int `json:"decided_outside"`
	DecidedUnknown int `json:"decided_unknown"`
	Refused        int `json:"refused"`
}

// Failed reports whether any counted cause is known.
func (r Rollout) Failed() bool { return len(r.Failures) > 0 }

// Counts reports whether the rollout enters rates and frequency: everything but a redeploy of the live revision.
func (r Rollout) Counts() bool { return r.Kind != Redeploy }

// Change is a commit that reached an environment for the first time with this rollout.
type Change struct {
	SHA        string    `json:"sha"`
	AuthoredAt time.Time `json:"authored_at"`
	// CommittedAt is the committer date, zero where not known.
	CommittedAt time.Time `json:"committed_at,omitzero"`
	PullRequest string    `json:"pull_request,omitempty"`
	Bot         bool      `json:"bot,omitempty"`
	// Head: the change is the very revision that was deployed.
	Head bool `json:"head,omitempty"`
	// FirstOfRequest is the earliest authored time among the known commits of its pull request, whether they are changes here or not.
	// OpenedAt, ReviewedAt, ApprovedAt and MergedAt are the pull request's: opened, first reviewed and first approved by a human who
	// is not its author, merged. Zero where not known. They split lead time into stages.
	FirstOfRequest time.Time `json:"first_of_request,omitzero"`
	OpenedAt       time.Time `json:"opened_at,omitzero"`
	ReviewedAt     time.Time `json:"reviewed_at,omitzero"`
	ApprovedAt     time.Time `json:"approved_at,omitzero"`
	MergedAt       time.Time `json:"merged_at,omitzero"`
	// Handoffs is nil where the author is not known, or nothing but the author. Facts that share one must not change it.
	Handoffs *Handoffs `json:"handoffs,omitempty"`
	// Fault is why the change has no lead time ("authored after it was deployed", "authored before 1971"); empty when it has one.
	Fault string `json:"fault,omitempty"`
}

// Handoffs counts how often a change went from one to another on its way from author by first reviewer and approvers to deployer:
// the distinct people and the distinct teams on it, each minus one. Bots are no people.
type Handoffs struct {
	People int `json:"people"`
	Teams  int `json:"teams"`
	// Unowned: no team is declared for the service, so that Teams is not known, and 0 here.
	Unowned bool `json:"unowned,omitempty"`
}

// Failure is one cause for which a rollout counts as failed.
type Failure struct {
	Cause Cause `json:"cause"`
	// At is when the cause occurred, KnownAt when we knew it; Assumed when that is not recorded.
	At      time.Time `json:"at"`
	KnownAt time.Time `json:"known_at"`
	Assumed bool      `json:"assumed,omitempty"`
	// Evidence names the record that shows it: a rollout id, "source/id" of an incident or verdict, or a commit.
	Evidence   string     `json:"evidence"`
	Confidence Confidence `json:"confidence"`
}

// Was is a rollout as it was known until corrections changed it, or its sources did. It enters no figure: the gate's meters, which never take back a
// step, go by it until then.
type Was struct {
	// Rollout is what it was, without its changes, approvals and labels; nil where nothing of it was known, or it was another service's.
	Rollout *Rollout  `json:"rollout,omitempty"`
	Until   time.Time `json:"until"`
	// Now is the rollout that it was from then on, until the next correction of it; empty where corrections left out all that it was.
	Now string `json:"now,omitempty"`
	// Told: its sources told so, and no correction was made then.
	Told bool `json:"told,omitempty"`
}

// Recovery is the earliest event that ended a failure.
type Recovery struct {
	At time.Time `json:"at"`
	// By is "rollback", "fix" (rework, or the next success after a failed run) or "incident resolved".
	By       string `json:"by"`
	Evidence string `json:"evidence"`
}

// IncidentLink is an incident with the rollout it is attributed to, if any.
type IncidentLink struct {
	ID string `json:"id"` // "source/id"
	Incident
	EnvironmentKind EnvironmentKind `json:"environment_kind"`
	// Uncounted: its severity is none of those that count.
	Uncounted  bool       `json:"uncounted,omitempty"`
	Rollout    string     `json:"rollout,omitempty"`
	Confidence Confidence `json:"confidence"`
	Reason     string     `json:"reason"` // the rule that made the link, or why there is none
	// DeployedAt is the finish of the deployment to blame. It is no fact of its own: it is looked up when a definition asks for it.
	DeployedAt time.Time `json:"-"`
	// Told is what was known of it from when on; empty where that is what it says here, known since it was noticed.
	Told []Telling `json:"told,omitempty"`
}

// Telling is what was known of an incident from an instant on, until the next one.
type Telling struct {
	At         time.Time `json:"at"` // known-at
	StartedAt  time.Time `json:"started_at"`
	ResolvedAt time.Time `json:"resolved_at,omitzero"`
	Uncounted  bool      `json:"uncounted,omitempty"`
	// Corrected: a correction brought the incident, or says what is told.
	Corrected bool `json:"corrected,omitempty"`
	// EnvironmentKind is that of the incident as it was told then.
	EnvironmentKind EnvironmentKind `json:"environment_kind,omitempty"`
}

// LeftOut is a record that enters no figure, with the reason in words.
type LeftOut struct {
	Record string    `json:"record"` // "source/type/id"
	At     time.Time `json:"at,omitzero"`
	Reason string    `json:"reason"`
}

// Facts are what the events of one service amount to, in one order and independent of how they arrived.
type Facts struct {
	Service string `json:"service"`
	// Team is the service's owner, empty where none is declared.
	Team string `json:"team,omitempty"`
	// Since is the earliest instant of any deployment, incident or change that counts: the service is observed from then on.
	Since    time.Time `json:"since,omitzero"`
	Rollouts []Rollout `json:"rollouts"` // by FinishedAt, then ID
	// Was are the rollouts that corrections changed, as they were known until then, by Until; one that several changed is there several times.
	Was       []Was          `json:"was,omitempty"`
	Incidents []IncidentLink `json:"incidents,omitempty"`
	// TakenBack are incidents that were once known and that corrections left out since. They enter no figure; the gate's meter, which once
	// counted them, steps back.
	TakenBack []IncidentLink `json:"taken_back,omitempty"`
	LeftOut   []LeftOut      `json:"left_out,omitempty"`
	// Running are deployments that began and have not finished: "source/id".
	Running []string `json:"running,omitempty"`
}
