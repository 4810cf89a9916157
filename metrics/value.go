package metrics

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// canonical brings a field's value, given as valid JSON, into the canonical form of a payload. It returns nil for a value
// that states nothing (an empty string, list or map): only null clears a field.
func (f *Field) canonical(raw []byte) ([]byte, *Fault) {
	if raw[0] == 'n' {
		return raw, nil
	}
	switch f.Kind {
	case KindName:
		return f.canonicalName(raw)
	case KindText:
		return f.canonicalText(raw)
	case KindTime:
		return f.canonicalTime(raw)
	case KindBool:
		if raw[0] != 't' && raw[0] != 'f' {
			return nil, f.wrongType(raw, "true or false")
		}
		return raw, nil
	case KindInt:
		return f.canonicalInt(raw)
	case KindEnum:
		return f.canonicalEnum(raw)
	case KindList:
		return f.canonicalList(raw)
	case KindMap:
		return f.canonicalMap(raw)
	case KindReviews:
		return f.canonicalReviews(raw)
	}
	return nil, &Fault{Field: f.Name, Problem: "a field of unknown kind"}
}

func (f *Field) wrongType(raw []byte, want string) *Fault {
	return &Fault{Field: f.Name, Problem: "a JSON " + jsonKind(raw) + " where " + want + " is needed", Remedy: "write " + want}
}

func (f *Field) canonicalName(raw []byte) ([]byte, *Fault) {
	if raw[0] != '"' {
		return nil, f.wrongType(raw, "a string")
	}
	s := unquoted(raw)
	if !plain(s) {
		if spaced(s) && !f.Key {
			s = bytes.TrimSpace(s)
			raw = quoted(string(s))
		}
		if fault := FaultOfName(f.Name, string(s)); fault != nil {
			return nil, fault
		}
	}
	return canonicalString(raw), nil
}

func (f *Field) canonicalText(raw []byte) ([]byte, *Fault) {
	if raw[0] != '"' {
		return nil, f.wrongType(raw, "a string")
	}
	if f.Line {
		return f.canonicalLine(raw)
	}
	if len(raw) == len(`""`) {
		return nil, nil
	}
	return canonicalString(raw), nil
}

func (f *Field) canonicalTime(raw []byte) ([]byte, *Fault) {
	if raw[0] != '"' {
		return nil, f.wrongType(raw, "a time like 2026-03-01T09:00:00Z")
	}
	var t time.Time
	if err := t.UnmarshalText(unquoted(raw)); err != nil {
		return nil, &Fault{Field: f.Name, Problem: clipped(raw) + " is not an RFC 3339 time", Remedy: "write it like 2026-03-01T09:00:00Z, with any offset"}
	}
	first := 1970
	if f.AnyYear {
		first = 1
	}
	if year := t.UTC().Year(); t.IsZero() || year < first || year > 9999 {
		return nil, &Fault{Field: f.Name, Problem: clipped(raw) + " is an impossible time", Remedy: fmt.Sprintf("a year from %d to 9999", first)}
	}
	return canonicalTime(t).AppendFormat(nil, `"`+rfc3339+`"`), nil
}

func (f *Field) canonicalInt(raw []byte) ([]byte, *Fault) {
	n, err := strconv.ParseInt(string(raw), 10, 64)
	if err != nil || n < f.Min || n > f.Max {
		want := fmt.Sprintf("a whole number from %d to %d", f.Min, f.Max)
		if f.Max == 1<<63-1 {
			want = fmt.Sprintf("a whole number of at least %d", f.Min)
		}
		return nil, &Fault{Field: f.Name, Problem: clipped(raw) + " is not " + want, Remedy: "write " + want}
	}
	return strconv.AppendInt(nil, n, 10), nil
}

func (f *Field) canonicalEnum(raw []byte) ([]byte, *Fault) {
	if raw[0] == '"' && slices.Contains(f.Values, string(unquoted(raw))) {
		return canonicalString(raw), nil
	}
	return nil, &Fault{Field: f.Name, Problem: clipped(raw) + " is not one of its values", Remedy: "one of " + strings.Join(f.Values, ", ")}
}

func (f *Field) canonicalList(raw []byte) ([]byte, *Fault) {
	if raw[0] != '[' {
		return nil, f.wrongType(raw, "a list of strings")
	}
	var out []byte
	for i, e := range elements(raw) {
		if e[0] != '"' || len(e) == len(`""`) {
			return nil, &Fault{Field: fmt.Sprintf("%s[%d]", f.Name, i), Problem: clipped(e) + " is no string with content", Remedy: "write a list of strings that are not empty"}
		}
		out = append(append(out, separator(out, '[')), canonicalString(e)...)
	}
	if out == nil {
		return nil, nil
	}
	return append(out, ']'), nil
}

// separator opens a list or object, or goes on with it.
func separator(out []byte, open byte) byte {
	if len(out) == 0 {
		return open
	}
	return ','
}

func (f *Field) canonicalMap(raw []byte) ([]byte, *Fault) {
	all, err := members(raw)
	if err != nil {
		return nil, f.wrongType(raw, "an object of strings")
	}
	values := make(map[string]string, len(all))
	for _, m := range all {
		where := f.Name + "." + oneLine(clippedText(string(m.name)))
		if m.raw[0] != '"' {
			return nil, &Fault{Field: where, Problem: "a JSON " + jsonKind(m.raw) + " where a string is needed", Remedy: "write it as a string"}
		}
		name, value := string(m.name), string(unquoted(m.raw))
		if f.Line {
			name, value = oneLine(name), oneLine(value)
		}
		if _, twice := values[name]; twice {
			return nil, &Fault{Field: where, Problem: "stated twice", Remedy: "state each key once"}
		}
		values[name] = value
	}
	if len(values) == 0 {
		return nil, nil
	}
	return f.marshalled(values)
}

func (f *Field) canonicalReviews(raw []byte) ([]byte, *Fault) {
	if raw[0] != '[' {
		return nil, f.wrongType(raw, "a list of {at, author, bot, state}")
	}
	all := elements(raw)
	reviews := make([]Review, 0, len(all))
	for i, e := range all {
		review, fault := reviewOf(e)
		if fault != nil {
			fault.Field = strings.TrimSuffix(fmt.Sprintf("%s[%d].%s", f.Name, i, fault.Field), ".")
			return nil, fault
		}
		reviews = append(reviews, review)
	}
	if len(reviews) == 0 {
		return nil, nil
	}
	return f.marshalled(reviews)
}

func (f *Field) marshalled(v any) ([]byte, *Fault) {
	out, err := json.Marshal(v)
	if err != nil {
		return nil, &Fault{Field: f.Name, Problem: err.Error()}
	}
	return out, nil
}

// reviewFields are the keys of one review.
var reviewFields = []Field{timeField("at", ""), textField("author", ""), boolField("bot", ""), textField("state", "")}

func reviewOf(raw []byte) (Review, *Fault) {
	if raw[0] != '{' {
		return Review{}, &Fault{Problem: "a JSON " + jsonKind(raw) + " where a review is needed", Remedy: "write {at, author, bot, state}"}
	}
	all, err := members(raw)
	if err != nil {
		return Review{}, &Fault{Problem: err.Error()}
	}
	seen := map[string]json.RawMessage{}
	for _, m := range all {
		at := slices.IndexFunc(reviewFields, func(f Field) bool { return f.Name == string(m.name) })
		if at < 0 {
			return Review{}, &Fault{Field: oneLine(clippedText(string(m.name))), Problem: "unknown key", Remedy: "a review has at, author, bot and state"}
		}
		if _, twice := seen[reviewFields[at].Name]; twice {
			return Review{}, &Fault{Field: reviewFields[at].Name, Problem: "stated twice", Remedy: "state each key once"}
		}
		value, fault := reviewFields[at].canonical(m.raw)
		if fault != nil {
			return Review{}, fault
		}
		if value == nil {
			value = []byte("null")
		}
		seen[reviewFields[at].Name] = value
	}
	return reviewFrom(seen)
}

func reviewFrom(seen map[string]json.RawMessage) (Review, *Fault) {
	whole, err := json.Marshal(seen)
	if err != nil {
		return Review{}, &Fault{Problem: err.Error()}
	}
	var review Review
	if err := json.Unmarshal(whole, &review); err != nil {
		return Review{}, &Fault{Problem: err.Error()}
	}
	return review, nil
}

// clipped shows what was written, cut to what a message can hold.
func clipped(raw []byte) string { return clippedText(string(raw)) }

func clippedText(s string) string {
	const most = 60
	if len(s) <= most {
		return strings.ToValidUTF8(s, "�")
	}
	return strings.ToValidUTF8(s[:most], "") + "…"
}
