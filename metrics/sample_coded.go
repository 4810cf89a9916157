package metrics

import (
	"encoding/binary"
	"errors"
	"slices"
	"sort"
	"time"
)

// coded is the stored form of a sorted stretch of a sample. Spans are whole ticks of half a millisecond (the median of two spans of whole
// milliseconds is one), or of a nanosecond where some span is none. They stand in blocks of blockSpans; after the first of a
// block each is the difference to the one before, as a varint. The heads of the blocks come first, so that a rank or a length
// is found without decoding more than one block.
type coded struct {
	n      int
	tick   time.Duration
	last   time.Duration
	heads  []head
	blocks []byte
}

// head is the first span of a block and where the rest of the block begins.
type head struct {
	first time.Duration
	at    int
}

// blockSpans is the number of spans in a full block.
const blockSpans = 128

// The units of stored spans.
const (
	usualTick  = 500 * time.Microsecond
	finestTick = time.Nanosecond
)

var errCoded = errors.New("a stored sequence of spans is damaged")

// appendSpans writes sorted spans, none of them negative.
func appendSpans(to []byte, sorted []time.Duration) []byte {
	to = binary.AppendUvarint(to, uint64(len(sorted)))
	if len(sorted) == 0 {
		return to
	}
	tick := tickOf(sorted)
	to = append(to, boolByte(tick == finestTick))
	var blocks, ends []byte
	last := uint64(0)
	for start := 0; start < len(sorted); start += blockSpans {
		block := sorted[start:min(start+blockSpans, len(sorted))]
		first := ticks(block[0], tick)
		ends = binary.AppendUvarint(ends, first-last)
		last = first
		before, length := first, len(blocks)
		for _, d := range block[1:] {
			v := ticks(d, tick)
			blocks = binary.AppendUvarint(blocks, v-before)
			before = v
		}
		ends = binary.AppendUvarint(ends, uint64(len(blocks)-length)) //nolint:gosec // a length
	}
	if len(sorted) > blockSpans {
		to = binary.AppendUvarint(to, ticks(sorted[len(sorted)-1], tick)-last)
	}
	return append(append(to, ends...), blocks...)
}

func ticks(d, tick time.Duration) uint64 { return uint64(d / tick) } //nolint:gosec // no span is negative

func boolByte(b bool) byte {
	if b {
		return 1
	}
	return 0
}

func tickOf(spans []time.Duration) time.Duration {
	for _, d := range spans {
		if d%usualTick != 0 {
			return finestTick
		}
	}
	return usualTick
}

// readSpans reads what appendSpans wrote, decoding no more than the heads. The result shares the memory of text.
func readSpans(text []byte) (coded, error) {
	r := reader{rest: text}
	c := coded{n: r.count(), tick: usualTick}
	if c.n == 0 {
		return coded{}, r.end()
	}
	if r.byte() == 1 {
		c.tick = finestTick
	}
	tail := uint64(0)
	if c.n > blockSpans {
		tail = r.uvarint()
	}
	blocks := (c.n + blockSpans - 1) / blockSpans
	if blocks > len(r.rest) {
		return coded{}, errCoded
	}
	c.heads = make([]head, blocks)
	first, at := uint64(0), 0
	for i := range c.heads {
		first += r.uvarint()
		c.heads[i] = head{c.span(first), at}
		at += r.count()
	}
	c.blocks = r.rest
	if r.bad || at != len(c.blocks) || c.n-blockSpans*(blocks-1) > at-c.heads[blocks-1].at+1 {
		return coded{}, errCoded
	}
	c.last = c.span(first + tail)
	if c.n <= blockSpans {
		all := c.appendTo(nil)
		c.last = all[len(all)-1]
	}
	return c, nil
}

func (c coded) span(ticks uint64) time.Duration { return time.Duration(ticks) * c.tick } //nolint:gosec // as it was written

// block appends the spans of one block.
func (c coded) block(to []time.Duration, i int) []time.Duration {
	n := min(blockSpans, c.n-i*blockSpans)
	v, at := c.heads[i].first, c.heads[i].at
	to = append(to, v)
	for range n - 1 {
		step, width := binary.Uvarint(c.blocks[at:])
		v, at = v+c.span(step), at+max(0, width) // a damaged block, which readSpans does not look for, repeats its last span
		to = append(to, v)
	}
	return to
}

func (c coded) appendTo(all []time.Duration) []time.Duration {
	for i := range c.heads {
		all = c.block(all, i)
	}
	return all
}

func (c coded) at(i int) time.Duration {
	if i%blockSpans == 0 {
		return c.heads[i/blockSpans].first
	}
	var room [blockSpans]time.Duration
	return c.block(room[:0], i/blockSpans)[i%blockSpans]
}

// begun is the number of blocks whose first span is at most so long.
func (c coded) begun(length time.Duration) int {
	return sort.Search(len(c.heads), func(i int) bool { return c.heads[i].first > length })
}

func (c coded) upTo(length time.Duration) (most, least int) {
	begun := c.begun(length)
	if begun == 0 {
		return 0, 0
	}
	if length >= c.last {
		return c.n, c.n
	}
	return min(c.n, begun*blockSpans), (begun-1)*blockSpans + 1
}

// within decodes the blocks that can hold lengths in [low, high].
func (c coded) within(near []time.Duration, low, high time.Duration) ([]time.Duration, int) {
	from, to := max(0, c.begun(low-1)-1), c.begun(high)
	near = slices.Grow(near, max(0, to-from)*blockSpans)
	start := len(near)
	for i := from; i < to; i++ {
		near = c.block(near, i)
	}
	below := countUpTo(near[start:], low-1)
	near = append(near[:start], near[start+below:]...)
	return near, from*blockSpans + below
}

// reader takes numbers from the front of stored bytes. Once something is missing it is bad, and its answers mean nothing.
type reader struct {
	rest []byte
	bad  bool
}

func (r *reader) uvarint() uint64 {
	v, width := binary.Uvarint(r.rest)
	if width <= 0 {
		r.bad, r.rest = true, nil
		return 0
	}
	r.rest = r.rest[width:]
	return v
}

func (r *reader) varint() int64 {
	v, width := binary.Varint(r.rest)
	if width <= 0 {
		r.bad, r.rest = true, nil
		return 0
	}
	r.rest = r.rest[width:]
	return v
}

// count reads a number of things, which cannot be more than an int holds.
func (r *reader) count() int {
	v := r.uvarint()
	if v > 1<<40 {
		r.bad = true
		return 0
	}
	return int(v) //nolint:gosec // checked
}

func (r *reader) byte() byte {
	if len(r.rest) == 0 {
		r.bad = true
		return 0
	}
	b := r.rest[0]
	r.rest = r.rest[1:]
	return b
}

// take is the next n bytes.
func (r *reader) take(n int) []byte {
	if n > len(r.rest) {
		r.bad = true
		return nil
	}
	out := r.rest[:n]
	r.rest = r.rest[n:]
	return out
}

// end reports whether everything was read and nothing missing.
func (r *reader) end() error {
	if r.bad || len(r.rest) > 0 {
		return errCoded
	}
	return nil
}
