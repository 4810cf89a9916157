package store

// The rows of the database, one struct per table. Times are milliseconds since 1970 UTC.

type eventRow struct {
	Seq        int64
	Source     string
	Type       string
	Repository string
	ID         string
	Digest     []byte
	UpdatedAt  int64 `gorm:"autoUpdateTime:false"`
	Sequence   int64
	Payload    []byte // packed
	RecordedAt int64
	Live       bool
	Service    string
	BuiltFrom  string
	Reference  string
	Correction int64

	clears bool // it takes a deployment's repository away; not stored
}

type correctionRow struct {
	ID          int64 `gorm:"primaryKey"`
	Source      string
	Type        string
	Repository  string
	Record      string
	Fields      string
	Exclude     bool
	Unlinked    bool
	Reason      string
	At          int64
	WithdrawnAt int64
	MadeBy      string
	WithdrawnBy string
}

type sourceRow struct {
	Name      string `gorm:"primaryKey"`
	Cursor    string
	Watermark int64
	Heartbeat int64
	Error     string
	ErrorAt   int64

	RunStartedAt  int64
	RunFinishedAt int64
	Pages         int
	Events        int
	Failures      int
	Doing         string
	Done          int
	Total         int
	Part          int
	Parts         int
	BudgetLeft    int
	BudgetLimit   int
	BudgetResetAt int64
	NextAt        int64
	WaitUntil     int64
	WaitReason    string
	FullAt        int64 // when the reading from the start began that has not ended
	DeliveredAt   int64
}

type setAsideRow struct {
	Source string `gorm:"primaryKey"`
	Record string `gorm:"primaryKey"`
	Reason string
	At     int64
}

type deliveryRow struct {
	Seq        int64 `gorm:"primaryKey"`
	Source     string
	Delivery   string
	Kind       string
	ReceivedAt int64
	Outcome    string
	Events     int
	SetAside   int
	Ignored    string
	Problem    string // JSON; "" when there is none
	Header     string // JSON; "" when no body is kept
	Body       []byte // compressed
}

type refusalRow struct {
	Source    string `gorm:"primaryKey"`
	Refused   int64
	RefusedAt int64
}

type serviceRow struct {
	Name     string `gorm:"primaryKey"`
	Declared bool
	Present  bool
	Touched  int64
	Derived  int64
	Rules    string
	Document string
	// Monitored is what sources of signals showed of it, as JSON; empty where none did.
	Monitored string `gorm:"->"`
}

type linkRow struct {
	Repository string `gorm:"primaryKey"`
	Service    string `gorm:"primaryKey"`
	Declared   bool
}

type factsRow struct {
	Service   string `gorm:"primaryKey"`
	Team      string
	Since     int64
	Incidents string
	LeftOut   string
	Running   string
	Was       string // rollouts as they were known until corrections changed them
	// FirstPlanned is when the first planned deployment to production that was known finished, 0 where there was none, and FirstPlannedKnown when it
	// was known; nil where that was not counted yet.
	FirstPlanned, FirstPlannedKnown *int64

	Several  string // kinds of environment of which there are several, each between commas; "*" where that is not known
	Evidence string // JSON; empty where it was not counted yet
}

type environmentRow struct {
	Service  string `gorm:"primaryKey"`
	Name     string `gorm:"primaryKey"`
	Kind     string
	Rollouts int
}

type broughtRow struct {
	Source  string `gorm:"primaryKey"`
	Type    string `gorm:"primaryKey"`
	Events  int
	FirstAt int64
	LastAt  int64
}

type rolloutRow struct {
	Service         string `gorm:"primaryKey"`
	FinishedAt      int64  `gorm:"primaryKey;autoIncrement:false"`
	ID              string `gorm:"primaryKey"`
	EnvironmentKind string
	Kind            string
	Digest          []byte
	Body            []byte // packed
	Changes         []byte
}

type documentRow struct {
	Digest string `gorm:"primaryKey"`
	Body   []byte
}

type decisionRow struct {
	Seq         int64 `gorm:"primaryKey"`
	ID          string
	Caller      string
	Key         string
	Previous    string
	Service     string
	Environment string
	Verdict     string
	Probe       bool
	At          int64
	Snapshot    string
	Policy      string
	Body        []byte
	Kind        *string // of those logged before it was noted, none
}

type roundRow struct {
	ID          string `gorm:"primaryKey"`
	Team        string
	State       string
	Respondents int
	Capacity    int
	Document    string
	Reminders   int
}

type countRow struct {
	Round    string `gorm:"primaryKey"`
	Question string `gorm:"primaryKey"`
	Option   string `gorm:"primaryKey"`
	N        int
}

type invitationRow struct {
	Hash     string `gorm:"primaryKey"`
	Round    string
	Uses     int
	Capacity int
}

type commentRow struct {
	Key      string `gorm:"primaryKey"`
	Round    string
	Text     string
	SignedBy string
}

type tokenRow struct {
	ID         string `gorm:"primaryKey"`
	Name       string
	Hash       string
	Scopes     string
	Teams      string // a JSON list
	CreatedAt  int64  `gorm:"autoCreateTime:false"`
	ExpiresAt  int64
	LastUsedAt int64
	RevokedAt  int64
}

type auditRow struct {
	Seq     int64 `gorm:"primaryKey"`
	At      int64
	Actor   string
	Action  string
	Subject string
	Details string
}

type tallySetRow struct {
	ID         int64 `gorm:"primaryKey"`
	Print      string
	Zone       string
	Definition string
	Complete   bool
	// Observations counts the changes of the set's observed and outage rows.
	Observations int64
}

type tallyScopeRow struct {
	ID      int64 `gorm:"primaryKey"`
	Service string
}

type tallyRow struct {
	SetID   int64 `gorm:"primaryKey;autoIncrement:false"`
	Scope   int64 `gorm:"primaryKey;autoIncrement:false"`
	Kind    int   `gorm:"primaryKey;autoIncrement:false"`
	Day     int   `gorm:"primaryKey;autoIncrement:false"`
	KnownBy int64
	Body    []byte
}

type dirtyDayRow struct {
	SetID int64 `gorm:"primaryKey;autoIncrement:false"`
	Kind  int   `gorm:"primaryKey;autoIncrement:false"`
	Day   int   `gorm:"primaryKey;autoIncrement:false"`
	Marks int64
}

type observedRow struct {
	SetID int64 `gorm:"primaryKey;autoIncrement:false"`
	Scope int64 `gorm:"primaryKey;autoIncrement:false"`
	Since int64
	// FirstIncident is the zero time's own millisecond where none is known.
	FirstIncident int64
}

type outageRow struct {
	SetID     int64 `gorm:"primaryKey;autoIncrement:false"`
	Scope     int64 `gorm:"primaryKey;autoIncrement:false"`
	Kind      int   `gorm:"primaryKey;autoIncrement:false"`
	StartedAt int64 `gorm:"primaryKey;autoIncrement:false"`
	EndedAt   int64
	Number    int `gorm:"primaryKey;autoIncrement:false"`
}

func (broughtRow) TableName() string     { return "brought" }
func (observedRow) TableName() string    { return "observed" }
func (outageRow) TableName() string      { return "outages" }
func (tallySetRow) TableName() string    { return "tally_sets" }
func (tallyScopeRow) TableName() string  { return "tally_scopes" }
func (tallyRow) TableName() string       { return "tallies" }
func (dirtyDayRow) TableName() string    { return "dirty_days" }
func (secretRow) TableName() string      { return "secrets" }
func (eventRow) TableName() string       { return "events" }
func (correctionRow) TableName() string  { return "corrections" }
func (sourceRow) TableName() string      { return "sources" }
func (setAsideRow) TableName() string    { return "set_aside" }
func (deliveryRow) TableName() string    { return "deliveries" }
func (refusalRow) TableName() string     { return "refusals" }
func (serviceRow) TableName() string     { return "services" }
func (linkRow) TableName() string        { return "service_repositories" }
func (factsRow) TableName() string       { return "facts" }
func (environmentRow) TableName() string { return "environments" }
func (rolloutRow) TableName() string     { return "rollouts" }
func (documentRow) TableName() string    { return "documents" }
func (decisionRow) TableName() string    { return "decisions" }
func (roundRow) TableName() string       { return "rounds" }
func (countRow) TableName() string       { return "answer_counts" }
func (invitationRow) TableName() string  { return "invitations" }
func (commentRow) TableName() string     { return "comments" }
func (tokenRow) TableName() string       { return "tokens" }
func (auditRow) TableName() string       { return "audit" }

// allRows names every table for the check of the schema.
func allRows() []any {
	return []any{
		&eventRow{}, &sourceRow{}, &setAsideRow{}, &serviceRow{}, &linkRow{}, &factsRow{}, &rolloutRow{}, &documentRow{},
		&decisionRow{}, &roundRow{}, &countRow{}, &invitationRow{}, &commentRow{}, &tokenRow{}, &auditRow{}, &secretRow{}, &correctionRow{},
		&tallySetRow{}, &tallyScopeRow{}, &tallyRow{}, &dirtyDayRow{}, &observedRow{}, &outageRow{}, &broughtRow{},
		&deliveryRow{}, &refusalRow{}, &environmentRow{}, &jobTokenRow{}, &reportTokenRow{}, &reportRow{}, &overrideRow{}, &gateLogRow{}, &scoreRow{}, &waitingRow{},
		&beatRow{}, &gapRow{}, &unaskedRow{}, &servedRow{}, &replyRow{}, &actionRow{}, &rollupRow{}, &configuredRow{}, &olderRow{},
		&rollbackRow{}, &rollbackHookRow{},
	}
}
