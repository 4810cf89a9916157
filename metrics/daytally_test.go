package metrics

import (
	"bytes"
	"math/rand/v2"
	"testing"
	"time"
)

// gathered is what a store makes of its rows: those of the kind and of none, on the days of the window.
func gathered(t *testing.T, fs []Facts, q Query) Tally {
	t.Helper()
	q = q.complete()
	g := NewGatherer(q)
	from, to := DayNumber(q.Window.From, q.Zone), DayNumber(q.Window.To, q.Zone)
	var observation Observation
	for _, f := range fs {
		observation.Add(f.observed(), f.Outages(q.Kind))
		for _, d := range DayTallies(f, q.Definition, q.Zone) {
			if d.Day < from || d.Day >= to || d.Kind != "" && d.Kind != q.Kind {
				continue
			}
			if err := g.Coded(d.Day, d.Tally.AppendCoded(nil)); err != nil {
				t.Fatal(err)
			}
		}
	}
	observation.Sort()
	g.Observe(&observation)
	return g.Sum()
}

func TestStoredDaysAddUpToTheTallyOfAnyWindow(t *testing.T) {
	t.Parallel()
	for seed := range uint64(6) {
		fs := organisation(seed, 4, 200, 100)
		q := quarter(zoneOf(t, "Europe/Berlin"))
		q.AsOf = q.Window.To.AddDate(0, 1, 0)
		rng := rand.New(rand.NewPCG(seed, 3))
		for range 5 {
			q.Window.From = q.Window.From.AddDate(0, 0, rng.IntN(15))
			q.Kind = []EnvironmentKind{Production, Staging}[rng.IntN(2)]
			if got, want := encoded(t, gathered(t, fs, q)), encoded(t, TallyOfAll(fs, q)); got != want {
				t.Fatalf("seed %d, %s: from stored days\n%s\nfrom facts\n%s", seed, q.Kind, got, want)
			}
		}
	}
}

func TestADayIsTheSameSeenFromAnyInstantAfterItWasKnown(t *testing.T) {
	t.Parallel()
	for seed := range uint64(6) {
		f := organisation(seed, 1, 200, 40)[0]
		for _, d := range DayTallies(f, DORA(), time.UTC) {
			if d.Kind == "" {
				continue
			}
			q := Query{Window: DayWindow(d.Day, time.UTC), Kind: d.Kind, AsOf: d.KnownBy}.complete()
			g := NewGatherer(q)
			if err := g.Coded(d.Day, d.Tally.AppendCoded(nil)); err != nil {
				t.Fatal(err)
			}
			want := TallyOf(f, q)
			want.LeftOut = g.Sum().LeftOut // those of no kind are in rows of their own
			want.Observed, want.Down, want.FirstIncident = 0, 0, time.Time{}
			if got := encoded(t, g.Sum()); got != encoded(t, want) {
				t.Fatalf("seed %d, day %d: stored\n%s\nfrom facts\n%s", seed, d.Day, got, encoded(t, want))
			}
		}
	}
}

func TestEqualDaysHaveEqualBytes(t *testing.T) {
	t.Parallel()
	f := organisation(1, 1, 300, 60)[0]
	first, second := DayTallies(f, DORA(), time.UTC), DayTallies(f, DORA(), time.UTC)
	for i := range first {
		if !bytes.Equal(first[i].Tally.AppendCoded(nil), second[i].Tally.AppendCoded(nil)) {
			t.Fatalf("day %d differs from itself", first[i].Day)
		}
	}
}

func FuzzAStoredDayIsReadOrRefused(f *testing.F) {
	for _, d := range DayTallies(organisation(1, 1, 40, 10)[0], DORA(), time.UTC) {
		f.Add(d.Tally.AppendCoded(nil))
	}
	f.Fuzz(func(_ *testing.T, text []byte) {
		g := NewGatherer(Query{Window: DayWindow(20_000, time.UTC), AsOf: DayWindow(20_000, time.UTC).To})
		if err := g.Coded(20_000, text); err == nil && len(text) < 4096 {
			Measure(g.Sum(), g.query)
		}
	})
}
