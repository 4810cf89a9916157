package store

import (
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shiphabit/metrics"
	"shiphabit/metrics/gate"
)

func foundRollback(service, deployment string) Rollback {
	return Rollback{
		RollbackNote: gate.RollbackNote{Deployment: deployment, State: gate.RollbackWaiting, FoundAt: noon}, Service: service, ID: "rb_" + deployment, Body: "{}",
		NextAt: noon, UntilAt: noon.Add(15 * time.Minute),
	}
}

func TestARollbackIsKeptOnceAndEachTryIsOneServersHoweverManyTry(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t bench) {
		replicas, ctx := []*DB{t.open(), t.open(), t.open()}, t.Context()
		one := foundRollback("shop", "ci/1")
		var fresh, mine atomic.Int64
		each := func(do func(db *DB)) {
			var all sync.WaitGroup
			for _, db := range replicas {
				for range 4 {
					all.Go(func() { do(db) })
				}
			}
			all.Wait()
		}
		each(func(db *DB) {
			kept, err := db.AddRollback(ctx, one)
			if must(t, err); kept {
				fresh.Add(1)
			}
		})
		due, err := replicas[1].DueRollbacks(ctx, 5)
		if err != nil || len(due) != 1 || fresh.Load() != 1 {
			t.Fatalf("%d were fresh; %+v, %v", fresh.Load(), due, err)
		}
		if diff := cmp.Diff(one, due[0]); diff != "" {
			t.Fatal(diff)
		}
		each(func(db *DB) {
			got, err := db.ClaimRollback(ctx, due[0], noon.Add(time.Minute))
			if must(t, err); got {
				mine.Add(1)
			}
		})
		if mine.Load() != 1 {
			t.Fatalf("%d took it on", mine.Load())
		}
		if due, err = replicas[2].DueRollbacks(ctx, 5); err != nil || len(due) != 0 {
			t.Errorf("while it is tried it is due: %+v, %v", due, err)
		}
		one.Tries, one.Says, one.NextAt = 1, "it answered 503", noon
		must(t, replicas[0].SaveRollback(ctx, one))
		late := one
		one.Tries, one.State, one.Says = 2, gate.RollbackAnswered, "it answered 200"
		if err := replicas[0].SaveRollback(ctx, one); !errors.Is(err, ErrMoved) {
			t.Errorf("a try that nobody took on is kept: %v", err)
		}
		taken := late
		if got, err := replicas[1].ClaimRollback(ctx, taken, noon.Add(time.Minute)); err != nil || !got {
			t.Fatalf("%v, %v", got, err)
		}
		if err := replicas[0].SaveRollback(ctx, late); !errors.Is(err, ErrMoved) {
			t.Errorf("a try that was taken over is kept: %v", err)
		}
		must(t, replicas[1].SaveRollback(ctx, one))
		note, err := replicas[2].RollbackOf(ctx, "shop", "ci/1")
		want := gate.RollbackNote{Deployment: "ci/1", State: gate.RollbackAnswered, Says: "it answered 200", Tries: 2, FoundAt: noon}
		if must(t, err); note == nil || *note != want {
			t.Errorf("%+v", note)
		}
		if other, err := replicas[2].RollbackOf(ctx, "desk", "ci/1"); err != nil || other != nil {
			t.Errorf("%+v, %v", other, err)
		}
		must(t, replicas[0].ForgetRollbacks(ctx, noon))
		if notes, err := replicas[0].RollbackNotes(ctx, "shop", 5); err != nil || len(notes) != 1 || notes[0] != want {
			t.Errorf("%+v, %v", notes, err)
		}
		must(t, replicas[0].ForgetRollbacks(ctx, noon.Add(time.Millisecond)))
		if notes, err := replicas[0].RollbackNotes(ctx, "shop", 5); err != nil || len(notes) != 0 {
			t.Errorf("what is old is kept: %+v, %v", notes, err)
		}
	})
}

func TestAHookIsKnownSinceItWasFirstSeenWhereItLeads(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t bench) {
		now, ctx := noon, t.Context()
		db := t.open(func(o *Options) { o.Clock = func() time.Time { return now } })
		see := func(after time.Duration, targets map[string]string, want map[string]time.Time) {
			t.Helper()
			now = noon.Add(after)
			got, err := db.SeeRollbackHooks(ctx, targets)
			if diff := cmp.Diff(want, got); err != nil || diff != "" {
				t.Errorf("%v %s", err, diff)
			}
		}
		see(0, map[string]string{"shop": "a", "desk": "b"}, map[string]time.Time{"shop": noon, "desk": noon})
		see(time.Hour, map[string]string{"shop": "a", "desk": "c"}, map[string]time.Time{"shop": noon, "desk": noon.Add(time.Hour)})
		for _, deployment := range []string{"ci/1", "ci/2"} {
			_, err := db.AddRollback(ctx, foundRollback("shop", deployment))
			must(t, err)
		}
		due, err := db.DueRollbacks(ctx, 1)
		must(t, err)
		_, err = db.ClaimRollback(ctx, due[0], now)
		must(t, err)
		due[0].Tries, due[0].State = 1, gate.RollbackAnswered
		must(t, db.SaveRollback(ctx, due[0]))
		see(2*time.Hour, map[string]string{"desk": "c"}, map[string]time.Time{"desk": noon.Add(time.Hour)})
		notes, err := db.RollbackNotes(ctx, "shop", 5)
		if err != nil || len(notes) != 2 || notes[0].State != gate.RollbackAnswered || notes[1].State != gate.RollbackGaveUp || notes[1].Says != "the hook is no longer configured" {
			t.Errorf("%+v, %v", notes, err)
		}
		see(3*time.Hour, map[string]string{"shop": "a", "desk": "c"}, map[string]time.Time{"shop": noon.Add(3 * time.Hour), "desk": noon.Add(time.Hour)})
	})
}

func TestADiagnosisIsToldOfTheHookThatDidNotTakeWhatItWasToldLast(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t bench) {
		db, ctx := t.open(withServices(metrics.Service{Name: "shop"}, metrics.Service{Name: "desk"}, metrics.Service{Name: "docs"})), t.Context()
		add := func(service, deployment string, found time.Time, state gate.RollbackState) {
			r := foundRollback(service, deployment)
			r.FoundAt, r.State, r.Says = found, state, "it answered 503"
			_, err := db.AddRollback(ctx, r)
			must(t, err)
		}
		add("shop", "ci/1", noon.Add(-2*time.Hour), gate.RollbackAnswered)
		add("shop", "ci/2", noon.Add(-time.Hour), gate.RollbackGaveUp)
		add("shop", "ci/3", noon, gate.RollbackNotAsked)
		add("desk", "ci/4", noon.Add(-2*time.Hour), gate.RollbackRefused)
		add("desk", "ci/5", noon.Add(-time.Hour), gate.RollbackAnswered)
		add("docs", "ci/6", noon.Add(-8*24*time.Hour), gate.RollbackGaveUp)
		records, err := db.Records(ctx, "")
		must(t, err)
		got := map[string]string{}
		for _, s := range records.Services {
			if s.Rollback != nil {
				got[s.Name] = s.Rollback.Deployment + ": " + s.Rollback.Says
			}
		}
		if diff := cmp.Diff(map[string]string{"shop": "ci/2: it answered 503"}, got); diff != "" {
			t.Error(diff)
		}
	})
}
