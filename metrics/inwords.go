package metrics

import (
	"math"
	"strconv"
	"strings"
)

// spanUnit is a unit of spans, with its length in seconds and the number of seconds from which a span stands in it.
type spanUnit struct {
	name       string
	size, from float64
}

func (u spanUnit) words(seconds float64) string {
	if seconds < 0 {
		return "−" + twoFigures(-seconds/u.size) + " " + u.name
	}
	return twoFigures(seconds/u.size) + " " + u.name
}

var spanUnits = [...]spanUnit{{"s", 1, 0}, {"min", minuteSpan, minuteSpan}, {"h", hourSpan, hourSpan}, {"d", daySpan, daySpan}, {"wk", weekSpan, 10 * weekSpan}}

const minuteSpan = 60.0

// mostOfUnit is from how many of the unit of the shortest on the longest of several spans is too long to be read in it.
const mostOfUnit = 300

// InWords words a number of seconds to two figures that matter: "45 s", "12 min", "3.4 h", "2.1 d", "12 wk".
func InWords(seconds float64) string { return spanUnits[unitIndex(math.Abs(seconds))].words(seconds) }

// InOneUnit is how spans are worded that stand in one line, such as a value, the ends of its interval and the value before: all in the
// unit that the shortest of them would have alone, so that they can be compared at a glance; each in its own where they are too far apart
// for one. What is nil takes no part.
func InOneUnit(spans ...*float64) func(seconds float64) string {
	least, most := math.MaxFloat64, 0.0
	for _, s := range spans {
		if s == nil {
			continue
		}
		size := math.Abs(*s)
		most = max(most, size)
		if size > 0 {
			least = min(least, size)
		}
	}
	unit := spanUnits[unitIndex(min(least, most))]
	if most/unit.size >= mostOfUnit {
		return InWords
	}
	return unit.words
}

// unitIndex is the unit in which a span stands alone.
func unitIndex(seconds float64) int {
	at := 0
	for at+1 < len(spanUnits) && seconds >= spanUnits[at+1].from {
		at++
	}
	return at
}

// twoFigures keeps two figures that matter of what is below ten, and whole numbers above.
func twoFigures(v float64) string {
	switch {
	case v >= 9.95:
		return strconv.FormatFloat(math.Round(v), 'f', -1, 64)
	case v >= 0.95 || v == 0:
		return strings.TrimSuffix(strconv.FormatFloat(v, 'f', 1, 64), ".0")
	}
	places := 1 - int(math.Floor(math.Log10(v)))
	return strings.TrimSuffix(strings.TrimRight(strconv.FormatFloat(v, 'f', places, 64), "0"), ".")
}
