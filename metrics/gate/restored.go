package gate

import (
	"fmt"
	"time"

	"shiphabit/metrics"
)

// RestoredInTime is a meter over incidents: one that is over within the agreed time is good, one that is open beyond it is late, known to be
// so at that very moment. It stops nothing before MinIncidents are known, and opens again after as many good ones in a row, or when
// QuietDays have passed without a late one: while a service is stopped there may be nothing to restore.
type RestoredInTime struct {
	Rule
	TargetSeconds  int64    `json:"target_seconds"`
	OneIn          int      `json:"one_in"`
	WrongStopYears Fraction `json:"wrong_stop_years"`
	GoodInARow     int      `json:"good_in_a_row"`
	MinIncidents   int      `json:"min_incidents"`
	QuietDays      int      `json:"quiet_days"`
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
	var began []time.Time
	var events []meterEvent
	limit := seconds(rule.TargetSeconds)
	for i := range h.facts.Incidents {
		incident := &h.facts.Incidents[i]
		where := incident.EnvironmentKind
		if incident.Uncounted || where != "" && where != metrics.Production || incident.StartedAt.After(h.now) {
			continue
		}
		due := incident.StartedAt.Add(limit)
		e := meterEvent{at: due, id: incident.ID, why: StepFailed, trial: len(began), out: incident.StartedAt}
		if !incident.ResolvedAt.IsZero() && !incident.ResolvedAt.After(due) {
			e.at, e.why = incident.ResolvedAt, StepGood
		}
		began = append(began, incident.StartedAt)
		if e.at.After(h.now) {
			continue // whether it is restored in time is not known yet
		}
		events = append(events, e)
		if e.why == StepFailed {
			s.Late = append(s.Late, Problem{ID: incident.ID, Since: incident.StartedAt.UTC(), Severity: incident.Severity, Says: incident.Title})
			s.LastLateAt = latest(s.LastLateAt, due.UTC())
		}
	}
	s.Late = s.Late[max(0, len(s.Late)-lateShown):]
	l := newLines(rule.OneIn, rule.WrongStopYears, began)
	m := newMeter(rule.GoodInARow, len(began), &l, l.first())
	m.foldAll(ordered(events), h.now)
	s.MeterState = m.state
	return s, m.steps
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
	f.unless(c.QuietDays >= 1 && c.QuietDays <= 366, "%s.quiet_days: %d; write 1 to 366", field, c.QuietDays)
}
