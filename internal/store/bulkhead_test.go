package store

import (
	"context"
	"errors"
	"runtime"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"shiphabit/metrics"
	"shiphabit/metrics/gate"
)

// places are how many steps of other work may be under way beside decisions.
func places() int { return max(1, runtime.GOMAXPROCS(0)-1) }

// crowd takes all places of a bulkhead beside which decisions are asked for.
func crowd(t testing.TB, b *bulkhead) {
	t.Helper()
	b.decides()
	for range places() {
		if err := b.enter(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

func TestWithoutDecisionsNoOtherWorkWaits(t *testing.T) {
	t.Parallel()
	b := &bulkhead{clock: func() time.Time { return noon }}
	for range places() + 5 {
		if err := b.enter(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if !b.isBusy() || b.deciding() {
		t.Errorf("%+v", b)
	}
}

func TestBesideDecisionsOtherWorkLeavesAProcessorFreeAndKeepsItsOrder(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := &bulkhead{clock: time.Now}
		crowd(t, b)
		cameIn := make(chan string, 3)
		for _, name := range []string{"a", "b", "c"} {
			go func() {
				if b.enter(t.Context()) == nil {
					cameIn <- name
				}
			}()
			synctest.Wait()
		}
		if len(cameIn) != 0 {
			t.Fatalf("%d came in beside %d", len(cameIn), places())
		}
		b.leave()
		synctest.Wait()
		if n := len(cameIn); n != 1 || <-cameIn != "a" {
			t.Fatalf("one left, and %d came in, or not the first", n)
		}
		time.Sleep(askedFor) // nobody asks any more
		b.leave()
		synctest.Wait()
		if len(cameIn) != 2 {
			t.Errorf("without decisions %d more came in", len(cameIn))
		}
	})
}

func TestWorkThatStopsWaitingHoldsUpNoOther(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		b := &bulkhead{clock: time.Now}
		crowd(t, b)
		ctx, cancel := context.WithCancel(t.Context())
		gone, in := make(chan error, 1), make(chan error, 1)
		go func() { gone <- b.enter(ctx) }()
		synctest.Wait()
		go func() { in <- b.enter(t.Context()) }()
		synctest.Wait()
		cancel()
		if err := <-gone; !errors.Is(err, context.Canceled) {
			t.Errorf("%v", err)
		}
		b.leave()
		if err := <-in; err != nil || b.steps != places() || len(b.waiting) > 0 {
			t.Errorf("%v, %+v", err, b)
		}
	})
}

func TestADecisionDoesNotWaitUntilItsFactsAreStoredWhileOtherWorkIsUnderWay(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t bench) {
		db, ctx := t.open(), t.Context()
		mustAppend(t, db, deployed("1", "api", "", -3))
		if _, err := db.GateInputs(ctx, "api", always, nil); err != nil {
			t.Fatal(err)
		}
		mustAppend(t, db, deployed("2", "api", "", -2), deployed("3", "web", "", -2))
		crowd(t, &db.bulkhead)
		first, err := db.GateInputs(ctx, "api", always, nil)
		if err != nil || len(first.Facts.Rollouts) != 2 || len(first.Sources) != 0 || first.Service.Name != "api" {
			t.Fatalf("%+v, %v", first, err)
		}
		second, err := db.GateInputs(ctx, "api", always, nil)
		if err != nil || second.Memory != first.Memory {
			t.Errorf("another decision derived anew: %v", err)
		}
		if diff := cmp.Diff(first.Facts, second.Facts); diff != "" {
			t.Error(diff)
		}
		if n, err := db.Underived(ctx); n != 2 || err != nil {
			t.Errorf("%d services wait to be stored, %v", n, err)
		}
		for range places() {
			db.bulkhead.leave()
		}
		db.unsaved.stores.Wait()
		if n, err := db.Underived(ctx); n != 1 || err != nil {
			t.Errorf("it was not stored when others had ended: %d wait, %v", n, err)
		}
		var recalled bool
		stored, err := db.GateInputs(ctx, "api", always, func(k gate.Known) (gate.Known, bool) { recalled = k.Memory == first.Memory; return k, false })
		if err != nil || !recalled {
			t.Errorf("what is remembered of it is not that of the decision before, %v", err)
		}
		if diff := cmp.Diff(first.Known.Facts, stored.Known.Facts); diff != "" {
			t.Errorf("stored are others:\n%s", diff)
		}
	})
}

func TestADecisionLooksFurtherBackWhereNewFactsSayThatItMust(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t bench) {
		db, ctx := t.open(), t.Context()
		mustAppend(t, db, deployed("1", "api", "", -3))
		l := decided("allow", "api")
		l.Verdict = gate.Allow
		if err := db.LogDecision(ctx, l); err != nil {
			t.Fatal(err)
		}
		crowd(t, &db.bulkhead)
		asked := 0
		since := func(metrics.Service) time.Time {
			if asked++; asked <= 2 { // before it was looked for, and of what was found
				return noon.Add(time.Hour)
			}
			return time.Time{}
		}
		in, err := db.GateInputs(ctx, "api", since, nil)
		if err != nil || len(in.Facts.Rollouts) != 1 || len(in.Promotions) != 1 || asked < 3 {
			t.Errorf("%+v, %v", in, err)
		}
	})
}

func TestWhatIsNotStoredWhenADatabaseIsClosedIsDerivedAgain(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t bench) {
		db, ctx := t.open(), t.Context()
		mustAppend(t, db, deployed("1", "api", "", -3))
		crowd(t, &db.bulkhead)
		if in, err := db.GateInputs(ctx, "api", always, nil); err != nil || len(in.Facts.Rollouts) != 1 {
			t.Fatalf("%+v, %v", in, err)
		}
		if err := db.Close(); err != nil {
			t.Fatal(err)
		}
		if in, err := t.open().GateInputs(ctx, "api", always, nil); err != nil || len(in.Facts.Rollouts) != 1 {
			t.Errorf("%+v, %v", in, err)
		}
	})
}
