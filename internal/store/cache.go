package store

import (
	"container/list"
	"sync"

	"shiphabit/metrics"
	"shiphabit/metrics/gate"
)

const (
	// cachedWeight bounds the memory of cached facts, in halves of a kilobyte: 20,000 rollouts with their changes take about 2.5 kB each,
	// and 1 kB as the gate reads them.
	cachedWeight = 20_000 * wholeWeight
	wholeWeight  = 5
	gateWeight   = 2
	longHistory  = 4_000 // rollouts, which are read in 40 milliseconds
	// keptMemories bounds of how many services it is remembered what their facts came to for the gate: about 3 kB each.
	keptMemories = 10_000
)

// cache keeps what was read of services lately, so that a decision does not read a long history again to add one rollout. An
// entry counts only for the derivation it was read at, which is looked up in the database each time: another process that
// derives anew is noticed at once. Readers share what they get and must not change it.
type cache[K comparable, V any] struct {
	most int // weight

	mu      sync.Mutex
	entries map[K]*list.Element // of cached[K, V], the latest used at the front of order
	order   list.List
	weight  int
}

type cached[K comparable, V any] struct {
	key     K
	derived int64
	value   V
	weight  int
}

// factsKey names facts of a service, whole or as the gate reads them.
type factsKey struct {
	service string
	gate    bool
}

type (
	factsCache  = cache[factsKey, metrics.Facts]
	memoryCache = cache[string, *gate.Memory]
)

// keyOf is the key of a cacheable part of a service's facts.
func (p part) keyOf(service string) (factsKey, bool) {
	return factsKey{service, p == forGate}, p == forGate || p == whole
}

// weigh says how much memory facts take.
func (k factsKey) weigh(f metrics.Facts) int {
	if k.gate {
		return gateWeight * len(f.Rollouts)
	}
	return wholeWeight * len(f.Rollouts)
}

// worth tells whether facts are worth their memory: those of a short history, of which the gate remembers what they came to, are read anew in
// two milliseconds.
func (k factsKey) worth(f metrics.Facts) bool { return !k.gate || len(f.Rollouts) >= longHistory }

// get returns what was kept of a derivation, if it is there.
func (c *cache[K, V]) get(key K, derived int64) (value V, found bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	element, found := c.entries[key]
	if !found {
		return value, false
	}
	entry, _ := element.Value.(cached[K, V])
	if entry.derived != derived {
		c.drop(element)
		return value, false
	}
	c.order.MoveToFront(element)
	return entry.value, true
}

// put keeps a value, in place of those used longest ago when there is no room. One that would fill the cache is not kept.
func (c *cache[K, V]) put(key K, derived int64, value V, weight int) {
	if weight > c.most {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.entries == nil {
		c.entries = map[K]*list.Element{}
	}
	if old, found := c.entries[key]; found {
		c.drop(old)
	}
	c.entries[key] = c.order.PushFront(cached[K, V]{key, derived, value, weight})
	for c.weight += weight; c.weight > c.most; {
		c.drop(c.order.Back())
	}
}

func (c *cache[K, V]) drop(element *list.Element) {
	entry, _ := c.order.Remove(element).(cached[K, V])
	delete(c.entries, entry.key)
	c.weight -= entry.weight
}
