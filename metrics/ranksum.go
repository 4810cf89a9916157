package metrics

import (
	"math"
	"time"
)

// exactSteps bounds the work on the exact Mann–Whitney distribution. Beyond it the normal approximation differs from it by a
// rank or two in tens of thousands.
const exactSteps = 20_000_000

// shift is the Hodges–Lehmann estimate of how much later is longer than earlier, the median of all differences between the
// two, with the interval that belongs to the Mann–Whitney test (Hodges and Lehmann 1963; Moses 1965). Both are sorted. The
// interval is nil when the samples are too small for one of 95%.
func shift(earlier, later []time.Duration) (estimate float64, in *Interval) {
	n, m := len(earlier), len(later)
	pairs := n * m
	mid := float64(nthDifference(earlier, later, (pairs-1)/2))/2 + float64(nthDifference(earlier, later, pairs/2))/2
	rank, coverage := rankSumLimit(n, m)
	if rank == 0 {
		return mid / perSecond, nil
	}
	return mid / perSecond, &Interval{
		Low:      nthDifference(earlier, later, rank-1).Seconds(),
		High:     nthDifference(earlier, later, pairs-rank).Seconds(),
		Coverage: coverage,
	}
}

// thinning is how many spans one stands for where a first bracket is looked for, and manyDifferences from how many spans on.
const (
	thinning        = 64
	manyDifferences = 1 << 13
)

// nthDifference is the n-th smallest, from 0, of all later − earlier. It looks for the value by halving its range, so that the
// n·m differences need not be made, until those left are no more than the spans.
func nthDifference(earlier, later []time.Duration, n int) time.Duration {
	low, high := later[0]-earlier[len(earlier)-1], later[len(later)-1]-earlier[0]
	below, upTo := 0, len(earlier)*len(later) // differences below low, and up to high
	if min(len(earlier), len(later)) >= manyDifferences {
		a, b := bracket(earlier, later, n)
		if c := differencesUpTo(earlier, later, a-1); c <= n {
			low, below = a, c
		}
		if c := differencesUpTo(earlier, later, b); c > n {
			high, upTo = b, c
		}
	}
	for low < high && upTo-below > len(earlier)+len(later) {
		mid := low + (high-low)/2
		if c := differencesUpTo(earlier, later, mid); c > n {
			high, upTo = mid, c
		} else {
			low, below = mid+1, c
		}
	}
	if low == high {
		return low
	}
	return nth(differencesWithin(earlier, later, low, high), n-below)
}

// bracket is a narrow range that most likely holds the n-th difference: that of every so many spans, some ranks to either side.
func bracket(earlier, later []time.Duration, n int) (low, high time.Duration) {
	thinEarlier, thinLater := thinned(earlier), thinned(later)
	last := len(thinEarlier)*len(thinLater) - 1
	rank, margin := n/thinning/thinning, 2*(len(thinEarlier)+len(thinLater))
	low = nthDifference(thinEarlier, thinLater, max(0, min(last, rank-margin)))
	return low, nthDifference(thinEarlier, thinLater, min(last, rank+margin))
}

func thinned(spans []time.Duration) []time.Duration {
	thin := make([]time.Duration, 0, len(spans)/thinning+1)
	for i := thinning / 2; i < len(spans); i += thinning {
		thin = append(thin, spans[i])
	}
	return thin
}

// differencesWithin lists the differences from low to high, in one walk along both.
func differencesWithin(earlier, later []time.Duration, low, high time.Duration) []time.Duration {
	list := make([]time.Duration, 0, len(earlier)+len(later))
	first := 0
	for _, l := range later {
		for first < len(earlier) && l-earlier[first] > high {
			first++
		}
		for i := first; i < len(earlier) && l-earlier[i] >= low; i++ {
			list = append(list, l-earlier[i])
		}
	}
	return list
}

// differencesUpTo counts the pairs with later − earlier ≤ limit, in one walk along both.
func differencesUpTo(earlier, later []time.Duration, limit time.Duration) int {
	total, first := 0, 0
	for _, l := range later {
		for first < len(earlier) && l-earlier[first] > limit {
			first++
		}
		total += len(earlier) - first
	}
	return total
}

// rankSumLimit is the rank k for which the k-th smallest and the k-th largest difference bound the shift with at most 2.5% in
// each tail, and the coverage they reach; 0 when even the extremes do not.
func rankSumLimit(n, m int) (rank int, coverage float64) {
	if pairs := n * m; pairs*min(n, m) > exactSteps {
		sigma := math.Sqrt(float64(pairs) * float64(n+m+1) / 12)
		return int(float64(pairs)/2 - normalQuantile((1+ninetyFive)/2)*sigma + 0.5), ninetyFive
	}
	shares := rankSumShares(n, m)
	tail := 0.0
	for rank < len(shares) && tail+shares[rank] <= (1-ninetyFive)/2 {
		tail += shares[rank]
		rank++
	}
	return rank, 1 - 2*tail
}

// rankSumShares is the lower half of the exact distribution of the Mann–Whitney count U of two samples without a difference:
// the coefficients of the Gaussian binomial, made by multiplying by (1−x^(m+i)) and dividing by (1−x^i) in turn, each time
// scaled to sum to 1 over the whole. Both steps go upwards from U = 0, so that the upper half is not needed for the lower.
func rankSumShares(n, m int) []float64 {
	n, m = min(n, m), max(n, m)
	shares := make([]float64, n*m/2+1)
	shares[0] = 1
	for i := 1; i <= n; i++ {
		scale := float64(i) / float64(m+i)
		for u := len(shares) - 1; u >= m+i; u-- {
			shares[u] -= shares[u-m-i]
		}
		for u := i; u < len(shares); u++ {
			shares[u] += shares[u-i]
		}
		for u := range shares {
			shares[u] *= scale
		}
	}
	return shares
}
