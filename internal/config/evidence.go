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

// evidenceThresholds are the numbers of E1, E2 and E4; their meaning is in docs/assessments.md.
func evidenceThresholds() []threshold {
	type t = assessments.Thresholds
	return []threshold{
		{"frequency_level_5", "E1: planned deployments a working week for level 5.", func(t *t) any { return &t.Frequency.PerWeek[3] }},
		{"frequency_level_4", "E1: the same for level 4.", func(t *t) any { return &t.Frequency.PerWeek[2] }},
		{"frequency_level_3", "E1: the same for level 3.", func(t *t) any { return &t.Frequency.PerWeek[1] }},
		{"frequency_level_2", "E1: the same for level 2.", func(t *t) any { return &t.Frequency.PerWeek[0] }},
		{"frequency_quiet_median", "E1: at most level 3 from this median gap on, in working days.", func(t *t) any { return &t.Frequency.QuietMedian }},
		{"frequency_quiet_long", "E1: at most level 3 from this gap on that one in ten exceeds, in working days.", func(t *t) any { return &t.Frequency.QuietLong }},
		{"response_way_back_4", "E2: share of failures ended by going back, for level 4.", func(t *t) any { return &t.Response.WayBack4 }},
		{"response_way_back_3", "E2: the same for level 3.", func(t *t) any { return &t.Response.WayBack3 }},
		{"response_recovery_4", "E2: median recovery for level 4.", func(t *t) any { return &t.Response.Recovery4 }},
		{"response_recovery_2", "E2: median recovery for levels 2 and 3.", func(t *t) any { return &t.Response.Recovery2 }},
		{"response_once_4", "E2: share of failures ended by exactly one remedy, for level 4.", func(t *t) any { return &t.Response.Once4 }},
		{"response_exercised", "E2: a rollback so recent shows that the way back works.", func(t *t) any { return &t.Response.Exercised }},
		{"signals_verdict_4", "E4: share of deployments with a health verdict in time, for level 4.", func(t *t) any { return &t.Signals.Verdict4 }},
		{"signals_within", "E4: how soon a health verdict is in time.", func(t *t) any { return &t.Signals.Within }},
		{"signals_machine_4", "E4: share of failures noticed by a machine, for level 4.", func(t *t) any { return &t.Signals.Machine4 }},
		{"signals_machine_3", "E4: the same for level 3.", func(t *t) any { return &t.Signals.Machine3 }},
		{"signals_detect_4", "E4: median time to detect for level 4.", func(t *t) any { return &t.Signals.Detect4 }},
		{"signals_detect_3", "E4: the same for level 3.", func(t *t) any { return &t.Signals.Detect3 }},
		{"signals_detect_2", "E4: the same for level 2.", func(t *t) any { return &t.Signals.Detect2 }},
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
