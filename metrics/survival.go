package metrics

import (
	"math"
	"slices"
	"time"
)

// curve is a Kaplan–Meier estimate (Kaplan and Meier, 1958): the share of spans not yet ended after each span that ended.
type curve []step

// step is the curve from one ended span to the next. Spread is Greenwood's sum of d ÷ (n·(n−d)); it is infinite once none
// are left.
type step struct {
	at     time.Duration
	share  float64
	spread float64
}

// kaplanMeier makes the curve of ended and still open spans, both sorted. A span that was still open when another ended
// was at risk then; where both have the same length the end comes first.
func kaplanMeier(ended, open []time.Duration) curve {
	var c curve
	share, spread := 1.0, 0.0
	atRisk := len(ended) + len(open)
	for len(ended) > 0 {
		at := ended[0]
		left, _ := slices.BinarySearch(open, at)
		open, atRisk = open[left:], atRisk-left
		d := 1
		for d < len(ended) && ended[d] == at {
			d++
		}
		share *= float64(atRisk-d) / float64(atRisk)
		spread += float64(d) / (float64(atRisk) * float64(atRisk-d))
		ended, atRisk = ended[d:], atRisk-d
		c = append(c, step{at: at, share: share, spread: spread})
	}
	return c
}

// rounding is how far a product of fractions may stray from the share it stands for.
const rounding = 1e-12

// quantile is the smallest span t with S(t) ≤ 1 − q; false when the curve never falls that far.
func (c curve) quantile(q float64) (time.Duration, bool) {
	return c.first(func(s step) bool { return s.share <= 1-q+rounding })
}

// bounds is the interval of the q-quantile after Brookmeyer and Crowley (1982): all t whose share is not significantly
// different from 1 − q, judged on the log(−log) scale, on which the estimate is closest to normal. Either end may not be
// reached.
func (c curve) bounds(q, confidence float64) Bounds {
	z := normalQuantile((1 + confidence) / 2)
	low, lowFound := c.first(func(s step) bool { return s.limit(z) <= 1-q+rounding })
	high, highFound := c.first(func(s step) bool { return s.limit(-z) <= 1-q+rounding })
	var b Bounds
	if lowFound {
		b.Low = new(low.Seconds())
	}
	if highFound {
		b.High = new(high.Seconds())
	}
	return b
}

// limit is the confidence limit of the share: the lower one for z > 0, the upper one for z < 0. At the end of a curve that
// reaches 0 the scale has no value, and the limits are the trivial ones.
func (s step) limit(z float64) float64 {
	if s.share <= 0 {
		if z > 0 {
			return 0
		}
		return 1
	}
	logShare := math.Log(s.share)
	return math.Pow(s.share, math.Exp(z*math.Sqrt(s.spread)/-logShare))
}

func (c curve) first(holds func(step) bool) (time.Duration, bool) {
	for _, s := range c {
		if holds(s) {
			return s.at, true
		}
	}
	return 0, false
}
