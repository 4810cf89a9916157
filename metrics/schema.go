package metrics

// FieldKind is the form of a field's value in a neutral event.
type FieldKind string

// The kinds of field. A name is one line of 1 to 1024 bytes in which every character shows: it identifies something.
const (
	KindName    FieldKind = "name"
	KindText    FieldKind = "string"
	KindTime    FieldKind = "time"
	KindBool    FieldKind = "bool"
	KindInt     FieldKind = "int"
	KindEnum    FieldKind = "enum"
	KindList    FieldKind = "strings"
	KindMap     FieldKind = "map"
	KindReviews FieldKind = "reviews"
)

// Field describes one field of an event type.
type Field struct {
	Name     string
	Kind     FieldKind
	Required bool
	Means    string
	Values   []string // of an enum
	Min, Max int64    // of an int
	// Key fields name a revision; they stand in the Event and not in its payload.
	Key bool
	// Line fields are shown as names, and their text, or the keys and texts of their map, is one line in which every character shows.
	Line bool
	// AnyYear allows times before 1970: a commit's dates are whatever its author's clock said.
	AnyYear bool
}

// Schema describes one event type: its fields in alphabetical order and what must hold between them.
type Schema struct {
	Type   EventType
	Means  string
	Fields []Field
	OneOf  []string    // at least one of these is required
	Order  [][2]string // the first time is not after the second
}

// DefaultSource is the source of events that name none.
const DefaultSource = "import"

// EventTypes lists the six types in the order of the documentation.
func EventTypes() []EventType {
	return []EventType{TypeDeployment, TypeCommit, TypePullRequest, TypeIncident, TypeApproval, TypeVerdict}
}

// SchemaOf returns the schema of a type, and false when there is no such type.
func SchemaOf(t EventType) (Schema, bool) {
	s := schemas.of(t)
	if s == nil {
		return Schema{}, false
	}
	return s.Schema, true
}

func nameField(n, means string) Field { return Field{Name: n, Kind: KindName, Means: means} }
func textField(n, means string) Field { return Field{Name: n, Kind: KindText, Means: means} }
func timeField(n, means string) Field { return Field{Name: n, Kind: KindTime, Means: means} }
func lineField(n, means string) Field {
	return Field{Name: n, Kind: KindText, Line: true, Means: means}
}
func boolField(n, means string) Field { return Field{Name: n, Kind: KindBool, Means: means} }
func listField(n, means string) Field { return Field{Name: n, Kind: KindList, Means: means} }

func enumField(n, means string, values ...string) Field {
	return Field{Name: n, Kind: KindEnum, Means: means, Values: values}
}

func intField(n, means string, low, high int64) Field {
	return Field{Name: n, Kind: KindInt, Means: means, Min: low, Max: high}
}

func (f Field) required() Field { f.Required = true; return f }
func (f Field) key() Field      { f.Key = true; return f }
func (f Field) anyYear() Field  { f.AnyYear = true; return f }

// commonFields are those of every type.
func commonFields() []Field {
	return []Field{
		nameField("type", "the event type").required().key(),
		nameField("id", "the record's id at its source").required().key(),
		nameField("source", "where the record comes from; `import` when left out").key(),
		timeField("updated_at", "when the source last changed the record; orders its revisions").key(),
		intField("sequence", "orders revisions with the same updated_at", 0, 1<<63-1).key(),
	}
}

func deploymentSchema() Schema {
	return Schema{
		Type: TypeDeployment, Means: "one attempt to put a revision of a service into an environment",
		OneOf: []string{"service", "repository"}, Order: [][2]string{{"started_at", "finished_at"}},
		Fields: []Field{
			nameField("service", "the service deployed; without it the repository names the service"),
			nameField("repository", "the repository it is built from"),
			nameField("environment", "the environment's name at the source").required(),
			enumField("status", "state of the attempt", "pending", "running", "succeeded", "failed", "cancelled").required(),
			nameField("revision", "the commit deployed").required(),
			lineField("ref", "branch or tag"),
			lineField("version", "version name"),
			textField("digest", "digest of the artifact, `sha256:…`"),
			timeField("created_at", "when it was requested"),
			timeField("started_at", "when it began"),
			timeField("finished_at", "when it ended"),
			textField("url", "page of the deployment"),
			enumField("trigger", "what started it", "automatic", "manual"),
			textField("actor", "who or what started it; kept only as a keyed hash"),
			boolField("rollback", "it puts an earlier revision back"),
			textField("rollback_of", "id of the deployment that it replaces"),
			boolField("hotfix", "unplanned, made to repair what a deployment broke"),
			listField("fixes", "ids of the deployments or incidents that it repairs"),
			textField("base_revision", "the revision that was live before"),
			listField("commits", "the commits that it brings"),
			{Name: "labels", Kind: KindMap, Line: true, Means: "free labels; `environment_kind` states what the environment is for, `actor_team` the team of who started it, `risk` a declared class of risk, `coordination` the record or meeting that it needed, or `none`"},
		},
	}
}

func commitSchema() Schema {
	return Schema{
		Type: TypeCommit, Means: "a commit of a repository; its id is the full object name",
		Fields: []Field{
			nameField("repository", "the repository, part of the identity").required().key(),
			timeField("authored_at", "author date").anyYear().required(),
			timeField("committed_at", "committer date").anyYear(),
			listField("parents", "ids of its parents, in order"),
			textField("author", "who wrote it; kept only as a keyed hash"),
			boolField("bot", "written by a program"),
			textField("message", "the commit message"),
			listField("paths", "the paths it touches"),
		},
	}
}

func pullRequestSchema() Schema {
	return Schema{
		Type: TypePullRequest, Means: "a pull request (GitLab: merge request)",
		Order: [][2]string{{"created_at", "merged_at"}},
		Fields: []Field{
			nameField("repository", "the repository, part of the identity").required().key(),
			timeField("created_at", "when it was opened").required(),
			intField("number", "its number in the repository", 1, 1<<63-1),
			textField("author", "who opened it; kept only as a keyed hash"),
			boolField("bot", "opened by a program"),
			lineField("base", "branch it goes into"),
			lineField("head", "branch it comes from"),
			timeField("merged_at", "when it was merged"),
			textField("merge_commit", "the commit that merged it"),
			listField("commits", "its own commits"),
			{Name: "reviews", Kind: KindReviews, Means: "list of {at, author, bot, state}"},
			textField("title", "its title"),
			listField("labels", "its labels"),
			textField("url", "its page"),
		},
	}
}

func incidentSchema() Schema {
	return Schema{
		Type: TypeIncident, Means: "an impairment of a service",
		Order: [][2]string{{"started_at", "resolved_at"}},
		Fields: []Field{
			nameField("service", "the service impaired").required(),
			timeField("started_at", "when it began").required(),
			nameField("environment", "where; production when left out"),
			intField("severity", "1 is worst", 1, 4),
			timeField("detected_at", "when it was noticed"),
			enumField("detected_by", "what noticed it", "monitor", "human"),
			timeField("acknowledged_at", "when somebody took it up"),
			timeField("resolved_at", "when it was over"),
			textField("deployment", "id of the deployment that caused it"),
			textField("revision", "the revision that caused it"),
			textField("title", "its title"),
			textField("url", "its page"),
			listField("labels", "its labels"),
		},
	}
}

func approvalSchema() Schema {
	return Schema{
		Type: TypeApproval, Means: "a decision on a deployment",
		Order: [][2]string{{"requested_at", "decided_at"}},
		Fields: []Field{
			nameField("deployment", "id of the deployment; its source/id where another source told of it").required(),
			timeField("requested_at", "when it was asked for").required(),
			timeField("decided_at", "when it was given or refused"),
			enumField("decision", "the answer", "granted", "refused"),
			textField("approver", "who decided; kept only as a keyed hash"),
			lineField("approver_team", "the approver's team"),
			boolField("required", "the deployment could not go on without it"),
			textField("ticket", "id or page of the change ticket that stands for it"),
		},
	}
}

func verdictSchema() Schema {
	return Schema{
		Type: TypeVerdict, Means: "the result of watching a deployment's signals",
		Fields: []Field{
			nameField("deployment", "id of the deployment; its source/id where another source told of it").required(),
			timeField("at", "when the watch ended").required(),
			enumField("result", "what the signals say", "healthy", "unhealthy", "inconclusive").required(),
			{Name: "signals", Kind: KindMap, Means: "signal → what it showed"},
		},
	}
}
