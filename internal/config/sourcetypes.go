package config

import (
	"cmp"
	"fmt"
	"strconv"
	"strings"
)

// writeReference writes a section with the settings of the type.
func (t sourceType) writeReference(b *strings.Builder, list string) {
	fmt.Fprintf(b, "#### `%s` of type `%s`\n\n| setting | value | |\n|---|---|---|\n", list, t.name)
	for _, s := range t.settings {
		doc := s.doc
		if s.needed {
			doc = "**Required.** " + doc
		}
		fmt.Fprintf(b, "| `%s` | %s | %s |\n", s.key, s.says(), doc)
	}
	b.WriteString("\n")
}

// says is what stands as the value of a setting, in words.
func (s sourceSetting) says() string {
	says := s.scalar.says
	if s.pairs {
		says = "NAME=VALUE"
	}
	if s.many {
		says = "one or a list; each " + says
	}
	if secretKey(s.key) {
		says = "a secret: `${NAME}`, or `" + s.key + "_file`"
	}
	return says
}

// schema says which settings a source of the type takes.
func (t sourceType) schema() *schema {
	settings := &schema{Type: "object", Properties: map[string]*schema{}, Additional: false}
	then := &schema{Properties: map[string]*schema{"settings": settings}}
	for _, s := range t.settings {
		settings.Properties[s.key] = s.schema()
		if secretKey(s.key) {
			settings.Properties[s.key+"_file"] = &schema{Type: "string", MinLength: 1, Description: "File that holds nothing but " + s.key + "."}
		}
		if !s.needed {
			continue
		}
		then.Required = []string{"settings"}
		if !secretKey(s.key) {
			settings.Required = append(settings.Required, s.key)
			continue
		}
		settings.AllOf = append(settings.AllOf, &schema{AnyOf: []*schema{{Required: []string{s.key}}, {Required: []string{s.key + "_file"}}}})
	}
	return &schema{If: &schema{Properties: map[string]*schema{"type": {Const: t.name}}}, Then: then}
}

// schema describes the values of one setting.
func (s sourceSetting) schema() *schema {
	one := s.scalar.schema()
	switch {
	case secretKey(s.key):
		one = &schema{Type: "string", Pattern: `\$\{[^}]+\}`}
	case s.pairs:
		one = &schema{Type: "string", Pattern: "^[^=]+=.+$"}
	case s.scalar == aText: // a number or true is a text as well
		one = aSetting.schema()
	}
	if s.many {
		one = &schema{AnyOf: []*schema{one, {Type: "array", Items: one}}}
	}
	one.Description = s.doc
	return one
}

// writeExample writes a source of the type behind comment marks. A setting of whose value nothing is known is left out.
func (t sourceType) writeExample(b *strings.Builder, indent string) {
	fmt.Fprintf(b, "%s# - name: my-%s\n%s#   type: %s\n", indent, t.name, indent, t.name)
	begun := false
	for _, s := range t.settings {
		value := s.example(t.name)
		if value == "" || s.key == "previous_webhook_secret" {
			continue
		}
		if !begun {
			fmt.Fprintf(b, "%s#   settings:\n", indent)
			begun = true
		}
		mark := ""
		if s.needed {
			mark = "Required. "
		}
		fmt.Fprintf(b, "%s#     %s: %s # %s%s\n", indent, s.key, value, mark, s.doc)
	}
}

// example is a value that the setting takes, "" where none can be made up.
func (s sourceSetting) example(kind string) string {
	if secretKey(s.key) {
		return "${" + strings.ToUpper(kind+"_"+s.key) + "}"
	}
	value := cmp.Or(s.eg, s.guess(kind))
	switch {
	case s.pairs && s.eg == "":
		value = "name=value"
	case value == "" || s.eg == "" && !s.scalar.ok(value):
		return ""
	}
	if s.many && !strings.HasPrefix(value, "[") {
		return "[" + value + "]"
	}
	return value
}

// guess makes up a value by the key and the kind of value.
func (s sourceSetting) guess(kind string) string {
	switch {
	case s.key == "url":
		return "https://" + kind + ".example.org"
	case s.key == "proxy":
		return "http://proxy.example.org:3128"
	case s.key == "ca_file":
		return "/etc/ssl/example.pem"
	case s.scalar.json == "integer":
		return strconv.Itoa(s.scalar.min)
	case s.scalar.json == "boolean":
		return "true"
	case len(s.scalar.enum) > 0:
		return s.scalar.enum[0]
	case s.scalar == aSpan:
		return "5m"
	case s.scalar == aDate:
		return "2026-01-01"
	}
	return strings.ReplaceAll(s.key, "_", "-")
}
