package reports

import (
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"html/template"
	"slices"
	"strings"
)

// Theme is the set of colours that a picture is drawn in.
type Theme string

// The themes. A picture in Auto is light and turns dark where its reader prefers that; programs that know no such preference
// show it light. Paper and e-mail want Light.
const (
	Light Theme = "light"
	Dark  Theme = "dark"
	Auto  Theme = "auto"
)

// ParseTheme reads a theme; no word is Auto.
func ParseTheme(word string) (Theme, error) {
	switch t := Theme(word); t {
	case "":
		return Auto, nil
	case Light, Dark, Auto:
		return t, nil
	}
	return "", fmt.Errorf("there is no theme %q: choose light, dark or auto", word)
}

// The sizes of a picture, in CSS pixels.
const (
	// LeastWidth is the width below which nothing can be read.
	LeastWidth = 240
	// MostWidth is the width above which nothing is gained.
	MostWidth             = 2400
	plotHeight, lowHeight = 272, 192
	halfWidth, fullWidth  = 560, 1160
	narrowWidth           = 320 // on a phone
	paperWidth            = 680 // within the margins of A4, at the size of a screen's pixel: letters keep theirs
)

// ErrNoLibrary says that this program was built without the chart library.
var ErrNoLibrary = errors.New("this binary was built without the chart library: every chart is shown as its table, and `make` with npm at hand builds the pictures in")

// ErrTooLong says that a picture took longer to draw than any reader waits.
var ErrTooLong = errors.New("drawing the chart took too long; choose a shorter window")

// Width is that of the chart on a page of full width, in CSS pixels.
func (c Chart) Width() int {
	if strings.HasPrefix(c.Size, "wide") {
		return fullWidth
	}
	return halfWidth
}

// Height is that of the chart on a page, in CSS pixels.
func (c Chart) Height() int {
	if strings.HasSuffix(c.Size, "low") {
		return lowHeight
	}
	return plotHeight
}

// pictured gives the charts of a page the addresses of their pictures: the page's own, with the name of the chart.
func (f Frame) pictured(list []Chart) []Chart {
	for i, c := range list {
		list[i].Picture = f.Link(f.Path, append(slices.Clone(f.Extra), "chart", c.ID)...)
	}
	return list
}

// NarrowPicture is the address of the picture for a phone, where one of full width would shrink until nobody can read it.
func (c Chart) NarrowPicture() string { return fmt.Sprintf("%s&width=%d", c.Picture, narrowWidth) }

// PaperPicture is the address of the picture for paper: one of full width would shrink on it until its letters are those of a footnote.
// It is empty where the picture of the page fits.
func (c Chart) PaperPicture() string {
	if c.Width() <= paperWidth {
		return ""
	}
	return fmt.Sprintf("%s&width=%d", c.Picture, paperWidth)
}

// PaperWidth is that of PaperPicture, in CSS pixels.
func (Chart) PaperWidth() int { return paperWidth }

// SVG draws a chart as a picture of its own: no script, no other file, the same bytes each time. A chart that is Empty is drawn
// as its sentence. Width and height are CSS pixels. It fails with ErrNoLibrary or
// ErrTooLong, for a size or theme that there is not, and when ctx ends.
func (s *Site) SVG(ctx context.Context, c Chart, theme Theme, width, height int) ([]byte, error) {
	theme, err := ParseTheme(string(theme))
	switch {
	case err != nil:
		return nil, err
	case width < LeastWidth || width > MostWidth || height < 1 || height > MostWidth:
		return nil, fmt.Errorf("a picture of %d × %d pixels cannot be drawn: the width goes from %d to %d", width, height, LeastWidth, MostWidth)
	case s.studio == nil:
		return nil, ErrNoLibrary
	}
	return s.studio.picture(ctx, c, theme, width, height)
}

// DataURI is a picture as an address that holds it, for documents of one file.
func DataURI(svg []byte) template.URL {
	return template.URL("data:image/svg+xml;base64," + base64.StdEncoding.EncodeToString(svg)) //nolint:gosec // base64 holds nothing that could leave an attribute
}
