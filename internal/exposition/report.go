package exposition

import (
	"time"

	"shiphabit/metrics"
)

// Report is what was read from the database at one time. Survey rounds are no part of it, nor is anything that names a person.
type Report struct {
	At   time.Time
	Took time.Duration
	// Window is the span that the figures look back on.
	Window   time.Duration
	Cards    []Card
	Services int // known ones
	// Underived are the services with records that no figure counts yet.
	Underived int
	LeftOut   LeftOut
	Gate      Gate
	Sources   []Source
}

// Scope is what a figure is of.
type Scope string

// The scopes.
const (
	Organisation Scope = "organisation"
	Team         Scope = "team"
	Service      Scope = "service"
)

// Card holds the figures of a scope. Team and Service name it, as far as there is one.
type Card struct {
	Scope         Scope
	Team, Service string
	metrics.Scorecard
	// Index is that of a service whose standing is known, else nil.
	Index *metrics.Index
}

// LeftOut counts what has no series of its own because there is too much of it.
type LeftOut struct{ Teams, Services, Stopped, Sources int }

// Gate is how services stand before it: what it would answer to a normal change to production.
type Gate struct {
	// Standings counts services by verdict; Evidence stands for a hold that only waits for what a pipeline states.
	Standings map[string]int
	Unjudged  int // services whose standing is not known yet
	Stopped   []Stopped
	Overrides int // that are in force
	// JudgedAt is the time of the oldest standing, zero when there is none.
	JudgedAt time.Time
}

// Evidence is the standing of a service about which nothing but a pipeline's own statement is missing.
const Evidence = "evidence"

// Stopped is a service whose changes to production the gate stops.
type Stopped struct{ Service, Team, Tier, Verdict string }

// Source is where the reading of one source stands. Times that are not known are zero.
type Source struct {
	Name                         string
	Watermark, Heartbeat, NextAt time.Time
	Troubled                     bool
	Failures, SetAside           int
	// CallsLeft is what its host lets us ask still, nil when it has said nothing.
	CallsLeft *int
}
