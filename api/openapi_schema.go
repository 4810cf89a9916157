package api

import (
	"encoding"
	"encoding/json"
	"reflect"
	"strings"
	"time"

	"shiphabit/reports"
)

// schemaSet collects the JSON Schemas of the types that routes exchange, by name.
type schemaSet struct{ all object }

func newSchemaSet() *schemaSet { return &schemaSet{all: object{}} }

// of is the schema of a value's type: a reference for structs with a name, the schema itself for the rest.
func (s *schemaSet) of(value any) object { return s.ofType(reflect.TypeOf(value)) }

var (
	timeType     = reflect.TypeFor[time.Time]()
	rawType      = reflect.TypeFor[json.RawMessage]()
	textual      = reflect.TypeFor[encoding.TextMarshaler]()
	bytesType    = reflect.TypeFor[[]byte]()
	durationType = reflect.TypeFor[time.Duration]()
	digitsType   = reflect.TypeFor[json.Number]()
	// written are the types that write themselves as another one.
	written = map[reflect.Type]reflect.Type{
		reflect.TypeFor[reports.Number]():   reflect.TypeFor[reports.EncodedNumber](),
		reflect.TypeFor[reports.Coverage](): reflect.TypeFor[reports.EncodedNumber](),
	}
)

func (s *schemaSet) ofType(t reflect.Type) object {
	if as, found := written[t]; found {
		t = as
	}
	switch {
	case t == timeType:
		return object{"type": "string", "format": "date-time"}
	case t == rawType:
		return object{}
	case t == bytesType:
		return object{"type": "string", "contentEncoding": "base64"}
	case t == durationType:
		return object{"type": "integer", "description": "nanoseconds"}
	case t == digitsType:
		return object{"type": "number"}
	case t.Kind() != reflect.Pointer && t.Implements(textual):
		return object{"type": "string"}
	}
	switch t.Kind() {
	case reflect.Pointer:
		return nullable(s.ofType(t.Elem()))
	case reflect.Struct:
		return s.ofStruct(t)
	case reflect.Slice, reflect.Array:
		return object{"type": "array", "items": s.ofType(t.Elem())}
	case reflect.Map:
		return object{"type": "object", "additionalProperties": s.ofType(t.Elem())}
	case reflect.String:
		return object{"type": "string"}
	case reflect.Bool:
		return object{"type": "boolean"}
	case reflect.Float32, reflect.Float64:
		return object{"type": "number"}
	case reflect.Interface:
		return object{}
	default:
		return object{"type": "integer"}
	}
}

// nullable is the schema of a pointer: null where nothing is known.
func nullable(inner object) object {
	if name, plain := inner["type"].(string); plain {
		with := object{"type": []string{name, "null"}}
		for key, value := range inner {
			if key != "type" {
				with[key] = value
			}
		}
		return with
	}
	return object{"oneOf": []object{inner, {"type": "null"}}}
}

// ofStruct describes a struct once, under a name that tells its package.
func (s *schemaSet) ofStruct(t reflect.Type) object {
	name := strings.TrimPrefix(t.String(), "api.")
	reference := object{"$ref": "#/components/schemas/" + name}
	if _, described := s.all[name]; described {
		return reference
	}
	properties, required := object{}, []string{}
	s.all[name] = object{} // ends a type that holds itself
	s.fields(t, properties, &required)
	described := object{"type": "object", "properties": properties}
	if len(required) > 0 {
		described["required"] = required
	}
	s.all[name] = described
	return reference
}

// fields adds a struct's fields as encoding/json writes them: those of embedded structs among its own.
func (s *schemaSet) fields(t reflect.Type, properties object, required *[]string) {
	for f := range t.Fields() {
		tag, options, _ := strings.Cut(f.Tag.Get("json"), ",")
		switch {
		case tag == "-" || !f.IsExported() && !f.Anonymous:
			continue
		case f.Anonymous && tag == "" && f.Type.Kind() == reflect.Struct:
			s.fields(f.Type, properties, required)
			continue
		case tag == "":
			tag = f.Name
		}
		properties[tag] = s.ofType(f.Type)
		if !strings.Contains(options, "omit") {
			*required = append(*required, tag)
		}
	}
}
