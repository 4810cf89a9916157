package organisation_test

import (
	"math/rand/v2"
	"time"

	"shiphabit/metrics"
)

// trouble makes of what a service tells something nearer to what sources deliver: attempts that were called off or are not over,
// several regions, a second environment, records told in two parts, commits that nobody told of, clocks that go wrong.
type trouble struct {
	*rand.Rand
	plain []metrics.Event // each record once, whole
	told  []metrics.Event // what sources say
}

// troubled returns each record of a service as it is, and what is said of it.
func troubled(events []metrics.Event, seed uint64) (plain, told []metrics.Event) {
	w := &trouble{Rand: rand.New(rand.NewPCG(seed, 77))}
	for _, e := range events {
		switch e.Type {
		case metrics.TypeDeployment:
			d, _ := e.Deployment()
			w.deployments(d)
		case metrics.TypeCommit:
			c, _ := e.Commit()
			w.commit(c)
		case metrics.TypePullRequest:
			p, _ := e.PullRequest()
			if w.happens(0.3) {
				p.Reviews = append(p.Reviews, metrics.Review{At: p.CreatedAt, Author: "checks", Bot: true, State: "approved"})
			}
			w.say(e.Source, p)
		default:
			w.plain, w.told = append(w.plain, e), append(w.told, e)
		}
	}
	w.Shuffle(len(w.told), func(i, j int) { w.told[i], w.told[j] = w.told[j], w.told[i] })
	return w.plain, w.told
}

func (w *trouble) happens(share float64) bool { return w.Float64() < share }

func (w *trouble) say(source string, r metrics.Record) {
	e := metrics.NewEvent(source, r)
	w.plain, w.told = append(w.plain, e), append(w.told, e)
}

// deployments tells of an attempt, of what came before it in another environment and of what went on in another region or was done
// again. Some do not say what they repair.
func (w *trouble) deployments(d metrics.Deployment) {
	if w.happens(0.4) {
		w.deployment(elsewhere(d, "s", "staging", -2*time.Hour, w.happens(0.1)))
	}
	if w.happens(0.2) {
		w.deployment(elsewhere(d, "r", d.Environment, 15*time.Minute, w.happens(0.2)))
	}
	if w.happens(0.3) {
		w.deployment(elsewhere(d, "a", d.Environment, 75*time.Minute, w.happens(0.1)))
	}
	if w.happens(0.5) {
		d.Fixes, d.RollbackOf = nil, ""
	}
	if w.happens(0.2) || d.Status == metrics.Failed || d.Rollback != nil {
		w.impair(d)
	}
	switch x := w.Float64(); {
	case x < 0.03:
		d.Status = metrics.Cancelled
	case x < 0.05:
		d.Status, d.FinishedAt = metrics.Running, time.Time{}
	case x < 0.07:
		d.Status, d.StartedAt, d.FinishedAt = metrics.Pending, time.Time{}, time.Time{}
	}
	w.deployment(d)
}

// impair tells of something that went wrong at some time after an attempt, whatever became of that, and that names nothing or
// only the revision.
func (w *trouble) impair(d metrics.Deployment) {
	began := d.FinishedAt.Add(time.Duration(w.ExpFloat64() * float64(8*time.Hour))).Truncate(time.Millisecond)
	i := metrics.Incident{ID: "x" + d.ID, Service: d.Service, StartedAt: began, DetectedAt: began.Add(time.Duration(w.IntN(900)) * time.Second)}
	if w.happens(0.8) {
		i.ResolvedAt = i.DetectedAt.Add(time.Duration(w.IntN(40_000)) * time.Second)
	}
	if w.happens(0.2) {
		i.Environment = "staging"
	}
	if w.happens(0.2) {
		i.Revision = d.Revision
	}
	w.say("pager", i)
}

// elsewhere is an attempt at the same revision that states nothing else.
func elsewhere(d metrics.Deployment, prefix, environment string, later time.Duration, fails bool) metrics.Deployment {
	d.ID, d.Environment = prefix+d.ID, environment
	d.Rollback, d.RollbackOf, d.Hotfix, d.Fixes = nil, "", nil, nil
	d.CreatedAt, d.StartedAt, d.FinishedAt = d.CreatedAt.Add(later), d.StartedAt.Add(later), d.FinishedAt.Add(later)
	d.Status = metrics.Succeeded
	if fails {
		d.Status = metrics.Failed
	}
	return d
}

// deployment tells of an attempt, of some in two parts.
func (w *trouble) deployment(d metrics.Deployment) {
	whole := metrics.NewEvent("ci", d)
	w.plain = append(w.plain, whole)
	if whole.Sequence = 2; w.happens(0.2) {
		d.Status, d.FinishedAt, d.Revision = metrics.Running, time.Time{}, "not known yet"
		first := metrics.NewEvent("ci", d)
		first.Sequence = 1
		w.told = append(w.told, first)
	}
	w.told = append(w.told, whole)
}

// commit tells of most commits, some with an author's clock that is ahead.
func (w *trouble) commit(c metrics.Commit) {
	c.AuthoredAt = c.AuthoredAt.Add(-time.Duration(w.IntN(1000)) * time.Millisecond)
	switch x := w.Float64(); {
	case x < 0.01:
		return
	case x < 0.02:
		c.AuthoredAt = c.AuthoredAt.Add(5000 * time.Hour)
	}
	w.say("git", c)
}
