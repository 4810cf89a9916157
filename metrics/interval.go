package metrics

import "math"

// ninetyFive is the nominal coverage of every interval here; exact methods state what they really reach.
const ninetyFive = 0.95

// Wilson is the score interval of a share count ÷ of (Wilson, 1927), without continuity correction. It stays inside [0,1]
// and holds its coverage at small n and at shares near 0 and 1, where the textbook interval fails. Of nothing, nothing is
// known: [0,1]. Count lies in [0, of]; confidence is the nominal coverage in (0,1), 0.95 in every figure.
func Wilson(count, of int, confidence float64) Interval {
	if of <= 0 {
		return Interval{Low: 0, High: 1, Coverage: confidence}
	}
	z := normalQuantile((1 + confidence) / 2)
	n, p := float64(of), float64(count)/float64(of)
	centre := (p + z*z/(2*n)) / (1 + z*z/n)
	half := z / (1 + z*z/n) * math.Sqrt(p*(1-p)/n+z*z/(4*n*n))
	in := Interval{Low: max(0, centre-half), High: min(1, centre+half), Coverage: confidence}
	// At the ends the formula gives the end itself, but for the last bit.
	if count <= 0 {
		in.Low = 0
	}
	if count >= of {
		in.High = 1
	}
	return in
}

// newcombe is the interval of a difference of two independent shares, first minus second: the hybrid score method, number 10
// in Newcombe, "Interval estimation for the difference between independent proportions" (1998).
func newcombe(count1, of1, count2, of2 int, confidence float64) Interval {
	p1, p2 := float64(count1)/float64(of1), float64(count2)/float64(of2)
	w1, w2 := Wilson(count1, of1, confidence), Wilson(count2, of2, confidence)
	return Interval{
		Low:      p1 - p2 - math.Hypot(p1-w1.Low, w2.High-p2),
		High:     p1 - p2 + math.Hypot(w1.High-p1, p2-w2.Low),
		Coverage: confidence,
	}
}

// medianRank is the rank r for which the r-th smallest and the r-th largest of n values bound the median: the largest with at
// most 2.5% of Binomial(n, ½) in each tail. Coverage is what the pair truly reaches whatever the distribution. Five values
// cannot reach 95%; their smallest and largest are given as the 93.75% they are. Below five there is no interval.
func medianRank(n int) (rank int, coverage float64, ok bool) {
	if n < 5 {
		return 0, 0, false
	}
	if n == 5 {
		return 1, 1 - 2*math.Pow(0.5, 5), true
	}
	// Terms more than six standard deviations (√n ÷ 2) times two below the mean are too small to change the sum.
	k := max(0, int(float64(n)/2-6*math.Sqrt(float64(n))))
	term := math.Exp(logChoose(n, k) - float64(n)*math.Ln2)
	tail := 0.0
	for ; tail+term <= (1-ninetyFive)/2; k++ {
		tail += term
		term *= float64(n-k) / float64(k+1)
	}
	return k, 1 - 2*tail, true
}

// medianInterval is the order-statistic interval of the sample's median, in seconds; nil below five spans.
func (s Sample) medianInterval() *Interval {
	n := s.Len()
	rank, coverage, ok := medianRank(n)
	if !ok {
		return nil
	}
	return &Interval{Low: s.at(rank - 1).Seconds(), High: s.at(n - rank).Seconds(), Coverage: coverage}
}

// medianInterval is the order-statistic interval of the median of sorted values; nil below five values.
func medianInterval[T ~int | ~int64](sorted []T, unit float64) *Interval {
	rank, coverage, ok := medianRank(len(sorted))
	if !ok {
		return nil
	}
	return &Interval{
		Low:      float64(sorted[rank-1]) / unit,
		High:     float64(sorted[len(sorted)-rank]) / unit,
		Coverage: coverage,
	}
}

func logChoose(n, k int) float64 {
	a, _ := math.Lgamma(float64(n + 1))
	b, _ := math.Lgamma(float64(k + 1))
	c, _ := math.Lgamma(float64(n - k + 1))
	return a - b - c
}

// normalQuantile is the p-quantile of the standard normal distribution.
func normalQuantile(p float64) float64 { return math.Sqrt2 * math.Erfinv(2*p-1) }
