// Package demo makes up an organisation of six teams and forty services over two years, with stories that the pages are there to
// show: the same one for the same seed and day. It may not reach a file, a network or a clock, and nothing in it is a record of
// anybody.
package demo

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"shiphabit/metrics"
)

// Sources are where the records of the organisation are said to come from. Their names mark every record as made up.
const (
	Forge   = "demo-forge"   // code, reviews, deployments and approvals
	Pager   = "demo-pager"   // incidents
	Signals = "demo-signals" // health verdicts
	Tickets = "demo-tickets" // a source that cannot be read
)

// years is how long the organisation has been observed.
const years = 2

// Organisation is one made-up organisation as its records show it at the start of a day.
type Organisation struct {
	Seed       uint64
	Start, End time.Time // of the records; midnight UTC
	// March is the first of the month in which the failures of payments-api rise.
	March time.Time
	Teams []Team
	// Events are what the sources tell, in the order of the services.
	Events []metrics.Event
	// Promotions are what the pipelines of the gated services ask the gate about, oldest first. What becomes of them, the gate decides.
	Promotions []Promotion
	// Live is the revision of each gated service when its pipeline began to ask.
	Live map[string]string
	// Rounds are the assessments, oldest first.
	Rounds []Round
	// Dispute is a record that a team knows better about.
	Dispute Dispute

	// aside takes what is said instead of Events, while it is set.
	aside *[]metrics.Event
}

// Dispute says of an incident that no deployment caused it.
type Dispute struct {
	Record, Reason string
	At             time.Time
}

// Generate makes the organisation up as it stands at the start of the day of now, in UTC.
func Generate(seed uint64, now time.Time) *Organisation {
	end := now.UTC().Truncate(24 * time.Hour)
	o := &Organisation{Seed: seed, Start: end.AddDate(-years, 0, 0), End: end, March: marchBefore(end), Teams: teams(), Live: map[string]string{}}
	number := uint64(0)
	for at := range o.Teams {
		for _, s := range o.Teams[at].Services {
			number++
			r := rand.New(rand.NewPCG(seed, number)) //nolint:gosec // repeatable, not secret
			newTeller(o, at, s, r).tell()
		}
	}
	slices.SortStableFunc(o.Promotions, func(a, b Promotion) int {
		return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.Service, b.Service))
	})
	o.Rounds = rounds(o)
	return o
}

// marchBefore is the first of the latest March that ended at least 30 days before.
func marchBefore(end time.Time) time.Time {
	for year := end.Year(); ; year-- {
		if april := time.Date(year, time.April, 1, 0, 0, 0, 0, time.UTC); !april.AddDate(0, 0, 30).After(end) {
			return april.AddDate(0, -1, 0)
		}
	}
}

// Says marks whatever is shown of the organisation.
func (o *Organisation) Says() string {
	return fmt.Sprintf("Generated data: a demonstration organisation, seed %d", o.Seed)
}

// progress is how far into the two years an instant lies, from 0 to 1.
func (o *Organisation) progress(at time.Time) float64 {
	return at.Sub(o.Start).Hours() / o.End.Sub(o.Start).Hours()
}

func (o *Organisation) say(source string, r metrics.Record) {
	to := &o.Events
	if o.aside != nil {
		to = o.aside
	}
	*to = append(*to, metrics.NewEvent(source, r))
}
