package gate

import (
	"slices"
	"time"

	"shiphabit/metrics"
)

// spell is a time in which a meter stops, half-open.
type spell struct {
	from, to time.Time // to is zero while it lasts
	// ended is what opened it again.
	ended Step
	// failed are the trials that raised the meter to it, and during it.
	failed []string
}

// wrong tells of a stop that good ones opened with no cause recorded: one of which all failures were repaired by fixes had a cause.
func (s spell) wrong(explained map[string]bool) bool {
	return s.ended == StepReopened && slices.ContainsFunc(s.failed, func(trial string) bool { return !explained[trial] })
}

func (s spell) over() bool { return !s.to.IsZero() }

// holds reports whether an instant lies in the spell.
func (s spell) holds(at time.Time) bool { return !at.Before(s.from) && (!s.over() || at.Before(s.to)) }

// explained are the trials whose cause of failure is recorded: a fix repaired them, and not merely the next planned deployment.
func (h *history) explained(trials []*metrics.Rollout) map[string]bool {
	planned, fixed := map[string]bool{}, map[string]bool{}
	for _, r := range trials {
		planned[r.ID] = true
	}
	for _, r := range trials {
		repaired := r.Recovery != nil && r.Recovery.By == "fix" && !planned[r.Recovery.Evidence] && !r.Recovery.At.After(h.now)
		hotfixed := slices.ContainsFunc(r.Failures, func(f metrics.Failure) bool { return f.Cause == metrics.CauseHotfix && !f.KnownAt.After(h.now) })
		if repaired || hotfixed {
			fixed[r.ID] = true
		}
	}
	return fixed
}

// spellsOf are the times in which a meter stopped, in order.
func spellsOf(steps []MeterStep) []spell {
	var all []spell
	var failed []string // since the meter was empty last
	open := false
	for _, s := range steps {
		switch {
		case s.Why == StepFailed || s.Why == StepLateFail:
			failed = append(failed, s.Trial)
		case s.Why == StepTurnedGood || s.Why == StepFailedOut:
			failed = slices.DeleteFunc(failed, func(trial string) bool { return trial == s.Trial })
		case s.Value == 0 && !s.Blocked && !open:
			failed = nil
		}
		if s.Blocked && !open {
			all, open = append(all, spell{from: s.At}), true
		}
		if open {
			all[len(all)-1].failed = slices.Clone(failed)
		}
		if !s.Blocked && open {
			last := &all[len(all)-1]
			last.to, last.ended, open, failed = s.At, s.Why, false, nil
		}
	}
	return all
}

// wrongSpells are the wrong ones of a meter's stops that began before an instant, whoever met them; not judged where more than half the limit
// of 1 in so many goes wrong, because its stops may then well have been right.
func wrongSpells(steps []MeterStep, oneIn int, explained map[string]bool, to time.Time) (wrong []spell, judged bool) {
	if !keepsWellBelow(steps, oneIn) {
		return nil, false
	}
	return slices.DeleteFunc(spellsOf(steps), func(s spell) bool { return !s.wrong(explained) || !s.from.Before(to) }), true
}

// keepsWellBelow reports whether outside its spells at most half the limit of 1 in so many went wrong: only then can a stop have been wrong.
// What began a spell came before it and counts; what ended it does not.
func keepsWellBelow(steps []MeterStep, oneIn int) bool {
	judged, failed, inside := 0, 0, false
	for _, s := range steps {
		if inside {
			inside = s.Blocked
			continue
		}
		inside = s.Blocked
		switch s.Why {
		case StepGood:
			judged++
		case StepFailed:
			judged, failed = judged+1, failed+1
		case StepLateFail: // it was judged before
			failed++
		case StepTurnedGood:
			failed--
		case StepGoodOut:
			judged--
		case StepFailedOut:
			judged, failed = judged-1, failed-1
		default: // nothing is judged
		}
	}
	return 2*failed*oneIn <= judged
}

// MeterHistory is a meter with the steps that led to where it stands.
type MeterHistory struct {
	State MeterState
	Steps []MeterStep
}

// Histories are the three meters of a service by now.
type Histories struct {
	Failures MeterHistory
	// Usual is the meter of the service's own usual, Rate the usual rate (zero while too little is known).
	Usual MeterHistory
	Rate  Fraction
	// Restored is the meter of restoring in time.
	Restored MeterHistory
}

// Histories folds everything known of a service by now into its meters.
func (k Known) Histories(p Policy, now time.Time) Histories {
	h := newHistory(k.Facts, p, now.UTC().Truncate(time.Millisecond), k.Granted).sharing(k.Older)
	trials := h.metered()
	var all Histories
	all.Failures.State, all.Failures.Steps = h.foldMeter(p.Criteria.FailureMeter, trials)
	usual, steps := h.foldUsual(p.Criteria.OwnUsual, trials, all.Failures.Steps)
	all.Usual, all.Rate = MeterHistory{usual.MeterState, steps}, usual.Usual
	restored, steps := h.foldRestored(p.Criteria.RestoredInTime)
	all.Restored = MeterHistory{restored.MeterState, steps}
	return all
}

// Trials are the planned production promotions of a service by now with what became of them, oldest first.
func Trials(k Known, p Policy, now time.Time) []Trial {
	h := newHistory(k.Facts, p, now.UTC().Truncate(time.Millisecond), k.Granted)
	trials := h.trials()
	list := make([]Trial, len(trials))
	for i, r := range trials {
		list[i] = h.outcome(r)
	}
	return list
}
