package gate

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shiphabit/metrics"
)

// anyPromotions are decisions that let something of the record through, or something new.
func anyPromotions(random *rand.Rand, f metrics.Facts, now time.Time) []Promotion {
	var all []Promotion
	for n := range random.IntN(4) {
		p := Promotion{Decision: fmt.Sprint("gd_", n), Environment: pick(random, "production", "Staging"), Revision: fmt.Sprint("new", n)}
		p.At = now.Add(-time.Duration(random.IntN(90)) * time.Minute)
		p.ValidUntil, p.Reported = p.At.Add(validFor), random.IntN(4) == 0
		if len(f.Rollouts) > 0 && random.IntN(2) == 0 {
			old := pick(random, f.Rollouts...)
			p.Digest, p.Revision = strings.ToUpper(old.Digest), old.Revision
		}
		all = append(all, p)
	}
	return all
}

// mixed gives some rollouts environments in other spellings, for other purposes than their names say, or of a kind seen once, and some
// the artifact of an earlier one.
func mixed(random *rand.Rand, f metrics.Facts) metrics.Facts {
	for i := range f.Rollouts {
		r := &f.Rollouts[i]
		cluttered(r)
		switch random.IntN(8) {
		case 0:
			r.Environment = pick(random, "PRODUCTION", "Production")
		case 1:
			r.EnvironmentKind = pick(random, metrics.Production, metrics.Staging, metrics.Testing)
		case 2:
			r.Environment, r.EnvironmentKind = fmt.Sprint("review-", random.IntN(3)), metrics.Development
		case 4:
			r.Attempts = append(r.Attempts, metrics.Attempt{ID: r.ID + "/again"})
		case 3:
			old := f.Rollouts[random.IntN(i+1)]
			r.Digest, r.Revision = old.Digest, old.Revision
		}
	}
	return f
}

func TestASnapshotFromMemoryIsTheSameAsOneFromTheFacts(t *testing.T) {
	t.Parallel()
	random := source(21)
	hits, misses, leftOut := 0, 0, 0
	for range 150 {
		f, p := mixed(random, anyFacts(random)), anyPolicy(random).Seal()
		k := Known{Facts: f, Service: standard(), Memory: &Memory{}}
		for now := day(random.IntN(200)); now.Before(day(220)); now = now.Add(time.Duration(random.Int64N(int64(60 * time.Hour)))) {
			p.Take(ask(), now, k)
			later := now.Add(time.Duration(random.Int64N(int64(12 * time.Hour))))
			r := anyRequest(random, f)
			k.Promotions = anyPromotions(random, f, later)
			recalled, held := p.Recall(r, later, Known{Service: k.Service, Memory: k.Memory, Promotions: k.Promotions, Granted: k.Granted})
			if !held {
				misses++
				continue
			}
			hits++
			kept := 0
			recalled.recalled.brief.facts(func(brief metrics.Facts) { kept = len(brief.Rollouts) })
			leftOut += len(f.Rollouts) - kept
			if diff := cmp.Diff(Take(r, p.Policy(), later, k), p.Take(r, later, recalled)); diff != "" {
				t.Fatalf("%d of %d rollouts, at %s:\n%s", kept, len(f.Rollouts), later, diff)
			}
		}
	}
	if hits < 1000 || misses < 1000 || leftOut < 10_000 {
		t.Errorf("%d hits that left out %d rollouts, %d misses: the test shows little", hits, leftOut, misses)
	}
}

func TestOfALongHistoryAMemoryHoldsLittle(t *testing.T) {
	t.Parallel()
	f, p := record(strings.Repeat(".........x", 500)), PolicyFor(metrics.Standard).Seal()
	for i := range f.Rollouts {
		if len(f.Rollouts[i].Failures) > 0 {
			f.Rollouts[i].Recovery = &metrics.Recovery{At: f.Rollouts[i].FinishedAt.Add(time.Hour)}
		}
	}
	k := Known{Facts: f, Service: standard(), Memory: &Memory{}}
	now := day(5001)
	p.Take(ask(), now, k)
	recalled, held := p.Recall(ask(), now, Known{Service: k.Service, Memory: k.Memory})
	if !held || len(recalled.Facts.Rollouts) > 2*briefNewest {
		t.Errorf("held %t, with %d of %d rollouts", held, len(recalled.Facts.Rollouts), len(f.Rollouts))
	}
	for _, named := range [][2]string{{f.Rollouts[100].Digest, ""}, {"", f.Rollouts[100].Revision}} {
		old := ask()
		old.Artifact.Digest, old.Commit = named[0], named[1]
		if _, held := p.Recall(old, now, Known{Service: k.Service, Memory: k.Memory}); held {
			t.Errorf("what was deployed long ago, %q, was answered without the facts", named)
		}
	}
	for _, granted := range [][]ProbeGrant{{{Decision: "gd_1", At: now}}, {{Decision: "gd_2", At: now}}} {
		if _, held := p.Recall(ask(), now, Known{Service: k.Service, Memory: k.Memory, Granted: granted}); held {
			t.Errorf("it was taken to hold after %v", granted)
		}
		k.Granted = granted
		p.Take(ask(), now, k)
	}
	if _, held := p.Recall(ask(), now.Add(48*time.Hour), Known{Service: k.Service, Memory: k.Memory}); held {
		t.Error("it was taken to hold two days later")
	}
}

func TestWhatOnlyAPromotionOrARecoveryToComeMakesOfInterestIsNotForgotten(t *testing.T) {
	t.Parallel()
	p, now := PolicyFor(metrics.Standard).Seal(), day(40)
	f := record("..........")
	for i := range f.Rollouts { // all within the last half hour
		r := &f.Rollouts[i]
		r.FinishedAt = now.Add(time.Duration(3*i-30) * time.Minute)
		r.SucceededAt, r.KnownAt = r.FinishedAt, r.FinishedAt
	}
	broken := &f.Rollouts[1]
	broken.Failures = []metrics.Failure{{Cause: metrics.CauseIncident, At: broken.FinishedAt, KnownAt: broken.FinishedAt}}
	broken.Recovery = &metrics.Recovery{At: now.Add(time.Minute)}
	let := f.Rollouts[2]
	promoted := []Promotion{{
		Decision: "gd", Environment: let.Environment, Digest: let.Digest, Revision: let.Revision,
		At: let.FinishedAt.Add(-time.Minute), ValidUntil: now.Add(time.Minute),
	}}
	k := Known{Facts: f, Service: standard(), Memory: &Memory{}}
	p.Take(ask(), now, k)
	for _, k.Promotions = range [][]Promotion{nil, promoted} {
		at := now.Add(30 * time.Second)
		want, got := Take(ask(), p.Policy(), at, k), p.Take(ask(), at, k)
		if diff := cmp.Diff(want, got); diff != "" || want.InFlight != nil || len(want.OpenFailures) != 1 {
			t.Errorf("in flight %v, open %v:\n%s", want.InFlight, want.OpenFailures, diff)
		}
	}
}

func TestNothingIsRecalledOnceThereAreFacts(t *testing.T) {
	t.Parallel()
	p, memory := PolicyFor(metrics.Standard).Seal(), &Memory{}
	full := Known{Facts: record("...x......"), Service: standard(), Memory: memory}
	p.Take(ask(), day(12), full)
	recalled, held := p.Recall(ask(), day(12), Known{Service: full.Service, Memory: memory})
	if !held || !recalled.Recalled() {
		t.Fatalf("%+v, %t", recalled, held)
	}
	if k := recalled.WithFacts(full.Facts); k.Recalled() || len(k.Facts.Rollouts) != 10 {
		t.Errorf("recalled %t, %d rollouts", k.Recalled(), len(k.Facts.Rollouts))
	}
}

func FuzzNamesThatDifferInCaseOnlyHaveOneMark(f *testing.F) {
	for _, pair := range [][2]string{{"sha256:AB", "SHA256:ab"}, {"Kelvin", "\u212aelvin"}, {"s", "\u017f"}, {"\xff", "\xfe"}, {"ß", "ẞ"}, {"a", "b"}} {
		f.Add(pair[0], pair[1])
	}
	f.Fuzz(func(t *testing.T, a, b string) {
		if strings.EqualFold(a, b) && mark(a) != mark(b) {
			t.Errorf("%q and %q", a, b)
		}
	})
}
