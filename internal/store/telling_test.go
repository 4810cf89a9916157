package store

import (
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shiphabit/metrics/gate"
)

// tryAll lets every replica try four times at once, and tells how many began and how many were late.
func tryAll(t bench, replicas []*DB, telling Telling) (begun, late int64) {
	t.Helper()
	var b, l atomic.Int64
	var all sync.WaitGroup
	for _, db := range replicas {
		for range 4 {
			all.Go(func() {
				switch err := db.BeginTelling(t.Context(), telling); {
				case err == nil:
					b.Add(1)
				case errors.Is(err, ErrMoved):
					l.Add(1)
				default:
					t.Error(err)
				}
			})
		}
	}
	all.Wait()
	return b.Load(), l.Load()
}

func TestATellingIsBegunOnceForEachTryHoweverManyReplicasTry(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t bench) {
		replicas, ctx := []*DB{t.open(), t.open(), t.open()}, t.Context()
		one := Telling{Notice: "stop gd_1", Audience: "pay", Channel: "mail"}
		read := func() Telling {
			t.Helper()
			list, err := replicas[0].Tellings(ctx, "stop gd_1", "pay")
			if err != nil || len(list) != 1 {
				t.Fatalf("%+v, %v", list, err)
			}
			return list[0]
		}
		if begun, late := tryAll(t, replicas, one); begun != 1 || late != 11 {
			t.Fatalf("%d began, %d were late", begun, late)
		}
		if begun, _ := tryAll(t, replicas, read()); begun != 0 {
			t.Errorf("while it is under way %d began it again", begun)
		}
		must(t, replicas[1].PutOffTelling(ctx, one, noon.Add(time.Minute)))
		put := read()
		if diff := cmp.Diff(Telling{Notice: "stop gd_1", Audience: "pay", Channel: "mail", BegunAt: noon, AgainAt: noon.Add(time.Minute), Tries: 1}, put); diff != "" {
			t.Error(diff)
		}
		if begun, late := tryAll(t, replicas, put); begun != 1 || late != 11 {
			t.Errorf("the second time %d began, %d were late", begun, late)
		}
		must(t, replicas[2].EndTelling(ctx, one))
		if diff := cmp.Diff(Telling{Notice: "stop gd_1", Audience: "pay", Channel: "mail", BegunAt: noon, SentAt: noon, Tries: 2}, read()); diff != "" {
			t.Error(diff)
		}
		for _, other := range []Telling{{Notice: "stop gd_2", Audience: "pay", Channel: "mail"}, {Notice: "stop gd_1", Audience: "web", Channel: "mail"}, {Notice: "stop gd_1", Audience: "pay", Channel: "room"}} {
			must(t, replicas[0].BeginTelling(ctx, other))
		}
		must(t, replicas[0].ForgetTellings(ctx, noon))
		if list, err := replicas[1].Tellings(ctx, "stop gd_1", "pay"); err != nil || len(list) != 2 {
			t.Errorf("what was begun just now is forgotten: %+v, %v", list, err)
		}
		must(t, replicas[0].ForgetTellings(ctx, noon.Add(time.Millisecond)))
		if list, err := replicas[1].Tellings(ctx, "stop gd_1", "pay"); err != nil || len(list) != 0 {
			t.Errorf("what is old is kept: %+v, %v", list, err)
		}
	})
}

func TestDecisionsAreListedWithTheCriteriaThatBrokeTheirPromise(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t bench) {
		db, ctx := t.open(), t.Context()
		plain, other, demoted := decided("gd_1", "api"), decided("gd_2", "web"), decided("gd_3", "api")
		broke := []gate.Demotion{{Criterion: "failure-meter", Measured: 4, Years: gate.Fraction{Num: 2, Den: 1}, Promised: gate.Fraction{Num: 2, Den: 1}}}
		demoted.Snapshot.Demoted = broke
		for _, l := range []gate.Logged{plain, other, demoted} {
			must(t, db.LogDecision(ctx, l))
		}
		list, next, err := db.DecisionsDemoted(ctx, "api", "", 1)
		if err != nil || len(list) != 1 || list[0].ID != "gd_3" || next == "" {
			t.Fatalf("%+v, %q, %v", list, next, err)
		}
		if diff := cmp.Diff(gate.Snapshot{Now: noon, Demoted: broke}, list[0].Snapshot); diff != "" {
			t.Error(diff)
		}
		list, next, err = db.DecisionsDemoted(ctx, "api", next, 1)
		if err != nil || len(list) != 1 || list[0].ID != "gd_1" || next != "" || len(list[0].Snapshot.Demoted) != 0 {
			t.Errorf("%+v, %q, %v", list, next, err)
		}
		after, err := db.CursorAfter(ctx, "gd_3")
		must(t, err)
		if list, _, err = db.DecisionsDemoted(ctx, "api", after, 5); err != nil || len(list) != 1 || list[0].ID != "gd_1" {
			t.Errorf("after gd_3 comes %+v, %v", list, err)
		}
		if _, err := db.CursorAfter(ctx, "gd_9"); err == nil {
			t.Error("something comes after a decision that there is not")
		}
	})
}
