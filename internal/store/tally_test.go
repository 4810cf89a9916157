package store

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"shiphabit/metrics"
)

func berlin(tb testing.TB) *time.Location {
	tb.Helper()
	zone, err := time.LoadLocation("Europe/Berlin")
	if err != nil {
		tb.Fatal(err)
	}
	return zone
}

// inZone opens the database with days of that zone.
func inZone(zone *time.Location) func(*Options) { return func(o *Options) { o.Zone = zone } }

// question is a random window, seen from a random instant.
func question(r *rand.Rand, zone *time.Location) metrics.Query {
	from := metrics.DayWindow(metrics.DayNumber(noon, zone)+r.IntN(60)-5, zone).From
	w := metrics.Window{From: from, To: from.AddDate(0, 0, 1+r.IntN(60))}
	if r.IntN(2) == 0 { // windows that cut days
		w.From, w.To = w.From.Add(time.Duration(r.IntN(24*60))*time.Minute), w.To.Add(time.Duration(r.IntN(24*60))*time.Minute)
	}
	q := metrics.Query{Window: w, Zone: zone, Kind: []metrics.EnvironmentKind{metrics.Production, metrics.Staging}[r.IntN(2)]}
	q.AsOf = w.From.Add(time.Duration(r.IntN(90*24)) * time.Hour)
	return q
}

func text(tb testing.TB, v any) string {
	tb.Helper()
	out, err := json.Marshal(v)
	if err != nil {
		tb.Fatal(err)
	}
	return string(out)
}

// compareTallies asks for tallies of all services and of some, and compares each with the one made from all facts at once.
func compareTallies(t bench, db *DB, r *rand.Rand, zone *time.Location) {
	t.Helper()
	facts, err := db.AllFacts(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	names := make([]string, len(facts))
	for i, f := range facts {
		names[i] = f.Service
	}
	for range 6 {
		q := question(r, zone)
		some := names[:r.IntN(len(names)+1)]
		of := facts[:len(some)]
		if len(some) == 0 {
			of = facts
		}
		got, err := db.Tally(t.Context(), some, q)
		if err != nil {
			t.Fatal(err)
		}
		if want := metrics.TallyOfAll(of, q); text(t, got) != text(t, want) {
			t.Fatalf("services %v, %v, as of %v, %s: stored\n%s\nfrom facts\n%s", some, q.Window, q.AsOf, q.Kind, text(t, got), text(t, want))
		}
	}
}

func TestStoredTalliesAreThoseOfTheFacts(t *testing.T) {
	t.Parallel()
	for seed := range uint64(seeds) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			onBoth(t, func(t bench) {
				r := rand.New(rand.NewPCG(seed, 5))
				zone := berlin(t)
				for range 2 { // the second time under other declarations
					db := t.open(withServices(declaredServices[:r.IntN(len(declaredServices)+1)]...), inZone(zone))
					for part := range slices.Chunk(organisation(r, 160), 40) {
						mustAppend(t, db, part...)
						compareTallies(t, db, r, zone)
					}
				}
			})
		})
	}
}

func TestASeriesOfStoredTalliesIsThatOfTheFacts(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t bench) {
		zone := berlin(t)
		db := t.open(inZone(zone))
		mustAppend(t, db, organisation(rand.New(rand.NewPCG(3, 3)), 300)...)
		facts, err := db.AllFacts(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		q := metrics.Query{Window: metrics.Window{From: noon, To: noon.AddDate(0, 0, 70).Add(5 * time.Hour)}, AsOf: noon.AddDate(0, 0, 65), Zone: zone}
		for _, size := range []string{"day", "week", "month"} {
			buckets, err := metrics.Buckets(q.Window, q.AsOf, zone, size, time.Monday)
			if err != nil {
				t.Fatal(err)
			}
			var windows []metrics.Window
			for _, b := range buckets {
				windows = append(windows, b.Window)
			}
			got, err := db.Tallies(t.Context(), nil, q, windows)
			if err != nil {
				t.Fatal(err)
			}
			for i, w := range windows {
				q.Window = w
				if want := metrics.TallyOfAll(facts, q); text(t, got[i]) != text(t, want) {
					t.Fatalf("%s %v: stored\n%s\nfrom facts\n%s", size, w, text(t, got[i]), text(t, want))
				}
			}
		}
	})
}

// allTallies are the rows of the set in force.
func allTallies(t bench, db *DB) []tallyRow {
	t.Helper()
	var rows []tallyRow
	if err := db.read.Order("scope, kind, day").Find(&rows, "set_id = ?", db.tallies.id.Load()).Error; err != nil {
		t.Fatal(err)
	}
	for i := range rows {
		rows[i].SetID = 0
	}
	return rows
}

func TestRebuildingTheTalliesGivesTheSameBytes(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t bench) {
		db := t.open()
		mustAppend(t, db, organisation(rand.New(rand.NewPCG(4, 4)), 200)...)
		mustRefresh(t, db)
		before := allTallies(t, db)
		other := t.open(inZone(berlin(t)))
		mustRefresh(t, other)
		again := t.open()
		mustRefresh(t, again)
		if after := allTallies(t, again); text(t, after) != text(t, before) {
			t.Errorf("%d rows before, %d after; they differ", len(before), len(after))
		}
		var sets []tallySetRow
		if err := again.read.Find(&sets).Error; err != nil || len(sets) != 1 {
			t.Errorf("there are %d sets of tallies, want the one in force (%v)", len(sets), err)
		}
	})
}

func mustRefresh(t bench, db *DB) {
	t.Helper()
	if err := db.Refresh(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func TestOldFiguresAreServedWhileALargeRebuildGoesOn(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t bench) {
		db := t.open()
		var events []metrics.Event
		for i := range servicesWorthWaitingFor + 5 {
			events = append(events, history(fmt.Sprint("service-", i), 2)...)
		}
		mustAppend(t, db, events...)
		q := metrics.Query{Window: metrics.Window{From: noon.AddDate(0, 0, -1), To: noon.AddDate(0, 0, 5)}}
		before, err := db.Tally(t.Context(), nil, q)
		if err != nil {
			t.Fatal(err)
		}
		other := t.open(func(o *Options) { o.Rules.RolloutGap = time.Minute })
		during, err := other.Tally(t.Context(), nil, q)
		if err != nil {
			t.Fatal(err)
		}
		done, total, old, err := other.Rebuild(t.Context())
		if err != nil || done != 0 || !old || text(t, during) != text(t, before) {
			t.Errorf("the question made %d of %d services be derived (%v); the tallies are the old ones: %v", done, total, err, text(t, during) == text(t, before))
		}
		mustRefresh(t, other)
		if done, total, old, err = other.Rebuild(t.Context()); err != nil || done != total || old {
			t.Errorf("after the rebuild %d of %d, old %v (%v)", done, total, old, err)
		}
		compareTallies(t, other, rand.New(rand.NewPCG(1, 1)), time.UTC)
	})
}

func TestFactsKeptWithoutEventsAnswerAsThoseDerivedFromThem(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t bench) {
		db := t.open()
		events := organisation(rand.New(rand.NewPCG(9, 9)), 200)
		if err := db.KeepFacts(t.Context(), events); err != nil {
			t.Fatal(err)
		}
		mustRefresh(t, db)
		compareTallies(t, db, rand.New(rand.NewPCG(2, 2)), time.UTC)
		before := allTallies(t, db)
		if err := db.KeepFacts(t.Context(), events); err != nil {
			t.Fatal(err)
		}
		mustAppend(t, db, events...)
		mustRefresh(t, db)
		if after := allTallies(t, db); len(before) == 0 || text(t, after) != text(t, before) {
			t.Errorf("%d rows without the events, %d with them; they differ", len(before), len(after))
		}
	})
}

func TestAPartOfADayKnowsWhatArrivedInAnotherEnvironmentBefore(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t bench) {
		db := t.open()
		events := history("api", 40)
		for i := range 40 { // each revision once more a day later, elsewhere
			id := fmt.Sprintf("api-%d", i)
			at := noon.Add(time.Duration(2*i+25) * time.Hour)
			events = append(events, metrics.NewEvent("ci", metrics.Deployment{
				ID: "us-" + id, Service: "api", Repository: "org/api", Environment: "production-us",
				Revision: "rev-" + id, Status: metrics.Succeeded, StartedAt: at.Add(-time.Minute), FinishedAt: at,
			}))
		}
		mustAppend(t, db, events...)
		facts := factsOf(t, db, "api")
		if !facts.SeveralEnvironments(metrics.Production) {
			t.Fatal("there are not several environments")
		}
		for range 2 { // the second time from stored facts
			q := metrics.Query{Window: metrics.Window{From: noon.Add(50 * time.Hour), To: noon.Add(53 * time.Hour)}}
			got, err := db.Tally(t.Context(), []string{"api"}, q)
			if err != nil {
				t.Fatal(err)
			}
			if want := metrics.TallyOf(facts, q); want.Rollouts < 2 || text(t, got) != text(t, want) {
				t.Errorf("%d rollouts, stored\n%s\nfrom facts\n%s", want.Rollouts, text(t, got), text(t, want))
			}
		}
	})
}

func TestAnOutageStoredByAnotherProgramIsSeenAtOnce(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t bench) {
		db := t.open()
		mustAppend(t, db, history("api", 20)...)
		q := metrics.Query{Window: metrics.Window{From: noon, To: noon.AddDate(0, 0, 5)}}
		for hours := range 3 {
			tally, err := db.Tally(t.Context(), nil, q)
			if err != nil || tally.Down.Seconds() != float64(hours)*3600 || tally.Observed == 0 {
				t.Errorf("after %d hours of outages: %+v (%v)", hours, tally, err)
			}
			at := noon.Add(time.Duration(20+2*hours) * time.Hour)
			other := t.open()
			mustAppend(t, other, metrics.NewEvent("pages", metrics.Incident{ID: fmt.Sprint(hours), Service: "api", StartedAt: at, ResolvedAt: at.Add(time.Hour), Severity: 1}))
			if hours%2 == 0 {
				mustRefresh(t, other)
			}
		}
	})
}

func TestASliceMayHoldMoreServicesThanAStatementTakesNames(t *testing.T) {
	t.Parallel()
	onBoth(t, func(t bench) {
		db := t.open(inZone(berlin(t)))
		events := organisation(rand.New(rand.NewPCG(3, 3)), 120)
		mustAppend(t, db, events[:80]...)
		start := time.Date(2026, time.March, 2, 0, 0, 0, 0, berlin(t))
		q := metrics.Query{Window: metrics.Window{From: start, To: start.AddDate(0, 0, 100)}, AsOf: start.AddDate(0, 0, 900), Zone: berlin(t)}
		if _, err := db.Tally(t.Context(), nil, q); err != nil {
			t.Fatal(err)
		}
		mustAppend(t, db, events[80:]...)
		known, err := db.Services(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		var names []string
		for _, s := range known {
			names = append(names, s.Name)
		}
		for i := range 70_000 { // PostgreSQL takes 65,535, SQLite 32,766
			names = append(names, fmt.Sprint("unheard of ", i))
		}
		got, err := db.Tally(t.Context(), names, q)
		if err != nil {
			t.Fatal(err)
		}
		facts, err := db.AllFacts(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if want := metrics.TallyOfAll(facts, q); got.Rollouts == 0 || text(t, got) != text(t, want) {
			t.Errorf("stored\n%s\nfrom facts\n%s", text(t, got), text(t, want))
		}
	})
}
