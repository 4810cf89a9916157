package store

import (
	"context"
	"errors"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	madeup "shiphabit/internal/organisation"
	"shiphabit/metrics"
)

// smallOrganisation has some quiet services and a busy one.
func smallOrganisation() *madeup.Organisation {
	return madeup.New(madeup.Options{Services: 25, Deployments: 600, Years: 1, ChangesPerDeployment: 3, Seed: 5})
}

// derivedFacts are the facts that a made-up organisation must have, by metrics alone.
func derivedFacts(t bench, db *DB) []metrics.Facts {
	t.Helper()
	return metrics.DeriveAll(exported(t, db), metrics.DefaultRules())
}

func TestARefreshStoresTheFactsOfAllServicesAndTellsHowFarItIs(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t bench) {
		db := t.open()
		load(t, db, smallOrganisation())
		var told []Progress
		if err := db.RefreshTelling(t.Context(), func(p Progress) { told = append(told, p) }); err != nil {
			t.Fatal(err)
		}
		for i, p := range told {
			if p.Of != 25 || i > 0 && p.Services <= told[i-1].Services {
				t.Errorf("told %+v", told)
			}
		}
		rollouts := 0
		for _, want := range derivedFacts(t, db) {
			rollouts += len(want.Rollouts)
			if diff := cmp.Diff(want, factsOf(t, db, want.Service)); diff != "" {
				t.Errorf("facts of %s (-derived +stored):\n%s", want.Service, diff)
			}
		}
		if last := told[len(told)-1]; last.Services != 25 || last.Rollouts != rollouts || last.Remaining != 0 {
			t.Errorf("told last: %+v, want all 25 services and %d rollouts", last, rollouts)
		}
	})
}

func TestARefreshThatWasStoppedIsFinishedByTheNextWithoutDoingItsWorkAgain(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t bench) {
		db := t.open()
		load(t, db, smallOrganisation())
		ctx, stop := context.WithCancel(t.Context())
		if err := db.RefreshTelling(ctx, func(Progress) { stop() }); !errors.Is(err, context.Canceled) {
			t.Fatalf("stopped, it says %v", err)
		}
		left, err := db.stale(t.Context())
		if err != nil || len(left) == 0 || len(left) == 25 {
			t.Fatalf("%d services are left, error %v", len(left), err)
		}
		var last Progress
		if err := db.RefreshTelling(t.Context(), func(p Progress) { last = p }); err != nil {
			t.Fatal(err)
		}
		if last.Of != len(left) {
			t.Errorf("the second refresh had %d services to do, want the %d left", last.Of, len(left))
		}
	})
}

func TestTwoProgramsMayRefreshAtOnce(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t bench) {
		first, second := t.open(), t.open()
		load(t, first, smallOrganisation())
		var both sync.WaitGroup
		for _, db := range []*DB{first, second} {
			both.Go(func() {
				if err := db.Refresh(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
		both.Wait()
		for _, want := range derivedFacts(t, first) {
			if diff := cmp.Diff(want, factsOf(t, second, want.Service)); diff != "" {
				t.Errorf("facts of %s (-derived +stored):\n%s", want.Service, diff)
			}
		}
	})
}

func TestServicesWithTooManyEventsToHoldAtOnceAreHalved(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t bench) {
		db := t.open(withServices(
			metrics.Service{Name: "a", Repositories: []string{"org/shared"}}, metrics.Service{Name: "b", Repositories: []string{"org/shared"}}))
		mustAppend(t, db, history("api", 6)...)
		mustAppend(t, db, history("web", 6)...)
		mustAppend(t, db, committed("org/shared", "s1", 1), committed("org/shared", "s2", 2), committed("org/shared", "s3", 3))
		for sentence, c := range map[string]struct {
			names []string
			limit int
			many  bool
		}{
			"two services above the limit":              {[]string{"api", "web"}, 20, true},
			"two services at the limit":                 {[]string{"api", "web"}, 24, false},
			"no limit":                                  {[]string{"api", "web"}, 0, false},
			"one service, whatever it has":              {[]string{"api"}, 3, false},
			"services of one repository share its code": {[]string{"a", "b"}, 2, false},
		} {
			_, err := db.evaluate(t.Context(), c.names, c.limit)
			if got := errors.Is(err, errTooMany); got != c.many || err != nil && !got {
				t.Errorf("%s: %v", sentence, err)
			}
		}
	})
}

func TestServicesWithNewRecordsAreCountedUntilTheyAreDerived(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t bench) {
		db := t.open()
		load(t, db, smallOrganisation())
		count := func(want int) {
			t.Helper()
			if n, err := db.Underived(t.Context()); err != nil || n != want {
				t.Errorf("%d services are to be derived, want %d: %v", n, want, err)
			}
		}
		count(25)
		if err := db.Refresh(t.Context()); err != nil {
			t.Fatal(err)
		}
		count(0)
		one := factsOf(t, db, smallOrganisation().Services()[3].Name).Rollouts[0]
		more := metrics.NewEvent("ci", metrics.Deployment{
			ID: "later", Service: smallOrganisation().Services()[3].Name, Environment: "production", Status: metrics.Succeeded, Revision: "new", FinishedAt: one.FinishedAt,
		})
		if _, err := db.Append(t.Context(), []metrics.Event{more}); err != nil {
			t.Fatal(err)
		}
		count(1)
	})
}
