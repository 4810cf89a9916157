package api

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
	"testing"
)

func TestAKeyThatStandsTwiceInOneObjectIsFound(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ text, twice string }{
		{`{"service":"a","service":"b"}`, "service"},
		{`{"service":"a","Service":"b"}`, "Service"},
		{`{"service":"a","\u0073ervice":"b"}`, "service"},
		{`{"service":"a","b":1,"ſervice":"b"}`, "ſervice"}, // which the reader takes for the same
		{`[{"a" : {"b":[{"c":1},{"d":1, "d" :2}]}}]`, "d"},
		{`{"a":{"a":1},"b":[{"a":1},{"a":1}],"c":"a","d":["a","a"]}`, ""},
		{`{"a":"\"a\":1,\"a\":","b\\":1}`, ""},
		{`{"a":1,"a":2`, ""}, // no JSON, which is told elsewhere
		{``, ""},
	} {
		if twice := repeated([]byte(c.text)); twice != c.twice {
			t.Errorf("%s: %q, want %q", c.text, twice, c.twice)
		}
	}
}

func FuzzKeysThatStandTwiceAreThoseThatTheDecoderMeetsTwice(f *testing.F) {
	f.Add([]byte(`{"a":[{"b":1,"B":"\"c\":"}],"\u0061":2}`))
	f.Add([]byte(`[[],{},{"a":{}}]`))
	f.Add([]byte(`{"\u212a":1,"x":2,"k":3}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		if json.Valid(text) && meetsTwice(json.NewDecoder(bytes.NewReader(text))) != (repeated(text) != "") {
			t.Errorf("%s: %q", text, repeated(text))
		}
	})
}

// meetsTwice reads one value, token by token.
func meetsTwice(tokens *json.Decoder) bool {
	token, err := tokens.Token()
	if err != nil {
		return false
	}
	found := false
	switch token {
	case json.Delim('{'):
		var seen []string
		for tokens.More() {
			key, _ := tokens.Token()
			name, _ := key.(string)
			found = slices.ContainsFunc(seen, func(s string) bool { return strings.EqualFold(s, name) }) || found
			seen = append(seen, name)
			found = meetsTwice(tokens) || found
		}
	case json.Delim('['):
		for tokens.More() {
			found = meetsTwice(tokens) || found
		}
	default:
		return false
	}
	_, _ = tokens.Token() // its end
	return found
}
