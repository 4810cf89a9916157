package store

import (
	"container/list"
	"sync"

	"shiphabit/metrics"
)

// cachedRollouts bounds the memory of cached facts: about 1 kB a rollout with its changes.
const cachedRollouts = 150_000

// factCache keeps facts that were read lately, so that a decision does not read a long history again to add one rollout. An
// entry counts only for the derivation it was read at, which is looked up in the database each time: another process that
// derives anew is noticed at once. Readers share what they get and must not change it.
type factCache struct {
	mu       sync.Mutex
	entries  map[cacheKey]*list.Element // of cacheEntry, the latest used at the front of order
	order    list.List
	rollouts int
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
}

// keyOf is the key of a cacheable part of a service's facts.
func (p part) keyOf(service string) (cacheKey, bool) {
	return cacheKey{service, p == forGate}, p == forGate || p == whole
}

// get returns the facts of a derivation, if they are there.
func (c *factCache) get(key cacheKey, derived int64) (metrics.Facts, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	element, found := c.entries[key]
	if !found {
		return metrics.Facts{}, false
	}
	entry := element.Value.(cacheEntry)
	if entry.derived != derived {
		c.drop(element)
		return metrics.Facts{}, false
	}
	c.order.MoveToFront(element)
	return entry.facts, true
}

// put keeps facts, in place of those used longest ago when there is no room. Facts that would fill the cache are not kept.
func (c *factCache) put(key cacheKey, derived int64, f metrics.Facts) {
	if len(f.Rollouts) > cachedRollouts {
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
	c.entries[key] = c.order.PushFront(cacheEntry{key, derived, f})
	for c.rollouts += len(f.Rollouts); c.rollouts > cachedRollouts; {
		c.drop(c.order.Back())
	}
}

func (c *factCache) drop(element *list.Element) {
	entry := c.order.Remove(element).(cacheEntry)
	delete(c.entries, entry.key)
	c.rollouts -= len(entry.facts.Rollouts)
}
