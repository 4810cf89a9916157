package sourcetest

import (
	"context"
	"sync"

	"shiphabit/collector"
	"shiphabit/metrics"
)

// Memory is a collector.Store without a database: it keeps each revision once, as a real one does.
type Memory struct {
	// Before, when set, is called at the start of each Apply, without the lock; its error is returned and nothing is saved.
	Before func(page collector.Page) error

	mu       sync.Mutex
	cursors  map[string]string
	seen     map[[32]byte]bool
	events   []metrics.Event
	setAside []collector.SetAside
}

// Cursor returns the saved cursor.
func (m *Memory) Cursor(_ context.Context, source string) (string, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.cursors[source], nil
}

// Apply saves a page when the cursor stands where the caller thinks.
func (m *Memory) Apply(ctx context.Context, source, from, to string, page collector.Page) error {
	if m.Before != nil {
		if err := m.Before(page); err != nil {
			return err
		}
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.cursors[source] != from {
		return collector.ErrMoved
	}
	if m.cursors == nil {
		m.cursors, m.seen = map[string]string{}, map[[32]byte]bool{}
	}
	for _, e := range page.Events {
		if d := e.Digest(); !m.seen[d] {
			m.seen[d] = true
			m.events = append(m.events, e)
		}
	}
	m.setAside = append(m.setAside, page.SetAside...)
	m.cursors[source] = to
	return nil
}

// Events returns what was saved, in order of arrival.
func (m *Memory) Events() []metrics.Event {
	m.mu.Lock()
	defer m.mu.Unlock()
	return append([]metrics.Event(nil), m.events...)
}

// SetAside returns the records that were set aside.
func (m *Memory) SetAside() []collector.SetAside {
	m.mu.Lock()
	defer m.mu.Unlock()
	return append([]collector.SetAside(nil), m.setAside...)
}
