package prometheus

import (
	"fmt"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"
)

// template is a PromQL expression with places for $service, $environment and $window.
type template struct {
	parts []part
	// windowed tells that $window stands in it: each of its points then looks back so far.
	windowed bool
}

// part is a piece of an expression, or a place to be filled in.
type part struct {
	text  string
	place string // "service", "environment" or "window"
	// pattern tells that the place stands in a regular expression.
	pattern bool
}

var placeName = regexp.MustCompile(`^\$([a-z_]+)`)

// parseTemplate finds the places. A name is put into a string only, where it can be escaped; a window outside of strings only.
func parseTemplate(expression string) (template, error) {
	var t template
	s := scanner{}
	from := 0
	for i := 0; i < len(expression); i++ {
		if expression[i] != '$' || s.comment {
			s.step(expression, i)
			continue
		}
		found := placeName.FindStringSubmatch(expression[i:])
		if found == nil {
			s.step(expression, i) // the end of a regular expression
			continue
		}
		name := found[1]
		if err := s.admits(name); err != nil {
			return template{}, err
		}
		t.parts = append(t.parts, part{text: expression[from:i]}, part{place: name, pattern: s.pattern})
		t.windowed = t.windowed || name == "window"
		i += len(found[0]) - 1
		from = i + 1
	}
	t.parts = append(t.parts, part{text: expression[from:]})
	return t, nil
}

// scanner knows where in an expression it stands.
type scanner struct {
	quote    byte // of the string it is in, 0 outside
	escaped  bool // the next byte belongs to an escape
	comment  bool
	operator string // the last two bytes that are no space, outside of strings
	pattern  bool   // the string is matched as a regular expression
}

func (s *scanner) step(text string, i int) {
	c := text[i]
	switch {
	case s.comment:
		s.comment = c != '\n'
	case s.quote != 0:
		switch {
		case s.escaped:
			s.escaped = false
		case c == '\\' && s.quote != '`':
			s.escaped = true
		case c == s.quote:
			s.quote, s.pattern, s.operator = 0, false, ""
		}
	case c == '#':
		s.comment = true
	case c == '"', c == '\'', c == '`':
		s.quote, s.pattern = c, s.operator == "=~" || s.operator == "!~"
	case c != ' ' && c != '\t' && c != '\n' && c != '\r':
		s.operator = s.operator[max(0, len(s.operator)-1):] + string(rune(c))
	}
}

func (s *scanner) admits(name string) error {
	quoted := s.quote == '"' || s.quote == '\''
	switch {
	case name == "window" && s.quote == 0, (name == "service" || name == "environment") && quoted && !s.escaped:
		return nil
	case name == "window":
		return fmt.Errorf("$window stands in quotes; write it as a range: [$window]")
	case name == "service", name == "environment":
		return fmt.Errorf("$%s stands outside of quotes, where it could be anything; write it as a label's value: %s=\"$%s\"", name, name, name)
	}
	return fmt.Errorf("$%s is no placeholder; there are $service, $environment and $window", name)
}

// fill puts values into their places. Whatever a name holds, it stays inside its string.
func (t template) fill(service, environment string, window time.Duration) string {
	var b strings.Builder
	for _, p := range t.parts {
		switch p.place {
		case "":
			b.WriteString(p.text)
		case "window":
			fmt.Fprintf(&b, "%dms", window.Milliseconds())
		case "service":
			b.WriteString(p.escape(service))
		default:
			b.WriteString(p.escape(environment))
		}
	}
	return b.String()
}

// escape writes a name so that it means itself in either kind of quotes, and in a regular expression.
func (p part) escape(name string) string {
	name = strings.ToValidUTF8(name, "")
	if p.pattern {
		name = regexp.QuoteMeta(name)
	}
	var b strings.Builder
	for _, r := range name {
		if r < utf8.RuneSelf && (r < ' ' || r == 0x7f || strings.ContainsRune(`"'\`, r)) {
			fmt.Fprintf(&b, `\x%02x`, r)
			continue
		}
		b.WriteRune(r)
	}
	return b.String()
}
