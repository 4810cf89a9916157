package reports

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"html/template"
	"io"
	"maps"
	"regexp"
	"slices"
	"strings"
)

// The size of a chart in a document, in CSS pixels: three stand beside each other on paper with text that can be read.
const (
	pictureWidth  = 272
	pictureHeight = 180
)

// DocumentView is a document as its template shows it.
type DocumentView struct {
	Document
	Parts []SectionView
	CSS   template.CSS
}

// SectionView is a section with its charts drawn.
type SectionView struct {
	Section
	Pictures []PictureView
}

// LevelHead is the head of the column of levels.
func (p SectionView) LevelHead() string { return p.levelHead() }

// PictureView is a chart as a picture within the page.
type PictureView struct {
	Chart
	SVG template.HTML
}

// Document writes a document as one HTML file that needs no other: style and charts are in it, and no script. Without the chart library
// the charts are there as their tables. It fails with ErrTooLong where a chart takes too long, and when ctx ends.
func (s *Site) Document(ctx context.Context, w io.Writer, d Document) error {
	v := DocumentView{Document: d, CSS: s.documentStyle()}
	if !slices.Contains(Papers(), d.Paper) {
		v.Paper = ""
	}
	for _, section := range d.Sections {
		part, err := s.part(ctx, section)
		if err != nil {
			return err
		}
		v.Parts = append(v.Parts, part)
	}
	var out bytes.Buffer
	if err := s.alone.ExecuteTemplate(&out, "alone", v); err != nil {
		return fmt.Errorf("document: %w", err)
	}
	_, err := w.Write(out.Bytes())
	return err
}

// part draws the charts of a section. A chart that is empty says so in its table.
func (s *Site) part(ctx context.Context, section Section) (SectionView, error) {
	v := SectionView{Section: section}
	v.Charts = nil
	for _, c := range section.Charts {
		if c.Empty != "" {
			continue
		}
		svg, err := s.SVG(ctx, c, Light, pictureWidth, pictureHeight)
		if errors.Is(err, ErrNoLibrary) {
			return v, nil
		}
		if err != nil {
			return v, fmt.Errorf("chart %s: %w", c.ID, err)
		}
		v.Pictures = append(v.Pictures, PictureView{c, template.HTML(svg)}) //nolint:gosec // drawn by the studio, which escapes every text
	}
	return v, nil
}

var rootBlock = regexp.MustCompile(`(?s):root \{(.*?)\}`)

// documentStyle is the style of a document of its own: the light colours of the pages, and what documents look like.
func (s *Site) documentStyle() template.CSS {
	var out strings.Builder
	out.WriteString(":root { color-scheme: light;")
	if light := rootBlock.FindSubmatch(s.assets.byName["page.css"].plain); light != nil {
		named := tokens(light[1])
		for _, name := range slices.Sorted(maps.Keys(named)) {
			fmt.Fprintf(&out, " --%s: %s;", name, named[name])
		}
	}
	out.WriteString(" }\n*, *::before, *::after { box-sizing: border-box; }\n")
	out.Write(s.assets.byName["report.css"].plain)
	return template.CSS(out.String()) //nolint:gosec // our own style sheets
}

// Report is a document as a page: with the ways to its other periods and formats.
type Report struct {
	Frame
	Doc Document
	// Formats lead to the same document as files, Periods to other periods of it.
	Formats, Periods []Choice
}

func (Report) template() string { return "report" }

// Charts are those of all sections.
func (r Report) Charts() []Chart {
	var all []Chart
	for _, s := range r.Doc.Sections {
		all = append(all, s.Charts...)
	}
	return r.pictured(all)
}

// Body is the document with charts that the page draws.
func (r Report) Body() DocumentView {
	v := DocumentView{Document: r.Doc}
	for _, section := range r.Doc.Sections {
		section.Charts = r.pictured(slices.Clone(section.Charts))
		v.Parts = append(v.Parts, SectionView{Section: section})
	}
	return v
}

// Reports lists what reports there are.
type Reports struct {
	Frame
	Teams, Services []Cell
	// More counts the services that are not listed.
	More       int
	Leadership []Choice
}

func (Reports) template() string { return "reports" }
