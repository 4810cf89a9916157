package metrics

import (
	"math"
	"math/big"
	"testing"
)

func near(t *testing.T, what string, got, want, tolerance float64) {
	t.Helper()
	if math.IsNaN(got) || math.Abs(got-want) > tolerance {
		t.Errorf("%s is %v, want %v", what, got, want)
	}
}

// The limits are those printed for method 3 in table I of Newcombe, "Two-sided confidence intervals for the single proportion:
// comparison of seven methods", Statistics in Medicine 17 (1998).
func TestWilsonGivesThePublishedLimits(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		count, of int
		low, high float64
	}{
		{81, 263, 0.2553, 0.3662},
		{15, 148, 0.0624, 0.1605},
		{0, 20, 0, 0.1611},
		{1, 29, 0.0061, 0.1718},
	} {
		in := Wilson(c.count, c.of, 0.95)
		near(t, "low", in.Low, c.low, 5e-5)
		near(t, "high", in.High, c.high, 5e-5)
	}
}

func TestWilsonOfNothingKnowsNothing(t *testing.T) {
	t.Parallel()
	if got := Wilson(0, 0, 0.95); got != (Interval{Low: 0, High: 1, Coverage: 0.95}) {
		t.Errorf("got %+v", got)
	}
}

// A limit p of the score interval solves |x/n − p| = z·√(p(1−p)/n): the definition, independent of the closed form.
func TestWilsonLimitsSolveTheScoreEquation(t *testing.T) {
	t.Parallel()
	z := normalQuantile(0.975)
	near(t, "z", z, 1.959963984540054, 1e-12)
	for n := 1; n <= 60; n++ {
		for x := range n + 1 {
			share := float64(x) / float64(n)
			in := Wilson(x, n, 0.95)
			if in.Low < 0 || in.High > 1 || in.Low > share || in.High < share {
				t.Fatalf("%d of %d: %+v does not hold the share or leaves [0,1]", x, n, in)
			}
			for _, p := range []float64{in.Low, in.High} {
				near(t, "distance", math.Abs(share-p), z*math.Sqrt(p*(1-p)/float64(n)), 1e-9)
			}
		}
	}
}

// The limits are those printed for method 10 in table II of Newcombe, "Interval estimation for the difference between
// independent proportions: comparison of eleven methods", Statistics in Medicine 17 (1998).
func TestNewcombeGivesThePublishedLimits(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		count1, of1, count2, of2 int
		low, high                float64
	}{
		{56, 70, 48, 80, 0.0524, 0.3339},
		{9, 10, 3, 10, 0.1705, 0.8090},
		{6, 7, 2, 7, 0.0582, 0.8062},
		{5, 56, 0, 29, -0.0381, 0.1926},
		{0, 10, 0, 20, -0.1611, 0.2775},
		{0, 10, 0, 10, -0.2775, 0.2775},
		{10, 10, 0, 20, 0.6791, 1.0000},
		{10, 10, 0, 10, 0.6075, 1.0000},
	} {
		in := newcombe(c.count1, c.of1, c.count2, c.of2, 0.95)
		near(t, "low", in.Low, c.low, 5e-5)
		near(t, "high", in.High, c.high, 5e-5)
	}
}

// The expected ranks come from the binomial distribution in whole numbers: the largest r with P(X ≤ r−1) ≤ 0.025.
func TestMedianRankIsTheExactBinomialOne(t *testing.T) {
	t.Parallel()
	for n := 6; n <= 300; n++ {
		all := new(big.Int).Lsh(big.NewInt(1), uint(n))
		tail, rank := new(big.Int), 0
		for {
			next := new(big.Int).Add(tail, new(big.Int).Binomial(int64(n), int64(rank)))
			if new(big.Int).Mul(next, big.NewInt(40)).Cmp(all) > 0 {
				break
			}
			tail, rank = next, rank+1
		}
		left, _ := new(big.Rat).SetFrac(new(big.Int).Mul(tail, big.NewInt(2)), all).Float64()
		got, coverage, ok := medianRank(n)
		if !ok || got != rank {
			t.Fatalf("n = %d: rank %d, want %d", n, got, rank)
		}
		near(t, "coverage", coverage, 1-left, 1e-9)
	}
}

func TestMedianRankAtTheEnds(t *testing.T) {
	t.Parallel()
	if _, _, ok := medianRank(4); ok {
		t.Error("four values have an interval, although min to max covers only 87.5%")
	}
	if rank, coverage, ok := medianRank(5); !ok || rank != 1 || coverage != 0.9375 {
		t.Errorf("five values: rank %d, coverage %v, %v", rank, coverage, ok)
	}
	rank, coverage, _ := medianRank(1_000_000)
	// Normal approximation: 500,000 − 1.96 × 500 + ½ = 499,020.5, of which the whole part.
	if rank != 499_020 {
		t.Errorf("a million values: rank %d", rank)
	}
	near(t, "coverage", coverage, 0.95, 3e-4) // one step of the distribution there is 0.00023
}
