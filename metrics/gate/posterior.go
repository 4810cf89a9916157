package gate

import "math/big"

// sureAboveLimitPPM is how sure we are, in parts per million rounded down, that a service fails more often than 1 in oneIn,
// after so many failures among so many deployments. The prior is Beta(1, 2·oneIn − 1), whose mean is half the limit.
// For whole parameters the tail of the beta distribution is a binomial sum, so the answer is exact:
//
//	P(rate > 1/N) = Σ_{i ≤ failed} C(m, i)·(N−1)^(m−i) / N^m,   m = deployments + 2N − 1.
//
// It is evidence shown beside the meter and never blocks.
func sureAboveLimitPPM(failed, deployments, oneIn int) int64 {
	m := int64(deployments + 2*oneIn - 1)
	limit, other := big.NewInt(int64(oneIn)), big.NewInt(int64(oneIn-1))
	sum, term := new(big.Int), new(big.Int)
	for i := int64(0); i <= int64(failed); i++ {
		term.Binomial(m, i)
		sum.Add(sum, term.Mul(term, new(big.Int).Exp(other, big.NewInt(m-i), nil)))
	}
	sum.Mul(sum, big.NewInt(1_000_000))
	return sum.Quo(sum, limit.Exp(limit, big.NewInt(m), nil)).Int64()
}
