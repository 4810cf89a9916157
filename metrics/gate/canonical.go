package gate

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// largestInteger is the largest whole number that every JSON reader keeps exactly (2^53 − 1).
const largestInteger = 1<<53 - 1

// Canonical writes a value as canonical JSON (RFC 8785): no white space, keys sorted by their UTF-16 code units, strings
// escaped only where they must be. Numbers are whole and at most 2^53 − 1 either side of 0; everything else is refused,
// because a decision may not depend on how a machine rounds.
func Canonical(v any) ([]byte, error) {
	raw, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("write as JSON: %w", err)
	}
	return canonicalJSON(raw)
}

// canonicalJSON brings a JSON text into canonical form and refuses objects with a key twice.
func canonicalJSON(raw []byte) ([]byte, error) {
	d := json.NewDecoder(bytes.NewReader(raw))
	d.UseNumber()
	out, err := appendNext(make([]byte, 0, len(raw)), d)
	if err != nil {
		return nil, err
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, fmt.Errorf("text after the end of the JSON value")
	}
	return out, nil
}

// appendNext writes the next value of the decoder.
func appendNext(out []byte, d *json.Decoder) ([]byte, error) {
	token, err := d.Token()
	if err != nil {
		return nil, fmt.Errorf("read JSON: %w", err)
	}
	switch t := token.(type) {
	case json.Delim:
		if t == '{' {
			return appendObject(out, d)
		}
		return appendArray(out, d)
	case string:
		return appendString(out, t), nil
	case json.Number:
		return appendInteger(out, t)
	case bool:
		return strconv.AppendBool(out, t), nil
	default:
		return append(out, "null"...), nil
	}
}

func appendArray(out []byte, d *json.Decoder) ([]byte, error) {
	out = append(out, '[')
	for first := true; d.More(); first = false {
		if !first {
			out = append(out, ',')
		}
		var err error
		if out, err = appendNext(out, d); err != nil {
			return nil, err
		}
	}
	_, err := d.Token()
	return append(out, ']'), err
}

// member is one key of an object with its canonical value.
type member struct {
	key   string
	units []uint16
	value []byte
}

func appendObject(out []byte, d *json.Decoder) ([]byte, error) {
	var members []member
	for d.More() {
		token, err := d.Token()
		if err != nil {
			return nil, fmt.Errorf("read JSON: %w", err)
		}
		key, _ := token.(string) // the decoder allows nothing else here
		value, err := appendNext(nil, d)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", key, err)
		}
		members = append(members, member{key, utf16.Encode([]rune(key)), value})
	}
	slices.SortFunc(members, func(a, b member) int { return slices.Compare(a.units, b.units) })
	out = append(out, '{')
	for i, m := range members {
		if i > 0 {
			if members[i-1].key == m.key {
				return nil, fmt.Errorf("%s: the key stands twice; keep one", m.key)
			}
			out = append(out, ',')
		}
		out = append(appendString(out, m.key), ':')
		out = append(out, m.value...)
	}
	_, err := d.Token()
	return append(out, '}'), err
}

func appendInteger(out []byte, n json.Number) ([]byte, error) {
	i, err := strconv.ParseInt(n.String(), 10, 64)
	if err != nil || i > largestInteger || i < -largestInteger {
		return nil, fmt.Errorf("%s is no whole number up to %d; write parts per million or seconds", n, int64(largestInteger))
	}
	return strconv.AppendInt(out, i, 10), nil
}

func appendString(out []byte, s string) []byte {
	out = append(out, '"')
	if !strings.ContainsFunc(s, func(r rune) bool { return r < ' ' || r == '"' || r == '\\' }) {
		return append(append(out, s...), '"')
	}
	for _, r := range s {
		switch at := strings.IndexRune("\b\t\n\f\r\"\\", r); {
		case at >= 0:
			out = append(out, '\\', "btnfr\"\\"[at])
		case r < ' ':
			out = fmt.Appendf(out, `\u%04x`, r)
		default:
			out = utf8.AppendRune(out, r)
		}
	}
	return append(out, '"')
}

// digest names bytes by their content.
func digest(b []byte) string {
	sum := sha256.Sum256(b)
	return "sha256:" + hex.EncodeToString(sum[:])
}

// clampInt keeps a number inside what canonical JSON can hold.
func clampInt(n int64) int64 { return min(max(n, -largestInteger), largestInteger) }
