package config

import (
	"strconv"
	"time"

	"shiphabit/assessments"
)

// threshold is one number that turns records into levels, with the place it is kept in.
type threshold struct {
	key, doc string
	of       func(*assessments.Thresholds) any // *float64 or *time.Duration
}

var aRatio = &scalar{name: "decimal", json: "number", pattern: `^\d{1,4}(\.\d{1,6})?$`, says: "a number like 0.75"}

// evidenceThresholds are the numbers of E1 to E5; their meaning is in docs/assessments.md.
func evidenceThresholds() []threshold {
	type t = assessments.Thresholds
	return []threshold{
		{"frequency_level_5", "E1: planned deployments a working week for level 5.", func(t *t) any { return &t.Frequency.PerWeek[3] }},
		{"frequency_level_4", "E1: the same for level 4.", func(t *t) any { return &t.Frequency.PerWeek[2] }},
		{"frequency_level_3", "E1: the same for level 3.", func(t *t) any { return &t.Frequency.PerWeek[1] }},
		{"frequency_level_2", "E1: the same for level 2.", func(t *t) any { return &t.Frequency.PerWeek[0] }},
		{"frequency_quiet_median", "E1: at most level 3 from this median gap on, in working days.", func(t *t) any { return &t.Frequency.QuietMedian }},
		{"frequency_quiet_long", "E1: at most level 3 from this gap on that one in ten exceeds, in working days.", func(t *t) any { return &t.Frequency.QuietLong }},
		{"response_way_back_5", "E2: share of failures ended by going back, for level 5.", func(t *t) any { return &t.Response.WayBack5 }},
		{"response_way_back_4", "E2: the same for level 4.", func(t *t) any { return &t.Response.WayBack4 }},
		{"response_way_back_3", "E2: the same for level 3.", func(t *t) any { return &t.Response.WayBack3 }},
		{"response_act_5", "E2: median time from noticing a failure to its first remedy, for level 5.", func(t *t) any { return &t.Response.Act5 }},
		{"response_spread_5", "E2: how many times the median one in ten recoveries takes, at most for level 5.", func(t *t) any { return &t.Response.Spread5 }},
		{"response_recovery_4", "E2: median recovery for level 4.", func(t *t) any { return &t.Response.Recovery4 }},
		{"response_recovery_2", "E2: median recovery for levels 2 and 3.", func(t *t) any { return &t.Response.Recovery2 }},
		{"response_once_4", "E2: share of failures ended by exactly one remedy, for level 4.", func(t *t) any { return &t.Response.Once4 }},
		{"response_exercised", "E2: a rollback so recent shows that the way back works.", func(t *t) any { return &t.Response.Exercised }},
		{"response_drill", "E2: a drill so recent shows the same; level 5 needs one.", func(t *t) any { return &t.Response.Drill }},
		{"response_runbook", "E2: a linked runbook that was touched so recently shows the same.", func(t *t) any { return &t.Response.Runbook }},
		{"autonomy_outside_5", "E3: share of deployments with an approver or executor outside the team, below which level 5 begins.", func(t *t) any { return &t.Autonomy.Outside5 }},
		{"autonomy_outside_4", "E3: the same, at most for level 4.", func(t *t) any { return &t.Autonomy.Outside4 }},
		{"autonomy_outside_3", "E3: the same, at most for level 3.", func(t *t) any { return &t.Autonomy.Outside3 }},
		{"autonomy_outside_2", "E3: the same, below which level 2 begins.", func(t *t) any { return &t.Autonomy.Outside2 }},
		{"autonomy_waiting_4", "E3: waiting for people outside as a share of lead time, at most for level 4.", func(t *t) any { return &t.Autonomy.Waiting4 }},
		{"autonomy_started_5", "E3: share of deployments started by the team or its pipeline, for level 5.", func(t *t) any { return &t.Autonomy.Started5 }},
		{"autonomy_risky_3", "E3: more than this share of the outside ones is of a declared class of risk, for level 3.", func(t *t) any { return &t.Autonomy.Risky3 }},
		{"signals_verdict_5", "E4: share of deployments with a health verdict in time, for level 5.", func(t *t) any { return &t.Signals.Verdict5 }},
		{"signals_verdict_4", "E4: the same for level 4.", func(t *t) any { return &t.Signals.Verdict4 }},
		{"signals_within", "E4: how soon a health verdict is in time.", func(t *t) any { return &t.Signals.Within }},
		{"signals_machine_4", "E4: share of failures noticed by a machine, for level 4.", func(t *t) any { return &t.Signals.Machine4 }},
		{"signals_machine_3", "E4: the same for level 3.", func(t *t) any { return &t.Signals.Machine3 }},
		{"signals_detect_5", "E4: median time to detect for level 5.", func(t *t) any { return &t.Signals.Detect5 }},
		{"signals_detect_4", "E4: the same for level 4.", func(t *t) any { return &t.Signals.Detect4 }},
		{"signals_detect_3", "E4: the same for level 3.", func(t *t) any { return &t.Signals.Detect3 }},
		{"signals_detect_2", "E4: the same for level 2.", func(t *t) any { return &t.Signals.Detect2 }},
		{"signals_stopped", "E4: an automatic stop so recent shows that stops work; level 5 needs one.", func(t *t) any { return &t.Signals.Stopped }},
		{"ceremony_ready_5", "E5: median working time from a change's merge to its deployment, at most for level 5.", func(t *t) any { return &t.Ceremony.Ready5 }},
		{"ceremony_ready_4", "E5: the same in working days of the team's hours, at most for level 4.", func(t *t) any { return &t.Ceremony.Ready4 }},
		{"ceremony_ready_2", "E5: the same, from which level 2 begins together with crowding.", func(t *t) any { return &t.Ceremony.Ready2 }},
		{"ceremony_cells_5", "E5: share of changes in the two busiest two-hour cells of the week, at most for level 5.", func(t *t) any { return &t.Ceremony.Cells5 }},
		{"ceremony_cells_2", "E5: the same, at least for level 2.", func(t *t) any { return &t.Ceremony.Cells2 }},
		{"ceremony_cells_1", "E5: the same, at least for level 1.", func(t *t) any { return &t.Ceremony.Cells1 }},
		{"ceremony_together_5", "E5: share of deployments together with those of two services of other teams, at most for level 5.", func(t *t) any { return &t.Ceremony.Together5 }},
		{"ceremony_together_4", "E5: the same, at most for level 4.", func(t *t) any { return &t.Ceremony.Together4 }},
		{"ceremony_together_1", "E5: the same, at least for level 1.", func(t *t) any { return &t.Ceremony.Together1 }},
		{"ceremony_records_5", "E5: share of deployments tied to a coordination record, at most for level 5.", func(t *t) any { return &t.Ceremony.Records5 }},
		{"ceremony_records_4", "E5: the same, at most for level 4.", func(t *t) any { return &t.Ceremony.Records4 }},
		{"ceremony_records_2", "E5: the same, at least for level 2.", func(t *t) any { return &t.Ceremony.Records2 }},
		{"ceremony_records_1", "E5: the same, at least for level 1.", func(t *t) any { return &t.Ceremony.Records1 }},
	}
}

func evidenceFields() []field {
	defaults := assessments.DefaultThresholds()
	var fields []field
	for _, t := range evidenceThresholds() {
		switch v := t.of(&defaults).(type) {
		case *float64:
			text := strconv.FormatFloat(*v, 'f', -1, 64)
			fields = append(fields, value(t.key, aRatio, text, t.doc))
		case *time.Duration:
			fields = append(fields, value(t.key, aSpan, spanText(*v), t.doc))
		}
	}
	return fields
}

func thresholds(n node) assessments.Thresholds {
	result := assessments.DefaultThresholds()
	for _, t := range evidenceThresholds() {
		if !n.has(t.key) {
			continue
		}
		switch v := t.of(&result).(type) {
		case *float64:
			*v, _ = strconv.ParseFloat(n.at(t.key).text(), 64) // the scalar has tried it
		case *time.Duration:
			*v = n.at(t.key).span()
		}
	}
	return result
}

// spanText writes a span in the form the file uses, in the largest unit that divides it.
func spanText(d time.Duration) string {
	for _, unit := range []struct {
		of   time.Duration
		name string
	}{{24 * time.Hour, "d"}, {time.Hour, "h"}, {time.Minute, "m"}} {
		if d >= unit.of && d%unit.of == 0 {
			return strconv.FormatInt(int64(d/unit.of), 10) + unit.name
		}
	}
	return strconv.FormatInt(int64(d/time.Second), 10) + "s"
}
