package metrics

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
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
	case unicode.In(c, unicode.Cf, unicode.Other_Default_Ignorable_Code_Point):
		return "a character that does not show"
	}
	return ""
}

// maxName bounds what identifies something, so that it fits every database's index.
const maxName = 1024

// plain reports whether a name is all well at first sight: letters, digits and signs of ASCII without a space at either end. Most are.
func plain(s []byte) bool {
	return len(s) > 0 && len(s) <= maxName && s[0] != ' ' && s[len(s)-1] != ' ' && !slices.ContainsFunc(s, func(c byte) bool { return c < ' ' || c >= 0x7f })
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
	case strings.TrimSpace(name) != name:
		return &Fault{Field: field, Problem: fmt.Sprintf("%q begins or ends with white space", clippedText(name)), Remedy: "leave that out"}
	}
	return faultOfLine(field, name)
}

// canonicalLine brings a text that is shown as a name into its canonical form: one line, without the white space around it.
func (f *Field) canonicalLine(raw []byte) ([]byte, *Fault) {
	s := unquoted(raw)
	if plain(s) {
		return canonicalString(raw), nil
	}
	if s = bytes.TrimSpace(s); len(s) == 0 {
		return nil, nil
	}
	if fault := faultOfLine(f.Name, string(s)); fault != nil {
		return nil, fault
	}
	return quoted(string(s)), nil
}

// faultOfLine finds the first character of a name that does not show.
func faultOfLine(field, s string) *Fault {
	for i, c := range s {
		what := Hidden(c)
		if what == "" {
			continue
		}
		return &Fault{
			Field: field, Problem: fmt.Sprintf("holds U+%04X, %s, at character %d", c, what, utf8.RuneCountInString(s[:i])+1),
			Remedy: "leave it out: a name is one line of characters that show",
		}
	}
	return nil
}
