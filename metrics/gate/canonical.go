package gate

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode/utf8"
)

// largestInteger is the largest whole number that every JSON reader keeps exactly (2^53 − 1).
const largestInteger = 1<<53 - 1

// Canonical writes a value as canonical JSON (RFC 8785): no white space, keys sorted by their UTF-16 code units, strings
// escaped only where they must be. Numbers are whole and at most 2^53 − 1 either side of 0; everything else is refused,
// because a decision may not depend on how a machine rounds.
func Canonical(v any) ([]byte, error) {
	if v == nil {
		return []byte("null"), nil
	}
	var text []byte
	err := withCanonical(v, func(scratch []byte) { text = bytes.Clone(scratch) })
	return text, err
}

// scratches are room to write in: what is written is copied, or no more than its digest is kept.
var scratches = sync.Pool{New: func() any { return new([]byte) }}

// withCanonical gives the canonical JSON of a value to one who must not keep it.
func withCanonical(v any, take func(text []byte)) error {
	scratch, _ := scratches.Get().(*[]byte)
	defer scratches.Put(scratch)
	out, err := writerOf(reflect.TypeOf(v))((*scratch)[:0], reflect.ValueOf(v))
	if err != nil {
		return err
	}
	*scratch = out
	take(out)
	return nil
}

// canonicalJSON brings a JSON text into canonical form and refuses objects with a key twice.
func canonicalJSON(raw []byte) ([]byte, error) {
	if !json.Valid(raw) {
		var v any
		return nil, fmt.Errorf("read JSON: %w", json.Unmarshal(raw, &v))
	}
	c := canon{text: raw, out: make([]byte, 0, len(raw))}
	if err := c.value(); err != nil {
		return nil, err
	}
	return c.out, nil
}

// canon rewrites a JSON text that is known to be valid. It is a scanner of its own because every decision passes through it
// and the tokens of encoding/json cost ten times as much.
type canon struct {
	text []byte
	at   int
	out  []byte
}

// peek is the next character that is no white space.
func (c *canon) peek() byte {
	for strings.IndexByte(" \t\r\n", c.text[c.at]) >= 0 {
		c.at++
	}
	return c.text[c.at]
}

func (c *canon) value() error {
	switch c.peek() {
	case '{':
		return c.object()
	case '[':
		return c.array()
	case '"':
		c.out = appendString(c.out, c.str())
		return nil
	default:
		return c.scalar()
	}
}

// scalar is a number or one of true, false, null.
func (c *canon) scalar() error {
	end := c.at
	for end < len(c.text) && strings.IndexByte(" \t\r\n,]}", c.text[end]) < 0 {
		end++
	}
	word := c.text[c.at:end]
	c.at = end
	if strings.IndexByte("tfn", word[0]) >= 0 {
		c.out = append(c.out, word...)
		return nil
	}
	n, err := strconv.ParseInt(string(word), 10, 64)
	if err != nil || n > largestInteger || n < -largestInteger {
		return fmt.Errorf("%s is no whole number up to %d; write parts per million or seconds", word, int64(largestInteger))
	}
	c.out = strconv.AppendInt(c.out, n, 10)
	return nil
}

// str reads a string.
func (c *canon) str() string {
	end := c.at + 1
	for c.text[end] != '"' {
		if c.text[end] == '\\' {
			end++
		}
		end++
	}
	quoted := c.text[c.at : end+1]
	c.at = end + 1
	if plain := quoted[1 : len(quoted)-1]; bytes.IndexByte(plain, '\\') < 0 && utf8.Valid(plain) {
		return string(plain)
	}
	var s string
	_ = json.Unmarshal(quoted, &s) // the text is valid, so this string is
	return s
}

func (c *canon) array() error {
	c.at++
	c.out = append(c.out, '[')
	for first := true; c.peek() != ']'; first = false {
		if !first {
			c.at++ // the comma
			c.out = append(c.out, ',')
		}
		if err := c.value(); err != nil {
			return err
		}
	}
	c.at++
	c.out = append(c.out, ']')
	return nil
}

// member is one key of an object; it and its value stand at [from, to) of the output.
type member struct {
	key      string
	from, to int
}

func (c *canon) object() error {
	c.at++
	c.out = append(c.out, '{')
	start := len(c.out)
	var members []member
	for c.peek() != '}' {
		if len(members) > 0 {
			c.at++ // the comma
			c.peek()
		}
		m := member{key: c.str(), from: len(c.out)}
		c.out = append(appendString(c.out, m.key), ':')
		c.peek()
		c.at++ // the colon
		if err := c.value(); err != nil {
			return fmt.Errorf("%s: %w", m.key, err)
		}
		m.to = len(c.out)
		members = append(members, m)
	}
	c.at++
	return c.sorted(start, members)
}

// sorted puts the members written from start on into order, with commas, and closes the object.
func (c *canon) sorted(start int, members []member) error {
	written := bytes.Clone(c.out[start:])
	slices.SortFunc(members, func(a, b member) int { return compareUTF16(a.key, b.key) })
	c.out = c.out[:start]
	for i, m := range members {
		if i > 0 {
			if members[i-1].key == m.key {
				return fmt.Errorf("%s: the key stands twice; keep one", m.key)
			}
			c.out = append(c.out, ',')
		}
		c.out = append(c.out, written[m.from-start:m.to-start]...)
	}
	c.out = append(c.out, '}')
	return nil
}

// compareUTF16 orders strings by their UTF-16 code units. That is the order of their bytes but for characters beyond U+FFFF,
// whose surrogates (U+D800 on) come before U+E000.
func compareUTF16(a, b string) int {
	for a != "" && b != "" {
		r, n := utf8.DecodeRuneInString(a)
		s, m := utf8.DecodeRuneInString(b)
		if r != s {
			if far := r > 0xFFFF; far != (s > 0xFFFF) {
				return cmp.Compare(firstUnit(r), firstUnit(s))
			}
			return cmp.Compare(r, s)
		}
		a, b = a[n:], b[m:]
	}
	return cmp.Compare(len(a), len(b))
}

// firstUnit is the first UTF-16 code unit of a character.
func firstUnit(r rune) rune {
	if r > 0xFFFF {
		return 0xD800 + (r-0x10000)>>10
	}
	return r
}

func appendString(out []byte, s string) []byte {
	out = append(out, '"')
	if !escaped(s) {
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

// escaped reports whether a string has a character that may not stand for itself.
func escaped(s string) bool {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c == '"' || c == '\\' {
			return true
		}
	}
	return false
}

// digest names bytes by their content.
func digest(b []byte) string {
	sum := sha256.Sum256(b)
	return "sha256:" + hex.EncodeToString(sum[:])
}

// clampInt keeps a number inside what canonical JSON can hold.
func clampInt(n int64) int64 { return min(max(n, -largestInteger), largestInteger) }
