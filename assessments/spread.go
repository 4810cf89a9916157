package assessments

import "math"

// spread is how many scored answers lie on each level; index 0 is level 1.
type spread [levels]int

func spreadOf(q Question, counts map[string]int) spread {
	var s spread
	for _, o := range q.Options {
		if o.Level >= 1 && o.Level <= levels {
			s[o.Level-1] += counts[o.ID]
		}
	}
	return s
}

// n is the number of scored answers.
func (s spread) n() int { return s.between(1, levels) }

// between counts the answers from one level to another, both included.
func (s spread) between(low, high int) int {
	total := 0
	for _, count := range s[low-1 : high] {
		total += count
	}
	return total
}

// at is the level of the i-th answer in ascending order, i from 0.
func (s spread) at(i int) int {
	for level := 1; level < levels; level++ {
		if i < s.between(1, level) {
			return level
		}
	}
	return levels
}

// lowerMedian is the middle answer, the lower of the two middle ones when their number is even; nil without answers.
func (s spread) lowerMedian() *int {
	if s.n() == 0 {
		return nil
	}
	level := s.at((s.n() - 1) / 2)
	return &level
}

// interpolatedMedian takes the answers on the median level as spread evenly over its width, from half a level below to half
// a level above it. Where the two middle answers differ it lies half way between them.
func (s spread) interpolatedMedian() *float64 {
	n := s.n()
	if n == 0 {
		return nil
	}
	low, high := s.at((n-1)/2), s.at(n/2)
	if low != high {
		return new(float64(low+high) / 2)
	}
	below := float64(n)/2 - float64(s.between(1, low)-s[low-1])
	return new(float64(low) - 0.5 + below/float64(s[low-1]))
}

// agreement is Tastle and Wierman's consensus, 1 + Σ p·log₂(1 − |k − μ|/(K − 1)): 1 when all choose the same, 0 when half
// choose each end. It is split, whatever the value, when at least two answers and a quarter of them lie at levels 1 and 2 and
// as many at 4 and 5.
func (s spread) agreement() Agreement {
	n := s.n()
	if n < 2 {
		return Agreement{}
	}
	mean := 0.0
	for i, count := range s {
		mean += float64((i+1)*count) / float64(n)
	}
	value := 1.0
	for i, count := range s {
		if count > 0 {
			distance := math.Abs(float64(i+1)-mean) / (levels - 1)
			value += float64(count) / float64(n) * math.Log2(1-distance)
		}
	}
	value = math.Min(1, math.Max(0, value))
	return Agreement{Value: &value, Word: s.word(value)}
}

// closeFrom is the consensus from which answers are called close.
const closeFrom = 0.75

func (s spread) word(consensus float64) string {
	smaller := min(s.between(1, 2), s.between(favourableFrom, levels))
	switch {
	case smaller >= 2 && 4*smaller >= s.n():
		return Split
	case consensus >= closeFrom:
		return Close
	}
	return Mixed
}
