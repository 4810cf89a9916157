package gate

import (
	"slices"
	"time"

	"shiphabit/metrics"
)

// past is a whole record, read once for all who look at what was known of it at one instant and another.
type past struct {
	facts    metrics.Facts
	readings []metrics.Reading // nil where no correction changed the record: it is as well read again then
	trials   []metered
	gradual  []*metrics.Rollout // of which not all was known at once
}

func (h *history) wholePast() *past {
	p := &past{facts: h.facts}
	for i := range h.facts.Rollouts {
		if r := &h.facts.Rollouts[i]; len(r.Progress) > 0 {
			p.gradual = append(p.gradual, r)
		}
	}
	if len(h.facts.Was) > 0 {
		p.readings, p.trials = h.facts.Readings(h.now), h.metered()
	}
	return p
}

// before are the rollouts that stand before one of them as they are known at an instant.
func (p *past) before(r *metrics.Rollout, at time.Time) []metrics.Rollout {
	if p.readings == nil {
		rest, _ := slices.BinarySearchFunc(p.facts.Rollouts, r, func(a metrics.Rollout, r *metrics.Rollout) int { return inOrder(&a, r) })
		all := p.facts.Rollouts[:rest:rest]
		for _, one := range p.gradual {
			if inOrder(one, r) > 0 && inOrder(one.AsOf(at), r) < 0 {
				all = append(all, *one)
			}
		}
		return all
	}
	reading := p.readings[0]
	for _, next := range p.readings[1:] {
		if !next.From.After(at) {
			reading = next
		}
	}
	var all []metrics.Rollout
	for _, one := range reading.Rollouts {
		if inOrder(one.AsOf(at), r) < 0 && one.ID != r.ID {
			all = append(all, *one)
		}
	}
	return all
}

// by are the trials as a history knows them that may know less of the same record.
func (p *past) by(h *history) []metered {
	editions := map[*edition]*edition{}
	var all []metered
	for _, c := range p.trials {
		var known metered
		for _, one := range c {
			if one.from.After(h.now) || one.FinishedAt.After(h.now) {
				continue
			}
			if one.in = one.in.then(h, editions); one.until.After(h.now) {
				one.until = time.Time{}
			}
			known = append(known, one)
		}
		if len(known) > 0 {
			all = append(all, known)
		}
	}
	slices.SortStableFunc(all, func(a, b metered) int { return inOrder(a.last().Rollout, b.last().Rollout) })
	return all
}

// then is the edition as such a history knows it.
func (e *edition) then(h *history, made map[*edition]*edition) *edition {
	if known := made[e]; known != nil {
		return known
	}
	known := &edition{history: *h, record: e.record, trials: e.trials, progress: e.progress}
	if known.verdictsSince = e.verdictsSince; known.verdictsSince.After(h.now) {
		known.verdictsSince = time.Time{}
	}
	made[e] = known
	if e.next != nil && !e.until.After(h.now) {
		known.next, known.until = e.next.then(h, made), e.until
	}
	return known
}
