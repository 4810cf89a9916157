package store

import (
	"fmt"
	"testing"

	"shiphabit/metrics"
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
	var c factCache
	facts := func(n int) metrics.Facts { return metrics.Facts{Rollouts: make([]metrics.Rollout, n)} }
	key := func(name string) cacheKey { return cacheKey{service: name} }
	c.put(key("a"), 1, facts(60_000))
	c.put(key("b"), 1, facts(60_000))
	if _, kept := c.get(key("a"), 1); !kept {
		t.Fatal("there was room for both")
	}
	c.put(key("c"), 1, facts(60_000))
	if _, kept := c.get(key("b"), 1); kept {
		t.Error("the one used longest ago had to go")
	}
	if _, kept := c.get(key("a"), 2); kept {
		t.Error("facts of an older derivation were given out")
	}
	c.put(key("huge"), 1, facts(cachedRollouts+1))
	if _, kept := c.get(key("huge"), 1); kept || c.weight > cachedRollouts*wholeWeight {
		t.Errorf("facts of weight %d kept", c.weight)
	}
}
