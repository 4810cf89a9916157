package metrics

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// Remission times in weeks of children with leukaemia: Freireich et al., Blood 21 (1963), as reprinted in every textbook of
// survival analysis.
func treated() (ended, open []time.Duration) {
	return weeks(6, 6, 6, 7, 10, 13, 16, 22, 23), weeks(6, 9, 10, 11, 17, 19, 20, 25, 32, 32, 34, 35)
}

func placebo() []time.Duration {
	return weeks(1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23)
}

func weeks(ns ...int) []time.Duration {
	out := make([]time.Duration, len(ns))
	for i, n := range ns {
		out[i] = time.Duration(n) * time.Second
	}
	return out
}

// The steps are those of table 2.2 in Kleinbaum and Klein, "Survival Analysis".
func TestKaplanMeierGivesThePublishedCurve(t *testing.T) {
	t.Parallel()
	c := kaplanMeier(treated())
	want := []struct {
		at    int
		share float64
	}{{6, 0.8571}, {7, 0.8067}, {10, 0.7529}, {13, 0.6902}, {16, 0.6275}, {22, 0.5378}, {23, 0.4482}}
	if len(c) != len(want) {
		t.Fatalf("%d steps, want %d", len(c), len(want))
	}
	for i, w := range want {
		if c[i].at != time.Duration(w.at)*time.Second {
			t.Errorf("step %d at %v, want %d", i, c[i].at, w.at)
		}
		near(t, "share", c[i].share, w.share, 5e-5)
	}
}

// The published medians are 23 and 8 weeks. The log-log intervals, 13 to not reached and 4 to 11, are what the common
// statistics packages print for these data.
func TestSurvivalQuantilesOfThePublishedData(t *testing.T) {
	t.Parallel()
	c := kaplanMeier(treated())
	if m, ok := c.quantile(0.5); !ok || m != 23*time.Second {
		t.Errorf("treated: median %v %v", m, ok)
	}
	if _, ok := c.quantile(0.9); ok {
		t.Error("treated: the ninth decile is reached, although the curve ends at 0.448")
	}
	b := c.bounds(0.5, 0.95)
	if b.Low == nil || *b.Low != 13 || b.High != nil {
		t.Errorf("treated: interval %+v", b)
	}
	c = kaplanMeier(placebo(), nil)
	if m, ok := c.quantile(0.5); !ok || m != 8*time.Second {
		t.Errorf("placebo: median %v %v", m, ok)
	}
	b = c.bounds(0.5, 0.95)
	if b.Low == nil || b.High == nil || *b.Low != 4 || *b.High != 11 {
		t.Errorf("placebo: interval %v to %v", *b.Low, *b.High)
	}
}

// Without censoring the curve is the empirical one, so that its quantile is the smallest value with at least that share at or
// below it.
func TestWithoutCensoringTheQuantileIsTheEmpiricalOne(t *testing.T) {
	t.Parallel()
	for n := 1; n <= 200; n++ {
		var spans []time.Duration
		for i := range n {
			spans = append(spans, time.Duration(i+1))
		}
		c := kaplanMeier(spans, nil)
		for _, percent := range []int{50, 90} {
			want := (n*percent + 99) / 100
			if got, ok := c.quantile(float64(percent) / 100); !ok || int(got) != want {
				t.Fatalf("n = %d: the %d%% quantile is %d, want %d", n, percent, got, want)
			}
		}
	}
}

func TestASpanStillOpenWhenAnotherEndsIsAtRiskThen(t *testing.T) {
	t.Parallel()
	c := kaplanMeier(weeks(5), weeks(5))
	near(t, "share", c[0].share, 0.5, 0)
	c = kaplanMeier(weeks(5), weeks(4))
	near(t, "share", c[0].share, 0, 0)
	if kaplanMeier(nil, weeks(1, 2)) != nil {
		t.Error("a curve without an ended span has a step")
	}
	if b := kaplanMeier(weeks(3, 3, 3, 3, 3), nil).bounds(0.5, 0.95); b.Low == nil || *b.Low != 3 || b.High != nil {
		t.Errorf("all at once: %+v", b)
	}
}

// The bounds are found by passing over steps; looking at each of them must give the same.
func TestNoStepOfACurveIsPassedOverWrongly(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(11, 11))
	z := normalQuantile((1 + ninetyFive) / 2)
	for range 400 {
		var ended, open []time.Duration
		longest := 1 + r.Int64N(3000)
		for range 1 + r.IntN(1500) {
			if d := time.Duration(r.Int64N(longest)) * time.Second; r.IntN(1+r.IntN(20)) == 0 {
				open = append(open, d)
			} else {
				ended = append(ended, d)
			}
		}
		slices.Sort(ended)
		slices.Sort(open)
		c := kaplanMeier(ended, open)
		for _, level := range []float64{0.9, 0.5, 0.1} {
			low, lowFound := c.lowerReaches(level, z)
			high, highFound := c.upperReaches(level, z)
			wantLow, wantLowFound := c.first(func(s step) bool { return s.limit(z) <= level })
			wantHigh, wantHighFound := c.first(func(s step) bool { return s.limit(-z) <= level })
			if low != wantLow || lowFound != wantLowFound || high != wantHigh || highFound != wantHighFound {
				t.Fatalf("%d ended, %d open, level %v: %v %v to %v %v, looking at each %v %v to %v %v", len(ended), len(open), level,
					low, lowFound, high, highFound, wantLow, wantLowFound, wantHigh, wantHighFound)
			}
		}
	}
}
