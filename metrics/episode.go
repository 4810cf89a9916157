package metrics

import (
	"slices"
	"time"
)

// Episodes joins instants at which something was seen to be wrong into spans of trouble: samples at most gap apart belong to one, which
// lasts until tail after its last sample, because nobody looked again sooner.
func Episodes(samples []time.Time, gap, tail time.Duration) []Window {
	sorted := slices.SortedFunc(slices.Values(samples), time.Time.Compare)
	var out []Window
	for i, at := range sorted {
		if i == 0 || at.Sub(sorted[i-1]) > gap {
			out = append(out, Window{From: at})
		}
		out[len(out)-1].To = at.Add(tail)
	}
	return out
}
