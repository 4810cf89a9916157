package metrics

import (
	"slices"
	"testing"
	"time"
)

// What Latest says of a window that ends with the last record is what the tally of that window says, up to so many.
func TestTheLatestInstantsTellWhetherAWindowHoldsEnough(t *testing.T) {
	t.Parallel()
	const most = 5
	end := time.Date(2100, 1, 1, 0, 0, 0, 0, time.UTC)
	for seed := range uint64(60) {
		for _, f := range DeriveAll(generate(seed), lawRules()) {
			latest := Latest(f, Query{}, most)
			for _, begin := range beginnings(f) {
				q := Query{Window: Window{From: begin, To: end}, AsOf: end}
				tally := TallyOf(f, q)
				for figure, n := range map[string]int{
					FigureFrequency: tally.Rollouts, FigureLeadTime: tally.LeadTimes.Len(), FigureRecovery: tally.Recoveries.Len(), FigureRestore: tally.Restores.Len(),
					FigureHandoffs: waiting(tally, DORA()).Handoffs.N,
				} {
					got := 0
					for _, at := range latest[figure] {
						if q.Window.Contains(at) {
							got++
						}
					}
					if got != min(n, most) || len(latest[figure]) > most {
						t.Fatalf("seed %d, %s of %q from %s: %d of the latest, and the tally has %d", seed, figure, f.Service, begin, got, n)
					}
					if !slices.IsSortedFunc(latest[figure], func(a, b time.Time) int { return b.Compare(a) }) {
						t.Fatalf("seed %d, %s: not newest first: %v", seed, figure, latest[figure])
					}
				}
			}
		}
	}
}

// beginnings are windows' beginnings around the records of a service.
func beginnings(f Facts) []time.Time {
	all := []time.Time{time.Unix(0, 0)}
	for i := range f.Rollouts {
		if i%3 == 0 {
			all = append(all, f.Rollouts[i].FinishedAt, f.Rollouts[i].FinishedAt.Add(time.Millisecond))
		}
	}
	return all
}
