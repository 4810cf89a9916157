package gate

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shiphabit/metrics"
)

func TestARecordThatIsRememberedIsFoldedToTheSame(t *testing.T) {
	t.Parallel()
	random := source(11)
	hits := 0
	for range 12 {
		f, p := anyFacts(random), anyPolicy(random).Seal()
		k := Known{Facts: f, Service: standard(), Memory: &Memory{}}
		for now := day(random.IntN(200)); now.Before(day(200)); now = now.Add(time.Duration(random.Int64N(int64(20 * time.Hour)))) {
			if random.IntN(10) == 0 {
				k.Granted = append(k.Granted, ProbeGrant{Decision: "gd", Environment: "production", At: within(random, now, 60)})
			}
			r := anyRequest(random, f)
			before := len(k.Memory.kept) > 0 && now.Before(k.Memory.kept[0].until)
			if before {
				hits++
			}
			want := Take(r, p.Policy(), now, Known{Facts: f, Service: k.Service, Granted: k.Granted})
			got := p.Take(r, now, k)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Fatalf("at %s of %d rollouts:\n%s", now, len(f.Rollouts), diff)
			}
			if diff := cmp.Diff(Decide(p.Policy(), want, r), p.Decide(got, r)); diff != "" {
				t.Fatal(diff)
			}
		}
	}
	if hits < 50 {
		t.Errorf("only %d were remembered; the test shows little", hits)
	}
}

// nearAnInstant is just before or after something becomes known of a rollout, which is a probe now and then.
func nearAnInstant(random *rand.Rand, f metrics.Facts, watch time.Duration) (time.Time, []ProbeGrant) {
	if len(f.Rollouts) == 0 {
		return day(3), nil
	}
	r := pick(random, f.Rollouts...)
	var granted []ProbeGrant
	if random.IntN(2) == 0 {
		granted = []ProbeGrant{{Decision: "gd", Environment: r.Environment, At: r.FinishedAt.Add(-time.Minute)}}
	}
	instants := []time.Time{
		r.FinishedAt, r.KnownAt, r.VerdictSince, r.FinishedAt.Add(watch), r.FinishedAt.Add(2 * watch), r.FinishedAt.Add(volumeDays * 24 * time.Hour),
	}
	for _, c := range r.Failures {
		instants = append(instants, c.KnownAt)
	}
	for _, p := range r.Progress {
		instants = append(instants, p.FinishedAt, p.FinishedAt.Add(watch), p.Until)
	}
	for _, w := range f.Was {
		if instants = append(instants, w.Until); w.Rollout != nil {
			instants = append(instants, w.Rollout.FinishedAt, w.Rollout.VerdictSince)
		}
	}
	for _, i := range f.Incidents {
		instants = append(instants, i.StartedAt, i.ResolvedAt)
	}
	at := pick(random, instants...)
	if at.IsZero() {
		at = r.FinishedAt
	}
	return at.Add(time.Duration(random.IntN(3)-1) * time.Millisecond), granted
}

func TestWhatIsRememberedHoldsBetweenTheInstantsAtWhichSomethingBecomesKnown(t *testing.T) {
	t.Parallel()
	random := source(12)
	for range 4000 {
		f, p := anyFacts(random), anyPolicy(random).Seal()
		now, granted := nearAnInstant(random, f, time.Duration(p.Policy().WatchSeconds)*time.Second)
		h := newHistory(f, p.Policy(), now, granted)
		from, until := h.span(p.Policy().Criteria)
		for _, at := range []time.Time{from, until.Add(-1)} {
			other := newHistory(f, p.Policy(), at, granted)
			if len(other.probes) != len(h.probes) {
				continue // what is remembered holds for the same probes only
			}
			if diff := cmp.Diff(h.fold(p.Policy().Criteria), other.fold(p.Policy().Criteria), cmp.AllowUnexported(folded{})); diff != "" {
				t.Fatalf("at %s and %s, between %s and %s:\n%s", now, at, from, until, diff)
			}
		}
	}
}

func TestAMemoryKeepsPoliciesApart(t *testing.T) {
	t.Parallel()
	k := Known{Facts: record("......xx.xx."), Service: standard(), Memory: &Memory{}}
	for range 2 {
		for _, tier := range []metrics.Tier{metrics.Critical, metrics.Standard, metrics.Low} {
			p := PolicyFor(tier).Seal()
			want, got := Take(ask(), p.Policy(), day(13), k), p.Take(ask(), day(13), k)
			if diff := cmp.Diff(want, got); diff != "" {
				t.Fatalf("%s:\n%s", tier, diff)
			}
		}
	}
}

func TestARolloutOfManyAttemptsIsRememberedInNoTime(t *testing.T) {
	t.Parallel()
	f, p := record("..x"), PolicyFor(metrics.Standard).Seal()
	r := &f.Rollouts[1]
	for n := range 1000 {
		at := r.FinishedAt.Add(time.Duration(n-1000) * time.Minute)
		r.Progress = append(r.Progress, metrics.Progress{Until: at.Add(time.Minute), FinishedAt: at, SucceededAt: at, KnownAt: at, Kind: r.Kind})
	}
	if d := p.Take(ask(), day(4), Known{Facts: f, Service: standard(), Memory: &Memory{}}); d.Meter.Trials != 3 {
		t.Errorf("%+v", d.Meter)
	}
}
