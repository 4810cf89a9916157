package store

import (
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"shiphabit/metrics"
)

func TestTheSameEventsAgainChangeNothing(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t bench) {
		db := t.open()
		events := history("api", 400)
		if got, want := mustAppend(t, db, events...), (Appended{New: 800}); got != want {
			t.Fatalf("first time: %+v, want %+v", got, want)
		}
		before := exported(t, db)
		mixed := slices.Clone(events[100:])
		slices.Reverse(mixed)
		mixed = append(mixed, mixed[0], deployed("extra", "api", "org/api", 5000), deployed("extra", "api", "org/api", 5000))
		if got, want := mustAppend(t, db, mixed...), (Appended{New: 1, Known: len(mixed) - 1}); got != want {
			t.Fatalf("again: %+v, want %+v", got, want)
		}
		if after := exported(t, db); len(after) != len(before)+1 {
			t.Errorf("%d revisions after, want %d", len(after), len(before)+1)
		}
	})
}

func TestAnEventComesBackAsItWasStored(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t bench) {
		db := t.open()
		e := deployed("1", "</script>", "org/日本", 1)
		e.Sequence, e.UpdatedAt, e.Live = 7, noon.Add(time.Millisecond), true
		mustAppend(t, db, e)
		e.RecordedAt = noon
		if diff := cmp.Diff([]metrics.Event{e}, exported(t, db)); diff != "" {
			t.Error(diff)
		}
	})
}

func TestTimesOfAForeignZoneMeanTheSameInstant(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t bench) {
		east := time.FixedZone("UTC+9", 9*3600)
		db := t.open(func(o *Options) { o.Clock = func() time.Time { return noon.In(east) } })
		e := deployed("1", "api", "org/api", 1)
		e.UpdatedAt = noon.In(east)
		mustAppend(t, db, e)
		got := exported(t, db)[0]
		if got.UpdatedAt != noon || got.RecordedAt != noon {
			t.Errorf("updated at %v, recorded at %v, want both %v", got.UpdatedAt, got.RecordedAt, noon)
		}
		// The deployment finished at 13:00 UTC, which is 22:00 in the zone.
		window := metrics.Window{From: noon.Add(time.Hour).In(east), To: noon.Add(2 * time.Hour).In(east)}
		f, err := db.FactsFor(t.Context(), "api", window)
		if err != nil || len(f.Rollouts) != 1 {
			t.Errorf("%d rollouts in [22:00, 23:00) of the zone, want 1; error %v", len(f.Rollouts), err)
		}
		window.From, window.To = window.From.Add(time.Nanosecond), window.To.Add(time.Hour)
		if f, err := db.FactsFor(t.Context(), "api", window); err != nil || len(f.Rollouts) != 0 {
			t.Errorf("%d rollouts after its finish, want none; error %v", len(f.Rollouts), err)
		}
	})
}

func TestABadEventStoresNothing(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t bench) {
		db := t.open()
		for _, id := range []string{"zero\x00", "latin\xe9"} {
			if _, err := db.Append(t.Context(), []metrics.Event{deployed("1", "api", "", 1), deployed(id, "api", "", 1)}); err == nil {
				t.Errorf("id %q was stored", id)
			}
		}
		if got := exported(t, db); len(got) != 0 {
			t.Errorf("stored %d events beside a bad one, want none", len(got))
		}
	})
}

func TestExportOrderDoesNotDependOnArrival(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t bench) {
		db, other := t.open(), newSQLite(t).open()
		events := append(history("api", 30), history("Web", 30)...)
		mustAppend(t, db, events...)
		slices.Reverse(events)
		mustAppend(t, other, events...)
		if diff := cmp.Diff(exported(t, other), exported(t, db)); diff != "" {
			t.Error(diff)
		}
	})
}

func TestManyWritersLoseNothing(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t bench) {
		const writers, batches = 6, 8
		var all sync.WaitGroup
		stores := []*DB{t.open(), t.open()} // two processes would open it twice
		for w := range writers {
			all.Go(func() {
				for b := range batches {
					// Every batch holds one event that all writers store and ten of its own.
					events := []metrics.Event{deployed(fmt.Sprintf("shared-%d", b), "shared", "", b)}
					for i := range 10 {
						events = append(events, deployed(fmt.Sprintf("%d-%d-%d", w, b, i), fmt.Sprintf("service-%d", w), "mono", b))
					}
					if _, err := stores[w%2].Append(t.Context(), events); err != nil {
						t.Error(err)
					}
					if _, err := stores[(w+1)%2].Facts(t.Context(), "shared"); err != nil {
						t.Error(err)
					}
				}
			})
		}
		all.Wait()
		if got, want := len(exported(t, stores[0])), writers*batches*10+batches; got != want {
			t.Errorf("%d events, want %d", got, want)
		}
		for w := range writers {
			f := factsOf(t, stores[w%2], fmt.Sprintf("service-%d", w))
			if got := len(f.Rollouts); got != batches*10 {
				t.Errorf("service-%d has %d rollouts, want %d", w, got, batches*10)
			}
		}
	})
}

func TestARecordIsFoundByItsName(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t bench) {
		db := t.open()
		later := deployed("a/b", "api", "org/api", 1)
		later.Sequence = 2
		mustAppend(t, db, deployed("a/b", "api", "org/api", 1), later, committed("group/sub/repo", "abc", 1))
		for record, want := range map[string]int{
			"ci/deployment/a/b":               2,
			"git/commit/group/sub/repo/abc":   1,
			"git/commit/group/sub/repo/other": 0,
			"ci/nothing/a":                    0,
			"":                                0,
		} {
			if got, _ := db.Event(t.Context(), record); len(got) != want {
				t.Errorf("%q: %d revisions, want %d", record, len(got), want)
			}
		}
	})
}

func TestAProgramThatIsConfiguredLaterIsRecognisedInWhatIsStored(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t bench) {
		told := func(id, author string, parents ...string) metrics.Event {
			return metrics.NewEvent("hub", metrics.Commit{ID: id, Repository: "org/api", AuthoredAt: noon, Author: author, Parents: parents})
		}
		db := t.open()
		mustAppend(t, db, told("rev-1", "ada"), told("rev-2", "Renovate", "rev-1"), deployed("1", "api", "org/api", 1), deployed("2", "api", "org/api", 3))
		if ch := factsOf(t, db, "api").Rollouts[1].Changes[0]; ch.Bot {
			t.Errorf("nobody configured it: %+v", ch)
		}
		db = t.open(func(o *Options) { o.Rules.Bots = []string{"Renovate", "deploy-*"} })
		if ch := factsOf(t, db, "api").Rollouts[1].Changes[0]; !ch.Bot {
			t.Errorf("it is configured by its name: %+v", ch)
		}
		mustAppend(t, db, told("rev-3", "deploy-eu", "rev-2"), deployed("3", "api", "org/api", 5))
		if ch := factsOf(t, db, "api").Rollouts[2].Changes[0]; !ch.Bot {
			t.Errorf("a pattern marks what is stored from then on: %+v", ch)
		}
	})
}
