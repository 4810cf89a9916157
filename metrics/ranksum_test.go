package metrics

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// Critical values U of the two-sided test at 5%, as printed in the usual tables of Mann and Whitney's test: the test rejects at
// U ≤ c, so that the interval runs from the (c+1)-th difference.
func TestRankSumLimitsAreThoseOfTheTables(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ n, m, critical int }{
		{4, 4, 0}, {5, 5, 2}, {5, 10, 8}, {6, 8, 8}, {8, 8, 13}, {10, 10, 23}, {10, 20, 55}, {15, 15, 64}, {20, 20, 127},
	} {
		for _, swap := range []bool{false, true} {
			n, m := c.n, c.m
			if swap {
				n, m = m, n
			}
			rank, coverage := rankSumLimit(n, m)
			if rank != c.critical+1 {
				t.Errorf("%d and %d: rank %d, want %d", n, m, rank, c.critical+1)
			}
			if coverage < 0.95 || coverage > 0.99 {
				t.Errorf("%d and %d: coverage %v", n, m, coverage)
			}
		}
	}
	if rank, _ := rankSumLimit(3, 3); rank != 0 {
		t.Errorf("three and three reach 95%%, although the extremes cover only 90%%")
	}
}

func TestTheNormalApproximationMeetsTheExactRanks(t *testing.T) {
	t.Parallel()
	// 271³ is just below the bound on exact work, 272³ just above it; the ranks must go on smoothly.
	exact, coverage := rankSumLimit(271, 271)
	approximate, _ := rankSumLimit(272, 272)
	near(t, "coverage", coverage, 0.95, 1e-4)
	// The rank grows by about the derivative of nm/2 − z·√(nm(n+m+1)/12) with n = m: n − z·√6/4·√n ≈ 251.
	near(t, "step", float64(approximate-exact), 271-1.96*0.6124*16.46, 3)
}

// Permeability constants of human chorioamnion at term and at 12 to 26 weeks: Hollander and Wolfe, "Nonparametric Statistical
// Methods", example 4.1, with their estimate −0.305 and interval from −0.76 to 0.15.
func TestShiftGivesThePublishedEstimate(t *testing.T) {
	t.Parallel()
	term := hundredths(80, 83, 189, 104, 145, 138, 191, 164, 73, 146)
	early := hundredths(115, 88, 90, 74, 121)
	estimate, in := shift(term, early)
	near(t, "estimate", estimate, -0.305, 1e-9)
	near(t, "low", in.Low, -0.76, 1e-9)
	near(t, "high", in.High, 0.15, 1e-9)
}

func hundredths(ns ...int) []time.Duration {
	out := make([]time.Duration, len(ns))
	for i, n := range ns {
		out[i] = time.Duration(n) * 10 * time.Millisecond
	}
	slices.Sort(out)
	return out
}

func FuzzNthDifferenceIsTheOneFoundBySorting(f *testing.F) {
	f.Add([]byte{1, 2, 3}, []byte{9, 9})
	f.Add([]byte{0}, []byte{0})
	f.Fuzz(func(t *testing.T, a, b []byte) {
		if len(a) == 0 || len(b) == 0 || len(a)*len(b) > 2000 {
			return
		}
		earlier, later := spansOf(a), spansOf(b)
		var all []time.Duration
		for _, e := range earlier {
			for _, l := range later {
				all = append(all, l-e)
			}
		}
		slices.Sort(all)
		for n, want := range all {
			if got := nthDifference(earlier, later, n); got != want {
				t.Fatalf("difference %d is %d, want %d", n, got, want)
			}
		}
	})
}

func spansOf(bytes []byte) []time.Duration {
	out := make([]time.Duration, len(bytes))
	for i, b := range bytes {
		out[i] = time.Duration(b)
	}
	slices.Sort(out)
	return out
}

func TestADifferenceAmongManyIsFoundAsAmongFew(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(14, 14))
	for _, longest := range []int64{3, 1000, 1 << 50} {
		for _, sizes := range [][2]int{{1, 1}, {5, 40}, {300, 200}, {manyDifferences + 17, manyDifferences}} {
			var samples [2][]time.Duration
			for i, n := range sizes {
				for range n {
					samples[i] = append(samples[i], time.Duration(r.Int64N(longest)*r.Int64N(longest)%longest))
				}
				slices.Sort(samples[i])
			}
			earlier, later := samples[0], samples[1]
			pairs := len(earlier) * len(later)
			for _, n := range []int{0, pairs / 3, pairs / 2, pairs - 1} {
				d := nthDifference(earlier, later, n)
				if upTo, below := differencesUpTo(earlier, later, d), differencesUpTo(earlier, later, d-1); below > n || upTo <= n {
					t.Errorf("%d and %d spans: difference %d is said to be %v, which are those from %d to %d", len(earlier), len(later), n, d, below, upTo-1)
				}
			}
		}
	}
}
