package store

import (
	"container/list"
	"sync"

	"shiphabit/metrics"
	"shiphabit/metrics/gate"
)

// cachedRollouts bounds the memory of cached facts, in rollouts with their changes: about 2.5 kB each, and 1 kB as the gate reads them.
const (
	cachedRollouts = 150_000
	wholeWeight    = 5
	gateWeight     = 2
)

// factCache keeps facts that were read lately, so that a decision does not read a long history again to add one rollout. An
// entry counts only for the derivation it was read at, which is looked up in the database each time: another process that
// derives anew is noticed at once. Readers share what they get and must not change it.
type factCache struct {
	mu      sync.Mutex
	entries map[cacheKey]*list.Element // of cacheEntry, the latest used at the front of order
	order   list.List
	weight  int
}

// cacheKey names facts of a service, whole or as the gate reads them.
type cacheKey struct {
	service string
	gate    bool
}

type cacheEntry struct {
	key     cacheKey
	derived int64
	facts   metrics.Facts
	// memory is that of the gate about these facts.
	memory *gate.Memory
}

// keyOf is the key of a cacheable part of a service's facts.
func (p part) keyOf(service string) (cacheKey, bool) {
	return cacheKey{service, p == forGate}, p == forGate || p == whole
}

// get returns the facts of a derivation, if they are there.
func (c *factCache) get(key cacheKey, derived int64) (metrics.Facts, bool) {
	entry, found := c.entry(key, derived)
	return entry.facts, found
}

func (c *factCache) entry(key cacheKey, derived int64) (cacheEntry, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	element, found := c.entries[key]
	if !found {
		return cacheEntry{}, false
	}
	entry := element.Value.(cacheEntry)
	if entry.derived != derived {
		c.drop(element)
		return cacheEntry{}, false
	}
	c.order.MoveToFront(element)
	return entry, true
}

// put keeps facts, in place of those used longest ago when there is no room. Facts that would fill the cache are not kept.
func (c *factCache) put(key cacheKey, derived int64, f metrics.Facts) {
	added := cacheEntry{key, derived, f, &gate.Memory{}}
	if added.weight() > cachedRollouts*wholeWeight {
		return
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.entries == nil {
		c.entries = map[cacheKey]*list.Element{}
	}
	if old, found := c.entries[key]; found {
		c.drop(old)
	}
	c.entries[key] = c.order.PushFront(added)
	for c.weight += added.weight(); c.weight > cachedRollouts*wholeWeight; {
		c.drop(c.order.Back())
	}
}

func (c *factCache) drop(element *list.Element) {
	entry := c.order.Remove(element).(cacheEntry)
	delete(c.entries, entry.key)
	c.weight -= entry.weight()
}

func (e cacheEntry) weight() int {
	if e.key.gate {
		return gateWeight * len(e.facts.Rollouts)
	}
	return wholeWeight * len(e.facts.Rollouts)
}
