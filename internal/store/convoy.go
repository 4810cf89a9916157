package store

import "sync"

// convoy lets deliveries that wait at the same time share one transaction: while one batch is made durable the next gathers, so that the
// disk is waited for once a batch and not once a delivery. Nobody waits for company. There is no goroutine of its own: whoever comes
// first takes what waits with it, and hands on to the first of those that came in the meantime.
type convoy struct {
	mu      sync.Mutex
	waiting []*parcel
	moving  bool
}

// parcel is a delivery on its way, and what became of it.
type parcel struct {
	row      deliveryRow
	events   []eventRow
	done     Delivered
	err      error
	turn     chan bool // true: it leads the next batch; false: it is done
	repeated bool
}

const (
	parcelsTogether = 512
	// eventsTogether bounds a batch that has large deliveries in it; one delivery is never divided.
	eventsTogether = 5000
)

// ride returns once the parcel is done, in a batch that commit saved: that of this goroutine or of another one.
func (c *convoy) ride(p *parcel, commit func([]*parcel)) {
	p.turn = make(chan bool, 1)
	c.mu.Lock()
	c.waiting = append(c.waiting, p)
	leads := !c.moving
	c.moving = true
	c.mu.Unlock()
	if !leads {
		leads = <-p.turn
	}
	if !leads {
		return
	}
	batch := c.take()
	defer c.hand(batch)
	commit(batch)
}

// take is the next batch: the parcels that have waited longest, the leader's own first.
func (c *convoy) take() []*parcel {
	c.mu.Lock()
	defer c.mu.Unlock()
	n, events := 0, 0
	for n < len(c.waiting) && n < parcelsTogether && (n == 0 || events+len(c.waiting[n].events) <= eventsTogether) {
		events += len(c.waiting[n].events)
		n++
	}
	batch := c.waiting[:n:n]
	c.waiting = c.waiting[n:]
	return batch
}

// hand tells those of the batch that they are done, and one that waits that it leads.
func (c *convoy) hand(batch []*parcel) {
	for _, p := range batch[1:] {
		p.turn <- false
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.waiting) == 0 {
		c.waiting, c.moving = nil, false
		return
	}
	c.waiting[0].turn <- true
}
