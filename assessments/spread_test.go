package assessments

import (
	"fmt"
	"math"
	"testing"
)

func of(levels ...int) spread {
	var s spread
	for _, level := range levels {
		s[level-1]++
	}
	return s
}

func TestAgreementIsTastleAndWiermansConsensus(t *testing.T) {
	t.Parallel()
	for _, want := range []struct {
		answers []int
		value   float64
		word    string
	}{
		{[]int{3, 3, 3, 3, 3}, 1.00, Close},
		{[]int{2, 3, 3, 4}, 0.79, Close},
		{[]int{1, 5, 3, 3, 3}, 0.60, Mixed},
		{[]int{4, 4, 4, 1}, 0.48, Mixed}, // one alone splits nobody
		{[]int{1, 2, 3, 4, 5}, 0.43, Split},
		{[]int{1, 1, 5, 5}, 0, Split},
		{[]int{2, 2, 3, 3, 3, 3, 4, 4}, 0.79, Split},          // a quarter on each side
		{[]int{2, 2, 3, 3, 3, 3, 3, 3, 4, 4}, 0.83, Close},    // a fifth is no split
		{[]int{1, 2, 4, 4, 4, 4, 4, 4}, 0.58, Split},          // exactly a quarter, and two
		{[]int{1, 2, 4, 4, 4, 4, 4, 4, 4, 4, 5}, 0.64, Mixed}, // two, but below a quarter
		{[]int{3, 3, 3, 3, 4, 4, 4, 4}, 0.81, Close},          // the middle is no half
		{[]int{1, 4}, 0.32, Mixed},
	} {
		t.Run(fmt.Sprint(want.answers), func(t *testing.T) {
			t.Parallel()
			got := of(want.answers...).agreement()
			if got.Value == nil || math.Abs(*got.Value-want.value) > 0.005 || got.Word != want.word {
				t.Errorf("got %v %q, want %.2f %q", deref(got.Value), got.Word, want.value, want.word)
			}
		})
	}
	if got := of(3).agreement(); got.Value != nil || got.Word != "" {
		t.Errorf("one answer agrees with nobody: %v", got)
	}
}

func TestMedians(t *testing.T) {
	t.Parallel()
	for _, want := range []struct {
		answers      []int
		lower        int
		interpolated float64
	}{
		{[]int{4}, 4, 4},
		{[]int{2, 4}, 2, 3},
		{[]int{1, 1, 5, 5}, 1, 3},
		{[]int{3, 3, 3, 4, 5}, 3, 3.3333}, // 2.5 + 2.5/3
		{[]int{1, 2, 3, 3, 3}, 3, 2.6667}, // 2.5 + 0.5/3
		{[]int{2, 3, 3, 4}, 3, 3},         // 2.5 + (2−1)/2
		{[]int{5, 5, 5, 5, 5}, 5, 5},
	} {
		s := of(want.answers...)
		if lower, interpolated := s.lowerMedian(), s.interpolatedMedian(); *lower != want.lower || math.Abs(*interpolated-want.interpolated) > 1e-4 {
			t.Errorf("%v: lower %d interpolated %.4f, want %d and %.4f", want.answers, *lower, *interpolated, want.lower, want.interpolated)
		}
	}
	var none spread
	if none.lowerMedian() != nil || none.interpolatedMedian() != nil || none.agreement().Value != nil {
		t.Error("no answers have no middle")
	}
}

// Whatever the answers, the figures stay in their ranges and mirror when the scale is turned round.
func TestFiguresOfEverySmallGroup(t *testing.T) {
	t.Parallel()
	var s spread
	var walk func(level, left int)
	walk = func(level, left int) {
		if level == levels-1 {
			s[level] = left
			checkSpread(t, s)
			return
		}
		for n := range left + 1 {
			s[level] = n
			walk(level+1, left-n)
		}
	}
	for n := 1; n <= 8; n++ {
		walk(0, n)
	}
}

func checkSpread(t *testing.T, s spread) {
	t.Helper()
	var turned spread
	for i, n := range s {
		turned[levels-1-i] = n
	}
	middle, mirrored := *s.interpolatedMedian(), *turned.interpolatedMedian()
	if math.Abs(middle+mirrored-6) > 1e-9 || middle < 0.5 || middle > 5.5 || math.Abs(middle-float64(*s.lowerMedian())) > 2 {
		t.Fatalf("%v: interpolated median %v, of the mirror image %v", s, middle, mirrored)
	}
	if a, b := s.agreement(), turned.agreement(); a.Value != nil &&
		(*a.Value < 0 || *a.Value > 1 || math.Abs(*a.Value-*b.Value) > 1e-9 || a.Word != b.Word) {
		t.Fatalf("%v: agreement %v %s, of the mirror image %v %s", s, *a.Value, a.Word, *b.Value, b.Word)
	}
}

func deref(v *float64) any {
	if v == nil {
		return nil
	}
	return *v
}
