package config

import (
	"encoding/json"
	"fmt"
)

// Schema is the JSON Schema (draft 2020-12) of the configuration file, for editors. The program itself checks more: names that
// refer to each other, time zones, dates.
func Schema() []byte { return schemaOf("shiphabit configuration", mainFields()) }

// QuestionsSchema is the JSON Schema of a file of questions.
func QuestionsSchema() []byte { return schemaOf("shiphabit questions", questionFields()) }

// schema is the part of JSON Schema that is needed; its fields stand in the order they are written.
type schema struct {
	Schema      string             `json:"$schema,omitempty"`
	Title       string             `json:"title,omitempty"`
	Description string             `json:"description,omitempty"`
	Type        string             `json:"type,omitempty"`
	Const       string             `json:"const,omitempty"`
	Enum        []string           `json:"enum,omitempty"`
	Pattern     string             `json:"pattern,omitempty"`
	Minimum     *int               `json:"minimum,omitempty"`
	Maximum     *int               `json:"maximum,omitempty"`
	MinLength   int                `json:"minLength,omitempty"`
	AnyOf       []*schema          `json:"anyOf,omitempty"`
	AllOf       []*schema          `json:"allOf,omitempty"`
	If          *schema            `json:"if,omitempty"`
	Then        *schema            `json:"then,omitempty"`
	Items       *schema            `json:"items,omitempty"`
	Required    []string           `json:"required,omitempty"`
	Properties  map[string]*schema `json:"properties,omitempty"`
	Additional  any                `json:"additionalProperties,omitempty"` // false, or a *schema
}

func schemaOf(title string, fields []field) []byte {
	s := objectSchema(fields)
	s.Schema, s.Title = "https://json-schema.org/draft/2020-12/schema", title
	text, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		panic(fmt.Sprintf("schema: %v", err)) // strings, numbers and maps of them
	}
	return append(text, '\n')
}

func objectSchema(fields []field) *schema {
	s := &schema{Type: "object", Properties: map[string]*schema{}, Additional: false}
	for _, f := range fields {
		s.Properties[f.key] = f.schema()
		if f.required {
			s.Required = append(s.Required, f.key)
		}
	}
	return s
}

func (f field) schema() *schema {
	var s *schema
	switch {
	case f.scalar != nil:
		s = f.scalar.schema()
	case f.item != nil:
		s = &schema{Type: "array", Items: f.item.schema()}
		for _, t := range f.item.types {
			s.Items.Properties["type"].Enum = append(s.Items.Properties["type"].Enum, t.name)
			s.Items.AllOf = append(s.Items.AllOf, t.schema())
		}
	case f.free != nil:
		one := f.free.schema()
		s = &schema{Type: "object", Additional: &schema{AnyOf: []*schema{one, {Type: "array", Items: one}}}}
	default:
		s = objectSchema(f.fields)
	}
	s.Description = f.doc
	return s
}

// schema describes a kind of value. A reference to the environment may stand for any of them.
func (s *scalar) schema() *schema {
	plain := &schema{Type: s.json, Enum: s.enum, Pattern: s.pattern}
	switch {
	case s == aSetting:
		return &schema{AnyOf: []*schema{{Type: "string"}, {Type: "number"}, {Type: "boolean"}}}
	case s.json == "number":
		plain.Pattern = ""
	case s.json == "integer":
		plain.Minimum, plain.Maximum = &s.min, &s.max
	case s.json == "string" && s.enum == nil && s.pattern == "":
		plain.MinLength = 1
		return plain
	}
	return &schema{AnyOf: []*schema{plain, {Type: "string", Pattern: `\$\{[^}]+\}`}}}
}
