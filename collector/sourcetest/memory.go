package sourcetest

import (
	"context"
	"sync"
	"time"

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
	marks    map[string]time.Time
	troubles map[string]string
}

// Beat keeps the watermark, which never moves back, and ends the trouble.
func (m *Memory) Beat(_ context.Context, source string, watermark time.Time) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.marks == nil {
		m.marks = map[string]time.Time{}
	}
	if watermark.After(m.marks[source]) {
		m.marks[source] = watermark
	}
	delete(m.troubles, source)
	return nil
}

// Trouble keeps what a source's reading met last.
func (m *Memory) Trouble(_ context.Context, source, sentence string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.troubles == nil {
		m.troubles = map[string]string{}
	}
	m.troubles[source] = sentence
	return nil
}

// Watermark returns a source's watermark, zero when it never came to its end.
func (m *Memory) Watermark(source string) time.Time {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.marks[source]
}

// TroubleOf returns the sentence noted for a source, "" when it is in no trouble.
func (m *Memory) TroubleOf(source string) string {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.troubles[source]
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
