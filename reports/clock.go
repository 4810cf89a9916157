package reports

import (
	"html/template"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Clock says times as the people of an organisation read them: in its zone, which the page names once, with the instant in UTC beside
// each for programs. The zero value says them in UTC and names it each time.
type Clock struct{ zone *time.Location }

// ClockOf is the clock of a zone.
func ClockOf(zone *time.Location) Clock { return Clock{zone} }

// Names says whose times a page tells; empty where each time names its zone itself.
func (c Clock) Names() string {
	if c.zone == nil {
		return ""
	}
	return "Times in " + c.zone.String()
}

// Zone is the zone of the clock.
func (c Clock) Zone() *time.Location {
	if c.zone == nil {
		return time.UTC
	}
	return c.zone
}

// Moment is an instant to the minute.
func (c Clock) Moment(t time.Time) template.HTML { return c.element(t, "2 Jan 2006 15:04") }

// Second is an instant to the second.
func (c Clock) Second(t time.Time) template.HTML { return c.element(t, "2 Jan 2006 15:04:05") }

// Row is an instant for a column of a table and for the words of a mark.
func (c Clock) Row(t time.Time) string { return c.say(t, "2006-01-02 15:04") }

// stamp is an instant for a column; a record may have none.
func (c Clock) stamp(t time.Time) string {
	if t.IsZero() {
		return "unknown"
	}
	return c.Row(t)
}

// Day is the day of an instant.
func (c Clock) Day(t time.Time) string { return c.in(t).Format(time.DateOnly) }

func (c Clock) in(t time.Time) time.Time { return t.In(c.Zone()) }

// Date is the day of an instant in words.
func (c Clock) Date(t time.Time) string { return c.in(t).Format("2 Jan 2006") }

func (c Clock) say(t time.Time, layout string) string {
	local := c.in(t)
	switch {
	case c.zone == nil:
		layout += " UTC"
	case twice(local):
		layout += " MST"
	}
	return local.Format(layout)
}

// twice reports that the clock of its zone shows the time a second time, because it is set back in between: then the time alone does not tell
// which of the two is meant.
func twice(local time.Time) bool {
	_, offset := local.Zone()
	begins, ends := local.ZoneBounds()
	if !ends.IsZero() {
		_, then := ends.Zone()
		if !local.Before(ends.Add(time.Duration(then-offset) * time.Second)) {
			return true
		}
	}
	if begins.IsZero() {
		return false
	}
	_, before := begins.Add(-1).Zone()
	return local.Before(begins.Add(time.Duration(before-offset) * time.Second))
}

func (c Clock) element(t time.Time, layout string) template.HTML {
	return template.HTML(`<time datetime="` + t.UTC().Format(time.RFC3339) + `">` + c.say(t, layout) + `</time>`) //nolint:gosec // formatted times hold nothing to escape
}

// writtenAt finds the instants in sentences: those of the gate, which stand in its log as they are, and ours. What follows an instant may be
// the name of its zone.
var writtenAt = regexp.MustCompile(`\b((?:\d{4}-\d\d-\d\d|\d{1,2} [A-Z][a-z]{2} \d{4}) \d\d:\d\d) ([A-Za-z](?:[\w+/-]*\w)?)`)

// toldAt is an instant as a sentence has it.
type toldAt struct {
	from, to int
	at       time.Time
}

// Told shows a sentence with the instants in it as this clock says them, and one that is said a second time, in the zone of a freeze, but once.
// The sentence itself stays as it was written down.
func (c Clock) Told(sentence string) template.HTML {
	if c.zone == nil {
		return breakable(sentence)
	}
	var out strings.Builder
	from, last := 0, time.Time{}
	for _, w := range c.written(sentence) {
		between := sentence[from:w.from]
		if w.at.Equal(last) && between == ", " {
			from = w.to
			continue
		}
		if w.at.Equal(last) && between == " (" && strings.HasPrefix(sentence[w.to:], ")") {
			from = w.to + 1
			continue
		}
		out.WriteString(string(breakable(between)))
		out.WriteString(string(c.Moment(w.at)))
		from, last = w.to, w.at
	}
	out.WriteString(string(breakable(sentence[from:])))
	return template.HTML(out.String()) //nolint:gosec // every part is escaped
}

// written are the instants of a sentence in UTC and in the clock's own zone, but none that is no time, such as of the 31st of June, and none
// of the hour that the clock shows twice, unless it repeats the one before it.
func (c Clock) written(sentence string) []toldAt {
	var out []toldAt
	for _, at := range writtenAt.FindAllStringSubmatchIndex(sentence, -1) {
		zone, text := time.UTC, sentence[at[2]:at[3]]
		switch sentence[at[4]:at[5]] {
		case "UTC":
		case c.zone.String():
			zone = c.zone
		default:
			continue
		}
		if n := len(out); n > 0 && saysInstant(text, out[n-1].at.In(zone)) {
			out = append(out, toldAt{at[0], at[1], out[n-1].at})
		} else if t, ok := instantOf(text, zone); ok && !twice(t) {
			out = append(out, toldAt{at[0], at[1], t})
		}
	}
	return out
}

// writtenLayouts are how sentences write instants.
func writtenLayouts() []string { return []string{"2006-01-02 15:04", "2 Jan 2006 15:04"} }

func instantOf(text string, zone *time.Location) (time.Time, bool) {
	for _, layout := range writtenLayouts() {
		if t, err := time.ParseInLocation(layout, text, zone); err == nil && t.Format(layout) == text {
			return t, true
		}
	}
	return time.Time{}, false
}

func saysInstant(text string, local time.Time) bool {
	return slices.ContainsFunc(writtenLayouts(), func(layout string) bool { return local.Format(layout) == text })
}

// names reports that a sentence has an instant in it, in whatever zone.
func names(sentence string, t time.Time) bool {
	for _, found := range writtenAt.FindAllStringSubmatch(sentence, -1) {
		if zone, err := time.LoadLocation(found[2]); err == nil && saysInstant(found[1], t.In(zone)) {
			return true
		}
	}
	return false
}

// own reports that a time with the name of its zone behind it is one of this clock's zone.
func (c Clock) own(local string) bool {
	return strings.HasSuffix(local, " "+c.in(time.Time{}).Location().String())
}
