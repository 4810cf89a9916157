package store

import (
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"shiphabit/metrics"
	"shiphabit/metrics/gate"
)

func TestFactsReadTwiceAreThoseOfTheLatestEvents(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t bench) {
		db, other := t.open(), t.open()
		for i := range 3 {
			// Another process on the same database stores and derives; this one must notice.
			mustAppend(t, other, deployed(fmt.Sprint("d", i), "api", "org/api", i))
			if _, err := other.Facts(t.Context(), "api"); err != nil {
				t.Fatal(err)
			}
			for _, read := range []func() (metrics.Facts, error){
				func() (metrics.Facts, error) { return db.Facts(t.Context(), "api") },
				func() (metrics.Facts, error) { return db.GateFacts(t.Context(), "api") },
			} {
				for range 2 {
					if f, err := read(); err != nil || len(f.Rollouts) != i+1 {
						t.Fatalf("after %d deployments: %d rollouts (%v)", i+1, len(f.Rollouts), err)
					}
				}
			}
			all, err := db.AllFacts(t.Context())
			if err != nil || len(all) != 1 || len(all[0].Rollouts) != i+1 {
				t.Fatalf("all facts after %d deployments: %v (%v)", i+1, all, err)
			}
		}
	})
}

func TestTheCacheKeepsWhatWasUsedLatelyWithinItsBound(t *testing.T) {
	t.Parallel()
	c := cache[string, int]{most: 10}
	c.put("a", 1, 1, 4)
	c.put("b", 1, 2, 4)
	if value, kept := c.get("a", 1); !kept || value != 1 {
		t.Fatal("there was room for both")
	}
	c.put("c", 1, 3, 4)
	if _, kept := c.get("b", 1); kept {
		t.Error("the one used longest ago had to go")
	}
	if _, kept := c.get("a", 2); kept {
		t.Error("what was read at an older derivation was given out")
	}
	c.put("huge", 1, 4, 11)
	if _, kept := c.get("huge", 1); kept || c.weight != 4 {
		t.Errorf("a weight of %d kept", c.weight)
	}
}

func TestADecisionReadsNoFactsThatAreRememberedWellEnough(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t bench) {
		db, ctx := t.open(), t.Context()
		p := gate.PolicyFor(metrics.Standard).Seal()
		ask := gate.Request{Service: "api", Environment: "production", Artifact: gate.Artifact{Digest: "sha256:new"}}
		recall := func(k gate.Known) (gate.Known, bool) { return p.Recall(ask, noon, k) }
		for i := range 2 {
			mustAppend(t, db, deployed(fmt.Sprint(i), "api", "", i-3))
			in, err := db.GateInputs(ctx, "api", always, recall)
			if err != nil || in.Recalled() || len(in.Facts.Rollouts) != i+1 {
				t.Fatalf("new facts must be read: %+v, %v", in, err)
			}
			want := p.Take(ask, noon, in.Known)
			db.cache.put(factsKey{"other", true}, 1, metrics.Facts{}, cachedWeight) // whatever there was has to go
			in, err = db.GateInputs(ctx, "api", always, recall)
			if err != nil || !in.Recalled() {
				t.Fatalf("they were read again: %+v, %v", in, err)
			}
			if diff := cmp.Diff(want, p.Take(ask, noon, in.Known)); diff != "" {
				t.Fatal(diff)
			}
			if in, err = db.GateInputs(ctx, "api", always, nil); err != nil || in.Recalled() || len(in.Facts.Rollouts) != i+1 {
				t.Fatalf("facts that are wanted must be read: %+v, %v", in, err)
			}
		}
	})
}

func TestFactsThatOthersDerivedUnderOtherRulesAreNotRemembered(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t bench) {
		ctx := t.Context()
		theirs, ours := t.open(func(o *Options) {
			o.Rules.Environments = []metrics.EnvironmentRule{{Pattern: "*", Kind: metrics.Staging}}
		}), t.open()
		mustAppend(t, ours, deployed("1", "api", "", -3))
		if _, err := theirs.Facts(ctx, "api"); err != nil {
			t.Fatal(err)
		}
		ours.fresher.note("api", noon)
		for range cap(ours.fresher.turns) { // others derive: the decision goes by the facts there are
			ours.fresher.turns <- struct{}{}
		}
		busy, err := ours.GateInputs(ctx, "api", always, nil)
		if err != nil || len(busy.Facts.Rollouts) != 1 || busy.Facts.Rollouts[0].EnvironmentKind == metrics.Production {
			t.Fatalf("%+v, %v; the test shows nothing", busy.Facts, err)
		}
		for range cap(ours.fresher.turns) {
			<-ours.fresher.turns
		}
		p := gate.PolicyFor(metrics.Standard).Seal()
		p.Take(gate.Request{Service: "api", Environment: "production"}, noon, busy.Known)
		in, err := ours.GateInputs(ctx, "api", always, func(k gate.Known) (gate.Known, bool) {
			return p.Recall(gate.Request{Service: "api", Environment: "production"}, noon, k)
		})
		if err != nil || len(in.Facts.Rollouts) != 1 || in.Facts.Rollouts[0].EnvironmentKind != metrics.Production {
			t.Errorf("under our rules they are %+v, %v", in.Facts, err)
		}
		if f, err := ours.Facts(ctx, "api"); err != nil || f.Rollouts[0].EnvironmentKind != metrics.Production {
			t.Errorf("%+v, %v", f, err)
		}
	})
}
