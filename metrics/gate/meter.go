package gate

import (
	"cmp"
	"slices"
	"strings"
	"time"

	"shiphabit/metrics"
)

// The line follows the volume of the last volumeDays full days, looked at on the first of each month (UTC); until so many
// days are known it is the line of newVolume deployments a month.
const (
	volumeDays = 90
	newVolume  = 30
)

// meterEvent is something that moves the meter when it becomes known.
type meterEvent struct {
	at    time.Time
	id    string
	why   Step
	trial int // position of the trial in the facts, -1 for a probe
	// out is when the trial went out; of names the trial whose cause is verified.
	out time.Time
	of  string
}

// FoldMeter folds everything known of a service by now into its failure meter: the state, and every step that led to it.
// The steps are ordered by when they became known, and none is ever folded again: a later correction is a step of its own.
func FoldMeter(f metrics.Facts, p Policy, now time.Time, granted []ProbeGrant) (MeterState, []MeterStep) {
	all := Known{Facts: f, Granted: granted}.FailureMeter(p, now)
	return all.State, all.Steps
}

// FailureMeter is FoldMeter with all that is known of the service: it may share code with an older one.
func (k Known) FailureMeter(p Policy, now time.Time) MeterHistory {
	h := newHistory(k.Facts, p, now, k.Granted).sharing(k.Older)
	var m MeterHistory
	m.State, m.Steps = h.foldMeter(p.Criteria.FailureMeter, h.trials())
	return m
}

func (h *history) foldMeter(rule FailureMeter, trials []int) (MeterState, []MeterStep) {
	if rule == (FailureMeter{}) {
		return MeterState{}, nil // no meter was agreed
	}
	l := newLines(rule.OneIn, rule.WrongStopYears, h.finishes(trials))
	m := newMeter(rule.GoodInARow, len(h.facts.Rollouts), &l, l.first())
	m.paidPerDay = rule.PaidPerDay
	events := h.events(trials)
	h.begin(m, rule, trials, events)
	m.foldAll(events, h.now)
	h.finish(m, rule.ProbesPerDay, trials)
	return m.state, m.steps
}

// finishes are when the trials went out.
func (h *history) finishes(trials []int) []time.Time {
	at := make([]time.Time, len(trials))
	for i, t := range trials {
		at[i] = h.facts.Rollouts[t].FinishedAt
	}
	return at
}

// events are everything that moves the meter, in order of (known at, id).
func (h *history) events(trials []int) []meterEvent {
	events := make([]meterEvent, 0, len(trials)+len(h.probes))
	for _, i := range trials {
		events = h.appendTrial(events, i)
	}
	events = h.appendVerified(events, trials)
	for _, g := range h.probes {
		events = append(events, meterEvent{at: g.At, id: g.Decision, why: StepProbe, trial: -1})
	}
	return ordered(events)
}

// ordered puts events in the order in which they became known.
func ordered(events []meterEvent) []meterEvent {
	slices.SortStableFunc(events, func(a, b meterEvent) int {
		return cmp.Or(a.at.Compare(b.at), strings.Compare(a.id, b.id))
	})
	return events
}

// appendTrial adds what became known of one trial: its outcome, and each time that was turned round.
func (h *history) appendTrial(events []meterEvent, i int) []meterEvent {
	r := &h.facts.Rollouts[i]
	good, known := h.goodAt(r)
	known = known && !good.After(h.now)
	state := Step("")
	for _, c := range h.changes(r) {
		if known && state == "" && good.Before(c.at) {
			events, state = append(events, meterEvent{at: good, id: r.ID, why: StepGood, trial: i, out: r.FinishedAt}), StepGood
		}
		step := c.step(state)
		events, state = append(events, meterEvent{at: c.at, id: r.ID, why: step, trial: i, out: r.FinishedAt}), step
	}
	if known && state == "" {
		events = append(events, meterEvent{at: good, id: r.ID, why: StepGood, trial: i, out: r.FinishedAt})
	}
	return events
}

// change is an instant from which a rollout counts as failed, or no longer does.
type change struct {
	at     time.Time
	failed bool
}

// step names the change for a trial whose last step was this one.
func (c change) step(last Step) Step {
	switch {
	case !c.failed:
		return StepTurnedGood
	case last != "":
		return StepLateFail
	default:
		return StepFailed
	}
}

// changes are the instants at which a rollout became failed or ceased to be, as its causes came and were withdrawn.
func (h *history) changes(r *metrics.Rollout) []change {
	if len(r.Withdrawn) == 0 {
		if at := h.failedAt(r); !at.IsZero() {
			return []change{{at, true}}
		}
		return nil
	}
	var ends []change
	for _, f := range slices.Concat(r.Failures, r.Withdrawn) {
		if f.KnownAt.After(h.now) {
			continue
		}
		ends = append(ends, change{f.KnownAt, true})
		if !f.WithdrawnAt.IsZero() && !f.WithdrawnAt.After(h.now) {
			ends = append(ends, change{latest(f.KnownAt, f.WithdrawnAt), false})
		}
	}
	slices.SortStableFunc(ends, func(a, b change) int { return a.at.Compare(b.at) })
	return crossings(ends)
}

// crossings keeps the ends at which the number of standing causes leaves 0 or comes back to it.
func crossings(ends []change) []change {
	var changes []change
	standing := 0
	for _, e := range ends {
		if e.failed {
			standing++
		} else {
			standing--
		}
		if (e.failed && standing == 1) || (!e.failed && standing == 0) {
			changes = append(changes, e)
		}
	}
	return changes
}

// appendVerified adds the instants at which the repair of a failed trial was confirmed: a fix, not merely the next planned
// deployment, was watched and found healthy.
func (h *history) appendVerified(events []meterEvent, trials []int) []meterEvent {
	if h.verdictsSince.IsZero() {
		return events // nothing can be confirmed
	}
	fixes := make(map[string]int)
	for i := range h.facts.Rollouts {
		if r := &h.facts.Rollouts[i]; h.verdict(r) == "healthy" {
			fixes[r.ID] = i
		}
	}
	for _, i := range trials {
		delete(fixes, h.facts.Rollouts[i].ID)
	}
	for _, i := range trials {
		recovery := h.facts.Rollouts[i].Recovery
		if recovery == nil || recovery.By != "fix" {
			continue
		}
		at, found := fixes[recovery.Evidence]
		if !found {
			continue
		}
		if o := h.outcome(&h.facts.Rollouts[at]); o.Outcome == Good {
			events = append(events, meterEvent{at: o.KnownAt, id: o.ID, why: StepVerified, trial: i, of: h.facts.Rollouts[i].ID})
		}
	}
	return events
}

// schedule says when a meter's step and line are looked at anew.
type schedule interface {
	// due reports whether it is time to look by the instant; next is what holds from then on.
	due(at time.Time) bool
	next() (at time.Time, s setting)
}

// setting is what a meter goes by: the points that a failure costs, the line, and the volume that it follows from.
type setting struct{ step, line, volume int }

// meter is one while it is folded.
type meter struct {
	goodInARow int
	schedule   schedule
	state      MeterState
	steps      []MeterStep
	paid       []bool // by position of the trial: it paid back a point
	// paidPerDay bounds how many pay back on one day, 0 does not; paidOn is the day on which the last did, paidThen how many did then.
	paidPerDay int
	paidOn     time.Time
	paidThen   int
}

func newMeter(goodInARow, trials int, sched schedule, first setting) *meter {
	m := &meter{goodInARow: goodInARow, schedule: sched, paid: make([]bool, trials), steps: make([]MeterStep, 0, trials+16)}
	m.state.Step, m.state.Line, m.state.Volume = first.step, first.line, first.volume
	return m
}

// foldAll takes the events in their order, up to now.
func (m *meter) foldAll(events []meterEvent, now time.Time) {
	for _, e := range events {
		m.advance(e.at)
		m.fold(e)
	}
	m.advance(now)
}

// advance takes over the settings that have become due since.
func (m *meter) advance(to time.Time) {
	for m.schedule.due(to) {
		at, s := m.schedule.next()
		same := s.line == m.state.Line && s.step == m.state.Step
		m.state.Step, m.state.Line, m.state.Volume = s.step, s.line, s.volume
		if same {
			continue
		}
		switch {
		case s.line == 0: // nothing is held against it any more
			m.state = MeterState{Trials: m.state.Trials}
			clear(m.paid)
		case !m.state.Blocked: // a changed line never blocks by itself
			m.state.Value = max(0, min(m.state.Value, s.line-1))
		}
		m.step(at, "", StepLine)
	}
}

// fold takes one event.
func (m *meter) fold(e meterEvent) {
	s := &m.state
	switch e.why {
	case StepGood:
		s.Trials++
		if s.Value > 0 && m.pays(e.at) {
			m.paid[e.trial] = true
			s.Value--
		}
		m.step(e.at, e.id, e.why)
		m.probed(e)
	case StepFailed, StepLateFail:
		m.failed(e)
	case StepTurnedGood:
		s.Value = max(0, s.Value-s.Step)
		m.step(e.at, e.id, e.why)
	case StepProbe:
		m.step(e.at, e.id, e.why)
	case StepVerified:
		if s.Blocked && s.BlockedBy == e.of {
			m.reopen(e.at, e.id, StepVerified)
		}
	case StepReopened, StepLine, StepShared: // made by the meter itself
	}
	if s.Value == 0 {
		s.Began = nil // nothing is left of it
	}
}

// pays counts a good trial that pays back, unless enough have done so on that day.
func (m *meter) pays(at time.Time) bool {
	if day := dayOf(at); !day.Equal(m.paidOn) {
		m.paidOn, m.paidThen = day, 0
	}
	if m.paidPerDay > 0 && m.paidThen >= m.paidPerDay {
		return false
	}
	m.paidThen++
	return true
}

// dayOf is the UTC day of an instant.
func dayOf(t time.Time) time.Time { return t.UTC().Truncate(24 * time.Hour) }

// failed raises the meter, after giving back what the trial paid when it still counted as good.
func (m *meter) failed(e meterEvent) {
	s := &m.state
	if e.why == StepFailed {
		s.Trials++
	}
	if m.paid[e.trial] {
		s.Value, m.paid[e.trial] = s.Value+1, false
	}
	s.Value += s.Step
	s.GoodInARow = 0
	if s.Line > 0 && s.Value >= s.Line && !s.Blocked {
		s.Blocked, s.BlockedSince = true, e.at
	}
	if s.Blocked {
		s.BlockedBy = e.id
	}
	m.step(e.at, e.id, e.why)
}

// probed counts a good trial towards reopening when it went out during the block.
func (m *meter) probed(e meterEvent) {
	s := &m.state
	if !s.Blocked || !e.out.After(s.BlockedSince) {
		return
	}
	s.GoodInARow++
	if s.GoodInARow >= m.goodInARow {
		m.reopen(e.at, e.id, StepReopened)
	}
}

// reopen ends the block with a head start: half the line, so that it blocks again soon if the cause is still there.
func (m *meter) reopen(at time.Time, id string, why Step) {
	s := &m.state
	s.Value, s.Blocked, s.GoodInARow = s.Line/2, false, 0
	s.BlockedSince, s.BlockedBy, s.Began = time.Time{}, "", nil
	m.step(at, id, why)
}

func (m *meter) step(at time.Time, id string, why Step) {
	m.steps = append(m.steps, MeterStep{At: at, Trial: id, Why: why, Value: m.state.Value, Line: m.state.Line, Blocked: m.state.Blocked})
}

// finish adds what the state tells about now: trials under watch, and when the next probe may go.
func (h *history) finish(m *meter, probesPerDay int, trials []int) {
	s, last := &m.state, m.state.BlockedSince
	var wait time.Time
	for _, i := range trials {
		r := &h.facts.Rollouts[i]
		last = latest(last, r.FinishedAt)
		if h.now.Sub(r.FinishedAt) > volumeDays*24*time.Hour {
			continue // long decided, or never to be
		}
		if o := h.outcome(r); o.Outcome == PendingWatch {
			s.Pending++
			wait = latest(wait, o.KnownAt)
		}
	}
	for _, g := range h.probes {
		last = latest(last, g.At)
		if dayOf(g.At).Equal(dayOf(h.now)) {
			s.ProbesToday++
		}
	}
	if m.paidPerDay > 0 && m.paidOn.Equal(dayOf(h.now)) {
		s.PaidToday = m.paidThen
	}
	if s.Blocked && probesPerDay > 0 {
		s.NextProbeAt = latest(last.Add(24*time.Hour/time.Duration(probesPerDay)), wait)
	}
}
