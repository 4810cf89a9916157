package metrics

import (
	"cmp"
	"encoding/json"
	"slices"
	"time"
)

// Sample is a multiset of spans of time, exact however it is split and merged. It is kept as sorted stretches, one for each tally that
// was merged into it, so that merging moves no span; a quantile is looked up across them, and of a stored one only the few
// blocks are decoded in which it can lie. The zero Sample is empty. A sample is not changed once it is part of a tally.
type Sample struct {
	stretches []stretch
}

// stretch is a sorted part of a sample: spans at hand, or in their stored form.
type stretch struct {
	spans []time.Duration
	coded coded
}

func (r stretch) len() int { return len(r.spans) + r.coded.n }

// SampleOf is the sample of spans in any order.
func SampleOf(spans ...time.Duration) Sample {
	var s Sample
	s.add(spans...)
	s.sort()
	return s
}

// Len is the number of spans.
func (s Sample) Len() int {
	n := 0
	for _, r := range s.stretches {
		n += r.len()
	}
	return n
}

// IsZero reports that there is no span.
func (s Sample) IsZero() bool { return s.Len() == 0 }

// add takes spans in while the sample is being made; sort ends that.
func (s *Sample) add(spans ...time.Duration) {
	if len(spans) == 0 {
		return
	}
	if len(s.stretches) == 0 {
		s.stretches = []stretch{{}}
	}
	s.stretches[0].spans = append(s.stretches[0].spans, spans...)
}

func (s *Sample) sort() {
	if len(s.stretches) > 0 {
		slices.Sort(s.stretches[0].spans)
	}
}

// merge is both samples together.
func (s Sample) merge(o Sample) Sample {
	switch {
	case len(o.stretches) == 0:
		return s
	case len(s.stretches) == 0:
		return o
	}
	return Sample{stretches: append(s.stretches[:len(s.stretches):len(s.stretches)], o.stretches...)}
}

// gather takes the stretches of another sample in, in place.
func (s *Sample) gather(o Sample) { s.stretches = append(s.stretches, o.stretches...) }

// Sorted are all spans, the shortest first. The caller must not change them.
func (s Sample) Sorted() []time.Duration {
	if len(s.stretches) == 1 && s.stretches[0].coded.n == 0 {
		return s.stretches[0].spans
	}
	all := make([]time.Duration, 0, s.Len())
	for _, r := range s.stretches {
		all = r.appendTo(all)
	}
	if len(s.stretches) > 1 {
		sortSpans(all)
	}
	return all
}

const (
	// manyToSort is from where on sorting by digits is faster than by comparing.
	manyToSort = 1 << 11
	digitBits  = 11
)

// sortSpans sorts spans. Many of them are sorted digit by digit, from the last one: each pass keeps the order of the one before.
func sortSpans(spans []time.Duration) {
	if len(spans) < manyToSort {
		slices.Sort(spans)
		return
	}
	least, longest := slices.Min(spans), slices.Max(spans)
	from, to := spans, make([]time.Duration, len(spans))
	for shift := 0; (longest-least)>>shift > 0; shift += digitBits {
		var places [1 << digitBits]int
		digit := func(d time.Duration) int { return int((d-least)>>shift) & (1<<digitBits - 1) }
		for _, d := range from {
			places[digit(d)]++
		}
		next := 0
		for i, n := range places {
			places[i], next = next, next+n
		}
		for _, d := range from {
			place := &places[digit(d)]
			to[*place] = d
			*place++
		}
		from, to = to, from
	}
	copy(spans, from)
}

func (r stretch) appendTo(all []time.Duration) []time.Duration {
	return r.coded.appendTo(append(all, r.spans...))
}

// MarshalJSON writes the spans in order, in nanoseconds: the same bytes however the sample was put together.
func (s Sample) MarshalJSON() ([]byte, error) { return json.Marshal(s.Sorted()) }

// UnmarshalJSON reads what MarshalJSON wrote.
func (s *Sample) UnmarshalJSON(text []byte) error {
	var spans []time.Duration
	if err := json.Unmarshal(text, &spans); err != nil {
		return err
	}
	*s = SampleOf(spans...)
	return nil
}

// manySpans is from where on looking a rank up across them costs less than putting them in order once.
const manySpans = 1 << 15

// ready is the sample in the form in which its quantiles cost least: many short stretches are put in order once.
func (s Sample) ready() Sample {
	n := s.Len()
	if len(s.stretches) <= 1 || n >= manySpans && n/len(s.stretches) >= blockSpans {
		return s
	}
	return Sample{stretches: []stretch{{spans: s.Sorted()}}}
}

// at is the i-th shortest span, counted from 0.
func (s Sample) at(i int) time.Duration {
	if len(s.stretches) == 1 {
		return s.stretches[0].at(i)
	}
	return s.search(i)
}

func (r stretch) at(i int) time.Duration {
	if r.coded.n > 0 {
		return r.coded.at(i)
	}
	return r.spans[i]
}

// quantile is the q-quantile, interpolated as the function of that name does; the sample must not be empty.
func (s Sample) quantile(q float64) float64 {
	below, share := rankOf(s.Len(), q)
	low := s.at(below)
	if share == 0 {
		return float64(low)
	}
	return mixed(low, s.at(below+1), share)
}

// search finds the i-th shortest span across stretches. The first span of each block bounds how many spans of a stretch are at most some
// length; halving the range of lengths by these bounds leaves about two blocks of each, which are looked into. It is halved no
// further than until few more blocks are left than must be.
func (s Sample) search(i int) time.Duration {
	shortest, longest := s.bounds()
	enough := len(s.stretches) * blockSpans / 8 // ranks, where the bounds leave as many open as blocks have spans
	low, high := shortest, longest
	for low < high { // longest: a length up to which i+1 spans lie for sure
		mid := low + (high-low)/2
		_, least := s.upTo(mid)
		if least <= i {
			low = mid + 1
			continue
		}
		if high = mid; least <= i+enough {
			break
		}
	}
	longest = high
	low = shortest
	for low < high { // low: a length below which at most i lie for sure
		mid := low + (high-low)/2
		most, _ := s.upTo(mid)
		if most > i {
			high = mid
			continue
		}
		if low = mid + 1; most >= i-enough {
			break
		}
	}
	near := make([]time.Duration, 0, 3*blockSpans*len(s.stretches))
	for _, r := range s.stretches {
		var skipped int
		near, skipped = r.within(near, low, longest)
		i -= skipped
	}
	return nth(near, i)
}

// bounds are the shortest and the longest span.
func (s Sample) bounds() (low, high time.Duration) {
	first := true
	for _, r := range s.stretches {
		if r.len() == 0 {
			continue
		}
		l, h := r.at(0), r.longest()
		if first || l < low {
			low = l
		}
		if first || h > high {
			high = h
		}
		first = false
	}
	return low, high
}

func (r stretch) longest() time.Duration {
	if r.coded.n > 0 {
		return r.coded.last
	}
	return r.spans[len(r.spans)-1]
}

// upTo bounds the number of spans that are at most so long, from above and from below.
func (s Sample) upTo(length time.Duration) (most, least int) {
	for _, r := range s.stretches {
		m, l := r.upTo(length)
		most, least = most+m, least+l
	}
	return most, least
}

func (r stretch) upTo(length time.Duration) (most, least int) {
	if r.coded.n > 0 {
		return r.coded.upTo(length)
	}
	n := countUpTo(r.spans, length)
	return n, n
}

// within appends the spans of the blocks that can hold lengths in [low, high], and tells how many shorter ones it left out.
func (r stretch) within(near []time.Duration, low, high time.Duration) ([]time.Duration, int) {
	if r.coded.n > 0 {
		return r.coded.within(near, low, high)
	}
	from := countUpTo(r.spans, low-1)
	to := countUpTo(r.spans, high)
	return append(near, r.spans[from:to]...), from
}

// countUpTo is the number of sorted spans that are at most so long.
func countUpTo(sorted []time.Duration, length time.Duration) int {
	n, _ := slices.BinarySearchFunc(sorted, length, func(d, l time.Duration) int { return cmp.Or(cmp.Compare(d, l), -1) })
	return n
}

// nth is the value that stands at place n when the values are in order; it moves them.
func nth(values []time.Duration, n int) time.Duration {
	low, high := 0, len(values)-1
	for low < high {
		pivot := middleOf(values[low], values[low+(high-low)/2], values[high])
		i, j := low, high
		for i <= j {
			for values[i] < pivot {
				i++
			}
			for values[j] > pivot {
				j--
			}
			if i <= j {
				values[i], values[j] = values[j], values[i]
				i++
				j--
			}
		}
		switch {
		case n <= j:
			high = j
		case n >= i:
			low = i
		default:
			return values[n]
		}
	}
	return values[n]
}

func middleOf(a, b, c time.Duration) time.Duration { return max(min(a, b), min(max(a, b), c)) }
