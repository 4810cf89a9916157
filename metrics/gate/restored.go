package gate

import (
	"fmt"
	"slices"
	"time"

	"shiphabit/metrics"
)

// RestoredInTime is a meter over incidents: one that is over within the agreed time is good, one that is open beyond it is late, known to be
// so at that very moment, or when it is told of. It stops nothing before MinIncidents are known, and opens again after as many good ones in a row, or when
// QuietDays have passed without a late one: while a service is stopped there may be nothing to restore.
type RestoredInTime struct {
	Rule
	TargetSeconds  int64    `json:"target_seconds"`
	OneIn          int      `json:"one_in"`
	WrongStopYears Fraction `json:"wrong_stop_years"`
	GoodInARow     int      `json:"good_in_a_row"`
	MinIncidents   int      `json:"min_incidents"`
	QuietDays      int      `json:"quiet_days"`
	// WarnAtPPM is the part of the line from which it warns, in parts per million; 0 never.
	WarnAtPPM int64 `json:"warn_at_ppm,omitzero"`
}

// RestoredState is where the meter of restoring in time stands.
type RestoredState struct {
	MeterState
	// Late are the latest incidents that were not over in time, oldest first, at most three.
	Late []Problem `json:"late,omitempty"`
	// LastLateAt is when the last of them became late.
	LastLateAt time.Time `json:"last_late_at,omitzero"`
}

const lateShown = 3

// foldRestored folds the incidents known by now.
func (h *history) foldRestored(rule RestoredInTime) (RestoredState, []MeterStep) {
	var s RestoredState
	if rule == (RestoredInTime{}) {
		return s, nil
	}
	var starts []finish
	var events []meterEvent
	incidents := 0
	for _, list := range [][]metrics.IncidentLink{h.facts.Incidents, h.facts.TakenBack} {
		for i := range list {
			incident := &list[i]
			known, told := toldBy(incident, h.now)
			if !told || !slices.ContainsFunc(incident.KnownAs(), inProduction) {
				continue
			}
			e := restoring{id: incident.ID, trial: incidents, limit: seconds(rule.TargetSeconds)}
			e.follow(incident.KnownAs(), h.now)
			starts = append(starts, startsOf(incident.KnownAs())...)
			incidents++
			events = append(events, e.events...)
			s.LastLateAt = latest(s.LastLateAt, e.lateAt.UTC())
			if e.state == StepFailed || e.state == StepLateFail {
				s.Late = append(s.Late, Problem{ID: incident.ID, Since: known.StartedAt.UTC(), Severity: incident.Severity, Says: incident.Title})
			}
		}
	}
	slices.SortStableFunc(s.Late, func(a, b Problem) int { return a.Since.Compare(b.Since) })
	s.Late = s.Late[max(0, len(s.Late)-lateShown):]
	events = ordered(events)
	slices.SortStableFunc(starts, func(a, b finish) int { return a.at.Compare(b.at) })
	l := newLines(rule.OneIn, rule.WrongStopYears, starts)
	m := newMeter(rule.GoodInARow, incidents, &l, l.first())
	m.foldAll(events, h.now)
	s.MeterState = m.state
	return s, m.steps
}

// startsOf are when an incident began, and from when until when that was known of it as one that counts.
func startsOf(told []metrics.Telling) []finish {
	var starts []finish
	for n, t := range told {
		f := finish{at: t.StartedAt, from: t.At}
		if n+1 < len(told) {
			f.until = told[n+1].At
		}
		if inProduction(t) && !t.Uncounted {
			starts = append(starts, f)
		}
	}
	return starts
}

// toldBy is what was known of an incident at an instant, false when nothing was.
func toldBy(i *metrics.IncidentLink, at time.Time) (known metrics.Telling, told bool) {
	for _, t := range i.KnownAs() {
		if t.At.After(at) {
			break
		}
		known, told = t, true
	}
	return known, told
}

// inProduction tells whether an incident was told of as one of production; one that names no environment is.
func inProduction(t metrics.Telling) bool {
	return t.EnvironmentKind == "" || t.EnvironmentKind == metrics.Production
}

// restoring follows what became known of one incident, and notes what moves the meter.
type restoring struct {
	id     string
	trial  int
	limit  time.Duration
	state  Step // the last step, "" before the first
	stated bool // a correction brought it, or changed what is known of it
	lateAt time.Time
	events []meterEvent
}

// follow takes what was known of the incident from when on. That it is over in time, or late, counts when it is known, and each time that
// it is known to be otherwise.
func (r *restoring) follow(told []metrics.Telling, now time.Time) {
	for n, t := range told {
		if t.At.After(now) {
			return
		}
		r.stated = r.stated || t.Corrected
		at, good := t.StartedAt.Add(r.limit), false
		if !t.ResolvedAt.IsZero() && !t.ResolvedAt.After(at) {
			at, good = t.ResolvedAt, true
		}
		at = latest(at, t.At)
		open := t.Uncounted || !inProduction(t) || at.After(now) || n+1 < len(told) && !at.Before(told[n+1].At)
		if open || at.After(t.At) {
			r.retract(t)
		}
		if !open {
			r.step(at, good, t.StartedAt)
		}
	}
}

// retract notes that an incident that counted as late is not known to be, or counts nowhere.
func (r *restoring) retract(t metrics.Telling) {
	if r.state == StepFailed || r.state == StepLateFail {
		r.note(t.At, StepTurnedGood, t.StartedAt)
	}
}

func (r *restoring) step(at time.Time, good bool, began time.Time) {
	late := r.state == StepFailed || r.state == StepLateFail
	switch {
	case good && r.state == "":
		r.note(at, StepGood, began)
	case good && late:
		r.note(at, StepTurnedGood, began)
	case !good && r.state == "":
		r.note(at, StepFailed, began)
	case !good && !late:
		r.note(at, StepLateFail, began)
	}
}

func (r *restoring) note(at time.Time, why Step, began time.Time) {
	r.state = why
	if why == StepFailed || why == StepLateFail {
		r.lateAt = latest(r.lateAt, at)
	}
	r.events = append(r.events, meterEvent{at: at, id: r.id, why: why, trial: r.trial, out: began, corrected: r.stated})
}

func (c RestoredInTime) judge(q question) finding {
	s := q.s.Restored
	if s.Trials == 0 {
		return finding{result: NotApplicable, says: "No production incident of this service is known that is over, or older than " + span(seconds(c.TargetSeconds)) + "."}
	}
	f := finding{
		result: Pass, observed: map[string]int64{"meter": int64(s.Value), "line": int64(s.Line), "incidents": int64(s.Trials), "target_seconds": c.TargetSeconds},
		says: fmt.Sprintf("Incidents are to be over within %s; one that is not costs %s, one that is pays back 1. Now %d, line %d, of %s.",
			span(seconds(c.TargetSeconds)), count(int64(s.Step), "point"), s.Value, s.Line, count(int64(s.Trials), "incident")),
		evidence: ids(s.Late),
	}
	quiet := s.LastLateAt.AddDate(0, 0, c.QuietDays)
	switch {
	case !s.Blocked && c.WarnAtPPM > 0 && int64(s.Value)*1_000_000 >= c.WarnAtPPM*int64(s.Line):
		f.result = Warn
		f.short = fmt.Sprintf("its incidents are not over within %s often enough: the meter is at %d of %d", span(seconds(c.TargetSeconds)), s.Value, s.Line)
		f.says += " From " + percent(c.WarnAtPPM) + " of the line on it warns."
	case !s.Blocked:
	case !q.s.Now.Before(quiet):
		f.says += fmt.Sprintf(" No incident was late for %d days.", c.QuietDays)
	default:
		f.result, f.until = Fail, quiet
		if s.Trials < c.MinIncidents {
			f.result = Warn
			f.says += fmt.Sprintf(" Fewer than %d incidents are known, so it only warns.", c.MinIncidents)
		}
		f.short = "its incidents are not over within " + span(seconds(c.TargetSeconds)) + " often enough"
		f.opensWhen = []string{
			fmt.Sprintf("%s incidents in a row are over in time (%d so far)", number(c.GoodInARow), s.GoodInARow),
			"or no incident is late until " + clock(quiet),
		}
	}
	return f
}

func (c RestoredInTime) promises() string {
	return fmt.Sprintf("incidents are over within %s, but for 1 in %d (+%d/-1)", span(seconds(c.TargetSeconds)), c.OneIn, c.OneIn-1)
}

func (c RestoredInTime) check(f *faults, field string) {
	f.unless(c.TargetSeconds > 0, "%s.target_seconds: %d; write a span above 0", field, c.TargetSeconds)
	f.span(field+".target_seconds", c.TargetSeconds)
	checkMeter(f, field, c.OneIn, c.WrongStopYears)
	f.unless(c.GoodInARow >= 1 && c.GoodInARow <= 100, "%s.good_in_a_row: %d; write 1 to 100", field, c.GoodInARow)
	f.unless(c.MinIncidents >= 0 && c.MinIncidents <= 1000, "%s.min_incidents: %d; write 0 to 1000", field, c.MinIncidents)
	f.unless(c.WarnAtPPM >= 0 && c.WarnAtPPM <= 1_000_000, "%s.warn_at_ppm: %d; write 0 to 1000000", field, c.WarnAtPPM)
	f.unless(c.QuietDays >= 1 && c.QuietDays <= 366, "%s.quiet_days: %d; write 1 to 366", field, c.QuietDays)
}
