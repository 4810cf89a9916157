package metrics

import (
	"bytes"
	"cmp"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// readCommit is Event.Commit made quick: a history has more commits than all else together, and reading them took most of the
// time of deriving. It knows canonical payloads only; whatever it does not expect is read the ordinary way.
func readCommit(e Event) (Commit, error) {
	c := Commit{ID: e.ID, Repository: e.Repository}
	p := payload{rest: e.Payload}
	p.skip('{')
	for first := true; p.more('}', first); first = false {
		name := p.text()
		p.skip(':')
		readField(&c, name, &p)
	}
	if p.odd || len(p.rest) > 0 {
		return e.Commit()
	}
	return c, nil
}

func readField(c *Commit, name string, p *payload) {
	switch name {
	case "author":
		c.Author = p.text()
	case "authored_at":
		c.AuthoredAt = p.time()
	case "bot":
		c.Bot = p.bool()
	case "committed_at":
		c.CommittedAt = p.time()
	case "message":
		c.Message = p.text()
	case "parents":
		c.Parents = p.list()
	case "paths":
		c.Paths = p.list()
	default:
		p.odd = true
	}
}

// payload reads canonical JSON from the front. Once something unexpected is met it is odd and its values mean nothing.
type payload struct {
	rest []byte
	odd  bool
}

func (p *payload) skip(c byte) {
	if len(p.rest) == 0 || p.rest[0] != c {
		p.odd = true
		return
	}
	p.rest = p.rest[1:]
}

// more reports whether another element follows: it steps over the comma before it, or over the mark that closes the list.
func (p *payload) more(end byte, first bool) bool {
	if p.odd {
		return false
	}
	if len(p.rest) > 0 && p.rest[0] == end {
		p.rest = p.rest[1:]
		return false
	}
	if !first {
		p.skip(',')
	}
	return !p.odd
}

// text reads a string literal.
func (p *payload) text() string {
	p.skip('"')
	for i, c := range p.rest {
		switch {
		case c == '"':
			s := string(p.rest[:i])
			p.rest = p.rest[i+1:]
			return s
		case c == '\\' || c < ' ' || c >= utf8.RuneSelf:
			return p.escapedText(i)
		}
	}
	p.odd = true
	return ""
}

// escapedText reads a literal in which the byte at i is the first that is not plain. Messages of several lines all have one.
func (p *payload) escapedText(i int) string {
	out := append(make([]byte, 0, len(p.rest)), p.rest[:i]...)
	for ; i+1 < len(p.rest) && p.rest[i] != '"'; i++ {
		c := p.rest[i]
		if c < ' ' {
			break
		}
		if c == '\\' {
			i++
			at := strings.IndexByte(`"\/bfnrt`, p.rest[i])
			if at < 0 {
				break // a rune by its number
			}
			c = "\"\\/\b\f\n\r\t"[at]
		}
		out = append(out, c)
	}
	if i >= len(p.rest) || p.rest[i] != '"' || !utf8.Valid(out) {
		p.odd = true
		return ""
	}
	p.rest = p.rest[i+1:]
	return string(out)
}

func (p *payload) time() (t time.Time) {
	p.skip('"')
	end := bytes.IndexByte(p.rest, '"')
	if end < 0 || t.UnmarshalText(p.rest[:end]) != nil {
		p.odd = true
		return t
	}
	p.rest = p.rest[end+1:]
	return t
}

func (p *payload) bool() *bool {
	for _, v := range []bool{true, false} {
		if rest, ok := bytes.CutPrefix(p.rest, strconv.AppendBool(nil, v)); ok {
			p.rest = rest
			return &v
		}
	}
	p.odd = true
	return nil
}

func (p *payload) list() []string {
	out := []string{}
	p.skip('[')
	for first := true; p.more(']', first); first = false {
		out = append(out, p.text())
	}
	return out
}

// join makes one commit of what several sources tell of it: the first source wins, field by field.
func join(told []*toldCommit, compare func(a, b string) int) *toldCommit {
	slices.SortFunc(told, func(a, b *toldCommit) int { return compare(a.source, b.source) })
	joined := *told[0]
	for _, c := range told[1:] {
		complete(&joined.Commit, c.Commit)
		joined.excluded = joined.excluded || c.excluded
	}
	return &joined
}

// complete fills in what the preferred source leaves out.
func complete(c *Commit, other Commit) {
	c.Author = cmp.Or(c.Author, other.Author)
	c.AuthoredAt = cmpTime(c.AuthoredAt, other.AuthoredAt)
	c.CommittedAt = cmpTime(c.CommittedAt, other.CommittedAt)
	c.Message = cmp.Or(c.Message, other.Message)
	if c.Bot == nil {
		c.Bot = other.Bot
	}
	if len(c.Parents) == 0 {
		c.Parents = other.Parents
	}
	if len(c.Paths) == 0 {
		c.Paths = other.Paths
	}
}
