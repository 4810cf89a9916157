package organisation

import (
	"fmt"
	"math/rand/v2"
	"strconv"
	"time"

	"shiphabit/metrics"
)

// How often things happen, as shares.
const (
	runsFail      = 0.05 // of planned deployments
	failedRetried = 0.6  // of failed runs
	rolledBack    = 0.03 // of successful planned deployments
	hotfixed      = 0.02
	redeployed    = 0.03
	blamed        = 0.025 // followed by an incident
	stillOpen     = 0.04  // of incidents
	elsewhere     = 0.1   // of incidents: in an environment that nothing was deployed to
	unhealthy     = 0.01  // of verdicts
	unsure        = 0.03
)

// numbersPerService keeps the ids of runs apart, as a pipeline's counter would.
const numbersPerService = 10_000_000

// story tells what happened to one service.
type story struct {
	*rand.Rand
	service  metrics.Service
	hours    hours
	changes  int
	attempts int // deployments that are still to be told
	slots    int
	yield    func(metrics.Event) bool
	ended    bool // nobody listens any more

	// What this service's people do beside deploying.
	requests, approvals, verdicts, statesRollbacks bool

	number  int // of the next run
	request int64
	tip     string   // the newest commit
	live    []string // revisions in the order they went live
	recent  metrics.Commit
}

func newStory(o *Organisation, at int, yield func(metrics.Event) bool) *story {
	r := rand.New(rand.NewPCG(o.options.Seed, uint64(at)+1)) //nolint:gosec // repeatable, not secret
	s := &story{
		Rand: r, service: o.services[at], changes: o.options.ChangesPerDeployment, attempts: o.attempts[at], slots: o.attempts[at],
		yield: yield, number: (at + 1) * numbersPerService,
	}
	days := 5
	if r.Float64() < 0.05 {
		days = 7
	}
	s.hours = newHours(o.options.End, o.options.Years, days, time.Duration(7+r.IntN(4))*time.Hour, time.Duration(8+r.IntN(3))*time.Hour)
	s.requests, s.verdicts, s.statesRollbacks = r.Float64() < 0.4, r.Float64() < 0.3, r.Float64() < 0.5
	s.approvals = s.service.Tier == metrics.Critical || s.service.Tier == metrics.High && r.Float64() < 0.5
	return s
}

func (s *story) happens(share float64) bool { return s.Float64() < share }

// within is a random span below the limit, in whole seconds.
func (s *story) within(limit time.Duration) time.Duration {
	return time.Duration(s.Float64() * float64(limit)).Truncate(time.Second)
}

// about is a random span that is exponentially distributed around its mean, in whole seconds and at least one.
func (s *story) about(mean time.Duration) time.Duration {
	return time.Duration(s.ExpFloat64()*float64(mean)).Truncate(time.Second) + time.Second
}

func (s *story) say(source string, r metrics.Record) {
	if !s.ended && !s.yield(metrics.NewEvent(source, r)) {
		s.ended = true
	}
}

// tell spreads the deployments over the working time; what follows from one happens before the next.
func (s *story) tell() {
	pace := s.hours.total() / time.Duration(max(1, s.slots))
	for slot := 0; s.attempts > 0 && !s.ended; slot++ {
		at := s.hours.at(time.Duration(slot)*pace + s.within(pace/4))
		s.happen(at, pace)
	}
}

// happen tells of one planned deployment, or of the live revision deployed again, and of what came of it.
func (s *story) happen(at time.Time, pace time.Duration) {
	step := min(pace/8, 40*time.Minute) // how soon one thing follows another
	if len(s.live) > 0 && s.happens(redeployed) {
		s.deploy(at, step, s.live[len(s.live)-1], nil)
		return
	}
	s.work(at, 1+int(s.ExpFloat64()*float64(s.changes-1)+0.5))
	if s.happens(runsFail) {
		s.deploy(at, step, s.tip, func(d *metrics.Deployment) { d.Status = metrics.Failed })
		if at = at.Add(step); s.attempts == 0 || !s.happens(failedRetried) {
			return
		}
	}
	d := s.deploy(at, step, s.tip, nil)
	s.live = append(s.live, s.tip)
	s.follow(d, step)
}

// follow tells what a deployment broke and how it was repaired.
func (s *story) follow(d metrics.Deployment, step time.Duration) {
	s.watch(d)
	if s.happens(blamed) {
		s.impair(d)
	}
	later := d.FinishedAt.Add(step + s.within(step))
	switch {
	case s.attempts == 0:
	case len(s.live) > 1 && s.happens(rolledBack):
		s.live = s.live[:len(s.live)-1]
		s.deploy(later, step, s.live[len(s.live)-1], func(back *metrics.Deployment) {
			if s.statesRollbacks {
				back.Rollback, back.RollbackOf = new(true), d.ID
			}
		})
	case s.happens(hotfixed):
		s.work(later, 1)
		s.deploy(later, step, s.tip, func(fix *metrics.Deployment) { fix.Hotfix, fix.Fixes = new(true), []string{d.ID} })
		s.live = append(s.live, s.tip)
	}
	if len(s.live) > 64 {
		s.live = s.live[len(s.live)-32:]
	}
}

// deploy tells of one attempt that starts then and takes at most so long.
func (s *story) deploy(at time.Time, longest time.Duration, revision string, change func(*metrics.Deployment)) metrics.Deployment {
	s.attempts--
	s.number++
	d := metrics.Deployment{
		ID: strconv.Itoa(s.number), Service: s.service.Name, Repository: s.service.Repositories[0], Environment: "production",
		Revision: revision, Ref: "main", Status: metrics.Succeeded, Trigger: "automatic",
		CreatedAt: at, StartedAt: at.Add(s.within(min(longest/8, time.Minute))),
		URL: fmt.Sprintf("https://ci.example.org/%s/runs/%d", s.service.Repositories[0], s.number),
	}
	d.FinishedAt = d.StartedAt.Add(s.within(min(longest/2, 12*time.Minute)) + time.Second)
	if change != nil {
		change(&d)
	}
	if s.approvals {
		asked := at.Add(-s.about(2 * time.Hour))
		s.say("ci", metrics.Approval{
			ID: "a" + d.ID, Deployment: d.ID, RequestedAt: asked, DecidedAt: asked.Add(s.within(at.Sub(asked))), Decision: "granted",
			Approver: s.person(), ApproverTeam: s.approvingTeam(), Required: new(true),
		})
	}
	s.say("ci", d)
	return d
}

func (s *story) approvingTeam() string {
	if s.happens(0.3) {
		return "release management"
	}
	return s.service.Team
}

// watch tells what the signals showed after a deployment.
func (s *story) watch(d metrics.Deployment) {
	if !s.verdicts {
		return
	}
	result := "healthy"
	switch x := s.Float64(); {
	case x < unhealthy:
		result = "unhealthy"
	case x < unhealthy+unsure:
		result = "inconclusive"
	}
	s.say("watch", metrics.Verdict{ID: "v" + d.ID, Deployment: d.ID, At: d.FinishedAt.Add(5 * time.Minute), Result: result})
}

// impair tells of an incident soon after a deployment. One in ten is somewhere else, and a few are not over.
func (s *story) impair(d metrics.Deployment) {
	began := d.FinishedAt.Add(s.about(20 * time.Minute))
	i := metrics.Incident{
		ID: "I" + d.ID, Service: s.service.Name, StartedAt: began, DetectedAt: began.Add(s.within(10 * time.Minute)),
		DetectedBy: "monitor", Severity: 1 + s.IntN(4), Title: s.service.Name + ": errors above the limit",
	}
	i.AcknowledgedAt = i.DetectedAt.Add(s.within(10 * time.Minute))
	if s.happens(0.2) {
		i.DetectedBy = "human"
	}
	if s.happens(elsewhere) {
		i.Environment = "staging"
	} else if s.happens(0.2) {
		i.Deployment = "ci/" + d.ID
	}
	if !s.happens(stillOpen) {
		i.ResolvedAt = i.AcknowledgedAt.Add(s.about(90 * time.Minute))
	}
	s.say("pager", i)
}
