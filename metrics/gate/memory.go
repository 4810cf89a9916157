package gate

import (
	"slices"
	"sync"
	"time"

	"shiphabit/metrics"
)

// folded is what comes of folding a service's record: it depends on the record, the policy, the probes granted and the time, and not on
// what is asked.
type folded struct {
	meter      MeterState
	usual      UsualState
	restored   RestoredState
	recent     []Trial
	reopenedAt time.Time
}

func (h *history) fold(c Criteria) folded {
	trials := h.trials()
	var f folded
	var steps []MeterStep
	f.meter, steps = h.foldMeter(c.FailureMeter, trials)
	f.usual, _ = h.foldUsual(c.OwnUsual, trials, steps)
	f.restored, _ = h.foldRestored(c.RestoredInTime)
	f.recent = h.recent(trials)
	f.reopenedAt = reopened(steps)
	return f
}

// Memory keeps what came of folding one service's facts, for as long as nothing more of them becomes known. It belongs to those very
// facts: others need another one. A nil one keeps nothing.
type Memory struct {
	mu   sync.Mutex
	kept []remembered // the latest first
}

// remembered holds under one policy and after those probes, from one instant until before another.
type remembered struct {
	policy      *Sealed
	probes      []ProbeGrant
	from, until time.Time
	folded      folded
}

// keptFolds is more than one, since requests to one service can fall under different policies while its tier changes.
const keptFolds = 2

func (m *Memory) folded(p *Sealed, h *history) folded {
	if m == nil {
		return h.fold(p.policy.Criteria)
	}
	if f, found := m.find(p, h); found {
		return f
	}
	f := h.fold(p.policy.Criteria)
	from, until := h.span(p.policy.Criteria)
	m.keep(remembered{policy: p, probes: h.probes, from: from, until: until, folded: f})
	return f
}

func (m *Memory) find(p *Sealed, h *history) (folded, bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for i := range m.kept {
		k := &m.kept[i]
		if k.policy.digest == p.digest && !h.now.Before(k.from) && h.now.Before(k.until) && slices.Equal(k.probes, h.probes) {
			return k.folded, true
		}
	}
	return folded{}, false
}

func (m *Memory) keep(r remembered) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.kept = append([]remembered{r}, m.kept[:min(len(m.kept), keptFolds-1)]...)
}

// span is the time around now in which folding comes to the same: it ends when something of the record becomes known, a watch or a time to
// restore ends, a deployment leaves the days that the volume is counted over, or a day begins, as months, quarters and the days of probes
// do; and it began when the like happened last.
func (h *history) span(c Criteria) (from, until time.Time) {
	from = h.now.UTC().Truncate(24 * time.Hour)
	until = from.Add(24 * time.Hour)
	at := func(happens time.Time) {
		if happens.After(h.now) {
			if happens.Before(until) {
				until = happens
			}
		} else if happens.After(from) {
			from = happens
		}
	}
	for i := range h.facts.Rollouts {
		r := &h.facts.Rollouts[i]
		days := r.FinishedAt.Add(volumeDays * 24 * time.Hour)
		at(r.FinishedAt)
		at(r.FinishedAt.Add(h.watch))
		at(r.FinishedAt.Add(2 * h.watch))
		at(r.KnownAt)
		at(r.VerdictAt)
		at(days)
		at(days.Add(time.Nanosecond))
		for _, f := range r.Failures {
			at(f.KnownAt)
			at(f.WithdrawnAt)
		}
		for _, f := range r.Withdrawn {
			at(f.KnownAt)
			at(f.WithdrawnAt)
		}
	}
	target := seconds(c.RestoredInTime.TargetSeconds)
	for _, list := range [][]metrics.IncidentLink{h.facts.Incidents, h.facts.TakenBack} {
		for _, i := range list {
			at(i.StartedAt)
			at(i.ResolvedAt)
			at(i.StartedAt.Add(target))
			for _, t := range i.KnownAs() {
				at(t.At)
				at(t.StartedAt)
				at(t.ResolvedAt)
				at(t.StartedAt.Add(target))
			}
		}
	}
	return from, until
}
