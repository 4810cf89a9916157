package reports

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Token is a named value of the style sheet, with what it is for.
type Token struct {
	Name, Use string
	// Light and Dark are its values in the two themes; Dark is empty where it does not depend on the theme.
	Light, Dark string
	// Is tells how it is shown: "colour", "size", "space", "font" or "tempo".
	Is string
}

// tokenUses says what each token of the style sheet is for. A token without a line here, or a line without a token, fails a test.
var tokenUses = []Token{
	{Name: "ground", Is: "colour", Use: "the page behind everything"},
	{Name: "card", Is: "colour", Use: "cards, tables, charts and fields"},
	{Name: "ink", Is: "colour", Use: "text and needles"},
	{Name: "quiet", Is: "colour", Use: "text that comes second, frames of fields, axes"},
	{Name: "line", Is: "colour", Use: "lines between things; says nothing by itself"},
	{Name: "faint", Is: "colour", Use: "the empty part of a bar, code, a row under the pointer"},
	{Name: "accent", Is: "colour", Use: "links, buttons, focus, what is measured"},
	{Name: "accent-soft", Is: "colour", Use: "what is chosen"},
	{Name: "trouble", Is: "colour", Use: "failed and stopped, beside a word and a shape"},
	{Name: "trouble-soft", Is: "colour", Use: "a span of time in which something was stopped"},
	{Name: "care", Is: "colour", Use: "warnings, waiting, corrections, beside a word and a shape"},
	{Name: "care-soft", Is: "colour", Use: "a notice"},
	{Name: "small", Is: "size", Use: "tables, notes, labels"},
	{Name: "text", Is: "size", Use: "sentences"},
	{Name: "heading", Is: "size", Use: "the head of a section"},
	{Name: "large", Is: "size", Use: "a verdict"},
	{Name: "title", Is: "size", Use: "the title of a page, the value of a figure"},
	{Name: "display", Is: "size", Use: "the one number of a page"},
	{Name: "near", Is: "space", Use: "between a value and its note"},
	{Name: "inner", Is: "space", Use: "between a list and what follows it"},
	{Name: "between", Is: "space", Use: "between entries of a list"},
	{Name: "space", Is: "space", Use: "between cards, and inside them"},
	{Name: "apart", Is: "space", Use: "between sections"},
	{Name: "radius", Is: "space", Use: "the corners of cards and tables"},
	{Name: "sans", Is: "font", Use: "everything but code: the system's own"},
	{Name: "mono", Is: "font", Use: "code, ids and digests"},
}

// tokensOf joins the uses with the values of the style sheet.
func tokensOf(css []byte) []Token {
	light, dark := themesOf(css)
	out := make([]Token, 0, len(tokenUses))
	for _, t := range tokenUses {
		t.Light, t.Dark = light[t.Name], dark[t.Name]
		out = append(out, t)
	}
	return out
}

// themesOf are the tokens of the two themes: the first two :root of the style sheet.
func themesOf(css []byte) (light, dark map[string]string) {
	roots := rootBlock.FindAllSubmatch(css, 2)
	if len(roots) < 2 {
		return nil, nil
	}
	return tokens(roots[0][1]), tokens(roots[1][1])
}

// Needs of WCAG 2.2: text, and what is no text but has to be seen.
const textNeeds, partNeeds = 4.5, 3.0

// pairing is one colour that is seen on another.
type pairing struct {
	on, under string
	needs     float64
	use       string
}

// pairings are the colours that meet on the pages.
var pairings = []pairing{
	{"ink", "ground", textNeeds, "headings and sentences"},
	{"ink", "card", textNeeds, "text of cards and tables"},
	{"ink", "faint", textNeeds, "code, a row under the pointer"},
	{"ink", "accent-soft", textNeeds, "what is chosen"},
	{"ink", "care-soft", textNeeds, "a notice"},
	{"quiet", "ground", textNeeds, "notes"},
	{"quiet", "card", textNeeds, "notes, labels of axes"},
	{"quiet", "faint", textNeeds, "a note in a row under the pointer"},
	{"quiet", "accent-soft", textNeeds, "a note in what is chosen"},
	{"accent", "ground", textNeeds, "links, focus"},
	{"accent", "card", textNeeds, "links, verdicts, buttons"},
	{"accent", "faint", textNeeds, "a link in a row under the pointer"},
	{"accent", "accent-soft", textNeeds, "a button under the pointer"},
	{"accent", "care-soft", textNeeds, "a link in a notice"},
	{"card", "accent", textNeeds, "the first button of a form"},
	{"trouble", "ground", textNeeds, "a verdict"},
	{"trouble", "card", textNeeds, "a verdict, a fault of a field"},
	{"trouble", "faint", textNeeds, "a verdict in a row under the pointer"},
	{"trouble", "trouble-soft", textNeeds, "the word in a span of time"},
	{"care", "ground", textNeeds, "a verdict"},
	{"care", "card", textNeeds, "a verdict"},
	{"care", "faint", textNeeds, "a verdict in a row under the pointer"},
	{"accent", "faint", partNeeds, "the filled part of a bar"},
	{"trouble", "faint", partNeeds, "a meter that is stopped"},
	{"quiet", "card", partNeeds, "the frame of a field"},
}

// contrasts is the table of the colours that meet, with how far they lie apart in each theme.
func contrasts(css []byte) Table {
	light, dark := themesOf(css)
	t := Table{Caption: "Contrast of the colours that meet", Lines: true, Head: []Head{
		{Text: "Colour"}, {Text: "On"}, {Text: "Light", Number: true}, {Text: "Dark", Number: true}, {Text: "Needs", Number: true}, {Text: "Where"}}}
	for _, p := range pairings {
		t.Rows = append(t.Rows, []Cell{{Text: p.on}, {Text: p.under}, {Text: ratioWords(light[p.on], light[p.under])},
			{Text: ratioWords(dark[p.on], dark[p.under])}, {Text: fmt.Sprintf("%.1f", p.needs)}, {Text: p.use}})
	}
	return t
}

func ratioWords(a, b string) string { return fmt.Sprintf("%.1f", contrast(a, b)) }

// contrast is WCAG's ratio of two colours, from 1 to 21; 0 when one of them is no colour.
func contrast(a, b string) float64 {
	la, okA := luminance(a)
	lb, okB := luminance(b)
	if !okA || !okB {
		return 0
	}
	return (max(la, lb) + 0.05) / (min(la, lb) + 0.05)
}

// luminance is WCAG's relative luminance of a colour like #1b1f23.
func luminance(hex string) (float64, bool) {
	n, err := strconv.ParseUint(strings.TrimPrefix(hex, "#"), 16, 24)
	if err != nil || len(hex) != 7 {
		return 0, false
	}
	channel := func(shift uint) float64 {
		v := float64(n>>shift&0xff) / 255
		if v <= 0.04045 {
			return v / 12.92
		}
		return math.Pow((v+0.055)/1.055, 2.4)
	}
	return 0.2126*channel(16) + 0.7152*channel(8) + 0.0722*channel(0), true
}
