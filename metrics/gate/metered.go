package gate

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"shiphabit/metrics"
)

// metered is a trial as the meters take it: what is known of it now, and what was known until corrections changed it. What a meter did
// before stays as it was; from then on it goes by what is known now.
type metered struct {
	now   *metrics.Rollout // nil where it counts nowhere any more
	was   *metrics.Rollout // nil where it counted nowhere until then
	until time.Time        // zero where no correction changed it
}

// last is the trial as it is known last.
func (c metered) last() *metrics.Rollout {
	if c.now == nil {
		return c.was
	}
	return c.now
}

// metered are the trials in order of finish, those that corrections took back among them.
func (h *history) metered() []metered {
	trials := h.trials()
	all := make([]metered, 0, len(trials)+len(h.facts.Was))
	if len(h.facts.Was) == 0 {
		for _, i := range trials {
			all = append(all, metered{now: &h.facts.Rollouts[i]})
		}
		return all
	}
	once, changed := h.trialsOnce(), map[string]bool{}
	now := map[string]*metrics.Rollout{}
	for _, i := range trials {
		now[h.facts.Rollouts[i].ID] = &h.facts.Rollouts[i]
	}
	for i := range h.facts.Was {
		w := &h.facts.Was[i]
		changed[w.Now] = true
		c := metered{now: now[w.Now], until: w.Until}
		if once[&w.Rollout] {
			c.was = &w.Rollout
		}
		if w.Until.After(h.now) { // what it became is not known yet
			c = metered{now: c.was}
		}
		if c.last() != nil {
			all = append(all, c)
		}
	}
	for _, i := range trials {
		if r := &h.facts.Rollouts[i]; once[r] && !changed[r.ID] {
			all = append(all, metered{now: r})
		}
	}
	slices.SortFunc(all, func(a, b metered) int { return inOrder(a.last(), b.last()) })
	return all
}

// trialsOnce are the trials as the record was before any correction changed it. What is one only because a correction took away what it
// repeats is none: it counted nowhere.
func (h *history) trialsOnce() map[*metrics.Rollout]bool {
	changed := map[string]bool{}
	var record []*metrics.Rollout
	for i := range h.facts.Was {
		changed[h.facts.Was[i].Now] = true
		record = append(record, &h.facts.Was[i].Rollout)
	}
	for i := range h.facts.Rollouts {
		if r := &h.facts.Rollouts[i]; !changed[r.ID] {
			record = append(record, r)
		}
	}
	slices.SortFunc(record, inOrder)
	once, here := map[*metrics.Rollout]bool{}, environments{}
	for _, r := range record {
		if !r.FinishedAt.After(h.now) && here.tries(r) {
			once[r] = true
		}
	}
	return once
}

func inOrder(a, b *metrics.Rollout) int {
	return cmp.Or(a.FinishedAt.Compare(b.FinishedAt), strings.Compare(a.ID, b.ID))
}

// turn is an instant from which a trial counts as something else than before.
type turn struct {
	at time.Time
	as Outcome // Good, Failed, or "" for nothing any more
}

// turns are the instants at which it became known what to make of a trial: before a correction, at it and after it.
func (h *history) turns(c metered) []turn {
	now := h.turnsOf(c.now)
	if c.until.IsZero() {
		return now
	}
	all := slices.DeleteFunc(h.turnsOf(c.was), func(t turn) bool { return !t.at.Before(c.until) })
	if c.now == nil {
		return append(all, turn{c.until, ""})
	}
	for i, t := range now {
		if t.at.After(c.until) {
			all = append(all, t)
		} else if i+1 == len(now) || now[i+1].at.After(c.until) {
			all = append(all, turn{c.until, t.as})
		}
	}
	return all
}

// turnsOf are those of a rollout as it is known: it may be good until a cause of failure becomes known.
func (h *history) turnsOf(r *metrics.Rollout) []turn {
	if r == nil {
		return nil
	}
	var turns []turn
	failed := h.failedAt(r)
	if good, known := h.goodAt(r); known && !good.After(h.now) && before(good, failed) {
		turns = append(turns, turn{good, Good})
	}
	if !failed.IsZero() {
		turns = append(turns, turn{failed, Failed})
	}
	return turns
}

// step is what a turn is to a meter that knows the trial as something before; "" where it changes nothing.
func (t turn) step(before Outcome) Step {
	switch {
	case t.as == before:
		return ""
	case t.as == Good && before == Failed:
		return StepTurnedGood
	case t.as == Good:
		return StepGood
	case t.as == Failed && before == Good:
		return StepLateFail
	case t.as == Failed:
		return StepFailed
	case before == Good:
		return StepGoodOut
	default:
		return StepFailedOut
	}
}

// appendTrial adds what became known of one trial: its outcome, and each time that was turned round.
func (h *history) appendTrial(events []meterEvent, i int, c metered) []meterEvent {
	r, known := c.last(), Outcome("")
	for _, t := range h.turns(c) {
		if step := t.step(known); step != "" {
			events = append(events, meterEvent{at: t.at, id: r.ID, why: step, trial: i, out: r.FinishedAt})
		}
		known = t.as
	}
	return events
}

// outcomes are the events of trials alone.
func (h *history) outcomes(trials []metered) []meterEvent {
	events := make([]meterEvent, 0, len(trials)+len(h.probes))
	for i, c := range trials {
		events = h.appendTrial(events, i, c)
	}
	return ordered(events)
}
