package metrics

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// BenchmarkShift compares the typical rollouts of two years of ten million deployments in five.
func BenchmarkShift(b *testing.B) {
	r := rand.New(rand.NewPCG(15, 15))
	samples := [2][]time.Duration{make([]time.Duration, 2_000_000), make([]time.Duration, 2_000_000)}
	for _, spans := range samples {
		for i := range spans {
			spans[i] = time.Duration(r.ExpFloat64()*30*3600*1000) * time.Millisecond
		}
		slices.Sort(spans)
	}
	for b.Loop() {
		shift(samples[0], samples[1])
	}
}
