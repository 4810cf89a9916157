package gate

import (
	"math/big"
	"sort"
	"sync"
)

// The failure meter is a random walk: down 1 with chance q after a good deployment (not below 0), up k with chance p after
// a failed one, ended at the line H. Let e(d) be the mean number of deployments to the end when the meter stands d points
// below the line. Away from 0 it obeys
//
//	e(d) = 1 + q·e(d+1) + p·e(d−k),   e(d) = 0 for d ≤ 0,
//
// so e(d) = c·A(d) − B(d), with A and B found one after the other from A(1) = 1, B(1) = 0 whatever the line is. At 0,
// where a good deployment changes nothing, p·(e(H) − e(H−k)) = 1, which gives c. With p = a/b and n = b − a the numbers
// A(d)·n^(d−1) and B(d)·n^(d−1) are whole, so one pass over d yields the exact mean for every line up to d.
type walk struct {
	step    int
	a, b, n *big.Int
	lift    *big.Int   // a·n^k
	power   *big.Int   // n^(d−1) at the last d
	alpha   []*big.Int // A(d)·n^(d−1) at index d; index 0 is 0
	beta    []*big.Int // B(d)·n^(d−1)
}

// newWalk starts the recursion for failures that cost step points and occur with chance a/b, 0 < a < b.
func newWalk(step int, a, b *big.Int) *walk {
	n := new(big.Int).Sub(b, a)
	lift := new(big.Int).Exp(n, big.NewInt(int64(step)), nil)
	return &walk{
		step: step, a: a, b: b, n: n, lift: lift.Mul(lift, a), power: big.NewInt(1),
		alpha: []*big.Int{new(big.Int), big.NewInt(1)},
		beta:  []*big.Int{new(big.Int), new(big.Int)},
	}
}

// extend computes A and B one point further from the line.
func (w *walk) extend() {
	last := len(w.alpha) - 1
	alpha := new(big.Int).Mul(w.b, w.alpha[last])
	beta := new(big.Int).Add(w.beta[last], w.power)
	beta.Mul(beta, w.b)
	if back := last - w.step; back > 0 {
		alpha.Sub(alpha, new(big.Int).Mul(w.lift, w.alpha[back]))
		beta.Sub(beta, new(big.Int).Mul(w.lift, w.beta[back]))
	}
	w.alpha = append(w.alpha, alpha)
	w.beta = append(w.beta, beta)
	w.power = new(big.Int).Mul(w.power, w.n)
}

// mean is the exact mean for the line, which must be above the step.
func (w *walk) mean(line int) *big.Rat {
	for len(w.alpha) <= line {
		w.extend()
	}
	// Everything below is multiplied by n^(line−1); scale brings the terms at line−step to it.
	back, scale := line-w.step, new(big.Int).Exp(w.n, big.NewInt(int64(w.step)), nil)
	unit := new(big.Int).Exp(w.n, big.NewInt(int64(line-1)), nil)
	rise := new(big.Int).Sub(w.alpha[line], new(big.Int).Mul(scale, w.alpha[back]))
	fall := new(big.Int).Sub(w.beta[line], new(big.Int).Mul(scale, w.beta[back]))
	c := new(big.Rat).SetFrac(new(big.Int).Mul(w.b, unit), w.a)
	c.Add(c, new(big.Rat).SetInt(fall))
	c.Quo(c, new(big.Rat).SetInt(rise))
	c.Mul(c, new(big.Rat).SetInt(w.alpha[line]))
	c.Sub(c, new(big.Rat).SetInt(w.beta[line]))
	return c.Quo(c, new(big.Rat).SetInt(unit))
}

// RunLength is the exact mean number of deployments until a failure meter blocks, from an empty meter, when a failed one
// costs step points, a good one pays back 1, the line is above the step and a deployment fails with chance p.
// It is nil when p is not above 0: such a meter never blocks.
func RunLength(step, line int, p Fraction) *big.Rat {
	chance := p.Rat()
	switch {
	case chance.Sign() <= 0:
		return nil
	case chance.Cmp(big.NewRat(1, 1)) >= 0: // every deployment fails
		return big.NewRat(int64((line+step-1)/step), 1)
	case line <= step: // the first failure blocks
		return chance.Inv(chance)
	}
	return newWalk(step, chance.Num(), chance.Denom()).mean(line)
}

// Line is the smallest line above the step at which a service of this volume (planned deployments a month) that fails with
// the given rate is stopped at most once in so many years: the exact mean run length is at least 12 · volume · years.
// The rate must lie between 0 and 1.
func Line(step, volume int, years, rate Fraction) int {
	return lineMemo.line(lineOf{step, volume, years, rate})
}

// lineMemo keeps lines that were found: they are exact, dear, and the same few are asked for with every decision. It is the one
// thing here that outlives a call, and nothing that anybody can see depends on it.
var lineMemo memo

// memo is bounded, since a usual rate can be any fraction.
type memo struct {
	mu       sync.Mutex
	lines    map[lineOf]int
	promises map[promiseOf]Promise
}

type promiseOf struct {
	step, line, volume int
	rate               Fraction
}

// promised is what a meter with this line promises to a service of this volume that fails at the rate.
func promised(step, line, volume int, rate Fraction) *Promise {
	of := promiseOf{step, line, volume, rate}
	lineMemo.mu.Lock()
	p, known := lineMemo.promises[of]
	lineMemo.mu.Unlock()
	if known {
		return &p
	}
	mean := RunLength(step, line, rate)
	p = Promise{WrongStopEveryYears: tenthsOf(yearsBetween(mean, volume)), AtRate: rate, MeanDeployments: clampBig(floor(mean))}
	lineMemo.mu.Lock()
	defer lineMemo.mu.Unlock()
	if lineMemo.promises == nil || len(lineMemo.promises) >= keptLines {
		lineMemo.promises = map[promiseOf]Promise{}
	}
	lineMemo.promises[of] = p
	return &p
}

type lineOf struct {
	step, volume int
	years, rate  Fraction
}

const keptLines = 20_000

func (m *memo) line(of lineOf) int {
	m.mu.Lock()
	line, known := m.lines[of]
	m.mu.Unlock()
	if known {
		return line
	}
	line = findLine(of.step, of.volume, of.years, of.rate)
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.lines == nil || len(m.lines) >= keptLines {
		m.lines = map[lineOf]int{}
	}
	m.lines[of] = line
	return line
}

func findLine(step, volume int, years, rate Fraction) int {
	promise := years.Rat()
	promise.Mul(promise, big.NewRat(12*int64(volume), 1))
	chance := rate.Rat()
	w := newWalk(step, chance.Num(), chance.Denom())
	kept := func(line int) bool { return w.mean(line).Cmp(promise) >= 0 }
	high := step + 1
	for !kept(high) {
		high += step
	}
	// A higher line never blocks sooner, so the smallest one that keeps the promise lies among the last few.
	low := max(step+1, high-step+1)
	return low + sort.Search(high-low, func(i int) bool { return kept(low + i) })
}
