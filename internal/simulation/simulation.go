// Package simulation makes up the records of services whose true failure rate is known and lets the gate's meter and a plain
// threshold judge them, to see how often each stops a healthy service and how late it notices a sick one. It knows no database.
package simulation

import (
	"math"
	"math/rand/v2"
	"runtime"
	"sort"
	"sync"
	"time"

	"shiphabit/metrics"
	"shiphabit/metrics/gate"
)

// Options describe the services. Each is healthy for some days, then fails at a higher rate for as many more.
type Options struct {
	Services int
	Seed     uint64
	// Least and Most are planned deployments a month; services are spread over them evenly on a logarithmic scale.
	Least, Most float64
	// A healthy rate is drawn from Beta(Alpha, Beta), again and again until it is at most Cut.
	Alpha, Beta int
	Cut         float64
	// Sick is the failure rate after the jump.
	Sick                  float64
	HealthyDays, SickDays int
}

// Standard is the organisation of docs/gate.md: 20,000 services, 5 to 200 deployments a month, 0 to 10 % failing (Beta(2, 38),
// drawn again above 10 %), then a jump to 30 %.
func Standard() Options {
	return Options{Services: 20_000, Seed: 1, Least: 5, Most: 200, Alpha: 2, Beta: 38, Cut: 0.10, Sick: 0.30, HealthyDays: 730, SickDays: 365}
}

// Outcome sums up what one rule did to all services.
type Outcome struct {
	// Promotions are the healthy deployments, Stopped those that the rule would not have let through.
	Promotions, Stopped int
	// Spells are the times at which it began to stop a healthy service, Years the years in which it might have.
	Spells int
	Years  float64
	// Noticed counts services that were stopped after the jump; Failures and Deployments are those from the jump to that stop, summed up.
	Noticed, Failures, Deployments int
}

// StoppedShare is the share of healthy promotions that were stopped.
func (o Outcome) StoppedShare() float64 { return float64(o.Stopped) / float64(max(1, o.Promotions)) }

// FailuresToStop is the mean number of failures from the jump to the stop, over the services that were stopped.
func (o Outcome) FailuresToStop() float64 { return float64(o.Failures) / float64(max(1, o.Noticed)) }

// DeploymentsToStop is the mean number of deployments from the jump to the stop.
func (o Outcome) DeploymentsToStop() float64 {
	return float64(o.Deployments) / float64(max(1, o.Noticed))
}

func (o *Outcome) add(other Outcome) {
	o.Promotions += other.Promotions
	o.Stopped += other.Stopped
	o.Spells += other.Spells
	o.Years += other.Years
	o.Noticed += other.Noticed
	o.Failures += other.Failures
	o.Deployments += other.Deployments
}

// Result holds both rules' outcomes over the same records.
type Result struct {
	Meter     Outcome
	Threshold Outcome
	MeanRate  float64 // healthy, over services
}

// start is the first day of every made-up record.
var start = time.Date(2024, 1, 1, 0, 0, 0, 0, time.UTC)

// Run judges every service by the policy's meter and by "more than limit of the deployments of the last 30 days failed". The same
// options give the same numbers, on however many processors.
func Run(o Options, p gate.Policy, limit float64) Result {
	parts := make([]Result, runtime.GOMAXPROCS(0))
	var workers sync.WaitGroup
	for w := range parts {
		workers.Go(func() {
			for i := w; i < o.Services; i += len(parts) {
				s := o.service(i)
				parts[w].MeanRate += s.rate
				parts[w].Meter.add(s.judge(o, s.metered(p)))
				parts[w].Threshold.add(s.judge(o, s.thresholded(limit)))
			}
		})
	}
	workers.Wait()
	var all Result
	for _, part := range parts {
		all.MeanRate += part.MeanRate
		all.Meter.add(part.Meter)
		all.Threshold.add(part.Threshold)
	}
	all.MeanRate /= float64(max(1, o.Services))
	return all
}

// service is one made-up record.
type service struct {
	rate   float64 // healthy
	at     []time.Time
	failed []bool
	jump   int // position of the first deployment after the jump
}

// service makes up the i-th service; nothing but the options and its number goes into it.
func (o Options) service(i int) service {
	r := rand.New(rand.NewPCG(o.Seed, uint64(i)))
	monthly := o.Least * math.Pow(o.Most/o.Least, r.Float64())
	s := service{rate: o.healthy(r)}
	day := func(n int) time.Time { return start.AddDate(0, 0, n) }
	jump, end := day(o.HealthyDays), day(o.HealthyDays+o.SickDays)
	gap := float64(30*24*time.Hour) / monthly
	for at := start; ; {
		if at = at.Add(time.Duration(r.ExpFloat64() * gap)).Truncate(time.Millisecond); !at.Before(end) {
			return s
		}
		rate := s.rate
		if at.Before(jump) {
			s.jump++
		} else {
			rate = o.Sick
		}
		s.at, s.failed = append(s.at, at), append(s.failed, r.Float64() < rate)
	}
}

// healthy draws from Beta(Alpha, Beta), which for whole numbers is the Alpha-th smallest of Alpha + Beta − 1 even draws.
func (o Options) healthy(r *rand.Rand) float64 {
	for {
		draws := make([]float64, o.Alpha+o.Beta-1)
		for i := range draws {
			draws[i] = r.Float64()
		}
		sort.Float64s(draws)
		if rate := draws[o.Alpha-1]; rate <= o.Cut {
			return rate
		}
	}
}

// metered tells for each deployment whether the meter stood blocked when it was asked for, by the product's own fold over the record.
// Deployments go on while it is blocked, as they do where the gate only observes.
func (s service) metered(p gate.Policy) []bool {
	facts := metrics.Facts{Service: "made-up", Rollouts: make([]metrics.Rollout, len(s.at))}
	for i, at := range s.at {
		r := &facts.Rollouts[i]
		r.ID, r.Service, r.Environment, r.EnvironmentKind, r.Kind = id(i), "made-up", "production", metrics.Production, metrics.Planned
		r.StartedAt, r.FinishedAt, r.KnownAt = at, at, at
		if s.failed[i] {
			r.Failures = []metrics.Failure{{Cause: metrics.CauseRun, At: at, KnownAt: at}}
		} else {
			r.SucceededAt = at
		}
	}
	last := start
	if n := len(s.at); n > 0 {
		last = s.at[n-1].Add(24 * time.Hour)
	}
	_, steps := gate.FoldMeter(facts, p, last, nil)
	stopped, blocked, next := make([]bool, len(s.at)), false, 0
	for i, at := range s.at {
		for ; next < len(steps) && steps[next].At.Before(at); next++ {
			blocked = steps[next].Blocked
		}
		stopped[i] = blocked
	}
	return stopped
}

// thresholded tells for each deployment whether more than the limit of those in the 30 days before it had failed.
func (s service) thresholded(limit float64) []bool {
	stopped := make([]bool, len(s.at))
	from, failures := 0, 0
	for i, at := range s.at {
		for since := at.AddDate(0, 0, -30); from < i && s.at[from].Before(since); from++ {
			if s.failed[from] {
				failures--
			}
		}
		stopped[i] = i > from && float64(failures) > limit*float64(i-from)
		if s.failed[i] {
			failures++
		}
	}
	return stopped
}

// judge sums up one service under one rule.
func (s service) judge(o Options, stopped []bool) Outcome {
	out := Outcome{Promotions: s.jump, Years: float64(o.HealthyDays) / 365.25}
	for i := range s.jump {
		if stopped[i] {
			out.Stopped++
			if i == 0 || !stopped[i-1] {
				out.Spells++
			}
		}
	}
	failures := 0
	for i := s.jump; i < len(stopped); i++ {
		if stopped[i] {
			out.Noticed, out.Failures, out.Deployments = 1, failures, i-s.jump
			return out
		}
		if s.failed[i] {
			failures++
		}
	}
	return out
}

// id is a short name of a rollout; it orders as the numbers do.
func id(i int) string {
	const digits = "0123456789abcdefghijklmnopqrstuvwxyz"
	name := []byte("d0000")
	for at := len(name) - 1; at > 0; at-- {
		name[at] = digits[i%len(digits)]
		i /= len(digits)
	}
	return string(name)
}
