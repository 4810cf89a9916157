package reports

import (
	"fmt"
	"html"
	"strings"
	"unicode/utf8"

	"shiphabit/metrics"
)

// Badge is a small picture of one figure, for a README.
type Badge struct {
	Label, Value string
	// Known is false where there is no value: the badge is grey then.
	Known bool
}

// mostBadge bounds the characters of each half of a badge.
const mostBadge = 60

// SVG draws the badge. Text is fitted into the room measured for it, so that no font makes it run over.
func (b Badge) SVG() []byte {
	label, value := cutTo(b.Label, mostBadge), cutTo(b.Value, mostBadge)
	left, right := textWidth(label)+12, textWidth(value)+12
	colour := "#0b6a72"
	if !b.Known {
		colour = "#59616a"
	}
	var out strings.Builder
	fmt.Fprintf(&out, `<svg xmlns="http://www.w3.org/2000/svg" width="%d" height="20" viewBox="0 0 %[1]d 20" role="img" aria-label="%s: %s">`, left+right, html.EscapeString(label), html.EscapeString(value))
	fmt.Fprintf(&out, `<title>%s: %s</title>`, html.EscapeString(label), html.EscapeString(value))
	fmt.Fprintf(&out, `<rect width="%d" height="20" rx="3" fill="#33393d"/>`, left+right)
	fmt.Fprintf(&out, `<path d="M%d 0h%dq3 0 3 3v14q0 3-3 3h-%[2]dz" fill="%s"/>`, left, right-3, colour)
	out.WriteString(`<g fill="#fff" font-family="Verdana,DejaVu Sans,Geneva,sans-serif" font-size="11">`)
	for _, half := range []struct {
		x, width int
		text     string
	}{{6, left - 12, label}, {left + 6, right - 12, value}} {
		fmt.Fprintf(&out, `<text x="%d" y="14" textLength="%d" lengthAdjust="spacingAndGlyphs">%s</text>`, half.x, half.width, html.EscapeString(half.text))
	}
	out.WriteString("</g></svg>\n")
	return []byte(out.String())
}

func cutTo(text string, most int) string {
	text = strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r == utf8.RuneError || r == 0xfffe || r == 0xffff {
			return ' '
		}
		return r
	}, text)
	if runes := []rune(text); len(runes) > most {
		return string(runes[:most-1]) + "…"
	}
	return text
}

// textWidth is about the width of a text of 11 pixels, in pixels: narrow letters, wide ones, and the rest.
func textWidth(text string) int {
	width := 0.0
	for _, r := range text {
		switch {
		case strings.ContainsRune("ijl|!.,:;'I1 ()[]ft", r):
			width += 4.4
		case strings.ContainsRune("mwMW%@", r):
			width += 10.4
		case r > 0x2e80:
			width += 11.5
		case r >= 'A' && r <= 'Z':
			width += 7.8
		default:
			width += 6.9
		}
	}
	return int(width + 0.99)
}

// BadgeOf is the badge of a measure.
func BadgeOf(m Measure) Badge {
	label := map[string]string{
		"deployment_frequency": "deployments", "change_lead_time": "lead time", "change_fail_rate": "change fail rate", "failed_deployment_recovery_time": "recovery",
	}[m.Name]
	if m.Value == nil {
		return Badge{Label: label, Value: "no data"}
	}
	return Badge{Label: label, Value: string(*m.Value), Known: true}
}

// Badge words one of the five figures of a scorecard.
func (b Basis) Badge(figure string) Badge {
	m := b.bare(figure)
	m.Name = figure
	return BadgeOf(m)
}

// IndexBadge is the badge of an index.
func IndexBadge(i metrics.Index) Badge {
	b := Badge{Label: "event to habit", Value: "no data"}
	switch {
	case i.NotComparable != "":
		b.Value = notComparable
	case i.Value != nil:
		b.Value, b.Known = i.Band+", "+Count(*i.Value)+" of 100", true
	case i.N > 0:
		b.Value = "too few deployments"
	}
	return b
}
