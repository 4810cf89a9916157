package organisation_test

import (
	"math"
	"math/big"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"shiphabit/metrics"
)

// The statistics, written from their definitions in whole numbers and fractions wherever the definition allows it.

const z = 1.959963984540054 // of a two-sided 95%

// near is a number that two right computations may round differently in its last digits, and then by less than 1e-12 of it: what is
// interpolated by ninths, has a root or a power in it, or is put together of seconds and fractions. All others have to be equal to
// the last bit: counts, shares of counts, lengths of single spans, and medians and P75, whose halves and quarters a float holds.
type near float64

// seconds is the exact length, as the nearest number that a float can hold.
func seconds(of *big.Rat) float64 {
	s, _ := new(big.Rat).Quo(of, big.NewRat(int64(time.Second), 1)).Float64()
	return s
}

// quantile interpolates between the order statistics around 1 + (n−1) × percent ÷ 100 (type 7).
func quantile(spans []time.Duration, percent int64) *big.Rat {
	x := slices.Sorted(slices.Values(spans))
	place := int64(len(x)-1) * percent
	below, rest := place/100, place%100
	value := big.NewRat(int64(x[below]), 1)
	if rest > 0 {
		step := big.NewRat(int64(x[below+1]-x[below]), 1)
		value.Add(value, step.Mul(step, big.NewRat(rest, 100)))
	}
	return value
}

// medianRank is the greatest k for which the k-th smallest and the k-th largest of n bound the median with at most 2.5% in each
// tail, at least 1, and the share that they cover.
func medianRank(n int) (k int, coverage float64) {
	all := new(big.Int).Lsh(big.NewInt(1), uint(n))
	tail, term := new(big.Int), big.NewInt(1) // P(fewer than k+1 below the median) × 2ⁿ
	for k = 0; ; k++ {
		more := new(big.Int).Add(tail, term)
		if k > 0 && new(big.Int).Mul(more, big.NewInt(40)).Cmp(all) > 0 {
			break
		}
		tail = more
		term = new(big.Int).Div(new(big.Int).Mul(term, big.NewInt(int64(n-k))), big.NewInt(int64(k+1)))
	}
	outside := new(big.Rat).SetFrac(new(big.Int).Lsh(tail, 1), all)
	coverage, _ = outside.Sub(big.NewRat(1, 1), outside).Float64()
	return k, coverage
}

// medianInterval is the exact interval of a median, nil below five values.
func medianInterval(values []float64) any {
	if len(values) < 5 {
		return nil
	}
	x := slices.Sorted(slices.Values(values))
	k, coverage := medianRank(len(x))
	return object{"low": near(x[k-1]), "high": near(x[len(x)-k]), "coverage": near(coverage)}
}

// wilson are the shares p at which (observed − p)² = z² p (1 − p) ÷ n: the roots of (n + z²) p² − (2c + z²) p + c²/n.
func wilson(count, of int) any {
	n, c := float64(of), float64(count)
	a, b := n+z*z, 2*c+z*z
	high := (b + math.Sqrt(b*b-4*a*c*c/n)) / (2 * a)
	return object{"low": near(c * c / n / a / high), "high": near(high), "coverage": near(0.95)}
}

// lasted is a span that may not have ended.
type lasted struct {
	span time.Duration
	open bool
}

// step is where a survival curve falls.
type step struct {
	at   time.Duration
	left *big.Rat // the share that lasts longer
	// lower and upper are the 95% band of that share, which is all from 0 to 1 once nobody is left.
	lower, upper float64
}

// curve is the Kaplan–Meier curve: the share of each span that has not ended goes in equal parts to those that lasted longer, or
// as long and ended (Efron's redistribution to the right).
func curve(spans []lasted) []step {
	x := slices.Clone(spans)
	slices.SortFunc(x, func(a, b lasted) int {
		switch {
		case a.span != b.span:
			return int(min(1, max(-1, a.span-b.span)))
		case a.open == b.open:
			return 0
		case b.open:
			return -1
		}
		return 1
	})
	var out []step
	left, each := big.NewRat(1, 1), big.NewRat(1, int64(max(1, len(x))))
	greenwood := 0.0
	for i := 0; i < len(x); i++ {
		after := int64(len(x) - i - 1)
		if x[i].open {
			if after > 0 {
				each = new(big.Rat).Mul(each, big.NewRat(after+1, after))
			}
			continue
		}
		ended, atRisk := 1, float64(len(x)-i)
		for ; i+1 < len(x) && !x[i+1].open && x[i+1].span == x[i].span; i++ {
			ended++
		}
		left = new(big.Rat).Sub(left, new(big.Rat).Mul(each, big.NewRat(int64(ended), 1)))
		greenwood += float64(ended) / (atRisk * (atRisk - float64(ended)))
		s := step{at: x[i].span, left: left, upper: 1}
		if share, _ := left.Float64(); left.Sign() > 0 {
			width := z * math.Sqrt(greenwood) / math.Abs(math.Log(share))
			s.lower, s.upper = math.Pow(share, math.Exp(width)), math.Pow(share, math.Exp(-width))
		}
		out = append(out, s)
	}
	return out
}

// firstAt is the first instant at which something holds of the curve, nil when it never does.
func firstAt(steps []step, holds func(step) bool) any {
	for _, s := range steps {
		if holds(s) {
			return s.at.Seconds()
		}
	}
	return nil
}

// A made-up organisation hardly ever has two spans of one length, on which the definitions of a curve and of a rank turn.
func TestStatisticsOfSpansOfWhichManyAreEquallyLongAreThoseOfTheSlowWay(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(8, 8))
	now := time.Date(2026, time.March, 2, 12, 0, 0, 0, time.UTC)
	for range 2000 {
		var spans []lasted
		var tally metrics.Tally
		var ended, all []time.Duration
		for range r.IntN(40) {
			l := lasted{span: time.Duration(1+r.IntN(6)) * time.Hour, open: r.IntN(3) == 0}
			spans, all = append(spans, l), append(all, l.span)
			if l.open {
				tally.Restores.Open = append(tally.Restores.Open, now.Add(-l.span))
			} else {
				ended = append(ended, l.span)
			}
		}
		slices.SortFunc(tally.Restores.Open, time.Time.Compare)
		typical := all[:len(all)*r.IntN(3)/2]
		tally.Restores.Ended, tally.LeadTimes, tally.Typical = metrics.SampleOf(ended...), metrics.SampleOf(all...), metrics.SampleOf(typical...)
		q := metrics.Query{Window: metrics.Window{From: now.AddDate(0, 0, -7), To: now}, AsOf: now}
		got := measured(t, tally, q)
		lengths := make([]float64, len(typical))
		for i, span := range typical {
			lengths[i] = span.Seconds()
		}
		want := object{"time_to_restore": survival(spans), "change_lead_time": duration(all, lengths, len(lengths))}
		if faults := differences("", want, got); len(faults) > 0 {
			t.Fatalf("%v: %s", spans, strings.Join(faults, "\n"))
		}
	}
}
