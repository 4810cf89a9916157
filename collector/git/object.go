package git

import (
	"bytes"
	"strconv"
	"strings"
	"time"
)

// object is a commit or a tag as git stores it, reduced to what the figures need.
type object struct {
	id      string
	kind    string // "commit" or "tag"; another kind is kept for the reason why it is set aside
	parents []string
	target  string // what a tag points at
	author  ident
	// committed is the committer's date, or the tagger's; zero when there is none that can be read.
	committed time.Time
	message   []byte
}

// ident is a name, an address and a date as they stand in a commit.
type ident struct {
	name, email string
	at          time.Time
}

// parseObject reads the body of a commit or tag: header lines, an empty line, the message. It takes what it finds: a line
// that makes no sense is passed over, so that one odd commit does not hide a history.
func parseObject(id, kind string, body []byte) object {
	o := object{id: id, kind: kind}
	for len(body) > 0 {
		line, rest, _ := bytes.Cut(body, []byte{'\n'})
		body = rest
		if len(line) == 0 {
			o.message = body
			break
		}
		key, value, _ := bytes.Cut(line, []byte{' '})
		switch string(key) {
		case "parent":
			if isID(value) {
				o.parents = append(o.parents, string(value))
			}
		case "object":
			if isID(value) {
				o.target = string(value)
			}
		case "author":
			o.author = parseIdent(value)
		case "committer", "tagger":
			o.committed = parseIdent(value).at
		}
	}
	return o
}

// parseIdent reads "Name <address> seconds zone". The date is what follows the last ">", because names may hold anything.
func parseIdent(b []byte) ident {
	var i ident
	end := bytes.LastIndexByte(b, '>')
	if end < 0 {
		i.name = text(bytes.TrimSpace(b))
		return i
	}
	if begin := bytes.IndexByte(b[:end], '<'); begin >= 0 {
		i.name, i.email = text(bytes.TrimSpace(b[:begin])), text(bytes.TrimSpace(b[begin+1:end]))
	}
	seconds, _, _ := strings.Cut(strings.TrimSpace(string(b[end+1:])), " ")
	i.at = parseSeconds(seconds)
	return i
}

// The dates that a commit may carry. Beyond them a date is an error of the clock that wrote it.
var (
	epoch      = time.Unix(0, 0).UTC()
	firstSound = time.Date(1971, time.January, 1, 0, 0, 0, 0, time.UTC)
	endOfTime  = time.Date(9999, time.December, 31, 23, 59, 59, 0, time.UTC)
)

// parseSeconds reads seconds since 1970. What lies before gives 1970 and what no calendar holds gives the last second of 9999,
// so that both are seen as wrong and neither breaks a window; what is no number gives zero.
func parseSeconds(s string) time.Time {
	if s == "" {
		return time.Time{}
	}
	seconds, err := strconv.ParseInt(s, 10, 64)
	switch {
	case err != nil && strings.Trim(s, "-0123456789") != "":
		return time.Time{}
	case strings.HasPrefix(s, "-"):
		return epoch
	case err != nil || seconds > endOfTime.Unix():
		return endOfTime
	}
	return time.Unix(seconds, 0).UTC()
}

// isID reports whether b is an object name: 40 hexadecimal digits, or 64 where the repository uses SHA-256.
func isID(b []byte) bool {
	if len(b) != 40 && len(b) != 64 {
		return false
	}
	for _, c := range b {
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}

// text is b as valid UTF-8.
func text(b []byte) string { return strings.ToValidUTF8(string(b), "\uFFFD") }
