package reports

import (
	"html/template"
	"strings"
	"unicode/utf8"
)

// A word of more than longWord letters may be broken after every breakEach: names, ids and digests have no length that a column could be
// laid out for, and on paper nothing scrolls.
const longWord, breakEach = 24, 12

// breakable shows a text whose long words have places to break. Whoever copies it copies none of them.
func breakable(text string) template.HTML {
	var out strings.Builder
	out.Grow(len(text))
	for i, word := range strings.Split(text, " ") {
		if i > 0 {
			out.WriteByte(' ')
		}
		out.WriteString(broken(word))
	}
	return template.HTML(out.String()) //nolint:gosec // every part is escaped
}

// broken is a word, escaped, with its places to break.
func broken(word string) string {
	if utf8.RuneCountInString(word) <= longWord {
		return template.HTMLEscapeString(word)
	}
	var out strings.Builder
	letters := []rune(word)
	for i := 0; i < len(letters); i += breakEach {
		if i > 0 {
			out.WriteString("<wbr>")
		}
		out.WriteString(template.HTMLEscapeString(string(letters[i:min(i+breakEach, len(letters))])))
	}
	return out.String()
}
