package metrics

import (
	"math"
)

// quantile is the q-quantile of sorted values by linear interpolation between the closest ranks: type 7 of Hyndman and Fan,
// "Sample Quantiles in Statistical Packages" (1996), the default of R and NumPy. Sorted must hold at least one value.
func quantile[T ~int | ~int64](sorted []T, q float64) float64 {
	below, share := rankOf(len(sorted), q)
	if share == 0 {
		return float64(sorted[below])
	}
	return mixed(sorted[below], sorted[below+1], share)
}

// rankOf is the place of the q-quantile among n ordered values: the rank below it, from 0, and the share of the way to the next.
func rankOf(n int, q float64) (below int, share float64) {
	at := q * float64(n-1)
	below = int(math.Floor(at))
	if below+1 >= n {
		return n - 1, 0
	}
	return below, at - float64(below)
}

func mixed[T ~int | ~int64](low, high T, share float64) float64 {
	return float64(low) + share*(float64(high)-float64(low))
}

// middle is the median of sorted values as a value of their own kind: exact for spans of whole milliseconds, because half
// their sum is still a whole number of nanoseconds.
func middle[T ~int | ~int64](sorted []T) T {
	n := len(sorted)
	if n%2 == 1 {
		return sorted[n/2]
	}
	low, high := sorted[n/2-1], sorted[n/2]
	return low + (high-low)/2
}
