package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// decodeBody reads one JSON object of at most limit bytes, refusing keys that the type does not have.
func decodeBody(body io.Reader, limit int64, into any) error {
	data, err := io.ReadAll(io.LimitReader(body, limit+1))
	if err != nil {
		return unreadable(err)
	}
	if int64(len(data)) > limit {
		return fail(TooLarge, fmt.Sprintf("the body has more than %d bytes", limit))
	}
	return decodeJSON(data, into)
}

func decodeJSON(data []byte, into any) error {
	decoder := json.NewDecoder(bytes.NewReader(data))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		return fail(Invalid, "the body is not the JSON object that this address takes: "+wordsOf(err))
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return fail(Invalid, fmt.Sprintf("something follows the JSON object, at byte %d", decoder.InputOffset()))
	}
	return nil
}

// repeated is a key that stands twice in an object of a JSON text, "" for none, and for a text that is no JSON: readers differ in which of the
// two they take.
func repeated(data []byte) string {
	if !json.Valid(data) {
		return ""
	}
	var keys []string // of the objects around, the innermost last
	var objects []int // where the keys of each begin
	for at := 0; at < len(data); at++ {
		switch data[at] {
		case '{':
			objects = append(objects, len(keys))
		case '}':
			first := objects[len(objects)-1]
			if twice := twiceIn(keys[first:]); twice != "" {
				return twice
			}
			keys, objects = keys[:first], objects[:len(objects)-1]
		case '"':
			end := closing(data, at)
			if rest := bytes.TrimLeft(data[end+1:], " \t\r\n"); len(rest) > 0 && rest[0] == ':' {
				keys = append(keys, unquoted(data[at:end+1]))
			}
			at = end
		}
	}
	return ""
}

// closing is where a string ends that begins there.
func closing(data []byte, at int) int {
	for at++; data[at] != '"'; at++ {
		if data[at] == '\\' {
			at++
		}
	}
	return at
}

func unquoted(text []byte) string {
	if bytes.IndexByte(text, '\\') < 0 && utf8.Valid(text) {
		return string(text[1 : len(text)-1])
	}
	var s string
	_ = json.Unmarshal(text, &s) // the text is valid, so this string is
	return s
}

// twiceIn is a key that stands twice, in letters of either case, as keys are read.
func twiceIn(keys []string) string {
	slices.SortStableFunc(keys, func(a, b string) int { return strings.Compare(folded(a), folded(b)) })
	for i := 1; i < len(keys); i++ {
		if strings.EqualFold(keys[i], keys[i-1]) {
			return keys[i]
		}
	}
	return ""
}

// folded is the same for keys that differ in the case of letters only.
func folded(key string) string {
	if strings.ContainsFunc(key, func(c rune) bool { return c > unicode.MaxASCII }) {
		key = strings.Map(func(c rune) rune {
			least := c
			for next := unicode.SimpleFold(c); next != c; next = unicode.SimpleFold(next) {
				least = min(least, next)
			}
			return least
		}, key)
	}
	return strings.ToLower(key)
}

// wordsOf says what is wrong with a body without the words of the Go package that found it.
func wordsOf(err error) string {
	var wrong *json.UnmarshalTypeError
	var syntax *json.SyntaxError
	switch {
	case errors.As(err, &wrong) && wrong.Field != "":
		return fmt.Sprintf("%s is a JSON %s where another type is needed; see /api", wrong.Field, wrong.Value)
	case errors.As(err, &wrong):
		return fmt.Sprintf("a JSON %s where an object is needed; see /api", wrong.Value)
	case errors.As(err, &syntax):
		return fmt.Sprintf("%s at byte %d", strings.TrimPrefix(err.Error(), "json: "), syntax.Offset)
	case errors.Is(err, io.EOF):
		return "it is empty"
	case errors.Is(err, io.ErrUnexpectedEOF):
		return "it ends in the middle"
	}
	return strings.TrimPrefix(err.Error(), "json: ") + "; see /api"
}

// unreadable is a body that broke off or is too large: the caller's fault or the line's, not ours.
func unreadable(err error) error {
	var large *http.MaxBytesError
	if errors.As(err, &large) {
		return &Error{Kind: TooLarge, Detail: fmt.Sprintf("the body has more than %d MiB; send it in parts", large.Limit>>20), Cause: err}
	}
	return &Error{Kind: Invalid, Detail: "the body broke off; nothing was stored, send it again", Cause: err}
}
