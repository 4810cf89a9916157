package metrics

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"unicode"
)

// Hidden says of a character that does not show in a name, or makes a name look like another one, what it is; "" for all others. Such names
// cannot be told apart, typed or searched for, and turn the text around them.
func Hidden(c rune) string {
	switch {
	case unicode.IsControl(c):
		return "a control character"
	case unicode.In(c, unicode.Zl, unicode.Zp):
		return "a line separator"
	case unicode.Is(unicode.Bidi_Control, c):
		return "a character that turns the direction of writing"
	case unicode.Is(unicode.Prepended_Concatenation_Mark, c): // signs of Arabic and Kaithi that show, though they are format characters
		return ""
	case c == brailleBlank || unicode.In(c, unicode.Cf, unicode.Other_Default_Ignorable_Code_Point):
		return "a character that does not show"
	}
	return ""
}

// brailleBlank is a pattern without dots.
const brailleBlank = '\u2800'

// joins reports whether a character at a place joins or parts the two around it: words of many scripts, and pictures of several, are written
// with it, and it does show there in what becomes of them.
func joins(all []rune, at int) bool {
	const nonJoiner, joiner = '\u200c', '\u200d'
	if c := all[at]; c != nonJoiner && c != joiner || at == 0 || at == len(all)-1 {
		return false
	}
	sides := []rune{all[at-1], all[at+1]}
	return !slices.ContainsFunc(sides, func(c rune) bool {
		return c <= unicode.MaxASCII || Hidden(c) != "" || !unicode.In(c, unicode.L, unicode.M, unicode.S)
	})
}

// oneLine is a text as it shows in one line: without what does not show, and with spaces in place of line ends and other controls.
func oneLine(s string) string {
	var b strings.Builder
	var shown []rune
	for _, c := range s {
		switch {
		case unicode.IsControl(c) || unicode.In(c, unicode.Zl, unicode.Zp):
			shown = append(shown, ' ')
		case Hidden(c) == "" || c == '\u200c' || c == '\u200d':
			shown = append(shown, c)
		}
	}
	for i, c := range shown {
		if Hidden(c) == "" || joins(shown, i) {
			b.WriteRune(c)
		}
	}
	return strings.TrimSpace(b.String())
}

// maxName bounds what identifies something, so that it fits every database's index.
const maxName = 1024

// plain reports whether a name is all well at first sight: letters, digits and signs of ASCII without a space at either end. Most are.
func plain(s []byte) bool {
	return len(s) > 0 && len(s) <= maxName && s[0] != ' ' && s[0] != '.' && s[len(s)-1] != ' ' && !slices.ContainsFunc(s, func(c byte) bool { return c < ' ' || c >= 0x7f })
}

// spaced reports whether white space stands around a text.
func spaced(s []byte) bool { return len(bytes.TrimSpace(s)) < len(s) }

// FaultOfName says what is wrong with what names something; nil when all is well. Field is where it stands.
func FaultOfName(field, name string) *Fault {
	switch {
	case name == "":
		return &Fault{Field: field, Problem: "empty", Remedy: "give it, or leave the field out where it is optional"}
	case len(name) > maxName:
		return &Fault{Field: field, Problem: fmt.Sprintf("%d bytes long", len(name)), Remedy: fmt.Sprintf("at most %d bytes", maxName)}
	case name == "." || name == "..":
		return &Fault{Field: field, Problem: fmt.Sprintf("%q is no name: addresses take it for another place", name), Remedy: "give it a name of its own"}
	case strings.TrimSpace(name) != name:
		return &Fault{Field: field, Problem: fmt.Sprintf("%q begins or ends with white space", clippedText(name)), Remedy: "leave that out"}
	}
	return faultOfCharacters(field, name)
}

// canonicalLine brings a text that is shown as a name into its canonical form.
func (f *Field) canonicalLine(raw []byte) ([]byte, *Fault) {
	s := unquoted(raw)
	if plain(s) {
		return canonicalString(raw), nil
	}
	line := oneLine(string(s))
	if line == "" {
		return nil, nil
	}
	return quoted(line), nil
}

// faultOfCharacters finds the first character of a name that does not show.
func faultOfCharacters(field, s string) *Fault {
	all := []rune(s)
	for i, c := range all {
		what := Hidden(c)
		if what == "" || joins(all, i) {
			continue
		}
		return &Fault{
			Field: field, Problem: fmt.Sprintf("holds U+%04X, %s, at character %d", c, what, i+1),
			Remedy: "leave it out: a name is one line of characters that show",
		}
	}
	return nil
}
