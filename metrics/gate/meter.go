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
	trial int // position of the trial among all, -1 for a probe
	// out is when the trial went out; corrected, that it counts so only since a correction.
	out       time.Time
	corrected bool
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
	m.State, m.Steps = h.foldMeter(p.Criteria.FailureMeter, h.metered())
	return m
}

func (h *history) foldMeter(rule FailureMeter, trials []metered) (MeterState, []MeterStep) {
	if rule == (FailureMeter{}) {
		return MeterState{}, nil // no meter was agreed
	}
	finishes := finishesOf(trials)
	l := newLines(rule.OneIn, rule.WrongStopYears, finishes)
	m := newMeter(rule.GoodInARow, len(trials), &l, l.first())
	m.paidPerDay = rule.PaidPerDay
	events := h.events(trials)
	h.begin(m, rule, finishes, events)
	m.foldAll(events, h.now)
	h.finish(m, rule.ProbesPerDay, trials)
	return m.state, m.steps
}

// finish is when a trial went out, and from when until when that was known, zero for from the beginning and for good.
type finish struct{ at, from, until time.Time }

// knownAt tells whether it was known at an instant.
func (f finish) knownAt(at time.Time) bool {
	return !f.from.After(at) && (f.until.IsZero() || f.until.After(at))
}

// finishesOf are when the trials went out, in order.
func finishesOf(trials []metered) []finish {
	all := make([]finish, 0, len(trials))
	for _, c := range trials {
		for _, p := range c {
			all = append(all, finish{p.FinishedAt, p.from, p.until})
		}
	}
	inTime := func(a, b finish) int { return a.at.Compare(b.at) }
	if !slices.IsSortedFunc(all, inTime) { // it is, but for corrections
		slices.SortStableFunc(all, inTime)
	}
	return all
}

// earliest is the earliest instant that follows from a finish known then; zero when there is none. The finishes are in order.
func earliest(finishes []finish, follows func(finish) time.Time) time.Time {
	var first time.Time
	for _, f := range finishes {
		if at := follows(f); f.knownAt(at) && before(at, first) {
			if first = at; f.from.IsZero() {
				break // those after it follow later
			}
		}
	}
	return first
}

// events are everything that moves the meter, in order of (known at, id).
func (h *history) events(trials []metered) []meterEvent {
	events := outcomes(trials)
	for _, g := range h.probes {
		events = append(events, meterEvent{at: g.At, id: g.Decision, why: StepProbe, trial: -1})
	}
	return ordered(events)
}

// outcomes are the events of trials.
func outcomes(trials []metered) []meterEvent {
	events := make([]meterEvent, 0, len(trials)+16)
	for i, c := range trials {
		events = c.append(events, i)
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
	blockedBy  int    // position of the trial that failed last while it was blocked
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
	case StepGoodOut, StepFailedOut:
		m.takeOut(e)
	case StepProbe:
		m.step(e.at, e.id, e.why)
	case StepVerified:
		if s.Blocked && m.blockedBy == e.trial {
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
		s.BlockedBy, m.blockedBy = e.id, e.trial
	}
	m.step(e.at, e.id, e.why)
}

// takeOut takes back what a trial did to the meter that counts nowhere any more. That neither stops a service nor opens it again.
func (m *meter) takeOut(e meterEvent) {
	s := &m.state
	s.Trials--
	switch {
	case e.why == StepFailedOut:
		s.Value = max(0, s.Value-s.Step)
	case m.paid[e.trial]:
		m.paid[e.trial] = false
		if s.Blocked || s.Value+1 < s.Line {
			s.Value++
		}
	}
	if s.Blocked && e.why == StepGoodOut && e.out.After(s.BlockedSince) {
		s.GoodInARow = max(0, s.GoodInARow-1)
	}
	m.step(e.at, e.id, e.why)
}

// probed counts a good trial towards reopening when it went out during the block; what a correction makes good opens nothing.
func (m *meter) probed(e meterEvent) {
	s := &m.state
	if !s.Blocked || !e.out.After(s.BlockedSince) || e.corrected {
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
func (h *history) finish(m *meter, probesPerDay int, trials []metered) {
	s, last := &m.state, m.state.BlockedSince
	var wait time.Time
	for _, c := range trials {
		r := c.last()
		if !r.until.IsZero() {
			continue // taken out
		}
		last = latest(last, r.FinishedAt)
		if h.now.Sub(r.FinishedAt) > volumeDays*24*time.Hour {
			continue // long decided, or never to be
		}
		if o := h.outcome(r.Rollout); o.Outcome == PendingWatch {
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
