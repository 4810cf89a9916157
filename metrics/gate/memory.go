package gate

import (
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
	trials := h.metered()
	var f folded
	var steps []MeterStep
	f.meter, steps = h.foldMeter(c.FailureMeter, trials)
	f.usual, _ = h.foldUsual(c.OwnUsual, trials, steps)
	f.restored, _ = h.foldRestored(c.RestoredInTime)
	f.recent = h.recent(h.trials())
	f.reopenedAt = reopened(steps)
	return f
}

// Memory keeps what came of folding one service's facts, and a brief of them, for as long as nothing more of them becomes known. It belongs to
// those very facts: others need another one. A nil one keeps nothing.
type Memory struct {
	mu   sync.Mutex
	kept []*remembered // the latest first
}

// remembered holds under one policy and after those probes, from one instant until before another.
type remembered struct {
	policy      string // its digest
	probes      []ProbeGrant
	from, until time.Time
	older       *Older
	folded      string // packed
	brief       *brief
}

func (k *remembered) fold() (f folded) {
	packFolded(&packer{reads: true, rest: k.folded}, &f)
	return f
}

// keptFolds is more than one, since requests to one service can fall under different policies while its tier changes.
const keptFolds = 2

// Recall has a decision about the request go by what is remembered of the facts, so that they need not be read. False when that does not do.
func (p *Sealed) Recall(r Request, now time.Time, k Known) (Known, bool) {
	found := k.Memory.find(p, instant(now), k.Granted)
	if found == nil || !found.brief.answers(r, k.Promotions) {
		return k, false
	}
	k.Facts, k.Older, k.recalled = metrics.Facts{}, found.older, found
	return k, true
}

// Recalled tells that Recall found enough in place of the facts, which are empty: it does for the very request and the moment it was called with.
func (k Known) Recalled() bool { return k.recalled != nil }

// WithFacts is what is known with these facts, and nothing recalled of any.
func (k Known) WithFacts(f metrics.Facts) Known {
	k.Facts, k.recalled = f, nil
	return k
}

// fold folds the record, unless that came to the same before.
func (m *Memory) fold(p *Sealed, h *history) folded {
	if m == nil {
		return h.fold(p.policy.Criteria)
	}
	if found := m.find(p, h.now, h.probes); found != nil && found.older.equal(h.older) {
		return found.fold()
	}
	f := h.fold(p.policy.Criteria)
	from, until := h.span(p.policy.Criteria)
	if soon := h.now.Add(forgetful); len(f.recent) == 0 && soon.Before(until) {
		from, until = latest(from, h.now), soon
	}
	m.keep(&remembered{
		policy: p.digest, probes: h.probes, from: from, until: until, older: h.older,
		folded: packed(func(p *packer) { packFolded(p, &f) }), brief: h.brief(from),
	})
	return f
}

// find finds what holds at an instant, with those of the probes that were granted by then.
func (m *Memory) find(p *Sealed, now time.Time, granted []ProbeGrant) *remembered {
	if m == nil {
		return nil
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, k := range m.kept {
		if k.policy == p.digest && !now.Before(k.from) && now.Before(k.until) && k.after(granted, now) {
			return k
		}
	}
	return nil
}

// after tells whether the probes granted by then are those that it holds after.
func (k *remembered) after(granted []ProbeGrant, now time.Time) bool {
	n := 0
	for _, g := range granted {
		if g.At.After(now) {
			continue
		}
		if n == len(k.probes) || k.probes[n] != g {
			return false
		}
		n++
	}
	return n == len(k.probes)
}

func (m *Memory) keep(r *remembered) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.kept = append([]*remembered{r}, m.kept[:min(len(m.kept), keptFolds-1)]...)
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
		h.instants(&h.facts.Rollouts[i], at)
	}
	at(h.changes)
	for i := range h.facts.Was {
		at(h.facts.Was[i].Until)
		if was := h.facts.Was[i].Rollout; was != nil {
			h.instants(was, at)
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

// instants names those at which something happens to a rollout that a meter goes by, as it is known last or was before.
func (h *history) instants(r *metrics.Rollout, at func(time.Time)) {
	h.runInstants(r.FinishedAt, r.KnownAt, r.VerdictSince, at)
	for _, f := range r.Failures {
		at(f.KnownAt)
	}
	for _, p := range r.Progress {
		at(p.Until)
		h.runInstants(p.FinishedAt, p.KnownAt, p.VerdictSince, at)
		if p.Failure != nil {
			at(p.Failure.KnownAt)
		}
	}
}

func (h *history) runInstants(finished, known, verdict time.Time, at func(time.Time)) {
	days := finished.Add(volumeDays * 24 * time.Hour)
	at(finished)
	at(finished.Add(h.watch))
	at(finished.Add(2 * h.watch))
	at(known)
	at(verdict)
	at(days)
	at(days.Add(time.Nanosecond))
}
