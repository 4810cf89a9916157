package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
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
	decoder := json.NewDecoder(strings.NewReader(string(data)))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil {
		return fail(Invalid, "the body is not the JSON object that this address takes: "+wordsOf(err))
	}
	if _, err := decoder.Token(); !errors.Is(err, io.EOF) {
		return fail(Invalid, fmt.Sprintf("something follows the JSON object, at byte %d", decoder.InputOffset()))
	}
	return nil
}

// repeated is the first key that stands twice in an object of a JSON text, "" for none: readers differ in which of the two they take.
func repeated(data []byte) string {
	decoder := json.NewDecoder(bytes.NewReader(data))
	seen := []map[string]bool{} // of the objects around, nil for a list
	key := false                // what comes next in an object is a key
	for {
		token, err := decoder.Token()
		if err != nil {
			return "" // its end, or no JSON, which is told elsewhere
		}
		inObject := len(seen) > 0 && seen[len(seen)-1] != nil
		switch text, isText := token.(string); {
		case token == json.Delim('{'):
			seen, key = append(seen, map[string]bool{}), true
			continue
		case token == json.Delim('['):
			seen = append(seen, nil)
			continue
		case token == json.Delim('}') || token == json.Delim(']'):
			seen = seen[:len(seen)-1]
		case inObject && key && isText:
			name := strings.ToLower(text) // as it is read
			if seen[len(seen)-1][name] {
				return text
			}
			seen[len(seen)-1][name], key = true, false
			continue
		}
		key = len(seen) > 0 && seen[len(seen)-1] != nil
	}
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
