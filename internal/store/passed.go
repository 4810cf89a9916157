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
	mu   sync.Mutex
	kept map[int64]passed
}

// keptPassed bounds what is remembered: beyond it the remembering begins anew. One takes about half a kilobyte.
const keptPassed = 50_000

func (c *passedCache) keep(seq int64, p passed) {
	if !p.isPromoted && !p.isProbe {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.kept == nil || len(c.kept) >= keptPassed {
		c.kept = map[int64]passed{}
	}
	c.kept[seq] = p
}

// all are those of the numbers that are known, and the numbers that are not.
func (c *passedCache) all(seqs []int64) (known map[int64]passed, unknown []int64) {
	known = make(map[int64]passed, len(seqs))
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, seq := range seqs {
		if p, found := c.kept[seq]; found {
			known[seq] = p
		} else {
			unknown = append(unknown, seq)
		}
	}
	return known, unknown
}
