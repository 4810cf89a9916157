package reports

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
)

// Letter is a document as a mail: a text that says everything, the same as a page, and its charts as files.
//
// The page is written for programs that read mail, and most of them strip pictures as SVG, whether within the page or beside it, and
// know no variables of a style sheet. So its pictures are bars made of table cells, each beside its number; the charts themselves go
// along as files that a browser opens, and no page refers to them, so that nobody sees a broken picture.
type Letter struct {
	Subject, Text, HTML string
	Pictures            []LetterPicture
}

// LetterPicture is a chart as a file.
type LetterPicture struct {
	Name string // "how-often.svg"
	SVG  []byte
}

// letterView is a letter as its template shows it.
type letterView struct {
	Document
	Subject  string
	Attached int
}

// The size of a chart that goes along as a file, in CSS pixels.
const (
	attachedWidth  = 720
	attachedHeight = 320
)

// Letter writes a document as a mail. Without the chart library, and where drawing takes too long, it has no files: nobody waits for a
// picture of what the bars and numbers say all the same.
func (s *Site) Letter(ctx context.Context, d Document) (Letter, error) {
	l := Letter{Subject: strings.TrimSuffix(d.Title+": "+d.Subject, ": ")}
	var err error
	if l.Pictures, err = s.attached(ctx, d); err != nil {
		return Letter{}, err
	}
	var text, page bytes.Buffer
	if err := d.PlainText(&text); err != nil {
		return Letter{}, err
	}
	if err := s.letter.ExecuteTemplate(&page, "letter", letterView{Document: d, Subject: l.Subject, Attached: len(l.Pictures)}); err != nil {
		return Letter{}, fmt.Errorf("mail: %w", err)
	}
	l.Text, l.HTML = text.String(), page.String()
	return l, nil
}

// attached draws the charts of a document, on paper's colours: a mail does not know the reader's.
func (s *Site) attached(ctx context.Context, d Document) ([]LetterPicture, error) {
	var all []LetterPicture
	for _, section := range d.Sections {
		for _, c := range section.Charts {
			svg, err := s.SVG(ctx, c, Light, attachedWidth, attachedHeight)
			if errors.Is(err, ErrNoLibrary) || errors.Is(err, ErrTooLong) {
				return nil, nil
			}
			if err != nil {
				return nil, fmt.Errorf("chart %s: %w", c.ID, err)
			}
			all = append(all, LetterPicture{strings.ReplaceAll(c.ID, "_", "-") + ".svg", svg})
		}
	}
	return all, nil
}

// Fill is the length of a row's bar in percent, short of the whole: the cell beside it cannot be empty.
func (g Grid) Fill(row int) int { return min(99, max(1, int(g.Bar(row)))) }
