package gate

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"time"

	"shiphabit/metrics"
)

func source(seed uint64) *rand.Rand { return rand.New(rand.NewPCG(seed, seed)) }

func pick[T any](random *rand.Rand, choices ...T) T { return choices[random.IntN(len(choices))] }

// within is an instant up to so many minutes after another.
func within(random *rand.Rand, at time.Time, minutes int) time.Time {
	return at.Add(time.Duration(random.IntN(minutes)) * time.Minute)
}

// anyFacts is a record with everything a record may hold: kinds, environments, causes that come late, corrections,
// verdicts, incidents open and resolved.
func anyFacts(random *rand.Rand) metrics.Facts {
	f := metrics.Facts{Service: "pay"}
	at := day(0)
	for n := range random.IntN(80) {
		at = within(random, at, 4*24*60)
		f.Rollouts = append(f.Rollouts, anyRollout(random, n, at))
	}
	for n := range random.IntN(4) {
		i := metrics.IncidentLink{ID: fmt.Sprintf("pager/i%d", n), EnvironmentKind: pick(random, metrics.Production, metrics.Staging, "")}
		i.Severity, i.Title, i.StartedAt = random.IntN(5), pick(random, "", "database down", "two\nlines"), within(random, day(0), 150*24*60)
		if random.IntN(2) == 0 {
			i.ResolvedAt = within(random, i.StartedAt, 3*24*60)
		}
		f.Incidents = append(f.Incidents, i)
	}
	slices.SortFunc(f.Rollouts, func(a, b metrics.Rollout) int {
		return slices.Compare([]int64{a.FinishedAt.UnixMilli()}, []int64{b.FinishedAt.UnixMilli()})*2 + strings.Compare(a.ID, b.ID)
	})
	corrected := day(random.IntN(100))
	for range random.IntN(6) {
		if len(f.Rollouts) > 0 {
			correctAny(random, &f, corrected)
		}
		corrected = within(random, corrected, 10*24*60).Add(time.Duration(random.IntN(2)) * time.Minute)
	}
	return f
}

// correctAny has a correction leave out a rollout, bring one, or change one; corrections come in order.
func correctAny(random *rand.Rand, f *metrics.Facts, at time.Time) {
	f.Rollouts = slices.Clone(f.Rollouts)
	i := random.IntN(len(f.Rollouts))
	was := f.Rollouts[i]
	if slices.ContainsFunc(f.Was, func(w metrics.Was) bool { return w.Until.Equal(at) && w.Now == was.ID }) {
		return // that one was brought by this very correction
	}
	w := metrics.Was{Rollout: &was, Until: at, Now: was.ID}
	switch random.IntN(4) {
	case 0:
		f.Rollouts, w.Now = slices.Delete(f.Rollouts, i, i+1), ""
	case 1:
		other := anyRollout(random, 100+len(f.Was), was.FinishedAt)
		f.Rollouts, w.Rollout, w.Now = append(f.Rollouts, other), nil, other.ID
	default:
		f.Rollouts[i] = anyRollout(random, i, within(random, was.FinishedAt, 100))
		f.Rollouts[i].ID = was.ID
	}
	slices.SortFunc(f.Rollouts, func(a, b metrics.Rollout) int { return inOrder(&a, &b) })
	f.Was = append(f.Was, w)
}

func anyRollout(random *rand.Rand, n int, at time.Time) metrics.Rollout {
	r := rollout(n)
	r.FinishedAt, r.SucceededAt, r.KnownAt = at, at, within(random, at, 30)
	r.Kind = pick(random, metrics.Planned, metrics.Planned, metrics.Planned, metrics.Planned, metrics.Rollback, metrics.Rework, metrics.Redeploy, metrics.Reapply)
	if random.IntN(6) == 0 {
		r.Environment, r.EnvironmentKind = "staging", metrics.Staging
	}
	if random.IntN(8) == 0 {
		r.Digest = ""
	}
	cause := func() metrics.Failure {
		known := within(random, at, 10*24*60)
		return metrics.Failure{Cause: pick(random, metrics.CauseRollback, metrics.CauseIncident, metrics.CauseRevert), At: at, KnownAt: known, Evidence: "x"}
	}
	switch random.IntN(6) {
	case 0:
		r.Failures = []metrics.Failure{cause(), cause()}
	case 1:
		r.SucceededAt = time.Time{}
		r.Failures = []metrics.Failure{{Cause: metrics.CauseRun, At: at, KnownAt: at}}
	}
	if len(r.Failures) > 0 && random.IntN(3) > 0 {
		r.Recovery = &metrics.Recovery{At: within(random, at, 24*60), By: pick(random, "fix", "rollback"), Evidence: fmt.Sprintf("ci/d%d", n+1)}
	}
	if random.IntN(10) == 0 {
		r.Verdict, r.VerdictSince = pick(random, "healthy", "inconclusive"), within(random, at, 60)
	}
	if random.IntN(6) == 0 {
		first := within(random, at.Add(-time.Hour), 50)
		p := metrics.Progress{Until: r.KnownAt, Kind: r.Kind, FinishedAt: first, SucceededAt: first, KnownAt: first}
		if random.IntN(2) == 0 {
			p.SucceededAt, p.Failure = time.Time{}, &metrics.Failure{Cause: metrics.CauseRun, At: first, KnownAt: first, Evidence: "y"}
		}
		r.Progress = append(r.Progress, p)
	}
	return r
}

// anyRequest asks for something of the record, or for something new, with or without evidence.
func anyRequest(random *rand.Rand, f metrics.Facts) Request {
	r := ask()
	r.Environment = pick(random, "production", "production", "staging", "prod-eu", "somewhere")
	r.Change.Kind = pick(random, KindNormal, KindNormal, KindRollback, KindFix, KindConfig, "", "party")
	if len(f.Rollouts) > 0 && random.IntN(2) == 0 {
		old := pick(random, f.Rollouts...)
		r.Artifact.Digest, r.Commit = old.Digest, old.Revision
		r.Change.Fixes = []string{old.ID}
	}
	if len(f.Incidents) > 0 && random.IntN(2) == 0 {
		r.Change.Fixes = append(r.Change.Fixes, pick(random, f.Incidents...).ID)
	}
	number := func(n int64) *int64 { return &n }
	passed := random.IntN(2) == 0
	r.Evidence = pick(random, Evidence{}, Evidence{
		TestsPassed: &passed, PreviousStage: pick(random, "", "staging"), CoverageChangedLinesPPM: number(random.Int64N(1_000_001)),
		ChangedLines: number(random.Int64N(60)), Commits: number(random.Int64N(60)), Canary: random.IntN(2) == 0,
	})
	return r
}

// anyPolicy is one of the built-in policies, some with every criterion set to one mode.
func anyPolicy(random *rand.Rand) Policy {
	p := PolicyFor(pick(random, metrics.Critical, metrics.High, metrics.Standard, metrics.Low))
	if p.Tier != metrics.Low && random.IntN(3) == 0 {
		mode := pick(random, Off, Observe, WarnOnly, Enforce)
		c := &p.Criteria
		for _, rule := range []*Rule{
			&c.FailureMeter.Rule, &c.RestoreFirst.Rule, &c.OpenIncidents.Rule, &c.PreviousChange.Rule, &c.RollbackReady.Rule,
			&c.TestEvidence.Rule, &c.DataFresh.Rule,
		} {
			rule.Mode = mode
		}
	}
	return p
}

// anySources are sources that are fresh, late, silent or from a clock that runs ahead.
func anySources(random *rand.Rand, now time.Time) []Watermark {
	var sources []Watermark
	for n := range random.IntN(3) {
		at := pick(random, now, now.Add(-20*time.Minute), now.Add(-30*24*time.Hour), time.Time{}, now.Add(time.Hour))
		sources = append(sources, Watermark{Name: fmt.Sprintf("source%d", n), Watermark: at})
	}
	return sources
}
