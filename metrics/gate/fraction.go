package gate

import (
	"fmt"
	"math/big"
	"strconv"
	"strings"
)

// MarshalText writes "1/12", or "2" when the denominator is 1.
func (f Fraction) MarshalText() ([]byte, error) { return []byte(f.String()), nil }

// UnmarshalText reads what MarshalText wrote.
func (f *Fraction) UnmarshalText(text []byte) error {
	num, den, divided := strings.Cut(string(text), "/")
	if !divided {
		den = "1"
	}
	n, errNum := strconv.ParseInt(num, 10, 64)
	d, errDen := strconv.ParseInt(den, 10, 64)
	if errNum != nil || errDen != nil || d <= 0 {
		return fmt.Errorf("%q is no fraction; write it as \"1/12\" or \"2\"", text)
	}
	*f = Fraction{Num: n, Den: d}
	return nil
}

// String is "1/12", or "2" when the denominator is 1.
func (f Fraction) String() string {
	if f.Den == 1 {
		return strconv.FormatInt(f.Num, 10)
	}
	return strconv.FormatInt(f.Num, 10) + "/" + strconv.FormatInt(f.Den, 10)
}

// Rat is the fraction as a big rational; the denominator must not be 0.
func (f Fraction) Rat() *big.Rat { return big.NewRat(f.Num, f.Den) }

// decimal is the fraction with at most one digit after the point, rounded down: "2.5", "3".
func (f Fraction) decimal() string { return tenths(f.Rat()) }

// tenths writes a non-negative rational with at most one digit after the point, rounded down.
func tenths(r *big.Rat) string {
	n := floor(new(big.Rat).Mul(r, big.NewRat(10, 1)))
	whole, digit := new(big.Int).QuoRem(n, big.NewInt(10), new(big.Int))
	if digit.Sign() == 0 {
		return whole.String()
	}
	return whole.String() + "." + digit.String()
}

// floor is the largest whole number not above a non-negative rational.
func floor(r *big.Rat) *big.Int { return new(big.Int).Quo(r.Num(), r.Denom()) }
