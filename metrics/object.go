package metrics

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"unicode/utf8"
)

// member is one key of a JSON object with its value, as written.
type member struct {
	name []byte
	raw  []byte
}

// members splits one line into the members of its JSON object. It keeps what encoding/json would hide: keys that occur
// twice, and the exact text of each value.
func members(line []byte) ([]member, error) {
	if !utf8.Valid(line) {
		return nil, fmt.Errorf("not valid UTF-8 at byte %d", firstInvalid(line)+1)
	}
	if !json.Valid(line) {
		return nil, invalidJSON(line)
	}
	line = bytes.TrimSpace(line)
	if line[0] != '{' {
		return nil, fmt.Errorf("a JSON %s where an object is needed", jsonKind(line))
	}
	var all []member
	for rest := skipSpace(line[1:]); rest[0] != '}'; {
		name := rest[:stringEnd(rest)]
		rest = skipSpace(skipSpace(rest[len(name):])[1:]) // past the colon
		raw := rest[:valueEnd(rest)]
		all = append(all, member{name: unquoted(name), raw: raw})
		rest = skipSpace(rest[len(raw):])
		if rest[0] == ',' {
			rest = skipSpace(rest[1:])
		}
	}
	return all, nil
}

func firstInvalid(b []byte) int {
	at := 0
	for at < len(b) {
		r, n := utf8.DecodeRune(b[at:])
		if r == utf8.RuneError && n == 1 {
			break
		}
		at += n
	}
	return at
}

func invalidJSON(line []byte) error {
	var any json.RawMessage
	err := json.Unmarshal(line, &any)
	if syntax, ok := err.(*json.SyntaxError); ok { //nolint:errorlint // encoding/json returns it bare
		return fmt.Errorf("not JSON: %s at byte %d", strings.TrimPrefix(syntax.Error(), "json: "), syntax.Offset)
	}
	return fmt.Errorf("not JSON: %w", err)
}

// jsonKind names the kind of a valid JSON value.
func jsonKind(raw []byte) string {
	switch raw[0] {
	case '{':
		return "object"
	case '[':
		return "array"
	case '"':
		return "string"
	case 't', 'f':
		return "bool"
	case 'n':
		return "null"
	}
	return "number"
}

// The functions below walk over text that json.Valid has accepted, so they need no checks of their own.

func skipSpace(b []byte) []byte {
	for len(b) > 0 && (b[0] == ' ' || b[0] == '\t' || b[0] == '\n' || b[0] == '\r') {
		b = b[1:]
	}
	return b
}

// stringEnd is the length of the string literal that b begins with.
func stringEnd(b []byte) int {
	for i := 1; ; i++ {
		switch b[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
}

// valueEnd is the length of the value that b begins with.
func valueEnd(b []byte) int {
	switch b[0] {
	case '"':
		return stringEnd(b)
	case '{', '[':
		return nestedEnd(b)
	}
	if end := bytes.IndexAny(b, ",}] \t\r\n"); end >= 0 {
		return end
	}
	return len(b)
}

func nestedEnd(b []byte) int {
	depth := 0
	for i := 0; ; i++ {
		switch b[i] {
		case '"':
			i += stringEnd(b[i:]) - 1
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth == 0 {
				return i + 1
			}
		}
	}
}

// elements splits a valid JSON array.
func elements(raw []byte) [][]byte {
	var all [][]byte
	for rest := skipSpace(raw[1:]); rest[0] != ']'; {
		element := rest[:valueEnd(rest)]
		all = append(all, element)
		rest = skipSpace(rest[len(element):])
		if rest[0] == ',' {
			rest = skipSpace(rest[1:])
		}
	}
	return all
}

// unquoted is the text of a string literal; it shares memory with it where nothing is escaped.
func unquoted(literal []byte) []byte {
	if bytes.IndexByte(literal, '\\') < 0 {
		return literal[1 : len(literal)-1]
	}
	var s string
	if err := json.Unmarshal(literal, &s); err != nil {
		return literal
	}
	return []byte(s)
}

// canonicalString is the literal as encoding/json would write it.
func canonicalString(literal []byte) []byte {
	if !bytes.ContainsFunc(literal, escapes) {
		return literal
	}
	out, err := json.Marshal(string(unquoted(literal)))
	if err != nil {
		return literal
	}
	return out
}

// escapes reports whether encoding/json writes the rune in another way than as itself, or might.
func escapes(r rune) bool {
	return r == '\\' || r == '<' || r == '>' || r == '&' || r == '\u2028' || r == '\u2029'
}
