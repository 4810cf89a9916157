package api

import (
	"maps"
	"time"

	"shiphabit/metrics"
)

const (
	keptKinds    = 10_000
	keptBindings = 10_000
)

// keptReport is a report token, by its hash, whose decision waits for the log.
type keptReport struct {
	hash, decision string
	until          time.Time
}

// keepKind remembers what an environment is for.
func (m *standby) keepKind(environment string, kind metrics.EnvironmentKind) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.kinds == nil || len(m.kinds) >= keptKinds {
		m.kinds = map[string]metrics.EnvironmentKind{}
	}
	m.kinds[environment] = kind
}

func (m *standby) kind(environment string) (kind metrics.EnvironmentKind, found bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	kind, found = m.kinds[environment]
	return kind, found
}

// bind remembers the run that a job's token is bound to, and returns the one it was bound to first as far as this server knows.
func (m *standby) bind(b JobBinding, now time.Time) JobBinding {
	m.mu.Lock()
	defer m.mu.Unlock()
	key := b.Issuer + "\x00" + b.ID
	if first, found := m.bindings[key]; found && now.Before(first.ExpiresAt) {
		return first
	}
	if len(m.bindings) >= keptBindings {
		maps.DeleteFunc(m.bindings, func(_ string, old JobBinding) bool { return !now.Before(old.ExpiresAt) })
	}
	if m.bindings == nil || len(m.bindings) >= keptBindings {
		m.bindings = map[string]JobBinding{}
	}
	m.bindings[key] = b
	return b
}

// awaitReport lets a report token wait for the log together with its decision; false when that one does not wait, or too many do.
func (m *standby) awaitReport(r keptReport) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	for i := range m.waiting {
		if m.waiting[i].ID == r.decision && len(m.reports) < keptDecisions {
			m.reports = append(m.reports, r)
			return true
		}
	}
	return false
}

// nextReport is a token that can be kept now, as no decision waits any more.
func (m *standby) nextReport() (r keptReport, waits bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if len(m.reports) == 0 {
		return r, false
	}
	return m.reports[0], true
}

func (m *standby) reportKept() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.reports = m.reports[1:]
}

// unlogged counts the decisions that wait for the log.
func (m *standby) unlogged() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.waiting)
}

// waits reports whether anything waits for the database.
func (m *standby) waits() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.waiting)+len(m.reports) > 0
}
