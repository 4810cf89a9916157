package gate

import "math/big"

// exactShare is the Clopper–Pearson interval of k of n in parts per million: the shares at which k or more, and k or fewer, have a chance
// of 2.5 %. Of nothing, nothing is known.
func exactShare(k, n int) (low, high int64) {
	const whole = 1_000_000
	low, high = 0, whole
	if n == 0 {
		return low, high
	}
	if k > 0 {
		low = lastPPM(func(ppm int64) bool { return tail(n, k, ppm, true) }) // grows with the share
	}
	if k < n {
		high = lastPPM(func(ppm int64) bool { return !tail(n, k, ppm, false) }) + 1
	}
	return low, high
}

// lastPPM is the largest share for which something holds that holds below it and not above.
func lastPPM(holds func(ppm int64) bool) int64 {
	low, high := int64(0), int64(1_000_000)
	for low+1 < high {
		if mid := (low + high) / 2; holds(mid) {
			low = mid
		} else {
			high = mid
		}
	}
	return low
}

// tail reports whether at a share the chance of k or more among n (or of k or fewer) is at most 2.5 %.
func tail(n, k int, ppm int64, more bool) bool {
	with, without := ppm, int64(1_000_000)-ppm
	if more { // k or more of one kind are n − k or fewer of the other
		with, without, k = without, with, n-k
	}
	// Σ_{i≤k} C(n,i)·aⁱ·bⁿ⁻ⁱ = bⁿ⁻ᵏ · Σ_{i≤k} C(n,i)·aⁱ·bᵏ⁻ⁱ, summed so that every step is by a small number.
	a, b := big.NewInt(with), big.NewInt(without)
	sum, term := big.NewInt(1), big.NewInt(1)
	for i := 1; i <= k; i++ {
		term.Mul(term, a)
		term.Mul(term, big.NewInt(int64(n-i+1)))
		term.Quo(term, big.NewInt(int64(i)))
		sum.Mul(sum, b)
		sum.Add(sum, term)
	}
	sum.Mul(sum, new(big.Int).Exp(b, big.NewInt(int64(n-k)), nil))
	whole := new(big.Int).Exp(big.NewInt(1_000_000), big.NewInt(int64(n)), nil)
	return sum.Mul(sum, big.NewInt(40)).Cmp(whole) <= 0
}

// BreaksPromise reports whether so many wrong stops in so many service-years are more than a promise of one in so many years explains: the
// exact Poisson test with a chance of at most 5 %. It is computed with fractions alone.
// One wrong stop is no pattern, however short the time in which it came.
func BreaksPromise(stops int, observed *big.Rat, promised Fraction) bool {
	if stops <= 1 || observed.Sign() <= 0 {
		return false
	}
	mean := new(big.Rat).Quo(observed, promised.Rat())
	// P(X ≥ stops) ≤ 5 % means Σ_{i<stops} λ^i/i! ≥ 95 % of e^λ, and e^λ lies between a partial sum of its series and that sum with a
	// geometric bound on what is left.
	below, sum, term := new(big.Rat), big.NewRat(1, 1), big.NewRat(1, 1)
	below.Add(below, term)
	limit := big.NewRat(95, 100)
	for i := int64(1); ; i++ {
		term.Mul(term, mean)
		term.Quo(term, big.NewRat(i, 1))
		sum.Add(sum, term)
		if i < int64(stops) {
			below.Add(below, term)
			continue
		}
		if new(big.Rat).Mul(limit, sum).Cmp(below) > 0 {
			return false
		}
		ratio := new(big.Rat).Quo(mean, big.NewRat(i+2, 1))
		if ratio.Cmp(big.NewRat(1, 2)) >= 0 {
			continue
		}
		rest := new(big.Rat).Mul(term, mean)
		rest.Quo(rest, big.NewRat(i+1, 1)) // the next term; twice of it bounds all that follow
		upper := new(big.Rat).Add(sum, rest.Mul(rest, big.NewRat(2, 1)))
		if upper.Mul(upper, limit).Cmp(below) <= 0 {
			return true
		}
	}
}

// mostExpected is, in thousandths, the smallest mean at which so few events or fewer have a chance of at most 5 %: no more than that is to be
// expected where so few were seen, with 95 % certainty. 2,996 for none: e^−2.996 is 5 %.
func mostExpected(events int) int64 {
	low, high := int64(1000*events), int64(1000*events+4000)
	for !seldomSoFew(events, high) {
		low, high = high, high+high/2
	}
	for low+1 < high {
		if mid := (low + high) / 2; seldomSoFew(events, mid) {
			high = mid
		} else {
			low = mid
		}
	}
	return high
}

// seldomSoFew reports whether at a mean in thousandths so few events or fewer have a chance of at most 5 %: nineteen times the terms λⁱ/i! up
// to them are no more than those after them. The terms are whole numbers of 2⁻²⁵⁶, cut off; what that loses is far below what a
// thousandth of the mean moves.
func seldomSoFew(events int, thousandths int64) bool {
	few, more := new(big.Int), new(big.Int)
	mean, term := big.NewInt(thousandths), new(big.Int).Lsh(big.NewInt(1), 256)
	for i := int64(0); term.Sign() > 0; i++ {
		if i <= int64(events) {
			few.Add(few, term)
		} else {
			more.Add(more, term)
		}
		term.Mul(term, mean)
		term.Quo(term, big.NewInt(1000*(i+1)))
	}
	return few.Mul(few, big.NewInt(19)).Cmp(more) <= 0
}
