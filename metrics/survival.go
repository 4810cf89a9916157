package metrics

import (
	"math"
	"slices"
	"sort"
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
	c := slices.Grow(curve(nil), len(ended))
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
	from := sort.Search(len(c), func(i int) bool { return c[i].share <= 1-q+rounding })
	if from == len(c) {
		return 0, false
	}
	return c[from].at, true
}

// bounds is the interval of the q-quantile after Brookmeyer and Crowley (1982): all t whose share is not significantly
// different from 1 − q, judged on the log(−log) scale, on which the estimate is closest to normal. Either end may not be
// reached.
func (c curve) bounds(q, confidence float64) Bounds {
	z := normalQuantile((1 + confidence) / 2)
	low, lowFound := c.lowerReaches(1-q+rounding, z)
	high, highFound := c.upperReaches(1-q+rounding, z)
	var b Bounds
	if lowFound {
		b.Low = new(low.Seconds())
	}
	if highFound {
		b.High = new(high.Seconds())
	}
	return b
}

// lowerReaches is the first span whose lower limit is at most the level. Many steps before it are passed over together.
func (c curve) lowerReaches(level, z float64) (time.Duration, bool) {
	for at, n := 0, 1; at < len(c); at += n {
		n = min(2*n, len(c)-at)
		for n > 1 && !c[at:at+n].stays(level, z) {
			n /= 2
		}
		if n == 1 && c[at].limit(z) <= level {
			return c[at].at, true
		}
	}
	return 0, false
}

// stays reports that the lower limits of all steps are above the level. The share only falls and the spread only grows, so that the
// two ends bound the limits of what lies between.
func (c curve) stays(level, z float64) bool {
	first, last := c[0], c[len(c)-1]
	lowest := math.Log(last.share) * math.Exp(z*math.Sqrt(last.spread)/-math.Log(first.share))
	return lowest > math.Log(level)+rounding // false for a curve that has reached 0, of which the scale knows nothing
}

// upperReaches is the first span whose upper limit is at most the level: not before the share is, below which no upper limit lies.
func (c curve) upperReaches(level, z float64) (time.Duration, bool) {
	from := sort.Search(len(c), func(i int) bool { return c[i].share <= level })
	return c[from:].first(func(s step) bool { return s.limit(-z) <= level })
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
