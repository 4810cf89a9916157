package gate

import "time"

// spell is a time in which a meter stops, half-open.
type spell struct {
	from, to time.Time // to is zero while it lasts
	// ended is what opened it again.
	ended Step
}

func (s spell) over() bool { return !s.to.IsZero() }

// holds reports whether an instant lies in the spell.
func (s spell) holds(at time.Time) bool { return !at.Before(s.from) && (!s.over() || at.Before(s.to)) }

// spellsOf are the times in which a meter stopped, in order.
func spellsOf(steps []MeterStep) []spell {
	var all []spell
	open := false
	for _, s := range steps {
		switch {
		case s.Blocked && !open:
			all, open = append(all, spell{from: s.At}), true
		case !s.Blocked && open:
			last := &all[len(all)-1]
			last.to, last.ended, open = s.At, s.Why, false
		}
	}
	return all
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
	h := newHistory(k.Facts, p, now.UTC().Truncate(time.Millisecond), k.Granted)
	trials := h.trials()
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
	positions := h.trials()
	list := make([]Trial, len(positions))
	for i, at := range positions {
		list[i] = h.outcome(&h.facts.Rollouts[at])
	}
	return list
}
