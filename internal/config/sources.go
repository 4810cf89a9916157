package config

import (
	"slices"
	"strings"
	"time"
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

// Span is a setting that holds a span, zero when it is not given.
func (s Source) Span(key string) time.Duration {
	if text := s.Text(key); text != "" {
		return parseSpan(text)
	}
	return 0
}

// Date is a setting that holds a day, as its beginning in UTC, zero when it is not given.
func (s Source) Date(key string) time.Time {
	at, _ := time.Parse(time.DateOnly, s.Text(key)) // it was checked when it was read
	return at
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

// sourceType is a kind of source with what it can be told.
type sourceType struct {
	name     string
	settings []sourceSetting
}

// sourceSetting is one thing that a kind of source can be told.
type sourceSetting struct {
	key    string
	scalar *scalar
	needed bool
	unless string // the setting in whose place it is needed
	many   bool   // takes a list
	pairs  bool   // its values have the form NAME=VALUE
	doc    string
	eg     string // a value for the example file, where its kind of value suggests none
}

// sourceTypes are the kinds of source that this program can read.
var sourceTypes = []sourceType{
	{"git", []sourceSetting{
		{key: "path", scalar: aText, needed: true, unless: "url", doc: "The clone: a folder, with or without files checked out.", eg: "/srv/clones/shop.git"},
		{key: "url", scalar: aText, doc: "In place of `path`: the repository's address (https, ssh, file). A clone of it is kept in the data directory and brought up to date before each reading.", eg: "https://git.example.com/acme/shop.git"},
		{key: "user", scalar: aText, doc: "User beside the token; most hosts take any.", eg: "git"},
		{key: "token", scalar: aText, doc: "Secret by which the host of `url` lets us in."},
		{key: "ca_file", scalar: aText, doc: "File of certificates (PEM) to trust in place of the system's.", eg: "/etc/ssl/acme.pem"},
		{key: "proxy", scalar: aText, doc: "Address of a proxy for `url`.", eg: "http://proxy.example.com:3128"},
		{key: "tags", scalar: aText, doc: "Release tags, by a pattern such as `v*`.", eg: `"v*"`},
		{key: "branch", scalar: aText, doc: "The branch that is released.", eg: "main"},
		{key: "services", scalar: aText, many: true, pairs: true, doc: "Services of a monorepo, each as NAME=PATH.", eg: "[api=services/api]"},
		{key: "bots", scalar: aText, many: true, doc: "Names of programs among the authors.", eg: "[renovate]"},
		{key: "every", scalar: aSpan, doc: "How often the clone is read; 5m."},
	}},
	{"file", []sourceSetting{
		{key: "path", scalar: aText, needed: true, doc: "A file of JSON Lines or CSV.", eg: "/srv/exports/incidents.jsonl"},
		{key: "every", scalar: aSpan, doc: "How often the file is read; 5m."},
	}},
	{"github", slices.Concat(ofHosts(githubSettings()...), ofHooks())},
	{"gitlab", slices.Concat(ofHosts(gitlabSettings()...), ofHooks())},
	{"gitea", giteaSettings()},
	{"jenkins", jenkinsSettings()},
	{"argocd", argocdSettings()},
	{"pagerduty", pagerdutySettings()},
	{"jira", jiraSettings()},
	{"alertmanager", alertmanagerSettings()},
	{"prometheus", prometheusSettings()},
	{"webhook", ofPushes()},
	{"cdevents", ofPushes(
		sourceSetting{key: "artifacts", scalar: aText, many: true, pairs: true, doc: "Services of artifacts, each as ARTIFACT=SERVICE, with the artifact's name as in its package URL; others belong to the service of their name.", eg: "[shop-image=shop]"},
	)},
	{"pelorus", ofPushes()},
}

// ofHosts are the settings of every source that asks a host over HTTP, before its own.
func ofHosts(own ...sourceSetting) []sourceSetting {
	return append([]sourceSetting{
		{key: "url", scalar: aText, doc: "Address of the host.", eg: "https://host.example.com"},
		{key: "token", scalar: aText, doc: "Secret by which the host lets us in."},
		{key: "ca_file", scalar: aText, doc: "File of certificates (PEM) to trust beside the system's.", eg: "/etc/ssl/acme.pem"},
		{key: "proxy", scalar: aText, doc: "Address of a proxy, in place of the environment's.", eg: "http://proxy.example.com:3128"},
		{key: "timeout", scalar: aSpan, doc: "How long one request may take; 1m."},
		{key: "every", scalar: aSpan, doc: "How often the source is read; 5m."},
		{key: "since", scalar: aDate, doc: "Day at which the first reading begins; without it everything is read."},
	}, own...)
}

// ofHooks are the settings of every source to which its host pushes.
func ofHooks() []sourceSetting {
	return []sourceSetting{
		{key: "webhook_secret", scalar: aText, doc: "Secret of the webhook: deliveries to `/hooks/NAME` carry its signature."},
		{key: "previous_webhook_secret", scalar: aText, doc: "The secret before it, still valid while one replaces the other."},
	}
}

// ofPushes are the settings of a source that is pushed and never read, before its own: without the secret nothing could arrive.
func ofPushes(own ...sourceSetting) []sourceSetting {
	settings := ofHooks()
	settings[0].needed = true
	return append(settings, own...)
}

// Takes reports whether a kind of source can be told something by that key.
func Takes(kind, key string) bool {
	return slices.ContainsFunc(sourceTypes, func(t sourceType) bool {
		_, found := t.setting(key)
		return t.name == kind && found
	})
}

func (t sourceType) setting(key string) (sourceSetting, bool) {
	i := slices.IndexFunc(t.settings, func(s sourceSetting) bool { return s.key == key })
	if i < 0 {
		return sourceSetting{}, false
	}
	return t.settings[i], true
}

func (t sourceType) keys() []string {
	keys := make([]string, len(t.settings))
	for i, s := range t.settings {
		keys[i] = s.key
	}
	return keys
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
		known, found := t.setting(key)
		name, inFile := strings.CutSuffix(key, "_file")
		if inFile && !found && secretKey(name) {
			known, found = t.setting(name)
		}
		switch {
		case !found:
			l.at(at, "a source of type "+t.name+" has no such setting", "use one of "+strings.Join(t.keys(), ", "))
		case len(values) > 1 && !known.many:
			l.at(at, "takes one value", "write one")
		case secretKey(known.key):
			l.secret(at, known.key, key != known.key, v, s.Secrets)
		case known.pairs && slices.ContainsFunc(values, noPair):
			l.at(at, "has a value without a name", "write each as NAME=VALUE, like api=services/api")
		case slices.ContainsFunc(values, func(value string) bool { return !known.scalar.ok(value) }):
			l.at(at, quote(shorten(strings.Join(values, ", ")))+" does not fit", "write "+known.scalar.says)
		default:
			s.Settings[key] = values
		}
	}
	for _, known := range t.settings {
		if known.needed && !n.has(known.key) && !n.has(known.key+"_file") && (known.unless == "" || !n.has(known.unless)) {
			remedy := "add it"
			if known.unless != "" {
				remedy += " or " + known.unless
			}
			l.at(path, known.key+" is missing", remedy+": a source of type "+t.name+" cannot do without")
		}
	}
}

// secret takes a secret from the environment, or from a file that holds nothing else.
func (l *loader) secret(at, name string, inFile bool, v node, into map[string]Secret) {
	switch {
	case inFile && l.secretless:
		into[name] = unread
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
