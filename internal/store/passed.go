package store

import (
	"sync"

	"shiphabit/metrics/gate"
)

// passed is what a logged decision let through, as a promotion and, where it was one, as a probe.
type passed struct {
	promotion  gate.Promotion
	grant      gate.ProbeGrant
	isPromoted bool
	isProbe    bool
}

func passedOf(l gate.Logged) passed {
	var p passed
	p.promotion, p.isPromoted = l.Promotion()
	p.grant, p.isProbe = l.Grant()
	return p
}

// passedCache keeps what decisions let through by their numbers. A logged decision never changes, so that it need not be read twice.
type passedCache struct {
	mu sync.Mutex
	// kept are those that were asked for since the others, in before, became too many.
	kept, before map[int64]packedPassed
}

// packedPassed takes little room, and mostly nothing that the garbage collector has to look through: see gate.Promotion.Pack.
type packedPassed struct {
	promotion  string
	isPromoted bool
	grant      *gate.ProbeGrant // nil where it was none
}

// keptPassed bounds what is remembered: beyond it what nobody asked for goes. One takes about a quarter of a kilobyte.
const keptPassed = 60_000

func (c *passedCache) keep(seq int64, p passed) {
	if !p.isPromoted && !p.isProbe {
		return
	}
	one := packedPassed{promotion: p.promotion.Pack(), isPromoted: p.isPromoted}
	if p.isProbe {
		one.grant = &p.grant
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.put(seq, one)
}

func (c *passedCache) put(seq int64, p packedPassed) {
	if c.kept == nil || len(c.kept) >= keptPassed {
		c.kept, c.before = map[int64]packedPassed{}, c.kept
	}
	c.kept[seq] = p
}

// all are those of the numbers that are known, and the numbers that are not.
func (c *passedCache) all(seqs []int64) (known map[int64]passed, unknown []int64) {
	known = make(map[int64]passed, len(seqs))
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, seq := range seqs {
		p, found := c.kept[seq]
		if !found {
			if p, found = c.before[seq]; found {
				c.put(seq, p)
			}
		}
		if found {
			known[seq] = p.unpacked()
		} else {
			unknown = append(unknown, seq)
		}
	}
	return known, unknown
}

func (p packedPassed) unpacked() passed {
	one := passed{promotion: gate.UnpackPromotion(p.promotion), isPromoted: p.isPromoted}
	if p.grant != nil {
		one.grant, one.isProbe = *p.grant, true
	}
	return one
}
