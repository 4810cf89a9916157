// Package organisation makes up the deployments of an organisation, the same ones for the same seed: for benchmarks and tests.
// It may not reach a file, a network or a clock.
package organisation

import (
	"fmt"
	"iter"
	"math"
	"math/rand/v2"
	"time"

	"shiphabit/metrics"
)

// Options say how large the organisation is. The zero value of a field takes that of Standard.
type Options struct {
	Services    int
	Deployments int // attempts, failed ones and rollbacks included
	Years       int
	// ChangesPerDeployment is how many commits a planned deployment brings on average.
	ChangesPerDeployment int
	Seed                 uint64
	// End is when the last year ends.
	End time.Time
}

// Standard is the size at which the performance goals are stated.
func Standard() Options {
	return Options{
		Services: 5000, Deployments: 1_000_000, Years: 5, ChangesPerDeployment: 5, Seed: 1,
		End: time.Date(2026, time.November, 1, 0, 0, 0, 0, time.UTC),
	}
}

// withDefaults fills what is left out.
func (o Options) withDefaults() Options {
	standard := Standard()
	for _, field := range []struct {
		value    *int
		standard int
	}{
		{&o.Services, standard.Services}, {&o.Deployments, standard.Deployments}, {&o.Years, standard.Years},
		{&o.ChangesPerDeployment, standard.ChangesPerDeployment},
	} {
		if *field.value <= 0 {
			*field.value = field.standard
		}
	}
	if o.End.IsZero() {
		o.End = standard.End
	}
	o.End = o.End.UTC().Truncate(24 * time.Hour)
	return o
}

// Organisation is one made-up organisation.
type Organisation struct {
	options  Options
	services []metrics.Service
	attempts []int // deployments of each service
}

// New makes an organisation up.
func New(o Options) *Organisation {
	o = o.withDefaults()
	r := rand.New(rand.NewPCG(o.Seed, 0)) //nolint:gosec // repeatable, not secret
	org := &Organisation{options: o, services: make([]metrics.Service, o.Services)}
	for i := range org.services {
		org.services[i] = service(i, r)
	}
	org.attempts = shares(o.Deployments, o.Services, r)
	return org
}

// trades are what services are for.
var trades = []string{"checkout", "billing", "search", "catalogue", "identity", "shipping", "mail", "stock", "pricing", "reports"}

// servicesPerTeam is how many services a team looks after.
const servicesPerTeam = 8

func service(i int, r *rand.Rand) metrics.Service {
	name := fmt.Sprintf("%s-%d", trades[i%len(trades)], i)
	return metrics.Service{
		Name: name, Team: fmt.Sprintf("team-%d", i/servicesPerTeam), Tier: tier(r.Float64()), Repositories: []string{"acme/" + name},
	}
}

func tier(x float64) metrics.Tier {
	switch {
	case x < 0.05:
		return metrics.Critical
	case x < 0.25:
		return metrics.High
	case x < 0.8:
		return metrics.Standard
	default:
		return metrics.Low
	}
}

// busiest is how many times as often the busiest service deploys as the quietest.
const busiest = 1000

// shares hands n deployments out, log-uniformly uneven and one at least where there are enough. They add up to n.
func shares(n, services int, r *rand.Rand) []int {
	reached := make([]float64, services)
	sum := 0.0
	for i := range reached {
		sum += math.Exp(r.Float64() * math.Log(busiest))
		reached[i] = sum
	}
	atLeast := min(1, n/services)
	out := make([]int, services)
	given := 0
	for i, x := range reached {
		upTo := int(math.Round(x / sum * float64(n-atLeast*services)))
		out[i], given = atLeast+upTo-given, upTo
	}
	return out
}

// Services declares the services, each with its team, tier and repository.
func (o *Organisation) Services() []metrics.Service { return o.services }

// Attempts is how many deployments a service has, by its place in Services.
func (o *Organisation) Attempts(service int) int { return o.attempts[service] }

// Events tells all that happened, service by service and within each in the order of its deployments. Nothing but the service
// being told of is in memory.
func (o *Organisation) Events() iter.Seq[metrics.Event] {
	return func(yield func(metrics.Event) bool) {
		for i := range o.services {
			for e := range o.EventsOf(i) {
				if !yield(e) {
					return
				}
			}
		}
	}
}

// EventsOf tells what happened to one service, by its place in Services.
func (o *Organisation) EventsOf(service int) iter.Seq[metrics.Event] {
	return func(yield func(metrics.Event) bool) { newStory(o, service, yield).tell() }
}
