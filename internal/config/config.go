// Package config reads the configuration file and files of questions: the only package that reads YAML. It turns them into
// the values that other packages work with, refuses what it does not know, and starts nothing.
package config

import (
	"slices"
	"time"

	"shiphabit/assessments"
	"shiphabit/metrics"
	"shiphabit/metrics/gate"
	"shiphabit/metrics/gate/attest"
)

// Config is a checked configuration. Printing it shows no secret.
type Config struct {
	File          string // that it was read from; empty where none was named
	Listen        string
	DB            string // may hold a password; String masks it
	DBFault       error  // why it is not known which database the file names; only where secrets are not asked for
	RequireTokens bool
	Hosts         []string // names besides localhost under which the server is asked
	WeekStart     time.Weekday
	Definitions   []metrics.Definition // the organisation's own
	Teams         []Team
	Services      []Service
	Roles         []Role // that tokens have for all services
	Sources       []Source
	Floor         int // group size k of survey rounds
	Questions     assessments.Set
	Thresholds    assessments.Thresholds
	Freezes       []gate.Window
	Identity      []Issuer // of tokens of jobs
	Protection    []Protection
	Signing       *attest.Ring // signs verdicts; nil when no key is configured
	Notify        Notify
	Exposition    Exposition

	zone     *time.Location
	calendar metrics.Calendar
	rules    metrics.Rules
	overlays []overlay
	shown    string // the file as it may be shown
}

// Exposition says which teams and services have figures of their own for Prometheus; nil means all, while they are not too many.
type Exposition struct{ Teams, Services []string }

// Team owns services and answers the questions.
type Team struct {
	Name     string
	Size     int // people; 0 when not stated
	Calendar metrics.Calendar
	Channels Channels
	Roles    []Role // that tokens have for the team's services
}

// Service is a declared service with its working time.
type Service struct {
	metrics.Service
	Calendar metrics.Calendar
	// Readiness is what the team declares of the service's way back.
	Readiness assessments.Readiness
	// Rollback is told when a watch ends in failed; nil where nothing is.
	Rollback *Rollback
}

// Default is the configuration of somebody who wrote none.
func Default() Config {
	c, err := Parse("", nil, Options{})
	if err != nil {
		panic(err) // nothing was read
	}
	return c
}

// Zone is the organisation's time zone.
func (c Config) Zone() *time.Location { return c.zone }

// Rules turn events into facts.
func (c Config) Rules() metrics.Rules { return c.rules }

// Calendar is the working time of a declared service, else of the team, else of the organisation. Either may be "".
func (c Config) Calendar(service, team string) metrics.Calendar {
	if i := slices.IndexFunc(c.Services, func(s Service) bool { return s.Name == service && service != "" }); i >= 0 {
		return c.Services[i].Calendar
	}
	if t, found := c.Team(team); found {
		return t.Calendar
	}
	return c.calendar
}

// Readiness is what is declared of a service's way back; nothing but its name for a service that declares nothing.
func (c Config) Readiness(service string) assessments.Readiness {
	for _, s := range c.Services {
		if s.Name == service {
			return s.Readiness
		}
	}
	return assessments.Readiness{Service: service}
}

// Team returns the declared team of the name.
func (c Config) Team(name string) (Team, bool) {
	i := slices.IndexFunc(c.Teams, func(t Team) bool { return t.Name == name && name != "" })
	if i < 0 {
		return Team{}, false
	}
	return c.Teams[i], true
}

// Policy is the gate policy in force for a service: the built-in one of its tier under the organisation's, the tier's, the
// team's and the service's own.
func (c Config) Policy(s metrics.Service) gate.Policy {
	p, _ := effective(s, c.overlays)
	return p
}

// Policies are the policies of the four tiers, for services that no team's or service's policy changes.
func (c Config) Policies() map[metrics.Tier]gate.Policy {
	policies := map[metrics.Tier]gate.Policy{}
	for _, t := range tiers {
		policies[t] = c.Policy(metrics.Service{Tier: t})
	}
	return policies
}

var tiers = []metrics.Tier{metrics.Critical, metrics.High, metrics.Standard, metrics.Low}

// String is the file with every secret masked.
func (c Config) String() string { return c.shown }

// GoString masks %#v like String.
func (c Config) GoString() string { return c.shown }

// MarshalText keeps secrets out of JSON.
func (c Config) MarshalText() ([]byte, error) { return []byte(c.shown), nil }
