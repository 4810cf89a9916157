package reports

import (
	"html/template"
	"regexp"
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

// Moment is an instant to the minute.
func (c Clock) Moment(t time.Time) template.HTML { return c.element(t, "2 Jan 2006 15:04") }

// Second is an instant to the second.
func (c Clock) Second(t time.Time) template.HTML { return c.element(t, "2 Jan 2006 15:04:05") }

// Row is an instant for a column of a table and for the words of a mark.
func (c Clock) Row(t time.Time) string { return c.say(t, "2006-01-02 15:04") }

// Day is the day of an instant.
func (c Clock) Day(t time.Time) string { return c.in(t).Format(time.DateOnly) }

func (c Clock) in(t time.Time) time.Time {
	if c.zone == nil {
		return t.UTC()
	}
	return t.In(c.zone)
}

func (c Clock) say(t time.Time, layout string) string {
	if c.zone == nil {
		layout += " UTC"
	}
	return c.in(t).Format(layout)
}

func (c Clock) element(t time.Time, layout string) template.HTML {
	return template.HTML(`<time datetime="` + t.UTC().Format(time.RFC3339) + `">` + c.say(t, layout) + `</time>`) //nolint:gosec // formatted times hold nothing to escape
}

// writtenAt finds the instants in sentences: those of the gate, which stand in its log as they are, and ours.
var writtenAt = regexp.MustCompile(`\b(\d{4}-\d\d-\d\d|\d{1,2} [A-Z][a-z]{2} \d{4}) \d\d:\d\d UTC\b`)

// Told shows a sentence with the instants in it as this clock says them. The sentence itself stays as it was written down.
func (c Clock) Told(sentence string) template.HTML {
	if c.zone == nil {
		return breakable(sentence)
	}
	var out strings.Builder
	from := 0
	for _, at := range writtenAt.FindAllStringIndex(sentence, -1) {
		out.WriteString(string(breakable(sentence[from:at[0]])))
		out.WriteString(c.again(sentence[at[0]:at[1]]))
		from = at[1]
	}
	out.WriteString(string(breakable(sentence[from:])))
	return template.HTML(out.String()) //nolint:gosec // every part is escaped
}

// again says a written instant anew; one that is none, such as of the 31st of June, stays.
func (c Clock) again(text string) string {
	for _, layout := range []string{"2006-01-02 15:04 UTC", "2 Jan 2006 15:04 UTC"} {
		if t, err := time.Parse(layout, text); err == nil {
			return string(c.Moment(t))
		}
	}
	return template.HTMLEscapeString(text)
}
