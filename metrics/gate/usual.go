package gate

import (
	"fmt"
	"math/big"
	"slices"
	"time"
)

// OwnUsual minds a service that has become worse than its own usual while it still keeps the limit. Its usual rate is that of the year
// before the current quarter, outside the times at which the failure meter stopped it, and stands for the whole quarter, so that a
// slow slide cannot become the norm within it. It only warns.
type OwnUsual struct {
	Rule
	// NoticePPM is the failure rate that is to be noticed soon, in parts per million; the points of a failure follow from it.
	NoticePPM int64 `json:"notice_ppm"`
	// WrongStopYears: a service that stays at its usual rate is warned about at most once in so many years.
	WrongStopYears Fraction `json:"wrong_stop_years"`
	GoodInARow     int      `json:"good_in_a_row"`
	// MinTrials is how many judged deployments make a usual rate.
	MinTrials int `json:"min_trials"`
}

// UsualState is where the meter of a service's own usual stands.
type UsualState struct {
	MeterState
	// Usual is the rate that the current quarter is held against; zero while too few deployments are known.
	Usual Fraction `json:"usual,omitzero"`
	// From counts the deployments behind it, Failed those of them that failed.
	From   int `json:"from,omitempty"`
	Failed int `json:"failed,omitempty"`
}

const (
	// lowestUsual keeps a service that has never failed from being warned about at its first failure: rates below 1 in 100 count as that.
	lowestUsual = 100
	usualYear   = 365 * 24 * time.Hour
)

// usualSchedule finds the usual rate quarter after quarter.
type usualSchedule struct {
	rule    OwnUsual
	events  []meterEvent
	blocked []MeterStep // of the failure meter
	trials  []finish
	quarter time.Time // the first of the quarter to look at next, zero when there are no trials
	state   UsualState
}

// foldUsual folds everything known of a service by now into the meter of its own usual.
func (h *history) foldUsual(rule OwnUsual, trials []metered, blocked []MeterStep) (UsualState, []MeterStep) {
	if rule == (OwnUsual{}) || len(trials) == 0 {
		return UsualState{}, nil
	}
	events := slices.DeleteFunc(outcomes(trials), func(e meterEvent) bool { return e.why == StepVerified }) // no fix opens it
	s := &usualSchedule{rule: rule, events: events, blocked: blocked, trials: finishesOf(trials)}
	s.quarter = earliest(s.trials, func(f finish) time.Time { return quarterAfter(latest(f.at, f.from)) })
	m := newMeter(rule.GoodInARow, len(trials), s, setting{})
	m.foldAll(events, h.now)
	s.state.MeterState = m.state
	return s.state, m.steps
}

func (s *usualSchedule) due(at time.Time) bool { return !s.quarter.IsZero() && !s.quarter.After(at) }

func (s *usualSchedule) next() (time.Time, setting) {
	at := s.quarter
	s.quarter = quarterAfter(at)
	failed, decided := s.count(at)
	s.state.From, s.state.Failed, s.state.Usual = decided, failed, Fraction{}
	if decided < s.rule.MinTrials {
		return at, setting{}
	}
	usual := usualRate(failed, decided)
	step := s.rule.step(usual)
	if step < 2 {
		return at, setting{} // its usual is as bad as what is to be noticed: the limit is what counts
	}
	s.state.Usual = usual
	volume := max(1, s.volume(at))
	return at, setting{step: step, line: Line(step, volume, s.rule.WrongStopYears, usual), volume: volume}
}

// count tells how many trials of the year before were judged, and how many failed, outside the failure meter's blocks.
func (s *usualSchedule) count(at time.Time) (failed, decided int) {
	next, blocked := 0, false
	for _, e := range s.events {
		if !e.at.Before(at) {
			break
		}
		for ; next < len(s.blocked) && s.blocked[next].At.Before(e.at); next++ {
			blocked = s.blocked[next].Blocked
		}
		if blocked || e.at.Before(at.Add(-usualYear)) {
			continue
		}
		switch e.why {
		case StepGood:
			decided++
		case StepFailed:
			decided, failed = decided+1, failed+1
		case StepLateFail:
			failed++
		case StepTurnedGood:
			failed--
		case StepGoodOut:
			decided--
		case StepFailedOut:
			decided, failed = decided-1, failed-1
		default: // nothing is judged
		}
	}
	decided = max(0, decided)
	return max(0, min(failed, decided)), decided
}

// volume is the number of trials a month over the 90 days before, rounded up.
func (s *usualSchedule) volume(at time.Time) int {
	var within []finish
	for _, t := range s.trials {
		if t.at.Before(at) && !t.at.Before(at.AddDate(0, 0, -volumeDays)) {
			within = append(within, t)
		}
	}
	return aMonth(within, at)
}

// usualRate is the rate behind so many failures, half a failure in one deployment added so that it is never 0.
func usualRate(failed, decided int) Fraction {
	rate := big.NewRat(int64(2*failed+1), int64(2*decided+2))
	if lowest := big.NewRat(1, lowestUsual); rate.Cmp(lowest) < 0 {
		rate = lowest
	}
	return Fraction{Num: rate.Num().Int64(), Den: rate.Denom().Int64()}
}

// step is the whole number nearest to ln(p1/p0) ÷ ln((1−p0)/(1−p1)), the points by which a failure counts best for telling the rate
// p1 to be noticed from the usual p0: the smallest k for which ((1−p0)/(1−p1))^(2k+1) exceeds (p1/p0)². 0 when p1 is not above p0.
func (c OwnUsual) step(usual Fraction) int {
	p0, p1 := usual.Rat(), big.NewRat(c.NoticePPM, 1_000_000)
	if p1.Cmp(p0) <= 0 {
		return 0
	}
	one := big.NewRat(1, 1)
	gain := new(big.Rat).Quo(p1, p0)
	gain.Mul(gain, gain)
	loss := new(big.Rat).Quo(new(big.Rat).Sub(one, p0), new(big.Rat).Sub(one, p1))
	power, square := new(big.Rat).Set(loss), new(big.Rat).Mul(loss, loss)
	for k := 0; ; k++ {
		if power.Cmp(gain) > 0 || k == maxOneIn {
			return k
		}
		power.Mul(power, square)
	}
}

// quarterAfter is the first day of the quarter that begins next, at 00:00 UTC.
func quarterAfter(t time.Time) time.Time {
	t = t.UTC()
	return time.Date(t.Year(), (t.Month()-1)/3*3+4, 1, 0, 0, 0, 0, time.UTC)
}

func (c OwnUsual) judge(q question) finding {
	u := q.s.Usual
	if u.Usual == (Fraction{}) {
		f := finding{result: NotApplicable, observed: map[string]int64{"deployments": int64(u.From), "min_deployments": int64(c.MinTrials)}}
		f.says = fmt.Sprintf("What is usual for it is not known yet: %s were judged in the year before this quarter, %d make a usual rate.",
			count(int64(u.From), "deployment"), c.MinTrials)
		if u.From >= c.MinTrials {
			f.says = fmt.Sprintf("It fails so often as a rule (%d of %s in the year before this quarter) that the limit decides, not what is usual.",
				u.Failed, count(int64(u.From), "deployment"))
		}
		return f
	}
	f := finding{
		result: Pass, promise: promised(u.Step, u.Line, u.Volume, u.Usual),
		observed: map[string]int64{"meter": int64(u.Value), "line": int64(u.Line), "usual_ppm": ppm(u.Usual), "deployments": int64(u.From), "failed": int64(u.Failed)},
		says: fmt.Sprintf("Its usual: %d of %s failed in the year before this quarter. Against that a failure costs %s; now %d, line %d.",
			u.Failed, count(int64(u.From), "deployment"), count(int64(u.Step), "point"), u.Value, u.Line),
	}
	if u.Blocked {
		f.result, f.short = Fail, fmt.Sprintf("it fails more often than its own usual (%s)", percent(ppm(u.Usual)))
		f.says += " That is more than chance explains."
		f.opensWhen = []string{fmt.Sprintf("%s good deployments in a row (%d so far)", number(c.GoodInARow), u.GoodInARow)}
		f.evidence = failures(q.s.Recent)
	}
	return f
}

// ppm is a share in parts per million, rounded down.
func ppm(f Fraction) int64 { return f.Num * 1_000_000 / f.Den }

func (c OwnUsual) promises() string {
	return fmt.Sprintf("it does not become worse than its own usual (a warning at most once in %s %s without cause)",
		c.WrongStopYears.decimal(), plural(int(c.WrongStopYears.Num/max(1, c.WrongStopYears.Den)), "year"))
}

func (c OwnUsual) check(f *faults, field string) {
	checkMeter(f, field, 2, c.WrongStopYears)
	f.unless(c.NoticePPM >= 20_000 && c.NoticePPM <= 900_000, "%s.notice_ppm: %d; write 20000 to 900000", field, c.NoticePPM)
	f.unless(c.GoodInARow >= 1 && c.GoodInARow <= 100, "%s.good_in_a_row: %d; write 1 to 100", field, c.GoodInARow)
	f.unless(c.MinTrials >= 10 && c.MinTrials <= 10_000, "%s.min_trials: %d; write 10 to 10000", field, c.MinTrials)
	f.unless(c.Mode != Enforce, "%s.mode: what is usual is no agreed limit, so it may warn and not stop; write warn", field)
}
