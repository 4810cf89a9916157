package metrics

import (
	"math/rand/v2"
	"testing"
	"time"
)

// storedDays are the rows of an organisation with so many rollouts a day, five changes each, every tenth failed: 5,500 a day is
// ten million in five years.
func storedDays(days, rolloutsADay int) [][]byte {
	rng := rand.New(rand.NewPCG(7, 7))
	rows := make([][]byte, days)
	for d := range rows {
		t := Tally{Rollouts: rolloutsADay, Failed: rolloutsADay / 10, Kinds: map[Kind]int{Planned: rolloutsADay}}
		for i := range rolloutsADay {
			for range 5 {
				t.LeadTimes.add(time.Duration(rng.Int64N(30*24*3600*1000)) * time.Millisecond)
			}
			t.Typical.add(time.Duration(rng.Int64N(30*24*3600*1000)) * time.Millisecond)
			if i%10 == 0 {
				t.Recoveries.Ended.add(time.Duration(rng.Int64N(24*3600*1000)) * time.Millisecond)
			}
		}
		t.sort()
		rows[d] = t.AppendCoded(nil)
	}
	return rows
}

func BenchmarkStoredYearOfTenMillion(b *testing.B) {
	rows := storedDays(365, 5500)
	q := windowOf(365).complete()
	first := DayNumber(q.Window.From, time.UTC)
	b.Run("as one", func(b *testing.B) {
		for b.Loop() {
			g := NewGatherer(q)
			for d, row := range rows {
				if err := g.Coded(first+d, row); err != nil {
					b.Fatal(err)
				}
			}
			Measure(g.Sum(), q)
		}
	})
	b.Run("day by day", func(b *testing.B) {
		for b.Loop() {
			for d, row := range rows {
				q := q
				q.Window = DayWindow(first+d, time.UTC)
				g := NewGatherer(q)
				if err := g.Coded(first+d, row); err != nil {
					b.Fatal(err)
				}
				Measure(g.Sum(), q)
			}
		}
	})
}
