package reports

import (
	"encoding/csv"
	"io"
	"strings"
	"time"
)

var documentHeader = []string{"section", "item", "from", "to", "value", "unit", "low", "high", "coverage_percent", "n", "says"}

// line is one row of a document as CSV, in the order of the header. What stands in the columns of numbers is digits of ours or nothing.
type line struct {
	section, item          string
	from, to               time.Time
	value, unit            string
	low, high, coverage, n string
	says                   string
}

func (l line) cells() []string {
	day := func(t time.Time) string {
		if t.IsZero() {
			return ""
		}
		return t.Format(time.RFC3339)
	}
	return []string{Harmless(l.section), Harmless(l.item), day(l.from), day(l.to), l.value, Harmless(l.unit), l.low, l.high, l.coverage, l.n, Harmless(l.says)}
}

// Harmless is a text as a cell of CSV that a spreadsheet does not take for a formula. Numbers need none: a minus is theirs.
func Harmless(text string) string {
	if text != "" && strings.ContainsRune("=+-@\t\r\n", rune(text[0])) {
		return "'" + text
	}
	return text
}

// CSV writes a document in long form: one row for each number, and one for each sentence.
func (d Document) CSV(w io.Writer) error {
	lines := []line{{section: "document", item: "title", says: d.Title}, {section: "document", item: "subject", says: d.Subject}, {section: "document", item: "lead", says: d.Lead},
		{section: "document", item: "about", from: d.Period.Window.From, to: d.Period.Window.To, says: d.About()}, {section: "document", item: "made by", says: d.MadeBy()}}
	for _, mark := range d.Marks {
		lines = append(lines, line{section: "document", item: "mark", says: mark})
	}
	for _, says := range d.Summary {
		lines = append(lines, line{section: "summary", item: "line", says: says})
	}
	for _, s := range d.Sections {
		lines = append(lines, s.lines(d.Period)...)
	}
	out := csv.NewWriter(w)
	if err := out.Write(documentHeader); err != nil {
		return err
	}
	for _, l := range lines {
		if err := out.Write(l.cells()); err != nil {
			return err
		}
	}
	out.Flush()
	return out.Error()
}

func (s Section) lines(p Period) []line {
	lines := []line{{section: s.ID, item: "title", says: s.Title}}
	say := func(item string, texts ...string) {
		for _, text := range texts {
			lines = append(lines, line{section: s.ID, item: item, says: text})
		}
	}
	say("text", s.Text...)
	for _, m := range s.Measures {
		lines = append(lines, m.line(s.ID, p))
		if m.Change.Difference != nil {
			lines = append(lines, m.changeLine(s.ID, p))
		}
	}
	for _, c := range s.Charts {
		say("chart", c.Title, c.Note)
	}
	for _, g := range s.Grids {
		say("table", g.Caption)
		lines = append(lines, g.lines(s.ID, p)...)
	}
	for _, i := range s.Items {
		say("item", i.Text)
	}
	say("note", s.Notes...)
	return lines
}

func (m Measure) line(section string, p Period) line {
	l := line{section: section, item: m.Title, from: p.Window.From, to: p.Window.To, n: m.N.Digits()}
	for cell, n := range map[*string]*Number{&l.value: m.Value, &l.low: m.Low, &l.high: m.High} {
		if n != nil {
			*cell = n.Digits()
		}
	}
	if m.Coverage != nil {
		l.coverage = m.Coverage.Digits()
	}
	var says []string
	if m.Value != nil {
		l.unit = m.Value.Unit()
	} else {
		says = append(says, m.Why)
	}
	for _, text := range []string{m.Of, m.Level.Words(), m.Change.Words()} {
		if text != "" {
			says = append(says, text)
		}
	}
	l.says = strings.Join(says, "; ")
	return l
}

// changeLine is the difference to the period before as numbers.
func (m Measure) changeLine(section string, p Period) line {
	c := m.Change
	item := m.Title + " · difference"
	if c.Of != "" {
		item += ", " + c.Of
	}
	return line{section: section, item: item, from: p.Window.From, to: p.Window.To, value: c.Difference.Digits(), unit: c.Difference.Unit(),
		low: c.Low.Digits(), high: c.High.Digits(), coverage: c.Coverage.Digits(), says: c.Says}
}

func (g Grid) lines(section string, p Period) []line {
	var lines []line
	for i, cells := range g.Rows {
		w := p.Window
		if len(g.Windows) > 0 {
			w = g.Windows[i]
		}
		for at := 1; at < len(cells); at++ {
			l := line{section: section, item: cells[0].Text + " · " + g.Head[at].Text, from: w.From, to: w.To}
			if n, ok := g.number(i, at); ok {
				l.value, l.unit = n.Digits(), n.Unit()
			} else {
				l.says = cells[at].Text
			}
			lines = append(lines, l)
		}
	}
	return lines
}
