package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"regexp"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// largestFile is far above any configuration; a larger file is a mistake.
const largestFile = 4 << 20

// read parses one YAML document and checks it against its fields. With a fault the node is not to be used.
func (r *report) read(text []byte, fields []field, env func(string) string) node {
	document, ok := r.parse(text)
	if !ok {
		return node{}
	}
	if len(document.Content) == 0 || document.Content[0].ShortTag() == "!!null" {
		return node{&yaml.Node{Kind: yaml.MappingNode}}
	}
	root := document.Content[0]
	if !r.plain(root) {
		return node{}
	}
	if env != nil {
		r.expand(root, env)
	}
	r.object(root, "", fields)
	r.tellUnset(root)
	return node{root}
}

var yamlLine = regexp.MustCompile(`^yaml: (?:line (\d+): )?`)

func (r *report) parse(text []byte) (*yaml.Node, bool) {
	if len(text) > largestFile {
		r.line(0, "", fmt.Sprintf("is larger than %d MB", largestFile>>20), "name the right file")
		return nil, false
	}
	decoder := yaml.NewDecoder(bytes.NewReader(text))
	var document yaml.Node
	if err := decoder.Decode(&document); errors.Is(err, io.EOF) {
		return &document, true
	} else if err != nil {
		line := 0
		if m := yamlLine.FindStringSubmatch(err.Error()); m != nil {
			line, _ = strconv.Atoi(m[1])
		}
		r.line(line, "", "is not YAML: "+yamlLine.ReplaceAllString(err.Error(), ""), "check indentation, colons and quotes near this line")
		return nil, false
	}
	var second yaml.Node
	if err := decoder.Decode(&second); !errors.Is(err, io.EOF) {
		r.line(second.Line, "", "there is a second document", "keep one document in the file")
		return nil, false
	}
	return &document, true
}

// plain refuses what makes a file say more than can be read in it: anchors, aliases and tags.
func (r *report) plain(n *yaml.Node) bool {
	if n.Kind == yaml.AliasNode || n.Anchor != "" || n.Style&yaml.TaggedStyle != 0 {
		r.line(n.Line, "", "has an anchor, alias or tag", "write the plain value where it is used")
		return false
	}
	ok := true
	for _, child := range n.Content {
		ok = r.plain(child) && ok
	}
	return ok
}

var variable = regexp.MustCompile(`\$?\$\{([^}]*)\}`)

// expand replaces ${NAME} in values by the environment; $${NAME} stays ${NAME}. Mapping keys are not touched.
func (r *report) expand(n *yaml.Node, env func(string) string) {
	if n.Kind == yaml.ScalarNode {
		r.expandScalar(n, env)
		return
	}
	for i, child := range n.Content {
		if n.Kind != yaml.MappingNode || i%2 == 1 {
			r.expand(child, env)
		}
	}
}

func (r *report) expandScalar(n *yaml.Node, env func(string) string) {
	if !strings.Contains(n.Value, "${") {
		return
	}
	r.raw[n] = n.Value
	n.Value = variable.ReplaceAllStringFunc(n.Value, func(found string) string {
		if strings.HasPrefix(found, "$$") {
			return found[1:]
		}
		name := found[2 : len(found)-1]
		r.outside[n] = true
		value := env(name)
		if value == "" {
			r.unset[n] = append(r.unset[n], Fault{
				File: r.file, Line: n.Line, Problem: "the environment variable " + quote(name) + " is not set", Remedy: "set it, or write $${…} if no variable is meant",
			})
		}
		return value
	})
	if r.outside[n] && n.Style == 0 {
		n.Tag = ""
		n.Tag = n.ShortTag()
	}
}

// tellUnset reports the variables that are missing, in the order of the file.
func (r *report) tellUnset(n *yaml.Node) {
	r.faults = append(r.faults, r.unset[n]...)
	for _, child := range n.Content {
		r.tellUnset(child)
	}
}

func (r *report) object(n *yaml.Node, path string, fields []field) {
	if n.Kind != yaml.MappingNode {
		r.line(n.Line, path, "is "+describe(n), "write keys and values here, one a line")
		return
	}
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key := n.Content[i]
		at := join(path, key.Value)
		switch f, known := lookUp(fields, key.Value); {
		case key.Kind != yaml.ScalarNode || !known:
			r.line(key.Line, at, "there is no such key", suggest(key.Value, fields))
		case seen[key.Value]:
			r.line(key.Line, at, "is given twice", "keep one of them")
		default:
			r.lines[at] = key.Line
			r.field(n.Content[i+1], at, f)
		}
		seen[key.Value] = true
	}
	for _, f := range fields {
		if f.required && !seen[f.key] {
			r.line(n.Line, join(path, f.key), "is missing", "add "+f.key+": "+f.says())
		}
	}
}

func (r *report) field(n *yaml.Node, path string, f field) {
	if r.secretless && r.outside[n] && r.leftUnread(n, path, f) || len(r.unset[n]) > 0 {
		return
	}
	if n.ShortTag() == "!!null" {
		r.line(n.Line, path, "is empty", "give it a value, or leave the key out")
		return
	}
	switch {
	case f.scalar != nil:
		r.scalar(n, path, f.scalar)
	case f.item != nil:
		r.list(n, path, *f.item)
	case f.free != nil:
		r.free(n, path, f.free)
	default:
		r.object(n, path, f.fields)
	}
}

func (r *report) list(n *yaml.Node, path string, item field) {
	if n.Kind != yaml.SequenceNode {
		r.line(n.Line, path, "is "+describe(n), "write a list: one item a line, each after a dash")
		return
	}
	for i, child := range n.Content {
		at := path + "[" + strconv.Itoa(i) + "]"
		r.lines[at] = child.Line
		r.field(child, at, item)
	}
}

func (r *report) scalar(n *yaml.Node, path string, s *scalar) {
	switch {
	case n.Kind != yaml.ScalarNode:
		r.line(n.Line, path, "is "+describe(n), "write "+s.says)
	case s.secret && !r.outside[n]:
		r.line(n.Line, path, "is a secret written into the file", "write ${NAME} and set it in the environment, or use the key with _file and name a file that holds it")
	case s.json == "integer" && n.ShortTag() != "!!int", s.json == "boolean" && n.ShortTag() != "!!bool", !s.ok(n.Value):
		r.line(n.Line, path, quote(shorten(n.Value))+" does not fit", "write "+s.says)
	}
}

// free checks an object with keys of any name, each with a value or a list of values.
func (r *report) free(n *yaml.Node, path string, s *scalar) {
	if n.Kind != yaml.MappingNode {
		r.line(n.Line, path, "is "+describe(n), "write keys and values here, one a line")
		return
	}
	seen := map[string]bool{}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, at := n.Content[i], join(path, n.Content[i].Value)
		if key.Kind != yaml.ScalarNode || seen[key.Value] {
			r.line(key.Line, at, "is no key, or given twice", "keep one plain key")
			continue
		}
		seen[key.Value] = true
		r.lines[at] = key.Line
		if child := n.Content[i+1]; child.Kind == yaml.SequenceNode {
			r.list(child, at, field{scalar: s})
		} else {
			r.field(child, at, field{scalar: s})
		}
	}
}

func lookUp(fields []field, key string) (field, bool) {
	for _, f := range fields {
		if f.key == key {
			return f, true
		}
	}
	return field{}, false
}

// suggest names the keys that could have been meant.
func suggest(key string, fields []field) string {
	keys := make([]string, len(fields))
	for i, f := range fields {
		if keys[i] = f.key; near(f.key, key) {
			return "did you mean " + f.key + "?"
		}
	}
	return "use one of " + strings.Join(keys, ", ")
}

// near tells whether two keys differ only in case, "-" for "_", a plural s, or one letter more or less at the end.
func near(a, b string) bool {
	plain := func(s string) string {
		return strings.TrimSuffix(strings.ToLower(strings.NewReplacer("-", "", "_", "", " ", "").Replace(s)), "s")
	}
	a, b = plain(a), plain(b)
	return a == b || len(a) > 3 && len(b) > 3 && (strings.HasPrefix(a, b) || strings.HasPrefix(b, a))
}

// says is what a value of the field looks like.
func (f field) says() string {
	switch {
	case f.scalar != nil:
		return f.scalar.says
	case f.item != nil:
		return "a list"
	}
	return "keys and values"
}

func describe(n *yaml.Node) string {
	if n.Kind == yaml.MappingNode {
		return "a group of keys"
	}
	if n.Kind == yaml.SequenceNode {
		return "a list"
	}
	return "the single value " + quote(shorten(n.Value))
}

func shorten(s string) string {
	if len(s) <= 60 {
		return s
	}
	return strings.ToValidUTF8(s[:60], "") + "…"
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

func quote(s string) string { return strconv.Quote(s) }
