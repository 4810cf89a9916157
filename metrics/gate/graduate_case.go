package gate

import "shiphabit/metrics"

// meeting is a criterion that passes where there is nothing to judge: met tells whether there ever was anything, as far as is recorded by now.
type meeting interface{ met(h *history) bool }

// passesUnmet tells whether that a criterion passed says nothing by itself: it would have, had it never had a case.
func (c criterion) passesUnmet() bool {
	_, meets := c.kind.(meeting)
	return meets
}

func (c criterion) met(h *history) bool {
	m, meets := c.kind.(meeting)
	return !meets || m.met(h)
}

func (c RestoreFirst) met(h *history) bool {
	for i := range h.facts.Rollouts {
		if r := &h.facts.Rollouts[i]; r.EnvironmentKind == production && !h.failedAt(r).IsZero() {
			return true
		}
	}
	return false
}

// met looks for incidents of such severities as it has anything against.
func (c OpenIncidents) met(h *history) bool {
	for i := range h.facts.Incidents {
		incident := &h.facts.Incidents[i]
		elsewhere := incident.EnvironmentKind != "" && incident.EnvironmentKind != metrics.Production
		known, told := toldBy(incident, h.now)
		if told && !elsewhere && !known.StartedAt.After(h.now) && c.weigh(Snapshot{Now: h.now}, Problem{Severity: incident.Severity, Since: known.StartedAt}) != Pass {
			return true
		}
	}
	return false
}

// met is false, for the record holds no freezes: a decision that one of them stood against shows that there was one.
func (Freezes) met(*history) bool { return false }
