package demo

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"strconv"
	"time"

	"shiphabit/metrics"
)

// teller tells what happened to one service.
type teller struct {
	*rand.Rand
	o       *Organisation
	team    *Team
	crew    int // number of the team's first person
	service Service

	number   int       // of the next run
	request  int64     // of the last pull request
	planned  int       // releases so far
	tip      string    // the newest commit
	live     []string  // revisions in the order they went live
	busy     time.Time // until then the team mends a failure
	recent   metrics.Commit
	rhythmAt rhythm
}

// withOpenFailure is the service whose last deployment failed and is not mended yet.
const withOpenFailure = "reviews"

// peoplePerTeam keeps the pseudonyms of teams apart.
const peoplePerTeam = 10

func newTeller(o *Organisation, team int, s Service, r *rand.Rand) *teller {
	return &teller{Rand: r, o: o, team: &o.Teams[team], crew: 1 + team*peoplePerTeam, service: s}
}

func (t *teller) happens(share float64) bool { return t.Float64() < share }

// about is a span that is log-normally distributed around its median, in whole seconds and at least one.
func (t *teller) about(median time.Duration, sigma float64) time.Duration {
	return max(time.Second, time.Duration(float64(median)*math.Exp(sigma*t.NormFloat64())).Truncate(time.Second))
}

// between is a span of whole seconds from one to below the other.
func (t *teller) between(from, to time.Duration) time.Duration {
	return from + time.Duration(t.Float64()*float64(to-from)).Truncate(time.Second)
}

// poisson draws a number of independent things of which mean happen on average.
func (t *teller) poisson(mean float64) int {
	n, p := 0, t.Float64()
	for limit := math.Exp(-mean); p > limit; p *= t.Float64() {
		n++
	}
	return n
}

// person is somebody of the team, known by a number alone.
func (t *teller) person() string { return fmt.Sprintf("dev-%d", t.crew+t.IntN(t.team.Size)) }

// tell walks through the days of the team.
func (t *teller) tell() {
	zone := t.team.zone()
	from, last := t.begins().In(zone), t.o.End.Add(-2*hour)
	if t.service.Name == withOpenFailure {
		last = t.o.End.AddDate(0, 0, -6)
	}
	for midnight := time.Date(from.Year(), from.Month(), from.Day()+1, 0, 0, 0, 0, zone); midnight.Before(t.o.End); midnight = midnight.AddDate(0, 0, 1) {
		if !works(midnight) {
			continue
		}
		t.rhythmAt = t.team.rhythm(t.o.progress(midnight))
		for _, at := range t.times(midnight) {
			if at.After(t.busy) && at.Before(last) {
				t.release(at)
			}
		}
	}
	if t.service.Name == withOpenFailure {
		t.leaveOpen()
	}
}

// times are when releases of the day finish, about.
func (t *teller) times(midnight time.Time) []time.Time {
	at := func(clock time.Duration) time.Time {
		whole := clock.Truncate(time.Second)
		return time.Date(midnight.Year(), midnight.Month(), midnight.Day(), 0, 0, int(whole.Seconds()), 0, midnight.Location())
	}
	r := t.rhythmAt
	if len(r.trains) > 0 && t.service.pace == 0 {
		if !slices.Contains(r.trains, midnight.Weekday()) || t.happens(1-quiet(midnight)) {
			return nil
		}
		return []time.Time{at(17*hour + t.between(0, 30*time.Minute))}
	}
	if !t.asks(midnight) && t.o.frozen(midnight.Add(12*hour)) {
		return nil // nobody tries
	}
	perDay := r.perDay
	if t.service.pace > 0 {
		perDay = t.service.pace
	}
	open, shut := time.Duration(t.team.FromHour)*hour+20*time.Minute, time.Duration(t.team.ToHour)*hour-30*time.Minute
	n := t.count(perDay * quiet(midnight))
	if t.leaks(midnight, leaksFrom, mendedBy) {
		n = 2 + t.IntN(2) // everybody tries to mend it
	}
	times := make([]time.Time, n)
	for i := range times { // each has its own part of the day, so that they do not meet
		part := (shut - open) / time.Duration(n)
		begin := open + time.Duration(i)*part
		times[i] = at(t.between(begin, begin+part*3/5))
	}
	return times
}

// count is how many releases a day has: one in any case where there is one a day or more, else as chance has it.
func (t *teller) count(perDay float64) int {
	if perDay < 1 {
		return min(3, t.poisson(perDay))
	}
	return 1 + min(2, t.poisson(perDay-1))
}

// release tells of one planned deployment and of what came of it.
func (t *teller) release(at time.Time) {
	t.planned++
	commits := 1 + t.poisson(t.rhythmAt.batch-1)
	if t.asks(at) {
		t.promote(at, commits)
		return
	}
	t.work(at, commits)
	if t.rhythmAt.staged && !t.service.gated {
		t.deploy("staging", at.Add(-t.between(40*time.Minute, 3*hour)), nil)
	}
	switch {
	case t.happens(0.015):
		t.deploy("production", at.Add(-20*time.Minute), func(d *metrics.Deployment) { d.Status = metrics.Cancelled })
	case t.happens(0.02):
		t.deploy("production", at.Add(-25*time.Minute), func(d *metrics.Deployment) { d.Status = metrics.Failed })
	}
	d := t.deploy("production", at, nil)
	t.live = append(t.live, t.tip)
	if t.fails() && d.FinishedAt.Add(2*day).Before(t.o.End) {
		t.spoil(d)
		return
	}
	t.watch(d, "healthy")
}

// fails spreads the failures of the service that the gate shall judge evenly, so that chance never stops it.
func (t *teller) fails() bool {
	if t.service.gated {
		return t.planned%24 == 11
	}
	return t.happens(t.rhythmAt.fails)
}

// deploy tells of one attempt that finishes soon after an instant.
func (t *teller) deploy(environment string, at time.Time, change func(*metrics.Deployment)) metrics.Deployment {
	t.number++
	d := metrics.Deployment{
		ID: fmt.Sprintf("%s-%d", t.service.Name, t.number), Service: t.service.Name, Repository: t.repository(), Environment: environment,
		Revision: t.tip, Version: t.version(), Ref: "main", Status: metrics.Succeeded, Trigger: "automatic", Actor: "deploy[bot]",
		CreatedAt: at.Add(-t.between(time.Minute, 3*time.Minute)), StartedAt: at, FinishedAt: at.Add(t.between(3*time.Minute, 11*time.Minute)),
		Labels: map[string]string{"team": t.team.Name},
	}
	if len(t.rhythmAt.trains) > 0 {
		d.Trigger, d.Actor = "manual", t.person()
	}
	if change != nil {
		change(&d)
	}
	if environment == "production" && d.Status == metrics.Succeeded && (d.Rollback == nil) {
		t.approve(d)
	}
	t.o.say(Forge, d)
	return d
}

func (t *teller) repository() string { return t.service.Repositories[0] }

// version is that of the newest release.
func (t *teller) version() string { return "1." + strconv.Itoa(t.planned) + ".0" }

// approve tells of the approval that a deployment waited for: by the board outside the team, or by the team's own lead for some.
func (t *teller) approve(d metrics.Deployment) {
	inside := t.service.Tier == metrics.Critical
	outside := t.happens(t.rhythmAt.outside)
	if !inside && !outside {
		return
	}
	a := metrics.Approval{ID: "approval-" + d.ID, Deployment: d.ID, Decision: "granted", Required: new(true), Approver: t.person(), ApproverTeam: t.team.Name}
	wait := t.about(20*time.Minute, 0.8)
	if outside {
		a.Approver, a.ApproverTeam = fmt.Sprintf("dev-%d", 90+t.IntN(5)), "release-board"
		wait = t.about(9*hour, 0.7)
	}
	a.DecidedAt = d.CreatedAt.Add(-t.between(time.Minute, 5*time.Minute))
	a.RequestedAt = a.DecidedAt.Add(-wait)
	t.o.say(Forge, a)
}

// watch tells what the signals showed after a deployment.
func (t *teller) watch(d metrics.Deployment, result string) {
	if t.service.unwatched || !t.happens(t.rhythmAt.watched) {
		return
	}
	if result == "healthy" && t.happens(0.02) {
		result = "inconclusive"
	}
	t.o.say(Signals, metrics.Verdict{ID: "verdict-" + d.ID, Deployment: Forge + "/" + d.ID, At: d.FinishedAt.Add(t.between(6*time.Minute, 12*time.Minute)), Result: result})
}
