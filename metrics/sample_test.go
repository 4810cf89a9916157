package metrics

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// stretchesOf cuts spans into sorted stretches, some of them in their stored form.
func stretchesOf(t *testing.T, rng *rand.Rand, spans []time.Duration, parts int) Sample {
	t.Helper()
	var s Sample
	for i := range parts {
		from, to := i*len(spans)/parts, (i+1)*len(spans)/parts
		part := slices.Sorted(slices.Values(spans[from:to]))
		if rng.IntN(3) == 0 {
			s = s.merge(SampleOf(part...))
			continue
		}
		c, err := readSpans(appendSpans(nil, part))
		if err != nil {
			t.Fatal(err)
		}
		s = s.merge(Sample{stretches: []stretch{{coded: c}}})
	}
	return s
}

func randomSpans(rng *rand.Rand, n int, unit time.Duration) []time.Duration {
	spans := make([]time.Duration, n)
	for i := range spans {
		spans[i] = time.Duration(rng.Int64N(1<<(1+rng.IntN(30)))) * unit // many short ones, many alike
	}
	return spans
}

func TestASampleHasTheSameRanksHoweverItIsStored(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(1, 1))
	for _, n := range []int{1, 2, 5, 127, 128, 129, 1000, 40_000} {
		for _, parts := range []int{1, 2, 7, 60} {
			if parts > n {
				continue
			}
			unit := []time.Duration{time.Millisecond, usualTick, finestTick}[rng.IntN(3)]
			spans := randomSpans(rng, n, unit)
			s := stretchesOf(t, rng, spans, parts)
			slices.Sort(spans)
			if !slices.Equal(s.Sorted(), spans) {
				t.Fatalf("%d in %d parts: the spans differ", n, parts)
			}
			for _, r := range []Sample{s, s.ready()} {
				for _, i := range []int{0, n / 3, n / 2, n - 1, rng.IntN(n)} {
					if r.search(i) != spans[i] || r.at(i) != spans[i] {
						t.Fatalf("%d in %d parts: rank %d is %v and %v, want %v", n, parts, i, r.search(i), r.at(i), spans[i])
					}
				}
				for _, q := range []float64{0, 0.5, 0.75, 0.9, 0.95, 1} {
					if got, want := r.quantile(q), quantile(spans, q); got != want {
						t.Fatalf("%d in %d parts: quantile %v is %v, want %v", n, parts, q, got, want)
					}
				}
			}
		}
	}
}

func TestALookUpAcrossManyStretchesNeedsNoOrder(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(2, 1))
	spans := randomSpans(rng, 3*manySpans, time.Millisecond)
	s := stretchesOf(t, rng, spans, 40)
	if len(s.ready().stretches) != 40 {
		t.Fatal("a large sample is put in order, which this test is not about")
	}
	slices.Sort(spans)
	for range 200 {
		if i := rng.IntN(len(spans)); s.at(i) != spans[i] {
			t.Fatalf("rank %d is %v, want %v", i, s.at(i), spans[i])
		}
	}
}

func TestMergingSamplesChangesNeither(t *testing.T) {
	t.Parallel()
	a, b := SampleOf(3, 1), SampleOf(2)
	m := a.merge(b)
	_ = a.merge(SampleOf(9))
	if !slices.Equal(m.Sorted(), []time.Duration{1, 2, 3}) || a.Len() != 2 || b.Len() != 1 {
		t.Errorf("got %v of %v and %v", m.Sorted(), a.Sorted(), b.Sorted())
	}
}

func FuzzStoredSpansAreReadOrRefused(f *testing.F) {
	f.Add(appendSpans(nil, []time.Duration{1, 2, 3}))
	f.Add(appendSpans(nil, make([]time.Duration, 300)))
	f.Fuzz(func(_ *testing.T, text []byte) {
		c, err := readSpans(text)
		if err != nil || c.n > 1<<16 {
			return
		}
		s := Sample{stretches: []stretch{{coded: c}}}
		if n := s.Len(); n > 0 {
			s.at(n - 1)
			s.search(n / 2)
			s.Sorted()
		}
	})
}

func TestManySpansAreSortedAsFewAre(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(12, 12))
	for _, longest := range []int64{1, 1000, 1 << 40, math.MaxInt64 / 2} {
		for _, n := range []int{0, 1, manyToSort - 1, manyToSort, 3*manyToSort + 7} {
			spans := make([]time.Duration, n)
			for i := range spans {
				spans[i] = time.Duration(r.Int64N(longest) - longest/2)
			}
			want := slices.Sorted(slices.Values(spans))
			if sortSpans(spans); !slices.Equal(spans, want) {
				t.Errorf("%d spans up to %d are not in order", n, longest)
			}
		}
	}
}
