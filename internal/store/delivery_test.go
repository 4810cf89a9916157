package store

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shiphabit/metrics"
)

func pushed(id string, events ...metrics.Event) Delivery {
	return Delivery{Source: "github", ID: id, Kind: "deployment_status", Events: events, Header: map[string][]string{"X-Event": {"a"}}, Body: []byte(`{"id":` + id + `}`)}
}

func mustDeliver(tb testing.TB, db *DB, d Delivery) Delivered {
	tb.Helper()
	done, err := db.Deliver(tb.Context(), d)
	if err != nil {
		tb.Fatal(err)
	}
	return done
}

func deliveriesOf(tb testing.TB, db *DB, source string) []Received {
	tb.Helper()
	list, _, err := db.Deliveries(tb.Context(), source, "", 100)
	if err != nil {
		tb.Fatal(err)
	}
	return list
}

func TestADeliveryIsTakenOnce(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t bench) {
		db := t.open()
		one := pushed("1", deployed("d1", "api", "", 1), deployed("d2", "api", "", 2))
		if got := mustDeliver(t, db, one); got != (Delivered{Appended: Appended{New: 2}}) {
			t.Errorf("the first time: %+v", got)
		}
		if got := mustDeliver(t, db, one); got != (Delivered{Repeated: true}) {
			t.Errorf("the second time: %+v", got)
		}
		if got := mustDeliver(t, db, pushed("2", deployed("d2", "api", "", 2), deployed("d3", "api", "", 3))); got != (Delivered{Appended: Appended{New: 1, Known: 1}}) {
			t.Errorf("another delivery with an event of the first: %+v", got)
		}
		if got := mustDeliver(t, db, Delivery{Source: "gitlab", ID: "1", Kind: "ping", Ignored: "says nothing of interest"}); got.Repeated {
			t.Error("the id of one source is taken for that of another")
		}
		if got := len(exported(t, db)); got != 3 {
			t.Errorf("%d events", got)
		}
		if facts := factsOf(t, db, "api"); len(facts.Rollouts) != 3 {
			t.Errorf("%d rollouts derived", len(facts.Rollouts))
		}
		want := []Received{
			{Source: "github", ID: "2", Kind: "deployment_status", At: noon, Outcome: DeliveryStored, Events: 2},
			{Source: "github", ID: "1", Kind: "deployment_status", At: noon, Outcome: DeliveryStored, Events: 2},
		}
		if diff := cmp.Diff(want, deliveriesOf(t, db, "github")); diff != "" {
			t.Error(diff)
		}
		want = []Received{{Source: "gitlab", ID: "1", Kind: "ping", At: noon, Outcome: DeliveryIgnored, Ignored: "says nothing of interest"}}
		if diff := cmp.Diff(want, deliveriesOf(t, db, "gitlab")); diff != "" {
			t.Error(diff)
		}
	})
}

func TestOfManyAtOnceOneDeliveryIsTaken(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t bench) {
		stores := []*DB{t.open(), t.open()}
		var taken, repeated atomic.Int64
		var all sync.WaitGroup
		for i := range 64 {
			all.Go(func() {
				done, err := stores[i%2].Deliver(t.Context(), pushed("same", deployed("d", "api", "", 1)))
				switch {
				case err != nil:
					t.Error(err)
				case done.Repeated:
					repeated.Add(1)
				case done.New == 1:
					taken.Add(1)
				}
			})
		}
		all.Wait()
		if taken.Load() != 1 || repeated.Load() != 63 {
			t.Errorf("%d taken, %d repeated", taken.Load(), repeated.Load())
		}
	})
}

func TestDeliveriesAndPagesOfOneSourceDoNotWaitForEachOther(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t bench) {
		stores := []*DB{t.open(), t.open()}
		var all sync.WaitGroup
		for i := range 40 {
			all.Go(func() {
				if _, err := stores[i%2].Deliver(t.Context(), pushed(fmt.Sprint(i), deployed(fmt.Sprint(i), "api", "", i))); err != nil {
					t.Error(err)
				}
			})
		}
		all.Go(func() {
			for i := range 20 {
				at, next := fmt.Sprint(i), fmt.Sprint(i+1)
				if i == 0 {
					at = ""
				}
				if err := stores[0].ApplyPage(t.Context(), "github", at, next, []metrics.Event{deployed("p"+next, "api", "", i)}, nil); err != nil {
					t.Error(err)
				}
			}
		})
		all.Wait()
		if got := len(exported(t, stores[0])); got != 60 {
			t.Errorf("%d events", got)
		}
	})
}

func TestWhatCannotBeReadIsKeptUntilItCan(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t bench) {
		db, ctx := t.open(), t.Context()
		bad := pushed("7", deployed("d1", "api", "", 1))
		bad.SetAside = []SetAside{{"deployment 42", "has no environment"}}
		mustDeliver(t, db, bad)
		mustDeliver(t, db, pushed("8", deployed("d2", "api", "", 2)))
		if err := db.Beat(ctx, "github", time.Time{}); err != nil {
			t.Fatal(err)
		}
		want := []Received{{
			Source: "github", ID: "7", Kind: "deployment_status", At: noon, Outcome: DeliverySetAside, Events: 1, SetAside: bad.SetAside, SetAsideCount: 1, Kept: true,
		}}
		unread, err := db.Unread(ctx, "github", "")
		if diff := cmp.Diff(want, unread); err != nil || diff != "" {
			t.Error(err, diff)
		}
		kept, err := db.Kept(ctx, "github", "7")
		if err != nil || string(kept.Body) != `{"id":7}` || kept.Header["X-Event"][0] != "a" {
			t.Errorf("kept %+v, %v", kept, err)
		}
		if _, err := db.Kept(ctx, "github", "8"); err == nil {
			t.Error("the body of a delivery that was read is kept")
		}
		if aside, err := db.SetAsides(ctx, "github"); err != nil || cmp.Diff(bad.SetAside, aside) != "" {
			t.Errorf("set aside %+v, %v", aside, err)
		}
		if s, err := db.Sources(ctx); err != nil || s[0].SetAside != 1 || !s[0].Heartbeat.Equal(noon) || !s[0].Watermark.IsZero() {
			t.Errorf("%+v, %v", s, err)
		}
		kept.Events = []metrics.Event{deployed("d1", "api", "", 1), deployed("d42", "api", "", 3)}
		if got := mustDeliver(t, db, kept); got != (Delivered{Appended: Appended{New: 1, Known: 1}}) {
			t.Errorf("read again: %+v", got)
		}
		if _, err := db.Kept(ctx, "github", "7"); err == nil {
			t.Error("its body is kept though it could be read")
		}
		if s, err := db.Sources(ctx); err != nil || s[0].SetAside != 0 {
			t.Errorf("%+v, %v", s, err)
		}
		if got := mustDeliver(t, db, kept); !got.Repeated {
			t.Error("it is taken once more")
		}
	})
}

func TestWhatIsKeptOfADeliveryIsBounded(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t bench) {
		now := noon
		db, ctx := t.open(func(o *Options) { o.Clock = func() time.Time { return now } }), t.Context()
		bad := pushed("large")
		bad.Body = []byte(strings.Repeat("x", KeptBody+1))
		for i := range keptProblems + 5 {
			bad.SetAside = append(bad.SetAside, SetAside{fmt.Sprint(i), "bad\x00text \xff" + strings.Repeat("ü", longestText)})
		}
		mustDeliver(t, db, bad)
		unread, err := db.Unread(ctx, "", "")
		if err != nil || len(unread) != 1 || unread[0].Kept || len(unread[0].SetAside) != keptProblems || unread[0].SetAsideCount != keptProblems+5 {
			t.Errorf("%v: kept more than may be, or lost the count", err)
		}
		for i := range KeptBodies + 2 {
			bad := pushed(fmt.Sprint(i))
			bad.SetAside = []SetAside{{"r", "bad"}}
			mustDeliver(t, db, bad)
		}
		now = noon.Add(time.Hour)
		mustDeliver(t, db, pushed("later"))
		if n, err := db.ForgetDeliveries(ctx, noon.Add(-time.Second)); n != 0 || err != nil {
			t.Errorf("%d forgotten, %v", n, err)
		}
		unread, err = db.Unread(ctx, "github", "")
		if err != nil || unread[1].Kept || unread[2].Kept || !unread[3].Kept {
			t.Errorf("%v: not the oldest bodies are dropped", err)
		}
		if n, err := db.ForgetDeliveries(ctx, noon.Add(time.Minute)); n != KeptBodies+3 || err != nil {
			t.Errorf("%d forgotten, %v", n, err)
		}
		if list := deliveriesOf(t, db, "github"); len(list) != 1 || list[0].ID != "later" {
			t.Errorf("%+v", list)
		}
	})
}

func TestABadDeliveryDoesNotKeepTheOthersOfItsBatch(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t bench) {
		db := t.open()
		batch := make([]*parcel, 3)
		for i := range batch {
			d := pushed(fmt.Sprint(i), deployed(fmt.Sprint(i), "api", "", i))
			rows, err := db.eventRows(d.Events)
			if err != nil {
				t.Fatal(err)
			}
			row, err := db.deliveryRowOf(d)
			if err != nil {
				t.Fatal(err)
			}
			batch[i] = &parcel{row: row, events: rows}
		}
		batch[1].events[0].Payload = nil // the database refuses it
		db.saveBatch(context.Background(), batch)
		if batch[0].err != nil || batch[1].err == nil || batch[2].err != nil {
			t.Fatalf("%v, %v, %v", batch[0].err, batch[1].err, batch[2].err)
		}
		if got := len(exported(t, db)); got != 2 || batch[0].done.New != 1 || batch[2].done.New != 1 {
			t.Errorf("%d events", got)
		}
	})
}

func TestADeliveryIsSavedThoughItsSenderLeft(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t bench) {
		db := t.open()
		gone, leave := context.WithCancel(t.Context())
		leave()
		if done, err := db.Deliver(gone, pushed("1", deployed("1", "api", "", 1))); err != nil || done.New != 1 {
			t.Errorf("%+v, %v", done, err)
		}
	})
}

func TestADeliveryWithoutAnIDIsRefused(t *testing.T) {
	t.Parallel()
	db := newSQLite(t).open()
	for _, id := range []string{"", strings.Repeat("x", longestID+1), "a\x00b", "a\xffb"} {
		if _, err := db.Deliver(t.Context(), pushed(id)); err == nil {
			t.Errorf("%.20q is taken for an id", id)
		}
	}
}

func TestRefusedDeliveriesAreCounted(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t bench) {
		db, ctx := t.open(), t.Context()
		for i := range 2 {
			if err := db.Refuse(ctx, []Refusal{{"github", 3, noon.Add(time.Duration(i) * time.Hour)}, {"ci", 1, noon}}); err != nil {
				t.Fatal(err)
			}
		}
		want := []Source{{Name: "ci", Refused: 2, RefusedAt: noon}, {Name: "github", Refused: 6, RefusedAt: noon.Add(time.Hour)}}
		got, err := db.Sources(ctx)
		if diff := cmp.Diff(want, got); err != nil || diff != "" {
			t.Error(err, diff)
		}
	})
}

func TestAConvoyCarriesEachParcelOnce(t *testing.T) {
	t.Parallel()
	var c convoy
	var all sync.WaitGroup
	var mu sync.Mutex
	carried := map[*parcel]int{}
	trips := 0
	for range 3000 {
		all.Go(func() {
			p := &parcel{events: make([]eventRow, 3)}
			c.ride(p, func(batch []*parcel) {
				mu.Lock()
				defer mu.Unlock()
				trips++
				if len(batch) > parcelsTogether {
					t.Errorf("%d at once", len(batch))
				}
				for _, one := range batch {
					carried[one]++
				}
			})
			mu.Lock()
			defer mu.Unlock()
			if carried[p] != 1 {
				t.Errorf("carried %d times", carried[p])
			}
		})
	}
	all.Wait()
	if len(carried) != 3000 || c.moving || len(c.waiting) > 0 {
		t.Errorf("%d carried in %d trips, moving %v", len(carried), trips, c.moving)
	}
}

func TestWhatWasIgnoredIsTakenOnceItIsOfInterest(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t bench) {
		db := t.open()
		for i, want := range []Delivered{{}, {Appended: Appended{New: 1}}, {Repeated: true}} {
			d := Delivery{Source: "ci", ID: "d1", Ignored: "not a branch of ours"}
			if i > 0 {
				d.Events, d.Ignored = []metrics.Event{deployed("1", "api", "", 1)}, ""
			}
			if got, err := db.Deliver(t.Context(), d); err != nil || got != want {
				t.Errorf("time %d: %+v, %v; want %+v", i+1, got, err, want)
			}
		}
	})
}
