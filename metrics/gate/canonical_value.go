package gate

import (
	"encoding"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
	"unicode/utf8"
)

// writer appends a value of one type as canonical JSON. It writes the bytes that encoding/json would, brought into canonical form, without
// the way through its text: every decision writes its input twice.
type writer func(out []byte, v reflect.Value) ([]byte, error)

// writers are found once for each type. A type that has a way of its own into JSON goes that way.
var writers sync.Map // of reflect.Type to writer

func writerOf(t reflect.Type) writer {
	if known, found := writers.Load(t); found {
		return known.(writer) //nolint:forcetypeassert // nothing else is stored
	}
	w := newWriter(t)
	writers.Store(t, w)
	return w
}

// later finds the writer when it is needed: a type may hold itself.
func later(t reflect.Type) writer {
	return func(out []byte, v reflect.Value) ([]byte, error) { return writerOf(t)(out, v) }
}

var (
	timeType   = reflect.TypeFor[time.Time]()
	jsonWriter = reflect.TypeFor[json.Marshaler]()
	textWriter = reflect.TypeFor[encoding.TextMarshaler]()
	zeroTeller = reflect.TypeFor[interface{ IsZero() bool }]()
)

func newWriter(t reflect.Type) writer {
	switch {
	case t == timeType:
		return writeTime
	case t.Implements(textWriter) && t.Kind() != reflect.Pointer && !t.Implements(jsonWriter):
		return writeText
	case t.Implements(jsonWriter) || reflect.PointerTo(t).Implements(jsonWriter) || reflect.PointerTo(t).Implements(textWriter):
		return writeByText
	}
	switch t.Kind() {
	case reflect.String:
		return func(out []byte, v reflect.Value) ([]byte, error) { return appendValid(out, v.String()), nil }
	case reflect.Bool:
		return func(out []byte, v reflect.Value) ([]byte, error) { return strconv.AppendBool(out, v.Bool()), nil }
	case reflect.Int, reflect.Int8, reflect.Int16, reflect.Int32, reflect.Int64:
		return writeInt
	case reflect.Pointer:
		return writePointer(later(t.Elem()))
	case reflect.Slice:
		return writeSlice(t)
	case reflect.Map:
		return writeMap(t)
	case reflect.Struct:
		return writeStruct(t)
	default:
		return writeByText
	}
}

// writeByText goes by the text that encoding/json writes.
func writeByText(out []byte, v reflect.Value) ([]byte, error) {
	raw, err := json.Marshal(v.Interface())
	if err != nil {
		return out, fmt.Errorf("write as JSON: %w", err)
	}
	text, err := canonicalJSON(raw)
	return append(out, text...), err
}

func writeTime(out []byte, v reflect.Value) ([]byte, error) {
	var at time.Time
	if v.CanAddr() { // without a copy of its own on the heap
		at = *v.Addr().Interface().(*time.Time) //nolint:forcetypeassert // it is one
	} else {
		at, _ = v.Interface().(time.Time)
	}
	out, err := at.AppendText(append(out, '"'))
	if err != nil {
		return out, fmt.Errorf("write as JSON: %w", err)
	}
	return append(out, '"'), nil
}

func writeText(out []byte, v reflect.Value) ([]byte, error) {
	m, _ := v.Interface().(encoding.TextMarshaler)
	text, err := m.MarshalText()
	if err != nil {
		return out, fmt.Errorf("write as JSON: %w", err)
	}
	return appendValid(out, string(text)), nil
}

func writeInt(out []byte, v reflect.Value) ([]byte, error) {
	n := v.Int()
	if n > largestInteger || n < -largestInteger {
		return out, fmt.Errorf("%d is no whole number up to %d; write parts per million or seconds", n, int64(largestInteger))
	}
	return strconv.AppendInt(out, n, 10), nil
}

func writePointer(to writer) writer {
	return func(out []byte, v reflect.Value) ([]byte, error) {
		if v.IsNil() {
			return append(out, "null"...), nil
		}
		return to(out, v.Elem())
	}
}

func writeSlice(t reflect.Type) writer {
	if t.Elem().Kind() == reflect.Uint8 {
		if t.Elem() != reflect.TypeFor[byte]() {
			return writeByText
		}
		return func(out []byte, v reflect.Value) ([]byte, error) {
			if v.IsNil() {
				return append(out, "null"...), nil
			}
			return append(base64.StdEncoding.AppendEncode(append(out, '"'), v.Bytes()), '"'), nil
		}
	}
	each := later(t.Elem())
	return func(out []byte, v reflect.Value) (_ []byte, err error) {
		if v.IsNil() {
			return append(out, "null"...), nil
		}
		out = append(out, '[')
		for i := range v.Len() {
			if i > 0 {
				out = append(out, ',')
			}
			if out, err = each(out, v.Index(i)); err != nil {
				return out, err
			}
		}
		return append(out, ']'), nil
	}
}

func writeMap(t reflect.Type) writer {
	if t.Key().Kind() != reflect.String || t.Key().Implements(textWriter) {
		return writeByText
	}
	each := later(t.Elem())
	return func(out []byte, v reflect.Value) (_ []byte, err error) {
		if v.IsNil() {
			return append(out, "null"...), nil
		}
		keys := v.MapKeys()
		slices.SortFunc(keys, func(a, b reflect.Value) int { return compareUTF16(valid(a.String()), valid(b.String())) })
		out = append(out, '{')
		for i, key := range keys {
			name := valid(key.String())
			if i > 0 {
				if valid(keys[i-1].String()) == name {
					return out, fmt.Errorf("%s: the key stands twice; keep one", name)
				}
				out = append(out, ',')
			}
			if out, err = each(append(appendString(out, name), ':'), v.MapIndex(key)); err != nil {
				return out, fmt.Errorf("%s: %w", name, err)
			}
		}
		return append(out, '}'), nil
	}
}

// fieldWriter writes one field of a struct.
type fieldWriter struct {
	name    string
	key     []byte // with its quotes and colon
	at      []int
	write   writer
	omitted func(reflect.Value) bool
}

func writeStruct(t reflect.Type) writer {
	fields, plain := fieldsOf(t, nil)
	slices.SortFunc(fields, func(a, b fieldWriter) int { return compareUTF16(a.name, b.name) })
	for i := range fields[min(1, len(fields)):] {
		plain = plain && fields[i].name != fields[i+1].name // which of the two counts is for encoding/json to say
	}
	if !plain {
		return writeByText
	}
	return func(out []byte, v reflect.Value) (_ []byte, err error) {
		out = append(out, '{')
		empty := len(out)
		for i := range fields {
			f := &fields[i]
			value := v.FieldByIndex(f.at)
			if f.omitted != nil && f.omitted(value) {
				continue
			}
			if len(out) > empty {
				out = append(out, ',')
			}
			if out, err = f.write(append(out, f.key...), value); err != nil {
				return out, fmt.Errorf("%s: %w", f.name, err)
			}
		}
		return append(out, '}'), nil
	}
}

// fieldsOf are the fields of a struct with those of the structs it embeds; plain tells that there is nothing unusual about them.
func fieldsOf(t reflect.Type, at []int) (fields []fieldWriter, plain bool) {
	for i := range t.NumField() {
		f := t.Field(i)
		tag, _ := f.Tag.Lookup("json")
		name, options, _ := strings.Cut(tag, ",")
		index := append(slices.Clone(at), i)
		switch {
		case tag == "-":
			continue
		case f.Anonymous && name == "" && f.Type.Kind() == reflect.Struct:
			inner, ok := fieldsOf(f.Type, index)
			if !ok {
				return nil, false
			}
			fields = append(fields, inner...)
			continue
		case f.Anonymous:
			return nil, false
		case !f.IsExported():
			continue
		}
		if name == "" {
			name = f.Name
		}
		omitted, ok := omission(f.Type, options)
		if !ok {
			return nil, false
		}
		fields = append(fields, fieldWriter{name, append(appendString(nil, name), ':'), index, later(f.Type), omitted})
	}
	return fields, true
}

// omission is when a field is left out, nil for never; false for options that are not known here.
func omission(t reflect.Type, options string) (omitted func(reflect.Value) bool, known bool) {
	switch options {
	case "":
		return nil, true
	case "omitempty":
		switch t.Kind() {
		case reflect.Map, reflect.Slice, reflect.String:
			return func(v reflect.Value) bool { return v.Len() == 0 }, true
		case reflect.Struct, reflect.Array:
			return nil, t.Kind() == reflect.Struct // a struct is never empty
		default:
			return reflect.Value.IsZero, true
		}
	case "omitzero":
		if t.Implements(zeroTeller) {
			return func(v reflect.Value) bool {
				teller, _ := v.Interface().(interface{ IsZero() bool })
				return teller.IsZero()
			}, t.Kind() != reflect.Pointer
		}
		return reflect.Value.IsZero, !reflect.PointerTo(t).Implements(zeroTeller)
	default:
		return nil, false
	}
}

// valid is text with each byte that is no UTF-8 replaced, as encoding/json does.
func valid(s string) string {
	if utf8.ValidString(s) {
		return s
	}
	return string([]rune(s))
}

func appendValid(out []byte, s string) []byte { return appendString(out, valid(s)) }
