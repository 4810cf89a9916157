package reports

import (
	"bytes"
	"fmt"
	"io"
	"regexp"
	"strings"
)

// Markdown writes a document as GitHub renders it. Charts are there as their tables.
func (d Document) Markdown(w io.Writer) error {
	var out bytes.Buffer
	fmt.Fprintf(&out, "# %s\n\n", escaped(d.Title))
	if d.Subject != "" {
		fmt.Fprintf(&out, "**%s**\n\n", escaped(d.Subject))
	}
	for _, text := range []string{d.Lead, d.About()} {
		if text != "" {
			fmt.Fprintf(&out, "%s\n\n", escaped(text))
		}
	}
	for _, mark := range d.Marks {
		fmt.Fprintf(&out, "> **Note:** %s\n\n", escaped(mark))
	}
	if len(d.Summary) > 0 {
		out.WriteString("## In short\n\n")
	}
	for _, line := range d.Summary {
		fmt.Fprintf(&out, "- %s\n", escaped(line))
	}
	for _, s := range d.Sections {
		s.markdown(&out)
	}
	fmt.Fprintf(&out, "\n---\n\nMade by %s.", escaped(d.MadeBy()))
	if d.Address != "" {
		fmt.Fprintf(&out, " Every number opens into the records behind it [there](<%s>).", address(d.Address))
	}
	out.WriteString("\n")
	_, err := w.Write(out.Bytes())
	return err
}

func (s Section) markdown(out *bytes.Buffer) {
	fmt.Fprintf(out, "\n## %s\n", escaped(s.Title))
	for _, text := range s.Text {
		fmt.Fprintf(out, "\n%s\n", escaped(text))
	}
	if len(s.Measures) > 0 {
		out.WriteString("\n")
		s.measureTable().markdown(out)
	}
	for _, g := range s.Grids {
		fmt.Fprintf(out, "\n**%s**\n\n", escaped(g.Caption))
		g.markdown(out)
	}
	if len(s.Items) > 0 {
		out.WriteString("\n")
	}
	for _, i := range s.Items {
		fmt.Fprintf(out, "- %s", escaped(i.Text))
		if i.Href != "" {
			fmt.Fprintf(out, " ([more](<%s>))", address(i.Href))
		}
		out.WriteString("\n")
	}
	for _, note := range s.Notes {
		fmt.Fprintf(out, "\n*%s*\n", escaped(note))
	}
}

// address is an address as Markdown takes it between angle brackets.
func address(href string) string {
	return strings.NewReplacer("<", "%3C", ">", "%3E", "\n", "").Replace(href)
}

// measureTable is how a document that has no other form shows its figures.
func (s Section) measureTable() Table {
	t := Table{Caption: "Figures", Head: []Head{{Text: "Figure"}, {"Value", true}, {"Interval", true}, {Text: "n"}, {Text: s.levelHead()}, {Text: "Change"}}}
	for _, m := range s.Measures {
		t.Rows = append(t.Rows, []Cell{{Text: m.Title}, {Text: m.Shown()}, {Text: orDash(m.Range())}, {Text: m.Made()}, {Text: orDash(m.Level.Words())}, {Text: orDash(m.Change.Words())}})
	}
	return t
}

// levelHead is the head of the column of levels, with the edition that they are of.
func (s Section) levelHead() string {
	if s.Edition == "" {
		return "Level"
	}
	return "Level, " + s.Edition
}

func (t Table) markdown(out *bytes.Buffer) {
	for _, h := range t.Head {
		fmt.Fprintf(out, "| %s ", escaped(h.Text))
	}
	out.WriteString("|\n")
	for _, h := range t.Head {
		if h.Number {
			out.WriteString("|--:")
		} else {
			out.WriteString("|---")
		}
	}
	out.WriteString("|\n")
	for _, row := range t.Rows {
		for _, c := range row {
			fmt.Fprintf(out, "| %s ", escaped(c.Text))
		}
		out.WriteString("|\n")
	}
}

var (
	special = regexp.MustCompile("[\\\\`*_\\[\\]<>|~&$]")
	// opening is what would begin a heading, a list, a quote or a rule at the start of a line.
	opening = regexp.MustCompile(`^(?:#|\+|-|=|\d+[.)](?: |$))`)
)

// escaped is a text that Markdown shows as it is, on one line.
func escaped(text string) string {
	text = strings.Join(strings.Fields(strings.ReplaceAll(text, thin, "\x00")), " ")
	text = strings.ReplaceAll(text, "\x00", thin)
	text = special.ReplaceAllString(text, `\$0`)
	if at := opening.FindString(text); at != "" {
		digits := len(at) - len(strings.TrimLeft(at, "0123456789"))
		return text[:digits] + `\` + text[digits:]
	}
	return text
}
