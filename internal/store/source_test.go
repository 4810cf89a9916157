package store

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shiphabit/metrics"
)

func TestOfTwoReadersOfOnePageOneIsToldTheCursorMoved(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t bench) {
		stores := []*DB{t.open(), t.open()}
		var applied, moved atomic.Int64
		var all sync.WaitGroup
		for i := range 8 {
			all.Go(func() {
				page := []metrics.Event{deployed(fmt.Sprint(i), "api", "", i)}
				switch err := stores[i%2].ApplyPage(t.Context(), "github", "", "page 2", page, nil); {
				case err == nil:
					applied.Add(1)
				case errors.Is(err, ErrMoved):
					moved.Add(1)
				default:
					t.Error(err)
				}
			})
		}
		all.Wait()
		if applied.Load() != 1 || moved.Load() != 7 {
			t.Errorf("%d applied and %d told it moved, want 1 and 7", applied.Load(), moved.Load())
		}
		if got := len(exported(t, stores[0])); got != 1 {
			t.Errorf("%d events, want only those of the page that was applied", got)
		}
	})
}

func TestSourcesTellWhereTheirReadingStands(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t bench) {
		db, ctx := t.open(), t.Context()
		aside := []SetAside{{"42", "has no environment"}, {"43", "finished before it began"}}
		for _, err := range []error{
			db.ApplyPage(ctx, "gitlab", "", "c1", nil, aside),
			db.ApplyPage(ctx, "gitlab", "c1", "c2", nil, []SetAside{{"42", "has no service"}}),
			db.Beat(ctx, "gitlab", noon.Add(-time.Minute)),
			db.Beat(ctx, "gitlab", noon.Add(-time.Hour)),
			db.Trouble(ctx, "github", "token lacks the scope repo"),
		} {
			if err != nil {
				t.Fatal(err)
			}
		}
		got, err := db.Sources(ctx)
		want := []Source{
			{Name: "github", Error: "token lacks the scope repo", ErrorAt: noon},
			{Name: "gitlab", Cursor: "c2", Watermark: noon.Add(-time.Minute), Heartbeat: noon, AnsweredAt: noon, SetAside: 2},
		}
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Error(err, diff)
		}
		aside[0].Reason = "has no service"
		kept, err := db.SetAsides(ctx, "gitlab")
		if diff := cmp.Diff(aside, kept); err != nil || diff != "" {
			t.Error(err, diff)
		}
		if err := db.Beat(ctx, "github", time.Time{}); err != nil {
			t.Fatal(err)
		}
		if got, err := db.Sources(ctx); err != nil || got[0].Error != "" || !got[0].ErrorAt.IsZero() {
			t.Errorf("%+v after an answer, want no trouble; error %v", got[0], err)
		}
	})
}

func TestARecordThatIsMendedIsNoLongerSetAside(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t bench) {
		now := noon
		db := t.open(func(o *Options) { o.Clock = func() time.Time { return now } })
		ctx := t.Context()
		left := func(want ...string) {
			t.Helper()
			list, err := db.SetAsides(ctx, "ci")
			must(t, err)
			var got []string
			for _, one := range list {
				got = append(got, one.Record)
			}
			if !cmp.Equal(got, want) {
				t.Errorf("set aside are %q, want %q", got, want)
			}
		}
		must(t, db.ApplyPage(ctx, "ci", "", "1", nil, []SetAside{{"deployment 7 of org/api", "no time"}, {"deployment 8", "no time"}, {"run 9", "no time"}, {"run 10", "no time"}}))
		must(t, db.ApplyPage(ctx, "ci", "1", "2", []metrics.Event{deployed("7", "api", "org/api", 1), deployed("8", "api", "", 2)}, nil))
		left("run 10", "run 9")
		must(t, db.Beat(ctx, "ci", noon))
		now = now.Add(time.Hour)
		must(t, db.ApplyPage(ctx, "ci", "2", "3", nil, nil), db.Beat(ctx, "ci", noon))
		left("run 10", "run 9") // a reading of what is new says nothing of them
		must(t, db.Restart(ctx, "ci"))
		must(t, db.ApplyPage(ctx, "ci", "", "2", nil, []SetAside{{"run 10", "no date"}}))
		left("run 10", "run 9")
		must(t, db.Beat(ctx, "ci", noon))
		left("run 10")
	})
}

func TestTheFirstRecordsSetAsideAreNoMoreThanAskedFor(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t bench) {
		db, ctx := t.open(), t.Context()
		must(t, db.ApplyPage(ctx, "ci", "", "1", nil, []SetAside{{"b", "no time"}, {"d", "no time"}, {"e", "no time"}}))
		for _, id := range []string{"1", "2"} {
			_, err := db.Deliver(ctx, Delivery{Source: "ci", ID: id, SetAside: []SetAside{{"a" + id, "no name"}, {"c" + id, "no name"}}})
			must(t, err)
		}
		got, err := db.FirstSetAsides(ctx, "ci", 3)
		if want := [][2]string{{"a1", "no name"}, {"a2", "no name"}, {"b", "no time"}}; err != nil || !cmp.Equal(got, want) {
			t.Errorf("%v, %v; want %v", got, err, want)
		}
		if all, err := db.FirstSetAsides(ctx, "ci", 100); err != nil || len(all) != 7 {
			t.Errorf("%v, %v", all, err)
		}
	})
}
