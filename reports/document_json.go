package reports

import (
	"bytes"
	"encoding/json"
	"io"
	"strings"
	"time"
)

// DocumentJSON is a document for programs: stable, version 1.
type DocumentJSON struct {
	Version  int         `json:"version"`
	Audience string      `json:"audience"`
	Title    string      `json:"title"`
	Subject  string      `json:"subject,omitempty"`
	Lead     string      `json:"lead,omitempty"`
	About    string      `json:"about"` // period and moment in words
	Period   PeriodJSON  `json:"period"`
	AsOf     time.Time   `json:"as_of"`
	MadeBy   string      `json:"made_by"`
	Marks    []string    `json:"marks"`
	Summary  []string    `json:"summary"`
	Sections []sectionJS `json:"sections"`
}

// PeriodJSON is the period of a document, half-open.
type PeriodJSON struct {
	Name string    `json:"name"`
	From time.Time `json:"from"`
	To   time.Time `json:"to"`
}

type sectionJS struct {
	ID      string      `json:"id"`
	Title   string      `json:"title"`
	Text    []string    `json:"text,omitempty"`
	Edition string      `json:"edition,omitempty"` // of the levels
	Figures []measureJS `json:"figures,omitempty"`
	Charts  []chartJS   `json:"charts,omitempty"`
	Tables  []tableJS   `json:"tables,omitempty"`
	Items   []Item      `json:"items,omitempty"`
	Notes   []string    `json:"notes,omitempty"`
}

type measureJS struct {
	Figure   string    `json:"figure"`
	Title    string    `json:"title"`
	Value    *Number   `json:"value"`
	Why      string    `json:"why,omitempty"`
	Low      *Number   `json:"low,omitempty"`
	High     *Number   `json:"high,omitempty"`
	Coverage *Coverage `json:"coverage,omitempty"`
	N        Number    `json:"n"`
	Of       string    `json:"of"`
	// Level is that of the value, LevelMayBe are the others that its interval reaches, LevelSays both in words.
	Level      string   `json:"level,omitempty"`
	LevelMayBe []string `json:"level_may_be,omitempty"`
	LevelSays  string   `json:"level_says,omitempty"`
	// Move says how MoveOf changed, which is the figure's own value where it is left out; Difference is after − before.
	Move       string        `json:"move,omitempty"`
	MoveOf     string        `json:"move_of,omitempty"`
	Difference *differenceJS `json:"difference,omitempty"`
	Claimed    bool          `json:"claimed"`
}

type differenceJS struct {
	Value    *Number   `json:"value"`
	Low      *Number   `json:"low"`
	High     *Number   `json:"high"`
	Coverage *Coverage `json:"coverage"`
}

type chartJS struct {
	ID    string `json:"id"`
	Title string `json:"title"`
	Note  string `json:"note"`
	Empty string `json:"empty,omitempty"`
}

type tableJS struct {
	Caption string   `json:"caption"`
	Head    []string `json:"head"`
	Rows    []rowJS  `json:"rows"`
}

type rowJS struct {
	From  *time.Time `json:"from,omitempty"`
	To    *time.Time `json:"to,omitempty"`
	Cells []any      `json:"cells"` // a number or a text
}

// JSON writes a document for programs.
func (d Document) JSON(w io.Writer) error {
	var out bytes.Buffer
	encoder := json.NewEncoder(&out)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(d.Encoded()); err != nil {
		return err
	}
	_, err := w.Write(out.Bytes())
	return err
}

// Encoded is the document as JSON writes it.
func (d Document) Encoded() DocumentJSON {
	j := DocumentJSON{
		Version: 1, Audience: d.Audience, Title: d.Title, Subject: d.Subject, Lead: d.Lead, About: d.About(),
		Period: PeriodJSON{d.Period.Name, d.Period.Window.From, d.Period.Window.To}, AsOf: d.AsOf.UTC(), MadeBy: d.MadeBy(),
		Marks: d.Marks, Summary: d.Summary, Sections: []sectionJS{},
	}
	if j.Marks == nil {
		j.Marks = []string{}
	}
	for _, s := range d.Sections {
		one := sectionJS{ID: s.ID, Title: s.Title, Edition: s.Edition, Text: s.Text, Items: s.Items, Notes: s.Notes}
		for _, m := range s.Measures {
			one.Figures = append(one.Figures, m.encoded())
		}
		for _, c := range s.Charts {
			one.Charts = append(one.Charts, chartJS{c.ID, c.Title, c.Note, c.Empty})
		}
		for _, g := range s.Grids {
			one.Tables = append(one.Tables, g.encoded())
		}
		j.Sections = append(j.Sections, one)
	}
	return j
}

func (m Measure) encoded() measureJS {
	level := ""
	if m.Level.Level != "" {
		level = strings.Join(m.Level.Names(), " or ")
	}
	var difference *differenceJS
	if c := m.Change; c.Difference != nil {
		difference = &differenceJS{c.Difference, c.Low, c.High, c.Coverage}
	}
	return measureJS{
		Figure: m.Name, Title: m.Title, Value: m.Value, Why: m.Why, Low: m.Low, High: m.High, Coverage: m.Coverage, N: m.N, Of: m.Of,
		Level: level, LevelMayBe: m.Level.MayBe, LevelSays: m.Level.Words(), Move: m.Change.Says, MoveOf: m.Change.Of, Difference: difference, Claimed: m.Change.Claimed,
	}
}

func (g Grid) encoded() tableJS {
	t := tableJS{Caption: g.Caption, Rows: []rowJS{}}
	for _, h := range g.Head {
		t.Head = append(t.Head, h.Text)
	}
	for i, cells := range g.Rows {
		var row rowJS
		if len(g.Windows) > 0 {
			row.From, row.To = &g.Windows[i].From, &g.Windows[i].To
		}
		for at := range cells {
			if n, ok := g.number(i, at); ok {
				row.Cells = append(row.Cells, n)
			} else {
				row.Cells = append(row.Cells, cells[at].Text)
			}
		}
		t.Rows = append(t.Rows, row)
	}
	return t
}

// number tells whether a cell is one, by its column.
func (g Grid) number(row, column int) (Number, bool) {
	if !g.Head[column].Number {
		return "", false
	}
	return number(g.Rows[row][column].Text)
}
