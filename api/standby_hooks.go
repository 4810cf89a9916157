package api

import (
	"slices"
	"time"

	"shiphabit/metrics/gate"
)

const (
	keptAnswers = 2_000
	keptFixes   = 2_000
)

// keepAnswer remembers what a host was told that asks again and again.
func (m *standby) keepAnswer(l gate.Logged) {
	l.Snapshot, l.PolicyDoc = gate.Snapshot{}, nil // nobody is told them
	m.mu.Lock()
	defer m.mu.Unlock()
	key := l.Caller + "\x00" + l.Key
	if _, known := m.answers[key]; m.answers == nil || !known && len(m.answers) >= keptAnswers {
		m.answers = map[string]gate.Logged{}
	}
	m.answers[key] = l
}

// answer is what was said last to an ask; it has no id when there is nothing.
func (m *standby) answer(a ask) gate.Logged {
	m.mu.Lock()
	defer m.mu.Unlock()
	if l, found := m.answers[a.caller+"\x00"+a.key]; found {
		return l
	}
	return m.underKey(a.caller, a.key)
}

// keepFixes remembers decisions that let a fix through; others are left out.
func (m *standby) keepFixes(list ...gate.Logged) {
	m.mu.Lock()
	defer m.mu.Unlock()
	before := len(m.fixes)
	for _, l := range list {
		same := func(kept gate.Logged) bool { return kept.ID == l.ID }
		if l.Kind == gate.KindFix && !slices.ContainsFunc(m.fixes, same) {
			m.fixes = append(m.fixes, gate.Logged{Decision: gate.Decision{ID: l.ID, Kind: l.Kind}, Request: l.Request, At: l.At})
		}
	}
	if len(m.fixes) > before {
		slices.SortStableFunc(m.fixes, func(a, b gate.Logged) int { return a.At.Compare(b.At) })
		m.fixes = slices.Clone(m.fixes[max(0, len(m.fixes)-keptFixes):])
	}
}

// fixesOf are the fixes of a service since an instant, newest first.
func (m *standby) fixesOf(service string, since time.Time) []gate.Logged {
	m.mu.Lock()
	defer m.mu.Unlock()
	var list []gate.Logged
	for _, l := range slices.Backward(m.fixes) {
		if l.Request.Service == service && l.At.After(since) {
			list = append(list, l)
		}
	}
	return list
}
