package reports

import (
	"net/url"
	"strconv"
	"strings"

	"shiphabit/assessments"
)

// Evidence shows how the level of one piece of evidence is made: formula, inputs, the levels tried, and the records behind it.
type Evidence struct {
	Frame
	Round    assessments.Round
	Of       assessments.Explanation
	Question string
	Counted  Table // this page of the records
	LeftOut  Table
	Page     int // from 1
	Pages    int
}

func (Evidence) template() string { return "evidence" }

// EvidencePath is the page of one piece of evidence of a round.
func EvidencePath(round, evidence string) string {
	return segments("assessments", round, "evidence", evidence)
}

// EvidencePage lays out one page of an explanation of a round's evidence.
func EvidencePage(f Frame, r assessments.Round, of assessments.Explanation, page int) Evidence {
	p := Evidence{Frame: f, Round: r, Of: of}
	for _, q := range r.Set.Questions {
		if q.Evidence == of.ID {
			p.Question = q.Text
		}
	}
	p.Pages = max((len(of.Records)+perPage-1)/perPage, 1)
	p.Page = min(max(page, 1), p.Pages)
	first := (p.Page - 1) * perPage
	p.Counted = Table{Caption: "Records behind the level", Lines: true, Head: []Head{{Text: "At"}, {Text: "Record"}, {Text: "Service"}, {Text: "What it says"}}}
	for _, row := range of.Records[first:min(first+perPage, len(of.Records))] {
		p.Counted.Rows = append(p.Counted.Rows, []Cell{{Text: f.Clock.stamp(row.At)}, {Text: row.Record, Href: RecordPath(row.Service, row.Record)}, {Text: row.Service}, {Text: row.Says}})
	}
	p.LeftOut = leftOut(of.Unused[:min(perPage, len(of.Unused))], "Records left out", Records{clock: f.Clock})
	return p
}

// To is the address of another page of the records.
func (e Evidence) To(page int) string {
	if page <= 1 {
		return e.Path
	}
	return e.Path + "?" + url.Values{"page": {strconv.Itoa(page)}}.Encode()
}

// Tried are the levels that were tried, from the first.
func (e Evidence) Tried() Table {
	t := Table{Caption: "Levels in the order in which they are tried", Lines: true, Head: []Head{{Text: "Level"}, {Text: "Holds"}, {Text: "Why"}}}
	for _, step := range e.Of.Tried {
		holds := "no"
		if step.Holds {
			holds = "yes: this is the level"
		}
		t.Rows = append(t.Rows, []Cell{{Text: strconv.Itoa(step.Level)}, {Text: holds}, {Text: whyStep(step)}})
	}
	return t
}

// whyStep says of every condition how it stands.
func whyStep(step assessments.Step) string {
	if len(step.Ways) == 0 {
		return "nothing before it holds"
	}
	ways := make([]string, len(step.Ways))
	for i, way := range step.Ways {
		parts := make([]string, len(way))
		for j, c := range way {
			parts[j] = conditionWords(c)
		}
		ways[i] = strings.Join(parts, "; ")
	}
	return strings.Join(ways, " — or — ")
}

func conditionWords(c assessments.Condition) string {
	if c.Unit == assessments.UnitYes {
		return c.Figure + ": " + Quantity(c.Value, c.Unit)
	}
	said := c.Figure + " " + string(c.Relation) + " " + Quantity(&c.Limit, c.Unit) + ": "
	switch {
	case c.Value == nil:
		return said + "not known"
	case c.Holds:
		return said + "holds with " + Quantity(c.Value, c.Unit)
	}
	return said + "fails with " + Quantity(c.Value, c.Unit)
}

// Quantity words a figure of the evidence in its unit.
func Quantity(value *float64, unit string) string {
	if value == nil {
		return "not known"
	}
	v := *value
	switch unit {
	case assessments.UnitShare:
		return upTo(1, 100*v) + "%"
	case assessments.UnitSeconds:
		return Span(v)
	case assessments.UnitWorked: // days of work are shorter than those of Span
		return upTo(1, v/hour) + " h of working time"
	case assessments.UnitYes:
		return map[bool]string{true: "yes", false: "no"}[v >= 1]
	case assessments.UnitRatio, "":
		return upTo(2, v)
	}
	if v == 1 {
		unit = strings.TrimSuffix(unit, "s")
	}
	return upTo(1, v) + " " + unit
}

// upTo writes a number with at most so many decimals: beside a limit, two figures may hide what lies between them.
func upTo(decimals int, v float64) string {
	text := strconv.FormatFloat(v, 'f', decimals, 64)
	return strings.TrimSuffix(strings.TrimRight(text, "0"), ".")
}
