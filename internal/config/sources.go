package config

import (
	"slices"
	"strings"
)

// Source is a declared source of records. Its settings are those of its kind; secrets stand apart, so that nothing that shows
// settings can show them.
type Source struct {
	Name     string
	Type     string
	Settings map[string][]string
	Secrets  map[string]Secret
}

// Text is a setting of one value, "" when it is not given.
func (s Source) Text(key string) string {
	if values := s.Settings[key]; len(values) > 0 {
		return values[0]
	}
	return ""
}

// Pairs is a setting whose values have the form NAME=VALUE.
func (s Source) Pairs(key string) map[string]string {
	pairs := map[string]string{}
	for _, pair := range s.Settings[key] {
		name, value, _ := strings.Cut(pair, "=")
		pairs[name] = value
	}
	return pairs
}

// sourceType is what a kind of source can be told: settings of one value, settings of several, those of several that are
// pairs NAME=VALUE, and those it cannot do without.
type sourceType struct {
	name                     string
	one, many, pairs, needed []string
}

// sourceTypes are the kinds of source that this program can read.
var sourceTypes = []sourceType{
	{name: "git", one: []string{"path", "tags", "branch"}, many: []string{"services", "bots"}, pairs: []string{"services"}, needed: []string{"path"}},
	{name: "file", one: []string{"path"}, needed: []string{"path"}},
}

func sourceTypeNames() string {
	names := make([]string, len(sourceTypes))
	for i, t := range sourceTypes {
		names[i] = "`" + t.name + "`"
	}
	return strings.Join(names, ", ")
}

// sources reads and checks the declared sources.
func (l *loader) sources(n node) []Source {
	var sources []Source
	names := map[string]bool{}
	for i, item := range n.items() {
		path := index("sources", i)
		l.unique(names, path, item)
		s := Source{Name: item.at("name").text(), Type: item.at("type").text(), Settings: map[string][]string{}, Secrets: map[string]Secret{}}
		at := slices.IndexFunc(sourceTypes, func(t sourceType) bool { return t.name == s.Type })
		if at < 0 {
			l.at(path+".type", quote(s.Type)+" is no kind of source", "use one of "+strings.ReplaceAll(sourceTypeNames(), "`", ""))
			continue
		}
		l.settings(path+".settings", item.at("settings"), sourceTypes[at], s)
		sources = append(sources, s)
	}
	return sources
}

func (l *loader) settings(path string, n node, t sourceType, s Source) {
	for _, key := range n.keys() {
		at, v := join(path, key), n.at(key)
		values := []string{v.text()}
		if listed := v.texts(); listed != nil {
			values = listed
		}
		switch name := strings.TrimSuffix(key, "_file"); {
		case !slices.Contains(t.one, name) && !slices.Contains(t.many, name):
			l.at(at, "a source of type "+t.name+" has no such setting", "use one of "+strings.Join(slices.Concat(t.one, t.many), ", "))
		case len(values) > 1 && !slices.Contains(t.many, name):
			l.at(at, "takes one value", "write one")
		case secretKey(name):
			l.secret(at, name, key != name, v, s.Secrets)
		default:
			s.Settings[key] = values
			if slices.Contains(t.pairs, key) && slices.ContainsFunc(values, noPair) {
				l.at(at, "has a value without a name", "write each as NAME=VALUE, like api=services/api")
			}
		}
	}
	for _, key := range t.needed {
		if !n.has(key) && !n.has(key+"_file") {
			l.at(path, key+" is missing", "add it: a source of type "+t.name+" cannot do without")
		}
	}
}

// secret takes a secret from the environment, or from a file that holds nothing else.
func (l *loader) secret(at, name string, inFile bool, v node, into map[string]Secret) {
	switch {
	case inFile:
		text, err := l.readFile(v.text())
		if err != nil {
			l.at(at, "cannot be read: "+err.Error(), "name a file that the program may read")
			return
		}
		into[name] = Secret(strings.TrimSpace(string(text)))
	case v.Node == nil || !l.outside[v.Node]:
		l.at(at, "is a secret written into the file", "write ${NAME} and set it in the environment, or use "+name+"_file and name a file that holds it")
	default:
		into[name] = Secret(v.text())
	}
}

func noPair(s string) bool {
	name, value, found := strings.Cut(s, "=")
	return !found || name == "" || value == ""
}

func secretKey(key string) bool {
	return strings.HasSuffix(key, "token") || strings.HasSuffix(key, "secret") || strings.HasSuffix(key, "password")
}
