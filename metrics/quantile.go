package metrics

import (
	"math"
	"slices"
)

// quantile is the q-quantile of sorted values by linear interpolation between the closest ranks: type 7 of Hyndman and Fan,
// "Sample Quantiles in Statistical Packages" (1996), the default of R and NumPy. Sorted must hold at least one value.
func quantile[T ~int | ~int64](sorted []T, q float64) float64 {
	at := q * float64(len(sorted)-1)
	below := int(math.Floor(at))
	low := float64(sorted[below])
	if below+1 == len(sorted) {
		return low
	}
	return low + (at-float64(below))*(float64(sorted[below+1])-low)
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

// mergeSorted is the union with repetition of two sorted sequences, sorted; it shares no memory with them.
func mergeSorted[T any](a, b []T, compare func(T, T) int) []T {
	if len(a) == 0 {
		return slices.Clone(b)
	}
	if len(b) == 0 {
		return slices.Clone(a)
	}
	out := make([]T, 0, len(a)+len(b))
	for len(a) > 0 && len(b) > 0 {
		if compare(b[0], a[0]) < 0 {
			out, b = append(out, b[0]), b[1:]
		} else {
			out, a = append(out, a[0]), a[1:]
		}
	}
	return append(append(out, a...), b...)
}
