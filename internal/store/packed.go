package store

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"slices"
	"strconv"
	"time"
)

// Stored JSON is packed: known phrases, object names, times and numbers take a few bytes each, and what stood before is referred
// to. Packing cuts the payload of a commit to about half and costs less than reading the bytes that it saves. It knows no
// fields, so any text comes back byte for byte.
//
// A packed text is packedMark and a sequence of tokens, each a byte and what follows from it:
//
//	0 … 191   the phrase of that number
//	tokenHex … tokenEarlier  see there
//	tokenLong a literal: its length as a varint, then its bytes
//	above     a literal of 1 to 47 bytes
//
// A text that begins otherwise is not packed: it was stored before there was packing, or would not have got shorter.
const packedMark = 1

const (
	tokenHex     = 0xc0 + iota // lower-case hexadecimal digits: half their number as a varint, then the bytes
	tokenSeconds               // a time in whole seconds: since 1970, four bytes
	tokenMillis                // a time in whole milliseconds: the seconds, then two bytes
	tokenDigits                // a decimal number without leading zeros, as a varint
	tokenEarlier               // what stands so many bytes before (a varint), so many bytes long (a varint)
	tokenLong    = 0xcf
)

const (
	shortHex     = 16 // digits; fewer are not worth a token
	shortDigits  = 5
	shortEarlier = 8
)

// fieldNames are those of events and rollouts. Numbers of phrases follow from their order, which is part of what is stored: names
// may be added at the end as long as there are at most 192 phrases, and nothing may be taken away or moved.
var fieldNames = []string{
	"acknowledged_at", "actor", "approver", "approver_team", "at", "author", "authored_at", "base", "base_revision", "bot", "commits",
	"committed_at", "created_at", "decided_at", "decision", "deployment", "detected_at", "detected_by", "digest", "environment",
	"finished_at", "fixes", "head", "hotfix", "labels", "merge_commit", "merged_at", "message", "number", "parents", "paths", "ref",
	"repository", "requested_at", "required", "resolved_at", "result", "reviews", "revision", "rollback", "rollback_of", "service",
	"severity", "signals", "started_at", "state", "status", "title", "trigger", "url", "version", "id", "environment_kind",
	"succeeded_at", "kind", "of", "baseline", "baseline_reason", "reapplied", "attempts", "retried", "removed", "failures",
	"withdrawn", "recovery", "known_at", "assumed", "verdict", "verdict_at", "approvals", "approval_ids", "cause", "evidence",
	"confidence", "withdrawn_at", "by",
}

// phrases are the pieces of JSON that a token stands for.
var phrases = func() []string {
	all := []string{
		`"}`, `"]`, `"]}`, `,"`, `":"`, `"p:`, `true`, `[bot]`, `https://`, `{"author":"p:`, `"production"`, `","parents":["`,
		`","ref":"main`, `","status":"succeeded`, `","trigger":"automatic"`, `","environment_kind":"production`, `","kind":"planned`,
		`"state":"approved"}`, `{"id":"`, `","attempts":["`, `{"at":"`, `{"created_at":"`, `,"committed_at":"`, `","commits":["`, `\n`,
	}
	for _, name := range fieldNames {
		all = append(all, `","`+name+`":"`, `,"`+name+`":`)
	}
	return all
}()

// phraseIndex finds phrases by a hash of their first two bytes and their fourth, longest first; short ones by their first two.
type phraseIndex struct {
	long  [1 << 10][]byte
	short [1 << 10][]byte
	first [256]bool // a phrase begins with this byte
}

func phraseKey(a, b, c byte) int { return (int(a)*31 + int(b)*7 + int(c)*3) & (1<<10 - 1) }

var phraseAt = func() *phraseIndex {
	at := &phraseIndex{}
	for i, p := range phrases {
		at.first[p[0]] = true
		list := &at.short[phraseKey(p[0], p[1], 0)]
		if len(p) >= 4 {
			list = &at.long[phraseKey(p[0], p[1], p[3])]
		}
		*list = append(*list, byte(i))
	}
	longest := func(a, b byte) int { return len(phrases[b]) - len(phrases[a]) }
	for i := range at.long {
		slices.SortStableFunc(at.long[i], longest)
		slices.SortStableFunc(at.short[i], longest)
	}
	return at
}()

// find returns the longest phrase that the text begins with.
func (x *phraseIndex) find(text []byte) (number byte, found bool) {
	if !x.first[text[0]] || len(text) < 2 {
		return 0, false
	}
	if len(text) >= 4 {
		if number, found = longestOf(x.long[phraseKey(text[0], text[1], text[3])], text); found {
			return number, true
		}
	}
	return longestOf(x.short[phraseKey(text[0], text[1], 0)], text)
}

func longestOf(numbers, text []byte) (number byte, found bool) {
	for _, i := range numbers {
		if p := phrases[i]; len(text) >= len(p) && string(text[:len(p)]) == p {
			return i, true
		}
	}
	return 0, false
}

// pack returns the text packed, or as it is where packing would not make it shorter.
func pack(text []byte) []byte {
	if len(text) == 0 {
		return text
	}
	p := packer{text: text, out: make([]byte, 1, len(text)/2+16)}
	p.out[0] = packedMark
	p.run()
	if len(p.out) >= len(text) && text[0] != packedMark {
		return text
	}
	return p.out
}

// packer is the state of one pack.
type packer struct {
	text    []byte
	out     []byte
	at      int         // what comes next
	literal int         // where the literal that is not written yet begins
	seen    [512]uint16 // places after the last text of a hash
}

func (p *packer) run() {
	for p.at < len(p.text) {
		if !p.token() {
			p.remember(p.at)
			p.at++
		}
	}
	p.flush()
}

// token writes what stands next as a token, if there is one for it.
func (p *packer) token() bool {
	rest := p.text[p.at:]
	if number, found := phraseAt.find(rest); found {
		p.emit(len(phrases[number]), number)
		return true
	}
	if c := rest[0]; isHex(c) && (p.at == 0 || !isHex(p.text[p.at-1])) && (p.time(rest) || p.number(rest)) {
		return true
	}
	return p.earlier(rest)
}

// emit ends the literal before and writes a token for so much text.
func (p *packer) emit(length int, token byte, operands ...byte) {
	p.flush()
	p.out = append(append(p.out, token), operands...)
	for end := p.at + length; p.at < end; p.at++ {
		p.remember(p.at)
	}
	p.literal = p.at
}

func (p *packer) flush() {
	literal := p.text[p.literal:p.at]
	switch n := len(literal); {
	case n == 0:
		return
	case n > 0xff-tokenLong-1:
		p.out = binary.AppendUvarint(append(p.out, tokenLong), uint64(n))
	default:
		p.out = append(p.out, byte(tokenLong+n))
	}
	p.out = append(p.out, literal...)
	p.literal = p.at
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }
func isHex(c byte) bool   { return isDigit(c) || 'a' <= c && c <= 'f' }

// number writes a run of hexadecimal or decimal digits.
func (p *packer) number(rest []byte) bool {
	n, decimal := 0, true
	for n < len(rest) && isHex(rest[n]) {
		decimal = decimal && isDigit(rest[n])
		n++
	}
	if n &^= 1; n >= shortHex {
		packed := make([]byte, n/2)
		_, _ = hex.Decode(packed, rest[:n]) // they are digits, an even number
		p.emit(n, tokenHex, append(binary.AppendUvarint(nil, uint64(n/2)), packed...)...)
		return true
	}
	for n = 0; n < len(rest) && isDigit(rest[n]); {
		n++
	}
	if n < shortDigits || rest[0] == '0' {
		return false
	}
	value, err := strconv.ParseUint(string(rest[:n]), 10, 64)
	if err == nil {
		p.emit(n, tokenDigits, binary.AppendUvarint(nil, value)...)
	}
	return err == nil
}

const (
	secondsLength = len("2006-01-02T15:04:05Z")
	millisLength  = len("2006-01-02T15:04:05.000Z")
)

// time writes an instant as encoding/json has it, in UTC, when it is one of the years 1970 to 2105.
func (p *packer) time(rest []byte) bool {
	if len(rest) < secondsLength || rest[4] != '-' || rest[10] != 'T' {
		return false
	}
	end := bytes.IndexByte(rest[:min(len(rest), millisLength)], 'Z') + 1
	t, err := time.Parse(time.RFC3339Nano, string(rest[:end]))
	if err != nil || t.Unix() < 0 || t.Unix() > 1<<32-1 || t.UTC().Format(time.RFC3339Nano) != string(rest[:end]) {
		return false
	}
	operands := binary.BigEndian.AppendUint32(make([]byte, 0, 6), uint32(t.Unix()))
	token := byte(tokenSeconds)
	if ms := t.Nanosecond() / int(time.Millisecond); ms > 0 {
		token, operands = tokenMillis, binary.BigEndian.AppendUint16(operands, uint16(ms))
	}
	p.emit(end, token, operands...)
	return true
}

// hash of the bytes that a reference at least repeats.
func (p *packer) hash(at int) uint64 {
	return binary.LittleEndian.Uint64(p.text[at:]) * 0x9e3779b97f4a7c15 >> (64 - 9)
}

func (p *packer) remember(at int) {
	if at+shortEarlier <= len(p.text) && at < 1<<16-1 {
		p.seen[p.hash(at)] = uint16(at + 1)
	}
}

// earlier refers to the same text before, if there is some.
func (p *packer) earlier(rest []byte) bool {
	if len(rest) < shortEarlier {
		return false
	}
	from := int(p.seen[p.hash(p.at)]) - 1
	if from < 0 {
		return false
	}
	n := 0
	for n < min(len(rest), longestPacked) && p.text[from+n] == rest[n] {
		n++
	}
	if n < shortEarlier {
		return false
	}
	p.emit(n, tokenEarlier, binary.AppendUvarint(binary.AppendUvarint(nil, uint64(p.at-from)), uint64(n))...)
	return true
}

var errPacked = errors.New("packed text is damaged")

// longestPacked bounds what one token repeats, and so what damaged text can claim to be long.
const longestPacked = 1 << 24

// unpack returns the text that was packed.
func unpack(packed []byte) ([]byte, error) {
	if len(packed) == 0 || packed[0] != packedMark {
		return bytes.Clone(packed), nil
	}
	u := unpacker{rest: packed[1:], out: make([]byte, 0, 3*len(packed))}
	for len(u.rest) > 0 && u.err == nil {
		u.token()
	}
	return u.out, u.err
}

// unpacker is the state of one unpack.
type unpacker struct {
	rest, out []byte
	err       error
}

func (u *unpacker) token() {
	token := u.rest[0]
	u.rest = u.rest[1:]
	switch {
	case int(token) < len(phrases) && token < tokenHex:
		u.out = append(u.out, phrases[token]...)
	case token > tokenLong:
		u.out = append(u.out, u.take(uint64(token-tokenLong))...)
	case token == tokenLong:
		u.out = append(u.out, u.take(u.varint())...)
	case token == tokenHex:
		u.out = hex.AppendEncode(u.out, u.take(u.varint()))
	case token == tokenDigits:
		u.out = strconv.AppendUint(u.out, u.varint(), 10)
	case token == tokenSeconds, token == tokenMillis:
		u.time(token == tokenMillis)
	case token == tokenEarlier:
		u.earlier(u.varint(), u.varint())
	default:
		u.err = errPacked
	}
}

// take returns the next bytes.
func (u *unpacker) take(n uint64) []byte {
	if n > uint64(len(u.rest)) {
		u.err = errPacked
		return nil
	}
	taken := u.rest[:n]
	u.rest = u.rest[n:]
	return taken
}

func (u *unpacker) varint() uint64 {
	value, n := binary.Uvarint(u.rest)
	if n <= 0 {
		u.err, u.rest = errPacked, nil
		return 0
	}
	u.rest = u.rest[n:]
	return value
}

func (u *unpacker) time(millis bool) {
	size := uint64(4)
	if millis {
		size = 6
	}
	operands := u.take(size)
	if u.err != nil {
		return
	}
	t := time.Unix(int64(binary.BigEndian.Uint32(operands)), 0)
	if millis {
		t = t.Add(time.Duration(binary.BigEndian.Uint16(operands[4:])) * time.Millisecond)
	}
	u.out = t.UTC().AppendFormat(u.out, time.RFC3339Nano)
}

// earlier repeats text, which may reach into what it writes.
func (u *unpacker) earlier(distance, length uint64) {
	if distance == 0 || distance > uint64(len(u.out)) || length > longestPacked {
		u.err = errPacked
		return
	}
	for range length {
		u.out = append(u.out, u.out[uint64(len(u.out))-distance])
	}
}
