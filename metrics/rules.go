package metrics

import "time"

// Service is what a team deploys.
type Service struct {
	Name    string `json:"name"`
	Team    string `json:"team,omitempty"`
	Tier    Tier   `json:"tier"`
	Cadence string `json:"cadence,omitempty"` // a declared constraint (app store, firmware): the index is not comparable
	// Repositories are the repositories it is built from; Paths limits a monorepo to the folders that belong to it.
	Repositories []string `json:"repositories,omitempty"`
	Paths        []string `json:"paths,omitempty"`
	// Environments and Labels tell the services of one repository apart: only deployments into an environment that one of the patterns
	// fits, and that carry every label, are the service's. Patterns are those of environments; empty ones fit all.
	Environments []string          `json:"environments,omitempty"`
	Labels       map[string]string `json:"labels,omitempty"`
	// AttributionWindow is the service's own, in place of that of the rules; zero where it has none.
	AttributionWindow time.Duration `json:"attribution_window,omitempty"`
}

// Tier is the risk class of a service.
type Tier string

// The four tiers; a service that declares none is Standard.
const (
	Critical Tier = "critical"
	High     Tier = "high"
	Standard Tier = "standard"
	Low      Tier = "low"
)

// Rules turn events into facts. The zero value is not usable; start from DefaultRules.
type Rules struct {
	// Services declares services; what no declaration matches is a service named by its events, or by its repository.
	Services []Service
	// Environments maps names to kinds, first match wins; names are compared without case, "*" at either end is a wildcard.
	Environments []EnvironmentRule
	// AttributionWindow is how long after its finish a rollout can be blamed for an incident that names none. Default 24 h.
	AttributionWindow time.Duration
	// RolloutGap joins attempts of one revision that start at most so long after the previous one ended. Default 60 min.
	RolloutGap time.Duration
	// Causes are the causes of failure that count. Default all.
	Causes []Cause
	// MaxSeverity counts incidents up to this severity (1 is worst); 0 counts all, unstated ones included.
	MaxSeverity int
	// SourceOrder decides between sources that report the same rollout, first wins.
	SourceOrder []string
	// Bots are names of programs beside those that hosts flag and those that call themselves a bot; names are compared without case,
	// "*" at either end is a wildcard.
	Bots []string
	// SkipUnchanged drops deployments of a monorepo service whose revision brings no change below its paths.
	SkipUnchanged bool
}

// EnvironmentRule gives environments whose name matches the pattern a kind.
type EnvironmentRule struct {
	Pattern string
	Kind    EnvironmentKind
	// Usual: the rule goes by what such names usually mean, and holds only where the host states no kind.
	Usual bool `json:",omitempty"`
	// As joins all environments that match under one name: a revision that goes to each of them in turn is then one rollout.
	As string
}
