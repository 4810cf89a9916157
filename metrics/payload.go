package metrics

import (
	"bytes"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// readCommit is Event.Commit made quick: a history has more commits and deployments than all else together, and reading them took
// most of the time of deriving. It knows canonical payloads only; whatever it does not expect is read the ordinary way.
func readCommit(e Event) (Commit, error) {
	c := Commit{ID: e.ID, Repository: e.Repository}
	p := payload{rest: e.Payload}
	p.skip('{')
	for first := true; p.more('}', first); first = false {
		p.commitField(&c, p.name())
	}
	if p.odd || len(p.rest) > 0 {
		return e.Commit()
	}
	return c, nil
}

// readDeployment is Event.Deployment made quick, in the same way.
func readDeployment(e Event) (Deployment, error) {
	d := Deployment{ID: e.ID}
	p := payload{rest: e.Payload}
	p.skip('{')
	for first := true; p.more('}', first); first = false {
		p.deploymentField(&d, p.name())
	}
	if p.odd || len(p.rest) > 0 {
		return e.Deployment()
	}
	return d, nil
}

func (p *payload) commitField(c *Commit, name []byte) {
	switch string(name) {
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

func (p *payload) deploymentField(d *Deployment, name []byte) {
	switch string(name) {
	case "actor":
		d.Actor = p.text()
	case "base_revision":
		d.BaseRevision = p.text()
	case "commits":
		d.Commits = p.list()
	case "created_at":
		d.CreatedAt = p.time()
	case "digest":
		d.Digest = p.text()
	case "environment":
		d.Environment = p.text()
	case "finished_at":
		d.FinishedAt = p.time()
	case "fixes":
		d.Fixes = p.list()
	case "hotfix":
		d.Hotfix = p.bool()
	case "labels":
		d.Labels = p.object()
	case "ref":
		d.Ref = p.text()
	case "repository":
		d.Repository = p.text()
	case "revision":
		d.Revision = p.text()
	case "rollback":
		d.Rollback = p.bool()
	case "rollback_of":
		d.RollbackOf = p.text()
	case "service":
		d.Service = p.text()
	case "started_at":
		d.StartedAt = p.time()
	case "status":
		d.Status = Status(p.text())
	case "trigger":
		d.Trigger = p.text()
	case "url":
		d.URL = p.text()
	case "version":
		d.Version = p.text()
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

// name reads a key and the colon after it. Keys are plain.
func (p *payload) name() []byte {
	p.skip('"')
	end := bytes.IndexByte(p.rest, '"')
	if end < 0 {
		p.odd = true
		return nil
	}
	name := p.rest[:end]
	p.rest = p.rest[end+1:]
	p.skip(':')
	return name
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

func (p *payload) object() map[string]string {
	out := map[string]string{}
	p.skip('{')
	for first := true; p.more('}', first); first = false {
		name := p.text()
		p.skip(':')
		out[name] = p.text()
	}
	return out
}
