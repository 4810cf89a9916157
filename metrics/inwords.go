package metrics

import (
	"math"
	"slices"
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

// A span is read in another's unit where it is at least leastOfUnit and less than mostOfUnit of it.
const (
	leastOfUnit = 0.1
	mostOfUnit  = 300
)

// fits tells whether a span can be read in the unit.
func (u spanUnit) fits(seconds float64) bool {
	n := math.Abs(seconds) / u.size
	return n == 0 || n >= leastOfUnit && n < mostOfUnit
}

// InWords words a number of seconds to two figures that matter: "45 s", "12 min", "3.4 h", "2.1 d", "12 wk".
func InWords(seconds float64) string { return spanUnits[unitIndex(math.Abs(seconds))].words(seconds) }

// InOneUnit is how spans are worded that are of one figure, such as its value, the ends of its interval and its course: all in the unit
// that the shortest of those given would have alone, so that they can be compared at a glance; each in its own where those given are too
// far apart for one. A span that is not among them and does not fit the unit stands in its own. What is nil takes no part.
func InOneUnit(spans ...*float64) func(seconds float64) string {
	spans = slices.DeleteFunc(slices.Clone(spans), func(s *float64) bool { return s == nil })
	if len(spans) == 0 {
		return InWords
	}
	least, most := math.MaxFloat64, 0.0
	for _, s := range spans {
		size := math.Abs(*s)
		most = max(most, size)
		if size > 0 {
			least = min(least, size)
		}
	}
	unit := spanUnits[unitIndex(min(least, most))]
	if !unit.fits(most) {
		return InWords
	}
	return func(seconds float64) string {
		if unit.fits(seconds) {
			return unit.words(seconds)
		}
		return InWords(seconds)
	}
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
