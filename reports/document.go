package reports

import (
	"encoding/json"
	"math"
	"strconv"
	"strings"
	"time"

	"shiphabit/metrics"
)

// Document is a report as a value: what it says, with every number rounded once, so that all its formats print the same digits. Render
// it with Site.Document (HTML), Markdown, JSON and CSV.
type Document struct {
	Audience string
	Title    string
	// Subject is what it is about: an organisation, a team, a service. Lead says in a sentence what the reader holds.
	Subject, Lead string
	Period        Period
	AsOf          time.Time
	Zone          *time.Location
	// Marks are what every reader must know: that data are made up, or that the period is not over.
	Marks    []string
	Summary  []string // at most SummaryLines
	Sections []Section
	// Program is what made it.
	Program string
	// Address is where the server's pages are, for whoever holds the document alone; empty where that is not configured.
	Address string
	// Paper is the size of a page as PDF, one of Papers; empty leaves it to the printer.
	Paper string
}

// Papers are the sizes of pages.
func Papers() []string { return []string{"a4", "letter"} }

// SummaryLines is the most lines that a summary has.
const SummaryLines = 10

// About says in words what the document is about and when it was looked at.
func (d Document) About() string {
	return d.Period.Words() + ", as of " + d.AsOf.UTC().Format("2 Jan 2006 15:04 UTC") + ", days of " + d.Zone.String()
}

// MadeBy names the program.
func (d Document) MadeBy() string { return strings.TrimSpace("shiphabit " + d.Program) }

// Section is a part of a document, in the order in which its parts are shown.
type Section struct {
	ID, Title string // ID is a fixed word
	Text      []string
	Measures  []Measure
	// Edition is the one that the levels of the measures are of.
	Edition string
	Charts  []Chart
	Grids   []Grid
	Items   []Item
	Notes   []string
}

// Measure is a figure of a document with what it rests on.
type Measure struct {
	Name, Title string
	Value       *Number // nil when there is none: Why then says what is missing
	Why         string
	// Low and High bound it with the coverage given; either may be nil, an end that is not reached.
	Low, High *Number
	Coverage  *Coverage
	// N counts what it rests on, and Of names that.
	N  Number
	Of string
	// Level is where it stands in the document's edition, Change how it moved against the period before.
	Level  metrics.Level
	Change Change
}

// Grid is a table of a document. Windows are the spans of time that its rows are about, empty where all are about the whole period.
type Grid struct {
	Table
	Windows []metrics.Window
	// Bars draws the numbers of the second column beside them, on paper too.
	Bars bool
}

// longTable is the number of rows above which a table may go over to the next page: kept whole it would leave half a page empty.
const longTable = 10

// Shape is how a table is set: "slim" with few columns, "long" where it may have to go over several pages.
func (g Grid) Shape() string {
	switch {
	case len(g.Rows) > longTable:
		return "long"
	case len(g.Head) < 4:
		return "slim"
	}
	return "whole"
}

// Bar is the length of a row's bar, on a scale of a hundred.
func (g Grid) Bar(row int) float64 {
	most := 0.0
	for i := range g.Rows {
		most = max(most, Number(g.Rows[i][1].Text).Value())
	}
	if most <= 0 {
		return 0
	}
	return math.Round(100 * Number(g.Rows[row][1].Text).Value() / most)
}

// Item is a sentence with a link to where more is known.
type Item struct {
	Text string `json:"text"`
	Href string `json:"href"`
}

// Number is a figure as it is printed: its digits and its unit are one text, and its value is what those digits say.
type Number string

// Value is what the digits say.
func (n Number) Value() float64 {
	digits, _ := n.cut()
	v, err := strconv.ParseFloat(digits, 64)
	if err != nil {
		return math.NaN()
	}
	return v
}

// Unit is what follows the digits: "d", "%", "a week".
func (n Number) Unit() string {
	_, unit := n.cut()
	return unit
}

// Digits are those of the value, as CSV and JSON write them: "-1234.5".
func (n Number) Digits() string {
	digits, _ := n.cut()
	return digits
}

// cut separates the digits, without the thin spaces between groups, from the unit.
func (n Number) cut() (digits, unit string) {
	plain := strings.ReplaceAll(strings.Replace(string(n), "−", "-", 1), thin, "")
	end := 0
	for end < len(plain) && (plain[end] == '.' || plain[end] == '-' && end == 0 || plain[end] >= '0' && plain[end] <= '9') {
		end++
	}
	if end == 0 || plain[:end] == "-" {
		return "", strings.TrimSpace(plain)
	}
	return plain[:end], strings.TrimSpace(plain[end:])
}

// thin separates groups of three digits.
const thin = "\u202f"

// MarshalJSON writes value, unit and text.
func (n Number) MarshalJSON() ([]byte, error) {
	digits, unit := n.cut()
	return json.Marshal(EncodedNumber{json.Number(digits), unit, string(n)})
}

// EncodedNumber is a number with its unit for programs, and as it is read.
type EncodedNumber struct {
	Value json.Number `json:"value"`
	Unit  string      `json:"unit,omitempty"`
	Text  string      `json:"text"`
}

// number tells whether a text is a number with a unit, and nothing before it.
func number(text string) (Number, bool) {
	digits, _ := Number(text).cut()
	_, err := strconv.ParseFloat(digits, 64)
	return Number(text), err == nil
}

func counted(n int) Number { return Number(Count(n)) }

// Range words the interval of a measure: "0.9 d to 1.4 d (95%)".
func (m Measure) Range() string {
	if m.Coverage == nil {
		return ""
	}
	end := func(n *Number) string {
		if n == nil {
			return "not reached"
		}
		return string(*n)
	}
	return ends(end(m.Low), end(m.High)) + " (" + m.Coverage.String() + ")"
}

// Shown is the value in words, or why there is none.
func (m Measure) Shown() string {
	if m.Value == nil {
		return m.Why
	}
	return string(*m.Value)
}

// Made says what the measure rests on: "412 deployments".
func (m Measure) Made() string { return strings.TrimSpace(string(m.N) + " " + m.Of) }

// bounded gives a measure its value and interval.
func (m Measure) bounded(value float64, in *metrics.Interval, word func(float64) string) Measure {
	m.Value = new(Number(word(value)))
	if in != nil {
		m.Low, m.High, m.Coverage = new(Number(word(in.Low))), new(Number(word(in.High))), new(Coverage(in.Coverage))
	}
	return m
}
